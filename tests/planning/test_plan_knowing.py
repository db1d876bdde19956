"""What would change a plan: rivals, drivers and worth from an answer that is written in by hand."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from sim.planning import plan_knowing as module
from sim.planning.comparison import Question
from sim.planning.plan_knowing import (
    MOST_DRIVERS,
    TRIAL_SIZE,
    choice_drivers,
    driver_rows,
    gain_drivers,
    in_order,
    plan_knowing,
    rivals,
    second,
)
from sim.planning.plan_study import PlanOutcome
from tests.planning.plans_by_hand import DRAWS, PARAMETERS, PLANS, TWIN, outcome, plan, question


def test_draws_are_those_of_the_search_and_then_the_fresh_ones() -> None:
    asked = question(draws=[{"a": float(one)} for one in range(7)])
    assert [one["a"] for one in in_order(asked)] == [0, 2, 4, 6, 1, 3, 5]


def test_rivals_are_one_for_each_thing_that_can_be_done() -> None:
    """Of two orders with the same package the better one; the plan to take stands first."""
    assert rivals(outcome()) == [3, 0, 1, 2]
    worse = plan("roster order, refocus-boosters", A=(1, 0))
    more = outcome((*PLANS, worse))
    assert [more.scores[one].plan.name for one in rivals(more)] == [
        "random order, refocus-boosters",
        "search",
        "usual care for all",
        "roster order, refocus-as-delivered",
    ]
    ahead = outcome((*PLANS[:3], worse, PLANS[3]))
    assert [ahead.scores[one].plan.name for one in rivals(ahead)][0] == PLANS[3].name
    assert 3 not in rivals(ahead)
    # A search that comes to a rule is no choice beside it.
    assert rivals(outcome((TWIN, *PLANS[1:]))) == [3, 1, 2]


def test_the_second_is_the_best_with_other_packages() -> None:
    """Boosted in 400 people is 800 of 600, delivered in all 600; the search mixes both for 400."""
    found = outcome()
    assert [round(one.mean, 3) for one in found.scores] == [
        pytest.approx((2 * 100 + 200) / 600, abs=1e-3),
        0.0,
        1.0,
        pytest.approx(800 / 600, abs=1e-3),
    ]
    assert second(found) == 2
    assert second(outcome(PLANS[:2])) == 1
    same = outcome((plan("search", A=(1, 4)), PLANS[3]))
    assert second(same) is None
    assert choice_drivers(same) == []


def drawn(answer: np.ndarray, base: PlanOutcome | None = None) -> PlanOutcome:
    """Return the answer with what the plan to take gains in each draw."""
    found = base or outcome()
    by_draw = np.zeros_like(found.by_draw)
    by_draw[rivals(found)[0]] = answer
    return replace(found, by_draw=by_draw)


def test_what_a_gain_follows_is_told_and_ten_of_it_at_most() -> None:
    own = np.array([one[PARAMETERS[3]] for one in in_order(question())])
    found = gain_drivers(drawn(own))
    assert (found[0][0].name, found[0][0].correlation, found[0][1]) == (
        PARAMETERS[3],
        pytest.approx(1.0),
        True,
    )
    assert not any(told for _, told in found[1:])
    assert len(found) == len(PARAMETERS) == 12
    rows = driver_rows(drawn(own))
    counts = rows["answer"].value_counts()
    assert set(counts) == {MOST_DRIVERS} == {10}
    assert rows["beyond chance"].iloc[:2].tolist() == ["yes", "no"]
    assert list(driver_rows(replace(outcome(), by_draw=np.zeros((4, 2)))))[0] == "answer"


def test_what_a_choice_follows_is_the_lead_over_the_second() -> None:
    """Both gain alike from the third parameter; the lead is what the fourth makes of it."""
    third, fourth = (
        np.array([one[PARAMETERS[at]] for one in in_order(question())]) for at in (2, 3)
    )
    found = drawn(10.0 * third + fourth)
    other = second(found)
    assert other is not None
    found.by_draw[other] = 10.0 * third
    assert choice_drivers(found)[0][0].name == PARAMETERS[3]
    assert gain_drivers(found)[0][0].name == PARAMETERS[2]


def test_a_correlation_at_the_level_of_chance_is_not_beyond_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = drawn(np.array([one[PARAMETERS[3]] for one in in_order(question())]))
    size = abs(gain_drivers(moved)[1][0].correlation)
    for limit, told in ((size, False), (size - 1e-9, True)):
        monkeypatch.setattr(module, "noise_level", lambda *_, limit=limit: limit)
        assert gain_drivers(moved)[1][1] is told


def test_without_two_draws_or_with_others_nothing_drives() -> None:
    found = outcome()
    one = replace(found, question=question(draws=DRAWS[:1]), by_draw=found.by_draw[:, :1])
    assert gain_drivers(one) == []
    assert gain_drivers(replace(found, by_draw=found.by_draw[:, 1:])) == []


def test_of_fifty_draws_worth_is_reckoned_and_of_forty_nine_not() -> None:
    """Everything is worth what choosing anew in each draw gains, for 600 people at 50 draws."""
    found = outcome()
    by_draw = np.zeros((4, 50))
    by_draw[3], by_draw[2] = 1.0, np.where(np.arange(50) < 10, 3.0, 0.0)
    found = replace(found, by_draw=by_draw)
    whole, *parts = plan_knowing(found)
    # In ten of fifty draws the other is better by two.
    assert whole.worth.value == pytest.approx(0.4)
    assert whole.in_all == pytest.approx(0.4 * 600)
    assert whole.worth.standard_error == pytest.approx(np.std(by_draw[2], ddof=1) / 50**0.5 * 2 / 3)
    assert whole.unit == "QPR-15 point-years"
    assert all(one.worth.value <= 0.4 for one in parts)
    assert plan_knowing(replace(found, by_draw=by_draw[:, 1:])) == ()
    assert len(plan_knowing(outcome(PLANS[:2]))) > 1, "two things can be done"
    alone = outcome((TWIN, PLANS[3]))
    assert plan_knowing(alone) == ()


@pytest.mark.parametrize(
    ("objective", "unit", "people"),
    [
        ("qpr", "QPR-15 point-years", 600.0),
        ("qpr-at-end", "QPR-15 points", 600.0),
        ("reach", "share of person-time", None),
    ],
)
def test_worth_has_a_unit_and_people_where_it_is_theirs(
    objective: str, unit: str, people: float | None
) -> None:
    whole = plan_knowing(replace(outcome(), question=question(objective=objective)))[0]
    assert whole.unit == unit
    assert np.isnan(whole.people) if people is None else whole.people == people


def test_a_trial_is_as_large_as_in_a_comparison() -> None:
    (size,) = (one.default for one in fields(Question) if one.name == "trial_size")
    assert size == TRIAL_SIZE
