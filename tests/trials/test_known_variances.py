"""Standard errors with known variances: closed forms, and least squares of people."""

from __future__ import annotations

from math import nan, sqrt

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.data.outcome_kind import BINARY, COUNT
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.power.generalised_power import (
    arm_variance,
    difference_se,
    over_cells,
    parallel_difference_se,
    spread_over_cells,
)
from sim.trials.power.gls_power import cell_sizes, gls_standard_error, known_variances

WEDGE = np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [nan, 0.0, 1.0], [0.0, 1.0, nan]])
PARTS = VarianceComponents(2.0, 0.3, 0.1, 0.4, 0.2, 0.5, cluster_decay=0.8)


def by_people(
    schedule: np.ndarray, people: np.ndarray, parts: VarianceComponents, scale: np.ndarray
) -> np.ndarray:
    """Return the covariance of generalised least squares over cells, written out as one matrix."""
    at = np.argwhere(people > 0.0)
    seen = sorted({int(j) for _, j in at})
    X = np.zeros((len(at), len(seen) + 1))
    V = np.zeros((len(at), len(at)))
    for a, (i, j) in enumerate(at):
        X[a, seen.index(int(j))] = 1.0
        X[a, -1] = schedule[i, j]
        X[a] *= scale[i, j]
        for b, (k, m) in enumerate(at):
            if i != k:
                continue
            same = float(j == m)
            V[a, b] = parts.cluster * parts.cluster_decay ** abs(j - m)
            V[a, b] += same * (parts.cluster_period + parts.residual / people[i, j])
            V[a, b] += parts.individual / max(people[i, j], people[i, m])
            V[a, b] += parts.treatment * schedule[i, j] * schedule[i, m]
            crossed = parts.treatment_correlation * sqrt(parts.cluster * parts.treatment)
            V[a, b] += crossed * (schedule[i, j] + schedule[i, m])
    return np.linalg.inv(X.T @ np.linalg.solve(V, X))


def test_any_schedule_is_one_large_least_squares() -> None:
    people = np.array([[5.0, 3.0, 8.0], [2.0, 0.0, 4.0], [9.0, 6.0, 1.0], [3.0, 3.0, 7.0]])
    whole = np.where(np.isnan(WEDGE), 0.0, people)
    for scale in (np.ones((4, 3)), np.arange(1.0, 13.0).reshape(4, 3)):
        wanted = by_people(WEDGE, whole, PARTS, scale)
        got = known_variances(WEDGE, people, PARTS, scale)
        assert got.se == pytest.approx(sqrt(wanted[-1, -1]), rel=1e-9)
        assert got.share == pytest.approx(1.0)
    assert gls_standard_error(WEDGE, people, PARTS) == pytest.approx(
        sqrt(by_people(WEDGE, whole, PARTS, np.ones((4, 3)))[-1, -1])
    )
    # A period without people, a cluster without people, and twins of each cluster.
    none = people.copy()
    none[:, 0] = 0.0
    none[3] = 0.0
    twice = gls_standard_error(np.vstack([WEDGE] * 2), np.vstack([none] * 2), PARTS)
    wanted = by_people(WEDGE, np.where(np.isnan(WEDGE), 0.0, none), PARTS, np.ones((4, 3)))
    assert twice == pytest.approx(sqrt(wanted[-1, -1] / 2.0))


def test_the_expected_estimate_of_given_means() -> None:
    """Means of two clusters a period apart: the estimate is what least squares makes of them."""
    means = np.array([[0.0, 2.0, 3.0], [0.0, 0.0, 5.0], [9.0, 0.0, 1.0], [0.0, 4.0, 9.0]])
    plain = VarianceComponents(1.0)
    got = known_variances(WEDGE, 1.0, plain, means=means)
    at = ~np.isnan(WEDGE)
    period = np.nonzero(at)[1]
    X = np.column_stack([period == 0, period == 1, period == 2, WEDGE[at]]).astype(float)
    assert got.share == pytest.approx(np.linalg.lstsq(X, means[at], rcond=None)[0][-1])
    # Columns instead of the schedule, of which the first is tested; scaled as the means are.
    scale = np.arange(1.0, 13.0).reshape(4, 3)
    effects = np.stack([np.nan_to_num(WEDGE), np.arange(12.0).reshape(4, 3) ** 2], axis=-1)
    both = known_variances(WEDGE, 1.0, plain, scale, effects=effects, means=means)
    X = np.column_stack([X, effects[at][:, 1]]) * scale[at][:, None]
    found = np.linalg.lstsq(X, means[at] * scale[at], rcond=None)[0]
    assert both.share == pytest.approx(found[3])
    assert both.se == pytest.approx(sqrt(np.linalg.inv(X.T @ X)[3, 3]))


def test_a_parallel_trial_of_one_period() -> None:
    """3 and 5 clusters of 10: variance .5 + 2 / 10 each."""
    schedule = np.array([[0.0]] * 3 + [[1.0]] * 5)
    parts = VarianceComponents(2.0, 0.5)
    assert gls_standard_error(schedule, 10.0, parts) == pytest.approx(sqrt(0.7 / 3 + 0.7 / 5))


def test_sizes_of_cells() -> None:
    assert cell_sizes(WEDGE, 3.0).tolist() == np.where(np.isnan(WEDGE), 0.0, 3.0).tolist()
    assert cell_sizes(WEDGE, np.array([1.0, 2, 3, 4]))[:, 1].tolist() == [1, 2, 3, 4]
    assert cell_sizes(WEDGE, 0.0).tolist() == np.zeros((4, 3)).tolist()
    with pytest.raises(InputError, match=r"\(3, 1\) does not fit 4 clusters by 3 periods"):
        cell_sizes(WEDGE, np.ones(3))
    for wrong in (-0.5, np.inf):
        with pytest.raises(InputError, match="every cell must be 0 or more"):
            cell_sizes(WEDGE, wrong)


def test_what_no_schedule_tells() -> None:
    parts = VarianceComponents(1.0)
    late = np.array([[0.0, 1.0], [0.0, 1.0]])
    with pytest.raises(InputError, match="in every period all clusters have the same treatment"):
        gls_standard_error(late, 5.0, parts)
    with pytest.raises(InputError, match="no measured cell has the intervention"):
        gls_standard_error(np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[5.0, 0], [5, 5]]), parts)
    with pytest.raises(InputError, match="a cluster's means do not vary"):
        gls_standard_error(np.array([[0.0, 1.0], [0.0, 0.0]]), 5.0, VarianceComponents(0.0, 1.0))
    # A dose that hardly differs still tells something: its error goes with one over the dose.
    fraction = np.array([[0.0, 1.0], [0.0, 1.0 - 1e-4]])
    error = gls_standard_error(fraction, 5.0, parts)
    assert error == pytest.approx(1e4 * gls_standard_error(np.eye(2)[:, ::-1] * [0, 1], 5.0, parts))


def test_variances_of_risks_and_counts() -> None:
    """A binary outcome's ICC is the same in both arms; a count's clusters vary alike: k = .5."""
    assert arm_variance(BINARY, 0.2, 0.1, 0.4) == (pytest.approx(0.16), 0.1)
    # ICC under control of 3: (.5 x 3)^2 / (3 + 2.25).
    icc = 2.25 / 5.25
    assert arm_variance(COUNT, 3.0, icc, 3.0) == pytest.approx((5.25, icc))
    assert arm_variance(COUNT, 4.0, icc, 3.0) == pytest.approx((8.0, 0.5))


def test_donner_and_klars_design_effect() -> None:
    """.16 x (1 + 19 x .1) / (5 x 20), and at a coefficient of .5 the size counts 1.25 fold."""
    one = 0.16 * 2.9 / 100 + 0.24 * 2.9 / 160
    assert difference_se([0.16, 0.24], [0.1, 0.1], [5, 8], 20.0) == pytest.approx(sqrt(one))
    varied = 0.16 * 3.4 / 100 + 0.24 * 3.4 / 160
    got = parallel_difference_se(BINARY, (0.2, 0.4), 0.1, (5, 8), 20.0, 0.5)
    assert got == pytest.approx(sqrt(varied))
    icc = 2.25 / 5.25
    counts = 5.25 * (1 + 9 * icc) / 50 + 8.0 * (1 + 9 * 0.5) / 50
    assert parallel_difference_se(COUNT, (3.0, 4.0), icc, (5, 5), 10.0) == pytest.approx(
        sqrt(counts)
    )
    with pytest.raises(InputError, match="mean under control or treatment = 1"):
        parallel_difference_se(BINARY, (0.2, 1.0), 0.1, (5, 8), 20.0)


def test_risks_over_periods() -> None:
    schedule = np.array([[0.0, 1.0], [0.0, 0.0], [nan, 1.0]])
    means = np.array([[0.2, 0.5], [0.2, 0.2], [7.0, 0.5]])
    spread = spread_over_cells(BINARY, means, ~np.isnan(schedule), 0.2, 0.1)
    assert spread == pytest.approx(np.array([[0.4, 0.5], [0.4, 0.4], [1.0, 0.5]]))
    parts = VarianceComponents(0.9, 0.1)
    people = np.full((3, 2), 10.0)
    got = over_cells(BINARY, means, schedule, people, parts, 0.2, 0.1)
    seen = np.where(np.isnan(schedule), 0.0, people)
    wanted = by_people(schedule, seen, parts, 1.0 / spread)
    assert got.se == pytest.approx(sqrt(wanted[-1, -1]))
    assert got.share == pytest.approx(1.0)
    with pytest.raises(InputError, match="mean of a period = 1.5"):
        over_cells(BINARY, means + 1.3, schedule, people, parts, 0.2, 0.1)
