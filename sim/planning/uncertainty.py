"""Parameter uncertainty and replication noise, told apart.

Values come as draws x replications: each row is one set of parameter values, each column a run of
chance of that row's own. The one-way analysis of variance splits their variance, as O'Hagan,
Stevenson and Madan (2007) do for patient-level simulation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np

LOW, HIGH = 0.05, 0.95
NORMAL_95 = 1.959963984540054
RESAMPLES = 400


@dataclass(frozen=True)
class Spread:
    """A value with its uncertainty."""

    mean: float  # Mean over all worlds
    # Standard error of that mean through the finite number of draws and replications.
    monte_carlo_se: float
    parameter_sd: float  # Standard deviation of the expected value over draws; NaN with one draw
    noise_sd: float  # Standard deviation between replications of one draw; NaN with one replication
    # Expected value of each draw: means over replications, drawn towards the overall mean so that
    # their variance is the parameters' alone, shape (draws,).
    expected: np.ndarray
    # Central 90% of `expected`: parameter uncertainty alone; NaN with one draw, and where draws
    # differ no more than by chance, so that nothing of them is left.
    low: float
    high: float
    # Central 90% of single worlds: parameter uncertainty and replication noise; NaN with one world.
    world_low: float
    world_high: float


@dataclass(frozen=True)
class Chance:
    """A simulated probability."""

    share: float  # Share of draws (of worlds, where there is one draw)
    monte_carlo_se: float  # Its standard error
    # 95% limits of the Monte Carlo error alone; they are no point even where the share is 0 or 1
    # (Wilson 1927).
    low: float
    high: float
    of: str  # What the share is one of


def spread_of(values: np.ndarray) -> Spread:
    """Return the mean of values and where their variance comes from.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (draws, replications); rows with missing values are left out.

    Notes
    -----
    With B the variance of row means and W the mean variance within rows of n replications, the
    parameters' variance is max(0, B - W / n) and the mean's standard error sqrt(B / draws).
    """
    values = np.asarray(values, float)
    kept = values[np.all(np.isfinite(values), axis=1)]
    draws, replications = kept.shape
    if draws == 0:
        nan = float("nan")
        return Spread(nan, nan, nan, nan, np.full(len(values), nan), nan, nan, nan, nan)
    means = kept.mean(axis=1)
    mean = float(means.mean())
    within = float(kept.var(axis=1, ddof=1).mean()) if replications > 1 else float("nan")
    between = float(means.var(ddof=1)) if draws > 1 else float("nan")
    if draws == 1:
        error = sqrt(within / replications) if replications > 1 else float("nan")
        expected, shrink = means, 1.0
    else:
        error = sqrt(between / draws)
        noise = within / replications if replications > 1 else 0.0
        own = max(0.0, between - noise)
        shrink = sqrt(own / between) if between > 0.0 else 0.0
        expected = mean + shrink * (means - mean)
    none = (float("nan"), float("nan"))
    hidden = draws == 1 or (between > 0.0 and shrink == 0.0)
    low, high = none if hidden else _limits(expected)
    world_low, world_high = _limits(kept.ravel()) if kept.size > 1 else none
    return Spread(
        mean=mean,
        monte_carlo_se=error,
        parameter_sd=float(expected.std(ddof=1)) if draws > 1 else float("nan"),
        noise_sd=sqrt(within) if replications > 1 else float("nan"),
        expected=expected,
        low=low,
        high=high,
        world_low=world_low,
        world_high=world_high,
    )


def _limits(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [LOW, HIGH])
    return float(low), float(high)


def chance_of(hits: np.ndarray, of: str) -> Chance:
    """Return the share of hits with its Monte Carlo error.

    Parameters
    ----------
    hits : numpy.ndarray
        Whether each draw or world is one, shape (n,).
    of : str
        What they are, for the reader.
    """
    n = len(hits)
    share = float(np.mean(hits))
    z2 = NORMAL_95 * NORMAL_95
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = NORMAL_95 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    low = 0.0 if share == 0.0 else max(0.0, centre - half)
    high = 1.0 if share == 1.0 else min(1.0, centre + half)
    return Chance(share, sqrt(share * (1 - share) / n), low, high, of)


def chance_at_least(values: np.ndarray, threshold: float) -> Chance:
    """Return the probability that the expected value reaches a threshold (see `chance_below`)."""
    return _chance(values, lambda expected: expected >= threshold)


def chance_above(values: np.ndarray, threshold: float) -> Chance:
    """Return the probability that the expected value lies above a threshold; see `chance_below`."""
    return _chance(values, lambda expected: expected > threshold)


def chance_below(values: np.ndarray, threshold: float, or_equal: bool = False) -> Chance:
    """Return the probability that the expected value lies below a threshold.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (draws, replications).
    threshold : float
        The threshold.
    or_equal : bool
        Whether the threshold itself counts.

    Notes
    -----
    The share is over draws, of expected values with the noise taken out. Its Monte Carlo error
    counts both the finite number of draws and what taking the noise out adds: draws are resampled
    (a bootstrap with a fixed generator) and everything is worked out again; limits are the wider of
    the bootstrap's and Wilson's. With one draw the share is over replications.
    """
    if or_equal:
        return _chance(values, lambda expected: expected <= threshold)
    return _chance(values, lambda expected: expected < threshold)


def _chance(values: np.ndarray, hit: Callable[[np.ndarray], np.ndarray]) -> Chance:
    kept = values[np.all(np.isfinite(values), axis=1)]
    if len(kept) == 0:
        nan = float("nan")
        return Chance(nan, nan, nan, nan, "draws")
    if len(kept) == 1:
        return chance_of(hit(kept.ravel()), "replications")
    plain = chance_of(hit(spread_of(kept).expected), "draws")
    shares = hit(_resampled(kept)).mean(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return Chance(
        plain.share,
        max(plain.monte_carlo_se, float(shares.std(ddof=1))),
        min(plain.low, float(low)),
        max(plain.high, float(high)),
        "draws",
    )


def _resampled(values: np.ndarray) -> np.ndarray:
    """Return expected values by draw for draws resampled with return, (resamples, draws)."""
    draws, replications = values.shape
    picked = np.random.default_rng(0).integers(0, draws, (RESAMPLES, draws))
    means = values.mean(axis=1)[picked]
    centre = means.mean(axis=1, keepdims=True)
    between = means.var(axis=1, ddof=1)
    noise = np.zeros(RESAMPLES)
    if replications > 1:
        noise = values.var(axis=1, ddof=1)[picked].mean(axis=1) / replications
    own = np.maximum(0.0, between - noise)
    shrink = np.sqrt(np.divide(own, between, out=np.zeros_like(own), where=between > 0.0))
    return np.asarray(centre + shrink[:, None] * (means - centre))
