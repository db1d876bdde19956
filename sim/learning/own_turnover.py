"""Teams' own turnover: how far teams differ, and each one's rate drawn towards what all share.

In the model staff leave at one rate but for the roster's multiplier (and a little by readiness), so
that worlds cannot say how far real teams differ: what was observed does. Counts are Poisson over a
rate that is gamma between teams, which makes them negative binomial, and a team's own rate given
its count is gamma again (Clayton and Kaldor 1987, Biometrics 43:671). What all teams of a service
share may lie apart from what a draw expects too: it is log-normal around it.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, logsumexp

from sim.inputs.roster.columns import limits_of
from sim.learning.statistics import Statistic

BELIEVED = 0.6
"""SD of the half-normal prior of how far teams' rates differ, relative to their mean (assumption).
"""
SHARED = 0.2
"""SD of the logarithm of what a whole service's rate is relative to a draw's (assumption: about as
much again as draws differ by)."""
_SDS = np.linspace(0.02, 1.5, 38)
# Fine about what was counted, and far enough that no draw lies beyond: further above, as nobody may
# have left.
_AWAY = np.append(
    4.0 * np.sinh(np.linspace(-3.0, 3.0, 101)) / np.sinh(3.0), np.arange(4.1, 8.05, 0.1)
)
_SHARED = SHARED * np.linspace(-4.0, 4.0, 33)


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


def log_shared(
    count: np.ndarray, hoped: np.ndarray, spread: np.ndarray, together: float = 1.0
) -> np.ndarray:
    """Return the log probability of the counts of all teams, over what they may share, (draws,).

    Parameters
    ----------
    count : numpy.ndarray
        By team.
    hoped, spread : numpy.ndarray
        Mean and spread that each draw expects, shape (draws, teams) and (draws, 1).
    together : float
        By which the log probability of independent teams is divided (their design effect).
    """
    weights = -0.5 * (_SHARED / SHARED) ** 2
    fits = [
        weight + log_count(count, np.exp(shared) * hoped, spread).sum(axis=1) / together
        for shared, weight in zip(_SHARED, weights - logsumexp(weights), strict=True)
    ]
    return np.asarray(logsumexp(fits, axis=0))


def _fit(one: Statistic, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return common rates, and the log probability of the counts under each and each of `_SDS`.

    With the prior of how far teams differ; flat on the logarithm of the rate.
    """
    exposed = weights * one.of
    rates = np.exp(np.log((one.value.sum() + 0.5) / exposed.sum()) + _AWAY)
    fit = log_count(one.value, rates[:, None, None] * exposed, _SDS[:, None] ** 2).sum(axis=2)
    width = np.log(np.gradient(_AWAY))[:, None]
    return rates, fit + width - 0.5 * (_SDS / BELIEVED) ** 2


def own_variance(one: Statistic, weights: np.ndarray) -> float:
    """Return how far teams' rates differ beyond the roster: variance relative to the rate's square.

    The mean of its posterior given the counts, whatever the common rate.

    Parameters
    ----------
    one : Statistic
        Counts by team.
    weights : numpy.ndarray
        Each of its teams' turnover as the roster has it.
    """
    likely = logsumexp(_fit(one, weights)[1], axis=0)
    return float(np.exp(likely - logsumexp(likely)) @ _SDS**2)


def _likely(
    one: Statistic, weights: np.ndarray, mean: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each draw's rate, common rates, and their probability with `_SDS` given each draw.

    Shapes (draws,), (rates,) and (draws, rates, SDs).
    """
    rates, fit = _fit(one, weights)
    expects = mean[:, 0] / weights[0]
    away = (np.log(rates) - np.log(expects)[:, None]) / SHARED
    found = fit - 0.5 * away[:, :, None] ** 2
    likely = np.exp(found - found.max(axis=(1, 2), keepdims=True))
    return expects, rates, likely / likely.sum(axis=(1, 2), keepdims=True)


def drawn_rates(
    one: Statistic, weights: np.ndarray, mean: np.ndarray, chance: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw what teams share and how far they differ, one for each draw.

    Parameters
    ----------
    one, weights
        As `own_variance`.
    mean : numpy.ndarray
        Rate by post-week that each draw expects of each team, shape (draws, teams).
    chance : numpy.random.Generator

    Returns
    -------
    mean, spread : numpy.ndarray
        Mean rate of each team, shape (draws, teams), and variance of teams' rates relative to its
        square, shape (draws, 1).
    """
    _, rates, likely = _likely(one, weights, mean)
    reached = likely.reshape(len(mean), -1).cumsum(axis=1)
    picked = (reached < chance.random((len(mean), 1)) * reached[:, -1:]).sum(axis=1)
    rate, spread = np.divmod(picked, len(_SDS))
    return rates[rate, None] * weights, _SDS[spread, None] ** 2


def own_factors(one: Statistic, weights: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return each team's rate relative to what the draws expect of it, their mean, (teams,).

    `one`, `weights`, `mean`: as `drawn_rates`.
    """
    expects, rates, likely = _likely(one, weights, mean)
    relative = (likely / expects[:, None, None]).mean(axis=0) * rates[:, None]
    shape = 1.0 / _SDS[:, None] ** 2
    exposed = rates[:, None, None] * weights * one.of
    factors = (shape + one.value) / (shape + exposed)
    return np.asarray((relative[:, :, None] * factors).sum(axis=(0, 1)))


def moved_multipliers(weights: np.ndarray, one: Statistic, factors: np.ndarray) -> np.ndarray:
    """Return each team's turnover relative to the model's after it was observed, (all teams,)."""
    moved = weights.copy()
    moved[one.teams] = np.clip(weights[one.teams] * factors, *limits_of("turnover_multiplier"))
    return moved
