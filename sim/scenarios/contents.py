"""What a scenario contains: the fields that do something in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sim.element import Element
from sim.link import elements
from sim.scenarios.schema import Scenario


class Content(NamedTuple):
    """One thing that a scenario does: its field, and its label where it is a component."""

    field: str
    label: str = ""


# Components that no link declares: what people call them, and when they are there.
PROGRAMME: Mapping[str, tuple[str, Callable[[Scenario], bool]]] = {
    "training.personal_recovery": (
        "personal recovery training",
        lambda one: bool(one.training.personal_recovery.sessions),
    ),
    "training.coaching": ("coaching training", lambda one: bool(one.training.coaching.sessions)),
    "support.boosters": (
        "boosters",
        lambda one: bool(one.support.boosters.sessions) and one.support.boosters.share > 0.0,
    ),
    "support.stepped": ("stepped support", lambda one: one.support.stepped.intensity > 0.0),
}


def field_of(one: Element) -> str:
    """Return the field of a scenario in which an element stands."""
    return f"{one.table}.{one.name}"


def is_taught(scenario: Scenario) -> bool:
    """Return whether there is any training."""
    training = scenario.training
    return bool(training.personal_recovery.sessions or training.coaching.sessions)


def is_used(scenario: Scenario, one: Element, taught: bool = True) -> bool:
    """Return whether an element is there; a working practice must be taught in some session."""
    value = one.of(scenario)
    if one.kind == "spell":
        return bool(value.intensity > 0.0)
    if one.kind == "switch":
        return bool(value) and taught
    prepared = one.kind != "preparation" or scenario.readiness.preparation_weeks > 0
    return bool(value != one.usual) and prepared


def contents_of(scenario: Scenario) -> tuple[Content, ...]:
    """Return what a scenario contains; nothing where no team takes part."""
    if scenario.who.teams == "none":
        return ()
    taught = is_taught(scenario)
    programme = (
        Content(field, label) for field, (label, there) in PROGRAMME.items() if there(scenario)
    )
    declared = (
        Content(field_of(one), one.label) for one in elements() if is_used(scenario, one, taught)
    )
    return (*programme, *declared)
