"""Teams' own turnover: how far teams differ, and each one's rate drawn towards what all share.

In the model staff leave at one rate but for the roster's multiplier (and a little by readiness), so
that worlds cannot say how far real teams differ: what was observed does. Counts are Poisson over a
rate that is gamma between teams, which makes them negative binomial, and a team's own rate given
its count is gamma again (Clayton and Kaldor 1987, Biometrics 43:671).
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from sim.inputs.roster.staff_list import LIMITS
from sim.learning.statistics import Statistic

BELIEVED = 0.6
"""SD of the half-normal prior of how far teams' rates differ, relative to their mean (assumption).
"""
_SDS = np.linspace(0.02, 1.5, 38)


def log_count(count: np.ndarray, hoped: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Return the log probability of counts that are negative binomial.

    Parameters
    ----------
    count, hoped : numpy.ndarray
        How many there were, and their mean.
    spread : numpy.ndarray
        Variance of the rate relative to its square: the variance of counts is hoped + spread
        hoped^2.
    """
    shape = 1.0 / spread
    return np.asarray(
        gammaln(count + shape)
        - gammaln(shape)
        - gammaln(count + 1)
        - shape * np.log1p(hoped / shape)
        + count * np.log(hoped / (shape + hoped))
    )


def own_spreads(one: Statistic, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far teams' rates may differ beyond the roster, and how likely each is.

    Variances of the rate relative to its square, and their posterior given the counts, the common
    rate unknown (flat on its logarithm). Few counts leave it wide: intervals of teams' own rates
    that take one value of it hold too little.

    Parameters
    ----------
    one : Statistic
        Counts by team.
    weights : numpy.ndarray
        Each of its teams' turnover as the roster has it.
    """
    exposed = weights * one.of
    total = one.value.sum() + 0.5
    away = np.linspace(-5.0, 5.0, 41) / np.sqrt(total) + np.log(total / exposed.sum())
    hoped = np.exp(away)[:, None, None] * exposed
    fit = log_count(one.value, hoped, _SDS[:, None] ** 2).sum(axis=2)
    fit = fit - 0.5 * (_SDS / BELIEVED) ** 2
    likely = np.exp(fit - fit.max()).sum(axis=0)
    return _SDS**2, likely / likely.sum()


def own_variance(one: Statistic, weights: np.ndarray) -> float:
    """Return the mean of `own_spreads`."""
    spreads, likely = own_spreads(one, weights)
    return float(likely @ spreads)


def drawn_spreads(
    one: Statistic, weights: np.ndarray, draws: int, chance: np.random.Generator
) -> np.ndarray:
    """Draw how far teams' rates differ, shape (draws, 1)."""
    spreads, likely = own_spreads(one, weights)
    return chance.choice(spreads, (draws, 1), p=likely)


def own_factors(one: Statistic, weights: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return each team's rate relative to what the draws expect of it, their mean, (teams,).

    Parameters
    ----------
    one, weights
        As `own_spreads`.
    mean : numpy.ndarray
        Rate by post-week that each draw expects, shape (draws, teams).
    """
    spreads, likely = own_spreads(one, weights)
    shape = 1.0 / spreads[:, None, None]
    factors = (shape + one.value) / (shape + mean * one.of)
    return np.asarray(likely @ factors.mean(axis=1))


def moved_multipliers(weights: np.ndarray, one: Statistic, factors: np.ndarray) -> np.ndarray:
    """Return each team's turnover relative to the model's after it was observed, (all teams,)."""
    moved = weights.copy()
    moved[one.teams] = np.clip(weights[one.teams] * factors, *LIMITS)
    return moved
