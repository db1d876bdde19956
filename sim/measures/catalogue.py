"""Every instrument described as data, gathered from the files of this folder."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from sim.errors import InputError, unknown
from sim.measures.instrument import Instrument, Measure


@cache
def instruments() -> tuple[Instrument, ...]:
    """Return every instrument, by number.

    Raises
    ------
    InputError
        When two have one number, or two scores one name.
    """
    import sim.measures

    homes: dict[str, str] = {}
    found: list[Instrument] = []
    for file in sorted(one.name for one in pkgutil.iter_modules(sim.measures.__path__)):
        module = importlib.import_module(f"sim.measures.{file}")
        for one in getattr(module, "INSTRUMENTS", ()):
            for name in (f"number {one.number}", *(score.name for score in one.scores)):
                if name in homes:
                    raise InputError(f"{file}.py: {name} is already taken in {homes[name]}.py")
                homes[name] = file
            found.append(one)
    return tuple(sorted(found, key=lambda one: one.number))


def in_row(person: str) -> tuple[Instrument, ...]:
    """Return the instruments in the row of a kind of person, in the order of their columns.

    By number; those whose rule reads more than the person (who rates, or which team) come last.

    Parameters
    ----------
    person : str
        What the rules call the person: ``user`` or ``staff``.
    """
    own = {person, "p", "key", "week"}
    return tuple(
        sorted(
            (one for one in instruments() if one.inputs[0] == person),
            key=lambda one: not own.issuperset(one.inputs),
        )
    )


@cache
def catalogue() -> dict[str, Measure]:
    """Return the description of every score by name: of service users, of staff, of teams."""
    rows = [*in_row("user"), *in_row("staff")]
    others = [one for one in instruments() if one not in rows]
    return {score.name: score for one in [*rows, *others] for score in one.scores}


def measure(name: str) -> Measure:
    """Return the description of one score.

    Raises
    ------
    InputError
        When there is no score of that name; the nearest valid name is given.
    """
    if name not in catalogue():
        raise unknown("measure", name, catalogue())
    return catalogue()[name]
