"""Generalised estimating equations for clusters, with errors for few of them.

D is the derivative of the means by the coefficients, V the working covariance, r the residuals of
a cluster; A = D' V^-1 D, M the inverse of the sum of A over clusters, and s = D' V^-1 r its score.
The robust covariance is M (sum of s s') M. With few clusters it is too small, as the fit follows
its own residuals; each correction turns the scores:

* Kauermann and Carroll (2001): (I - A M)^-1/2 s, unbiased where the working covariance is right;
* Mancl and DeRouen (2001): (I - A M)^-1 s, the jackknife, rather too large;
* Fay and Graubard (2001): diag(1 - min(3/4, diag(A M)))^-1/2 s;
* Morel, Bokossa and Neerchal (2003): the robust covariance inflated, and a share of M added.

D' V^-1 f(D M D' V^-1) = f(A M) D' V^-1, so that nothing larger than the coefficients is inverted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

MOST_STEPS = 200
TOLERANCE = 1e-11
# Linear predictors beyond it are on their way to infinity.
FURTHEST = 30.0
CORRECTIONS = ("LZ", "KC", "MD", "FG", "MBN")
# Fay and Graubard's bound on how much of its own score a cluster decides.
BOUND = 0.75


class Family(NamedTuple):
    """An outcome's distribution, with its canonical link."""

    # The effect is what a coefficient is the logarithm of.
    name: str
    effect: str
    # From the linear predictor to the mean; from the mean to the variance.
    mean: Callable[[Matrix], Matrix]
    variance: Callable[[Matrix], Matrix]
    log_density: Callable[[Matrix, Matrix], Matrix]  # Of an outcome and the linear predictor
    scaled: bool  # Whether the variance is estimated up to a factor


def _expit(eta: Matrix) -> Matrix:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * eta)))


def _poisson_log_density(y: Matrix, eta: Matrix) -> Matrix:
    from scipy.special import gammaln

    return np.asarray(y * eta - np.exp(eta) - gammaln(y + 1.0))


FAMILIES = {
    "binomial": Family(
        "binomial",
        "odds ratio",
        _expit,
        lambda mean: mean * (1.0 - mean),
        lambda y, eta: np.asarray(y * eta - np.logaddexp(0.0, eta)),
        False,
    ),
    "poisson": Family(
        "poisson", "rate ratio", np.exp, lambda mean: mean, _poisson_log_density, True
    ),
}


class GeeFit(NamedTuple):
    """A fitted marginal model."""

    coefficients: Matrix  # (p,) array
    covariance: dict[str, Matrix]  # (p, p) array: ``model`` and each of `CORRECTIONS`
    alpha: float  # Working correlation of two people of a cluster
    phi: float  # Factor of the variance; 1 where it is not estimated
    clusters: int
    mean: Matrix  # (n,) array: Fitted means


@dataclass(frozen=True)
class _Cluster:
    """Rows of a cluster."""

    x: Matrix
    y: Matrix
    offset: Matrix
    correlation: Matrix | None

    def weigh(self, values: Matrix, alpha: float) -> Matrix:
        """Return the inverse working correlation times columns."""
        if self.correlation is not None:
            return np.asarray(np.linalg.solve(self.correlation, values))
        n = len(self.y)
        pulled = alpha / (1.0 + (n - 1) * alpha) * values.sum(axis=0)
        return np.asarray((values - pulled) / (1.0 - alpha))


def fit_gee(
    x: Matrix,
    y: Matrix,
    clusters: Codes,
    family: Family,
    offset: Matrix | None = None,
    *,
    alpha: float | None = None,
    exchangeable: bool = True,
    correlation: Sequence[Matrix] | None = None,
) -> GeeFit:
    """Fit a marginal model.

    Parameters
    ----------
    x : (n, p) array
        Independent columns, the intercept included.
    y : (n,) array
    clusters : (n,) array of int
        From 0.
    offset : (n,) array, optional
        Known part of the linear predictor.
    alpha : float, optional
        Exchangeable working correlation where it is not to be estimated: the average of products of
        two Pearson residuals of a cluster, over all pairs, over the factor of the variance (as
        geepack; others divide by the number of pairs less that of coefficients).
    exchangeable : bool
        Whether people of a cluster are taken to be correlated; otherwise independent.
    correlation : sequence of arrays, optional
        Working correlation of the rows of each cluster instead, in their order.

    Raises
    ------
    InputError
        If the equations are not solved, as with an outcome that a column separates.
    """
    offset = np.zeros(len(y)) if offset is None else offset
    rows = [np.flatnonzero(clusters == one) for one in range(int(clusters.max()) + 1)]
    parts = [
        _Cluster(x[at], y[at], offset[at], None if correlation is None else correlation[number])
        for number, at in enumerate(rows)
    ]
    # Below it people of the largest cluster could not all be so unlike.
    lowest = -0.9 / max(max(len(at) for at in rows) - 1, 1)
    estimated = exchangeable and alpha is None and correlation is None
    shared = 0.0 if alpha is None else alpha
    beta, phi, done = _start(x, y, family, offset), 1.0, False
    for _ in range(MOST_STEPS):
        if family.scaled or estimated:
            residuals = [_pearson(one, beta, family) for one in parts]
            phi = float(sum((r**2).sum() for r in residuals) / len(y)) if family.scaled else 1.0
            if estimated:
                shared = max(_alpha(residuals) / phi, lowest)
        bread, scores, _ = _moments(parts, beta, family, shared)
        step = np.linalg.solve(bread, scores.sum(axis=0))
        beta = beta + step
        if not np.abs(x @ beta).max() < FURTHEST:
            break
        if np.abs(step).max() < TOLERANCE * (1.0 + np.abs(beta).max()):
            done = True
            break
    if not done:
        raise InputError(
            "outcome: the marginal model has no finite solution; a column may tell the outcome "
            "exactly"
        )
    bread, scores, leverage = _moments(parts, beta, family, shared)
    M = np.asarray(np.linalg.inv(bread))
    return GeeFit(
        beta,
        {"model": phi * M, **_sandwiches(M, scores, leverage, len(y), phi)},
        shared,
        phi,
        len(parts),
        family.mean(x @ beta + offset),
    )


def _start(x: Matrix, y: Matrix, family: Family, offset: Matrix) -> Matrix:
    """Return coefficients that fit the overall mean."""
    mean = float(y.mean())
    if family.name == "binomial":
        level = np.log(mean / (1.0 - mean))
    else:
        level = np.log(max(mean, 1e-9) / float(np.exp(offset).mean()))
    return np.asarray(np.linalg.lstsq(x, np.full(len(y), level), rcond=None)[0])


def _pearson(one: _Cluster, beta: Matrix, family: Family) -> Matrix:
    mean = family.mean(one.x @ beta + one.offset)
    return np.asarray((one.y - mean) / np.sqrt(family.variance(mean)))


def _alpha(residuals: Sequence[Matrix]) -> float:
    pairs = sum(len(r) * (len(r) - 1) for r in residuals)
    products = sum(float(r.sum()) ** 2 - float((r**2).sum()) for r in residuals)
    return products / pairs if pairs else 0.0


def _moments(
    parts: Sequence[_Cluster], beta: Matrix, family: Family, alpha: float
) -> tuple[Matrix, Matrix, Matrix]:
    """Return the sum of A, the scores and each A, without the factor of the variance."""
    scores, leverage = [], []
    for one in parts:
        mean = family.mean(one.x @ beta + one.offset)
        root = np.sqrt(family.variance(mean))
        # With the canonical link the derivative of the mean is its variance.
        d = root[:, None] * one.x
        weighed = one.weigh(d, alpha)
        scores.append(weighed.T @ ((one.y - mean) / root))
        leverage.append(weighed.T @ d)
    each = np.array(leverage)
    return each.sum(axis=0), np.array(scores), each


def _sandwiches(
    M: Matrix, scores: Matrix, leverage: Matrix, n: int, phi: float
) -> dict[str, Matrix]:
    """Return the robust covariances; the factor of the variance matters to the last alone."""
    k, p = scores.shape
    values, vectors = np.linalg.eigh(M)
    root = vectors * np.sqrt(values) @ vectors.T
    inverse_root = vectors / np.sqrt(values) @ vectors.T
    turned: dict[str, list[Matrix]] = {"KC": [], "MD": [], "FG": []}
    for s, a in zip(scores, leverage, strict=True):
        own, directions = np.linalg.eigh(root @ a @ root)
        left = np.maximum(1.0 - own, 1e-10)
        for name, power in (("KC", -0.5), ("MD", -1.0)):
            inner = directions * left**power @ directions.T
            turned[name].append(inverse_root @ inner @ root @ s)
        turned["FG"].append(s / np.sqrt(1.0 - np.minimum(BOUND, np.diag(a @ M))))
    found = {"LZ": M @ scores.T @ scores @ M}
    for name, rows in turned.items():
        U = np.array(rows)
        found[name] = M @ U.T @ U @ M
    U = scores.T @ scores
    share = min(0.5, p / (k - p)) if k > p else 0.5
    more = share * max(phi, float(np.trace(M @ U)) / p) * M
    found["MBN"] = (n - 1) / (n - p) * k / max(k - 1, 1) * found["LZ"] + more
    return found
