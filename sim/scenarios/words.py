"""What a scenario is called in the published lists: it follows from what the scenario contains.

`words.toml` has the fields that no link declares; the words of elements stand beside the links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from sim.element import Element
from sim.frameworks import Words, joined, own_words, words_in
from sim.link import elements
from sim.scenarios.contents import PROGRAMME, contents_of, field_of
from sim.scenarios.schema import Scenario

FILE = Path(__file__).with_suffix(".toml")
ERIC, CFIR = "strategies (ERIC)", "determinants (CFIR 2.0)"
"""Headings of columns."""

# Decisions on who takes part and when that are strategies of implementation.
DECISIONS: Mapping[str, Callable[[Scenario], bool]] = {
    "who.teams": lambda one: one.who.teams == "selected",
    "timing.waves": lambda one: one.timing.waves > 1,
    "timing.order": lambda one: one.timing.waves > 1 and one.timing.order == "readiness",
}


@cache
def field_words() -> Mapping[str, Words]:
    """Return the words of every field of a scenario that has some: whole programme, then links."""
    fields = [*PROGRAMME, *DECISIONS, *(field_of(one) for one in elements())]
    known = {**words_in(FILE), **own_words()}
    return {field: known[field] for field in fields if field in known}


def strategies_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the implementation strategies of a scenario by their ERIC names, each once.

    A number counts where it is above what a scenario has that says nothing of it; what no field
    shows is declared by the scenario itself (`strategies`).
    """
    lower = {field_of(one) for one in _numbers() if one.of(scenario) <= one.default}
    found = [
        name
        for field in _named(scenario)
        if field not in lower
        for name in field_words()[field].eric
    ]
    return tuple(dict.fromkeys((*found, *scenario.strategies)))


def determinants_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the CFIR 2.0 determinants that a scenario changes, for better or worse, each once."""
    same = {field_of(one) for one in _numbers() if one.of(scenario) == one.default}
    found = [
        name
        for field in _named(scenario)
        if field not in same
        for name in field_words()[field].cfir
    ]
    return tuple(dict.fromkeys(found))


def word_cells(scenario: Scenario) -> dict[str, str]:
    """Return the strategies and determinants of a scenario as cells of a table, by heading."""
    return {
        ERIC: joined(strategies_of(scenario)) or "none",
        CFIR: joined(determinants_of(scenario)) or "none",
    }


def word_rows(scenarios: Iterable[Scenario]) -> list[dict[str, str]]:
    """Return a row for each scenario, as reports show them."""
    return [{"scenario": one.name, **word_cells(one)} for one in scenarios]


def _numbers() -> list[Element]:
    return [one for one in elements() if one.kind in ("level", "preparation")]


def _named(scenario: Scenario) -> list[str]:
    """Return the fields of what a scenario contains and decides that have words."""
    contents = [one.field for one in contents_of(scenario)]
    decisions = [field for field, there in DECISIONS.items() if contents and there(scenario)]
    return [field for field in (*contents, *decisions) if field in field_words()]
