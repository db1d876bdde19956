"""What every fitted linear mixed model has, whatever its covariance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.trials.fits.small_sample import (
    ContrastInference,
    FTest,
    Moments,
    inference_of,
    joint_tests,
)

Matrix = NDArray[np.float64]


class Likeliest(NamedTuple):
    """A fit by maximum likelihood, not restricted."""

    deviance: float  # -2 log likelihood
    coefficients: Matrix  # (p,) array
    at: Matrix  # What the covariance was searched for in: ratios, or free parameters


@dataclass(frozen=True)
class LinearFit(ABC):
    """A fitted linear mixed model."""

    names: tuple[str, ...]  # Names of the kept columns
    dropped_columns: tuple[str, ...]  # Columns left out because they depend on columns before them
    coefficients: Matrix  # (p,) array
    covariance: Matrix  # (p, p) array: Model covariance of the coefficients
    inference: tuple[ContrastInference, ...]  # One for each coefficient
    # Variance of each random effect and of the residual, and what else the covariance has.
    variances: dict[str, float]
    # -2 log restricted likelihood, with ``(n - p) log 2 pi`` and ``log |X' V^-1 X|``.
    reml_criterion: float
    singular: bool  # Whether a random effect's variance is zero
    converged: bool
    n_obs: int
    n_levels: dict[str, int]  # Levels of each random effect
    # (p, p) array: From coefficients of the basis that was fitted to those of the columns.
    to_coefficients: Matrix
    # (p,) array: Coefficients by least squares; the basis was fitted to what they leave of the
    # outcome.
    least_squares: Matrix
    scale: float  # What that was divided by

    @abstractmethod
    def moments(self) -> Moments:
        """Return what small-sample methods need."""

    @property
    @abstractmethod
    def unit(self) -> float:
        """Variance that the moments are in units of."""

    @abstractmethod
    def _likeliest(self, turn: Matrix, near: Matrix | None) -> Likeliest:
        """Return the fit of the basis and the response times a matrix, in its coefficients."""

    def likeliest(self, rows: Matrix, values: Matrix, near: Likeliest | None = None) -> Likeliest:
        """Return the likeliest fit in which some contrasts of the coefficients are held.

        Parameters
        ----------
        rows : (q, p) array
            Independent contrasts over `names`; none holds nothing.
        values : (q,) array
            What they are held at.
        near : Likeliest, optional
            A fit that this one is close to; without one several starts are tried.
        """
        own = rows @ self.to_coefficients
        left = (values - rows @ self.least_squares) / self.scale
        shift = np.linalg.pinv(own) @ left
        # The rest of the space that the coefficients of the basis are in.
        free = np.linalg.svd(own)[2][len(rows) :].T
        turn = np.column_stack([np.vstack([free, np.zeros(free.shape[1])]), np.append(-shift, 1.0)])
        found = self._likeliest(turn, None if near is None else near.at)
        whole = self.to_coefficients @ (shift + free @ found.coefficients)
        return Likeliest(
            found.deviance + 2.0 * self.n_obs * float(np.log(self.scale)),
            self.least_squares + self.scale * whole,
            found.at,
        )

    def joint_tests(self, contrasts: Matrix) -> dict[str, FTest]:
        """Return the tests that all of some contrasts of the coefficients are zero.

        Parameters
        ----------
        contrasts : (q, p) array
            Independent rows over `names`.
        """
        # Coefficients in the basis, the part by least squares included.
        own = np.linalg.solve(self.to_coefficients, self.coefficients)
        rows = contrasts @ self.to_coefficients
        return joint_tests(self.moments(), own / np.sqrt(self.unit), rows)

    def contrasts(self, rows: Matrix) -> list[tuple[float, ContrastInference]]:
        """Return the estimate of some contrasts of the coefficients, and their errors and df.

        Parameters
        ----------
        rows : (c, p) array
            Over `names`.
        """
        found = inference_of(self.moments(), rows @ self.to_coefficients, self.unit)
        return list(zip((rows @ self.coefficients).tolist(), found, strict=True))
