"""From draws of the planner's posterior to draws that what was observed has updated.

Tempered sequential Monte Carlo (Del Moral, Doucet and Jasra 2006): weights are let in by steps that
keep the effective sample size, draws are resampled, and after each step every draw is moved and
simulated anew, so that they do not collapse onto a few. A draw has two parts. The *block* is the
parameters that the observations can inform (found by rank correlation with what is simulated, never
with what was observed) and that no trial fitted; the prior there is a Gaussian copula with the
draws' own margins, and a move mixes towards a normal fitted to the draws. The *rest* is carried
whole from some draw of the start, so that constants that were solved together stay together; its
move proposes that of another draw. Both moves leave the tempered posterior as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from sim.learning.weights import effective, next_temperature, systematic, weights_of

SHARE = 0.5
"""Effective sample size that each step keeps, as a share of the draws."""
STEP = 0.7
LARGEST_BLOCK = 12
Simulate = Callable[[list[dict[str, float]]], np.ndarray]
Values = Mapping[str, float]


@dataclass(frozen=True)
class Block:
    """Parameters that are moved, on normal scores of the draws' own margins."""

    names: tuple[str, ...]
    sorted_values: np.ndarray  # Shape (draws, parameters), each column ascending
    bounds: np.ndarray  # Lowest and highest value of each, shape (2, parameters)
    precision: np.ndarray  # Inverse correlation of the scores

    @classmethod
    def of(
        cls,
        draws: Sequence[Values],
        names: Sequence[str],
        bounds: Mapping[str, tuple[float, float]],
    ) -> tuple[Block, np.ndarray]:
        """Return the block of some parameters, and the scores of the draws."""
        values = np.array([[one[name] for name in names] for one in draws]).reshape(len(draws), -1)
        ranks = values.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
        scores = ndtri((ranks + 0.5) / len(values))
        together = np.eye(len(names))
        if len(names) > 1:
            # A sample's correlations are drawn towards none.
            together = 0.9 * np.corrcoef(scores.T) + 0.1 * together
        ends = np.array([bounds.get(name, (-np.inf, np.inf)) for name in names]).reshape(-1, 2).T
        return cls(tuple(names), np.sort(values, axis=0), ends, np.linalg.inv(together)), scores

    def values(self, scores: np.ndarray) -> np.ndarray:
        """Return parameter values of scores: the draws' own quantiles, normal tails beyond them."""
        count = len(self.sorted_values)
        places = ndtri((np.arange(count) + 0.5) / count)
        beyond = scores - np.clip(scores, places[0], places[-1])
        inside = [
            np.interp(scores[:, number], places, self.sorted_values[:, number])
            for number in range(len(self.names))
        ]
        found = np.stack(inside, axis=1) if inside else np.zeros((len(scores), 0))
        return np.clip(found + beyond * self.sorted_values.std(axis=0), *self.bounds)

    def log_prior(self, scores: np.ndarray) -> np.ndarray:
        """Return the log prior density of scores but for a constant."""
        return np.asarray(-0.5 * np.einsum("ij,jk,ik->i", scores, self.precision, scores))


@dataclass(frozen=True)
class Updated:
    """Equally weighted draws of the updated posterior, and how they came about."""

    draws: list[dict[str, float]]
    seen: np.ndarray  # What each of them simulates
    log_likelihood: np.ndarray
    block: tuple[str, ...]  # Parameters that were moved
    ess: float  # Effective sample size of the start's draws under all that was observed
    # Of each step; of each move.
    temperatures: tuple[float, ...]
    acceptance: tuple[float, ...]
    carried: float  # Effective number of draws of the start from which what is not moved is carried


def informed(
    draws: Sequence[Values], candidates: Sequence[str], figures: np.ndarray
) -> tuple[str, ...]:
    """Return the parameters with which some simulated figure goes, the strongest first.

    Parameters
    ----------
    candidates : sequence of str
        Parameters that may be moved.
    figures : numpy.ndarray
        What draws simulate of the whole service, shape (draws, figures).

    Notes
    -----
    A rank correlation counts beyond four standard errors, 4 / sqrt(draws): of some hundred
    parameters, hardly one does by chance.
    """
    from scipy.stats import rankdata

    figures = figures[:, figures.std(axis=0) > 0.0]
    if not candidates or not figures.shape[1]:
        return ()
    values = np.array([[one[name] for name in candidates] for one in draws])
    moving = values.std(axis=0) > 0.0
    ranks = rankdata(np.concatenate([values[:, moving], figures], axis=1), axis=0)
    count = int(moving.sum())
    strength = np.abs(np.corrcoef(ranks.T)[:count, count:]).max(axis=1)
    order = np.argsort(-strength)[:LARGEST_BLOCK]
    names = np.array(candidates)[moving]
    return tuple(str(names[one]) for one in order if strength[one] > 4.0 / np.sqrt(len(draws)))


def update_draws(
    draws: Sequence[Values],
    seen: np.ndarray,
    block_names: Sequence[str],
    simulate: Simulate,
    fit: Callable[[np.ndarray], np.ndarray],
    seed: int,
    on_step: Callable[[float], None] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
) -> Updated:
    """Update draws.

    Parameters
    ----------
    draws : sequence of mappings
        Equally weighted draws of the start.
    seen : numpy.ndarray
        What they simulate, from `simulate`, shape (draws, ...).
    block_names : sequence of str
        Parameters that are moved.
    simulate : callable
        From draws to what they simulate.
    fit : callable
        From what is simulated to log likelihoods.
    seed : int
        Of the sampler's own chance.
    on_step : callable, optional
        Told the temperature after each step.
    bounds : mapping, optional
        Lowest and highest value of a parameter, where there are any.
    """
    count = len(draws)
    chance = np.random.default_rng(np.random.SeedSequence([seed, 18]))
    block, scores = Block.of(draws, block_names, bounds or {})
    rest = np.arange(count)
    values, now = fit(seen), 0.0
    ess = effective(weights_of(values))
    temperatures: list[float] = []
    acceptance: list[float] = []

    def made(scores: np.ndarray, rest: np.ndarray) -> list[dict[str, float]]:
        own = block.values(scores)
        return [
            {**draws[whole], **dict(zip(block.names, map(float, row), strict=True))}
            for whole, row in zip(rest, own, strict=True)
        ]

    def tried(other: np.ndarray, other_rest: np.ndarray, log_ratio: np.ndarray) -> None:
        """Accept or refuse moves; `log_ratio` is what prior and proposal add."""
        nonlocal scores, rest, seen, values
        new_seen = simulate(made(other, other_rest))
        new_values = fit(new_seen)
        yes = np.log(chance.random(count)) < now * (new_values - values) + log_ratio
        scores = np.where(yes[:, None], other, scores)
        rest = np.where(yes, other_rest, rest)
        seen = np.where(yes.reshape(-1, *(1,) * (seen.ndim - 1)), new_seen, seen)
        values = np.where(yes, new_values, values)
        acceptance.append(float(yes.mean()))

    def move_block(centre: np.ndarray, lower: np.ndarray) -> None:
        keep = np.sqrt(1.0 - STEP * STEP)
        noise = chance.standard_normal(scores.shape) @ lower.T
        other = centre + keep * (scores - centre) + STEP * noise

        def fitted(one: np.ndarray) -> np.ndarray:
            return np.asarray(-0.5 * (np.linalg.solve(lower, (one - centre).T) ** 2).sum(axis=0))

        prior = block.log_prior(other) - block.log_prior(scores)
        tried(other, rest, prior - (fitted(other) - fitted(scores)))

    while now < 1.0:
        following = next_temperature(values, now, SHARE)
        weights = weights_of((following - now) * values)
        centre = weights @ scores
        away = scores - centre
        spread = (weights[:, None] * away).T @ away + 1e-4 * np.eye(scores.shape[1])
        chosen = systematic(weights, count, float(chance.random()))
        scores, rest, seen, values = scores[chosen], rest[chosen], seen[chosen], values[chosen]
        now = following
        temperatures.append(now)
        # Where one step is enough the draws have not collapsed, and need no move.
        if temperatures != [1.0]:
            lower = np.linalg.cholesky(spread)
            for _ in range(3 if now == 1.0 else 1):
                if block.names:
                    move_block(centre, lower)
                tried(scores, chance.integers(0, count, count), np.zeros(count))
        if on_step is not None:
            on_step(now)
    final = made(scores, rest)
    return Updated(
        final,
        seen,
        values,
        block.names,
        ess,
        tuple(temperatures),
        tuple(acceptance),
        effective(np.bincount(rest, minlength=count) / count),
    )
