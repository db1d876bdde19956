"""What a marginal model (GEE) of a binary or count outcome over periods can be expected to find.

Its equations at the true means, with its working correlation and its error for few clusters.
"""

from __future__ import annotations

from math import log, nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.data.outcome_kind import COUNT
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.fits.gee import (
    BOUND,
    DECAY,
    EXCHANGEABLE,
    FAMILIES,
    FURTHEST,
    INDEPENDENCE,
    Family,
    fading,
)
from sim.trials.power.generalised_power import spread_over_cells

Matrix = NDArray[np.float64]
# Of the equations, which settle in a few.
STEPS = 60


class MarginalModel(NamedTuple):
    """A marginal model over periods, as it is declared."""

    levels: Matrix  # (I, J, E) array: Columns of its effects: one, or an indicator of each exposure
    weights: Matrix  # (E,) array: Of the differences that its estimate averages
    working: str  # Of `sim.trials.fits.gee.CORRELATIONS`
    error: str  # ``"KC"``, ``"MD"`` or ``"FG"``


class Expected(NamedTuple):
    """What a marginal model can be expected to do."""

    estimate: float
    se: float
    # Root of the expectation of its squared error, and the degrees of freedom of that, with each
    # cluster's share counted as one; NaN where one cluster alone tells the effect.
    model_se: float
    spread_df: float


def marginal_over_cells(
    kind: str,
    means: Matrix,
    schedule: Matrix,
    people: Matrix,
    components: VarianceComponents,
    control: float,
    icc: float,
    model: MarginalModel,
) -> Expected:
    """Return what a marginal model over periods can be expected to do.

    Its equations are solved at the true means, its working correlation is what residuals can be
    expected to show, and its robust error is that of each cluster's score as the fit leaves it.

    Parameters
    ----------
    means, schedule, people : (I, J) arrays
        Of each cluster-period; the schedule is NaN where nothing is measured.
    components : VarianceComponents
        Of an outcome with variance one.
    control, icc : float
        Mean and ICC under control.

    Raises
    ------
    InputError
        If a mean is one that no outcome has, or the schedule cannot tell the effects from periods.
    """
    seen = ~np.isnan(schedule) & (people > 0.0)
    spread = spread_over_cells(kind, means, seen, control, icc)
    n = np.where(seen, people, 1.0)
    both = seen[:, :, None] & seen[:, None, :]
    truth = components.cell_covariance(np.nan_to_num(schedule), n)
    truth = np.where(both, truth * spread[:, :, None] * spread[:, None, :], 0.0)
    used = np.flatnonzero(seen.any(axis=0))
    period = np.eye(seen.shape[1])[:, used]
    x = np.concatenate([np.broadcast_to(period, (*seen.shape, len(used))), model.levels], axis=-1)
    x = np.where(seen[..., None], x, 0.0)
    rows = x[seen]
    if np.linalg.matrix_rank(rows) < rows.shape[1]:
        raise InputError(
            "schedule: in every period all clusters have the same treatment, so the effect cannot "
            "be told from the periods"
        )
    family = FAMILIES["poisson" if kind == COUNT else "binomial"]
    count = n[seen]
    middle = float(np.average(means[seen], weights=count))
    level = log(middle) if kind == COUNT else log(middle / (1.0 - middle))
    beta = np.linalg.lstsq(rows, np.full(len(rows), level), rcond=None)[0]
    for _ in range(STEPS):
        # Where nothing is measured columns are 0, and the mean is one that an outcome has.
        mean = family.mean(x @ beta)
        slope = family.variance(mean)
        D, root = slope[..., None] * x, np.sqrt(slope)
        off = np.where(seen, (means - mean) / root, 0.0)
        shown = truth / (root[:, :, None] * root[:, None, :]) + off[:, :, None] * off[:, None, :]
        R = _working(model.working, shown, spread**2 / slope + off**2, n, seen, family.scaled)
        V = np.where(both, R * root[:, :, None] * root[:, None, :], np.eye(seen.shape[1]))
        WD = np.linalg.solve(V, D)
        A = np.swapaxes(D, -1, -2) @ WD
        M = np.linalg.inv(A.sum(axis=0))
        step = M @ np.einsum("ijp,ij->p", WD, np.where(seen, means - mean, 0.0))
        beta = beta + step
        if not np.abs(beta).max() < FURTHEST:
            raise InputError("effect: with these means the marginal model has no finite solution")
        if np.abs(step).max() < 1e-10:
            break
    B = np.swapaxes(WD, -1, -2) @ truth @ WD
    estimate, gradient = _difference(beta, rows, count, len(used), model.weights, family)
    along = M @ gradient
    total = B.sum(axis=0)
    AM = A @ M
    left = B - AM @ B - np.swapaxes(AM @ B, -1, -2) + AM @ total @ np.swapaxes(AM, -1, -2)
    parts = np.array([_part(model.error, *each, M, along) for each in zip(A, left, strict=True)])
    return Expected(
        estimate,
        sqrt(float(along @ total @ along)),
        sqrt(float(parts.sum())),
        float(parts.sum()) ** 2 / float((parts**2).sum()),
    )


def _working(
    kind: str,
    shown: Matrix,
    variances: Matrix,
    n: Matrix,
    seen: NDArray[np.bool_],
    scaled: bool,
) -> Matrix:
    """Return the working covariance of cell means of outcomes with variance one.

    `shown`: expected products of two cells' mean residuals; `variances`: expected squares of
    one person's residual; `scaled`: whether the variance is estimated up to a factor.
    """
    periods = seen.shape[1]
    phi = float(np.average(variances[seen], weights=n[seen])) if scaled else 1.0
    at = np.arange(periods)
    pairs = np.where(seen[:, :, None] & seen[:, None, :], n[:, :, None] * n[:, None, :], 0.0)
    products = pairs * shown
    products[:, at, at] -= np.where(seen, n * variances, 0.0)
    pairs[:, at, at] -= np.where(seen, n, 0.0)
    lags = np.abs(np.subtract.outer(at, at)).astype(float)
    if kind != DECAY:
        lags = (lags > 0.0).astype(float)
    if kind == EXCHANGEABLE:
        lags = np.zeros_like(lags)
    apart = np.unique(lags)
    counted = np.array([pairs[:, lags == one].sum() for one in apart])
    found = np.array([products[:, lags == one].sum() for one in apart])
    means = found / np.maximum(counted, 1e-300) / phi
    within = float(means[0])
    if kind == INDEPENDENCE:
        within, between = 0.0, np.zeros_like(lags)
    elif kind == DECAY:
        within, factor = fading(apart, counted, means)
        between = within * factor**lags
    else:
        between = means[np.searchsorted(apart, lags)]
    inside = within + (1.0 - within) / n
    return np.where(np.eye(periods, dtype=bool), inside[:, :, None], between)


def _difference(
    beta: Matrix, rows: Matrix, count: Matrix, periods: int, weights: Matrix, family: Family
) -> tuple[float, Matrix]:
    """Return the standardised difference and its gradient."""
    base = rows.copy()
    base[:, periods:] = 0.0
    found, gradient = 0.0, np.zeros(rows.shape[1])
    share = count / count.sum()
    for at, weight in enumerate(weights):
        treated = base.copy()
        treated[:, periods + at] = 1.0
        for sign, one in ((1.0, treated), (-1.0, base)):
            mean = family.mean(one @ beta)
            found += sign * weight * float(share @ mean)
            gradient += sign * weight * (share * family.variance(mean)) @ one
    return found, gradient


def _part(error: str, A: Matrix, left: Matrix, M: Matrix, along: Matrix) -> float:
    """Return the expected square of a cluster's part in the estimate, its score corrected."""
    if error == "FG":
        turned = along / np.sqrt(1.0 - np.minimum(BOUND, np.diag(A @ M)))
        return float(turned @ left @ turned)
    values, vectors = np.linalg.eigh(M)
    root, back = (vectors * values**power @ vectors.T for power in (0.5, -0.5))
    own, directions = np.linalg.eigh(root @ A @ root)
    # Without a cluster that alone tells the effect there is no estimate, and no such error.
    kept = 1.0 - own > 1e-7
    inside = directions.T @ back @ along
    if (np.abs(inside[~kept]) > 1e-6 * np.abs(inside).max()).any():
        return nan
    power = -0.5 if error == "KC" else -1.0
    turn = np.where(kept, np.maximum(1.0 - own, 1e-12) ** power, 0.0)
    turned = root @ directions @ (turn * inside)
    return float(turned @ left @ turned)
