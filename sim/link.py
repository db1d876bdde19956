"""What links of the chain are written in: variables, steps and phases of a week, and links.

A file of `sim.mechanisms` that adds something of its own says so in one place, a `LINK`: the state
variables that it owns, the rules that give them their values at the start, the phases in which its
rules run, and the elements of a scenario that act on it (`sim.element`). `sim.state`, `sim.week`,
`sim.scenarios` and `sim.planning` gather the links; engines, pages and documents follow from these.
Its parameters stand beside it, in the TOML file of the same name.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from sim.element import Element
from sim.parameters.registry import CHAIN

Rule = Callable[..., Any]
Kind = Literal["trust", "team", "staff", "service_user"]
TRUST: Kind = "trust"
TEAM: Kind = "team"
STAFF: Kind = "staff"
USER: Kind = "service_user"


class Variable(NamedTuple):
    """One state variable: name, kind (`real` or `whole`), unit or range, and meaning.

    What is `of_place` stays when another person takes the place; the rest begins with the person.
    """

    name: str
    kind: str
    unit: str
    meaning: str
    of_place: bool = False


def real(name: str, meaning: str, unit: str = "0-1") -> Variable:
    """Return a variable that is a real number."""
    return Variable(name, "real", unit, meaning)


def whole(name: str, meaning: str, unit: str = "count") -> Variable:
    """Return a variable that is a whole number."""
    return Variable(name, "whole", unit, meaning)


def of_place(name: str, meaning: str, unit: str = "count") -> Variable:
    """Return a variable that is a whole number and belongs to a place, whoever holds it."""
    return Variable(name, "whole", unit, meaning, of_place=True)


class Do(NamedTuple):
    """Follow a rule, always or when a condition holds.

    A rule returns a named tuple of the state variables that it sets; one that returns a number sets
    the variable that `sets` names.
    """

    rule: Rule
    when: Rule | None = None
    sets: str = ""


class Let(NamedTuple):
    """Work out a number that later steps of the phase use by its name."""

    name: str
    rule: Rule


class Sum(NamedTuple):
    """Sum over members of the team, advice ties of a person, or teams of a trust, in order."""

    name: str
    start: Rule
    add: Rule
    over: Literal["members", "ties", "teams"]


class Each(NamedTuple):
    """Follow a rule once for each member of the team for whom a condition holds."""

    rule: Rule
    when: Rule


class Note(NamedTuple):
    """Add a row to the table of events, when a condition holds or a count has risen."""

    event: int
    when: Rule | None = None
    rises: str = ""


class Act(NamedTuple):
    """Do what is more than rules in a row, always or when a count has risen in this phase."""

    function: Rule
    rises: str = ""


Step = Do | Let | Sum | Each | Note | Act


class Phase(NamedTuple):
    """What one kind of agent does in one phase."""

    name: str  # Name of the agent's method
    who: Kind  # Kind of agent
    meaning: str  # One sentence
    steps: tuple[Step, ...]  # Steps in their order


def phase(name: str, who: Kind, meaning: str, *steps: Step) -> Phase:
    """Return a phase."""
    return Phase(name, who, meaning, steps)


class After(NamedTuple):
    """A phase of a link, and the phase of the week after which it comes."""

    name: str  # Name of a phase; the last of that name
    phase: Phase  # The phase to put in


class Link(NamedTuple):
    """What a file of `sim.mechanisms` adds to the model."""

    state: Mapping[Kind, tuple[Variable, ...]] = {}  # Variables it owns, by kind of agent
    # Rules that give them their values when an agent begins, by kind of agent; for staff and
    # service users also when a newcomer takes a place. Without a rule a variable starts at 0.
    start: Mapping[Kind, tuple[Rule, ...]] = {}
    week: tuple[After, ...] = ()  # Its phases
    elements: tuple[Element, ...] = ()  # What a scenario can do to it


def chain_order(name: str) -> tuple[int, str]:
    """Return where a link comes: those of the chain in its order, then others by name."""
    return (CHAIN.index(name) if name in CHAIN else len(CHAIN), name)


@cache
def links() -> Mapping[str, Link]:
    """Return the links that files of `sim.mechanisms` declare, by the names of the files."""
    import sim.mechanisms

    found = {}
    names = [one.name for one in pkgutil.iter_modules(sim.mechanisms.__path__)]
    for name in sorted(names, key=chain_order):
        link = getattr(importlib.import_module(f"sim.mechanisms.{name}"), "LINK", None)
        if link is not None:
            found[name] = link
    return found


@cache
def elements() -> tuple[Element, ...]:
    """Return the elements of all links, in the order of the chain.

    Raises
    ------
    InputError
        When two have the same field in a scenario or in the calendar.
    """
    from sim.errors import InputError

    homes: dict[str, str] = {}
    for file, link in links().items():
        for one in link.elements:
            for name in (f"{one.table}.{one.name}", f"action.{one.field}"):
                if name in homes:
                    raise InputError(f"{file}.py: {name} is already an element of {homes[name]}.py")
                homes[name] = file
    return tuple(one for link in links().values() for one in link.elements)


def gathered(table: tuple[Phase, ...]) -> tuple[Phase, ...]:
    """Return a table of the week with the phases that links put in.

    Two links that ask for the same place come in the order of the chain, or of their files' names.

    Raises
    ------
    InputError
        When a link asks for a phase that is not there.
    """
    from sim.errors import unknown

    phases = list(table)
    last: dict[str, str] = {}
    for file, link in links().items():
        for after in link.week:
            # After what an earlier link put in at the same place.
            name = last.get(after.name, after.name)
            places = [place for place, one in enumerate(phases) if one.name == name]
            if not places:
                raise unknown(
                    f"phase of the week in {file}.py", after.name, [p.name for p in phases]
                )
            phases.insert(places[-1] + 1, after.phase)
            last[after.name] = after.phase.name
    return tuple(phases)


def start_rules(kind: Kind) -> tuple[Rule, ...]:
    """Return the rules of links by which a kind of agent begins."""
    return tuple(rule for link in links().values() for rule in link.start.get(kind, ()))


def own_variables(kind: Kind) -> tuple[Variable, ...]:
    """Return the state variables that links own."""
    return tuple(one for link in links().values() for one in link.state.get(kind, ()))
