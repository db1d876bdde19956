"""A regression of outcomes on many inputs of which few matter: what is expected, given the inputs.

Inputs become normal scores of their ranks, so that skew and outliers do not matter; terms are
Hermite polynomials up to degree 3 of one input, and products of inputs that are already in. Terms
enter one by one, the one first that takes most from the residual variance, as long as the extended
Bayesian information criterion falls (Chen and Chen 2008, Biometrika 95:759, with gamma = 1): it
pays for having looked through many terms, so that inputs without influence are rarely let in. A
sparse polynomial chaos expansion, as Blatman and Sudret (2011, J Comput Phys 230:2345) use it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_TERMS = 15
NOTHING_LEFT = 1e-12


@dataclass(frozen=True)
class Fit:
    """A fitted outcome."""

    # Terms and constant of the draws it was fitted on, and of those it is asked about, shape
    # (draws, terms + 1).
    inputs: np.ndarray
    outputs: np.ndarray
    coefficients: np.ndarray  # Shape (terms + 1,)
    residual: np.ndarray  # Outcome less fit, in the draws it was fitted on

    @property
    def flat(self) -> bool:
        """Whether nothing entered but the constant."""
        return len(self.coefficients) == 1

    @property
    def values(self) -> np.ndarray:
        """Expected outcome in the draws that it is asked about, shape (draws,)."""
        return np.asarray(self.outputs @ self.coefficients)

    @property
    def free(self) -> int:
        """Degrees of freedom of the residual."""
        return max(1, len(self.residual) - len(self.coefficients))

    def sampled(self, normal: np.ndarray) -> np.ndarray:
        """Return expected outcomes as they may be, given the residual variance.

        Parameters
        ----------
        normal : numpy.ndarray
            Standard normal numbers, shape (samples, draws of the fit).

        Returns
        -------
        numpy.ndarray
            Shape (samples, draws asked about): normal around `values` with the covariance of the
            coefficients. The same numbers for two outcomes keep what their residuals share.
        """
        spread = np.linalg.pinv(self.inputs) @ normal.T  # covariance (X'X)^-1
        sd = np.sqrt(self.residual @ self.residual / self.free)
        return np.asarray(self.values + sd * (self.outputs @ spread).T)


def normal_scores(values: np.ndarray) -> np.ndarray:
    """Return the normal scores of ranks, column by column, shape (draws, inputs)."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    ranks = rankdata(values, axis=0)
    return np.asarray(ndtri((ranks - 0.5) / len(values)))


def _powers(scores: np.ndarray) -> np.ndarray:
    """Return Hermite polynomials of degrees 1 to 3, shape (draws, inputs x degrees)."""
    terms = [scores, (scores**2 - 1.0) / np.sqrt(2.0), (scores**3 - 3.0 * scores) / np.sqrt(6.0)]
    return np.concatenate(terms, axis=1)


def fitted(outcome: np.ndarray, scores: np.ndarray, among: np.ndarray | None = None) -> Fit:
    """Fit an outcome.

    Parameters
    ----------
    outcome : numpy.ndarray
        Shape (draws,).
    scores : numpy.ndarray
        Normal scores of the inputs, shape (draws, inputs).
    among : numpy.ndarray, optional
        Which draws to fit on, shape (draws,); all of them without it. The fit is asked about all.
    """
    kept = np.ones(len(outcome), bool) if among is None else among
    everywhere = _powers(scores)
    of: list[tuple[int, ...]] = [(at % scores.shape[1],) for at in range(everywhere.shape[1])]
    draws = int(kept.sum())
    own = outcome[kept]
    basis = np.full((draws, 1), 1.0 / np.sqrt(draws))
    residual = own - own.mean()
    start = float(residual @ residual)
    square, entered = start, [np.ones(len(outcome))]
    used: set[int] = set()
    inside: list[int] = []
    most = min(MOST_TERMS, draws // 10)
    while len(used) < most and square > NOTHING_LEFT * max(1.0, start):
        here = everywhere[kept]
        left = here - basis @ (basis.T @ here)
        norms = np.sqrt((left * left).sum(axis=0))
        usable = norms > 1e-6 * np.sqrt(draws)
        usable[list(used)] = False
        if not usable.any():
            break
        taken = np.zeros(len(usable))
        taken[usable] = (residual @ left[:, usable] / norms[usable]) ** 2
        best = int(taken.argmax())
        after = max(square - float(taken[best]), 0.0)
        price = np.log(draws) + 2.0 * np.log(everywhere.shape[1])
        if draws * np.log(square / max(after, NOTHING_LEFT * start)) <= price:
            break
        direction = left[:, best] / norms[best]
        residual = residual - direction * float(direction @ residual)
        basis = np.column_stack([basis, direction])
        entered.append(everywhere[:, best])
        used.add(best)
        square = float(residual @ residual)
        if len(of[best]) == 1 and of[best][0] not in inside:
            new = [(other, of[best][0]) for other in inside]
            inside.append(of[best][0])
            if new:
                products = np.stack([scores[:, a] * scores[:, b] for a, b in new], axis=1)
                everywhere = np.concatenate([everywhere, products], axis=1)
                of += new
    outputs = np.stack(entered, axis=1)
    inputs = outputs[kept]
    coefficients = np.linalg.lstsq(inputs, own, rcond=None)[0]
    return Fit(inputs, outputs, coefficients, own - inputs @ coefficients)
