"""A baseline in a parallel trial, and tests of cluster means: beside matrices of all people."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.power import parallel_test as module
from sim.trials.power.parallel_test import Outcome, parallel_tests
from tests.trials.parallel import parallel_test

OUTCOME = Outcome(10.0, 0.1, 0.8, 0.6)
ONE = np.zeros(16, int)
ARM = np.repeat([0.0, 1.0], 8)


def test_what_a_baseline_leaves() -> None:
    """Half of it: 10 (1.25 - .8) between clusters, 90 (1.25 - .6) within."""
    own = Outcome(10.0, 0.1, 0.8, 0.6, 2.0, 0.3)
    found = own.left(0.5)
    assert (found.cluster, found.residual, found.treatment) == pytest.approx((4.5, 58.5, 4.0))
    # .3 x .5 x root 8, in units of root 4.5.
    assert found.treatment_correlation == pytest.approx(0.2)
    lasting = Outcome(10.0, 0.1, 1.0, 1.0, 2.0, 0.3).left(1.0)
    assert (lasting.cluster, lasting.residual, lasting.treatment_correlation) == (0.0, 0.0, 0.0)
    tiny = Outcome(0.01, 0.5, 1.0, 0.0, 2.0, 0.3).left(0.0)
    assert tiny.treatment_correlation == pytest.approx(0.3), "however small the variance"
    plain = Outcome(10.0, 0.1, 0.8, 0.6).left(0.0)
    assert plain == VarianceComponents(90.0, 10.0)


def blocks(people: np.ndarray, between: float, within: float) -> np.ndarray:
    """Return the covariance of all people of some clusters."""
    team = np.repeat(np.arange(len(people)), people.astype(int))
    return between * (team[:, None] == team) + within * np.eye(len(team))


@pytest.mark.parametrize(("clusters", "size"), [(6, 3.0), (16, 1.0), (8, 10.0)])
def test_the_slope_is_that_of_a_mixed_model_of_all_people(clusters: int, size: float) -> None:
    """Expected sums of squares and products under a model with arms and its own variances."""
    arm, people = np.repeat([0.0, 1.0], clusters // 2), np.full(clusters, size)
    found = module._slope(arm, people, OUTCOME)
    x = np.repeat(np.column_stack([1.0 - arm, arm]), int(size), axis=0)
    slope = 0.5
    for _ in range(60):
        left = OUTCOME.left(slope)
        W = np.linalg.inv(blocks(people, left.cluster, left.residual))
        P = W - W @ x @ np.linalg.solve(x.T @ W @ x, x.T @ W)
        squares = np.trace(P @ blocks(people, 10.0, 90.0))
        slope = np.trace(P @ blocks(people, 8.0, 54.0)) / squares
    assert found.value == pytest.approx(slope, rel=1e-9)
    assert found.variance == pytest.approx(1.0 / squares, rel=1e-9)
    inside = clusters * (size - 1.0) * 90.0 / left.residual
    assert found.between == pytest.approx(1.0 - inside / squares, abs=1e-9)


def test_a_slope_of_unequal_clusters_weighs_them_by_what_they_tell() -> None:
    arm, people = np.tile([0.0, 1.0], 20), np.tile([1.0, 2.0, 10.0, 10.0], 10)
    found = module._slope(arm, people, OUTCOME)
    x = np.repeat(np.column_stack([1.0 - arm, arm]), people.astype(int), axis=0)
    left = OUTCOME.left(found.value)
    W = np.linalg.inv(blocks(people, left.cluster, left.residual))
    P = W - W @ x @ np.linalg.solve(x.T @ W @ x, x.T @ W)
    squares = np.trace(P @ blocks(people, 10.0, 90.0))
    slope = np.trace(P @ blocks(people, 8.0, 54.0)) / squares
    assert found.value == pytest.approx(slope, rel=5e-4)
    assert found.variance == pytest.approx(1.0 / squares, rel=1e-3)


def test_the_slope_over_all_people_ignores_clusters() -> None:
    people = np.array([2.0, 3.0, 7.0, 1.0])
    found = module._pooled_slope(people, OUTCOME)
    centre = np.eye(13) - 1.0 / 13.0
    squares = np.trace(centre @ blocks(people, 10.0, 90.0))
    slope = np.trace(centre @ blocks(people, 8.0, 54.0)) / squares
    assert found.value == pytest.approx(slope)
    assert found.variance == pytest.approx(90.0 * (1.0 + slope**2 - 1.2 * slope) / squares)
    assert found.between == 0.0


def test_means_of_unequal_clusters_by_hand() -> None:
    """Control of 2, 4 and 4 people: 4 + 20 (1/2 + 1/4 + 1/4) / 3; treated of 5 and 10 vary more."""
    arm, people = np.array([0.0, 0, 0, 1, 1]), np.array([2.0, 4, 4, 5, 10])
    left = VarianceComponents(20.0, 4.0, treatment=9.0, treatment_correlation=0.5)
    found = module._of_means(arm, people, left, 3.0)
    control, treated = 4.0 + 20.0 / 3.0, 4.0 + 9.0 + 6.0 + 3.0
    assert found.se == pytest.approx(sqrt(control / 3 + treated / 2))
    pooled = (2 * control + treated) / 3
    assert found.model_se == pytest.approx(sqrt(pooled * (1 / 3 + 1 / 2)))
    assert found.df == 3.0
    each = np.array([14.0, 9.0, 9.0, 23.0, 21.0])
    assert found.spread_df == pytest.approx(3.0 * each.mean() ** 2 / (each**2).mean())
    single = module._of_means(arm, people, left, 1.0)
    assert single.spread_df == 1.0, "never less than one"


def test_one_cluster_an_arm_leaves_the_pooled_variance_of_the_other() -> None:
    found = module._of_means(np.array([0.0, 1, 1]), np.array([2.0, 5, 5]), OUTCOME.left(0.0), 1.0)
    assert found.model_se == pytest.approx(sqrt((10.0 + 90.0 / 5.0) * 1.5))


def test_the_errors_of_a_baseline_count_where_arms_differ_by_chance() -> None:
    """A test of means: its slope has a variance of its own, by which arms' baselines count."""
    people = np.full(16, 5.0)
    found = parallel_test(ARM, people, ONE, OUTCOME, "ancova", "cluster-summary")
    slope = module._pooled_slope(people, OUTCOME)
    left = OUTCOME.left(slope.value)
    variance = (left.cluster + left.residual / 5.0 + slope.variance * (10.0 + 90.0 / 5.0)) / 4.0
    assert found.se == pytest.approx(sqrt(variance))
    assert found.model_se == pytest.approx(sqrt(variance))
    assert (found.df, found.spread_df) == (14.0, 14.0)
    change = parallel_test(ARM, people, ONE, OUTCOME, "change", "cluster-summary")
    # Less the baseline itself: 10 x .4 between clusters, 90 x .8 within.
    assert change.se == pytest.approx(sqrt((4.0 + 72.0 / 5.0) / 4.0))
    plain = parallel_test(ARM, people, ONE, OUTCOME, "follow-up", "cluster-summary")
    assert plain.se == pytest.approx(sqrt((10.0 + 18.0) / 4.0))


@pytest.mark.parametrize("test", ["kenward-roger", "satterthwaite", "between-within"])
def test_a_slope_between_clusters_spends_a_degree_of_freedom(test: str) -> None:
    """One person a cluster: all of the slope lies between clusters; by rule none is spent."""
    people = np.full(16, 3.0)
    slope = module._slope(ARM, people, OUTCOME)
    assert 0.05 < slope.between < 0.95
    found = parallel_test(ARM, people, ONE, OUTCOME, "ancova", test)
    spent = 0.0 if test == "between-within" else slope.between
    assert found.df == pytest.approx(14.0 - spent)
    assert found.spread_df == pytest.approx(14.0 - slope.between)
    # At a variance of zero people count for Satterthwaite: 48 less two means.
    floor = {"kenward-roger": 14.0 - spent, "satterthwaite": 46.0 - spent, "between-within": 14.0}
    assert found.floor_df == pytest.approx(floor[test])
    near = 14.0 - spent if test == "satterthwaite" else None
    assert found.near_df == (None if near is None else pytest.approx(near))
    left = OUTCOME.left(slope.value)
    baseline = slope.variance * (10.0 + 90.0 / 3.0)
    assert found.se == pytest.approx(sqrt((left.cluster + left.residual / 3.0 + baseline) / 4.0))


def test_strata_take_degrees_of_freedom_and_those_of_nobody_do_not() -> None:
    strata = np.tile([0, 1], 8)
    people = np.full(16, 5.0)
    assert parallel_test(ARM, people, strata, OUTCOME, test="cluster-summary").df == 13.0
    without = np.where(strata == 1, 0.0, people)
    found = parallel_test(ARM, without, strata, OUTCOME, test="cluster-summary")
    assert found.df == 6.0, "eight clusters of one stratum"
    rule = parallel_test(ARM, people, strata, OUTCOME, test="between-within")
    assert rule.df == 13.0


def test_the_least_trial_has_a_degree_of_freedom_and_both_arms() -> None:
    arm = np.array([0.0, 0.0, 1.0, 1.0])
    none = np.zeros(4, int)
    least = np.array([5.0, 5.0, 5.0, 0.0])
    assert parallel_test(arm, least, none, OUTCOME, test="cluster-summary").df == 1.0
    for people in ([5.0, 0.0, 5.0, 0.0], [5.0, 5.0, 0.0, 0.0], [0.0, 0.0, 5.0, 5.0]):
        with pytest.raises(InputError, match="^size: of so few people"):
            parallel_test(arm, np.array(people), none, OUTCOME, test="cluster-summary")
    one_arm = np.array([0.0, 0.0, 0.0, 1.0])
    with pytest.raises(InputError, match="^size: of so few people"):
        parallel_test(one_arm, np.array([5.0, 5.0, 5.0, 0.0]), none, OUTCOME)


def test_variances_are_drawn_where_clusters_differ_in_size() -> None:
    equal, unequal = np.full(16, 5.0), np.tile([4.0, 6.0], 8)
    assert parallel_test(ARM, equal, ONE, OUTCOME).drawn is None
    found = parallel_tests(ARM, [equal, unequal], ONE, OUTCOME, "ancova")
    assert all(one.drawn is not None for one in found), "of all trials where one of them differs"
    slope = module._slope(ARM, unequal, OUTCOME)
    assert found[1].drawn is not None
    plain = parallel_tests(ARM, [equal, unequal], ONE, OUTCOME, "follow-up")[1]
    assert plain.drawn is not None
    assert slope.between > 0.0
    # The slope's error is in every draw.
    baseline = 100.0 * (0.1 + 0.9 / unequal)
    more = slope.variance * baseline.mean() / 4.0
    assert (found[1].drawn.se ** 2).min() > more
