"""Power of t and z tests: noncentral t, shifted central t for comparison, and the normal.

Where the standard error has a floor, power is integrated over the distribution of the estimated
standard error on a log scale, where the trapezoidal rule converges fast.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sim.trials.analyses.hypothesis import Bounds

Array = NDArray[np.float64]

# A floor is a kink, where the rule converges like others do: an error of about 1e-6.
NODES = 801
# With fewer degrees of freedom within clusters than this, the floor is taken at so many places.
FEW_WITHIN, FLOORS = 100.0, 9


def noncentral_t_sf(t: float, df: float, ncp: float) -> float:
    """Return P(T > t) of the noncentral t distribution.

    `df`: degrees of freedom, positive; infinity gives the normal distribution; `ncp`:
    noncentrality.
    """
    from scipy.special import nctdtr, ndtr

    if math.isinf(df):
        return float(ndtr(ncp - t))
    # As the lower tail of the mirror image a small chance keeps its digits; where it is too small
    # for a number, SciPy gives NaN.
    chance = float(nctdtr(df, -ncp, -t))
    return 0.0 if math.isnan(chance) else chance


@dataclass(frozen=True)
class Floor:
    """What becomes of a test whose estimated standard error cannot fall below a floor.

    So it is in a mixed model: a variance between clusters is never estimated below zero. Where it
    is zero, what varies between clusters is pooled with what varies within.
    """

    share: float  # Lowest standard error as a share of the root of its mean square
    df: float  # Degrees of freedom of the test there
    # True standard error of the estimate there, over that without the floor: clusters are weighted
    # as if they did not differ.
    se: float = 1.0
    pooled_df: float = math.inf  # Degrees of freedom within clusters
    # Degrees of freedom of the test as the floor comes near, where they jump there: Satterthwaite's
    # have the error of a variance between clusters, however small, and not that of one at zero.
    near_df: float | None = None


def floored_power(
    shifts: Sequence[float],
    ratio: float,
    df: float,
    spread_df: float,
    level: float,
    floor: Floor,
    both: bool = False,
) -> float:
    """Return the power of a t test whose standard error has a floor.

    Between the floor and the expectation of the squared standard error, degrees of freedom and true
    standard error are interpolated.

    Parameters
    ----------
    shifts : sequence of float
        Distances, in true standard errors, from where each one-sided test rejects at no error.
    ratio : float
        Model's standard error over the true one.
    df, spread_df : float
        Of the test, and those with which its standard error is estimated.
    level : float
        Of one tail.
    both : bool
        Whether all tests must reject, as of equivalence; any of them otherwise.
    """
    from scipy.special import chdtri

    moved = np.ones(1)
    if FEW_WITHIN > floor.pooled_df > 0.0:
        # What varies within clusters is itself estimated: the floor moves.
        chances = (np.arange(FLOORS) + 0.5) / FLOORS
        moved = np.sqrt(chdtri(floor.pooled_df, 1.0 - chances) / floor.pooled_df)
    return float(_above_floor(shifts, ratio, df, spread_df, level, floor, both, moved).mean())


def _above_floor(
    shifts: Sequence[float],
    ratio: float,
    df: float,
    spread_df: float,
    level: float,
    floor: Floor,
    both: bool,
    moved: Array,
) -> Array:
    """Return the same with the floor at each of some multiples of where it is expected."""
    from scipy.special import ndtr, stdtrit

    v, weight, step = _spread_of_log(spread_df)
    at = floor.share * moved[:, None]
    squared, lowest = np.exp(2.0 * v), at**2
    share = 0.0 if math.isinf(floor.pooled_df) else spread_df / (spread_df + floor.pooled_df)
    pooled = share * squared + (1.0 - share) * lowest
    reckoned = ratio * np.sqrt(np.where(squared >= lowest, squared, pooled))
    above = np.clip((squared - lowest) / np.maximum(1.0 - lowest, 1e-12), 0.0, 1.0)
    most = 1e6
    near = floor.df if floor.near_df is None else floor.near_df
    own, there = min(df, most), min(near, most)
    # The critical value is smooth in one over the degrees of freedom.
    table = np.linspace(0.0, 1.0, 33)
    values = -stdtrit(1.0 / (table / own + (1.0 - table) / there), level)
    critical = np.interp(above, table, values)
    spread = np.sqrt(above + (1.0 - above) * floor.se**2)
    if floor.near_df is not None:
        # The node in whose cell the jump lies counts for its part on either side.
        part = np.clip((v - np.log(at)) / step + 0.5, 0.0, 1.0)
        at_floor = -float(stdtrit(min(floor.df, most), level))
    total = np.zeros_like(above)
    for shift in shifts:
        chance = ndtr((shift - critical * reckoned) / spread)
        if floor.near_df is not None:
            chance = part * chance + (1.0 - part) * ndtr((shift - at_floor * reckoned) / spread)
        total += chance
    if both:
        # Of two that cannot both fail to reject by much: what lies between the two critical lines.
        total = np.maximum(total - (len(shifts) - 1.0), 0.0)
    return np.asarray(np.clip((weight * total).sum(axis=-1) * step, 0.0, 1.0))


def _spread_of_log(df: float) -> tuple[Array, Array, float]:
    """Return nodes of the log of estimated over true standard error, densities, and their step."""
    from scipy.special import gammaln

    spread = 1.0 / math.sqrt(2.0 * df)
    low = -max(45.0 / df, 12.0 * spread)
    high = max(math.log1p(12.0 * spread), 0.5 * math.log1p(90.0 / df))
    v, step = np.linspace(low, high, NODES, retstep=True)
    half = 0.5 * df
    log_constant = math.log(2.0) + half * math.log(half) - float(gammaln(half))
    return v, np.exp(log_constant + df * v - half * np.exp(2.0 * v)), float(step)


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
    floor: Floor | None = None,
    bounds: Bounds | None = None,
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
    bounds : Bounds, optional
        Between which the effect is to be shown to lie, by one-sided tests at `alpha` of which all
        must reject; instead of `sides`, and with the effect's sign.
    """
    ratio = 1.0 if model_se is None else model_se / se
    spread = df if spread_df is None else spread_df
    if bounds is None:
        ncp = abs(effect) / se
        shifts: tuple[float, ...] = (ncp, -ncp) if sides == 2 and wrong_direction else (ncp,)
    else:
        sides, shifts = 1, shifts_to(bounds, effect, se)
    both = bounds is not None and len(shifts) == 2
    if both and floor is None and math.isfinite(spread):
        floor = Floor(0.0, df)
    if floor is not None and math.isfinite(spread):
        return floored_power(shifts, ratio, df, spread, alpha / sides, floor, both)
    critical = critical_value(df, alpha, sides) * ratio
    total = sum(noncentral_t_sf(critical, spread, shift) for shift in shifts)
    return max(total - 1.0, 0.0) if both else total


def shifts_to(bounds: Bounds, effect: float, se: float) -> tuple[float, ...]:
    """Return how far an effect is inside each finite bound, in standard errors."""
    apart = (effect - bounds.lower, bounds.upper - effect)
    return tuple(one / se for one in apart if math.isfinite(one))


def power_z(
    effect: float,
    se: float,
    alpha: float = 0.05,
    sides: int = 2,
    wrong_direction: bool = True,
    bounds: Bounds | None = None,
) -> float:
    """Return the power of a z test; see `power_t`."""
    return power_t(effect, se, math.inf, alpha, sides, wrong_direction, bounds=bounds)


def power_shifted_t(
    effect: float, se: float, df: float, alpha: float = 0.05, bounds: Bounds | None = None
) -> float:
    """Return the chance that a central t, shifted by effect / se, passes the critical value.

    Several calculators print this as power. It is an approximation, given here for comparison only.
    """
    from scipy.special import stdtr

    shifts = (abs(effect) / se,) if bounds is None else shifts_to(bounds, effect, se)
    critical = critical_value(df, alpha, 2 if bounds is None else 1)
    total = sum(float(stdtr(df, one - critical)) for one in shifts)
    return max(total - (len(shifts) - 1.0), 0.0)
