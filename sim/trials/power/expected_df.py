"""Degrees of freedom from the information that a design can be expected to give on variances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.trials.designs.correlation import VarianceComponents
from sim.trials.designs.treatment_schedule import check_schedule
from sim.trials.power.gls_power import cell_sizes

Matrix = NDArray[np.float64]

BETWEEN = ("cluster", "cluster_period", "treatment")
# Share of information that is rounding.
NOTHING_TOLD = 1e-9


def expected_df(schedule: Matrix, sizes: float | Matrix, components: VarianceComponents) -> float:
    """Return Satterthwaite's degrees of freedom of the treatment effect at the true variances.

    Twice the square of the effect's variance over the variance of its estimate, the latter from the
    expected information of restricted likelihood on the variances between clusters, between a
    cluster's periods, and of the treatment effect. Those of people and single measurements are
    taken as known: many people tell them.

    Parameters
    ----------
    schedule : (I, J) array
        Treatment by cluster and period, NaN where a cluster is not measured.
    sizes : float, (I,) or (I, J) array
        People in each cluster-period.
    components : VarianceComponents

    Returns
    -------
    float
        0 where the effect's variance rests on a variance of which the design tells nothing.
    """
    schedule = check_schedule(schedule)
    cells = cell_sizes(schedule, sizes)
    seen = np.flatnonzero((cells > 0.0).any(axis=0))
    width, count = seen.size + 1, len(BETWEEN)
    none = dict.fromkeys(("residual", "individual", "treatment_correlation", *BETWEEN), 0.0)
    # Sums over clusters of Z'WZ, Z'W V_i W Z, Z'W V_i W V_j W Z and tr(W V_i W V_j), W = 1 / V.
    information = np.zeros((width, width))
    first = np.zeros((count, width, width))
    second = np.zeros((count, count, width, width))
    traces = np.zeros((count, count))
    for row, people in zip(schedule, cells, strict=True):
        at = np.flatnonzero(people > 0.0)
        if at.size == 0:
            continue
        full = np.where(people > 0.0, people, 1.0)
        treatment = np.where(np.isnan(row), 0.0, row)
        here = np.ix_(at, at)
        Z = np.zeros((at.size, width))
        Z[np.arange(at.size), np.searchsorted(seen, at)] = 1.0
        Z[:, -1] = row[at]
        W = np.linalg.inv(components.cell_covariance(treatment, full)[here])
        WZ = W @ Z
        parts = [
            replace(components, **{**none, name: 1.0}).cell_covariance(treatment, full)[here]
            for name in BETWEEN
        ]
        information += Z.T @ WZ
        for i, one in enumerate(parts):
            first[i] += WZ.T @ one @ WZ
            for j, other in enumerate(parts):
                second[i, j] += WZ.T @ one @ W @ other @ WZ
                traces[i, j] += np.trace(W @ one @ W @ other)
    M = np.linalg.inv(information)
    on_variances = np.array(
        [
            [
                0.5
                * (
                    traces[i, j]
                    - 2.0 * np.trace(M @ second[i, j])
                    + np.trace(M @ first[i] @ M @ first[j])
                )
                for j in range(count)
            ]
            for i in range(count)
        ]
    )
    slope = np.array([(M @ one @ M)[-1, -1] for one in first])
    told = np.diag(on_variances) > NOTHING_TOLD * np.diag(traces)
    if (slope[~told] > 0.0).any():
        return 0.0
    unit = np.sqrt(np.diag(on_variances)[told])
    slope = slope[told] / unit
    # Variances that a design cannot tell apart leave the effect's own variance known all the same.
    scaled = on_variances[np.ix_(told, told)] / np.outer(unit, unit)
    spread = slope @ np.linalg.pinv(scaled, rcond=NOTHING_TOLD, hermitian=True) @ slope
    return float(2.0 * M[-1, -1] ** 2 / spread)
