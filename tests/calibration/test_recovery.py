"""Coverage of synthetic truths: exact binomial limits, ranks and shares, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from calibration.findings.recovery import (
    EFFECT_DRAWS,
    LEVELS,
    Recovery,
    apart,
    binomial_interval,
    central,
    effect_draws,
    observed_as,
    overall,
    recovery_table,
)
from calibration.sampling.emulator import Emulator
from calibration.sampling.fit import EMULATED_LENGTH
from calibration.sampling.likelihood import Data
from calibration.sampling.smc import Sample, generator

NONE = np.array([], int)


@pytest.mark.parametrize("level", LEVELS)
def test_central_ranks_hold_exactly_their_share(level: float) -> None:
    inside = central(np.arange(EFFECT_DRAWS + 1), EFFECT_DRAWS, level)
    assert inside.mean() == level
    assert central(np.arange(100), 99, level).mean() == level
    assert (inside == inside[::-1]).all()


def test_the_middle_90_percent_of_twenty_ranks_leaves_one_out_at_each_end() -> None:
    assert np.flatnonzero(~central(np.arange(20), 19, 0.9)).tolist() == [0, 19]


@pytest.mark.parametrize(("hits", "count"), [(0, 9), (1, 9), (5, 9), (8, 9), (9, 9)])
def test_limits_of_a_share_are_those_of_clopper_and_pearson(hits: int, count: int) -> None:
    known = binomtest(hits, count).proportion_ci(method="exact")
    assert binomial_interval(hits, count) == pytest.approx((known.low, known.high))


def recovered(truths: int = 20) -> Recovery:
    """One parameter and eight effects; the parameter is found exactly, the effects never vary."""
    names = ("parameter", *(f"effect {one}" for one in range(8)))
    line = np.arange(truths, dtype=float)
    values = np.zeros((truths, 9))
    values[:, 0] = line
    ranks = np.tile(((line + 0.5) / truths)[:, None], 9)
    ranks[:, 1] = 0.01
    inside = np.zeros((2, truths, 9), bool)
    inside[0, :10, 0] = True
    inside[1, :, 0] = True
    # Of eight effects: four at 50% in half of the truths, all at 90% in all but one.
    inside[0, :10, 1:5] = True
    inside[1, 1:, 1:] = True
    return Recovery(names, values, 2.0 * values, values, ranks, inside)


def test_the_table_counts_truths_inside_and_tests_their_ranks() -> None:
    first, second, third = recovery_table(recovered())[:3]
    assert (first["cover_50"], first["cover_90"], first["truths"]) == (0.5, 1.0, 20)
    known = binomtest(10, 20).proportion_ci(method="exact")
    assert (first["cover_50_low"], first["cover_50_high"]) == pytest.approx((known.low, known.high))
    assert first["correlation"] == pytest.approx(1.0)
    assert first["uniform_p"] > 0.99
    assert math.isnan(second["correlation"])
    assert second["uniform_p"] < 1e-6
    assert third["cover_90"] == 0.95


def test_what_hardly_varies_has_a_correlation() -> None:
    small = recovered()
    near = Recovery(
        small.names,
        *(1e-4 * one for one in (small.truths, small.means)),
        small.spreads,
        small.ranks,
        small.inside,
    )
    assert recovery_table(near)[0]["correlation"] == pytest.approx(1.0)


def test_coverage_over_all_has_a_standard_error_by_truth() -> None:
    found = overall(recovered())
    assert set(found) == {"parameters 50%", "parameters 90%", "effects 50%", "effects 90%"}
    parameters, effects = found["parameters 50%"], found["effects 50%"]
    assert (parameters["coverage"], parameters["nominal"]) == (0.5, 0.5)
    # Half of twenty truths have 1, the rest 0: SD sqrt(20 x .25 / 19).
    assert parameters["standard_error"] == pytest.approx(math.sqrt(20 * 0.25 / 19 / 20))
    assert effects["coverage"] == 0.25
    assert effects["standard_error"] == pytest.approx(math.sqrt(20 * 0.0625 / 19 / 20))
    assert found["effects 90%"]["coverage"] == pytest.approx(0.95)


def test_a_synthetic_trial_stands_where_the_reported_one_stood() -> None:
    data = Data(("a", "b", "c"), np.array([2, 0]), np.array([9.0, 9.0]), 1, 9.0, NONE, NONE)
    found = observed_as(data, np.array([1.0, 2.0, 3.0]))
    assert found.observed.tolist() == [3.0, 1.0]
    assert (found.selected_value, found.alone) == (2.0, True)
    first = Data(("a", "b"), np.array([1]), np.array([9.0]), 0, 9.0, NONE, NONE)
    assert observed_as(first, np.array([4.0, 5.0])).selected_value == 4.0
    none = Data(("a",), np.array([0]), np.array([9.0]), -1, 9.0, NONE, NONE)
    assert observed_as(none, np.array([1.0])).selected_value == 0.0


def test_effects_are_the_emulated_mean_and_a_residual_of_its_spread() -> None:
    emulator = Emulator(
        np.array([[1.0], [2.0], [0.0]]),
        np.array([[math.log(3.0)], [0.0]]),
        np.eye(1),
        np.zeros((3, 3)),
        np.ones(1),
    )
    scores = np.full((400, 1), 0.5)
    found = effect_draws(emulator, np.array([[-2.0], [2.0]]), scores, 1)
    assert sorted(set(found[:, 0].round(9))) == [-4.0, 8.0]
    assert 150 < (found > 0.0).sum() < 250
    rows = generator(1, 99).integers(0, 2, 400)
    np.testing.assert_array_equal(found[:, 0] > 0.0, rows == 1)
    np.testing.assert_array_equal(
        found, effect_draws(emulator, np.array([[-2.0], [2.0]]), scores, 1)
    )


def test_particles_that_stand_apart_are_last_states_of_different_chains() -> None:
    chains = 5
    scores = np.arange(float(EMULATED_LENGTH * chains))[:, None]
    sample = Sample(scores, np.zeros(len(scores)), [], [], [], [], 0.0, 0)
    last = set(scores[-chains:, 0])
    found = apart(sample, 5, 1)[:, 0]
    assert set(found) == last
    assert set(apart(sample, 3, 1)[:, 0]) < last
    assert len(apart(sample, 7, 1)) == 7
    # Which chains is decided by a key.
    order = generator(4, 2025).permutation(chains)
    assert apart(sample, 3, 4)[:, 0].tolist() == scores[-chains:, 0][order[:3]].tolist()


def test_few_draws_do_not_bias_the_coverage_of_ranks() -> None:
    draws = np.random.default_rng(6).standard_normal((20_000, EFFECT_DRAWS + 1))
    ranks = (draws[:, 1:] < draws[:, :1]).sum(axis=1)
    assert central(ranks, EFFECT_DRAWS, 0.9).mean() == pytest.approx(0.9, abs=0.008)
