"""Treatment schedules: which cluster has the intervention in which period.

A schedule is a matrix of clusters by periods with 0 for control, 1 for intervention (fractions for
a partial effect) and NaN for a period in which a cluster is not measured.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError

Matrix = NDArray[np.float64]


def check_schedule(schedule: Matrix) -> Matrix:
    """Return a schedule as an array of numbers, or raise InputError."""
    try:
        found = np.asarray(schedule, dtype=float)
    except (TypeError, ValueError):
        raise InputError("schedule: it must be a matrix of numbers, clusters by periods") from None
    if found.ndim != 2 or found.size == 0:
        raise InputError("schedule: it must be a matrix, clusters by periods")
    values = found[~np.isnan(found)]
    if values.size == 0 or not np.isfinite(values).all():
        raise InputError("schedule: every cell must be a finite number, or NaN if not measured")
    if np.ptp(values) == 0.0:
        raise InputError(f"schedule: every cell is {values[0]:g}, so there is nothing to compare")
    return found
