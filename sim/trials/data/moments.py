"""What simulated trials are like: means, spread, correlations, sizes and losses of their data.

Inputs say what was asked for; these moments say what came out, without any effect of treatment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from sim.trials.data.data import TrialData


@dataclass(frozen=True)
class Moments:
    """Moments of untreated outcomes, averaged over trials."""

    # Of the last period, over all people.
    mean: float
    sd: float
    icc: float  # Share of the variance between clusters, by analysis of variance; may be below 0
    # Cluster and individual autocorrelation between periods; NaN where there is one period, or, for
    # the second, where other people are asked.
    cac: float
    iac: float
    # People asked per cluster and period: mean and coefficient of variation.
    size: float
    size_variation: float
    lost: float  # Share of those asked in the last period without an outcome
    clusters: float  # Clusters with anybody

    def as_dict(self) -> dict[str, float]:
        """Return the fields as a dictionary."""
        return asdict(self)


def trial_moments(data: TrialData) -> tuple[float, ...]:
    """Return the raw moments of one trial, to be averaged before ratios are formed.

    Returns
    -------
    tuple of float
        Mean, variance between clusters, within clusters; covariance of neighbouring periods between
        and within clusters; size, its variance, share lost, clusters. NaN, and no clusters, for a
        trial that nobody entered.
    """
    if len(data.outcome) == 0:
        return (nan,) * 8 + (0.0,)
    periods = np.unique(data.period)
    last = data.period == periods[-1]
    between, within = _components(data.cluster[last], data.outcome[last], data.outcome[last])
    pairs = []
    for first, second in zip(periods[:-1], periods[1:], strict=True):
        pairs.append(_between_periods(data, int(first), int(second)))
    shared = known_means(np.array(pairs)) if pairs else np.array([nan, nan])
    counts = np.bincount(data.cluster[last])
    counts = counts[counts > 0]
    outcome = data.outcome[last]
    return (
        float(np.nanmean(outcome)) if (~np.isnan(outcome)).any() else nan,
        between,
        within,
        float(shared[0]),
        float(shared[1]),
        float(counts.mean()),
        float(counts.var()),
        float(np.isnan(outcome).mean()),
        float(len(counts)),
    )


def _components(cluster: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Return (co)variance between and within clusters by analysis of variance."""
    known = ~(np.isnan(a) | np.isnan(b))
    _, codes = np.unique(cluster[known], return_inverse=True)
    if len(codes) == 0:
        return nan, nan
    a, b = a[known] - a[known].mean(), b[known] - b[known].mean()
    n = np.bincount(codes).astype(float)
    k, total = len(n), float(n.sum())
    if k < 2 or total <= k:
        return nan, nan
    mean_a, mean_b = np.bincount(codes, a) / n, np.bincount(codes, b) / n
    within = float(((a - mean_a[codes]) * (b - mean_b[codes])).sum() / (total - k))
    among = float((n * mean_a * mean_b).sum() / (k - 1))
    typical = (total - float((n**2).sum()) / total) / (k - 1)
    return (among - within) / typical, within


def _between_periods(data: TrialData, first: int, second: int) -> tuple[float, float]:
    """Return the covariance of two periods between clusters, and within for the same people."""
    cluster, _, _, before, after = data.pairs(first, second)
    if len(cluster) >= 2:
        return _components(cluster, before, after)
    means = []
    for period in (first, second):
        kept = (data.period == period) & ~np.isnan(data.outcome)
        count = np.bincount(data.cluster[kept], minlength=int(data.cluster.max()) + 1)
        total = np.bincount(data.cluster[kept], data.outcome[kept], minlength=len(count))
        means.append(np.where(count > 0, total / np.maximum(count, 1), nan))
    both = ~np.isnan(means[0]) & ~np.isnan(means[1])
    if both.sum() < 2:
        return nan, nan
    return float(np.cov(means[0][both], means[1][both])[0, 1]), nan


def known_means(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of what is known in each column; NaN where nothing is."""
    known = ~np.isnan(table)
    total = np.where(known, table, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), nan)


def average_moments(rows: Sequence[tuple[float, ...]]) -> Moments:
    """Return the moments of many trials."""
    table = np.array(rows, float)
    mean, between, within, shared_between, shared_within, size, spread, lost, clusters = (
        known_means(table)
    )
    variance = between + within
    return Moments(
        mean=float(mean),
        sd=sqrt(max(float(variance), 0.0)),
        icc=float(between / variance) if variance > 0.0 else nan,
        cac=float(shared_between / between) if between > 0.0 else nan,
        iac=float(shared_within / within) if within > 0.0 else nan,
        size=float(size),
        size_variation=sqrt(max(float(spread), 0.0)) / float(size),
        lost=float(lost),
        clusters=float(clusters),
    )
