"""Every choice of a scenario is described, and what the description says is enforced."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import InputError
from sim.scenarios.fields import ScenarioField, scenario_fields
from sim.scenarios.library import adjusted, load_scenario, scenario_from
from sim.state import ACTION

FIELDS = scenario_fields()
NUMBERS = [one for one in FIELDS.values() if one.kind in ("number", "whole")]
# Entries of a list are set with their list.
SETTABLE = [one for one in NUMBERS if ".sessions." not in one.name]


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda one: one.name)
def test_every_field_has_unit_and_meaning(field: ScenarioField) -> None:
    assert field.unit
    assert field.help.endswith(".")
    assert field.kind != "choice" or len(field.choices) > 1


@pytest.mark.parametrize("field", NUMBERS, ids=lambda one: one.name)
def test_every_number_has_bounds_that_hold_its_default(field: ScenarioField) -> None:
    assert field.low is not None
    assert field.high is not None
    assert field.low < field.high
    if field.default is None:
        assert field.required or field.optional
    else:
        assert field.low <= field.default <= field.high


@pytest.mark.parametrize("field", SETTABLE, ids=lambda one: one.name)
def test_bounds_are_enforced_and_included(field: ScenarioField) -> None:
    scenario = load_scenario("refocus-as-delivered")
    assert field.low is not None
    assert field.high is not None
    for value in (field.low, field.high):
        given = int(value) if field.kind == "whole" else float(value)
        # A spell that ends before it begins is refused, whatever the bounds.
        spell = field.name.rpartition(".")[0]
        changes: dict[str, Any] = {f"{spell}.first_week": 1} if "last_week" in field.name else {}
        if field.name.endswith("trainers"):
            changes = {f"{spell}.trainers": None, f"{spell}.lived_experience_trainers": None}
        read: Any = adjusted(scenario, {**changes, field.name: given})
        for part in field.name.split("."):
            read = getattr(read, part)
        assert read == value
    for value in (field.low - 1, field.high + 1, float("nan"), float("inf")):
        with pytest.raises(InputError, match=rf"{field.name} = .* must be a"):
            adjusted(scenario, {field.name: value})


def test_every_action_of_the_calendar_can_be_set_by_some_field() -> None:
    """A scenario that uses everything leaves no action at its usual-care value."""
    from sim.inputs.roster import TeamRow
    from sim.inputs.roster.team import Roster
    from sim.scenarios.expand import expand

    spell = {"intensity": 0.4}
    table = {
        "title": "a",
        "description": "b",
        "grade": "assumption",
        "source": "c",
        "readiness": {"preparation_weeks": 2, "preparation_intensity": 0.5},
        "training": {
            "personal_recovery": {"sessions": [{"week": 1, "days": 1.0}]},
            "coaching": {"sessions": [{"week": 2, "days": 1.0}]},
            "induction": 0.5,
        },
        "support": {
            "boosters": {"sessions": [{"week": 3, "days": 0.5}]},
            "telephone": spell,
            "reflection": spell,
            "supervision": spell,
            "stepped": {"threshold": 0.5, "intensity": 0.4},
        },
        "components": dict.fromkeys(
            ("partnership", "expectations", "leadership", "organisation"), spell
        ),
        "beyond": dict.fromkeys(
            (
                "social_inclusion",
                "family_involvement",
                "peer_delivery",
                "staff_wellbeing",
                "lived_experience_support",
            ),
            spell,
        ),
        "conditions": {
            "turnover_multiplier": 0.5,
            "priorities_relief": 0.5,
            "protected_time": 0.5,
            "attendance_assured": 0.5,
        },
    }
    usual, done = expand(scenario_from(table, "all"), Roster((TeamRow("a"),)), 20).actions
    assert set(usual.dtype.names) == {one.name for one in ACTION}
    assert [name for name in usual.dtype.names if (usual[name] == done[name]).all()] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("training.quality.delivery", "0.5"),
        ("training.quality.delivery", True),
        ("conditions.funding_end_week", 26.0),
        ("components.practices.goals", 1),
        ("who.teams", 3),
        ("assessment.weeks", ["0"]),
        ("assessment.weeks", [0.5]),
        ("assumptions", [1]),
        ("title", ""),
    ],
)
def test_types_are_exact(name: str, value: Any) -> None:
    with pytest.raises(InputError):
        adjusted(load_scenario("usual-care"), {name: value})


def test_a_whole_number_may_stand_for_a_real_one() -> None:
    read = adjusted(load_scenario("usual-care"), {"training.quality.delivery": 1})
    assert read.training.quality.delivery == 1.0
