"""Power of any cluster trial over periods by generalised least squares with known variances.

The standard error of the treatment effect is that of the model with cluster, cluster-period and
individual effects and a fixed effect for each period, for any schedule and any cell sizes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

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


class KnownVariances(NamedTuple):
    """What generalised least squares do with the variances known."""

    se: float  # Of the estimate
    share: float  # Expected estimate, of cells' means that are given


def gls_standard_error(
    schedule: Matrix,
    sizes: float | Matrix,
    components: VarianceComponents,
    scale: Matrix | None = None,
) -> float:
    """Return the standard error of the treatment effect; see `known_variances`."""
    return known_variances(schedule, sizes, components, scale).se


def known_variances(
    schedule: Matrix,
    sizes: float | Matrix,
    components: VarianceComponents,
    scale: Matrix | None = None,
    *,
    effects: Matrix | None = None,
    means: Matrix | None = None,
) -> KnownVariances:
    """Return what is known of the treatment effect, with a fixed effect for each period.

    Parameters
    ----------
    schedule : (I, J) array
        Treatment by cluster and period, NaN where a cluster is not measured.
    sizes : float, (I,) or (I, J) array
        People measured in each cluster-period; 0 where none are.
    scale : (I, J) array, optional
        Factor of each cell's row of the design, for a generalised linear model with correlations as
        `components`: the derivative of the mean over its standard deviation.
    effects : (I, J, E) array, optional
        Columns instead of the schedule, of which the first is tested.
    means : (I, J) array, optional
        Cells' means, besides those of periods, of which `share` is the expected estimate; the
        schedule when not given.

    Raises
    ------
    InputError
        If the schedule cannot separate the treatment from the periods.
    """
    schedule = check_schedule(schedule)
    cells = cell_sizes(schedule, sizes)
    seen = np.flatnonzero((cells > 0.0).any(axis=0))
    treated = np.where(np.isnan(schedule), 0.0, schedule)
    columns = treated[:, :, None] if effects is None else effects
    told = treated if means is None else means
    width = seen.size + columns.shape[2]
    known: dict[bytes, tuple[Matrix, Matrix]] = {}
    alike: dict[bytes, int] = {}
    for i in range(len(schedule)):
        at = np.flatnonzero(cells[i] > 0.0)
        if at.size == 0:
            continue
        factor = np.ones(at.size) if scale is None else np.asarray(scale, dtype=float)[i, at]
        own = columns[i, at], told[i, at]
        told_of: list[Matrix] = [
            at.astype(float),
            treated[i, at],
            cells[i, at],
            factor,
            *map(np.ravel, own),
        ]
        key = np.concatenate(told_of).tobytes()
        alike[key] = alike.get(key, 0) + 1
        if key not in known:
            # Lags are counted over all periods, so cells that are not measured keep their place.
            full = np.where(cells[i] > 0.0, cells[i], 1.0)
            V = components.cell_covariance(treated[i], full)[np.ix_(at, at)]
            Z = np.zeros((at.size, width))
            Z[np.arange(at.size), np.searchsorted(seen, at)] = 1.0
            Z[:, seen.size :] = own[0]
            Z *= factor[:, None]
            try:
                solved = np.linalg.solve(V, Z)
                known[key] = Z.T @ solved, solved.T @ (own[1] * factor)
            except np.linalg.LinAlgError:
                raise InputError("variances: with these, a cluster's means do not vary") from None
    information = np.zeros((width, width))
    for key, (one, _) in known.items():
        information += alike[key] * one
    diagonal = np.sqrt(np.diag(information))
    if not (diagonal > 0.0).all():
        raise InputError("schedule: no measured cell has the intervention")
    scaled = information / np.outer(diagonal, diagonal)
    if np.linalg.eigvalsh(scaled)[0] < 1e-11:
        raise InputError(
            "schedule: in every period all clusters have the same treatment, so the effect cannot "
            "be told from the periods"
        )
    bread = np.linalg.inv(scaled) / np.outer(diagonal, diagonal)
    row = bread[seen.size]
    share = sum(alike[key] * float(row @ mean) for key, (_, mean) in known.items())
    return KnownVariances(math.sqrt(float(row[seen.size])), share)
