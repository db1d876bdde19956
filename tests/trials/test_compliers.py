"""The complier-average effect: two-stage least squares, Anderson-Rubin by brute force, coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.trials.analyses.compliers import BOUNDED, UNBOUNDED, as_treated, complier_effect


def trial(seed: int, k: int = 27, effect: float = 3.0) -> tuple[np.ndarray, ...]:
    """Return cluster means, participation and arms; keen clusters do better anyway."""
    rng = np.random.default_rng(seed)
    arm = np.arange(k) < k // 2
    keen = rng.normal(size=k)
    share = np.where(arm, stats.norm.cdf(0.5 * keen + rng.normal(size=k) * 0.5), 0.0)
    return effect * share + 1.5 * keen + rng.normal(size=k) * 0.8, share, arm


def test_estimate_is_two_stage_least_squares() -> None:
    y, d, arm = trial(1)
    Z = np.column_stack([np.ones(y.size), arm])
    X = np.column_stack([np.ones(y.size), d])
    fitted = Z @ np.linalg.lstsq(Z, X, rcond=None)[0]
    beta = np.linalg.solve(fitted.T @ X, fitted.T @ y)
    residual = y - X @ beta
    # With the residuals' mean taken out of each arm, as the cluster-summary test has it.
    for side in (arm, ~arm):
        residual[side] -= residual[side].mean()
    variance = residual @ residual / (y.size - 2)
    se = np.sqrt(variance * np.linalg.inv(fitted.T @ fitted)[1, 1])
    got = complier_effect(y, d, arm)
    assert got.estimate == pytest.approx(beta[1], rel=1e-12)
    assert got.se == pytest.approx(se, rel=1e-9)
    assert got.df == 25


def test_interval_holds_every_effect_that_a_t_test_does_not_reject() -> None:
    y, d, arm = trial(2)
    got = complier_effect(y, d, arm)
    assert got.ci95 is not None
    low, high = got.ci95
    grid = np.linspace(low - 2.0, high + 2.0, 400)
    kept = np.array([stats.ttest_ind((y - x * d)[arm], (y - x * d)[~arm]).pvalue for x in grid])
    assert ((kept > 0.05) == ((grid > low) & (grid < high))).all()
    assert got.p == pytest.approx(stats.ttest_ind(y[arm], y[~arm]).pvalue, rel=1e-9)


def test_full_participation_is_intention_to_treat() -> None:
    y, _, arm = trial(3)
    got = complier_effect(y, arm.astype(float), arm)
    want = stats.ttest_ind(y[arm], y[~arm])
    interval = want.confidence_interval()
    assert got.estimate == pytest.approx(y[arm].mean() - y[~arm].mean())
    assert got.ci95 == pytest.approx((interval.low, interval.high))
    assert got.instrument_t == np.inf
    half = complier_effect(y, 0.5 * arm, arm)
    assert half.estimate == pytest.approx(2 * got.estimate), (
        "half the dose, twice the effect of one"
    )


def test_interval_covers_and_as_treated_does_not() -> None:
    covered, treated_covered, estimates = 0, 0, []
    n = 1500
    for seed in range(n):
        y, d, arm = trial(seed)
        got = complier_effect(y, d, arm)
        naive = as_treated(y[arm], d[arm])
        assert naive is not None
        covered += got.ci95 is None or got.ci95[0] <= 3.0 <= got.ci95[1]
        treated_covered += naive.ci95[0] <= 3.0 <= naive.ci95[1]
        estimates.append(got.estimate)
    error = np.sqrt(0.95 * 0.05 / n)
    assert abs(covered / n - 0.95) < 4 * error
    assert np.median(estimates) == pytest.approx(3.0, abs=0.2)
    assert treated_covered / n < 0.5, "keen clusters make participation look better than it is"


def test_a_weak_instrument_sets_no_bounds() -> None:
    rng = np.random.default_rng(5)
    arm = np.arange(12) < 6
    d = rng.random(12)
    got = complier_effect(rng.normal(size=12), d, arm)
    assert got.interval == UNBOUNDED
    assert got.ci95 is None
    y, d, arm = trial(4)
    assert complier_effect(y, d, arm).interval == BOUNDED
