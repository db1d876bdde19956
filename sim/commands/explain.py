"""`refocus explain`: what a parameter, measure, scenario, lever or state variable is."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim.frameworks import Words

EXAMPLES = """\
examples:
  refocus explain experience_to_recovery
  refocus explain qpr15
  refocus explain refocus-as-delivered
  refocus explain my-scenario.toml
  refocus explain peer_delivery
  refocus explain week
"""
WEEK = "week"


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "explain",
        help="explain a parameter, measure, scenario, lever or state variable",
        description="Explain a parameter, measure, scenario, an element of scenarios, a state "
        "variable, a rule, or the week; of what can be set, what it moves and by how much.",
        epilog=EXAMPLES,
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        help="its name, a scenario's own file, or week for the order of the week",
    )
    parser.add_argument(
        "--compiled", action="store_true", help="with week: the source that is compiled"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the explanation."""
    from sim.errors import InputError, unknown
    from sim.scenarios.levers import lever_text
    from sim.scenarios.library import is_file

    if options.compiled and options.name != WEEK:
        raise InputError(f"--compiled: goes with the name {WEEK!r} only, not {options.name!r}")

    if is_file(options.name):
        print(f"{scenario_text(options.name)}\n\n{changes_text(options.name)}")
        return 0
    explained = [
        text
        for text in (
            parameter_text(options.name),
            measure_text(options.name),
            outcome_text(options.name),
            scenario_text(options.name),
            element_text(options.name),
            state_text(options.name),
            rule_text(options.name),
            lever_text(options.name),
            week_text(options.name, options.compiled),
        )
        if text
    ]
    if not explained:
        raise unknown("name", options.name, known_names())
    print("\n\n".join(explained))
    return 0


def known_names() -> list[str]:
    """Return every name that can be explained."""
    from sim.link import elements
    from sim.measures.catalogue import catalogue
    from sim.parameters import registry
    from sim.planning.outcomes import outcome_words
    from sim.scenarios.levers import measured
    from sim.scenarios.library import scenario_names
    from sim.state import KINDS

    states = [variable.name for kind in KINDS.values() for variable in kind]
    return [
        *registry(),
        *(one.name for one in catalogue().values()),
        *outcome_words(),
        *scenario_names(),
        *(one.name for one in elements()),
        *(one.lever for one in measured() if one.kind != "scenario"),
        *states,
        *rules(),
        WEEK,
    ]


def parameter_text(name: str) -> str:
    """Return what a parameter is, or nothing."""
    from sim.parameters import registry

    one = registry().get(name)
    if one is None:
        return ""
    return "\n".join(
        [
            f"{one.name}: parameter ({one.link})",
            f"  {one.label}. {one.help}",
            f"  unit      {one.unit}",
            f"  default   {one.default:g}, from {one.bounds[0]:g} to {one.bounds[1]:g}",
            f"  prior     {one.prior.text if hasattr(one.prior, 'text') else one.prior}",
            f"  evidence  {one.grade}",
            f"  source    {one.source}",
        ]
    )


def called(words: Words | None) -> list[str]:
    """Return lines on what something is called in published lists; none where nobody said."""
    from sim.frameworks import names_by_list

    if words is None:
        return []
    lines = [f"  called    {title}: {names}" for title, names in names_by_list(words).items()]
    return [*lines, *([f"  on names  {words.why}"] if words.why else [])]


def measure_text(name: str) -> str:
    """Return what a measure is, or nothing."""
    from sim.frameworks import own_words
    from sim.measures.catalogue import catalogue

    for one in catalogue().values():
        if one.name == name:
            return "\n".join(
                [
                    f"{one.name}: measure",
                    f"  {one.title}",
                    *(
                        f"  {field:<10}{getattr(one, field)}"
                        for field in one._fields
                        if field not in ("name", "title")
                    ),
                    *called(own_words().get(name)),
                ]
            )
    return ""


def outcome_text(name: str) -> str:
    """Return what an outcome that planners compare is called elsewhere, or nothing."""
    from sim.planning.outcomes import TITLES, outcome_words

    if name not in TITLES or name not in outcome_words():
        return ""
    lines = [f"{name}: outcome that planners compare", f"  {TITLES[name]}"]
    return "\n".join([*lines, *called(outcome_words()[name])])


def scenario_text(name: str) -> str:
    """Return what a scenario does, or nothing."""
    from sim.frameworks import Words
    from sim.scenarios.library import is_file, load_scenario, scenario_names
    from sim.scenarios.safe import safe_profile
    from sim.scenarios.split import split_text
    from sim.scenarios.words import determinants_of, strategies_of

    if not is_file(name) and name not in scenario_names():
        return ""
    one = load_scenario(name)
    words = Words(eric=strategies_of(one), cfir=determinants_of(one))
    lines = [
        f"{one.name}: scenario",
        f"  {one.title}. {one.description}",
        *([f"  split     {split}"] if (split := split_text(one)) else []),
        f"  evidence  {one.grade}",
        f"  source    {one.source}",
        *called(words),
        "  assumptions",
        *(f"    - {text}" for text in one.assumed),
        "  feasibility (SAFE; items 3-16 unverified wording; no total, as its authors intended)",
        *(
            f"    {item.number:>2} {item.kind:<8}{item.rating:<15}{item.theme}"
            for item in safe_profile(one)
        ),
    ]
    return "\n".join(lines)


def changes_text(file: str) -> str:
    """Return what a scenario's own file changes, and what each of it was measured to move."""
    from sim.scenarios.levers import lever_text
    from sim.scenarios.library import WHAT_IT_IS, base_of, differences, load_scenario

    base = base_of(file)
    said = ("name", "assumptions", "feasibility", "strategies", *WHAT_IT_IS)
    changed = {
        field: values
        for field, values in differences(load_scenario(file), base).items()
        if field.partition(".")[0] not in said
    }
    if not changed:
        return f"It does what {base.name} does."
    lines = [
        f"It changes of {base.name} (what each field moves by itself stands below where it was "
        f"measured; what they move together, `refocus compare {base.name} {file}` finds):",
        *(
            f"  {field}: {in_words(old)} -> {in_words(new)}"
            for field, (old, new) in changed.items()
        ),
    ]
    levers = [text for field in changed if (text := lever_text(field))]
    return "\n\n".join(["\n".join(lines), *levers])


def in_words(value: object) -> str:
    """Return a field's value as it is written in a scenario's file; a word for none."""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def element_text(name: str) -> str:
    """Return what a scenario can do by an element, and what that takes, or nothing."""
    from sim.link import links
    from sim.scenarios.fields import scenario_fields
    from sim.scenarios.words import field_words

    pieces = []
    for file, link in links().items():
        for one in link.elements:
            if name not in (one.name, one.field):
                continue
            said = f"{one.table}.{one.name}"
            inside = f"{said}.intensity" if one.kind == "spell" else said
            lines = [
                f"{one.name}: element of a scenario, acts on {file}",
                f"  {one.help}",
                f"  set by    {inside}: {scenario_fields()[inside].rule}",
                f"  read as   action.{one.field}",
                *called(field_words().get(said)),
                *(f"  takes     {use.unit}" for use in one.uses),
            ]
            for cost in one.costs:
                prices = " x ".join(price for price in (cost.price, cost.times) if price)
                lines.append(f"  costs     {cost.line} ({cost.kind}): {cost.use} x {prices}")
            pieces.append("\n".join(lines))
    return "\n\n".join(pieces)


def state_text(name: str) -> str:
    """Return what a state variable is, or nothing."""
    from sim.state import KINDS

    lines = [
        f"{variable.name}: state variable of {kind.replace('_', ' ')}\n"
        f"  {variable.meaning} ({variable.unit})"
        for kind, variables in KINDS.items()
        for variable in variables
        if variable.name == name
    ]
    return "\n\n".join(lines)


def rules() -> dict[str, object]:
    """Return the rules of the mechanisms by name."""
    import importlib
    import inspect
    import pkgutil

    import sim.mechanisms

    found: dict[str, object] = {}
    for info in pkgutil.iter_modules(sim.mechanisms.__path__):
        module = importlib.import_module(f"sim.mechanisms.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__:
                found[name] = function
    return found


def rule_text(name: str) -> str:
    """Return what a rule says, or nothing."""
    import inspect

    rule = rules().get(name)
    if rule is None:
        return ""
    where = str(getattr(rule, "__module__", ""))
    return f"{name}: rule ({where})\n{inspect.getdoc(rule)}"


def week_text(name: str, compiled: bool = False) -> str:
    """Return the phases of the start and of a week, or the source that is compiled from them."""
    if name != WEEK:
        return ""
    from sim.engines.week_source import table_text, week_source

    return week_source().rstrip() if compiled else table_text()
