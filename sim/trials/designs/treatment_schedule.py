"""Treatment schedules: which cluster has the intervention in which period.

A schedule is a matrix of clusters by periods with 0 for control, 1 for intervention (fractions for
a partial effect) and NaN for a period in which a cluster is not measured.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError

Matrix = NDArray[np.float64]


def _counts(name: str, counts: Sequence[int]) -> list[int]:
    found = [int(one) for one in counts]
    if not found or any(one < 0 for one in found) or sum(found) == 0:
        raise InputError(f"{name}: {list(counts)} must be numbers of clusters, 0 or more each")
    return found


def parallel(control: int, intervention: int, periods: int = 1) -> Matrix:
    """Return the schedule of a parallel trial measured in some periods after allocation."""
    _counts("clusters", [control, intervention])
    arm = np.repeat([0.0, 1.0], [control, intervention])
    return np.repeat(arm[:, None], periods, axis=1)


def crossover(first: int, second: int, periods: Sequence[int] = (1, 1)) -> Matrix:
    """Return the schedule of a cluster crossover: `first` clusters begin with control."""
    _counts("clusters", [first, second])
    begin = np.repeat([0.0, 1.0], [first, second])[:, None]
    blocks = [np.abs(begin - index % 2) for index in range(len(periods))]
    return np.concatenate(
        [np.repeat(b, n, axis=1) for b, n in zip(blocks, periods, strict=True)], 1
    )


def stepped_wedge(
    clusters: Sequence[int], extra_control: int = 0, extra_intervention: int = 0
) -> Matrix:
    """Return the schedule of a complete stepped wedge.

    Parameters
    ----------
    clusters : sequence of int
        Clusters in each sequence; the first crosses over after the first period.
    extra_control, extra_intervention : int
        Further periods at the start and the end.
    """
    counts = _counts("clusters", clusters)
    steps = len(counts)
    periods = extra_control + steps + 1 + extra_intervention
    first = extra_control + 1 + np.repeat(np.arange(steps), counts)
    return (np.arange(periods)[None, :] >= first[:, None]).astype(float)


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
