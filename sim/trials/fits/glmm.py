"""A generalised linear mixed model with a random intercept, by adaptive quadrature.

The likelihood of a cluster is an integral over its random intercept u = sd z. Gauss-Hermite points
are laid around the mode of z, as far apart as the curvature there says (Pinheiro and Bates 1995);
one point is Laplace's approximation, which is poor for clusters of a few people. Intercepts of
cells within clusters (periods, workers) besides are for Laplace's approximation alone, around the
joint mode. Standard errors are those of the joint curvature in the coefficients and the standard
deviations.
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
# One of two below it is compared with none.
SMALL = 0.05
# Of the numerical second derivatives, in units of about a standard error.
STEP = 1e-3


class GlmmFit(NamedTuple):
    """A fitted model."""

    coefficients: Matrix  # (p,) array
    # Of the random intercept, on the scale of the linear predictor; of all of them together.
    sd: float
    # (p + 1, p + 1) array: Of the coefficients and, last, that standard deviation; its row and
    # column are 0 where that is zero.
    covariance: Matrix
    log_likelihood: float
    points: int  # Of the quadrature
    sds: tuple[float, ...]  # Of clusters and, where there are some, cells within them


class _Data(NamedTuple):
    x: Matrix
    y: Matrix
    offset: Matrix
    clusters: Codes
    number: int
    family: Family
    nodes: Matrix
    log_weights: Matrix
    cells: Codes | None  # Of each row, from 0
    cluster_of: Codes  # Of each cell


def fit_glmm(
    x: Matrix,
    y: Matrix,
    clusters: Codes,
    family: Family,
    offset: Matrix | None = None,
    *,
    points: int = 9,
    cells: Codes | None = None,
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
    cells : (n,) array of int, optional
        From 0, each within a cluster, with a random intercept too; needs one point.

    Raises
    ------
    InputError
        If no maximum is found, as with an outcome that a column separates.
    """
    from scipy.optimize import minimize

    nodes, weights = np.polynomial.hermite.hermgauss(points)
    offset = np.zeros(len(y)) if offset is None else offset
    number = int(clusters.max()) + 1
    cluster_of = clusters[:0] if cells is None else clusters[np.unique(cells, return_index=True)[1]]
    log_weights = np.log(weights) + nodes**2
    data = _Data(x, y, offset, clusters, number, family, nodes, log_weights, cells, cluster_of)
    plain = _without_effect(data)
    p = x.shape[1]
    unit = np.sqrt(np.diag(np.linalg.inv(_information(data, plain))))
    effects = 1 if cells is None else 2
    scale = np.append(unit, [0.1] * effects)

    def value(z: Matrix) -> float:
        return -_log_likelihood(data, z * scale)

    start = np.append(plain, [0.3] * effects) / scale
    found = minimize(value, start, method="BFGS", options={"gtol": 1e-5})
    theta = found.x * scale
    theta[p:] = np.abs(theta[p:])
    top = _log_likelihood(data, theta)
    at_zero = float(family.log_density(y, x @ plain + offset).sum())
    if theta[p:].max() < NOTHING or at_zero >= top - 1e-9:
        covariance = np.zeros((p + 1, p + 1))
        covariance[:p, :p] = np.linalg.inv(_information(data, plain))
        return GlmmFit(plain, 0.0, covariance, at_zero, points, (0.0,) * effects)
    if cells is not None and theta[p:].min() < SMALL:
        # Nothing tells a standard deviation at zero from its sign: the model without it decides.
        alone = theta[p] < theta[p + 1]
        groups = cells if alone else clusters
        less = fit_glmm(x, y, groups, family, offset, points=points)
        if less.log_likelihood >= top - 1e-6:
            return less._replace(sds=(0.0, less.sd) if alone else (less.sd, 0.0))
    curvature = _hessian(value, theta / scale)
    values = np.linalg.eigvalsh(curvature)
    if not (np.isfinite(theta).all() and values[0] > 1e-8 * values[-1]):
        raise InputError(
            "outcome: the mixed model has no finite maximum; a column may tell the outcome exactly"
        )
    covariance = np.asarray(np.linalg.inv(curvature) * np.outer(scale, scale))
    sds = theta[p:]
    sd = float(np.sqrt(sds @ sds))
    turn = np.zeros((p + 1, p + effects))
    turn[:p, :p], turn[p, p:] = np.eye(p), sds / sd
    return GlmmFit(theta[:p], sd, turn @ covariance @ turn.T, top, points, tuple(sds.tolist()))


def _information(data: _Data, beta: Matrix) -> Matrix:
    """Return the information on the coefficients without a random intercept."""
    weight = data.family.variance(data.family.mean(data.x @ beta + data.offset))
    return np.asarray(data.x.T @ (weight[:, None] * data.x))


def _without_effect(data: _Data) -> Matrix:
    """Return the coefficients of the model without a random intercept."""
    from sim.trials.fits.gee import INDEPENDENCE, Working, fit_gee

    alone = np.zeros(len(data.y), dtype=np.intp)
    none = Working(INDEPENDENCE)
    return fit_gee(data.x, data.y, alone, data.family, data.offset, working=none).coefficients


def _with_cells(data: _Data, theta: Matrix) -> float:
    """Return Laplace's approximation of the log-likelihood with cells within clusters.

    The curvature of a cluster is an arrow: its own intercept and those of its cells.
    """
    family, cells, of = data.family, data.cells, data.cluster_of
    assert cells is not None
    p = data.x.shape[1]
    sd, own = theta[p], theta[p + 1]
    eta = data.x @ theta[:p] + data.offset
    z, v = np.zeros(data.number), np.zeros(len(of))
    still = False
    for _ in range(100):
        at = eta + sd * z[data.clusters] + own * v[cells]
        mean = family.mean(at)
        weight = np.bincount(cells, family.variance(mean), len(of))
        bend = 1.0 + own**2 * weight
        whole = 1.0 + sd**2 * np.bincount(of, weight / bend, data.number)
        if still:
            break
        left = np.bincount(cells, data.y - mean, len(of))
        inner = own * left - v
        slope = sd * np.bincount(of, left, data.number) - z
        slope -= np.bincount(of, sd * own * weight * inner / bend, data.number)
        step = np.clip(slope / whole, -2.0, 2.0)
        other = np.clip((inner - sd * own * weight * step[of]) / bend, -2.0, 2.0)
        z, v = z + step, v + other
        still = max(np.abs(step).max(), np.abs(other).max()) < 1e-10
    density = float(family.log_density(data.y, at).sum()) - 0.5 * float(z @ z + v @ v)
    return density - 0.5 * float(np.log(bend).sum() + np.log(whole).sum())


def _log_likelihood(data: _Data, theta: Matrix) -> float:
    """Return the log-likelihood."""
    if data.cells is not None:
        return _with_cells(data, theta)
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
    return float((total - 0.5 * np.log(2.0 * np.pi)).sum())


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
