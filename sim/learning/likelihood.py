"""How well draws of the parameters explain what was observed of each team.

A draw is simulated in several runs of chance. Its runs say where a team lies on average and how far
teams lie from there; what was observed of a team is then beta-binomial (shares), negative binomial
(counts) or normal (levels). Averages over few runs are not exact: their error widens the spread.
How far teams lie apart is known even less from few runs, and draws in which it came out small by
chance would win: it is drawn half-way towards what all draws of the start say together. Counts have
the teams' own turnover beside it, which no draw holds (`sim.learning.own_turnover`). Teams of a
trust go up and down together, so that a log likelihood of independent teams is divided by their
design effect (composite likelihood; Pauli, Racugno and Ventura 2011, Statistica Sinica 21:149).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import betaln, gammaln

from sim.inputs.registers.observed import ALL_TEAMS
from sim.learning.own_turnover import log_count, log_shared, own_variance
from sim.learning.statistics import COUNT, SHARE, Statistic

LEAST, MOST = 1e-4, 0.9
"""Bounds of the share of variance between teams."""


class Expected(NamedTuple):
    """What draws expect of the teams of a statistic."""

    mean: np.ndarray  # Share, rate by post-week, or level of each team, shape (draws, teams)
    # Of shares the intracluster correlation, of counts the variance of the rate relative to its
    # square, of levels the variance between teams; shape (draws, 1).
    spread: np.ndarray


class Common(NamedTuple):
    """What all draws of the start say together of a statistic."""

    # Means over draws of the two parts of whose ratio a draw's spread is made.
    top: float
    bottom: float
    # Design effect of the mean over teams: its variance relative to that of independent teams.
    together: float


ALONE = Common(0.0, 0.0, 1.0)
"""Each draw by itself, teams independent."""


def common_of(
    one: Statistic, seen: np.ndarray, weights: np.ndarray, apart: Sequence[np.ndarray]
) -> Common:
    """Return what all draws say together.

    Parameters
    ----------
    one : Statistic
    seen, weights : numpy.ndarray
        As `expected`.
    apart : sequence of numpy.ndarray
        Some draws in chance of their own, of this statistic, each (draws, runs, teams, parts): in
        the chance that all draws share, six runs are six, however many draws there are.
    """
    _, top, bottom = _moments(one, seen, weights)
    return Common(float(top.mean()), float(bottom.mean()), design_effect(one, apart))


def design_effect(one: Statistic, apart: Sequence[np.ndarray]) -> float:
    """Return the variance of the mean over teams relative to that of independent teams, at least 1.

    Within each draw, over its runs: a team's distances from its own mean are put on one scale.
    """
    if one.teams[0] == ALL_TEAMS:
        return 1.0
    squares, count = 0.0, 0
    for seen in apart:
        total, number = seen[:, :, one.teams, 0], seen[:, :, one.teams, 1]
        kept, runs = number > 0, seen.shape[1]
        level = np.where(kept, total / np.maximum(number, 1e-9), 0.0)
        mean = level.sum(axis=1, keepdims=True) / np.maximum(kept.sum(axis=1, keepdims=True), 1)
        away = np.where(kept, level - mean, 0.0) * np.sqrt(runs / (runs - 1))
        spread = (away**2).sum(axis=(1, 2)) / np.maximum(kept.sum(axis=(1, 2)), 1)
        varies = spread > 0.0
        sums = away.sum(axis=2)[varies] ** 2 / np.maximum(kept.sum(axis=2), 1)[varies]
        squares += float((sums / spread[varies, None]).sum())
        count += sums.size
    return max(1.0, squares / count) if count else 1.0


def expected(
    one: Statistic, seen: np.ndarray, weights: np.ndarray, common: Common = ALONE
) -> Expected:
    """Return what draws expect.

    Parameters
    ----------
    one : Statistic
    seen : numpy.ndarray
        From `statistics.reduction`, of this statistic: shape (draws, runs, teams, parts).
    weights : numpy.ndarray
        Each team's turnover relative to the model's, shape (teams,).
    common : Common
        What all draws say together, towards which a draw's spread is drawn.
    """
    mean, top, bottom = _moments(one, seen, weights)
    spread = (top + common.top) / np.maximum(bottom + common.bottom, 1e-9)
    if one.kind == SHARE:
        # Holds the error of a mean over few runs too.
        spread = np.minimum(np.clip(spread, LEAST, MOST) * (1.0 + 1.0 / seen.shape[1]), MOST)
    elif one.kind == COUNT:
        # The model has one rate in all teams: how far theirs differ is what was observed.
        spread = np.maximum(spread, 0.0) + own_variance(one, weights[one.teams])
        spread = np.clip(spread, LEAST, 2.0)
    else:
        spread = spread + 1e-8
    return Expected(mean, spread[:, None])


def _moments(
    one: Statistic, seen: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each team's mean, and the two parts of the spread between teams, by draw."""
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
        return mean, between, (room - chance).sum(axis=(1, 2))
    if one.kind == COUNT:
        exposed = weights * number
        rate = (total.sum(axis=(1, 2)) + 0.5) / np.maximum(exposed.sum(axis=(1, 2)), 1e-9)
        hoped = rate[:, None, None] * exposed
        spare = ((total - hoped) ** 2 - hoped).sum(axis=(1, 2))
        return rate[:, None] * weights, spare, (hoped**2).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.where(number > 0, total / number, np.nan)
        within = np.where(number > 1, squares / number - level**2, 0.0)
        noise = np.where(number > 1, within / (number - 1), 0.0)
        mean = np.nanmean(level, axis=1)
        between = np.nanmean(np.nanvar(level, axis=1, ddof=1) - np.nanmean(noise, axis=1), axis=1)
    # What the mean of the runs misses: a share of all the variance between single runs.
    missed = np.nanmean(np.nanvar(level, axis=1, ddof=1), axis=1) / runs
    return mean, np.maximum(between, 0.0) + missed, np.ones(len(mean))


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
        return log_count(one.value, mean * one.of, spread)
    variance = spread + one.error**2
    away = one.value - mean
    return np.asarray(-0.5 * (np.log(2.0 * np.pi * variance) + away**2 / variance))


def log_likelihoods(
    statistics: Sequence[Statistic],
    seen: np.ndarray,
    weights: np.ndarray,
    common: Sequence[Common],
) -> np.ndarray:
    """Return the log likelihood of all that was observed under each draw, shape (draws,).

    Kinds of observation are taken as independent given the parameters; teams are not, see `Common`.
    """
    found = np.zeros(len(seen))
    for number, (one, shared) in enumerate(zip(statistics, common, strict=True)):
        hoped = expected(one, seen[:, :, number], weights, shared)
        if one.kind == COUNT:
            mean = hoped.mean * one.of
            found += log_shared(one.value, mean, hoped.spread, shared.together)
        else:
            found += log_likelihood(one, hoped).sum(axis=1) / shared.together
    return np.nan_to_num(found, nan=-1e9)
