"""Standard errors of the effect in designs with a closed formula.

Each is the exact standard error under known variances, except where a coefficient of variation
stands for unequal sizes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.trials.designs.correlation import (
    cluster_mean_correlation,
    design_effect,
    relative_efficiency,
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


def group_treatment_se(
    sd_residual: float,
    sd_group: float,
    groups: float,
    size: float,
    controls: float,
    sd_control: float,
) -> float:
    """Return the standard error where only one arm is treated in groups (Moerbeek and Wong 2008).

    Parameters
    ----------
    sd_residual, sd_group : float
        Standard deviations within and between the groups of the group-treated arm.
    groups, size : float
        Groups, and people in each.
    controls : float
        People in the other arm, each on their own.
    sd_control : float
        Standard deviation there.
    """
    treated = (size * sd_group**2 + sd_residual**2) / (groups * size)
    return math.sqrt(treated + sd_control**2 / controls)


def slope_difference_se(
    sd_residual: float, sd_slope: float, times: Sequence[float], people: tuple[float, float]
) -> float:
    """Return the standard error of a difference of mean slopes between two arms of people.

    Parameters
    ----------
    sd_residual, sd_slope : float
        Of a measurement, and of people's slopes.
    times : sequence of float
        When each person is measured.
    people : tuple of float
        People in each arm.
    """
    t = np.asarray(times, dtype=float)
    one = sd_residual**2 / float(((t - t.mean()) ** 2).sum()) + sd_slope**2
    return math.sqrt(one / people[0] + one / people[1])


def interaction_se(
    sd: float, sd_covariate: float, clusters: float, size: float, icc: float, icc_covariate: float
) -> float:
    """Return the standard error of a treatment-by-covariate interaction (Yang et al. 2020).

    Parameters
    ----------
    sd : float
        Standard deviation of the outcome given the covariate.
    sd_covariate : float
    clusters : float
        Clusters in all, half of them in each arm.
    size : float
    icc : float
        Of the outcome given the covariate.
    icc_covariate : float
        1 for a covariate of the cluster.
    """
    information = 1.0 + (size - 2.0) * icc - (size - 1.0) * icc_covariate * icc
    variance = sd**2 * (1.0 - icc) * design_effect(size, icc) / (clusters * size * information)
    return math.sqrt(4.0 * variance) / sd_covariate


def rate_difference_se(
    rates: tuple[float, float], person_years: float, between_cv: float, clusters: float
) -> float:
    """Return the standard error of a difference of rates (Hayes and Bennett 1999).

    Parameters
    ----------
    rates : tuple of float
        Events per person-year in each arm.
    person_years : float
        In each cluster.
    between_cv : float
        Coefficient of variation of true rates between clusters.
    clusters : float
        Clusters in each arm; one is taken off as their correction for small numbers.
    """
    total = sum(rates) / person_years + between_cv**2 * (rates[0] ** 2 + rates[1] ** 2)
    return math.sqrt(total / (clusters - 1.0))


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


def multilevel_mean(
    sizes: Sequence[float], correlations: Sequence[float], repeated_levels: int
) -> tuple[float, float]:
    """Return variance inflation and correlation of cluster means with several levels of nesting.

    Teerenstra et al. (2019). The lowest level is measured anew in each period, the highest is the
    same throughout.

    Parameters
    ----------
    sizes : sequence of float
        Members of each level in one of the next, from the lowest.
    correlations : sequence of float
        The first is that of two members of the lowest level in one unit of the next; each further
        one is the correlation of two units, relative to that of their members.
    repeated_levels : int
        How many of the levels above the lowest are the same units in each period, from the top.

    Returns
    -------
    inflation : float
        Variance of a cluster mean over that of as many independent measurements.
    correlation : float
        Of cluster means in two periods.
    """
    # Share of the variance that two measurements have in common through each level.
    shared = np.cumprod(np.asarray(correlations, dtype=float))
    n = np.asarray(sizes, dtype=float)
    # Each measurement pairs with itself, with its companions in a unit, with those one level up.
    below = np.concatenate([[1.0], np.cumprod(n)])
    inflation = 1.0 + float((shared * np.diff(below)).sum())
    first = len(shared) - repeated_levels
    # In another period, companions of levels that are drawn anew count as of the lowest repeated.
    pairs = np.diff(below)[first:].copy()
    pairs[0] += below[first]
    covariance = float((shared[first:] * pairs).sum())
    return inflation, covariance / inflation
