"""What drives an answer: rank correlations against SciPy, and the level of chance by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm, spearmanr

from sim.planning.drivers import Driver, drivers_of, noise_level, varied


def test_correlations_are_spearmans_with_ties_and_the_largest_in_size_comes_first() -> None:
    rng = np.random.default_rng(1)
    answer = np.round(rng.random(30), 1)
    inputs = {"weak": rng.random(30), "down": -answer + 0.2 * rng.random(30)}
    found = drivers_of(answer, inputs)
    assert [one.name for one in found] == ["down", "weak"]
    for one in found:
        assert one.correlation == pytest.approx(spearmanr(answer, inputs[one.name]).statistic)
    assert found[0].correlation < 0.0


def test_twenty_draws_tell_of_drivers_and_nineteen_do_not() -> None:
    values = np.arange(20.0)
    assert [one.name for one in drivers_of(values, {"a": values})] == ["a"]
    assert drivers_of(values[:19], {"a": values[:19]}) == []


def test_what_hardly_varies_still_varies() -> None:
    values = 1e-3 * np.arange(20.0) / 20.0
    assert len(drivers_of(values, {"a": values, "same": np.ones(20)})) == 1
    assert list(varied([{"a": 1.0, "b": 2.0}, {"a": 1.001, "b": 2.0}])) == ["a"]


def test_the_share_of_variance_is_the_square() -> None:
    assert Driver("a", -0.5).share == 0.25


def test_chance_reaches_the_two_sided_limit_shared_among_inputs() -> None:
    """1.96 / sqrt(n - 1) for one input; the 99.75% point for ten."""
    assert noise_level(101, 1) == pytest.approx(0.1959964)
    assert noise_level(26, 10) == pytest.approx(norm.isf(0.0025) / 5.0)
    assert noise_level(2, 1) == pytest.approx(1.959964)
    assert math.isnan(noise_level(1, 1))
    assert math.isnan(noise_level(50, 0))


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
    draws = [{"a": 1.0, "b": float(number)} for number in range(3)]
    assert list(varied(draws)) == ["b"]
