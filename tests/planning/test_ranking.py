"""Rankings: ties, chance of being best, regret and the frontier, worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.errors import InputError
from sim.planning.decision import choice_sentence, sure_word, worth_sentence
from sim.planning.plain_numbers import chance, odds_word, points, pounds, span
from sim.planning.ranking import aim_of, frontier, ranked, ranked_by_cost

RECOVERY, COST = aim_of("recovery"), aim_of("cost-per-qpr-point")
TITLES = {"a": "Plan A", "b": "Plan B", "c": "Plan C", "usual": "Usual care"}


def columns(*values: np.ndarray) -> np.ndarray:
    return np.stack([np.asarray(one, float)[:, None] for one in values])


def test_best_regret_and_order_are_those_worked_by_hand() -> None:
    a = np.tile([3.0, 1.0], 10)
    b = np.tile([2.0, 2.0], 10)
    found = ranked(RECOVERY, ("usual", "b", "a"), columns(np.zeros(20), b, a))
    # Both have mean 2; usual care 0. A is best in the even draws, B in the odd ones.
    assert set(found.names[:2]) == {"a", "b"}
    assert found.names[2] == "usual"
    assert [found.best[found.at(one)] for one in "ab"] == [0.5, 0.5]
    # Regret of A: 0 and 1 in turn; of B: 1 and 0; of usual care: 3 and 2.
    assert [found.regrets[found.at(one)] for one in ("a", "b", "usual")] == [0.5, 0.5, 2.5]
    assert found.pair("a", "b").tie
    assert not found.pair("a", "usual").tie
    assert set(found.tied) == {"a", "b"}


def test_what_helps_in_19_of_20_draws_is_told_and_in_18_is_not() -> None:
    for better, tie in ((19, False), (18, True)):
        gains = np.where(np.arange(20) < better, 2.0, -0.1)
        found = ranked(RECOVERY, ("usual", "a"), columns(np.zeros(20), gains))
        assert found.names[0] == "a"
        assert found.pair("a", "usual").tie is tie


def test_what_is_below_the_rounding_or_too_few_draws_is_a_tie() -> None:
    tiny = columns(np.zeros(40), np.full(40, 0.09))
    assert ranked(RECOVERY, ("usual", "a"), tiny).pair("a", "usual").tie
    few = columns(np.zeros(19), np.full(19, 5.0))
    assert ranked(RECOVERY, ("usual", "a"), few).pair("a", "usual").tie


def test_a_difference_within_the_simulation_error_is_a_tie() -> None:
    noise = np.random.default_rng(3).normal(0.0, 8.0, (20, 2))
    values = np.stack([np.zeros((20, 2)), noise - noise.mean() + 0.2])
    assert ranked(RECOVERY, ("usual", "a"), values).pair("a", "usual").tie


def test_cheaper_is_better_and_a_draw_without_gain_is_dearest() -> None:
    money = np.array([[100.0] * 20, [50.0] * 20])
    gained = np.array([[10.0] * 20, [1.0] * 19 + [0.0]])
    found = ranked_by_cost(COST, ("a", "b"), money, gained)
    # 100 / 10 = 10 a point; 50 / 0.95 = 52.6 a point.
    assert found.names == ("a", "b")
    assert found.means == pytest.approx((10.0, 50.0 / 0.95))
    assert found.best == (1.0, 0.0)
    assert not found.pair("a", "b").tie
    assert math.isnan(found.lows[1]), "one draw has no ratio"


def test_the_frontier_knows_dominance_and_dominance_by_a_mix() -> None:
    names = ("usual", "mixed", "a", "worse", "b")
    costs, effects = (0.0, 90.0, 100.0, 150.0, 300.0), (0.0, 2.0, 10.0, 9.0, 20.0)
    found = {one.name: one for one in frontier(names, costs, effects)}
    assert [one for one in found if not found[one].beaten_by] == ["usual", "a", "b"]
    # 90 for 2 points lies above the line from nothing to 100 for 10.
    assert found["mixed"].beaten_by == "usual mixed with a"
    assert found["worse"].beaten_by == "a"
    assert found["a"].step_cost == pytest.approx(10.0)
    assert found["b"].step_cost == pytest.approx(20.0)
    told = worth_sentence(frontier(names, costs, effects), {**TITLES, "a": "A", "b": "B"})
    assert told.endswith("under £10, Usual care; up to £20, A; above that, B.")


def test_words_say_a_tie_and_name_no_file() -> None:
    a = np.tile([3.0, 1.0], 10)
    found = ranked(RECOVERY, ("usual", "b", "a"), columns(np.zeros(20), a[::-1], a))
    told = choice_sentence(found, TITLES, "usual")
    assert "Plan A" in told
    assert "in a tie with" in told
    alone = ranked(RECOVERY, ("usual", "a"), columns(np.zeros(20), a))
    assert choice_sentence(alone, TITLES, "usual") == "On recovery, Plan A does best."


def test_an_unknown_outcome_gets_the_nearest_one() -> None:
    with pytest.raises(InputError, match="did you mean 'recovery'"):
        aim_of("recovry")


def test_numbers_as_a_planner_reads_them() -> None:
    assert [points(one) for one in (0.0, 0.04, -0.04, 0.25, -1.26)] == [
        "0",
        "under 0.1",
        "over −0.1",
        "+0.2",
        "−1.3",
    ]
    assert span(-0.04, 2.0) == "0.0 to 2.0"
    assert [pounds(one, True) for one in (999, 158_400, 4_600_000)] == ["£999", "£158k", "£4.6m"]
    assert [chance(one, 40) for one in (0.0, 0.025, 0.3, 0.975, 1.0)] == [
        "none of 40",
        "2 in 100",
        "3 in 10",
        "98 in 100",
        "all 40",
    ]
    assert [odds_word(one) for one in (0.95, 0.8, 0.5, 0.1)] == [
        "likely",
        "probably",
        "about even",
        "hardly",
    ]
    assert [sure_word(0.95, tie) for tie in (False, True)] == ["likely", "probably"]
