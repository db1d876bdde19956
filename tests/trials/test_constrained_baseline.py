"""The constrained baseline analysis: what it must equal, and what it gains over others."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.constrained_baseline import fit_constrained_baseline, long_trial
from sim.trials.fits.random_intercept import fit_rows
from tests.trials.closed_forms import baseline_factor, cluster_mean_correlation, parallel_se


def cohort(seed: int, k: int = 26, n: int = 15, effect: float = 0.3) -> tuple[np.ndarray, ...]:
    """Return cluster, arm, baseline and follow-up: ICC .05, CAC .8, IAC .6, variance 1."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(k), n)
    arm = (cluster % 2).astype(float)
    u = np.sqrt(0.04) * rng.normal(size=k)
    person = np.sqrt(0.95 * 0.6) * rng.normal(size=k * n)
    base, end = (
        (u + np.sqrt(0.01) * rng.normal(size=k))[cluster]
        + person
        + np.sqrt(0.95 * 0.4) * rng.normal(size=k * n)
        for _ in range(2)
    )
    return cluster, arm, base, end + effect * arm


def effect_of(fit: object) -> tuple[float, float]:
    at = fit.names.index("arm at follow-up")  # type: ignore[attr-defined]
    return fit.coefficients[at], fit.inference[at].se  # type: ignore[attr-defined]


def test_it_is_generalised_least_squares_at_its_variances() -> None:
    cluster, arm, base, end = cohort(1, k=8, n=5)
    base[3] = end[10] = np.nan
    trial = long_trial(cluster, arm, base, end)
    fit = fit_constrained_baseline(trial)
    v = fit.variances
    V = v["residual"] * np.eye(trial.y.size)
    groups = {"cluster": trial.cluster, "cluster-period": trial.cell, "person": trial.person}
    for name, codes in groups.items():
        V += v[name] * np.equal.outer(codes, codes)
    covariance = np.linalg.inv(trial.X.T @ np.linalg.solve(V, trial.X))
    beta = covariance @ trial.X.T @ np.linalg.solve(V, trial.y)
    estimate, se = effect_of(fit)
    assert estimate == pytest.approx(beta[1], rel=1e-8)
    assert se == pytest.approx(np.sqrt(covariance[1, 1]), rel=1e-8)
    assert trial.y.size == 2 * 40 - 2


def test_standard_error_is_that_of_the_formula() -> None:
    spread = [effect_of(fit_constrained_baseline(long_trial(*cohort(seed)))) for seed in range(80)]
    estimates, errors = np.array(spread).T
    factor = baseline_factor("ancova", cluster_mean_correlation(15, 0.05, 0.8, 0.6))
    expected = parallel_se(1.0, (13, 13), 15, 0.05) * np.sqrt(factor)
    assert errors.mean() == pytest.approx(expected, rel=0.05)
    assert estimates.std() == pytest.approx(expected, rel=4 / np.sqrt(160))
    assert estimates.mean() == pytest.approx(0.3, abs=4 * expected / np.sqrt(80))


def test_a_shift_of_one_arm_at_both_times_is_halfway_between_change_and_follow_up() -> None:
    cluster, arm, base, end = cohort(3)
    moved = effect_of(fit_constrained_baseline(long_trial(cluster, arm, base + arm, end + arm)))[0]
    still = effect_of(fit_constrained_baseline(long_trial(cluster, arm, base, end)))[0]
    assert 0.0 < moved - still < 1.0


def test_people_with_a_baseline_alone_count() -> None:
    """Loss to follow-up that depends on the baseline, in one arm, biases follow-up alone."""
    bias, plain = [], []
    rng = np.random.default_rng(0)
    for seed in range(40):
        cluster, arm, base, end = cohort(seed + 50, effect=0.0)
        lost = rng.random(base.size) < 1 / (1 + np.exp(1 + 2 * base * arm))
        end = np.where(lost, np.nan, end)
        bias.append(effect_of(fit_constrained_baseline(long_trial(cluster, arm, base, end)))[0])
        plain.append(
            fit_rows(cluster, 26, np.column_stack([np.ones(base.size), arm]), end, 1).estimate
        )
    assert abs(np.mean(bias)) < 4 * np.std(bias) / np.sqrt(40)
    assert np.mean(plain) > 0.1


def test_nobody_measured_twice_is_refused() -> None:
    cluster, arm, base, end = cohort(1)
    end = np.where(np.arange(end.size) % 2 == 0, end, np.nan)
    base = np.where(np.isnan(end), base, np.nan)
    with pytest.raises(InputError, match="nobody has both"):
        fit_constrained_baseline(long_trial(cluster, arm, base, end))
