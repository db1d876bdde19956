"""Power of parallel cluster trials with more than two arms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.errors import InputError


def omnibus_power(
    means: Sequence[float],
    clusters: int,
    size: float,
    cluster_variance: float,
    residual_variance: float,
    alpha: float = 0.05,
) -> float:
    """Return the power of the F test that all arms have one mean.

    Parameters
    ----------
    means : sequence of float
        True mean of each arm.
    clusters : int
        In each arm.
    size : float
        People in each cluster.
    cluster_variance, residual_variance : float
    alpha : float

    Returns
    -------
    float
        By the noncentral F with the number of arms less 1, and arms (clusters - 1), degrees of
        freedom.
    """
    from scipy.special import fdtri, ncfdtr

    true = np.asarray(means, dtype=float)
    arms = true.size
    if arms < 2 or clusters < 2:
        raise InputError("arms: at least 2, with at least 2 clusters each, are needed")
    spread = float(((true - true.mean()) ** 2).sum())
    ncp = clusters * size * spread / (residual_variance + size * cluster_variance)
    df1, df2 = arms - 1, arms * (clusters - 1)
    critical = fdtri(df1, df2, 1.0 - alpha)
    return float(1.0 - ncfdtr(df1, df2, ncp, critical)) if ncp > 0.0 else alpha


def contrast_se(
    weights: Sequence[float], clusters: Sequence[float], size: float, sd: float, icc: float
) -> float:
    """Return the standard error of a contrast of arm means.

    Parameters
    ----------
    weights : sequence of float
        One for each arm, summing to 0.
    clusters : sequence of float
        In each arm.
    size, sd, icc : float
    """
    if abs(sum(weights)) > 1e-9:
        raise InputError(f"weights: {list(weights)} must sum to 0")
    one = sd**2 * (icc + (1.0 - icc) / size)
    return math.sqrt(sum(w**2 * one / k for w, k in zip(weights, clusters, strict=True)))
