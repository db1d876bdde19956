"""Rates and measures of performance of a few trials, worked by hand."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, nan, sqrt

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.trial_result import TrialResult, failed_result
from sim.trials.designs.design_file import design_from_table, trial_design
from sim.trials.power.simulated_power import performance, rate, run_trials


def test_wilsons_interval_of_a_share() -> None:
    """The four of Newcombe (1998), table I."""
    for hits, trials, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = rate(hits, trials)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
        p = hits / trials
        assert found.value == p
        assert found.monte_carlo_se == pytest.approx(sqrt(p * (1 - p) / trials))
        assert found.trials == trials
        mirrored = rate(trials - hits, trials)
        assert mirrored.low == pytest.approx(1.0 - found.high)
    assert rate(0, 0).trials == 0
    assert isnan(rate(0, 0).value)


def trial(estimate: float, se: float = 1.0, p: float = 0.5, **changes: float) -> TrialResult:
    own = TrialResult(
        estimate, se, 10.0, p, estimate - 2.0, estimate + 2.0, 1.0, 3.0, False, False, 40, 8
    )
    return replace(own, **changes)


FOUR = [
    trial(1.0, 1.0, 0.049, singular=True),
    trial(2.0, 2.0, 0.05, df=12.0, cluster_variance=2.0, residual_variance=2.0, analysed=50),
    trial(6.0, 2.0, 0.001, df=20.0),
    failed_result(30, 8),
]


def test_performance_of_four_trials_of_which_one_failed() -> None:
    """Estimates 1, 2 and 6 of a true effect of 2: errors -1, 0 and 4, their SD root 7."""
    found = performance(FOUR, 0.05, 2.0)
    assert (found.power.value, found.power.trials) == (0.5, 4)
    assert (found.power_when_fitted.value, found.power_when_fitted.trials) == (2 / 3, 3)
    assert (found.failed.value, found.failed.trials) == (0.25, 4)
    assert (found.singular.value, found.singular.trials) == (0.25, 4)
    assert found.true_effect == 2.0
    assert found.bias == pytest.approx(1.0)
    assert found.bias_se == pytest.approx(sqrt(7 / 3))
    assert found.mean_estimate == pytest.approx(3.0)
    assert found.empirical_se == pytest.approx(sqrt(7.0))
    assert found.empirical_se_error == pytest.approx(sqrt(7.0) / 2.0)
    # Squared errors 1, 4, 4: mean 3, SD root 3.
    assert found.model_se == pytest.approx(sqrt(3.0))
    assert found.model_se_error == pytest.approx(sqrt(3.0) / (2.0 * sqrt(3.0) * sqrt(3.0)))
    assert (found.coverage.value, found.coverage.trials) == (2 / 3, 3)
    assert found.icc == pytest.approx((0.25 + 0.5 + 0.25) / 3)
    assert found.analysed == 40.0
    assert found.df == 12.0
    assert performance(FOUR, 0.0501).power.value == 0.75
    assert performance(FOUR[:1], true_effect=3.0).coverage.value == 1.0, "a limit is inside"
    assert performance(FOUR[:1], true_effect=-1.0).coverage.value == 1.0


def test_what_is_known_of_few_trials() -> None:
    lone = performance(FOUR[:1], 0.05, 2.0)
    assert lone.bias == -1.0
    assert all(map(isnan, (lone.bias_se, lone.empirical_se, lone.empirical_se_error)))
    assert isnan(lone.model_se_error)
    assert lone.model_se == 1.0
    two = performance(FOUR[:2], 0.05, 2.0)
    assert two.bias_se == pytest.approx(0.5)
    assert two.empirical_se_error == pytest.approx(sqrt(0.5) / sqrt(2.0))
    assert two.model_se_error == pytest.approx(sqrt(4.5) / (2.0 * sqrt(2.5) * sqrt(2.0)))
    failed = performance(FOUR[3:], 0.05, 2.0)
    assert all(map(isnan, (failed.bias, failed.mean_estimate, failed.model_se, failed.df)))
    assert all(map(isnan, (failed.icc, failed.coverage.value)))
    assert failed.true_effect == 2.0
    assert failed.analysed == 30.0
    none = performance([], 0.05)
    assert isnan(none.analysed)


def test_true_effects_may_differ_or_be_unknown() -> None:
    """Errors are of each trial's own truth; where one is unknown, so are bias and coverage."""
    found = performance(FOUR, 0.05, np.array([1.0, 1.0, 1.0, 5.0]))
    assert found.true_effect == 2.0
    assert found.bias == pytest.approx(2.0)
    unknown = performance(FOUR, 0.05, np.array([1.0, nan, 1.0, 4.0]))
    assert unknown.true_effect == 2.0
    assert isnan(unknown.bias)
    assert isnan(unknown.bias_se)
    assert (isnan(unknown.coverage.value), unknown.coverage.trials) == (True, 0)
    assert unknown.empirical_se == pytest.approx(sqrt(7.0))
    assert isnan(performance(FOUR).true_effect)
    without = performance([trial(1.0, cluster_variance=nan), trial(2.0)])
    assert without.icc == 0.25


def test_trials_are_at_least_one() -> None:
    file = design_from_table(
        {"design": {"type": "parallel", "clusters": 4}, "statistical": {"effect": 1.0}}
    )
    with pytest.raises(InputError, match="trials = 0: must be at least 1"):
        run_trials(None, trial_design(file), 0)  # type: ignore[arg-type]
