"""Power of t and z tests: noncentral t, shifted central t for comparison, and the normal.

The noncentral t is integrated over the distribution of the estimated standard error on a log scale,
where the trapezoidal rule converges exponentially fast. Unlike common library versions it gives the
far tail for any noncentrality.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NODES = 4001


def _normal_tail(x: Array | float) -> Array:
    from scipy.special import ndtr

    return np.asarray(ndtr(-np.asarray(x, dtype=float)))


def noncentral_t_sf(t: float, df: float, ncp: float) -> float:
    """Return P(T > t) of the noncentral t distribution.

    Parameters
    ----------
    t : float
    df : float
        Degrees of freedom, positive; infinity gives the normal distribution.
    ncp : float
        Noncentrality.

    Returns
    -------
    float
    """
    from scipy.special import gammaln

    if math.isinf(df):
        return float(_normal_tail(t - ncp))
    # v = log of the ratio of estimated to true standard error.
    spread = 1.0 / math.sqrt(2.0 * df)
    low = -max(45.0 / df, 12.0 * spread)
    high = max(math.log1p(12.0 * spread), 0.5 * math.log1p(90.0 / df))
    v, step = np.linspace(low, high, NODES, retstep=True)
    half = 0.5 * df
    log_constant = math.log(2.0) + half * math.log(half) - float(gammaln(half))
    weight = np.exp(log_constant + df * v - half * np.exp(2.0 * v))
    total = float((weight * _normal_tail(t * np.exp(v) - ncp)).sum()) * step
    return min(max(total, 0.0), 1.0)


def critical_value(df: float, alpha: float, sides: int = 2) -> float:
    """Return the critical value of a t test (of a z test if `df` is infinite)."""
    from scipy.special import ndtri, stdtrit

    level = 1.0 - alpha / sides
    return float(ndtri(level) if math.isinf(df) else stdtrit(df, level))


def power_t(
    effect: float,
    se: float,
    df: float,
    alpha: float = 0.05,
    sides: int = 2,
    wrong_direction: bool = True,
    model_se: float | None = None,
    spread_df: float | None = None,
) -> float:
    """Return the power of a t test by the noncentral t.

    Parameters
    ----------
    effect : float
        True effect.
    se : float
        True standard error of its estimate.
    df : float
        Degrees of freedom; infinity for a z test.
    alpha : float
        Significance level.
    sides : int
        1 (in the direction of the effect) or 2.
    wrong_direction : bool
        Whether a two-sided test that rejects in the wrong direction counts, as it does in a
        simulated rejection rate. Several calculators leave it out; it matters at low power only.
    model_se : float, optional
        Root of the mean square of the standard error that the test divides by, where it is not the
        true one.
    spread_df : float, optional
        Degrees of freedom with which that standard error is in truth estimated, where they are not
        those of the test.

    Returns
    -------
    float
    """
    critical = critical_value(df, alpha, sides)
    if model_se is not None:
        critical *= model_se / se
    spread = df if spread_df is None else spread_df
    ncp = abs(effect) / se
    power = noncentral_t_sf(critical, spread, ncp)
    if sides == 2 and wrong_direction:
        power += noncentral_t_sf(critical, spread, -ncp)
    return power


def power_z(
    effect: float, se: float, alpha: float = 0.05, sides: int = 2, wrong_direction: bool = True
) -> float:
    """Return the power of a z test; see `power_t`."""
    return power_t(effect, se, math.inf, alpha, sides, wrong_direction)


def power_shifted_t(effect: float, se: float, df: float, alpha: float = 0.05) -> float:
    """Return the chance that a central t, shifted by effect / se, passes the critical value.

    Several calculators print this as power. It is an approximation, given here for comparison only.
    """
    from scipy.special import stdtr

    shift = abs(effect) / se
    return float(stdtr(df, shift - critical_value(df, alpha)))
