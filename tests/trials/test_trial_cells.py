"""Cells of a trial and what a test can be expected to do with them, beside all of its people."""

from __future__ import annotations

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.power import expected_test as module
from sim.trials.power.expected_test import (
    WorkingModel,
    expected_test,
    expected_tests,
    kernels,
    named_variances,
    people_covariance,
    stacked,
    trial_cells,
    true_covariance,
)

nan = np.nan
SCHEDULE = np.array([[0, 1, 1], [0, nan, 1], [0, 1, 1], [0, 0, 1]], float)
PEOPLE = np.array([[5, 3, 4], [4, 9, 2], [5, 3, 4], [2, 6, 0]], float)
ARM, ONES = np.repeat([[0.0], [1.0]], 8, axis=0), np.full((16, 1), 10.0)
TRUTH = VarianceComponents(90.0, 6.0)


def test_clusters_that_are_alike_stand_once_with_their_columns() -> None:
    cells = trial_cells(SCHEDULE, PEOPLE)
    assert cells.people.tolist() == [[2, 6, 0], [4, 0, 2], [5, 3, 4]]
    assert cells.treated.tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 1]]
    assert cells.times.tolist() == [1.0, 1.0, 2.0]
    assert cells.columns[2].tolist() == [[1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1]]
    assert cells.columns[1].tolist() == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 1]]
    assert cells.means.tolist() == cells.treated.tolist()
    strata = trial_cells(SCHEDULE, PEOPLE, np.array([0, 1, 0, 1]))
    assert strata.columns.shape[-1] == 5
    assert sorted(strata.columns[:, 0, 3].tolist()) == [0.0, 1.0, 1.0]
    shares = np.array([[0, 0.5, 1], [7, 7, 0.5], [0, 0.5, 1], [0, 0, 7]])
    shared = trial_cells(SCHEDULE, PEOPLE, shares=shares)
    assert shared.means.tolist() == [[0, 0, 0], [7, 0, 0.5], [0, 0.5, 1]]
    exposure = np.stack([SCHEDULE == 1, SCHEDULE == 9], axis=-1).astype(float)
    by_exposure = trial_cells(SCHEDULE, PEOPLE, by_exposure=exposure)
    assert by_exposure.columns[..., -1].tolist() == cells.treated.tolist(), "the tested one is last"
    unseen = trial_cells(SCHEDULE[:, :2], np.where(np.arange(2) == 1, 0.0, PEOPLE[:, :2]))
    assert unseen.columns.shape[-1] == 2, "a period that nobody is measured in has no column"


def test_true_means_that_the_fixed_part_does_not_have() -> None:
    for shares, beyond in (
        (None, False),
        (2.0 * np.nan_to_num(SCHEDULE), False),
        (np.nan_to_num(SCHEDULE) + 1e-10 * np.eye(4, 3), False),
        # All are treated in the last period, so that the period has what the effect has not.
        (np.nan_to_num(SCHEDULE) * np.array([0.0, 0.5, 1.0]), False),
        (np.nan_to_num(SCHEDULE) * np.array([[1.0], [0.5], [1.0], [1.0]]), True),
        (np.nan_to_num(SCHEDULE) + 1e-4 * np.eye(4, 3), True),
    ):
        cells = trial_cells(SCHEDULE, PEOPLE, shares=shares)
        assert cells.beyond_columns == beyond


def test_covariances_of_cell_means_by_hand() -> None:
    cells = trial_cells(SCHEDULE, PEOPLE, stay=0.5)
    found = kernels(cells, ("cluster", "cluster-period", "person", "treatment"))
    residual, cluster, period, person, treatment = found[:, 2]
    assert residual == pytest.approx(np.diag([1 / 5, 1 / 3, 1 / 4]))
    assert cluster.tolist() == np.ones((3, 3)).tolist()
    assert period.tolist() == np.eye(3).tolist()
    assert person == pytest.approx(
        np.array([[0.2, 0.1, 0.05], [0.1, 1 / 3, 0.125], [0.05, 0.125, 0.25]])
    )
    assert treatment.tolist() == [[0, 0, 0], [0, 1, 1], [0, 1, 1]]
    assert found[1, 1].tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]], "nothing of what is not seen"
    truth = VarianceComponents(8.0, 4.0, 1.0, 2.0, 9.0, 0.5, individual_decay=0.5)
    whole = true_covariance(cells, truth)[2]
    crossed = 0.5 * 6.0 * np.array([[0, 1, 1], [1, 2, 2], [1, 2, 2]])
    wanted = 8.0 * residual + 4.0 * cluster + period + 2.0 * person + 9.0 * treatment + crossed
    assert whole == pytest.approx(wanted)
    assert list(named_variances(truth).values()) == [4.0, 1.0, 2.0, 9.0]
    own = people_covariance(truth, cells, np.array([0, 2]))
    assert own == pytest.approx(np.array([[10.0, 0.5], [0.5, 10.0]]))


def test_people_within_cells_have_the_contrasts_that_are_left() -> None:
    """34 people in 10 cells; in the cluster not seen throughout 6 people in 2 cells."""
    model = WorkingModel(trial_cells(SCHEDULE, PEOPLE), ("cluster", "person"))
    assert float(model.within_df) == 32.0 + 6.0 - 10.0 + 8.0 - 8.0
    by_pattern = {tuple(at.tolist()): float(times) for at, times in model.within}
    # A mean of 4 people in 2 clusters, of 3, and of 4: each less one.
    assert by_pattern == {(0, 1, 2): 6.0, (0, 2): 2.0, (0, 1): 3.0}
    variances = np.array([2.0, 5.0, 3.0])
    assert model.of_people(variances, np.array([0, 1])).tolist() == [[5.0, 3.0], [3.0, 5.0]]
    found = model.information_within(variances)
    wanted = np.zeros((3, 3))
    for at, times in by_pattern.items():
        parts = {0: np.eye(len(at)), 2: np.ones((len(at), len(at)))}
        W = np.linalg.inv(2.0 * parts[0] + 3.0 * parts[2])
        for i, one in parts.items():
            for j, other in parts.items():
                wanted[i, j] += 0.5 * times * np.trace(W @ one @ W @ other)
    assert found == pytest.approx(wanted)


def test_trials_of_other_numbers_of_clusters_stand_in_one() -> None:
    one = trial_cells(SCHEDULE, PEOPLE, stay=0.5)
    two = trial_cells(SCHEDULE[:3], PEOPLE[:3], stay=0.5)
    both = stacked([one, two])
    assert both.people.shape == (2, 3, 3)
    assert both.people[1].tolist() == [*two.people.tolist(), [0.0, 0.0, 0.0]]
    assert both.times.tolist() == [[1.0, 1.0, 2.0], [1.0, 2.0, 0.0]]
    assert both.stay == 0.5


@pytest.mark.parametrize("test", ["kenward-roger", "satterthwaite", "between-within"])
def test_equal_clusters_are_a_t_test_of_their_means(test: str) -> None:
    """16 clusters of 10: a mean varies by 6 + 9; at zero 9 of 15 is left, and 158 people count."""
    df = 14.0 if test == "between-within" else None
    found = expected_test(trial_cells(ARM, ONES), TRUTH, ("cluster",), test=test, df=df)
    assert (found.se, found.model_se) == pytest.approx((sqrt(15 / 4), sqrt(15 / 4)))
    assert (found.df, found.spread_df, found.pooled_df) == pytest.approx((14.0, 14.0, 144.0))
    assert found.floor == pytest.approx(sqrt(9 / 15))
    assert found.floor_se == pytest.approx(sqrt(15 / 4))
    assert found.floor_df == pytest.approx(158.0 if test == "satterthwaite" else 14.0)
    assert (found.near_df is not None) == (test == "satterthwaite")
    if found.near_df is not None:
        assert found.near_df == pytest.approx(14.0)
    assert (found.share, found.cost) == pytest.approx((1.0, 0.0))
    plain = module.ExpectedTest(2.0, 2.0, 5.0, 5.0)
    assert (plain.share, plain.floor, plain.floor_se, plain.cost) == (1.0, 0.0, 0.0, 0.0)
    assert (found.spread, found.reckoned_se) == (found.se, found.model_se)
    assert replace(found, cost=0.25).spread == pytest.approx(sqrt(15 / 4 + 0.25))


def dense(people: np.ndarray, values: list[float]) -> tuple[float, float, float]:
    """Return variance, what its weights cost, and Satterthwaite's df, from all people at once."""
    team = np.repeat(np.arange(len(people)), people.astype(int))
    parts = [np.eye(len(team)), (team[:, None] == team).astype(float)]
    W = np.linalg.inv(values[0] * parts[0] + values[1] * parts[1])
    X = np.column_stack([np.ones(len(team)), team % 2]).astype(float)
    M = np.linalg.inv(X.T @ W @ X)
    P = W - W @ X @ M @ X.T @ W
    information = np.array([[0.5 * np.trace(P @ a @ P @ b) for b in parts] for a in parts])
    covariance = np.linalg.inv(information)
    half = M @ X.T @ W
    slope = np.array([(half @ a @ half.T)[1, 1] for a in parts])
    bends = np.array([[(half @ a @ P @ b @ half.T)[1, 1] for b in parts] for a in parts])
    cost = float((covariance * bends).sum())
    return M[1, 1], cost, 2.0 * M[1, 1] ** 2 / float(slope @ covariance @ slope)


def test_weights_that_are_estimated_cost_what_kackar_and_harville_say() -> None:
    """Twelve clusters of 2 to 24 that differ much, so that hardly any variance stops at zero."""
    people = np.arange(2.0, 26.0, 2.0)
    arm = (np.arange(12) % 2).astype(float)[:, None]
    cells = trial_cells(arm, people[:, None])
    truth = VarianceComponents(4.0, 3.0)
    variance, cost, df = dense(people, [4.0, 3.0])
    found = expected_test(cells, truth, ("cluster",))
    assert found.se**2 == pytest.approx(variance)
    assert found.spread_df == pytest.approx(df)
    assert found.cost == pytest.approx(cost, rel=1e-3)
    assert found.model_se**2 == pytest.approx(variance + found.cost)
    plain = expected_test(cells, truth, ("cluster",), test="satterthwaite")
    assert plain.model_se**2 == pytest.approx(variance)
    # Where the variance may stop at zero, its error counts by the chance that it does not.
    truth = VarianceComponents(4.0, 0.2)
    variance, cost, df = dense(people, [4.0, 0.2])
    low = dense(people, [4.0, 0.0])[0]
    found = expected_test(cells, truth, ("cluster",))
    assert found.cost == pytest.approx(cost * stats.chi2.sf(df * low / variance, df))
    bottom = sqrt((low + found.cost) / (variance + found.cost))
    assert found.floor == pytest.approx(bottom)


def test_effects_that_differ_make_one_variance_less_steady() -> None:
    """Control means vary by 15, treated by 45: 30^2 over (15^2 + 45^2) / 2, of 14."""
    truth = replace(TRUTH, treatment=30.0)
    found = expected_test(trial_cells(ARM, ONES), truth, ("cluster",))
    assert found.se == pytest.approx(sqrt((15 + 45) / 8))
    assert found.model_se == pytest.approx(sqrt(30 / 4), rel=0.01)
    assert found.spread_df == pytest.approx(14.0 * 900.0 / 1125.0, rel=0.02)
    known = expected_test(trial_cells(ARM, ONES), TRUTH, ("cluster",))
    assert known.spread_df == pytest.approx(14.0)


def test_what_cannot_be_told_is_refused() -> None:
    late = np.array([[0.0, 1.0]] * 4)
    with pytest.raises(InputError, match="in every period all clusters have the same treatment"):
        expected_test(trial_cells(late, np.full((4, 2), 5.0)), TRUTH, ("cluster",))
    none = trial_cells(np.zeros((4, 1)), np.full((4, 1), 5.0))
    with pytest.raises(InputError, match="no measured cell has the intervention"):
        expected_test(none, TRUTH, ("cluster",))
    with pytest.raises(InputError, match="a cluster's means do not vary"):
        WorkingModel(trial_cells(late, np.full((4, 2), 5.0)), ("cluster",)).inverse(np.zeros(2))


def test_a_rule_may_be_one_for_each_trial() -> None:
    cells = [trial_cells(ARM, ONES), trial_cells(ARM[4:], ONES[4:])]
    found = expected_tests(cells, [TRUTH] * 2, ("cluster",), test="between-within", df=[9.0, 7.0])
    assert [one.df for one in found] == [9.0, 7.0]
    assert [one.floor_df for one in found] == [9.0, 7.0]
    same = expected_tests(cells, [TRUTH] * 2, ("cluster",), df=5.0)
    assert [one.df for one in same] == [5.0, 5.0]
    assert module._lifted(1.0, 0.0) == 0.0
    assert found[0].floor_df < inf
