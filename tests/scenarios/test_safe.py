"""The SAFE profile follows from the description, rates nothing unsaid, and has no total."""

from __future__ import annotations

from typing import Any

import pytest

import sim.scenarios.safe as safe
from sim.scenarios.library import adjusted, load_scenario, scenario_from, scenario_names
from sim.scenarios.safe import SafeItem, components_of, safe_profile, training_hours

BARE: dict[str, Any] = {"title": "a", "description": "b", "grade": "assumption", "source": "c"}
UNRATED = "Unable to rate"


def rated(**tables: Any) -> list[SafeItem]:
    return list(safe_profile(scenario_from({**BARE, **tables}, "mine")))


@pytest.mark.parametrize("name", scenario_names())
def test_eight_blocks_and_eight_enablers_without_a_total(name: str) -> None:
    items = safe_profile(load_scenario(name))
    assert [one.number for one in items] == list(range(1, 17))
    assert [one.kind for one in items] == ["block"] * 8 + ["enabler"] * 8
    assert all(one.rating in ("Yes", "Partial", "No", UNRATED) for one in items)
    assert all(one.reason for one in items)
    assert [one.number for one in items if one.verified] == [1, 2]
    assert not [name for name in vars(safe) if "total" in name.lower() or "score" in name.lower()]


def test_the_trial_s_intervention_needs_training_and_is_complex() -> None:
    """3.5 days are more than four hours, and there are more than three components."""
    items = safe_profile(load_scenario("refocus-as-delivered"))
    assert [one.rating for one in items[:2]] == ["Yes", "Yes"]
    assert training_hours(load_scenario("refocus-as-delivered")) == 3.5 * 7.5


@pytest.mark.parametrize(
    ("days", "rating"),
    [([], "No"), ([0.5], "Partial"), ([0.5, 0.5], "Partial"), ([0.5, 0.5, 0.05], "Yes")],
)
def test_more_than_four_hours_of_training_is_the_threshold(days: list[float], rating: str) -> None:
    sessions = [{"week": week, "days": one} for week, one in enumerate(days, 1)]
    items = rated(training={"coaching": {"sessions": sessions}}, resources={"hours_per_day": 4.0})
    assert items[0].rating == rating


@pytest.mark.parametrize(
    ("count", "rating"), [(0, "No"), (1, "No"), (2, "Partial"), (3, "Partial"), (4, "Yes")]
)
def test_more_than_three_components_is_the_threshold(count: int, rating: str) -> None:
    names = ("partnership", "expectations", "leadership", "organisation")[:count]
    items = rated(components={name: {"intensity": 0.5} for name in names})
    assert items[1].rating == rating
    assert items[1].reason.startswith(f"{count} components")


def test_coaching_alone_is_simpler_than_the_whole() -> None:
    alone = components_of(load_scenario("coaching-only"))
    whole = components_of(load_scenario("refocus-as-delivered"))
    assert alone == ("coaching training",)
    assert set(alone) < set(whole)
    assert set(components_of(load_scenario("refocus-boosters"))) - set(whole) == {"boosters"}


def test_what_a_scenario_does_not_say_is_not_rated() -> None:
    training = {"coaching": {"sessions": [{"week": 1, "days": 1.0}]}}
    items = rated(training=training)
    unrated = {one.number for one in items if one.rating == UNRATED}
    assert unrated == {3, 5, 6, 7, 8, *range(9, 17)}
    assert {one.reason for one in items if one.rating == UNRATED} == {"the scenario does not say"}


@pytest.mark.parametrize("answer", ["yes", "partial", "no"])
def test_answers_of_the_scenario_are_passed_on(answer: str) -> None:
    fields = (
        "time_consuming",
        "costly_to_set_up",
        "adverse_events",
        "applicable",
        "manualised",
        "flexible",
        "effective",
        "cost_saving",
        "matches_goals",
        "can_be_piloted",
        "reversible",
    )
    items = rated(feasibility=dict.fromkeys(fields, answer))
    said = [one for one in items if one.number in (3, 7, 8, *range(9, 17))]
    assert {one.rating for one in said} == {answer.capitalize()}
    assert [one.reason.rpartition(".")[2] for one in said] == list(fields)


@pytest.mark.parametrize(
    ("resources", "trainers", "rating"),
    [
        ({}, 2, "Partial"),
        ({"extra_posts_per_team": 0.5}, 2, "Yes"),
        ({"extra_posts_per_team": 0.0}, 0, "No"),
        ({}, 0, UNRATED),
    ],
)
def test_additional_people(resources: dict[str, float], trainers: int, rating: str) -> None:
    course = {"sessions": [{"week": 1, "days": 1.0}], "trainers": trainers}
    assert rated(training={"coaching": course}, resources=resources)[4].rating == rating


@pytest.mark.parametrize(("cost", "rating"), [(0.0, "No"), (12.5, "Yes")])
def test_additional_materials(cost: float, rating: str) -> None:
    assert rated(resources={"materials_per_team": cost})[5].rating == rating


def test_continuing_support() -> None:
    assert rated()[3].rating == "No"
    assert rated(support={"telephone": {"intensity": 0.1}})[3].rating == "Yes"
    boosters = {"sessions": [{"week": 1, "days": 0.5}]}
    assert rated(support={"boosters": boosters})[3].rating == "Partial"


def test_usual_care_has_no_blocks_to_count() -> None:
    items = safe_profile(load_scenario("usual-care"))
    assert [one.rating for one in items[:2]] == ["No", "No"]
    everything = adjusted(load_scenario("refocus-full"), {"who.teams": "none"})
    assert [one.rating for one in safe_profile(everything)[:2]] == ["No", "No"]
