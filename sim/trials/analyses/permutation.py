"""Permutation test for any schedule of treatment: stepped wedge, crossover or parallel.

Which cluster got which sequence was drawn, so under no effect every allocation with the same
numbers in each sequence (and stratum) was as likely as the one that happened. For each allocation
the effect is estimated by generalised least squares with an exchangeable working correlation; the p
value is the share of allocations whose estimate is at least as large in size. It is right whatever
the true correlation, distribution or number of clusters; a good working correlation only adds
power.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.allocations import (
    all_allocations,
    drawn_allocations,
    number_of_allocations,
)
from sim.trials.analyses.cluster_tests import PermutationTest, permuted

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

LISTED_ALLOCATIONS = 20_000
DRAWN_ALLOCATIONS = 2_000


def sequences_of(clusters: Codes, periods: Codes, treatment: Matrix) -> tuple[Matrix, Codes]:
    """Return the schedule of each sequence and the sequence of each cluster.

    Parameters
    ----------
    clusters, periods : (n,) arrays of int
        From 0.
    treatment : (n,) array

    Returns
    -------
    schedule : (S, J) array
    sequence : (k,) array of int

    Raises
    ------
    InputError
        If people of one cluster and period differ in treatment, or a cluster lacks a period that
        others have: then allocations are not alike.
    """
    k, periods_count = int(clusters.max()) + 1, int(periods.max()) + 1
    cell = clusters * periods_count + periods
    total = np.bincount(cell, treatment, minlength=k * periods_count)
    number = np.bincount(cell, minlength=k * periods_count)
    if (number == 0).any():
        raise InputError(
            "permutation test: every cluster must be measured in every period, or allocations "
            "cannot be exchanged"
        )
    table = (total / number).reshape(k, periods_count)
    if np.abs(treatment - table[clusters, periods]).max() > 1e-12:
        raise InputError("permutation test: treatment must be the same for a cluster and period")
    schedule, sequence = np.unique(table, axis=0, return_inverse=True)
    return schedule, np.asarray(sequence.reshape(-1), dtype=np.intp)


def schedule_permutation_test(
    y: Matrix,
    others: Matrix,
    clusters: Codes,
    periods: Codes,
    treatment: Matrix,
    *,
    ratio: float = 0.0,
    strata: Codes | None = None,
    draws: int = DRAWN_ALLOCATIONS,
    seed: int = 0,
) -> PermutationTest:
    """Test the effect of treatment by allocating the sequences to other clusters.

    Parameters
    ----------
    y : (n,) array
        Outcome.
    others : (n, q) array
        Columns adjusted for: intercept, periods, covariates; not the treatment.
    clusters, periods : (n,) arrays of int
        From 0.
    treatment : (n,) array
    ratio : float
        Cluster variance over residual variance of the working correlation; it must not depend on
        the allocation, as when it was estimated without the treatment.
    strata : (k,) array of int, optional
        Strata of clusters within which sequences were allocated.
    draws : int
        Allocations to draw when there are too many to list.
    seed : int
        Of the draws.

    Raises
    ------
    InputError
        See `sequences_of`; or if all clusters have the same sequence.
    """
    schedule, sequence = sequences_of(clusters, periods, treatment)
    if len(schedule) < 2:
        raise InputError("permutation test: all clusters have the same sequence of treatment")
    tables = _tables(y, others, clusters, periods, schedule, ratio)
    k = sequence.size
    groups = np.zeros(k, dtype=np.intp) if strata is None else strata
    listed = number_of_allocations(sequence, groups) <= LISTED_ALLOCATIONS
    observed = float(_estimates(tables, sequence[None])[0])
    if listed:
        allocations = all_allocations(sequence, groups)
    else:
        rng = np.random.Generator(np.random.Philox(key=[seed, 314159]))
        allocations = drawn_allocations(sequence, groups, draws, rng)
    found = _estimates(tables, allocations)
    return permuted(observed, found, listed, 1e-9 * float(np.nanmax(np.abs(found))))


def _tables(
    y: Matrix, others: Matrix, clusters: Codes, periods: Codes, schedule: Matrix, ratio: float
) -> tuple[Matrix, Matrix, Matrix]:
    """Return what each cluster adds to T'Py, T'V^-1 T and T'V^-1 Q under each sequence.

    Q are columns that are orthonormal in V^-1 and span the other columns; P projects off them.
    """
    k, periods_count = int(clusters.max()) + 1, schedule.shape[1]
    sizes = np.bincount(clusters, minlength=k).astype(float)
    weight = ratio / (1.0 + sizes * ratio)

    def solved(columns: Matrix) -> Matrix:
        sums = np.zeros((k, columns.shape[1]))
        np.add.at(sums, clusters, columns)
        return np.asarray(columns - (weight[:, None] * sums)[clusters])

    # Columns that add nothing are left out, as least squares would.
    left, values, _ = np.linalg.svd(others, full_matrices=False)
    Q = left[:, values > 1e-9 * values[0]]
    triangle = np.linalg.cholesky(Q.T @ solved(Q))
    Q = np.linalg.solve(triangle, Q.T).T
    solved_Q = solved(Q)
    centred = y - y.mean()
    score = solved(centred[:, None])[:, 0] - solved_Q @ (solved_Q.T @ centred)
    cell = clusters * periods_count + periods
    cells = k * periods_count
    by_score = np.bincount(cell, score, minlength=cells).reshape(k, periods_count)
    number = np.bincount(cell, minlength=cells).reshape(k, periods_count).astype(float)
    by_Q = np.zeros((cells, Q.shape[1]))
    np.add.at(by_Q, cell, solved_Q)
    first = by_score @ schedule.T
    treated = number @ schedule.T
    second = number @ (schedule**2).T - weight[:, None] * treated**2
    third = np.einsum("kjq,sj->ksq", by_Q.reshape(k, periods_count, -1), schedule)
    return first, second, third


def _estimates(tables: tuple[Matrix, Matrix, Matrix], allocations: Codes) -> Matrix:
    """Return the estimated effect under each allocation; NaN where there is none."""
    first, second, third = tables
    rows = np.arange(first.shape[0])
    top = first[rows, allocations].sum(axis=1)
    cross = np.zeros((len(allocations), third.shape[2]))
    for row in rows:
        cross += third[row, allocations[:, row]]
    size = second[rows, allocations].sum(axis=1)
    bottom = size - (cross**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 1e-9 * size, top / bottom, np.nan)
