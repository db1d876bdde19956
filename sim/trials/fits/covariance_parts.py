"""Parts of the covariance of a linear mixed model that variances of independent effects are not.

Correlated random effects, effects of a cluster that fade with time, and residuals that differ
between groups, are weighed, or are correlated over time. Each part has parameters of its own, in
which the covariance is written, and free ones, in which it is searched for: roots of variances
(Cholesky factors), and the inverse hyperbolic tangent of a correlation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]
# Beyond it a correlation's transform is one of rounding.
LARGEST_Z = 6.0


class CovariancePart(Protocol):
    """One part of the covariance of the rows."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its parameters."""

    @property
    def codes(self) -> Codes | None:
        """Rows of one code are correlated; None where this part correlates none."""

    def start(self, share: float) -> Matrix:
        """Return free parameters that give about `share` of a variance of one."""

    def lower(self) -> Matrix:
        """Return the lowest value of each free parameter."""

    def upright(self, free: Matrix) -> Matrix:
        """Return free parameters of the same covariance whose roots are not negative."""

    def parameters(self, free: Matrix) -> Matrix:
        """Return the parameters."""

    def jacobian(self, free: Matrix) -> Matrix:
        """Return derivatives of the parameters (rows) by the free ones (columns)."""

    def covariance(self, values: Matrix, rows: Codes) -> tuple[Matrix, list[Matrix]]:
        """Return the covariance of some rows, and its derivatives by the parameters."""


@dataclass(frozen=True)
class Effects:
    """Random effects of the levels of one grouping, correlated with each other.

    Free parameters are the Cholesky factor of effects of columns of root mean square one, so that
    what counts as zero does not depend on a column's unit.
    """

    codes: Codes  # (n,) array
    columns: Matrix  # (n, q) array: What the effects are multiplied by; ones for an intercept
    labels: tuple[str, ...]  # Of the effects: names of their variances

    @property
    def _pairs(self) -> list[tuple[int, int]]:
        return [(i, j) for i in range(len(self.labels)) for j in range(i + 1)]

    @property
    def names(self) -> tuple[str, ...]:
        """Variances by their labels, covariances as ``a ~ b``."""
        return tuple(
            self.labels[i] if i == j else f"{self.labels[j]} ~ {self.labels[i]}"
            for i, j in self._pairs
        )

    @cached_property
    def _unit(self) -> Matrix:
        """Root mean square of each column."""
        return np.asarray(np.sqrt(np.maximum((self.columns**2).mean(axis=0), 1e-300)))

    def start(self, share: float) -> Matrix:
        """Return a diagonal Cholesky factor."""
        root = np.sqrt(share / len(self.labels))
        return np.array([root if i == j else 0.0 for i, j in self._pairs])

    def lower(self) -> Matrix:
        """Return zero for the diagonal of the factor."""
        return np.array([0.0 if i == j else -np.inf for i, j in self._pairs])

    def upright(self, free: Matrix) -> Matrix:
        """Return the factor with no negative diagonal: a column's sign says nothing."""
        signs = np.where(np.diag(self._factor(free)) < 0.0, -1.0, 1.0)
        return free * np.array([signs[j] for _, j in self._pairs])

    def _factor(self, free: Matrix) -> Matrix:
        factor = np.zeros((len(self.labels),) * 2)
        for (i, j), one in zip(self._pairs, free, strict=True):
            factor[i, j] = one / self._unit[i]
        return factor

    def parameters(self, free: Matrix) -> Matrix:
        """Return variances and covariances."""
        factor = self._factor(free)
        whole = factor @ factor.T
        return np.array([whole[i, j] for i, j in self._pairs])

    def jacobian(self, free: Matrix) -> Matrix:
        """Return derivatives of L L'."""
        factor, found = self._factor(free), []
        for i, j in self._pairs:
            turn = np.zeros_like(factor)
            turn[i] = factor[:, j] / self._unit[i]
            both = turn + turn.T
            found.append([both[a, b] for a, b in self._pairs])
        return np.array(found).T

    def covariance(self, values: Matrix, rows: Codes) -> tuple[Matrix, list[Matrix]]:
        """Return Z G Z' within levels; it is linear in G."""
        same = self.codes[rows][:, None] == self.codes[rows]
        z, kernels = self.columns[rows], []
        for i, j in self._pairs:
            one = np.outer(z[:, i], z[:, j]) * same
            kernels.append(one if i == j else one + one.T)
        return np.tensordot(values, np.array(kernels), axes=1), kernels


@dataclass(frozen=True)
class Decay:
    """Effects of a grouping by period, correlated by rho to the power of the lag."""

    codes: Codes  # (n,) array
    times: Matrix  # (n,) array
    label: str

    @property
    def names(self) -> tuple[str, ...]:
        """The variance, and the correlation of neighbouring periods."""
        return self.label, f"{self.label} decay"

    def start(self, share: float) -> Matrix:
        """Return a correlation of .7."""
        return np.array([np.sqrt(share), np.log(0.7 / 0.3)])

    def lower(self) -> Matrix:
        """Return bounds of the standard deviation and of the correlation's logit."""
        return np.array([0.0, -2.0 * LARGEST_Z])

    def upright(self, free: Matrix) -> Matrix:
        """Return a standard deviation that is not negative."""
        return np.array([abs(free[0]), free[1]])

    def parameters(self, free: Matrix) -> Matrix:
        """Return the variance and the correlation."""
        return np.array([free[0] ** 2, 1.0 / (1.0 + np.exp(-free[1]))])

    def jacobian(self, free: Matrix) -> Matrix:
        """Return a diagonal matrix."""
        rho = self.parameters(free)[1]
        return np.diag([2.0 * free[0], rho * (1.0 - rho)])

    def covariance(self, values: Matrix, rows: Codes) -> tuple[Matrix, list[Matrix]]:
        """Return the covariance and its derivatives."""
        variance, rho = values
        same = self.codes[rows][:, None] == self.codes[rows]
        lags = np.abs(np.subtract.outer(self.times[rows], self.times[rows]))
        shape, slope = _powers(rho, lags)
        return variance * same * shape, [same * shape, variance * same * slope]


@dataclass(frozen=True)
class Residual:
    """Residuals: one variance or one a group, weighed, and correlated over time within units."""

    group: Codes  # (n,) array: Which variance
    labels: tuple[str, ...]  # Names of the variances
    weights: Matrix  # (n,) array: A row's variance is the group's over its weight
    # (n,) array: Units whose residuals are correlated by rho to the power of the lag.
    codes: Codes | None = None
    times: Matrix | None = None  # (n,) array
    # Whether all lags are whole numbers, so that rho may be negative.
    whole_lags: bool = field(default=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return self.labels if self.codes is None else (*self.labels, "residual ar1")

    def start(self, share: float) -> Matrix:
        """Return equal variances and a correlation of .3."""
        typical = float(1.0 / np.mean(1.0 / self.weights))
        free = [0.5 * np.log(share * typical)] * len(self.labels)
        return np.array(free if self.codes is None else [*free, np.arctanh(0.3)])

    def lower(self) -> Matrix:
        """Return bounds: a residual variance is not zero."""
        free = [-np.inf] * len(self.labels)
        # A root of a negative correlation is no number, and at zero its slope is infinite.
        least = -LARGEST_Z if self.whole_lags else 1e-4
        return np.array(free if self.codes is None else [*free, least])

    def upright(self, free: Matrix) -> Matrix:
        """Return them as they are: logarithms have no sign to choose."""
        return free

    def parameters(self, free: Matrix) -> Matrix:
        """Return variances, from the logarithms of standard deviations, and the correlation."""
        count = len(self.labels)
        return np.append(np.exp(2.0 * free[:count]), np.tanh(free[count:]))

    def jacobian(self, free: Matrix) -> Matrix:
        """Return a diagonal matrix."""
        values, count = self.parameters(free), len(self.labels)
        return np.diag(np.append(2.0 * values[:count], 1.0 - values[count:] ** 2))

    def covariance(self, values: Matrix, rows: Codes) -> tuple[Matrix, list[Matrix]]:
        """Return the covariance and its derivatives."""
        count = len(self.labels)
        group = self.group[rows]
        root = np.sqrt(values[group] / self.weights[rows])
        if self.codes is None or self.times is None:
            V = np.diag(root**2)
        else:
            same = self.codes[rows][:, None] == self.codes[rows]
            lags = np.abs(np.subtract.outer(self.times[rows], self.times[rows]))
            shape, slope = _powers(values[-1], lags)
            scale = np.outer(root, root) * same
            V = scale * shape
        own = (group[:, None] == np.arange(count)).astype(float)
        found = [V * (own[:, k][:, None] + own[:, k]) / (2.0 * values[k]) for k in range(count)]
        if self.codes is not None:
            found.append(scale * slope)
        return V, found


def _powers(rho: float, lags: Matrix) -> tuple[Matrix, Matrix]:
    """Return rho to the power of the lags, and its derivative."""
    with np.errstate(invalid="ignore", divide="ignore"):
        shape = np.power(rho, lags)
        slope = np.where(lags > 0.0, lags * np.power(rho, np.maximum(lags - 1.0, 0.0)), 0.0)
        between = (lags > 0.0) & (lags < 1.0)
        if between.any():
            slope = np.where(between, lags * np.power(rho, lags - 1.0), slope)
    return shape, slope
