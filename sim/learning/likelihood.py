"""How well draws of the parameters explain what was observed of each team.

A draw is simulated in several runs of chance. Its runs say where a team lies on average and how far
teams lie from there; what was observed of a team is then beta-binomial (shares), negative binomial
(counts) or normal (levels). Averages over few runs are not exact: their error widens the spread.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import betaln, gammaln

from sim.inputs.registers.observed import ALL_TEAMS
from sim.learning.statistics import COUNT, SHARE, Statistic

LEAST, MOST = 1e-4, 0.9
"""Bounds of the share of variance between teams."""


class Expected(NamedTuple):
    """What draws expect of the teams of a statistic.

    Attributes
    ----------
    mean : numpy.ndarray
        Share, rate by post-week, or level of each team, shape (draws, teams).
    spread : numpy.ndarray
        Of shares the intracluster correlation, of counts the variance of the rate relative to its
        square, of levels the variance between teams; shape (draws, 1).
    """

    mean: np.ndarray
    spread: np.ndarray


def expected(one: Statistic, seen: np.ndarray, weights: np.ndarray) -> Expected:
    """Return what draws expect.

    Parameters
    ----------
    one : Statistic
    seen : numpy.ndarray
        From `statistics.reduction`, of this statistic: shape (draws, runs, teams, parts).
    weights : numpy.ndarray
        Each team's turnover relative to the model's, shape (teams,).
    """
    if one.teams[0] == ALL_TEAMS:
        seen = seen.sum(axis=2, keepdims=True)
        seen = np.repeat(seen, len(one.teams), axis=2)
    else:
        seen, weights = seen[:, :, one.teams], weights[one.teams]
    total, number, squares = seen[..., 0], seen[..., 1], seen[..., 2]
    runs = seen.shape[1]
    if one.kind == SHARE:
        mean = (total.sum(axis=1) + 0.5) / (number.sum(axis=1) + 1.0)
        kept = number > 0
        away = np.where(kept, total / np.maximum(number, 1.0) - mean[:, None], 0.0)
        room = (mean * (1.0 - mean))[:, None] * kept
        chance = room / np.maximum(number, 1.0)
        between = (away**2 * runs / max(runs - 1, 1) - chance).sum(axis=(1, 2))
        share = between / np.maximum((room - chance).sum(axis=(1, 2)), 1e-9)
        return Expected(mean, _widened(np.clip(share, LEAST, MOST), runs)[:, None])
    if one.kind == COUNT:
        exposed = weights * number
        rate = (total.sum(axis=(1, 2)) + 0.5) / np.maximum(exposed.sum(axis=(1, 2)), 1e-9)
        hoped = rate[:, None, None] * exposed
        spare = ((total - hoped) ** 2 - hoped).sum(axis=(1, 2))
        spread = np.clip(spare / np.maximum((hoped**2).sum(axis=(1, 2)), 1e-9), LEAST, 2.0)
        return Expected(rate[:, None] * weights, spread[:, None])
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.where(number > 0, total / number, np.nan)
        within = np.where(number > 1, squares / number - level**2, 0.0)
        noise = np.where(number > 1, within / (number - 1), 0.0)
        mean = np.nanmean(level, axis=1)
        between = np.nanmean(np.nanvar(level, axis=1, ddof=1) - np.nanmean(noise, axis=1), axis=1)
    # What the mean of the runs misses: a share of all the variance between single runs.
    missed = np.nanmean(np.nanvar(level, axis=1, ddof=1), axis=1) / runs
    return Expected(mean, (np.maximum(between, 0.0) + missed)[:, None] + 1e-8)


def _widened(share: np.ndarray, runs: int) -> np.ndarray:
    """Return an intracluster correlation that holds the error of a mean over few runs too."""
    return np.asarray(np.minimum(share * (1.0 + 1.0 / runs), MOST))


def log_likelihood(one: Statistic, hoped: Expected) -> np.ndarray:
    """Return the log likelihood of each team's observation, shape (draws, teams).

    Shares: k of n is beta-binomial with mean m and correlation r, a = m (1 - r) / r,
    b = (1 - m) (1 - r) / r. Counts: negative binomial with mean m e and variance m e + s (m e)^2.
    Levels: normal with the variance between teams plus the observation's own.
    """
    mean, spread = hoped
    if one.kind == SHARE:
        size = (1.0 - spread) / spread
        first, second = mean * size, (1.0 - mean) * size
        came, missed = one.value, one.of - one.value
        ways = gammaln(one.of + 1) - gammaln(came + 1) - gammaln(missed + 1)
        return np.asarray(ways + betaln(first + came, second + missed) - betaln(first, second))
    if one.kind == COUNT:
        hoped_for, shape = mean * one.of, 1.0 / spread
        return np.asarray(
            gammaln(one.value + shape)
            - gammaln(shape)
            - gammaln(one.value + 1)
            - shape * np.log1p(hoped_for / shape)
            + one.value * np.log(hoped_for / (shape + hoped_for))
        )
    variance = spread + one.error**2
    away = one.value - mean
    return np.asarray(-0.5 * (np.log(2.0 * np.pi * variance) + away**2 / variance))


def log_likelihoods(
    statistics: list[Statistic], seen: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Return the log likelihood of all that was observed under each draw, shape (draws,).

    Teams are taken as independent given the parameters, and so are kinds of observation.
    """
    found = np.zeros(len(seen))
    for number, one in enumerate(statistics):
        found += log_likelihood(one, expected(one, seen[:, :, number], weights)).sum(axis=1)
    return np.nan_to_num(found, nan=-1e9)
