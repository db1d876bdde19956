"""Type I error in the REFOCUS design: a quick look at what the documentation tabulates in full."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.cluster_tests import cluster_summary_test
from sim.trials.analyses.type_one_error import (
    TESTS,
    drawn_arms,
    normal_error,
    normal_trials,
    rejections,
    relabelled_error,
    summary_p,
    teams,
)
from sim.trials.fits.random_intercept_compiled import fit_random_intercept_batch

N = 3000


@pytest.mark.parametrize("icc", [0.01, 0.05, 0.1])
def test_the_recommended_test_keeps_its_level(icc: float) -> None:
    got = normal_error(icc, N, seed=3)
    slack = 3 * math.sqrt(0.05 * 0.95 / N)
    assert got.rates["Kenward-Roger"] < 0.055 + slack
    assert got.rates["Kenward-Roger"] > 0.02
    assert 0.045 - slack < got.rates["cluster-summary t"] < 0.055 + slack
    assert got.failed == 0.0
    assert got.monte_carlo_se["Kenward-Roger"] == pytest.approx(
        math.sqrt(got.rates["Kenward-Roger"] * (1 - got.rates["Kenward-Roger"]) / N)
    )


def test_singular_fits_are_shown_and_go_with_small_icc() -> None:
    small, large = normal_error(0.0, 1000), normal_error(0.1, 1000)
    assert small.singular > 0.4 > 0.1 > large.singular
    assert small.rates["Kenward-Roger"] < large.rates["Kenward-Roger"]
    assert set(small.rates) == set(TESTS)


def test_arms_are_drawn_within_trusts() -> None:
    trust, chosen = teams()
    arms = drawn_arms(trust, chosen, 400, np.random.default_rng(0))
    assert (arms[:, trust == 0].sum(axis=1) == 9).all()
    assert (arms[:, trust == 1].sum(axis=1) == 5).all()
    assert arms.mean(axis=0) == pytest.approx(np.where(trust == 0, 0.5, 5 / 9), abs=0.12)


def test_outcomes_have_the_correlations_of_the_setting() -> None:
    """ICC .4, of which .8 lasts; of the rest .6 stays with a person; variance 1."""
    codes, X, Y = normal_trials(0.4, 300, np.random.default_rng(5), people=4)
    assert np.bincount(codes).tolist() == [4] * 27
    assert (X[..., 0] == 1.0).all()
    assert X[0, :, 3].tolist() == [0.0] * 72 + [1.0] * 36
    assert (X[:, ::4, 1].sum(axis=1) == 14).all()
    base, end = (one.reshape(300, 27, 4) for one in (X[..., 2], Y))
    # 8,100 teams: errors of about .01.
    for first, other, same, another in ((base, base, 1.0, 0.4), (end, end, 1.0, 0.4),
                                        (base, end, 0.32 + 0.36, 0.32)):  # fmt: skip
        assert (first * other).mean() == pytest.approx(same, abs=0.03)
        assert (first[..., :3] * other[..., 1:]).mean() == pytest.approx(another, abs=0.03)
    assert (base[:, :26] * end[:, 1:]).mean() == pytest.approx(0.0, abs=0.02)
    lost = normal_trials(0.4, 300, np.random.default_rng(5), 0.3)[2]
    assert np.isnan(lost).mean() == pytest.approx(0.3, abs=0.01)


def test_each_test_has_degrees_of_freedom_of_its_own() -> None:
    """Effects about where tests begin to reject, 27 teams: 24 degrees of freedom, or infinity."""
    codes, X, Y = normal_trials(0.05, 400, np.random.default_rng(6))
    Y = Y + 0.25 * X[..., 1]
    got = rejections(codes, X, Y)
    fits = fit_random_intercept_batch(codes, X, Y, 1)
    t = np.abs(fits["estimate"] / fits["se"])
    assert got["between-within t"].tolist() == (2.0 * stats.t.sf(t, 24) < 0.05).tolist()
    assert got["z (never)"].tolist() == (2.0 * stats.norm.sf(t) < 0.05).tolist()
    assert (got["z (never)"] != got["between-within t"]).any()
    assert got["Kenward-Roger"].tolist() == (fits["kenward_roger_p"] < 0.05).tolist()
    assert got["Satterthwaite"].tolist() == (fits["satterthwaite_p"] < 0.05).tolist()
    between, within = fits["cluster_variance"], fits["residual_variance"]
    assert got["icc"] == pytest.approx(between / (between + within))
    assert got["singular"].tolist() == (between <= 1e-8 * within).tolist()
    assert not got["failed"].any()
    second, first = summary_p(codes, X, Y)
    assert got["cluster-summary t"].tolist() == (second < 0.05).tolist()
    assert got[TESTS[4]].tolist() == (first < 0.05).tolist()


def test_summary_tests_in_bulk_are_those_of_one_trial() -> None:
    codes, X, Y = normal_trials(0.05, 3, np.random.default_rng(1), lost=0.2)
    second, first = summary_p(codes, X, Y)
    at = np.unique(codes, return_index=True)[1]
    for trial in range(3):
        seen = np.isfinite(Y[trial])
        x, y, team = X[trial][seen], Y[trial][seen], codes[seen]

        def means(columns: list[int], x=x, y=y, team=team) -> np.ndarray:
            left = y - x[:, columns] @ np.linalg.lstsq(x[:, columns], y, rcond=None)[0]
            return np.bincount(team, left) / np.bincount(team)

        arm = X[trial][at, 1] == 1.0
        assert first[trial] == pytest.approx(cluster_summary_test(means([0, 2, 3]), arm).p)
        trust = X[trial][at, 3:4]
        assert second[trial] == pytest.approx(
            cluster_summary_test(means([0, 2]), arm, trust).p, rel=1e-9
        )


def test_a_regression_of_cluster_means_is_least_squares() -> None:
    rng = np.random.default_rng(2)
    means, arm = rng.normal(size=20), np.arange(20) < 9
    covariates = rng.normal(size=(20, 2))
    got = cluster_summary_test(means, arm, covariates)
    x = np.column_stack([np.ones(20), arm, covariates])
    beta, squares, _, _ = np.linalg.lstsq(x, means, rcond=None)
    se = np.sqrt(squares[0] / 16 * np.linalg.inv(x.T @ x)[1, 1])
    assert (got.estimate, got.se, got.df) == pytest.approx((beta[1], se, 16.0))
    assert got.p == pytest.approx(2 * stats.t.sf(abs(beta[1] / se), 16))
    without = cluster_summary_test(means, arm, np.ones((20, 1)))
    assert without.p == pytest.approx(stats.ttest_ind(means[arm], means[~arm]).pvalue)
    with pytest.raises(InputError, match="an arm has no cluster"):
        cluster_summary_test(means[:4], arm[:4] & ~arm[:4], covariates[:4])
    with pytest.raises(InputError, match="too few"):
        cluster_summary_test(means[7:11], arm[7:11], covariates[7:11])


def test_an_effect_is_found_by_every_test() -> None:
    codes, X, Y = normal_trials(0.02, 40, np.random.default_rng(3))
    got = rejections(codes, X, Y + 2.0 * X[..., 1])
    for test in TESTS:
        assert got[test].all(), test


def test_labels_drawn_anew_on_agent_based_data() -> None:
    """Whatever the model makes of teams, arms that mean nothing are rarely told apart."""
    from sim.posterior.choose import chosen_draws

    draws = chosen_draws(20, prior_only=True).draws
    (got,) = relabelled_error(draws, 60, seed=5)
    error = max(got.monte_carlo_se["Kenward-Roger"], 0.004)
    assert got.rates["Kenward-Roger"] < 0.055 + 3 * error
    assert abs(got.rates["cluster-summary t"] - 0.05) < 0.005 + 4 * error
    assert got.trials == 20 * 60


def test_what_cannot_be_counted() -> None:
    one = normal_error(0.0, 1, setting="one")
    assert (one.trials, one.setting, set(one.rates.values()) <= {0.0, 1.0}) == (1, "one", True)
    with pytest.raises(InputError, match="icc = -0.01"):
        normal_error(-0.01, 5)
    with pytest.raises(InputError, match="trials = 0"):
        normal_error(0.05, 0)
    with pytest.raises(InputError, match="icc = 1"):
        normal_error(1.0, 5)
    with pytest.raises(InputError, match="at least 2 allocations"):
        relabelled_error([{}], 1)
