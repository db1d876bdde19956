"""A generalised linear mixed model with one random intercept, by adaptive quadrature.

The likelihood of a cluster is an integral over its random intercept u = sd z. Gauss-Hermite points
are laid around the mode of z, as far apart as the curvature there says (Pinheiro and Bates 1995);
one point is Laplace's approximation, which is poor for clusters of a few people. Standard errors
are those of the joint curvature in the coefficients and the standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.fits.gee import Family

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

# A standard deviation below it is zero.
NOTHING = 1e-4
# Of the numerical second derivatives, in units of about a standard error.
STEP = 1e-3


class GlmmFit(NamedTuple):
    """A fitted model."""

    coefficients: Matrix  # (p,) array
    sd: float  # Of the random intercept, on the scale of the linear predictor
    # (p + 1, p + 1) array: Of the coefficients and, last, the standard deviation; its row and
    # column are 0 where that is zero.
    covariance: Matrix
    log_likelihood: float
    points: int  # Of the quadrature
    modes: Matrix  # (k,) array: Of the random intercepts


class _Data(NamedTuple):
    x: Matrix
    y: Matrix
    offset: Matrix
    clusters: Codes
    number: int
    family: Family
    nodes: Matrix
    log_weights: Matrix


def fit_glmm(
    x: Matrix,
    y: Matrix,
    clusters: Codes,
    family: Family,
    offset: Matrix | None = None,
    *,
    points: int = 9,
) -> GlmmFit:
    """Fit a model by maximum likelihood.

    Parameters
    ----------
    x : (n, p) array
        Independent columns, the intercept included.
    y : (n,) array
    clusters : (n,) array of int
        From 0.
    offset : (n,) array, optional
    points : int
        Quadrature points; 1 is Laplace's approximation.

    Raises
    ------
    InputError
        If no maximum is found, as with an outcome that a column separates.
    """
    from scipy.optimize import minimize

    nodes, weights = np.polynomial.hermite.hermgauss(points)
    offset = np.zeros(len(y)) if offset is None else offset
    number = int(clusters.max()) + 1
    data = _Data(x, y, offset, clusters, number, family, nodes, np.log(weights) + nodes**2)
    plain = _without_effect(data)
    p = x.shape[1]
    unit = np.sqrt(np.diag(np.linalg.inv(_information(data, plain))))
    scale = np.append(unit, 0.1)

    def value(z: Matrix) -> float:
        return -_log_likelihood(data, z * scale)[0]

    start = np.append(plain, 0.3) / scale
    found = minimize(value, start, method="BFGS", options={"gtol": 1e-5})
    theta = found.x * scale
    theta[p] = abs(theta[p])
    top, modes = _log_likelihood(data, theta)
    at_zero = float(family.log_density(y, x @ plain + offset).sum())
    if theta[p] < NOTHING or at_zero >= top - 1e-9:
        covariance = np.zeros((p + 1, p + 1))
        covariance[:p, :p] = np.linalg.inv(_information(data, plain))
        return GlmmFit(plain, 0.0, covariance, at_zero, points, np.zeros(number))
    curvature = _hessian(value, theta / scale)
    values = np.linalg.eigvalsh(curvature)
    if not (np.isfinite(theta).all() and values[0] > 1e-8 * values[-1]):
        raise InputError(
            "outcome: the mixed model has no finite maximum; a column may tell the outcome exactly"
        )
    covariance = np.asarray(np.linalg.inv(curvature) * np.outer(scale, scale))
    return GlmmFit(theta[:p], float(theta[p]), covariance, top, points, theta[p] * modes)


def _information(data: _Data, beta: Matrix) -> Matrix:
    """Return the information on the coefficients without a random intercept."""
    weight = data.family.variance(data.family.mean(data.x @ beta + data.offset))
    return np.asarray(data.x.T @ (weight[:, None] * data.x))


def _without_effect(data: _Data) -> Matrix:
    """Return the coefficients of the model without a random intercept."""
    from sim.trials.fits.gee import fit_gee

    alone = np.zeros(len(data.y), dtype=np.intp)
    return fit_gee(data.x, data.y, alone, data.family, data.offset, exchangeable=False).coefficients


def _log_likelihood(data: _Data, theta: Matrix) -> tuple[float, Matrix]:
    """Return the log-likelihood and the modes of the standardised random intercepts."""
    family, sd = data.family, theta[-1]
    eta = data.x @ theta[:-1] + data.offset
    z = np.zeros(data.number)
    for _ in range(100):
        mean = family.mean(eta + sd * z[data.clusters])
        slope = sd * np.bincount(data.clusters, data.y - mean, data.number) - z
        bend = 1.0 + sd**2 * np.bincount(data.clusters, family.variance(mean), data.number)
        step = np.clip(slope / bend, -2.0, 2.0)
        z = z + step
        if np.abs(step).max() < 1e-10:
            break
    mean = family.mean(eta + sd * z[data.clusters])
    bend = 1.0 + sd**2 * np.bincount(data.clusters, family.variance(mean), data.number)
    spread = np.sqrt(2.0 / bend)
    found = np.empty((len(data.nodes), data.number))
    for row, (node, weight) in enumerate(zip(data.nodes, data.log_weights, strict=True)):
        at = z + spread * node
        density = family.log_density(data.y, eta + sd * at[data.clusters])
        found[row] = np.bincount(data.clusters, density, data.number) - 0.5 * at**2 + weight
    top = found.max(axis=0)
    total = top + np.log(np.exp(found - top).sum(axis=0)) + np.log(spread)
    return float((total - 0.5 * np.log(2.0 * np.pi)).sum()), z


def _hessian(value: Callable[[Matrix], float], at: Matrix) -> Matrix:
    """Return second derivatives by central differences."""
    m = len(at)
    found = np.empty((m, m))
    step = np.maximum(np.abs(at), 1.0) * STEP
    for i in range(m):
        for j in range(i + 1):
            corners = 0.0
            for a in (1.0, -1.0):
                for b in (1.0, -1.0):
                    moved = at.copy()
                    moved[i] += a * step[i]
                    moved[j] += b * step[j]
                    corners += a * b * value(moved)
            found[i, j] = found[j, i] = corners / (4.0 * step[i] * step[j])
    return found
