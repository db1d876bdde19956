"""SAFE: how feasible an intervention looks, read from a scenario's own description.

The Structured Assessment of Feasibility has eight blocks and eight enablers, each rated Yes,
Partial, No or Unable to rate, and no total score: its authors wanted a profile. The thresholds of
items 1 and 2 were seen. The wording and order of items 3-16 were not: they stand here as themes,
marked as unverified, and the rules that rate them are this software's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sim.link import elements
from sim.scenarios.contents import contents_of, is_used

if TYPE_CHECKING:
    from sim.scenarios.schema import Scenario

Rating = Literal["Yes", "Partial", "No", "Unable to rate"]

TRAINING_HOURS = 4.0
MANY_COMPONENTS = 3

_ANSWERS: dict[str, Rating] = {"yes": "Yes", "partial": "Partial", "no": "No"}
_UNRATED = "the scenario does not say"


@dataclass(frozen=True, slots=True)
class SafeItem:
    """One item of the profile."""

    number: int  # 1 to 16
    # {'block', 'enabler'}: Whether Yes makes implementation harder or easier.
    kind: Literal["block", "enabler"]
    theme: str  # What is asked, in this software's words
    verified: bool  # Whether the published item was seen; False for an unverified theme
    rating: Rating  # {'Yes', 'Partial', 'No', 'Unable to rate'}: The rating
    reason: str  # What in the scenario it rests on


def training_hours(scenario: Scenario) -> float:
    """Return the hours of training per person, both courses and boosters, if all is attended."""
    training = scenario.training
    boosters = sum(one.days for one in scenario.support.boosters.sessions)
    days = training.personal_recovery.days + training.coaching.days + boosters
    return days * scenario.resources.hours_per_day


def components_of(scenario: Scenario) -> tuple[str, ...]:
    """Return the separate components that a scenario has, by name.

    The two courses, each working practice taught besides coaching (which is the coaching course
    itself), and every other element with an intensity above zero.
    """
    return tuple(one.label for one in contents_of(scenario) if one.label)


def safe_profile(scenario: Scenario) -> tuple[SafeItem, ...]:
    """Return the sixteen items, blocks first. There is no total score, by design of its authors.

    Parameters
    ----------
    scenario : Scenario
        The scenario; its arm and name are not read, only what it describes.
    """
    rated = (
        ("block", "specific training of staff is needed", _training(scenario)),
        ("block", "complex: made of several separate components", _complexity(scenario)),
        ("block", "time-consuming to provide", _answer(scenario, "time_consuming")),
        ("block", "continuing support or supervision is needed", _support(scenario)),
        ("block", "additional people are needed", _people(scenario)),
        ("block", "additional materials are needed", _materials(scenario)),
        ("block", "costly to set up", _answer(scenario, "costly_to_set_up")),
        ("block", "serious adverse events are known", _answer(scenario, "adverse_events")),
        ("enabler", "applicable to the people served", _answer(scenario, "applicable")),
        ("enabler", "there is a manual", _answer(scenario, "manualised")),
        ("enabler", "flexible", _answer(scenario, "flexible")),
        ("enabler", "likely to be effective", _answer(scenario, "effective")),
        ("enabler", "cost-saving", _answer(scenario, "cost_saving")),
        ("enabler", "serves goals that have priority", _answer(scenario, "matches_goals")),
        ("enabler", "can be piloted", _answer(scenario, "can_be_piloted")),
        ("enabler", "reversible", _answer(scenario, "reversible")),
    )
    return tuple(
        SafeItem(
            number,
            "block" if kind == "block" else "enabler",
            theme,
            number <= 2,
            rating,
            reason,
        )
        for number, (kind, theme, (rating, reason)) in enumerate(rated, 1)
    )


def _training(scenario: Scenario) -> tuple[Rating, str]:
    """Rate item 1: more than four hours of training is Yes, up to four Partial, none No."""
    hours = training_hours(scenario) if scenario.who.teams != "none" else 0.0
    reason = f"{hours:g} hours per person"
    if hours > TRAINING_HOURS:
        return "Yes", reason
    return ("Partial" if hours > 0.0 else "No"), reason


def _complexity(scenario: Scenario) -> tuple[Rating, str]:
    """Rate item 2: more than three separate components is Yes, two or three Partial, one No."""
    names = components_of(scenario)
    reason = f"{len(names)} components" + (f": {', '.join(names)}" if names else "")
    if len(names) > MANY_COMPONENTS:
        return "Yes", reason
    return ("Partial" if len(names) > 1 else "No"), reason


def _support(scenario: Scenario) -> tuple[Rating, str]:
    if scenario.who.teams == "none":
        return "No", "nothing is delivered"
    support = scenario.support
    lasting = [one.label for one in elements() if one.table == "support" and is_used(scenario, one)]
    if lasting:
        return "Yes", f"in it: {', '.join(lasting)}"
    if support.boosters.sessions or support.stepped.intensity > 0.0:
        return "Partial", "boosters or extra support where uptake is low"
    return "No", "none is in it"


def _people(scenario: Scenario) -> tuple[Rating, str]:
    if scenario.who.teams == "none":
        return "No", "nothing is delivered"
    posts = scenario.resources.extra_posts_per_team
    courses = [
        one
        for one in (scenario.training.personal_recovery, scenario.training.coaching)
        if one.sessions
    ]
    if posts:
        return "Yes", f"{posts:g} posts added to each team"
    if any(one.trainers for one in courses):
        return "Partial", "trainers for the sessions"
    if posts == 0.0 and all(one.trainers == 0 for one in courses):
        return "No", "no posts and no trainers are added"
    return "Unable to rate", _UNRATED


def _materials(scenario: Scenario) -> tuple[Rating, str]:
    if scenario.who.teams == "none":
        return "No", "nothing is delivered"
    cost = scenario.resources.materials_per_team
    if cost is None:
        return "Unable to rate", _UNRATED
    return ("Yes" if cost > 0.0 else "No"), f"materials of GBP {cost:g} per team"


def _answer(scenario: Scenario, field: str) -> tuple[Rating, str]:
    given = getattr(scenario.feasibility, field)
    if given is None:
        return "Unable to rate", _UNRATED
    return _ANSWERS[given], f"the scenario says so: feasibility.{field}"
