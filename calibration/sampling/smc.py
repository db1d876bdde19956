"""Tempered sequential Monte Carlo on standard normal scores.

The prior is a standard normal in every direction. Temperatures are chosen so that the effective
sample size stays at a set share. At each temperature a few particles are drawn and each makes a
chain of moves whose states are all kept (waste-free sequential Monte Carlo, Dau and Chopin 2022).
A move mixes towards a normal fitted to the particles (a Crank-Nicolson step around the fit), and is
accepted or refused so that the tempered posterior stays invariant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.learning.weights import effective, next_temperature, systematic, weights_of

LogLikelihood = Callable[[np.ndarray, str], np.ndarray]


@dataclass(frozen=True)
class Sample:
    """Particles of a posterior, equally weighted, and how they came about."""

    scores: np.ndarray  # Shape (particles, dimensions)
    log_likelihood: np.ndarray  # At full temperature
    # Per step.
    temperatures: list[float]
    ess: list[float]
    acceptance: list[float]
    unique: list[float]
    log_evidence: float  # Estimate of the log marginal likelihood
    evaluations: int  # Likelihood evaluations


def generator(seed: int, *labels: int) -> np.random.Generator:
    """Return a generator keyed by seed and place, so that a resumed run draws the same."""
    return np.random.default_rng(np.random.SeedSequence([seed, *labels]))


def tempered_smc(
    log_likelihood: LogLikelihood,
    dimensions: int,
    *,
    particles: int = 1000,
    length: int = 4,
    share: float = 0.5,
    step: float = 0.95,
    seed: int = 1,
    report: Callable[[str], None] | None = None,
) -> Sample:
    """Sample from exp(log likelihood) x standard normal.

    Parameters
    ----------
    log_likelihood : callable
        ``(scores (n, d), stage name) -> (n,)``; the stage names a place where it may keep results.
    dimensions : int
        Number of calibrated parameters.
    particles, length : int
        Particles kept, and states per chain of moves (particles / length chains).
    share : float
        Effective sample size kept between temperatures, as share of the particles.
    step : float
        Size of a move in (0, 1]; 1 proposes from the fitted normal independently. Small steps are
        accepted more often but leave chains near their ancestors, and intervals too short.
    seed : int
        Seed of the sampler's own draws.
    report : callable, optional
        Told how it goes.
    """
    chains = particles // length
    history: dict[str, list[float]] = {"temperature": [], "ess": [], "acceptance": [], "unique": []}
    scores = generator(seed, 0).standard_normal((particles, dimensions))
    values = log_likelihood(scores, "smc-prior")
    now, level, evidence, evaluations = 0.0, 0, 0.0, particles
    while now < 1.0:
        level += 1
        following = next_temperature(values, now, share)
        increments = (following - now) * values
        weights = weights_of(increments)
        top = increments.max()
        evidence += float(top + np.log(np.exp(increments - top).mean()))
        centre = weights @ scores
        away = scores - centre
        spread = (weights[:, None] * away).T @ away + 1e-6 * np.eye(dimensions)
        lower = np.linalg.cholesky(spread)
        draws = generator(seed, level)
        chosen = systematic(weights, chains, float(draws.random()))
        current, current_values = scores[chosen], values[chosen]
        all_scores, all_values = [current], [current_values]
        accepted = 0.0
        keep = np.sqrt(1.0 - step * step)

        def fit_log(
            z: np.ndarray, centre: np.ndarray = centre, lower: np.ndarray = lower
        ) -> np.ndarray:
            scaled = np.linalg.solve(lower, (z - centre).T)
            return np.asarray(-0.5 * (scaled**2).sum(axis=0))

        for move in range(1, length):
            noise = draws.standard_normal((chains, dimensions)) @ lower.T
            proposed = centre + keep * (current - centre) + step * noise
            new_values = log_likelihood(proposed, f"smc-{level:02d}-{move}")
            log_ratio = (
                following * (new_values - current_values)
                - 0.5 * ((proposed**2).sum(axis=1) - (current**2).sum(axis=1))
                - (fit_log(proposed) - fit_log(current))
            )
            yes = np.log(draws.random(chains)) < log_ratio
            current = np.where(yes[:, None], proposed, current)
            current_values = np.where(yes, new_values, current_values)
            accepted += float(yes.mean())
            evaluations += chains
            all_scores.append(current)
            all_values.append(current_values)
        history["temperature"].append(following)
        history["ess"].append(effective(weights))
        history["acceptance"].append(accepted / (length - 1))
        scores, values = np.concatenate(all_scores), np.concatenate(all_values)
        history["unique"].append(float(len(np.unique(scores[:, 0]))))
        now = following
        if report is not None:
            report(
                f"temperature {now:.3f}, effective sample size {history['ess'][-1]:.0f}, "
                f"accepted {history['acceptance'][-1]:.2f}"
            )
    return Sample(
        scores,
        values,
        history["temperature"],
        history["ess"],
        history["acceptance"],
        history["unique"],
        evidence,
        evaluations,
    )
