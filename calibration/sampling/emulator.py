"""The second method: an emulator of mean and variance, history-matching waves, fast sampling.

Each figure's mean is a quadratic in the scores (constant, linear, squares, products), its log
variance is linear in them, and the correlations of what is left are the same everywhere. One
simulated trial per point, with its own draws and its own background parameters, so that nothing is
shared with the direct method but the simulator. A wave keeps the points whose implausibility,
|observed - mean| / sqrt(variance + variance of the mean), is below 3 for every target.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.sampling.likelihood import Data

CUT = 3.0


def quadratic(z: np.ndarray) -> np.ndarray:
    """Return constant, linear, orthonormal square, and product terms of scores (n, d)."""
    n, d = z.shape
    first, second = np.triu_indices(d, 1)
    return np.concatenate(
        [np.ones((n, 1)), z, (z**2 - 1.0) / np.sqrt(2.0), z[:, first] * z[:, second]], axis=1
    )


@dataclass(frozen=True)
class Emulator:
    """Mean and covariance of figures as functions of the scores."""

    mean_weights: np.ndarray  # Shape (terms, figures)
    spread_weights: np.ndarray  # Shape (1 + d, figures): log standard deviation
    correlation: np.ndarray  # Of the standardised residuals
    # (X'WX)^-1 of the terms, for the uncertainty of the mean (in units of the variance).
    inverse: np.ndarray
    explained: np.ndarray  # Share of each figure's variance that the mean explains

    def means(self, z: np.ndarray) -> np.ndarray:
        """Return expected figures, shape (n, figures)."""
        return np.asarray(quadratic(z) @ self.mean_weights)

    def spreads(self, z: np.ndarray) -> np.ndarray:
        """Return standard deviations of a single trial's figures."""
        logs = np.concatenate([np.ones((len(z), 1)), z], axis=1) @ self.spread_weights
        return np.asarray(np.exp(logs))

    def distribution(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and covariance; the covariance includes the emulator's own uncertainty."""
        terms = quadratic(z)
        leverage = ((terms @ self.inverse) * terms).sum(axis=1)
        spread = self.spreads(z) * np.sqrt(1.0 + leverage)[:, None]
        cov = spread[:, :, None] * spread[:, None, :] * self.correlation[None]
        return terms @ self.mean_weights, cov


RIDGES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


def fit_emulator(z: np.ndarray, figures: np.ndarray, weighted: bool = True) -> Emulator:
    """Fit an emulator to one trial per point.

    Parameters
    ----------
    z : numpy.ndarray
        Scores, shape (n, d).
    figures : numpy.ndarray
        Shape (n, figures); rows with a missing figure are left out.
    weighted : bool
        Whether the second round weighs points by their variance. Not for skewed figures whose
        spread grows with their mean: weights would pull the mean towards the small ones.

    Notes
    -----
    Two rounds of weighted least squares: the second weighs each point by its emulated variance
    (averaged over figures, so that one weight serves all). Squares and products are shrunk by a
    ridge that generalised cross-validation chooses for each figure; constant and linear terms are
    not. Log variance: regression of log squared residuals on the scores for the slopes (robust),
    squared residuals for the level (unbiased).
    """
    good = np.isfinite(figures).all(axis=1)
    z, figures = z[good], figures[good]
    terms = quadratic(z)
    count, size = terms.shape
    line = np.concatenate([np.ones((count, 1)), z], axis=1)
    weight = np.ones(count)
    scale = figures.std(axis=0)
    penalised = np.arange(size) > z.shape[1]
    for _ in range(2):
        heavy = terms * weight[:, None]
        plain = terms.T @ heavy
        right = heavy.T @ figures
        unit = float(np.trace(plain)) / size
        scores = np.empty((len(RIDGES), figures.shape[1]))
        solutions, freedoms, inverses = [], [], []
        for index, ridge in enumerate(RIDGES):
            inverse = np.linalg.inv(plain + np.diag(penalised * ridge * unit + 1e-9 * unit))
            solution = inverse @ right
            freedom = float(np.einsum("ij,ji->", inverse, plain))
            left = (weight[:, None] * (figures - terms @ solution) ** 2).mean(axis=0)
            scores[index] = left / (1.0 - freedom / count) ** 2
            solutions.append(solution)
            freedoms.append(freedom)
            inverses.append(inverse)
        best = scores.argmin(axis=0)
        columns = np.arange(figures.shape[1])
        mean_weights = np.stack([solutions[b][:, c] for b, c in zip(best, columns, strict=True)], 1)
        freedom_of = np.array([freedoms[b] for b in best])
        residual = figures - terms @ mean_weights
        logs = np.log(np.maximum(residual**2, (1e-6 * scale) ** 2))
        inside = line.T @ line + 1e-6 * np.eye(line.shape[1])
        spread_weights = np.linalg.solve(inside, line.T @ logs) / 2.0
        relative = residual / np.exp(line @ spread_weights)
        spread_weights[0] += np.log(np.sqrt((relative**2).mean(axis=0)))
        spread_weights[0] -= 0.5 * np.log(1.0 - freedom_of / count)
        spread = np.exp(line @ spread_weights)
        if not weighted:
            break
        weight = 1.0 / (spread / spread.mean(axis=0)).mean(axis=1) ** 2
        weight *= count / weight.sum()
    standardised = residual / np.exp(line @ spread_weights)
    correlation = np.corrcoef(standardised, rowvar=False)
    typical = inverses[int(np.median(best))]
    explained = 1.0 - residual.var(axis=0) / figures.var(axis=0)
    return Emulator(mean_weights, spread_weights, np.atleast_2d(correlation), typical, explained)


def implausibility(emulator: Emulator, z: np.ndarray, data: Data) -> np.ndarray:
    """Return |observed - mean| / SD for every estimate (and the selected one), (n, targets)."""
    places, observed = data.estimates, data.observed
    if data.selected >= 0:
        places = np.append(places, data.selected)
        observed = np.append(observed, data.selected_value)
    parts = []
    for at in range(0, len(z), 10_000):
        piece = z[at : at + 10_000]
        terms = quadratic(piece)
        leverage = ((terms @ emulator.inverse) * terms).sum(axis=1)
        spread = emulator.spreads(piece)[:, places] * np.sqrt(1.0 + leverage)[:, None]
        parts.append(np.abs(observed - terms @ emulator.mean_weights[:, places]) / spread)
    return np.concatenate(parts)


def plausible(emulator: Emulator, z: np.ndarray, data: Data, cut: float = CUT) -> np.ndarray:
    """Return which points stay: no target's implausibility reaches the cut.

    With the half a dozen targets of one trial the largest is used; a rule that forgives one target
    would leave a parameter that only one target informs over its whole prior.
    """
    return np.asarray(implausibility(emulator, z, data).max(axis=1) < cut)
