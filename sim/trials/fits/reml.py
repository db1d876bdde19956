"""Restricted maximum likelihood, or plain, of a linear mixed model from its cell sums.

With V = s2 (I + sum_k r_k G_k), the coefficients and the residual variance s2 are profiled out and
the variance ratios r_k >= 0 are found by a projected Newton method on exact first and second
derivatives. A ratio that ends at zero with the criterion rising from there is reported as zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.trials.fits.cell_sums import CellSums

Matrix = NDArray[np.float64]

START_RATIOS = (0.05, 1.0, 1e-3)
MAX_STEPS = 200
# Beyond it the residual variance is the rounding of the response.
LARGEST_RATIO = 1e14
# A search as near to a minimum that is known, by its ratios, ends there: Newton steps square it.
JOINED = 1e-3


class Moments(NamedTuple):
    """Everything that the criterion, its derivatives and the small-sample methods are made of.

    The components are the random effects, then the residual; V is in units of the residual
    variance, and the last row and column of each matrix belong to the response.
    """

    first: Matrix  # (p + 1, p + 1) array: ``Z' V^-1 Z`` for Z = [X, y]
    second: Matrix  # (K + 1, p + 1, p + 1) array: ``Z' V^-1 V_i V^-1 Z``
    third: Matrix  # (K + 1, K + 1, p + 1, p + 1) array: ``Z' V^-1 V_i V^-1 V_j V^-1 Z``
    trace: Matrix  # (K + 1,) array: ``tr V^-1 V_i``
    trace_pairs: Matrix  # (K + 1, K + 1) array: ``tr V^-1 V_i V^-1 V_j``
    log_determinant: float  # ``log |V|``


class Profile(NamedTuple):
    """The profiled criterion at given ratios, with what follows from the moments."""

    criterion: float  # -2 log restricted likelihood, or likelihood
    gradient: Matrix
    hessian: Matrix
    coefficients: Matrix  # (p,) array
    covariance: Matrix  # (p, p) array: ``(X' V^-1 X)^-1`` in units of the residual variance
    residual_variance: float
    # (K + 1, K + 1) array: ``tr P V_i P V_j`` over all components, in units of the residual
    # variance.
    expected: Matrix
    quadratic: Matrix  # (K + 1, K + 1) array: ``y' P V_i P V_j P y``, likewise


# Ratios, the profile there, and whether the search converged.
Found = tuple[Matrix, Profile, bool]


def mean_square(data: CellSums) -> Matrix:
    """Return the mean variance a row gets from each random effect of variance one.

    It is 1 for an intercept, the mean square of the variable for a slope.
    """
    total = sum(np.einsum("b,kbii->k", one.counts, one.kernels) for one in data.stacks)
    return np.asarray(total / data.n_obs)


def moments(data: CellSums, ratios: Matrix) -> Moments:
    """Return the moments of the data at given variance ratios."""
    K = ratios.size
    width = data.within.shape[0]
    inner = data.n_obs - data.n_cells
    first = data.within.copy()
    second = np.zeros((K + 1, width, width))
    third = np.zeros((K + 1, K + 1, width, width))
    trace = np.zeros(K + 1)
    pairs = np.zeros((K + 1, K + 1))
    second[K] = data.within
    third[K, K] = data.within
    trace[K] = pairs[K, K] = inner
    log_determinant = 0.0
    for sums, kernels, counts in data.stacks:
        V = np.eye(sums.shape[1]) + np.tensordot(ratios, kernels, axes=1)
        inverse = np.linalg.inv(V)
        log_determinant += float(counts @ np.linalg.slogdet(V)[1])
        solved = inverse @ sums
        flat_solved = solved.reshape(-1, width)
        first += sums.reshape(-1, width).T @ flat_solved
        # V^-1 V_i, V_i V^-1 Z and V^-1 V_i V^-1 Z, for each component.
        products = np.concatenate([inverse @ kernels, inverse[None]])
        acted = np.concatenate([kernels @ solved, solved[None]])
        applied = inverse @ acted
        second += flat_solved.T @ acted.reshape(K + 1, -1, width)
        third += np.tensordot(applied, acted, axes=((1, 2), (1, 2))).transpose(0, 2, 1, 3)
        trace += np.einsum("b,kbii->k", counts, products)
        counted = (products * counts[:, None, None]).reshape(K + 1, -1)
        pairs += counted @ products.transpose(0, 1, 3, 2).reshape(K + 1, -1).T
    return Moments(first, second, third, trace, pairs, log_determinant)


def profile(data: CellSums, ratios: Matrix, restricted: bool = True) -> Profile:
    """Return the profiled criterion and its derivatives at given variance ratios."""
    found = moments(data, ratios)
    p = data.within.shape[0] - 1
    K = ratios.size
    df = data.n_obs - p * restricted
    XX = found.first[:p, :p]
    covariance = np.linalg.inv(XX)
    covariance = (covariance + covariance.T) / 2.0
    coefficients = covariance @ found.first[:p, p]
    u = np.append(-coefficients, 1.0)
    rss = float(u @ found.first @ u)
    # Rounding may leave less than nothing of a response that does not vary within groups.
    variance = max(rss, 1e-300) / df
    criterion = df * (1.0 + np.log(2.0 * np.pi * variance)) + found.log_determinant
    if restricted:
        criterion += float(np.linalg.slogdet(XX)[1])
    second_X = found.second[:, :p, :p]
    turned = second_X @ covariance
    scores = found.second @ u
    slopes = scores @ u
    scores_X = scores[:, :p]
    trace = found.trace - np.einsum("kii->k", turned)
    quadratic = np.einsum("p,ijpq,q->ij", u, found.third, u)
    quadratic = quadratic - scores_X @ covariance @ scores_X.T
    crossed = np.einsum("pq,ijqp->ij", covariance, found.third[:, :, :p, :p])
    expected = found.trace_pairs - crossed - crossed.T + np.einsum("ipq,jqp->ij", turned, turned)
    # Derivatives of the log determinants: of V, and of X' V^-1 X where that is in the criterion.
    slope, bend = (trace, expected) if restricted else (found.trace, found.trace_pairs)
    gradient = slope[:K] - slopes[:K] / variance
    hessian = (
        2.0 * quadratic[:K, :K] / variance
        - np.outer(slopes[:K], slopes[:K]) / (variance * rss)
        - bend[:K, :K]
    )
    return Profile(
        float(criterion),
        gradient,
        hessian,
        coefficients,
        covariance,
        variance,
        expected,
        quadratic,
    )


def criterion_and_gradient(data: CellSums, ratios: Matrix) -> tuple[float, Matrix]:
    """Return the profiled criterion and its gradient alone, in a fraction of `profile`'s time."""
    K, p = ratios.size, data.within.shape[0] - 1
    first = data.within.copy()
    second = np.zeros((K, p + 1, p + 1))
    trace = np.zeros(K)
    log_determinant = 0.0
    for sums, kernels, counts in data.stacks:
        V = np.eye(sums.shape[1]) + np.tensordot(ratios, kernels, axes=1)
        inverse = np.linalg.inv(V)
        log_determinant += float(counts @ np.linalg.slogdet(V)[1])
        solved = inverse @ sums
        flat = solved.reshape(-1, p + 1)
        first += sums.reshape(-1, p + 1).T @ flat
        for k in range(K):
            second[k] += flat.T @ (kernels[k] @ solved).reshape(-1, p + 1)
            trace[k] += float(counts @ np.einsum("bmn,bmn->b", inverse, kernels[k]))
    XX = first[:p, :p]
    covariance = np.linalg.inv(XX)
    u = np.append(-covariance @ first[:p, p], 1.0)
    rss, df = float(u @ first @ u), data.n_obs - p
    criterion = df * (1.0 + np.log(2.0 * np.pi * rss / df)) + log_determinant
    criterion += float(np.linalg.slogdet(XX)[1])
    turned = np.einsum("kpq,qp->k", second[:, :p, :p], covariance)
    return float(criterion), trace - turned - (second @ u) @ u * df / rss


def _direction(here: Profile, free: NDArray[np.bool_], scale: Matrix) -> Matrix:
    """Return a downhill Newton step over the free ratios, in units that make them alike."""
    step = np.zeros(free.size)
    s = scale[free]
    values, vectors = np.linalg.eigh(here.hessian[np.ix_(free, free)] * np.outer(s, s))
    values = np.abs(values)
    values = np.maximum(values, 1e-10 * max(values.max(), 1e-300))
    step[free] = -s * (vectors @ ((vectors.T @ (here.gradient[free] * s)) / values))
    return step


def descend(
    data: CellSums, start: Matrix, restricted: bool = True, known: Found | None = None
) -> Found:
    """Follow the criterion down from a start, at most until it joins a minimum that is known.

    Returns
    -------
    ratios : (K,) array
    at : Profile
        The profile there.
    converged : bool
    """
    ratios = start.copy()
    here = profile(data, ratios, restricted)
    for _ in range(MAX_STEPS):
        free = (ratios > 0.0) | (here.gradient < 0.0)
        if not free.any():
            return ratios, here, True
        scale = np.maximum(ratios, 1e-4 * max(float(start.max()), 1e-300))
        step = _direction(here, free, scale)
        size = 1.0
        # No ratio grows more than twentyfold, or past its start by far, in one step.
        limit = 20.0 * np.maximum(ratios, start)
        if (step > limit).any():
            size = float(np.min(limit[step > 0] / step[step > 0]))
            size = min(size, 1.0)
        moved = False
        for _ in range(60):
            there_ratios = np.minimum(np.maximum(ratios + size * step, 0.0), LARGEST_RATIO)
            there = profile(data, there_ratios, restricted)
            # Differences below the rounding of the criterion cannot be judged.
            slack = 1e-12 * (1.0 + abs(here.criterion))
            if np.isfinite(there.criterion) and there.criterion <= here.criterion + slack:
                moved = True
                break
            size *= 0.4
        if not moved:
            return ratios, here, False
        change = np.abs(there_ratios - ratios)
        # Newton steps square the error, so a step this small leaves nothing; in flat valleys
        # rounding moves the ratios more than that, while the slope along the step is gone.
        slope = abs(float(here.gradient @ step))
        settled = bool((change <= 1e-10 * there_ratios + 1e-15 * scale).all())
        settled = settled or (slope < 1e-15 * abs(here.criterion) and size == 1.0)
        ratios, here = there_ratios, there
        if known is not None and (np.abs(ratios - known[0]) <= JOINED * known[0]).all():
            return known
        if settled:
            blocked = (ratios > 0.0) | (here.gradient >= -1e-9 / scale)
            if blocked.all():
                return ratios, here, True
    return ratios, here, False


def minimise(data: CellSums, restricted: bool = True, near: Matrix | None = None) -> Found:
    """Return the variance ratios that minimise the criterion, from several starts or a near one.

    Returns
    -------
    ratios : (K,) array
        Exactly zero where the minimum lies on the boundary.
    at : Profile
        The profile there.
    converged : bool
    """
    if near is not None:
        return descend(data, near, restricted)
    K = data.stacks[0].kernels.shape[0]
    unit = 1.0 / np.maximum(mean_square(data), 1e-300)
    starts = [unit * one for one in START_RATIOS]
    if K > 1:
        for k in range(K):
            lone = unit * 1e-3
            lone[k] = unit[k] * 0.3
            starts.append(lone)
    best: Found | None = None
    for start in starts:
        found = descend(data, start, restricted, best if best is not None and best[2] else None)
        # Later starts must be better by more than rounding.
        if best is None or found[1].criterion < best[1].criterion - 1e-9 or not best[2]:
            better = best is None or found[1].criterion < best[1].criterion + 1e-9
            if better:
                best = found
    assert best is not None
    return best
