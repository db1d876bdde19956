"""Splitting uncertainty, and probabilities with their error."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from sim.planning.uncertainty import (
    chance_above,
    chance_at_least,
    chance_below,
    chance_of,
    spread_of,
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
    # Means 0 and 0.1 of two draws: variance 0.005; two runs .04 apart: noise 0.0008 / 2.
    small = spread_of(np.array([[-0.02, 0.02], [0.08, 0.12]]))
    assert small.parameter_sd == pytest.approx(math.sqrt(0.005 - 0.0004))


def test_two_draws_of_one_run_and_no_draw_at_all() -> None:
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
