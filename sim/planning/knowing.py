"""What it is worth to know more before choosing: EVPPI and EVSI by regression.

The expected value of partial perfect information (EVPPI) of some parameters is what choosing would
gain on average if they were known; the expected value of sample information (EVSI) is what it would
gain if a study had reported first. Both need, for every draw of the parameters, what each strategy
is expected to give given what would be known. A regression of the strategies' values on the
parameters (Strong, Oakley and Brennan 2014, Med Decis Making 34:311), or on what the study would
report (Strong and others 2015, Med Decis Making 35:570), finds it from the draws that there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.planning.sparse_regression import Fit, fitted, normal_scores

FEWEST_DRAWS = 50
"""Draws below which no worth is reckoned."""
FOLDS, SAMPLES = 10, 200


@dataclass(frozen=True)
class Worth:
    """What knowing something is worth, in the unit of the values."""

    # Mean of the best expected value given what is known, less the best mean; at least 0. Taking
    # the best of several noisy fits flatters: with few draws it errs upward.
    value: float
    # Of it, through the finite number of draws and the error of the regression.
    standard_error: float
    # The same choice paid by draws that the regression did not see; errs downward, at least 0.
    held_out: float
    changes: float  # Share of draws in which another strategy would be chosen than without knowing


NOTHING = Worth(0.0, 0.0, 0.0, 0.0)


def perfect(values: np.ndarray) -> float:
    """Return what it is worth to know everything: values of shape (strategies, draws)."""
    return float(values.max(axis=0).mean() - values.mean(axis=1).max())


def worth_of(values: np.ndarray, known: np.ndarray, seed: int = 1) -> Worth:
    """Return what it is worth to know something before choosing.

    Parameters
    ----------
    values : numpy.ndarray
        What each strategy gives in each draw, noise of replications and all, shape (strategies,
        draws).
    known : numpy.ndarray
        What would be known in each draw: parameters (EVPPI), or what a study would report (EVSI),
        shape (draws, numbers).
    seed : int
        Of the samples behind the standard error, and of the folds.

    Notes
    -----
    The regression is `sim.planning.sparse_regression`, of each strategy's value less the first's.
    The standard error comes from sampling the fitted values, as Strong and others (2014) do, with
    draws reweighted (the Bayesian bootstrap) for their finite number.
    """
    apart = values - values[:1]
    draws = values.shape[1]
    moving = np.ptp(known, axis=0) > 0.0
    if draws < 2 or not moving.any():
        return NOTHING
    scores = normal_scores(known[:, moving])
    fits = [fitted(one, scores) for one in apart]
    if all(one.flat for one in fits):
        return NOTHING
    expected = np.stack([one.values for one in fits])
    value = perfect(expected)
    unaided = int(apart.mean(axis=1).argmax())
    rng = np.random.default_rng(seed)
    return Worth(
        value,
        float(_sampled(fits, rng).std(ddof=1)),
        _held_out(apart, scores, rng),
        float((expected.max(axis=0) > expected[unaided] + 1e-12).mean()),
    )


def _sampled(fits: Sequence[Fit], rng: np.random.Generator) -> np.ndarray:
    """Return the worth in samples of the fitted values and of the draws, shape (samples,)."""
    draws = len(fits[0].residual)
    residuals = np.stack([one.residual for one in fits])
    sizes = np.sqrt((residuals**2).sum(axis=1))
    related = residuals @ residuals.T / np.maximum(np.outer(sizes, sizes), 1e-300)
    levels, directions = np.linalg.eigh(related)
    root = directions * np.sqrt(np.maximum(levels, 0.0))
    normal = np.einsum("ab,bsn->asn", root, rng.standard_normal((len(fits), SAMPLES, draws)))
    found = np.stack([fit.sampled(one) for fit, one in zip(fits, normal, strict=True)])
    weights = rng.dirichlet(np.ones(draws), SAMPLES)
    best = (weights * found.max(axis=0)).sum(axis=1)
    return np.asarray(best - (weights * found).sum(axis=2).max(axis=0))


def _held_out(apart: np.ndarray, scores: np.ndarray, rng: np.random.Generator) -> float:
    """Return what choosing by the other folds' regression gains in each fold, at least 0."""
    draws = apart.shape[1]
    fold = rng.permutation(draws) % min(FOLDS, draws)
    gained = 0.0
    for one in range(min(FOLDS, draws)):
        here = fold == one
        hoped = np.stack([fitted(y, scores, ~here).values[here] for y in apart])
        chosen = hoped.argmax(axis=0)
        gained += float(np.take_along_axis(apart[:, here], chosen[None], axis=0).sum())
    return max(0.0, gained / draws - float(apart.mean(axis=1).max()))
