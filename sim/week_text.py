"""A phase of `sim.week` as code: what both engines are written from.

`phase_code` turns the steps of a phase into a few statements in the language of acts (restricted
Python with `world`); a `Rewriter` of an engine turns these, and acts, into the engine's own code.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sim import events
from sim import week as declared
from sim.errors import InputError, unknown
from sim.link import Act, Do, Each, Kind, Let, Note, Phase, Rule, Sum, own_variables, start_rules
from sim.week import rules_of

OWN: dict[Kind, str] = {"trust": "trust", "team": "team", "staff": "staff", "service_user": "user"}
"""What a rule calls an agent of a kind."""
BELONGS = ("team", "trust", "action", "p", "key", "week", "leader")
INPUTS = {
    "trust": ("trust", "teams", "p", "key", "week"),
    "team": BELONGS,
    "staff": ("staff", *BELONGS),
    "service_user": ("user", *BELONGS),
}
"""Names by which rules of a phase get what they need."""
EVENT_CODES = {
    value: name for name, value in vars(events).items() if name.isupper() and type(value) is int
}


def arguments(rule: Rule, known: Mapping[str, str]) -> str:
    """Return a rule's arguments, found by the names of its parameters.

    Raises
    ------
    InputError
        When a parameter has a name that the phase does not know.
    """
    given = []
    for name in inspect.signature(rule).parameters:
        if name not in known:
            raise unknown(f"input of the rule {rule.__name__}", name, known)
        given.append(known[name])
    return ", ".join(given)


def call(rule: Rule, known: Mapping[str, str]) -> str:
    """Return the source of a call of a rule."""
    return f"{rule.__name__}({arguments(rule, known)})"


def sum_lines(step: Sum, known: Mapping[str, str]) -> list[str]:
    """Return the statements of a sum."""
    total = next(iter(inspect.signature(step.add).parameters))

    def add(**one: str) -> str:
        return f"    {step.name} = {call(step.add, {**known, total: step.name, **one})}"

    lines = [f"{step.name} = {call(step.start, {})}"]
    if step.over == "teams":
        return [*lines, "for action in world.actions():", add(action="action")]
    if step.over == "members":
        return [*lines, "for member in world.members():", add(staff="member")]
    for tie in ("tie_0", "tie_1", "tie_2"):
        lines += [f"if staff.{tie} >= 0:", add(peer=f"world.member(staff.{tie})")]
    across = "world.member_of(staff.cross_team, staff.cross_place)"
    return [*lines, "if staff.cross_team >= 0:", add(peer=across)]


def phase_code(phase: Phase, skip_sum: bool = False) -> list[ast.stmt]:
    """Return the statements of a phase in the language of acts.

    Parameters
    ----------
    phase : Phase
        The phase.
    skip_sum : bool
        Leave the first step out, a sum that was made elsewhere.

    Raises
    ------
    InputError
        When a rule asks for something that the phase does not know.
    """
    own = OWN[phase.who]
    known = {name: name for name in INPUTS[phase.who]}
    before: list[str] = []
    lines: list[str] = []
    for place, step in enumerate(phase.steps):
        if isinstance(step, Do):
            sets = f", {step.sets!r}" if step.sets else ""
            followed = f"world.follow({own}, {call(step.rule, known)}{sets})"
            if step.when is None:
                lines.append(followed)
            else:
                lines += [f"if {call(step.when, known)}:", f"    {followed}"]
        elif isinstance(step, Let):
            lines.append(f"{step.name} = {call(step.rule, known)}")
            known[step.name] = step.name
        elif isinstance(step, Sum):
            if not (skip_sum and place == 0):
                lines += sum_lines(step, known)
            known[step.name] = step.name
        elif isinstance(step, Each):
            member = {**known, "staff": "member"}
            lines += [
                "for member in world.members():",
                f"    if {call(step.when, member)}:",
                f"        world.follow({own}, {call(step.rule, member)})",
            ]
        else:
            name = (
                f"world.note({EVENT_CODES[step.event]})"
                if isinstance(step, Note)
                else f"world.act({step.function.__name__})"
            )
            if step.rises:
                before.append(f"{step.rises}_before = {own}.{step.rises}")
                lines += [f"if {own}.{step.rises} > {step.rises}_before:", f"    {name}"]
            elif isinstance(step, Note) and step.when is not None:
                lines += [f"if {call(step.when, known)}:", f"    {name}"]
            else:
                lines.append(name)
    return ast.parse("\n".join([*before, *lines])).body


def rule_body(function: Rule) -> list[ast.stmt]:
    """Return the statements of a rule or act, without its docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    return tree.body[1:] if ast.get_docstring(tree) else tree.body


def act_code(function: Rule) -> list[ast.stmt]:
    """Return the statements of an act, without its docstring."""
    body = rule_body(function)
    return [one for statement in body for one in started(statement, body)]


def started(statement: ast.stmt, act: Sequence[ast.stmt]) -> list[ast.stmt]:
    """Return a statement of an act, or what `world.start` stands for.

    Links' rules for a start are followed; a variable of a person that neither they nor the act
    sets is 0, also where a newcomer takes the place of somebody else.
    """
    use, inputs = world_call(statement.value) if isinstance(statement, ast.Expr) else (None, [])
    if use != "start":
        return [statement]
    own = ast.unparse(inputs[0])
    kind = next(kind for kind, name in OWN.items() if name == own)
    known = {name: name for name in INPUTS[kind]}
    rules = start_rules(kind)
    begun = {name for rule in rules for name in fields_of(rule)} | set_by(act, own)
    zeros = [
        f"{own}.{one.name} = {0.0 if one.kind == 'real' else 0}"
        for one in own_variables(kind)
        if one.name not in begun and not one.of_place
    ]
    lines = [f"world.follow({own}, {call(rule, known)})" for rule in rules]
    return ast.parse("\n".join([*zeros, *lines])).body


def set_by(act: Iterable[ast.stmt], own: str) -> set[str]:
    """Return the variables of its agent that an act sets, by itself or by following rules."""
    found = set()
    for node in (one for statement in act for one in ast.walk(statement)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if ast.unparse(node.value) == own:
                found.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "world.follow":
            agent, rule = node.args[:2]
            if ast.unparse(agent) == own and isinstance(rule, ast.Call):
                found.update(fields_of(named(ast.unparse(rule.func))))
    return found


def assigned(statements: list[ast.stmt]) -> set[str]:
    """Return the plain names that statements assign."""
    return {
        node.id
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def fields_of(rule: Rule) -> tuple[str, ...]:
    """Return the state variables that a rule sets: the fields of the named tuple it returns.

    Raises
    ------
    InputError
        When the rule does not say so in its annotation.
    """
    result: Any = inspect.get_annotations(rule, eval_str=True).get("return")
    if not hasattr(result, "_fields"):
        raise InputError(f"rule {rule.__name__}: must be annotated with the named tuple it returns")
    return tuple(result._fields)


def named(name: str) -> Any:
    """Return the rule, act or constant that the table knows by a name."""
    return vocabulary()[name]


@cache
def vocabulary() -> dict[str, Any]:
    """Return what code of the week may name: what `sim.week` knows, and the rules of links."""
    rules = (
        *rules_of((*declared.BEGIN, *declared.WEEK)),
        *(rule for kind in OWN for rule in start_rules(kind)),
    )
    return {**vars(declared), **{rule.__name__: rule for rule in rules}}


def names_read(rules: Iterable[Rule], known: Iterable[str]) -> tuple[str, ...]:
    """Return those of the known names that rules, or the rules they call, read as attributes."""
    todo, seen = list(rules), set(called_acts())
    names: set[str] = set()
    while todo:
        rule = todo.pop()
        if rule in seen:
            continue
        seen.add(rule)
        names.update(rule.__code__.co_names)
        for name in rule.__code__.co_names:
            called = rule.__globals__.get(name)
            if inspect.isfunction(called) and called.__module__.startswith("sim."):
                todo.append(called)
    return tuple(name for name in known if name in names)


def acts_of(phases: Iterable[Phase]) -> dict[Rule, Kind]:
    """Return the acts of phases, with who does them."""
    return {
        step.function: phase.who
        for phase in phases
        for step in phase.steps
        if isinstance(step, Act)
    }


@cache
def called_acts() -> dict[Rule, Kind]:
    """Return the acts that other acts call, with who does them."""
    acts = acts_of((*declared.BEGIN, *declared.WEEK))
    called = {
        ast.unparse(node.args[0])
        for function in acts
        for statement in act_code(function)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and world_call(node)[0] == "act"
    }
    return {function: who for function, who in acts.items() if function.__name__ in called}


class Rewriter(ast.NodeTransformer):
    """Turns the language of acts into the code of an engine.

    Subclasses say what `world` is there: methods named after its uses return source text.

    Parameters
    ----------
    kind : str
        Kind of agent whose phase or act is rewritten.
    names : mapping
        What names of inputs become.
    """

    def __init__(self, kind: Kind, names: Mapping[str, str]) -> None:
        self.kind = kind
        self.own = OWN[kind]
        self.names = dict(names)

    def rewritten(self, statements: list[ast.stmt]) -> list[str]:
        """Return the engine's code, line by line."""
        kept = self.names
        self.names = {name: text for name, text in kept.items() if name not in assigned(statements)}
        module = ast.Module(statements, [])
        lines = ast.unparse(ast.fix_missing_locations(self.visit(module))).splitlines()
        self.names = kept
        return lines

    def follow(self, agent: str, rule: str, inputs: list[str], sets: str) -> str:
        """Return the code of following a rule; `sets` names what a plain number is stored in."""
        raise NotImplementedError

    def note(self, event: str) -> str:
        """Return the code of adding an event."""
        raise NotImplementedError

    def act(self, name: str) -> str:
        """Return the code of another act."""
        raise NotImplementedError

    def loop(self, over: str, one: str, body: str) -> str:
        """Return the code of a loop over the team's members, or the actions of a trust's teams."""
        raise NotImplementedError

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Put what an input is in this engine."""
        if isinstance(node.ctx, ast.Load) and node.id in self.names:
            return ast.parse(self.names[node.id], mode="eval").body
        return node

    def visit_Expr(self, node: ast.Expr) -> Any:
        """Rewrite what is done through `world`."""
        use, inputs = world_call(node.value)
        if use is None:
            return self.generic_visit(node)
        if use == "follow":
            rule = inputs[1]
            assert isinstance(rule, ast.Call)
            text = self.follow(
                self.text(inputs[0]),
                ast.unparse(rule.func),
                [self.text(one) for one in rule.args],
                ast.literal_eval(inputs[2]) if len(inputs) > 2 else "",
            )
        else:
            text = getattr(self, use)(ast.unparse(inputs[0]))
        return ast.parse(text).body

    def visit_Call(self, node: ast.Call) -> Any:
        """Rewrite what is asked of `world`."""
        use, inputs = world_call(node)
        if use is None:
            return self.generic_visit(node)
        text = getattr(self, use)(*(self.text(one) for one in inputs))
        return ast.parse(text, mode="eval").body

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        """Rewrite `world.row`."""
        if isinstance(node.value, ast.Name) and node.value.id == "world":
            return ast.parse(self.names[f"world.{node.attr}"], mode="eval").body
        return self.generic_visit(node)

    def visit_For(self, node: ast.For) -> Any:
        """Rewrite a loop over members or actions."""
        use, _ = world_call(node.iter)
        if use is None:
            return self.generic_visit(node)
        body = ast.unparse(ast.Module([self.visit(one) for one in node.body], []))
        # A statement may have become several.
        return ast.parse(self.loop(use, ast.unparse(node.target), body)).body

    def text(self, node: ast.AST) -> str:
        """Return the engine's code of an expression."""
        return ast.unparse(self.visit(node))


def world_call(node: ast.AST) -> tuple[str | None, list[ast.expr]]:
    """Return what is asked of `world`, and with what; None when it is not."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "world"
    ):
        return node.func.attr, node.args
    return None, []


def is_alone(phase: Phase) -> bool:
    """Return whether a phase is nothing but one act."""
    return len(phase.steps) == 1 and isinstance(phase.steps[0], Act)


def indented(lines: list[str], depth: int = 1) -> list[str]:
    """Return lines moved to the right."""
    return ["    " * depth + line if line else line for line in lines]
