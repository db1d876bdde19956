"""Weights of draws: effective size, the next temperature, resampling."""

from __future__ import annotations

import numpy as np


def effective(weights: np.ndarray) -> float:
    """Return the effective sample size of weights that sum to 1."""
    return float(1.0 / (weights**2).sum())


def weights_of(log_weights: np.ndarray) -> np.ndarray:
    """Return normalised weights."""
    shifted = np.exp(log_weights - log_weights.max())
    return np.asarray(shifted / shifted.sum())


def next_temperature(values: np.ndarray, now: float, share: float) -> float:
    """Return the next temperature at which the effective sample size is `share` of the whole."""
    n = len(values)
    if effective(weights_of((1.0 - now) * values)) >= share * n:
        return 1.0
    low, high = now, 1.0
    for _ in range(50):
        middle = 0.5 * (low + high)
        if effective(weights_of((middle - now) * values)) >= share * n:
            low = middle
        else:
            high = middle
    return low if low > now else high


def systematic(weights: np.ndarray, count: int, uniform: float) -> np.ndarray:
    """Return indices by systematic resampling."""
    edges = np.cumsum(weights)
    edges[-1] = 1.0
    return np.searchsorted(edges, (uniform + np.arange(count)) / count)
