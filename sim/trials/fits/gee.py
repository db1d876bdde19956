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

People of a cell (a cluster, or its period) are alike to the working correlation, so that all of V
that is needed is what it does to sums over cells.
"""

from __future__ import annotations

from collections.abc import Callable
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


INDEPENDENCE, EXCHANGEABLE = "independence", "exchangeable"
NESTED, DECAY = "nested exchangeable", "decay"
CORRELATIONS = (EXCHANGEABLE, NESTED, DECAY, INDEPENDENCE)
# A working correlation keeps so much of its smallest eigenvalue, and of one within cells.
KEPT, FULLEST = 0.1, 0.999


class Working(NamedTuple):
    """A working correlation of the people of a cluster."""

    # {'exchangeable', 'independence', 'nested exchangeable', 'decay'}. Nested: one value within a
    # cell and another between cells of a cluster; decay: it fades by a factor for each unit of time
    # between cells.
    kind: str = EXCHANGEABLE
    # (n,) array: Cell of each row, such as its period; of a decay, its time.
    cells: Matrix | None = None
    # Given instead of estimated: that within a cell and, of a nested correlation, that between
    # cells, of a decay, the factor.
    values: tuple[float, ...] | None = None


class GeeFit(NamedTuple):
    """A fitted marginal model."""

    coefficients: Matrix  # (p,) array
    covariance: dict[str, Matrix]  # (p, p) array: ``model`` and each of `CORRECTIONS`
    correlation: tuple[float, ...]  # Working correlation, see `Working.values`
    phi: float  # Factor of the variance; 1 where it is not estimated
    clusters: int
    mean: Matrix  # (n,) array: Fitted means
    # Least distance of two people's cells; above 0 no data tell how alike people of one cell are.
    nearest: float = 0.0

    @property
    def alpha(self) -> float:
        """Working correlation of two people of a cell."""
        return self.correlation[0]


class _Layout:
    """Where rows stand in clusters and cells, of which each cluster has J at most."""

    def __init__(self, clusters: Codes, working: Working) -> None:
        cells = np.zeros(len(clusters)) if working.cells is None else working.cells
        found, of_row = np.unique(np.column_stack([clusters, cells]), axis=0, return_inverse=True)
        of_row = of_row.reshape(-1)
        cluster = found[:, 0].astype(np.intp)
        self.number = int(clusters.max()) + 1
        first = np.searchsorted(cluster, np.arange(self.number))
        place = np.arange(len(cluster)) - first[cluster]
        self.width = int(place.max()) + 1
        # Rows in the order of their cells, the first row of each, and where its sum goes.
        self.order = np.argsort(of_row, kind="stable")
        self.starts = np.searchsorted(of_row[self.order], np.arange(len(found)))
        self.slots = cluster * self.width + place
        self.first = first
        self.sizes = self.padded(np.bincount(of_row).astype(float))
        times = self.padded(found[:, 1])
        apart = np.abs(times[:, :, None] - times[:, None, :])
        self.lags = apart if working.kind == DECAY else (apart > 0.0).astype(float)
        pairs = self.sizes[:, :, None] * self.sizes[:, None, :]
        pairs -= np.eye(self.width) * self.sizes[:, None, :]
        # Pairs of people at each lag that occurs.
        self.apart, self.lag = np.unique(self.lags[pairs > 0.0], return_inverse=True)
        self.lag = self.lag.reshape(-1)
        self.paired = pairs > 0.0
        self.pairs = np.bincount(self.lag, pairs[self.paired], len(self.apart))

    def padded(self, values: Matrix) -> Matrix:
        """Return an array of cells as (clusters, J, ...), zero where a cluster has fewer."""
        whole = np.zeros((self.number * self.width, *values.shape[1:]))
        whole[self.slots] = values
        return whole.reshape(self.number, self.width, *values.shape[1:])

    def cell_sums(self, rows: Matrix) -> Matrix:
        """Return sums over cells of rows that stand in their order."""
        return np.asarray(np.add.reduceat(rows, self.starts))

    def estimated(self, kind: str, residuals: Matrix, phi: float) -> tuple[float, ...]:
        """Return the working correlation from Pearson residuals."""
        if kind == INDEPENDENCE or not len(self.apart):
            return (0.0,) if kind in (INDEPENDENCE, EXCHANGEABLE) else (0.0, 0.0)
        sums = self.padded(self.cell_sums(residuals))
        squares = self.padded(self.cell_sums(residuals**2))
        products = sums[:, :, None] * sums[:, None, :] - np.eye(self.width) * squares[:, None, :]
        means = np.bincount(self.lag, products[self.paired], len(self.apart)) / self.pairs / phi
        if kind == DECAY:
            return self._possible(kind, fading(self.apart, np.asarray(self.pairs, float), means))
        each = [float(means[self.apart == lag].sum()) for lag in (0.0, 1.0)]
        return self._possible(kind, tuple(each[: 1 if kind == EXCHANGEABLE else 2]))

    def between(self, kind: str, values: tuple[float, ...]) -> Matrix:
        """Return the correlations of cells, (clusters, J, J)."""
        if kind == DECAY:
            return np.asarray(values[0] * values[1] ** self.lags)
        return np.where(self.lags == 0.0, values[0], values[-1])

    def _possible(self, kind: str, values: tuple[float, ...]) -> tuple[float, ...]:
        """Return correlations nearer to nil where people could not all be so unlike."""
        within = min(values[0], FULLEST)
        values = (within, *values[1:])
        if min(values) >= 0.0 and (kind != NESTED or values[1] <= within):
            return values
        root = np.sqrt(self.sizes)
        lowest = float(
            np.linalg.eigvalsh(
                root[:, :, None] * self.between(kind, values) * root[:, None, :]
            ).min()
        )
        share = (1.0 - KEPT) / max((1.0 - KEPT) * within - lowest, 1.0 - KEPT)
        return tuple(
            one * (share if kind == NESTED or not at else 1.0) for at, one in enumerate(values)
        )


def fading(lags: Matrix, pairs: Matrix, means: Matrix) -> tuple[float, float]:
    """Return the level and the factor of a decay that fit mean products by least squares.

    Where no two people stand in one cell the level is where the decay would begin, which no
    correlation exceeds.
    """
    from scipy.optimize import brentq, minimize_scalar

    most = FULLEST if lags[0] > 0.0 else np.inf

    def slope(factor: float) -> float:
        """Return the sign of how the fit gets better with the factor."""
        power = factor**lags
        bent = lags * power / factor
        a, c = (pairs * means) @ power, pairs @ power**2
        return float(2.0 * ((pairs * means) @ bent) * c - 2.0 * a * (pairs @ (power * bent)))

    def level(factor: float) -> float:
        power = factor**lags
        return min(float((pairs * means) @ power / (pairs @ power**2)), most)

    def fit(factor: float) -> float:
        """Return by how much the fit is better than without correlation."""
        power, one = factor**lags, max(level(factor), 0.0)
        return float(2.0 * one * ((pairs * means) @ power) - one**2 * (pairs @ power**2))

    grid = np.linspace(1e-6, 1.0, 41)
    fits = [fit(one) for one in grid]
    best = int(np.argmax(fits))
    if fits[best] <= 0.0:
        return (level(grid[0]) if lags[0] == 0.0 else 0.0), 0.0
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    factor = float(grid[best])
    if most in (level(low), level(factor), level(high)):
        # The best may lie where the level meets its cap, and the slope jumps there.
        found = minimize_scalar(lambda one: -fit(one), bounds=(low, high), options={"xatol": 1e-10})
        factor = float(found.x)
    elif slope(low) > 0.0 > slope(high):
        factor = float(brentq(slope, low, high, xtol=1e-14))
    return level(factor), factor if best or lags[0] > 0.0 else 0.0


def fit_gee(
    x: Matrix,
    y: Matrix,
    clusters: Codes,
    family: Family,
    offset: Matrix | None = None,
    *,
    working: Working | None = None,
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
    working : Working, optional
        Exchangeable unless another is given. What is not given is estimated from products of two
        Pearson residuals of a cluster over the factor of the variance: their mean over all pairs
        (as geepack; others divide by the number of pairs less that of coefficients), over those
        within cells and those between, or a decay by least squares.

    Raises
    ------
    InputError
        If the equations are not solved, as with an outcome that a column separates.
    """
    working = Working() if working is None else working
    layout = _Layout(clusters, working)
    original, order = x, layout.order
    shift = np.zeros(len(y)) if offset is None else offset
    beta, phi, done = _start(x, y, family, shift), 1.0, False
    x, y, added = x[order], y[order], shift[order]
    values = working.values if working.values is not None else (0.0, 0.0)
    for _ in range(MOST_STEPS):
        if family.scaled or working.values is None:
            mean = family.mean(x @ beta + added)
            residuals = np.asarray((y - mean) / np.sqrt(family.variance(mean)))
            phi = float((residuals**2).mean()) if family.scaled else 1.0
            if working.values is None:
                values = layout.estimated(working.kind, residuals, phi)
        parts = _moments(layout, x, y, added, beta, family, layout.between(working.kind, values))
        step = np.linalg.solve(parts.leverage.sum(axis=0), parts.scores.sum(axis=0))
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
    parts = _moments(layout, x, y, added, beta, family, layout.between(working.kind, values))
    M = np.asarray(np.linalg.inv(parts.leverage.sum(axis=0)))
    return GeeFit(
        beta,
        {"model": phi * M, **_sandwiches(M, *parts, len(y), phi)},
        values,
        phi,
        layout.number,
        family.mean(original @ beta + shift),
        float(layout.apart[0]) if len(layout.apart) else 0.0,
    )


def _start(x: Matrix, y: Matrix, family: Family, offset: Matrix) -> Matrix:
    """Return coefficients of a first step from means near each outcome, as R's glm.

    From the overall mean it would overshoot where an outcome is rare, but not among a few people.
    """
    if family.name == "binomial":
        mean = 0.5 * (y + 0.5)
        eta = np.log(mean / (1.0 - mean))
    else:
        mean = y + 0.1
        eta = np.log(mean)
    weight = family.variance(mean)
    # By normal equations: a start need not be exact, and rows are many.
    wanted = weight * (eta - offset) + y - mean
    return np.asarray(np.linalg.lstsq(x.T @ (weight[:, None] * x), x.T @ wanted, rcond=None)[0])


class _Moments(NamedTuple):
    """Of each cluster, without the factor of the variance."""

    scores: Matrix  # (k, p) array
    leverage: Matrix  # (k, p, p) array: A


def _moments(
    layout: _Layout,
    x: Matrix,
    y: Matrix,
    offset: Matrix,
    beta: Matrix,
    family: Family,
    between: Matrix,
) -> _Moments:
    """Return scores and A of all clusters; rows in the order of their cells."""
    mean = family.mean(x @ beta + offset)
    root = np.sqrt(family.variance(mean))
    # With the canonical link the derivative of the mean is its variance.
    both = np.column_stack([root[:, None] * x, (y - mean) / root])
    p = x.shape[1]
    products = layout.cell_sums(both[:, :p, None] * both[:, None, :])
    products = np.add.reduceat(products, layout.first)
    sums = layout.padded(layout.cell_sums(both))
    # What people of a cell share is taken out: V is (1 - a) I + Z B Z' of cells Z.
    left = 1.0 - between[0, 0, 0]
    inner = left * np.eye(layout.width) + between * layout.sizes[:, None, :]
    pulled = np.linalg.solve(inner, between @ sums)
    found = (products - sums[:, :, :p].swapaxes(1, 2) @ pulled) / left
    return _Moments(found[:, :, p], found[:, :, :p])


def _sandwiches(
    M: Matrix, scores: Matrix, leverage: Matrix, n: int, phi: float
) -> dict[str, Matrix]:
    """Return the robust covariances; the factor of the variance matters to the last alone."""
    k, p = scores.shape
    values, vectors = np.linalg.eigh(M)
    root = vectors * np.sqrt(values) @ vectors.T
    inverse_root = vectors / np.sqrt(values) @ vectors.T
    own, directions = np.linalg.eigh(root @ leverage @ root)
    left = np.maximum(1.0 - own, 1e-10)
    along = np.einsum("kji,kj->ki", directions, scores @ root)
    decided = np.minimum(BOUND, np.einsum("kij,ji->ki", leverage, M))
    turned = {
        "LZ": scores,
        "KC": np.einsum("kij,kj->ki", directions, left**-0.5 * along) @ inverse_root,
        "MD": np.einsum("kij,kj->ki", directions, along / left) @ inverse_root,
        "FG": scores / np.sqrt(1.0 - decided),
    }
    found = {name: M @ U.T @ U @ M for name, U in turned.items()}
    U = scores.T @ scores
    share = min(0.5, p / (k - p)) if k > p else 0.5
    more = share * max(phi, float(np.trace(M @ U)) / p) * M
    found["MBN"] = (n - 1) / (n - p) * k / max(k - 1, 1) * found["LZ"] + more
    return found
