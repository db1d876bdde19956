"""Tests at the level of clusters: worked values, and their bounds."""

from __future__ import annotations

from itertools import combinations
from math import nan, sqrt

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses import cluster_tests
from sim.trials.analyses.cluster_tests import (
    between_within_df,
    cluster_means,
    cluster_permutation_test,
    cluster_summary_test,
    constant_within,
    nested,
    nested_groupings,
    permuted,
    two_arms,
)
from sim.trials.fits.cell_sums import RandomEffect

MEANS = np.array([4.0, 6.0, 5.0, 7.5, 8.0, 11.0, 9.5])
ARMS = np.array([0, 0, 0, 0, 1, 1, 1], bool)


def test_an_estimate_has_students_test() -> None:
    found = cluster_tests.t_test(3.0, 0.5, 7.0)
    assert (found.t, found.p) == pytest.approx((6.0, 2.0 * stats.t.sf(6.0, 7)))
    half = 0.5 * stats.t.ppf(0.975, 7)
    assert found.ci95 == pytest.approx((3.0 - half, 3.0 + half))


def test_means_of_what_covariates_leave() -> None:
    clusters = np.array([0, 0, 1, 1, 1])
    y = np.array([1.0, 3.0, 4.0, 5.0, 9.0])
    found = cluster_means(y, np.ones((5, 1)), clusters)
    assert found == pytest.approx(np.array([2.0, 6.0]) - 4.4)


def test_arms_are_two_values_of_whole_clusters() -> None:
    clusters = np.array([0, 0, 1, 1, 2])
    found = two_arms(np.array([2.0, 2.0, 5.0, 5.0, 2.0]), clusters)
    assert found is not None
    assert (found[0].tolist(), found[1]) == ([False, True, False], 3.0)
    assert two_arms(np.array([0.0, 1.0, 1.0, 1.0, 0.0]), clusters) is None
    assert two_arms(np.array([0.0, 0.0, 1.0, 1.0, 2.0]), clusters) is None
    assert two_arms(np.ones(5), clusters) is None


@pytest.mark.parametrize("unit", [1e-6, 1.0])
def test_cluster_summary_is_students_test(unit: float) -> None:
    found = cluster_summary_test(unit * MEANS, ARMS)
    student = stats.ttest_ind(MEANS[ARMS], MEANS[~ARMS])
    assert (found.t, found.p, found.df) == pytest.approx((student.statistic, student.pvalue, 5.0))
    assert found.estimate == pytest.approx(unit * (9.5 - 5.625))


def test_cluster_summary_with_pairs_and_its_limits() -> None:
    pairs = np.repeat([[1.0, 0], [0, 1.0], [0, 0]], 2, axis=0)
    arms = np.array([0, 1] * 3, bool)
    found = cluster_summary_test(MEANS[:6], arms, pairs)
    paired = stats.ttest_rel(MEANS[1:6:2], MEANS[:6:2])
    assert (found.p, found.df) == pytest.approx((paired.pvalue, 2.0))
    assert cluster_summary_test(MEANS[:3], np.array([False, False, True])).df == 1.0
    with pytest.raises(InputError, match="too few are left"):
        cluster_summary_test(MEANS[:2], np.array([False, True]))
    with pytest.raises(InputError, match="covariates tell the arms, or an arm has no cluster"):
        cluster_summary_test(MEANS, np.ones(7, bool))
    with pytest.raises(InputError, match="tell the arms"):
        cluster_summary_test(MEANS, ARMS, ARMS[:, None].astype(float))
    with pytest.raises(InputError, match="must vary within an arm"):
        cluster_summary_test(np.where(ARMS, 3.0, 1.0), ARMS)


def test_permutation_lists_every_allocation() -> None:
    found = cluster_permutation_test(MEANS, ARMS)
    every = [MEANS[list(one)].sum() for one in combinations(range(7), 3)]
    apart = [abs(one / 3.0 - (MEANS.sum() - one) / 4.0) for one in every]
    assert (found.exact, found.n_allocations, found.monte_carlo_se) == (True, 35, 0.0)
    assert found.estimate == pytest.approx(9.5 - 5.625)
    assert found.p == pytest.approx(np.mean([one >= 3.875 - 1e-9 for one in apart]))
    assert found.smallest_p == pytest.approx(np.mean([one >= max(apart) - 1e-9 for one in apart]))


def test_permutation_flips_within_pairs_beside_a_covariate() -> None:
    arms, pair = np.array([0, 1] * 3, bool), np.repeat([0, 1, 2], 2)
    found = cluster_permutation_test(MEANS[:6], arms, None, pair)
    flips = [abs(a * 2.0 + b * 2.5 + c * 3.0) for a in (1, -1) for b in (1, -1) for c in (1, -1)]
    assert found.n_allocations == 8
    assert found.p == pytest.approx(np.mean([one >= 7.5 - 1e-9 for one in flips]))
    other = np.array([1.0, 4.0, 2.0, 3.0, 2.0, 5.0])
    beside = cluster_permutation_test(MEANS[:6], arms, other[:, None], pair)
    x = np.column_stack([np.ones(6), other, arms])
    assert beside.estimate == pytest.approx(np.linalg.lstsq(x, MEANS[:6], rcond=None)[0][2])


def test_permutation_draws_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_tests, "LISTED_ALLOCATIONS", 35)
    listed = cluster_permutation_test(MEANS, ARMS)
    assert listed.exact
    monkeypatch.setattr(cluster_tests, "LISTED_ALLOCATIONS", 34)
    found = cluster_permutation_test(MEANS, ARMS, draws=999, seed=3)
    assert not found.exact
    assert found.p == pytest.approx(listed.p, abs=0.02)
    assert found.n_allocations == 999


def test_share_of_estimates_at_least_as_large() -> None:
    others = np.array([1.0, -2.0, 2.0, 3.0, nan])
    found = permuted(2.0, others, True, 1e-9)
    assert (found.p, found.smallest_p, found.n_allocations) == (0.8, 0.4, 5)
    drawn = permuted(-2.0, others, False, 1e-9)
    assert drawn.p == pytest.approx(5 / 6)
    assert drawn.smallest_p == pytest.approx(1 / 6)
    assert drawn.monte_carlo_se == pytest.approx(sqrt(5 / 36 / 5))
    assert permuted(2.0, others, True, 1.5).p == 1.0


def test_groupings_and_what_is_constant_in_them() -> None:
    coarse, fine = np.array([0, 1, 0, 1]), np.array([0, 2, 1, 2])
    columns = np.array([[1.0, 5.0], [2.0, 5.0], [1.0, 6.0], [2.0, 5.0]])
    assert constant_within(columns, coarse).tolist() == [True, False]
    assert nested(fine, coarse)
    assert not nested(coarse, fine)
    crossed = np.array([0, 0, 1, 1])
    effects = [RandomEffect("fine", fine), RandomEffect("wave", crossed)]
    effects.append(RandomEffect("slope", coarse, np.ones(4)))
    assert [one.tolist() for one in nested_groupings(effects, coarse)] == [fine.tolist()]
    assert [one.tolist() for one in nested_groupings(effects[1:], coarse)] == [coarse.tolist()]


def test_degrees_of_freedom_level_by_level() -> None:
    """Six clusters of two visits of two rows; columns that vary first at each level."""
    clusters, visits = np.repeat(np.arange(6), 4), np.repeat(np.arange(12), 2)
    ones, arm = np.ones(24), (clusters % 2).astype(float)
    late, row = (visits % 2).astype(float), np.tile([0.0, 1.0], 12)
    x = np.column_stack([ones, arm, late, row])
    both = [visits, clusters]
    assert between_within_df(x, 1, both) == (6.0 - 2.0, "between")
    assert between_within_df(x, 2, both) == (12.0 - 6.0 - 1.0, "within")
    assert between_within_df(x, 3, both) == (24.0 - 12.0 - 1.0, "within")
    assert between_within_df(x, 3, [clusters]) == (24.0 - 6.0 - 2.0, "within")
    two = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    assert between_within_df(two, 1, [np.array([0, 0, 1, 1])]) == (1.0, "between")
