"""The likelihood of a generalised linear mixed model, integrated by other means on small tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import integrate, optimize, stats
from scipy.special import expit

from sim.errors import InputError
from sim.trials.fits.gee import FAMILIES
from sim.trials.fits.glmm import GlmmFit, _hessian, fit_glmm

CLUSTERS = np.repeat(np.arange(6), 4)
TREATED = np.repeat([0.0, 1.0, 0.0, 1.0, 0.0, 1.0], 4)
X = np.column_stack([np.ones(24), TREATED])
OFFSET = np.tile([0.0, 0.3, -0.2, 0.1], 6)
YES = np.array([0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 0], float)
COUNTS = np.array([0, 1, 0, 2, 6, 4, 5, 8, 2, 3, 1, 4, 1, 0, 2, 1, 5, 7, 4, 6, 3, 9, 4, 6], float)
WIDE = np.array(
    [1, 0, 4, 5, 9, 13, 6, 4, 4, 3, 9, 11, 2, 1, 3, 0, 9, 7, 16, 19, 22, 25, 9, 12], float
)
CELLS = np.repeat(np.arange(12), 2)


def log_density(family: str, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
    if family == "binomial":
        return np.asarray(stats.bernoulli.logpmf(y, expit(eta)))
    return np.asarray(stats.poisson.logpmf(y, np.exp(eta)))


def integrated(family: str, y: np.ndarray, theta: np.ndarray) -> float:
    """Return the log-likelihood, cluster by cluster on a fine grid of the intercept."""
    z = np.linspace(-9.0, 9.0, 1201)
    eta = X @ theta[:2] + OFFSET
    total = 0.0
    for one in range(6):
        own = one == CLUSTERS
        at = eta[own, None] + theta[2] * z
        density = np.exp(log_density(family, y[own, None], at).sum(axis=0)) * stats.norm.pdf(z)
        total += float(np.log(integrate.simpson(density, x=z)))
    return total


def curvature(value: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    """Return second derivatives by differences of a width that the fit does not take."""
    step, found = 0.01, np.empty((len(at), len(at)))
    for i, j in np.ndindex(found.shape):
        a, b = step * np.eye(len(at))[i], step * np.eye(len(at))[j]
        found[i, j] = sum(s * t * value(at + s * a + t * b) for s in (1, -1) for t in (1, -1))
    return found / (4.0 * step**2)


def fitted(family: str, points: int) -> tuple[np.ndarray, GlmmFit]:
    y = YES if family == "binomial" else COUNTS
    return y, fit_glmm(X, y, CLUSTERS, FAMILIES[family], OFFSET, points=points)


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_the_maximum_is_that_of_the_integral(family: str) -> None:
    y, fit = fitted(family, 25)
    at = np.append(fit.coefficients, fit.sd)
    assert fit.sd > 0.3
    assert fit.sds == (fit.sd,)
    assert fit.points == 25
    assert fit.log_likelihood == pytest.approx(integrated(family, y, at), abs=1e-6)
    best = optimize.minimize(lambda theta: -integrated(family, y, theta), at, method="BFGS")
    assert at == pytest.approx(best.x, abs=1e-3)
    own = curvature(lambda theta: integrated(family, y, theta), at)
    assert fit.covariance == pytest.approx(np.linalg.inv(-own), rel=0.01, abs=1e-4)


def test_nine_points_without_an_offset_are_the_default() -> None:
    found = fit_glmm(X, YES, CLUSTERS, FAMILIES["binomial"])
    same = fit_glmm(X, YES, CLUSTERS, FAMILIES["binomial"], np.zeros(24), points=9)
    assert found.points == 9
    assert found.log_likelihood == same.log_likelihood


@pytest.mark.parametrize("cells", [None, CELLS])
def test_one_point_is_the_approximation_of_laplace(cells: np.ndarray | None) -> None:
    """By a dense joint mode and curvature, of the intercepts of cells too."""
    fit = fit_glmm(X, WIDE, CLUSTERS, FAMILIES["poisson"], OFFSET, points=1, cells=cells)
    assert min(fit.sds) > 0.1
    assert fit.sd == pytest.approx(np.sqrt(sum(one**2 for one in fit.sds)))

    def laplace(theta: np.ndarray) -> float:
        eta = X @ theta[:2] + OFFSET
        Z = theta[2] * np.eye(6)[CLUSTERS]
        if cells is not None:
            Z = np.hstack([Z, theta[3] * np.eye(12)[cells]])
        u = np.zeros(Z.shape[1])
        for _ in range(20):
            mean = np.exp(eta + Z @ u)
            bend = np.eye(len(u)) + Z.T @ (mean[:, None] * Z)
            u = u + np.linalg.solve(bend, Z.T @ (WIDE - mean) - u)
        density = stats.poisson.logpmf(WIDE, np.exp(eta + Z @ u)).sum()
        return float(density - 0.5 * u @ u - 0.5 * np.linalg.slogdet(bend)[1])

    at = np.array([*fit.coefficients, *fit.sds])
    assert fit.log_likelihood == pytest.approx(laplace(at), abs=1e-7)
    for moved in 0.02 * np.vstack([np.eye(len(at)), -np.eye(len(at))]):
        assert laplace(at + moved) < fit.log_likelihood
    turn = np.zeros((3, len(at)))
    turn[:2, :2], turn[2, 2:] = np.eye(2), at[2:] / fit.sd
    own = turn @ np.linalg.inv(-curvature(laplace, at)) @ turn.T
    assert fit.covariance == pytest.approx(own, rel=0.02, abs=1e-3)


def test_without_a_spread_of_clusters_it_is_the_plain_model() -> None:
    """Two yeses of four in each control cluster, three in each treated: log odds 0 and log 3."""
    y = np.array([[0, 1, 0, 1], [1, 1, 1, 0]] * 3, float).ravel()
    for cells in (None, CELLS):
        points = 9 if cells is None else 1
        shift = np.full(24, -0.7)
        fit = fit_glmm(X, y, CLUSTERS, FAMILIES["binomial"], shift, points=points, cells=cells)
        assert fit.coefficients == pytest.approx([0.7, np.log(3.0)], abs=1e-6)
        assert (fit.sd, fit.sds) == (0.0, (0.0,) * (1 if cells is None else 2))
        # 1 / (12 p (1 - p)) for either arm.
        plain = np.array([[1 / 3, -1 / 3], [-1 / 3, 1 / 3 + 4 / 9]])
        assert fit.covariance[:2, :2] == pytest.approx(plain, abs=1e-6)
        assert not fit.covariance[2].any()
        assert not fit.covariance[:, 2].any()
        told = 12 * np.log(0.5) + 9 * np.log(0.75) + 3 * np.log(0.25)
        assert fit.log_likelihood == pytest.approx(told)


def test_of_two_spreads_one_may_be_none() -> None:
    """Cells that differ in equal clusters, and clusters whose cells are alike."""
    family = FAMILIES["poisson"]
    apart = np.tile([1.0, 1.0, 9.0, 9.0], 6)
    among = fit_glmm(X[:, :1], apart, CLUSTERS, family, points=1, cells=CELLS)
    assert among.sds[0] == 0.0
    assert among.sd == among.sds[1]
    alone = fit_glmm(X[:, :1], apart, CELLS, family, points=1)
    assert among.log_likelihood == alone.log_likelihood
    between = np.repeat([1.0, 9.0, 2.0, 8.0, 4.0, 5.0], 4)
    among = fit_glmm(X[:, :1], between, CLUSTERS, family, points=1, cells=CELLS)
    assert among.sds[1] == 0.0
    assert among.sd == among.sds[0] > 0.3


def test_an_outcome_that_a_column_tells_has_no_maximum() -> None:
    with pytest.raises(InputError, match="no finite solution; a column may tell the outcome"):
        fit_glmm(X, TREATED, CLUSTERS, FAMILIES["binomial"])


def test_second_derivatives_of_a_quadratic_are_exact() -> None:
    A = np.array([[2.0, 0.5, -1.0], [0.5, 3.0, 0.25], [-1.0, 0.25, 5.0]])
    found = _hessian(lambda x: float(0.5 * x @ A @ x), np.array([0.1, -4.0, 30.0]))
    assert found == pytest.approx(A, abs=1e-5)
