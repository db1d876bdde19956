"""Write the generated parts of `ODD.md`: state, schedule, rules, draws and evidence.

Run ``python -m docs.build_odd`` after a change to a rule, a state variable or a parameter. All of
it is read from the source: docstrings, named tuples, and which parameters and variables a rule
touches.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from docs.marked import main, parts, table
from sim import streams
from sim.agents.from_week import method_name, methods_of
from sim.engines.summaries import FLAG_COLUMNS
from sim.link import Act, Do, Kind, Variable, chain_order, elements, links
from sim.measures.catalogue import catalogue
from sim.parameters.registry import LINKS, registry
from sim.state import ACTION, KINDS
from sim.week import WEEK

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "ODD.md"


def files_of(package: str) -> list[str]:
    """Return the names of the files of a package of rules."""
    found = (ROOT / "sim" / package).glob("*.py")
    return sorted(path.stem for path in found if path.stem != "__init__")


MECHANISMS = tuple(sorted(files_of("mechanisms"), key=chain_order))
MEASURES = tuple(files_of("measures"))
# What describes instruments, or puts their rows together.
NO_INSTRUMENTS = ("catalogue", "instrument", "purposes", "rows")
WEEK_FILE, MODEL_FILE = "sim/week.py", "sim/engines/mesa_model.py"
AGENT_CLASSES: dict[Kind, tuple[str, str]] = {
    "trust": ("trust", "Trust"),
    "team": ("team", "Team"),
    "staff": ("staff", "Staff"),
    "service_user": ("service_user", "ServiceUser"),
}
# Which kind of record a rule's argument is.
ARGUMENTS = {
    "trust": "trust",
    "team": "team",
    "donor": "team",
    "staff": "staff",
    "worker": "staff",
    "peer": "staff",
    "leader": "staff",
    "user": "service_user",
    "action": "action",
}
SECTION = re.compile(r"^(Parameters|Returns|Raises|Notes)\n-+\n", re.MULTILINE)


@dataclass
class Rule:
    """A rule as its source describes it."""

    name: str
    module: str
    arguments: tuple[str, ...]
    prose: str
    result: str
    sets: tuple[str, ...]
    parameters: tuple[str, ...]
    reads: tuple[str, ...]
    draws: tuple[str, ...]
    calls: tuple[str, ...]
    followed_by: list[str] = field(default_factory=list)
    used_by: list[str] = field(default_factory=list)


def tree_of(path: str) -> ast.Module:
    """Return the syntax tree of a file of the project."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def module_of(package: str, name: str) -> ModuleType:
    """Import one file of `sim.mechanisms` or `sim.measures`."""
    return importlib.import_module(f"sim.{package}.{name}")


def docstring_prose(text: str) -> str:
    """Return what a NumPy-style docstring says beyond its list of parameters, as Markdown."""
    pieces = SECTION.split(inspect.cleandoc(text))
    kept = [pieces[0]]
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        if name == "Notes":
            kept.append(body)
        elif name == "Parameters":
            kept.append(_argument_list(body))
    return "\n\n".join(_escaped(one.strip()) for one in kept if one.strip())


def _argument_list(body: str) -> str:
    """Return described arguments as list items, but for records whose kind says it all."""
    items = []
    for block in re.split(r"\n(?=\S)", body.strip()):
        head, _, rest = block.partition("\n")
        name = head.partition(" : ")[0]
        words = " ".join(rest.split())
        if words and name not in ("p", "key", "week", "user", "key, week"):
            items.append(f"- {name}: {words}")
    return "\n".join(items)


def _escaped(text: str) -> str:
    """Return plain text whose signs do not turn into Markdown or HTML."""
    # Code and emphasis (a pair of stars around words) stay as they are.
    outside = re.split(r"(`+[^`]*`+|\*\w[^*]*[\w.]\*)", text)
    for place in range(0, len(outside), 2):
        outside[place] = re.sub(r"([*_<>])", r"\\\1", outside[place])
    return "".join(outside)


def _touched(node: ast.AST, name: str) -> list[str]:
    """Return the attributes that code reads from a name, in order, each once."""
    found = [
        (one.lineno, one.col_offset, one.attr)
        for one in ast.walk(node)
        if isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and one.value.id == name
    ]
    return list(dict.fromkeys(attribute for _, _, attribute in sorted(found)))


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


@cache
def rules() -> dict[str, Rule]:
    """Return every rule of the mechanisms and measures by ``module.name``."""
    purposes = set(purpose_numbers())
    found: dict[str, Rule] = {}
    for package, names in (("mechanisms", MECHANISMS), ("measures", MEASURES)):
        for file in names:
            module = module_of(package, file)
            tuples = {
                name: one._fields for name, one in vars(module).items() if hasattr(one, "_fields")
            }
            written = ast.parse(getattr(module, "SOURCE", "")).body
            for node in [*tree_of(f"sim/{package}/{file}.py").body, *written]:
                if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                    continue
                result = ast.unparse(node.returns) if node.returns else ""
                arguments = tuple(one.arg for one in node.args.args)
                code = ast.Module(list(node.body[1:]), [])
                used = _names(code)
                found[f"{file}.{node.name}"] = Rule(
                    name=node.name,
                    module=f"sim/{package}/{file}.py",
                    arguments=arguments,
                    prose=docstring_prose(ast.get_docstring(node) or ""),
                    result=result,
                    sets=tuple(tuples.get(result, ())),
                    parameters=tuple(_touched(code, "p")),
                    reads=tuple(
                        f"{ARGUMENTS[one]}.{attribute}"
                        for one in arguments
                        if one in ARGUMENTS
                        for attribute in _touched(code, one)
                    ),
                    draws=tuple(
                        sorted({one for one in used if one in purposes or one.endswith(_ENDS)})
                    ),
                    calls=tuple(sorted(used)),
                )
    numbers = {
        step.rule.__name__: step.sets
        for phase in WEEK
        for step in phase.steps
        if isinstance(step, Do) and step.sets
    }
    for rule in found.values():
        if rule.name in numbers:
            rule.sets = (numbers[rule.name],)
    _add_callers(found)
    return found


_ENDS = ("_DAY", "_PERSON", "_IMPORTANCE")


def _add_callers(found: dict[str, Rule]) -> None:
    """Note which agent methods follow a rule and which other rules use it."""
    functions = {
        f"week.{node.name}": node
        for node in tree_of(WEEK_FILE).body
        if isinstance(node, ast.FunctionDef) and node.args.args[0].arg != "world"
    }
    places = [
        (
            WEEK_FILE,
            {
                f"{AGENT_CLASSES[kind][1]}.{name}": node
                for name, node in agent_methods(kind).items()
            },
        )
        for kind in AGENT_CLASSES
    ]
    for path, nodes in [*places, (WEEK_FILE, functions), (MODEL_FILE, model_methods())]:
        imported = imports_of(path)
        for label, node in nodes.items():
            used = _names(node)
            for rule in found.values():
                if rule.name in used and (rule.module, rule.name) in imported:
                    rule.followed_by.append(label)
    for rule in found.values():
        for other in found.values():
            if rule is not other and rule.name in other.calls:
                rule.used_by.append(other.name)


def imports_of(path: str) -> set[tuple[str, str]]:
    """Return what a file imports by name: the file that it comes from, and the name."""
    return {
        (f"{(one.module or '').replace('.', '/')}.py", alias.name)
        for one in tree_of(path).body
        if isinstance(one, ast.ImportFrom)
        for alias in one.names
    }


def methods(path: str, name: str) -> dict[str, ast.FunctionDef]:
    """Return the methods of a class by name, in the order of the source."""
    for node in tree_of(path).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return {one.name: one for one in node.body if isinstance(one, ast.FunctionDef)}
    raise ValueError(f"{path}: no class {name}")


def model_methods() -> dict[str, ast.FunctionDef]:
    """Return the methods of the Mesa model by their names with the class."""
    found = methods(MODEL_FILE, "RecoveryModel")
    return {f"RecoveryModel.{name}": node for name, node in found.items()}


@cache
def agent_methods(kind: Kind) -> dict[str, ast.FunctionDef]:
    """Return the methods of a kind of agent: those of its class, and those of the week."""
    file, name = AGENT_CLASSES[kind]
    made = [ast.parse(source).body[0] for source in methods_of(kind).values()]
    return {
        **methods(f"sim/agents/{file}.py", name),
        **{one.name: one for one in made if isinstance(one, ast.FunctionDef)},
    }


def agents_code() -> str:
    """Return the code of all agents."""
    return "\n".join(
        ast.unparse(one) for kind in AGENT_CLASSES for one in agent_methods(kind).values()
    )


def purpose_numbers() -> dict[str, int]:
    """Return the purposes of random draws that `sim.streams` names, with their numbers."""
    started = False
    found: dict[str, int] = {}
    for node in tree_of("sim/streams.py").body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            started = started or name == "TRUST_START"
            if started and isinstance(node.value, ast.Constant):
                found[name] = int(getattr(streams, name))
    return found


def state_table(kind: Kind) -> str:
    """Return the state variables of a kind of agent, with what sets and what reads them."""
    scheduled = agents_code() + "".join(
        (ROOT / path).read_text(encoding="utf-8") for path in (WEEK_FILE, MODEL_FILE)
    )
    rows = []
    for variable in KINDS[kind]:
        setters = [
            one.name
            for one in rules().values()
            if variable.name in one.sets and one.name in followed(kind)
        ]
        readers = [one.name for one in rules().values() if f"{kind}.{variable.name}" in one.reads]
        fetched = re.search(rf"(?<!row)\.{variable.name}\b(?! =[^=])", scheduled) is not None
        tabled = kind == "service_user" and variable.name in FLAG_COLUMNS
        rows.append(
            (
                f"`{variable.name}`",
                variable.unit,
                variable.meaning,
                _listed(setters) or "the layout or the schedule",
                _listed(readers)
                or ("the schedule" if fetched else "tables only" if tabled else "nothing"),
            )
        )
    return table(("variable", "unit or range", "meaning", "set by", "read by"), rows)


@cache
def followed(kind: Kind) -> frozenset[str]:
    """Return the names of the rules whose result an agent of a kind takes over."""
    return frozenset(
        one.args[1].id
        for node in agent_methods(kind).values()
        for one in ast.walk(node)
        if isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr == "follow"
        and isinstance(one.args[1], ast.Name)
    )


def _listed(names: list[str], longest: int = 4) -> str:
    shown = [f"`{one}`" for one in names[:longest]]
    more = [f"and {len(names) - longest} more"] if len(names) > longest else []
    return ", ".join([*shown, *more])


def action_table() -> str:
    """Return what a scenario can do in a week, what it takes, and the rules that feel it."""
    agents = agents_code()
    declared = {one.field: one for one in elements()}
    rows = []
    for variable in ACTION:
        readers = [one.name for one in rules().values() if f"action.{variable.name}" in one.reads]
        if re.search(rf"action\.{variable.name}\b", agents):
            readers.append("the schedule")
        felt = _listed(readers, 6).replace("`the schedule`", "the schedule") or "nothing"
        one = declared.get(variable.name)
        said = f"`{one.table}.{one.name}`" if one else "sessions and stepped support"
        takes = "; ".join(use.unit for use in one.uses) if one else ""
        rows.append((f"`{variable.name}`", variable.unit, variable.meaning, said, takes, felt))
    heading = ("field", "unit or range", "meaning", "said in a scenario as", "takes", "felt by")
    return table(heading, rows)


def chain() -> str:
    """Return what acts on each link of the chain, what it sets, and which links read that."""
    found = rules().values()
    states = {variable.name for several in KINDS.values() for variable in several}
    acting = {
        file: [one.label or one.name.replace("_", " ") for one in link.elements]
        for file, link in links().items()
    }
    rows = []
    for file in MECHANISMS:
        own = [one for one in found if one.module == f"sim/mechanisms/{file}.py"]
        sets = list(dict.fromkeys(name for one in own for name in one.sets if name in states))
        readers = {
            one.module.rpartition("/")[2].removesuffix(".py")
            for one in found
            for name in one.reads
            if name.partition(".")[2] in sets
        }
        felt = [one for one in MECHANISMS if one in readers - {file}]
        if sets:
            rows.append(
                (f"`{file}`", ", ".join(acting.get(file, ())), _listed(sets, 6), _listed(felt, 12))
            )
    return table(("link", "a scenario acts on it by", "sets", "which links read"), rows)


def schedule() -> str:
    """Return the phases of a week in their order."""
    rows = []
    for number, phase in enumerate(WEEK, 1):
        label = f"{AGENT_CLASSES[phase.who][1]}.{phase.name}"
        acts = [one.function for one in phase.steps if isinstance(one, Act)]
        parts = [f"{AGENT_CLASSES[phase.who][1]}.{method_name(one)}" for one in acts]
        used = [
            one.name
            for part in dict.fromkeys([label, *parts])
            for one in rules().values()
            if part in one.followed_by
        ]
        rows.append(
            (
                str(number),
                f"`{label}`",
                phase.meaning,
                ", ".join(f"[`{one}`](#{one.replace('`', '')})" for one in dict.fromkeys(used))
                or "none",
            )
        )
    return table(("phase", "method", "what happens", "rules"), rows)


def rule_section(rule: Rule) -> str:
    """Return the subsection of one rule."""
    known = registry()
    lines = [f"#### {rule.name}", "", rule.prose, ""]
    if rule.parameters:
        linked = [
            f"[`{one}`](parameters.md#{known[one].link}) ({known[one].default:.4g}, "
            f"{known[one].grade})"
            for one in rule.parameters
        ]
        grades = [known[one].grade for one in rule.parameters]
        counts = ", ".join(
            f"{grades.count(one)} {one}"
            for one in ("trial", "literature", "assumption")
            if one in grades
        )
        lines.append(f"- Parameters: {', '.join(linked)}. Evidence: {counts}.")
    else:
        lines.append("- Parameters: none of its own.")
    if rule.reads:
        lines.append(f"- Reads: {', '.join(f'`{one}`' for one in rule.reads)}.")
    if rule.sets:
        lines.append(f"- Returns: {', '.join(f'`{one}`' for one in rule.sets)}.")
    if rule.draws:
        lines.append(f"- Draws: {', '.join(f'`{one}`' for one in rule.draws)}.")
    callers = [f"`{one}`" for one in dict.fromkeys([*rule.followed_by, *rule.used_by])]
    lines.append(f"- Used by: {', '.join(callers) or 'the analysis, not by a week'}.")
    return "\n".join(lines) + "\n"


def rule_sections(package: str, file: str) -> str:
    """Return the subsections of all rules of a file."""
    module = module_of(package, file)
    path = f"sim/{package}/{file}.py"
    text = "\n".join(rule_section(one) for one in rules().values() if one.module == path)
    # A heading of NumPy's style would read as one of the page.
    opening = _escaped(inspect.cleandoc(module.__doc__ or "")).replace("Notes\n-----\n", "")
    return f"Source: [`{path}`](../{path}).\n\n{opening}\n\n{text}"


def measure_sections() -> str:
    """Return the subsections of all files of measures."""
    pieces = []
    for file in MEASURES:
        if file in NO_INSTRUMENTS:
            continue
        pieces.append(
            f"### Measures: {file.replace('_', ' ')}\n\n{rule_sections('measures', file)}"
        )
    return "\n".join(pieces)


def catalogue_table() -> str:
    """Return every score: range, rater, what higher means, evidence and what to know."""
    rows = [
        (
            f"`{one.name}`",
            one.title,
            f"{one.minimum:g} to {one.maximum:g}",
            one.rater,
            "yes" if one.blind else "no",
            one.higher_is,
            f"`{one.retest}`" if one.retest else "none",
            one.evidence,
            f"{one.source}. {one.note}",
        )
        for one in catalogue().values()
    ]
    heading = (
        "score", "instrument", "range", "rater", "blind", "higher is", "retest", "evidence", "notes"
    )  # fmt: skip
    return table(heading, rows)


def draws_table() -> str:
    """Return the purposes of random draws, with who uses them."""
    everywhere = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "sim").rglob("*.py"))
        if path.name != "streams.py"
    }
    rows = []
    for name, number in purpose_numbers().items():
        if name == "MEASURE_FIRST":
            continue
        files = [path for path, text in everywhere.items() if re.search(rf"\b{name}\b", text)]
        files = [one for one in files if one != "sim/engines/compiled.py"]
        rows.append((str(number), f"`{name}`", ", ".join(f"`{one}`" for one in files) or "unused"))
    return table(("number", "purpose", "used in"), rows)


def evidence_table() -> str:
    """Return how many parameters of each link rest on which evidence."""
    rows = []
    for link, meaning in LINKS.items():
        grades = [one.grade for one in registry().values() if one.link == link]
        if grades:
            counts = [str(grades.count(one)) for one in ("trial", "literature", "assumption")]
            rows.append((f"[{link}](parameters.md#{link})", meaning, *counts))
    every = [one.grade for one in registry().values()]
    total = [str(every.count(one)) for one in ("trial", "literature", "assumption")]
    rows.append(("all", "", *total))
    return table(("link", "what", "trial", "literature", "assumption"), rows)


def sizes(variables: Mapping[Any, tuple[Variable, ...]] = KINDS) -> str:
    """Return how many state variables each kind of agent has."""
    rows = [(kind.replace("_", " "), str(len(several))) for kind, several in variables.items()]
    return table(("entity", "state variables"), rows)


def other_sections() -> str:
    """Return the subsections of links to which the page gives no section of their own."""
    others = [one for one in MECHANISMS if f"rules.{one}" not in WITH_SECTION]
    pieces = [
        f"### {one.replace('_', ' ')}\n\n{rule_sections('mechanisms', one)}" for one in others
    ]
    return "\n".join(pieces) or "Every link has its section above."


WITH_SECTION = parts(PAGE.read_text(encoding="utf-8"))
WANTED: dict[str, Callable[[], str]] = {
    "entities": sizes,
    **{f"state.{kind}": partial(state_table, kind) for kind in KINDS},
    "actions": action_table,
    "chain": chain,
    "schedule": schedule,
    "draws": draws_table,
    "evidence": evidence_table,
    **{
        f"rules.{file}": partial(rule_sections, "mechanisms", file)
        for file in MECHANISMS
        if f"rules.{file}" in WITH_SECTION
    },
    "other_links": other_sections,
    "catalogue": catalogue_table,
    "measures": measure_sections,
}

if __name__ == "__main__":
    main(PAGE, WANTED)
