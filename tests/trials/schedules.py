"""Schedules of common designs, as matrices of clusters by periods, and what their cells say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.trials.designs.design import Design
from sim.trials.designs.treatment_schedule import Matrix

C, T, RUN_IN, NONE = 0, 1, 2, 3
"""Cells of a design's matrix: control, treated, transition and not measured."""
THREE_ARMS = Design("three arms", np.array([[T], [T], [C]]), (2, 2, 2), 3, treated_arms=2)


def parallel(control: int, intervention: int, periods: int = 1) -> Matrix:
    """Return the schedule of a parallel trial measured in some periods after allocation."""
    arm = np.repeat([0.0, 1.0], [control, intervention])
    return np.repeat(arm[:, None], periods, axis=1)


def crossover(first: int, second: int, periods: Sequence[int] = (1, 1)) -> Matrix:
    """Return the schedule of a cluster crossover: `first` clusters begin with control."""
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
    steps = len(clusters)
    periods = extra_control + steps + 1 + extra_intervention
    first = extra_control + 1 + np.repeat(np.arange(steps), clusters)
    return (np.arange(periods)[None, :] >= first[:, None]).astype(float)
