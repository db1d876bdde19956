"""The complier-average effect beside Student's test of clusters, at any scale of its numbers."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.compliers import BOUNDED, UNBOUNDED, as_treated, complier_effect

ARMS = np.array([0, 0, 0, 0, 1, 1, 1], bool)
MEANS = np.array([4.0, 6.0, 5.0, 7.5, 8.0, 11.0, 9.5])
SHARES = np.array([0.1, 0.0, 0.2, 0.1, 0.8, 0.6, 0.9])


def students(values: np.ndarray) -> tuple[float, float]:
    """Return the statistic and p of Student's test of the second arm against the first."""
    found = stats.ttest_ind(values[ARMS], values[~ARMS])
    return float(found.statistic), float(found.pvalue)


def test_limits_are_the_effects_that_students_test_just_rejects() -> None:
    found = complier_effect(MEANS, SHARES, ARMS)
    assert found.estimate == pytest.approx((28.5 / 3 - 22.5 / 4) / (2.3 / 3 - 0.1), rel=1e-12)
    assert found.participation == pytest.approx((0.1, 2.3 / 3))
    assert (found.df, found.interval) == (5.0, BOUNDED)
    assert found.ci95 is not None
    assert [students(MEANS - one * SHARES)[1] for one in found.ci95] == pytest.approx([0.05, 0.05])
    assert found.ci95[0] < found.estimate < found.ci95[1]
    t, p = students(MEANS)
    assert found.p == pytest.approx(p)
    assert found.instrument_t == pytest.approx(students(SHARES)[0])
    left = MEANS - found.estimate * SHARES
    pooled = (left[ARMS].var() * 3 + left[~ARMS].var() * 4) / 5
    assert found.se == pytest.approx(np.sqrt(pooled * (1 / 3 + 1 / 4)) / (2.3 / 3 - 0.1))


@pytest.mark.parametrize("outcome", [1e-3, 1e3])
@pytest.mark.parametrize("taken", [1e-3, 1e3])
def test_units_of_outcome_and_participation_change_no_test(outcome: float, taken: float) -> None:
    plain = complier_effect(MEANS, SHARES, ARMS)
    other = complier_effect(outcome * MEANS, taken * SHARES, ARMS)
    turn = outcome / taken
    assert plain.ci95 is not None
    assert other.ci95 is not None
    assert other.estimate == pytest.approx(turn * plain.estimate)
    assert other.se == pytest.approx(turn * plain.se)
    assert other.ci95 == pytest.approx([turn * one for one in plain.ci95])
    assert (other.p, other.instrument_t) == pytest.approx((plain.p, plain.instrument_t))


@pytest.mark.parametrize("taken", [0.01, 0.3, 300.0])
def test_all_of_one_arm_alike_is_the_plain_difference(taken: float) -> None:
    found = complier_effect(MEANS, np.where(ARMS, 2.0 * taken, taken), ARMS)
    ordinary = stats.ttest_ind(MEANS[ARMS], MEANS[~ARMS]).confidence_interval()
    assert found.instrument_t == inf
    assert found.ci95 == pytest.approx([one / taken for one in ordinary])


def test_no_bounds_where_participation_hardly_differs() -> None:
    weak = np.array([0.1, 0.5, 0.3, 0.2, 0.4, 0.6, 0.1])
    found = complier_effect(MEANS, weak, ARMS)
    assert (found.ci95, found.interval) == (None, UNBOUNDED)
    assert found.instrument_t == pytest.approx(students(weak)[0])


def test_a_pair_costs_a_degree_of_freedom_each() -> None:
    pairs = np.repeat([[1.0, 0], [0, 1.0], [0, 0]], 2, axis=0)
    arms = np.array([0, 1] * 3, bool)
    means = np.array([4.0, 7.0, 5.0, 7.5, 6.0, 10.0])
    found = complier_effect(means, arms.astype(float), arms, pairs)
    paired = stats.ttest_rel(means[arms], means[~arms])
    assert (found.df, found.p) == (2.0, pytest.approx(paired.pvalue))
    assert found.ci95 == pytest.approx(list(paired.confidence_interval()))


def test_three_clusters_are_enough_and_one_of_many_is() -> None:
    arms = np.array([0, 0, 1], bool)
    found = complier_effect(np.array([1.0, 2.0, 5.0]), arms.astype(float), arms)
    assert (found.df, found.estimate) == (1.0, pytest.approx(3.5))
    many = np.arange(150) == 7
    means = np.sin(np.arange(150.0)) + 3.0 * many
    found = complier_effect(means, many.astype(float), many)
    assert found.p == pytest.approx(stats.ttest_ind(means[many], means[~many]).pvalue)


@pytest.mark.parametrize("level", [0.0, 3.1])
def test_outcomes_that_are_all_alike_are_refused(level: float) -> None:
    arms = np.arange(8) % 2 == 1
    with pytest.raises(InputError, match="cluster means: they are the same in every cluster"):
        complier_effect(np.full(8, level), arms * 0.5, arms)


def test_outcomes_alike_within_arms_leave_no_doubt() -> None:
    arms = np.array([0, 0, 1, 1], bool)
    found = complier_effect(np.where(arms, 3.0, 1.0), arms.astype(float), arms)
    assert (found.estimate, found.se, found.p) == (2.0, 0.0, 0.0)


@pytest.mark.parametrize("arms", [[0, 1], [0, 0, 0, 0], [1, 1, 1, 1]])
def test_both_arms_and_three_clusters_are_needed(arms: list[int]) -> None:
    flags = np.array(arms, bool)
    with pytest.raises(InputError, match="needs both arms"):
        complier_effect(np.arange(1.0, len(arms) + 1.0), flags.astype(float), flags)


@pytest.mark.parametrize("unit", [1.0, 1e9])
def test_participation_that_is_the_same_tells_nothing(unit: float) -> None:
    with pytest.raises(InputError, match="same in both arms"):
        complier_effect(MEANS[:6], unit * np.array([0.1, 0.2, 0.3] * 2), np.arange(6) > 2)


@pytest.mark.parametrize("unit", [1e-4, 1.0])
def test_as_treated_is_the_regression_on_participation(unit: float) -> None:
    found = as_treated(unit * MEANS, unit * SHARES)
    line = stats.linregress(SHARES, MEANS)
    assert found is not None
    assert (found.estimate, found.se) == pytest.approx((line.slope, line.stderr))
    assert (found.df, found.p) == (5.0, pytest.approx(line.pvalue))


def test_as_treated_beside_a_covariate() -> None:
    other = np.array([1.0, 4.0, 2.0, 3.0, 2.0, 5.0, 1.0])
    found = as_treated(MEANS, SHARES, other[:, None])
    x = np.column_stack([SHARES, np.ones(7), other])
    beta = np.linalg.lstsq(x, MEANS, rcond=None)[0]
    variance = np.sum((MEANS - x @ beta) ** 2) / 4.0
    assert found is not None
    assert found.df == 4.0
    assert found.estimate == pytest.approx(beta[0])
    assert found.se == pytest.approx(np.sqrt(variance * np.linalg.inv(x.T @ x)[0, 0]))


def test_as_treated_needs_participation_that_varies_and_three_clusters() -> None:
    three = as_treated(np.array([1.0, 3.0, 4.0]), np.array([0.0, 1.0, 2.0]))
    assert three is not None
    assert three.df == 1.0
    assert as_treated(MEANS[:2], SHARES[:2]) is None
    assert as_treated(MEANS, np.full(7, 0.4)) is None
    assert as_treated(np.full(7, 2.0), SHARES) is None
