"""Tests at the level of clusters, and degrees of freedom counted level by level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.allocations import (
    all_allocations,
    drawn_allocations,
    number_of_allocations,
)
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.design_columns import prepare_design
from sim.trials.fits.t_distribution import two_sided_p

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

# All allocations are listed up to this many, beyond it they are drawn.
LISTED_ALLOCATIONS = 50_000
DRAWN_ALLOCATIONS = 20_000


class TTest(NamedTuple):
    """A t test of a difference."""

    estimate: float
    se: float
    df: float
    # Statistic and two-sided p value.
    t: float
    p: float
    ci95: tuple[float, float]  # 95% confidence interval of the estimate


class PermutationTest(NamedTuple):
    """A permutation test of a difference between clusters."""

    estimate: float  # Difference of cluster means, adjusted for covariates of clusters
    p: float  # Share of allocations with a difference at least as large in size
    exact: bool  # Whether all allocations were listed
    n_allocations: int
    monte_carlo_se: float  # Standard error of `p` from drawing; 0 if exact
    smallest_p: float  # What `p` would be were the difference the largest of any allocation


def t_test(estimate: float, se: float, df: float) -> TTest:
    """Return the t test of an estimate."""
    from scipy.special import stdtrit

    t = estimate / se
    half = float(stdtrit(df, 0.975)) * se
    interval = (estimate - half, estimate + half)
    return TTest(estimate, se, df, t, float(two_sided_p(t, df)), interval)


def cluster_means(y: Matrix, covariates: Matrix, clusters: Codes) -> Matrix:
    """Return the mean in each cluster of what covariates leave of the response.

    Parameters
    ----------
    y : (n,) array
    covariates : (n, q) array
        Columns adjusted for, the intercept included, the treatment not.
    clusters : (n,) array of int
        Cluster of each row, from 0.
    """
    residual = prepare_design(covariates, y).residual
    return np.asarray(np.bincount(clusters, residual) / np.bincount(clusters))


def two_arms(treatment: Matrix, clusters: Codes) -> tuple[NDArray[np.bool_], float] | None:
    """Return which clusters have the larger value, and the difference of the two values.

    None if the treatment varies within a cluster or does not have exactly two values.
    """
    values = np.unique(treatment)
    if values.size != 2:
        return None
    upper = np.bincount(clusters, treatment == values[1])
    sizes = np.bincount(clusters)
    if ((upper > 0) & (upper < sizes)).any():
        return None
    return upper > 0, float(values[1] - values[0])


def cluster_summary_test(
    means: Matrix, intervention: NDArray[np.bool_], covariates: Matrix | None = None
) -> TTest:
    """Compare two sets of cluster means by least squares; without covariates, Student's t test.

    Pairs, strata and other covariates of clusters belong in this second stage: taken out before,
    they would cost no degrees of freedom, and the test would reject too often. With pairs it is the
    paired t test.

    Parameters
    ----------
    means : (k,) array
        One summary for each cluster, adjusted for what varies within clusters alone.
    intervention : (k,) array of bool
    covariates : (k, q) array, optional
        Values of clusters; dependent columns are left out.

    Returns
    -------
    TTest
        With k - 2 - q degrees of freedom, q counting independent columns.

    Raises
    ------
    InputError
        If an arm has no cluster, too few are left, covariates tell the arms, or means do not vary.
    """
    k = means.size
    x = np.column_stack([_beside(covariates, k), intervention.astype(float)])
    prepared = prepare_design(x, means)
    df = k - len(prepared.kept)
    if x.shape[1] - 1 not in prepared.kept:
        raise InputError("clusters: their covariates tell the arms, or an arm has no cluster")
    if df < 1:
        raise InputError("clusters: too few are left beyond arm and covariates of clusters")
    left = float(prepared.residual @ prepared.residual)
    row = prepared.to_coefficients[-1]
    se = math.sqrt(left / df * float(row @ row))
    if not se > 1e-12 * float(np.abs(means).max()):
        raise InputError("cluster means: they must vary within an arm")
    return t_test(float(prepared.least_squares[-1]), se, float(df))


def _beside(covariates: Matrix | None, k: int) -> Matrix:
    """Return an intercept and covariates of clusters."""
    return np.column_stack([np.ones(k), *(() if covariates is None else (covariates,))])


def cluster_permutation_test(
    means: Matrix,
    intervention: NDArray[np.bool_],
    covariates: Matrix | None = None,
    strata: Codes | None = None,
    *,
    draws: int = DRAWN_ALLOCATIONS,
    seed: int = 0,
) -> PermutationTest:
    """Compare two sets of cluster means with all, or many, other allocations within strata.

    The statistic is the coefficient of the arm beside the covariates of clusters, that of
    `cluster_summary_test`. With pairs as strata, the allocations are the flips of signs.

    Parameters
    ----------
    means : (k,) array
    intervention : (k,) array of bool
    covariates : (k, q) array, optional
        Values of clusters.
    strata : (k,) array of int, optional
        Strata or pairs; clusters are exchanged within them alone.
    draws : int
        Allocations to draw when there are too many to list.
    seed : int
        Of the drawn allocations.
    """
    k = means.size
    groups = np.zeros(k, dtype=np.intp) if strata is None else strata
    prepared = prepare_design(_beside(covariates, k), means)
    sequence = intervention.astype(np.intp)

    def coefficients(allocations: Matrix) -> Matrix:
        own = allocations.sum(axis=1)
        left = own - ((allocations @ prepared.basis) ** 2).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(left > 1e-9 * own, allocations @ prepared.residual / left, np.nan)

    exact = number_of_allocations(sequence, groups) <= LISTED_ALLOCATIONS
    if exact:
        allocations = all_allocations(sequence, groups)
    else:
        rng = np.random.Generator(np.random.Philox(seed))
        allocations = drawn_allocations(sequence, groups, draws, rng)
    observed = float(coefficients(sequence[None].astype(float))[0])
    rounding = 1e-10 * float(np.abs(means - means.mean()).max())
    return permuted(observed, coefficients(allocations.astype(float)), exact, rounding)


def permuted(observed: float, others: Matrix, exact: bool, rounding: float) -> PermutationTest:
    """Return the permutation test of an estimate among those under other allocations.

    Parameters
    ----------
    others : (n,) array
        Under every allocation, or under drawn ones; NaN, which counts against the effect, where an
        allocation gives no estimate.
    exact : bool
        Whether `others` are all.
    rounding : float
        Estimates that differ by less count as equal.
    """
    size, count = np.abs(others), len(others)
    extreme = int((~(size < abs(observed) - rounding)).sum())
    if exact:
        smallest = float((~(size < np.nanmax(size) - rounding)).mean())
        return PermutationTest(observed, extreme / count, True, count, 0.0, smallest)
    # The allocation that happened counts as one of those drawn.
    p = (extreme + 1) / (count + 1)
    error = math.sqrt(p * (1.0 - p) / count)
    return PermutationTest(observed, p, False, count, error, 1.0 / (count + 1))


def constant_within(columns: Matrix, codes: Codes) -> NDArray[np.bool_]:
    """Return which columns have one value in each group."""
    order = np.argsort(codes, kind="stable")
    same_group = np.diff(codes[order]) == 0
    changes = (np.diff(columns[order], axis=0) != 0.0) & same_group[:, None]
    return np.asarray(~changes.any(axis=0))


def nested(fine: Codes, coarse: Codes) -> bool:
    """Return whether each level of a grouping lies within one of another."""
    return bool(constant_within(coarse[:, None].astype(float), fine)[0])


def nested_groupings(effects: Sequence[RandomEffect], clusters: Codes) -> list[Codes]:
    """Return the groupings that hold whole clusters or lie within them, and the clusters.

    Groupings that cross clusters, as raters or periods, are no level of theirs.
    """
    found = [
        one.codes
        for one in effects
        if one.slope is None and (nested(one.codes, clusters) or nested(clusters, one.codes))
    ]
    return found or [clusters]


def between_within_df(
    columns: Matrix, tested: int, groupings: Sequence[Codes]
) -> tuple[float, str]:
    """Return the degrees of freedom of a column, counted at the level at which it varies.

    A column that is constant in clusters has as many degrees of freedom as there are clusters, less
    the columns that are constant in clusters. Below, each level has its groups, less those of the
    levels above it, less the columns that vary first at it (Schluchter and Elashoff 1990).

    Parameters
    ----------
    columns : (n, p) array
        Independent columns of the fixed part, the intercept included.
    tested : int
        Which column.
    groupings : sequence of (n,) arrays of int
        Groupings of the random effects, each nested in the one before or holding it.

    Returns
    -------
    df : float
        At least 1.
    level : str
        ``"between"`` for the coarsest grouping, else ``"within"``.
    """
    levels = sorted(groupings, key=lambda codes: int(codes.max()))
    n = columns.shape[0]
    left = np.ones(columns.shape[1], dtype=bool)
    top = int(levels[0].max()) + 1
    used = 0
    for depth, codes in enumerate(levels):
        constant = constant_within(columns, codes) & left
        groups = int(codes.max()) + 1 - (top if depth else 0)
        if constant[tested]:
            df = max(float(groups - constant.sum()), 1.0)
            return df, "between" if depth == 0 else "within"
        left &= ~constant
        used += groups
    return max(float(n - used - left.sum()), 1.0), "within"
