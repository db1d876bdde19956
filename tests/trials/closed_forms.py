"""Closed formulas of cluster trials, and schedules: what power by formula is held to.

Published, written down apart from `sim.trials.power`, which finds all of these by least squares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from sim.errors import InputError
from sim.trials.designs.correlation import VarianceComponents, design_effect
from sim.trials.designs.design import Design
from sim.trials.designs.treatment_schedule import Matrix
from sim.trials.power.co_primary import CoPrimary, CoPrimaryPower, power_of_both
from sim.trials.power.search import LARGEST
from tests.trials.schedules import parallel


def two_sided_power(z: float, df: float, alpha: float = 0.05) -> float:
    """Return the power of a two-sided t test at an effect of z standard errors."""
    critical = stats.t.isf(alpha / 2.0, df)
    return float(stats.nct.sf(critical, df, z) + stats.nct.cdf(-critical, df, z))


def relative_efficiency(size: float, icc: float, cv: float) -> float:
    """Return the efficiency of unequal against equal cluster sizes in a mixed model.

    Van Breukelen, Candel and Berger (2007): 1 - cv^2 r (1 - r), with r the reliability of a cluster
    mean.
    """
    reliability = size * icc / (1.0 + (size - 1.0) * icc)
    return 1.0 - cv**2 * reliability * (1.0 - reliability)


def cluster_mean_correlation(
    size: float, icc: float, cac: float, iac: float, cv: float = 0.0
) -> float:
    """Return the correlation of a cluster's means in two periods (Teerenstra 2012).

    Parameters
    ----------
    size : float
        People in a cluster-period.
    icc, cac, iac : float
    cv : float
        Coefficient of variation of cluster sizes.
    """
    shared = (1.0 + cv**2) * size * icc * cac + (1.0 - icc) * iac
    return shared / design_effect(size, icc, cv)


def from_within_between_individual(
    variance: float, within_period: float, between_period: float, same_individual: float
) -> VarianceComponents:
    """Return the variances for the three correlations of a block exchangeable model.

    Parameters
    ----------
    variance : float
    within_period, between_period : float
        Correlation of two people of a cluster in one period and in two.
    same_individual : float
        Correlation of one person's measurements in two periods; for different people in each
        period, give `between_period`.
    """
    return VarianceComponents(
        residual=variance * (1.0 - within_period - same_individual + between_period),
        cluster=variance * between_period,
        cluster_period=variance * (within_period - between_period),
        individual=variance * (same_individual - between_period),
    )


def parallel_se(
    sd: float, clusters: tuple[float, float], size: float, icc: float, cv: float = 0.0
) -> float:
    """Return the standard error of a difference of two arms of clusters.

    Parameters
    ----------
    sd : float
        Total standard deviation of the outcome.
    clusters : tuple of float
        Clusters in each arm.
    size : float
        Mean number of people analysed in a cluster.
    icc : float
    cv : float
        Coefficient of variation of cluster sizes, by the relative efficiency of van Breukelen.
    """
    one = sd**2 * design_effect(size, icc) / size / relative_efficiency(size, icc, cv)
    return math.sqrt(one / clusters[0] + one / clusters[1])


def parallel_se_of_sizes(sd: float, sizes: Sequence[Sequence[float]], icc: float) -> float:
    """Return the standard error for given cluster sizes in each arm, by generalised least squares.

    A cluster of n people carries the information n / (sd^2 (1 + (n - 1) icc)).
    """
    variance = 0.0
    for arm in sizes:
        n = np.asarray(arm, dtype=float)
        variance += 1.0 / float((n / (sd**2 * design_effect_of(n, icc))).sum())
    return math.sqrt(variance)


def design_effect_of(sizes: np.ndarray, icc: float) -> np.ndarray:
    """Return the design effect of each of several clusters."""
    return np.asarray(1.0 + (sizes - 1.0) * icc)


def baseline_factor(analysis: str, correlation: float) -> float:
    """Return the factor on the variance that a baseline brings.

    Parameters
    ----------
    analysis : str
        ``"follow-up"`` (baseline ignored), ``"ancova"`` (adjusted for the baseline, or constrained
        to equal means) or ``"change"``.
    correlation : float
        Of a cluster's means at baseline and follow-up.
    """
    if analysis == "ancova":
        return 1.0 - correlation**2
    if analysis == "change":
        return 2.0 * (1.0 - correlation)
    return 1.0


def stepped_wedge_factor(correlation: float, steps: int) -> float:
    """Return the variance of a complete stepped wedge over that of one parallel measurement.

    For equal clusters in each sequence and a correlation of cluster means that is the same between
    any two periods (Girling and Hemming 2016). The parallel trial has as many clusters.

    Parameters
    ----------
    correlation : float
        Of a cluster's means in two periods.
    steps : int
        Sequences, one fewer than periods.
    """
    r, s = correlation, steps
    return 1.5 * (1.0 - r) * (1.0 + s * r) / ((s - 1.0 / s) * (1.0 + s * r / 2.0))


def stepped_wedge_se(
    sd: float, clusters: float, steps: int, size: float, icc: float, cac: float, iac: float = 0.0
) -> float:
    """Return the standard error of a complete stepped wedge (Hooper et al. 2016).

    Parameters
    ----------
    sd : float
    clusters : float
        In all.
    steps : int
    size : float
        People in a cluster-period.
    icc, cac, iac : float
    """
    factor = stepped_wedge_factor(cluster_mean_correlation(size, icc, cac, iac), steps)
    return math.sqrt(4.0 * sd**2 * design_effect(size, icc) * factor / (clusters * size))


def before_after(control: int, intervention: int, before: int = 1, after: int = 1) -> Matrix:
    """Return the schedule of a parallel trial with baseline periods."""
    schedule = parallel(control, intervention, before + after)
    schedule[:, :before] = 0.0
    return schedule


def only_around_step(schedule: Matrix, before: int, after: int) -> Matrix:
    """Return a schedule that is measured only some periods before and after each crossover."""
    limited = schedule.copy()
    for row in limited:
        step = int(np.argmax(row > 0.0))
        row[: max(step - before, 0)] = np.nan
        row[step + after :] = np.nan
    return limited


def without_transition(schedule: Matrix) -> Matrix:
    """Return a schedule in which the first period with the intervention is not measured."""
    limited = schedule.copy()
    for row in limited:
        if (row == 0.0).any() and (row > 0.0).any():
            row[int(np.argmax(row > 0.0))] = np.nan
    return limited


def real_solution(power: Callable[[float], float], target: float, lowest: float) -> float:
    """Return the number, whole or not, whose power equals the target; see
    `smallest_integer`.
    """
    from scipy.optimize import brentq

    low, high = lowest, 2.0 * max(lowest, 1.0)
    while power(high) < target:
        low, high = high, 2.0 * high
        if high > LARGEST:
            raise InputError(f"power: {target:g} cannot be reached by more of these")
    if power(low) >= target:
        return low
    found = brentq(lambda x: power(x) - target, low, high, xtol=1e-12, rtol=1e-14)
    return float(found)


def from_matrix(rows: Sequence[Sequence[int]], size: float, **settings: object) -> Design:
    """Return a design from a matrix with one row per cluster."""
    matrix = np.array(rows, int)
    if matrix.ndim != 2:
        raise InputError("schedule: every cluster must have the same number of periods")
    return Design(
        name="design from a matrix",
        schedule=matrix,
        clusters=(1,) * len(matrix),
        size=size,
        **settings,  # type: ignore[arg-type]
    )


def co_primary_power(
    outcomes: CoPrimary, clusters: int, size: float, alpha: float = 0.05, *, normal: bool = False
) -> CoPrimaryPower:
    """Return the power of a parallel trial for two co-primary outcomes, by five methods.

    Parameters
    ----------
    clusters : int
        In each of two arms.
    size : float
        People in each cluster.
    normal : bool
        Whether variances count as known (normal and chi squared tests) instead of t and F with
        clusters - 4 degrees of freedom.
    """
    total = 2 * clusters
    df = np.inf if normal else float(total - 4)
    vif = [1.0 + (size - 1.0) * icc for icc in outcomes.iccs]
    variances = [
        2.0 * variance * one / (clusters * size)
        for variance, one in zip(outcomes.variances, vif, strict=True)
    ]
    rho = outcomes.correlation_of_means(size)
    return power_of_both(outcomes.effects, variances, rho, df, alpha, outcomes.within)
