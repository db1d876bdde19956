"""A linear mixed model whose covariance has more in it than independent random effects.

Restricted maximum likelihood over the covariance of the rows of each independent block, with exact
first derivatives; second derivatives are their differences. Satterthwaite's degrees of freedom use
the observed information, Kenward and Roger's the expected one and no second derivatives of the
covariance (exact where it is linear in its parameters, their first-order version else).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.fits.cell_sums import LARGEST_BLOCK
from sim.trials.fits.covariance_parts import CovariancePart, Effects, Residual
from sim.trials.fits.design_columns import prepare_design
from sim.trials.fits.linear_fit import Likeliest, LinearFit
from sim.trials.fits.small_sample import Moments, inference_of, inverse_of

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

STARTS = (0.3, 0.03, 0.7)
# Of the free parameters, where the slope is differenced.
STEP = 1e-5
# A Cholesky diagonal below this share of the residual's root is zero.
SINGULAR_ROOT = 1e-5
NEAR_ROOT = 0.03


@dataclass(frozen=True)
class Structure:
    """The covariance of a model."""

    effects: tuple[CovariancePart, ...]  # Random effects
    residual: Residual

    @property
    def parts(self) -> tuple[CovariancePart, ...]:
        """All parts, the residual last."""
        return (*self.effects, self.residual)

    def blocks(self) -> list[Codes]:
        """Return the rows of each block that no part links with another."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        n = len(self.residual.group)
        rows, links, at = [], [], n
        for one in self.parts:
            if one.codes is not None:
                rows.append(np.arange(n))
                links.append(one.codes + at)
                at += int(one.codes.max()) + 1
        if not rows:
            return [np.array([row]) for row in range(n)]
        pair = np.concatenate(rows), np.concatenate(links)
        graph = coo_matrix((np.ones(pair[0].size), pair), shape=(at, at))
        labels = connected_components(graph, directed=False)[1][:n]
        order = np.argsort(labels, kind="stable")
        found = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
        largest = max(one.size for one in found)
        if largest > LARGEST_BLOCK:
            raise InputError(
                f"random effects: {largest} rows hang together through levels that they share "
                f"(at most {LARGEST_BLOCK} with correlated effects, weights or residuals that "
                "differ or are correlated)"
            )
        return found


@dataclass(frozen=True)
class StructuredFit(LinearFit):
    """A fitted model of that kind."""

    structure: Structure
    parts: Moments  # What small-sample methods need
    blocks: list[Codes]  # Rows of each block
    covariances: list[Matrix]  # Of the rows of each block
    sums: Matrix  # (n, p + 1) array: The basis that was fitted, and the response

    def moments(self) -> Moments:
        """Return what small-sample methods need."""
        return self.parts

    def _likeliest(self, turn: Matrix, near: Matrix | None) -> Likeliest:
        turned = self.sums @ turn
        criterion = _Criterion(turned[:, :-1], turned[:, -1], self.structure, restricted=False)
        free = _minimise(criterion, near)[0]
        at = criterion.at(criterion.parameters(free))
        return Likeliest(at.value, at.coefficients, free)

    @property
    def unit(self) -> float:
        """Variance that the moments are in units of."""
        return self.scale**2


class _At(NamedTuple):
    """The criterion at some parameters, its slope by them, and the coefficients."""

    value: float
    slope: Matrix
    coefficients: Matrix
    covariance: Matrix


class _Criterion:
    """-2 log restricted likelihood, or that of all coefficients, as a function of parameters."""

    def __init__(self, X: Matrix, y: Matrix, structure: Structure, restricted: bool = True) -> None:
        self.X, self.y, self.structure = X, y, structure
        self.restricted = restricted
        self.blocks = structure.blocks()
        counts = [len(one.names) for one in structure.parts]
        self.cuts = np.cumsum(counts)[:-1]

    def parameters(self, free: Matrix) -> Matrix:
        """Return the parameters."""
        pieces = np.split(free, self.cuts)
        return np.concatenate(
            [one.parameters(own) for one, own in zip(self.structure.parts, pieces, strict=True)]
        )

    def jacobian(self, free: Matrix) -> Matrix:
        """Return derivatives of all parameters by all free ones."""
        from scipy.linalg import block_diag

        pieces = np.split(free, self.cuts)
        return np.asarray(
            block_diag(
                *(one.jacobian(own) for one, own in zip(self.structure.parts, pieces, strict=True))
            )
        )

    def covariance(self, values: Matrix, rows: Codes) -> tuple[Matrix, list[Matrix]]:
        """Return the covariance of a block and its derivatives."""
        V, slopes = np.zeros((rows.size, rows.size)), []
        pieces = np.split(values, self.cuts)
        for one, own in zip(self.structure.parts, pieces, strict=True):
            part, more = one.covariance(own, rows)
            V += part
            slopes += more
        return V, slopes

    def at(self, values: Matrix) -> _At:
        """Return the criterion and its slope.

        Raises
        ------
        numpy.linalg.LinAlgError
            If a covariance is not positive definite.
        """
        n, p = self.X.shape
        K = values.size
        first = np.zeros((p + 1, p + 1))
        second = np.zeros((K, p + 1, p + 1))
        trace, log_determinant = np.zeros(K), 0.0
        Z = np.column_stack([self.X, self.y])
        for rows in self.blocks:
            V, slopes = self.covariance(values, rows)
            root = np.linalg.cholesky(V)
            log_determinant += 2.0 * float(np.log(np.diag(root)).sum())
            inverse = np.linalg.inv(V)
            solved = inverse @ Z[rows]
            first += Z[rows].T @ solved
            for k, slope in enumerate(slopes):
                trace[k] += float((inverse * slope).sum())
                second[k] += solved.T @ slope @ solved
        covariance = np.linalg.inv(first[:p, :p])
        coefficients = covariance @ first[:p, p]
        u = np.append(-coefficients, 1.0)
        value = log_determinant + float(u @ first @ u)
        slope_of = trace - np.einsum("p,kpq,q->k", u, second, u)
        df = n
        if self.restricted:
            df = n - p
            value += float(np.linalg.slogdet(first[:p, :p])[1])
            slope_of = slope_of - np.einsum("kpq,qp->k", second[:, :p, :p], covariance)
        value += df * np.log(2.0 * np.pi)
        return _At(float(value), slope_of, coefficients, covariance)

    def free(self, free: Matrix) -> tuple[float, Matrix]:
        """Return the criterion and its slope by the free parameters."""
        try:
            found = self.at(self.parameters(free))
        except (np.linalg.LinAlgError, FloatingPointError):
            return 1e300, np.zeros(free.size)
        return found.value, found.slope @ self.jacobian(free)

    def curvature(self, free: Matrix, active: NDArray[np.bool_]) -> Matrix:
        """Return the second derivatives by the active free parameters."""
        places = np.flatnonzero(active)
        found = np.empty((places.size, places.size))
        for row, k in enumerate(places):
            step = STEP * max(abs(free[k]), 0.1)
            ends = []
            for sign in (1.0, -1.0):
                moved = free.copy()
                moved[k] += sign * step
                ends.append(self.free(moved)[1][places])
            found[row] = (ends[0] - ends[1]) / (2.0 * step)
        return (found + found.T) / 2.0


def _minimise(
    criterion: _Criterion, near: Matrix | None = None
) -> tuple[Matrix, NDArray[np.bool_], bool]:
    """Return the free parameters at the minimum, which are active, and whether it converged.

    Near a known minimum the search starts there. Likelihoods that are compared need no last digits
    of the parameters.
    """
    from scipy.optimize import minimize

    parts = criterion.structure.parts
    lower = np.concatenate([one.lower() for one in parts])
    # A root of a variance is searched for on both sides of zero, where the criterion is the same:
    # at a bound of zero its slope is zero whether or not a minimum is there.
    bounds = [(one if np.isfinite(one) and one != 0.0 else None, None) for one in lower]
    best = None
    starts = [
        np.concatenate(
            [
                *(one.start(share / max(len(parts) - 1, 1)) for one in parts[:-1]),
                parts[-1].start(1.0 - share),
            ]
        )
        for share in STARTS
    ]
    if near is not None:
        # At a root of zero there is no slope.
        starts = [np.where(np.isfinite(lower), np.maximum(near, lower + NEAR_ROOT), near)]
    for start in starts:
        found = minimize(
            criterion.free,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
        )
        if best is None or found.fun < best.fun - 1e-8:
            best = found
    assert best is not None
    pieces = np.split(np.asarray(best.x), criterion.cuts)
    free = np.concatenate([one.upright(own) for one, own in zip(parts, pieces, strict=True)])
    converged = True
    active = free > np.where(np.isfinite(lower), lower + SINGULAR_ROOT, -np.inf)
    free = np.where(active, free, lower)
    if not criterion.restricted:
        return free, active, bool(best.success)
    value, slope = criterion.free(free)
    for _ in range(20):
        step = np.zeros(free.size)
        H = criterion.curvature(free, active)
        sizes, directions = np.linalg.eigh(H)
        sizes = np.maximum(np.abs(sizes), 1e-9 * max(float(np.abs(sizes).max()), 1e-300))
        step[active] = -(directions @ ((directions.T @ slope[active]) / sizes))
        fall, size = abs(float(slope @ step)), 1.0
        if fall < 1e-14 * abs(value):
            break
        while size > 1e-8:
            there = np.maximum(free + size * step, lower)
            new, new_slope = criterion.free(there)
            if new <= value + 1e-12 * abs(value):
                break
            size *= 0.5
        else:
            break
        free, value, slope = there, new, new_slope
    converged = bool(np.abs(slope[active]).max(initial=0.0) < 1e-3)
    return free, active, converged


def _small_sample(
    criterion: _Criterion, free: Matrix, active: NDArray[np.bool_]
) -> tuple[Moments, list[Matrix]]:
    """Return what small-sample methods need, and the blocks' covariances."""
    values, X = criterion.parameters(free), criterion.X
    p, K = X.shape[1], values.size
    information = np.zeros((p, p))
    P = np.zeros((K, p, p))
    Q = np.zeros((K, K, p, p))
    pairs = np.zeros((K, K))
    covariances = []
    for rows in criterion.blocks:
        V, slopes = criterion.covariance(values, rows)
        covariances.append(V)
        inverse = np.linalg.inv(V)
        solved = inverse @ X[rows]
        information += X[rows].T @ solved
        acted = [slope @ solved for slope in slopes]
        turned = [inverse @ slope for slope in slopes]
        for i in range(K):
            P[i] += solved.T @ acted[i]
            applied = inverse @ acted[i]
            for j in range(K):
                Q[i, j] += applied.T @ acted[j]
                pairs[i, j] += float((turned[i] * turned[j].T).sum())
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    held = P @ covariance
    expected = pairs - 2.0 * np.einsum("ijpq,qp->ij", Q, covariance)
    expected += np.einsum("ipq,jqp->ij", held, held)
    W = 2.0 * inverse_of((expected + expected.T) / 2.0)
    middle = np.einsum("ij,ijpq->pq", W, Q - np.einsum("ipq,jqr->ijpr", held, P))
    adjusted = covariance + 2.0 * covariance @ middle @ covariance
    J = criterion.jacobian(free)[:, active]
    observed = J @ inverse_of(criterion.curvature(free, active)) @ J.T
    every = np.ones(K, dtype=bool)
    return Moments(covariance, adjusted, P, every, observed, W), covariances


def fit_structured_model(
    X: Matrix, y: Matrix, structure: Structure, names: tuple[str, ...] = ()
) -> StructuredFit:
    """Fit the model by restricted maximum likelihood.

    Parameters
    ----------
    X : (n, q) array
        Columns of the fixed part, the intercept included; those that depend on columns before them
        are left out and named.
    y : (n,) array

    Raises
    ------
    InputError
        If rows are too few, the outcome does not vary, or the data cannot tell the parameters of
        the covariance apart.
    """
    names = names or tuple(f"x{j + 1}" for j in range(X.shape[1]))
    X, y = np.asarray(X, dtype=float), np.asarray(y, dtype=float)
    design = prepare_design(X, y)
    n, p = design.basis.shape
    if n <= p + 1:
        raise InputError(f"rows: {n} complete rows are too few for {p} coefficients")
    scale = float(np.sqrt(design.residual @ design.residual / n))
    if not scale > 1e-13 * float(np.abs(y).max()):
        raise InputError("response: it does not vary beyond the fixed part of the model")
    # Columns are orthonormal; per row they are of size one.
    size = np.sqrt(float(n))
    criterion = _Criterion(design.basis * size, design.residual / scale, structure)
    free, active, converged = _minimise(criterion)
    parts, covariances = _small_sample(criterion, free, active)
    values = criterion.parameters(free)
    units = np.concatenate([_units(one, scale) for one in structure.parts])
    back = design.to_coefficients * size
    found = criterion.at(values)
    criterion_value = found.value + 2.0 * (n - p) * float(np.log(scale))
    criterion_value += design.log_determinant - p * float(np.log(n))
    labels = [name for one in structure.parts for name in one.names]
    variances = dict(zip(labels, (values * units).tolist(), strict=True))
    kept = tuple(names[j] for j in design.kept)
    return StructuredFit(
        names=kept,
        dropped_columns=tuple(one for one in names if one not in kept),
        coefficients=design.least_squares + scale * (back @ found.coefficients),
        covariance=scale**2 * (back @ parts.covariance @ back.T),
        inference=tuple(inference_of(parts, back, scale**2)),
        variances=variances,
        reml_criterion=criterion_value,
        singular=_singular(structure, criterion, free),
        converged=converged,
        n_obs=n,
        n_levels={
            one.names[0]: int(one.codes.max()) + 1
            for one in structure.effects
            if one.codes is not None
        },
        to_coefficients=back,
        structure=structure,
        parts=parts,
        blocks=criterion.blocks,
        covariances=[one * scale**2 for one in covariances],
        least_squares=design.least_squares,
        sums=np.column_stack([criterion.X, criterion.y]),
        scale=scale,
    )


def _units(part: CovariancePart, scale: float) -> Matrix:
    """Return what turns parameters of the standardised outcome into those of the outcome."""
    correlation = np.array([name.endswith((" decay", " ar1")) for name in part.names])
    return np.where(correlation, 1.0, scale**2)


def _singular(structure: Structure, criterion: _Criterion, free: Matrix) -> bool:
    """Return whether the covariance of a grouping's effects is singular."""
    pieces = np.split(free, criterion.cuts)
    for one, own in zip(structure.effects, pieces, strict=False):
        roots = own[np.isfinite(one.lower())] if isinstance(one, Effects) else own[:1]
        if (roots <= SINGULAR_ROOT).any():
            return True
    return False
