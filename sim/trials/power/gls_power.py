"""Power of any cluster trial over periods by generalised least squares with known variances.

The standard error of the treatment effect is that of the model with cluster, cluster-period and
individual effects and a fixed effect for each period, for any schedule and any cell sizes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.designs.treatment_schedule import check_schedule

Matrix = NDArray[np.float64]


def cell_sizes(schedule: Matrix, sizes: float | Matrix) -> Matrix:
    """Return the people in each cluster-period: one number, one a cluster, or one a cell."""
    given = np.asarray(sizes, dtype=float)
    if given.ndim == 1:
        given = given[:, None]
    try:
        cells = np.broadcast_to(given, schedule.shape).copy()
    except ValueError:
        raise InputError(
            f"sizes: {given.shape} does not fit {schedule.shape[0]} clusters by "
            f"{schedule.shape[1]} periods"
        ) from None
    if not np.isfinite(cells).all() or (cells < 0.0).any():
        raise InputError("sizes: every cell must be 0 or more")
    cells[np.isnan(schedule)] = 0.0
    return cells


def gls_standard_error(
    schedule: Matrix,
    sizes: float | Matrix,
    components: VarianceComponents,
    scale: Matrix | None = None,
) -> float:
    """Return the standard error of the treatment effect, with a fixed effect for each period.

    Parameters
    ----------
    schedule : (I, J) array
        Treatment by cluster and period, NaN where a cluster is not measured.
    sizes : float, (I,) or (I, J) array
        People measured in each cluster-period; 0 where none are.
    scale : (I, J) array, optional
        Factor of each cell's row of the design, for a generalised linear model with correlations as
        `components`: the derivative of the mean over its standard deviation.

    Raises
    ------
    InputError
        If the schedule cannot separate the treatment from the periods.
    """
    schedule = check_schedule(schedule)
    cells = cell_sizes(schedule, sizes)
    seen = np.flatnonzero((cells > 0.0).any(axis=0))
    information = np.zeros((seen.size + 1, seen.size + 1))
    known: dict[bytes, Matrix] = {}
    for i in range(len(schedule)):
        at = np.flatnonzero(cells[i] > 0.0)
        if at.size == 0:
            continue
        factor = np.ones(at.size) if scale is None else np.asarray(scale, dtype=float)[i, at]
        key = np.concatenate([at, schedule[i, at], cells[i, at], factor]).tobytes()
        if key not in known:
            # Lags are counted over all periods, so cells that are not measured keep their place.
            full = np.where(cells[i] > 0.0, cells[i], 1.0)
            treatment = np.where(np.isnan(schedule[i]), 0.0, schedule[i])
            V = components.cell_covariance(treatment, full)[np.ix_(at, at)]
            Z = np.zeros((at.size, seen.size + 1))
            Z[np.arange(at.size), np.searchsorted(seen, at)] = 1.0
            Z[:, -1] = schedule[i, at]
            Z *= factor[:, None]
            try:
                known[key] = Z.T @ np.linalg.solve(V, Z)
            except np.linalg.LinAlgError:
                raise InputError("variances: with these, a cluster's means do not vary") from None
        information += known[key]
    diagonal = np.sqrt(np.diag(information))
    if not (diagonal > 0.0).all():
        raise InputError("schedule: no measured cell has the intervention")
    scaled = information / np.outer(diagonal, diagonal)
    if np.linalg.eigvalsh(scaled)[0] < 1e-11:
        raise InputError(
            "schedule: in every period all clusters have the same treatment, so the effect cannot "
            "be told from the periods"
        )
    bread = np.linalg.inv(scaled)
    return math.sqrt(float(bread[-1, -1])) / float(diagonal[-1])
