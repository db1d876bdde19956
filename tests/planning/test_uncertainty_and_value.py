"""Splitting uncertainty, probabilities with their error, and value for money."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from sim.planning.drivers import drivers_of, noise_level, varied
from sim.planning.uncertainty import (
    chance_above,
    chance_at_least,
    chance_below,
    chance_of,
    spread_of,
)
from sim.planning.value import (
    acceptability_of,
    net_benefit,
    perfect_information,
    ratio_of,
    top_willingness,
    value_of,
)


def sample(draws: int, reps: int, between: float, within: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (
        1.0
        + between * rng.standard_normal((draws, 1))
        + within * rng.standard_normal((draws, reps))
    )


def test_the_two_kinds_of_spread_are_found_again() -> None:
    found = spread_of(sample(20000, 4, 2.0, 3.0))
    assert found.parameter_sd == pytest.approx(2.0, abs=0.05)
    assert found.noise_sd == pytest.approx(3.0, abs=0.03)
    assert found.low == pytest.approx(1.0 - 1.645 * 2.0, abs=0.1)
    assert found.world_high == pytest.approx(1.0 + 1.645 * math.sqrt(13.0), abs=0.15)


def test_noise_alone_leaves_no_parameter_uncertainty_on_average() -> None:
    found = [spread_of(sample(200, 10, 0.0, 1.0, seed)).parameter_sd for seed in range(40)]
    raw = 1.0 / math.sqrt(10.0)
    assert np.mean(np.square(found)) < 0.1 * raw**2


def test_the_standard_error_is_that_of_repeated_simulation() -> None:
    many = [spread_of(sample(50, 5, 1.0, 2.0, seed)) for seed in range(400)]
    spread_of_means = np.std([one.mean for one in many], ddof=1)
    assert np.mean([one.monte_carlo_se for one in many]) == pytest.approx(spread_of_means, rel=0.1)


def test_nothing_varies_means_exactly_nothing() -> None:
    found = spread_of(np.zeros((6, 3)))
    assert (found.mean, found.monte_carlo_se, found.parameter_sd, found.noise_sd) == (0, 0, 0, 0)
    assert not found.expected.any()


def test_one_draw_or_one_replication_is_not_split() -> None:
    assert math.isnan(spread_of(sample(1, 9, 1.0, 1.0)).parameter_sd)
    one = sample(9, 1, 1.0, 1.0)
    assert math.isnan(spread_of(one).noise_sd)
    np.testing.assert_allclose(spread_of(one).expected, one[:, 0])


def test_an_interval_without_width_is_none() -> None:
    """Draws that differ less than their replications do tell nothing about the parameters."""
    noise = np.array([[-1.0, 1.0], [1.0, -1.0], [-1.1, 1.0]])
    found = spread_of(noise)
    assert found.parameter_sd == 0.0
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert found.world_low < found.world_high
    assert math.isnan(spread_of(np.ones((1, 1))).world_low)
    assert spread_of(np.zeros((4, 2))).low == 0.0, "what is the same in all worlds is known"


def test_missing_values_leave_their_draw_out() -> None:
    values = sample(30, 3, 1.0, 1.0)
    holed = values.copy()
    holed[4, 1] = np.nan
    assert spread_of(holed).mean == pytest.approx(np.delete(values, 4, axis=0).mean())
    assert math.isnan(spread_of(np.full((3, 2), np.nan)).mean)


@given(hits=st.integers(0, 50), n=st.integers(1, 50))
def test_limits_of_a_share_hold_it_and_are_never_a_point(hits: int, n: int) -> None:
    flags = np.arange(n) < min(hits, n)
    found = chance_of(flags, "draws")
    assert 0.0 <= found.low <= found.share <= found.high <= 1.0
    assert found.high > found.low


def test_a_share_of_nought_still_says_what_it_could_be() -> None:
    assert chance_of(np.zeros(200, bool), "draws").high == pytest.approx(0.0188, abs=0.0005)


def test_chances_of_both_sides_add_up() -> None:
    values = sample(500, 4, 1.0, 1.0)
    up, down = chance_at_least(values, 1.3), chance_below(values, 1.3)
    assert up.share + down.share == pytest.approx(1.0)
    true = 0.5 * math.erfc(0.3 / math.sqrt(2.0))
    assert up.low < true < up.high


def test_limits_widen_when_noise_hides_the_sign() -> None:
    """Nothing but noise around nought: the sign of the mean must not pass for knowledge."""
    found = chance_below(sample(20, 2, 0.0, 1.0) - 1.0, 0.0)
    assert found.high - found.low > 0.5


def test_perfect_information_of_two_normal_options() -> None:
    """Known answer: E max(0, X) - max(0, E X) for X normal."""
    mean, sd = 0.4, 1.3
    x = mean + sd * np.random.default_rng(4).standard_normal(400_000)
    benefit = np.stack([np.zeros_like(x), x])[None]
    z = mean / sd
    density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    below = 0.5 * math.erfc(z / math.sqrt(2.0))
    assert perfect_information(benefit)[0] == pytest.approx(sd * density - mean * below, abs=0.004)


def test_acceptability_adds_up_to_one_and_ties_are_shared() -> None:
    rng = np.random.default_rng(2)
    effects, costs = rng.normal(size=(4, 80)), rng.normal(size=(4, 80))
    benefit = net_benefit(effects, costs, np.linspace(0.0, 9.0, 7))
    np.testing.assert_allclose(acceptability_of(benefit).sum(axis=0), 1.0)
    assert (perfect_information(benefit) >= 0.0).all()
    same = np.zeros((1, 2, 5))
    np.testing.assert_allclose(acceptability_of(same), 0.5)
    np.testing.assert_allclose(perfect_information(same), 0.0)


def test_at_no_willingness_to_pay_the_cheapest_is_best() -> None:
    effects, costs = np.array([[0.0, 0.0], [5.0, 6.0]]), np.array([[0.0, 0.0], [9.0, 8.0]])
    curves = acceptability_of(net_benefit(effects, costs, np.array([0.0, 1000.0])))
    np.testing.assert_allclose(curves, [[1.0, 0.0], [0.0, 1.0]])
    assert top_willingness(effects, costs) >= 3 * 8.5 / 5.5


def test_no_gain_has_no_ratio() -> None:
    assert math.isnan(ratio_of(np.ones(5), np.zeros(5)).value)
    mixed = ratio_of(np.ones(4), np.array([1.0, 2.0, -1.0, 2.0]))
    assert math.isnan(mixed.low)
    assert mixed.value == 1.0
    assert mixed.gain.share == 0.75
    assert ratio_of(np.array([2.0, 4.0]), np.array([1.0, 2.0])).value == 2.0


def test_what_drives_an_answer_stands_first_and_noise_stays_within_its_level() -> None:
    rng = np.random.default_rng(5)
    draws = 300
    inputs = {f"noise_{number}": rng.random(draws) for number in range(60)}
    strong = rng.random(draws)
    found = drivers_of(np.exp(3.0 * strong) + 0.1 * rng.random(draws), {**inputs, "strong": strong})
    assert found[0].name == "strong"
    assert found[0].correlation > 0.95
    limit = noise_level(draws, 61)
    assert all(abs(one.correlation) < limit for one in found[1:])


def test_a_constant_answer_has_no_drivers() -> None:
    assert drivers_of(np.zeros(100), {"a": np.arange(100.0)}) == []
    assert drivers_of(np.arange(5.0), {"a": np.arange(5.0)}) == []
    draws = [{"a": 1.0, "b": float(number)} for number in range(3)]
    assert list(varied(draws)) == ["b"]


def test_standard_errors_and_limits_worked_by_hand() -> None:
    # Means of draws 1, 3, 5, 7: variance 20 / 3. Within a draw replications differ by 2: variance
    # 2, its mean 1. Parameters: 20/3 - 1, and a standard error of sqrt(20/3 / 4).
    found = spread_of(np.array([[0.0, 2.0], [2.0, 4.0], [4.0, 6.0], [6.0, 8.0]]))
    assert found.mean == 4.0
    assert found.monte_carlo_se == pytest.approx(math.sqrt(5.0 / 3.0))
    assert found.noise_sd == pytest.approx(math.sqrt(2.0))
    assert found.parameter_sd == pytest.approx(math.sqrt(17.0 / 3.0))
    # The middle 90% of 101 equally spaced values.
    even = spread_of(np.arange(101.0)[:, None])
    assert (even.low, even.high) == (5.0, 95.0)
    assert (even.world_low, even.world_high) == (5.0, 95.0)
    # Wilson's limits of 20 in 100 (Newcombe 1998): 0.1334 to 0.2888.
    chance = chance_of(np.arange(100) < 20, "draws")
    assert chance.monte_carlo_se == pytest.approx(0.04)
    assert (chance.low, chance.high) == pytest.approx((0.13337, 0.28883), abs=1e-5)


def test_one_draw_has_the_error_of_its_replications() -> None:
    """Five runs 0, 1, 2, 3, 4: variance 2.5, error sqrt(2.5 / 5); middle 90% 0.2 to 3.8."""
    found = spread_of(np.array([[0.0, 1.0, 2.0, 3.0, 4.0]]))
    assert found.monte_carlo_se == pytest.approx(math.sqrt(0.5))
    assert found.noise_sd == pytest.approx(math.sqrt(2.5))
    assert (found.world_low, found.world_high) == pytest.approx((0.2, 3.8))
    assert found.expected.tolist() == [2.0]
    assert math.isnan(found.low)
    assert math.isnan(spread_of(np.array([[1.0]])).monte_carlo_se)


def test_expected_values_are_drawn_in_by_the_share_of_the_parameters() -> None:
    """Variance of means 20/3, noise 1: drawn in by the root of 17/20."""
    found = spread_of(np.array([[0.0, 2.0], [2.0, 4.0], [4.0, 6.0], [6.0, 8.0]]))
    factor = math.sqrt(17.0 / 20.0)
    np.testing.assert_allclose(found.expected, 4.0 + factor * np.array([-3.0, -1.0, 1.0, 3.0]))
    assert found.low == pytest.approx(4.0 - 2.7 * factor)
    assert found.high == pytest.approx(4.0 + 2.7 * factor)
    # Means 0 and 0.1 of two draws: variance 0.005, noise of 2 x 0.001 / 2.
    small = spread_of(np.array([[-0.02, 0.02], [0.08, 0.12]]))
    assert small.parameter_sd == pytest.approx(math.sqrt(0.005 - 0.0004))


def test_two_draws_of_two_runs_and_no_draw_at_all() -> None:
    two = spread_of(np.array([[0.0], [1.0]]))
    assert two.monte_carlo_se == pytest.approx(math.sqrt(0.5 / 2.0))
    assert two.parameter_sd == pytest.approx(math.sqrt(0.5))
    none = spread_of(np.full((3, 2), np.nan))
    assert np.isnan(none.expected).tolist() == [True] * 3
    assert math.isnan(none.low + none.high + none.world_low + none.world_high)


@pytest.mark.parametrize(("hits", "n"), [(1, 5), (4, 5), (30, 100), (0, 7), (7, 7)])
def test_limits_of_a_share_are_wilsons(hits: int, n: int) -> None:
    found = chance_of(np.arange(n) < hits, "draws")
    known = binomtest(hits, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((known.low, known.high))
    assert found.monte_carlo_se == pytest.approx(math.sqrt(hits / n * (1 - hits / n) / n))


def test_the_threshold_itself_counts_where_it_is_said() -> None:
    values = np.array([[1.0], [2.0], [3.0], [4.0]])
    assert chance_at_least(values, 2.0).share == 0.75
    assert chance_above(values, 2.0).share == 0.5
    assert chance_below(values, 2.0).share == 0.25
    assert chance_below(values, 2.0, or_equal=True).share == 0.5


def test_one_draw_counts_its_replications_and_none_tells_nothing() -> None:
    one = chance_at_least(np.array([[1.0, 2.0, 3.0, 4.0]]), 2.0)
    assert (one.share, one.of) == (0.75, "replications")
    two = chance_at_least(np.array([[1.0, 1.0], [3.0, 3.0]]), 2.0)
    assert (two.share, two.of) == (0.5, "draws")
    assert math.isnan(chance_at_least(np.full((2, 2), np.nan), 1.0).share)


def test_without_noise_the_bootstrap_says_what_the_binomial_says() -> None:
    """Two far groups: a resampled share is a binomial share, with its SD and 95% limits."""
    found = chance_above(np.repeat([-1.0, 1.0], [40, 60])[:, None], 0.0)
    assert found.monte_carlo_se == pytest.approx(math.sqrt(0.24 / 100.0), rel=0.1)
    assert (found.low, found.high) == pytest.approx((0.505, 0.695), abs=0.02)


def test_taking_the_noise_out_adds_to_the_error_of_a_share() -> None:
    """As many as would be simulated anew: the SD of the share over repeated sets of draws."""
    many = [chance_above(sample(60, 4, 1.0, 2.0, seed), 0.5) for seed in range(60)]
    seen = float(np.std([one.share for one in many], ddof=1))
    told = float(np.mean([one.monte_carlo_se for one in many]))
    binomial = math.sqrt(0.69 * 0.31 / 60)
    assert told > 1.1 * binomial
    assert told == pytest.approx(seen, rel=0.25)


class Comparison:
    """A base and two strategies, with QPR differences and costs a person written in by hand."""

    names = ("a", "usual", "b")
    question = SimpleNamespace(base="usual")

    def difference(self, name: str, measure: str) -> np.ndarray:
        assert measure == "qpr15"
        return np.array([[{"usual": 0.0, "a": 1.0, "b": 2.0}[name]]] * 4)

    def cost_per_person(self, name: str) -> np.ndarray:
        return np.full(4, {"usual": 0.0, "a": 100.0, "b": 300.0}[name])


def test_value_for_money_of_a_comparison_by_hand() -> None:
    comparison: Any = Comparison()
    found = value_of(comparison)
    assert found.names == ("usual", "a", "b")
    # Ratios are 100 and 150 a point: curves end at 450, rounded up to whole hundreds.
    assert (found.willingness[0], found.willingness[-1]) == (0.0, 500.0)
    steps = np.diff(found.willingness)
    assert steps == pytest.approx(12.5), "forty steps"
    # Nothing below 100 a point, a up to 200 for b's second point, b from there on.
    assert [
        int(found.best[np.searchsorted(found.willingness, at)]) for at in (90, 110, 190, 210)
    ] == [
        0,
        1,
        1,
        2,
    ]
    assert (found.acceptability[found.best, np.arange(41)] >= 0.5).all()
    assert (found.perfect_information == 0.0).all()


@pytest.mark.parametrize(
    ("effects", "costs", "top"),
    [
        ([1.0], [400.0], 2000.0),
        ([1.0], [30.0], 200.0),
        ([1.0], [70.0], 300.0),
        ([0.005], [0.005], 200.0),
        ([1.0, 1.0], [100.0, 320.0], 1000.0),
        ([1.0], [1e6], 20_000.0),
        ([-1.0], [400.0], 200.0),
        ([1.0], [-400.0], 200.0),
        ([0.005], [3.0], 2000.0),
        ([100.0], [0.005], 200.0),
    ],
)
def test_curves_end_at_thrice_the_dearest_point_rounded_up(
    effects: list[float], costs: list[float], top: float
) -> None:
    columns = [np.array(one)[:, None] for one in (effects, costs)]
    assert top_willingness(*columns) == top


def test_perfect_information_is_never_below_nought_and_worked_by_hand() -> None:
    """Two draws, +3 and -1 against nothing: E max = 1.5, max E = 1."""
    assert perfect_information(np.array([[[0.0, 0.0], [3.0, -1.0]]])).tolist() == [0.5]


def test_a_ratio_has_the_middle_90_percent_of_its_draws() -> None:
    found = ratio_of(np.arange(21.0), np.ones(21))
    assert (found.value, found.low, found.high) == pytest.approx((10.0, 1.0, 19.0))
    two = ratio_of(np.array([2.0, 6.0]), np.array([2.0, 2.0]))
    assert (two.low, two.high) == pytest.approx((1.1, 2.9))
    assert math.isnan(ratio_of(np.array([2.0]), np.array([2.0])).low)
    assert ratio_of(np.full(3, 1.0), np.full(3, 0.005)).value == pytest.approx(200.0)
    assert math.isnan(ratio_of(np.ones(2), np.array([1.0, -1.0])).value)
