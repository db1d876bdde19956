"""Splitting uncertainty, probabilities with their error, and value for money."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.planning.drivers import drivers_of, noise_level, varied
from sim.planning.uncertainty import chance_at_least, chance_below, chance_of, spread_of
from sim.planning.value import (
    acceptability_of,
    net_benefit,
    perfect_information,
    ratio_of,
    top_willingness,
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
