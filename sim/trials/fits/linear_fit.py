"""What every fitted linear mixed model has, whatever its covariance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

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


@dataclass(frozen=True)
class LinearFit(ABC):
    """A fitted linear mixed model.

    Attributes
    ----------
    names : tuple of str
        Names of the kept columns.
    dropped_columns : tuple of str
        Columns left out because they depend on columns before them.
    coefficients : (p,) array
    covariance : (p, p) array
        Model covariance of the coefficients.
    inference : tuple of ContrastInference
        One for each coefficient.
    variances : dict
        Variance of each random effect and of the residual, and what else the covariance has.
    reml_criterion : float
        -2 log restricted likelihood, with ``(n - p) log 2 pi`` and ``log |X' V^-1 X|``.
    singular : bool
        Whether a random effect's variance is zero.
    n_levels : dict
        Levels of each random effect.
    to_coefficients : (p, p) array
        From coefficients of the basis that was fitted to those of the columns.
    """

    names: tuple[str, ...]
    dropped_columns: tuple[str, ...]
    coefficients: Matrix
    covariance: Matrix
    inference: tuple[ContrastInference, ...]
    variances: dict[str, float]
    reml_criterion: float
    singular: bool
    converged: bool
    n_obs: int
    n_levels: dict[str, int]
    to_coefficients: Matrix

    @abstractmethod
    def moments(self) -> Moments:
        """Return what small-sample methods need."""

    @property
    @abstractmethod
    def unit(self) -> float:
        """Variance that the moments are in units of."""

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
