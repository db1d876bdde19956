"""Rankings: ties, chance of being best, regret and the frontier, worked by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from sim.errors import InputError
from sim.planning.decision import worth_sentence
from sim.planning.outcomes import WEEKLY
from sim.planning.ranking import (
    aim_of,
    expected_of,
    frontier,
    frontier_of,
    ranked,
    ranked_by_cost,
    ranking_rows,
    rankings_of,
)

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


def test_an_unknown_outcome_gets_the_nearest_one() -> None:
    with pytest.raises(InputError, match="did you mean 'recovery'"):
        aim_of("recovry")


def test_unequal_means_are_ordered_with_their_spread_and_pairs() -> None:
    """Draws at 0, 1, ... 20 and the same plus 2: quantiles of equally spaced values."""
    low, high = np.arange(21.0), np.arange(21.0) + 2.0
    found = ranked(RECOVERY, ("low", "high"), columns(low, high))
    assert found.names == ("high", "low")
    assert found.means == (12.0, 10.0)
    assert found.lows == pytest.approx((3.0, 1.0))
    assert found.highs == pytest.approx((21.0, 19.0))
    assert (found.best, found.regrets) == ((1.0, 0.0), (0.0, 2.0))
    (pair,) = found.pairs
    assert (pair.first, pair.second, pair.difference, pair.tie) == ("high", "low", 2.0, False)
    assert (found.at("high"), found.at("low")) == (0, 1)
    assert found.pair("low", "high") is pair
    assert found.tied == ("high",)


def test_the_difference_that_a_reader_is_shown_is_told() -> None:
    for size, tie in ((0.1, False), (0.0999, True)):
        values = columns(np.zeros(20), np.full(20, size))
        assert ranked(RECOVERY, ("usual", "a"), values).pair("a", "usual").tie is tie


def test_the_simulation_error_is_a_tie_up_to_its_95_percent_limit() -> None:
    """Twenty paired differences of mean m and SD 1: told from m = 1.96 / sqrt(20) = 0.438 on."""
    scatter = np.concatenate([np.linspace(-0.3, 0.0, 19), [9.0]])
    scatter = (scatter - scatter.mean()) / scatter.std(ddof=1)
    for mean, tie in ((0.43, True), (0.45, False)):
        found = ranked(RECOVERY, ("usual", "a"), columns(np.zeros(20), scatter + mean))
        assert found.pair("a", "usual").better.share_better >= 0.95
        assert found.pair("a", "usual").tie is tie


def test_where_draws_differ_by_chance_alone_their_means_are_expected() -> None:
    noise = np.array([[-1.0, 1.0], [1.0, -1.0], [-1.1, 1.0]])
    np.testing.assert_allclose(expected_of(noise), [0.0, 0.0, -0.05])
    apart = np.array([[0.0, 2.0], [2.0, 4.0], [4.0, 6.0]])
    assert np.ptp(expected_of(apart)) < 4.0, "noise of replications is taken out"


def test_costs_a_unit_have_regret_difference_and_quantiles() -> None:
    spread = np.arange(21.0)
    money = np.stack([20.0 + spread, 10.0 + spread])
    found = ranked_by_cost(COST, ("dear", "cheap"), money, np.full((2, 21), 2.0))
    assert (found.names, found.means) == (("cheap", "dear"), (10.0, 15.0))
    assert found.lows == pytest.approx((5.5, 10.5))
    assert found.highs == pytest.approx((14.5, 19.5))
    assert (found.best, found.regrets) == ((1.0, 0.0), (0.0, 5.0))
    (pair,) = found.pairs
    assert (pair.difference, pair.low, pair.high, pair.tie) == (-5.0, -5.0, -5.0, False)
    varying = ranked_by_cost(
        COST, ("a", "b"), np.stack([spread, np.full(21, 99.0)]), np.ones((2, 21))
    )
    assert (varying.pairs[0].low, varying.pairs[0].high) == pytest.approx((-98.0, -80.0))


def test_what_gains_nothing_on_the_mean_or_in_a_draw_is_dearest() -> None:
    money = np.full((3, 20), 10.0)
    gained = np.stack([np.full(20, -1.0), np.full(20, 1.0), np.r_[0.0, np.full(19, 1.0)]])
    found = ranked_by_cost(COST, ("none", "all", "most"), money, gained)
    assert found.names == ("all", "most", "none")
    assert math.isnan(found.means[2])
    assert found.regrets[0] == 0.0
    assert math.isnan(found.regrets[1])
    assert math.isnan(found.pair("all", "most").low)
    assert math.isnan(found.pair("all", "none").high)


@pytest.mark.parametrize(
    ("draws", "cheaper_in", "by", "tie"),
    [(20, 20, 1.0, False), (20, 20, 0.99, True), (19, 19, 9.0, True), (20, 18, 9.0, True)],
)
def test_costs_are_told_apart_by_draws_share_and_rounding(
    draws: int, cheaper_in: int, by: float, tie: bool
) -> None:
    sign = np.where(np.arange(draws) < cheaper_in, -1.0, 1.0)
    money = np.stack([100.0 + by * sign, np.full(draws, 100.0)])
    found = ranked_by_cost(COST, ("a", "b"), money, np.ones((2, draws)))
    assert found.pair("a", "b").tie is tie


def test_small_gains_have_a_ratio_too() -> None:
    found = ranked_by_cost(
        COST, ("a", "b"), np.full((2, 20), 1.0), np.full((2, 20), [[0.005], [0.004]])
    )
    assert found.means == pytest.approx((200.0, 250.0))
    assert found.regrets == pytest.approx((0.0, 50.0))


class Comparison:
    """Two strategies over usual care, with values written in by hand, in one draw and two runs."""

    names = ("usual", "a", "b")
    others = ("a", "b")
    question = SimpleNamespace(base="usual")
    prepared = SimpleNamespace(covered=SimpleNamespace(people=50.0))
    differences: ClassVar[dict[str, list[float]]] = {
        "fidelity": [0.0, 0.1, 0.2],
        "inspire_support": [0.0, 3.0, 4.0],
        "qpr15": [0.0, 2.0, 1.0],
        "people_reached": [0.0, 10.0, 40.0],
    }

    def __init__(self) -> None:
        weekly = np.zeros((3, 1, 4, len(WEEKLY)))
        weekly[..., WEEKLY.index("reach")] = [
            [[9.0, 0.1, 0.1, 0.1]],
            [[9.0, 0.2, 0.3, 0.4]],
            [[0.0] * 4],
        ]
        self.worlds = SimpleNamespace(weekly=weekly)

    def difference(self, name: str, measure: str) -> np.ndarray:
        return np.full((1, 2), self.differences[measure][self.names.index(name)])

    def cost_per_person(self, name: str) -> np.ndarray:
        return np.array([{"usual": 0.0, "a": 8.0, "b": 16.0}[name]])


@pytest.mark.parametrize(
    ("aim", "names", "means"),
    [
        # Means over the weeks after the start: usual care 10%, a 30%, b nothing.
        ("reach", ("a", "usual", "b"), (20.0, 0.0, -10.0)),
        ("practice", ("b", "a", "usual"), (20.0, 10.0, 0.0)),
        ("support", ("b", "a", "usual"), (4.0, 3.0, 0.0)),
        ("recovery", ("a", "b", "usual"), (2.0, 1.0, 0.0)),
        # 50 people: 400 for 10 reached, 800 for 40; 400 for 100 points, 800 for 50.
        ("cost-per-person-reached", ("b", "a"), (20.0, 40.0)),
        ("cost-per-qpr-point", ("a", "b"), (4.0, 16.0)),
    ],
)
def test_each_aim_ranks_on_its_own_outcome(
    aim: str, names: tuple[str, ...], means: tuple[float, ...]
) -> None:
    found: Any = rankings_of(Comparison())  # type: ignore[arg-type]
    assert found[aim].names == names
    assert found[aim].means == pytest.approx(means)


def test_the_frontier_of_a_comparison_is_of_all_people_together() -> None:
    found = frontier_of(Comparison())  # type: ignore[arg-type]
    assert [(one.name, one.cost, one.effect) for one in found] == [
        ("usual", 0.0, 0.0),
        ("a", 400.0, 100.0),
        ("b", 800.0, 50.0),
    ]
    assert found[1].step_cost == 4.0
    assert found[2].beaten_by == "a"


def test_of_equal_cost_the_better_and_of_equal_effect_the_cheaper_stays() -> None:
    found = {one.name: one for one in frontier("uabc", (0.0, 5.0, 5.0, 7.0), (0.0, 1.0, 2.0, 2.0))}
    assert (found["a"].beaten_by, found["b"].beaten_by, found["c"].beaten_by) == ("b", "", "b")
    straight = frontier("uab", (0.0, 5.0, 10.0), (0.0, 1.0, 2.0))
    assert not any(one.beaten_by for one in straight), "a mix on the line is no better"


def test_places_are_counted_from_one() -> None:
    found = ranked(RECOVERY, ("usual", "a"), columns(np.zeros(20), np.ones(20)))
    rows = ranking_rows([found])
    assert rows["place"].tolist() == [1, 2]
    assert rows["strategy"].tolist() == ["a", "usual"]
    assert rows["not told from the first"].tolist() == [True, False]
