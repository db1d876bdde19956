"""Small-sample inference for one contrast of a mixed model: Satterthwaite and Kenward-Roger.

Satterthwaite (1946) with the observed information of the variances, over the components that are
not zero. Kenward and Roger (1997) with the expected information over all components; for one
contrast their degrees of freedom reduce to 2 v^2 / (g' W g), with v the unadjusted variance of the
contrast, g its derivatives and W the asymptotic covariance of the variance components.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.trials.fits.cell_sums import CellSums
from sim.trials.fits.reml import Profile, moments

Matrix = NDArray[np.float64]


class ContrastInference(NamedTuple):
    """Standard errors and degrees of freedom of one contrast."""

    se: float  # Model standard error, used by Satterthwaite
    satterthwaite_df: float
    # Adjusted standard error and its degrees of freedom.
    kenward_roger_se: float
    kenward_roger_df: float


class Moments(NamedTuple):
    """What small-sample methods are made of, in units of some variance, as the residual's."""

    # (p, p) array: Of the coefficients: the model's, and Kenward and Roger's.
    covariance: Matrix
    adjusted: Matrix
    derivatives: Matrix  # (K + 1, p, p) array: ``X' V^-1 V_i V^-1 X`` of each variance
    active: NDArray[np.bool_]  # (K + 1,) array: Which variances are not zero
    # Covariance of the variances: of those that are active by observed information, and of all by
    # expected information.
    observed: Matrix
    expected: Matrix


def small_sample_moments(data: CellSums, ratios: Matrix, at: Profile) -> Moments:
    """Return what small-sample methods need of a fit; see `contrast_inference`."""
    p = at.coefficients.size
    found = moments(data, ratios)
    covariance = at.covariance
    K1 = ratios.size + 1
    # Everything is in units of the residual variance, which is therefore one.
    observed = 2.0 * at.quadratic / at.residual_variance - at.expected
    active = np.append(ratios > 0.0, True)
    P = found.second[:, :p, :p]
    W = 2.0 * inverse_of(at.expected)
    middle = np.zeros((p, p))
    for i in range(K1):
        for j in range(K1):
            middle += W[i, j] * (found.third[i, j, :p, :p] - P[i] @ covariance @ P[j])
    adjusted = covariance + 2.0 * covariance @ middle @ covariance
    V_active = inverse_of(observed[np.ix_(active, active)])
    return Moments(covariance, adjusted, P, active, V_active, W)


def contrast_inference(
    data: CellSums, ratios: Matrix, at: Profile, contrasts: Matrix
) -> list[ContrastInference]:
    """Return the inference for each contrast of the coefficients.

    Parameters
    ----------
    ratios : (K,) array
        Variance ratios at the minimum.
    at : Profile
        The profile there.
    contrasts : (c, p) array
        One contrast a row.
    """
    return inference_of(small_sample_moments(data, ratios, at), contrasts, at.residual_variance)


def inference_of(parts: Moments, contrasts: Matrix, unit: float) -> list[ContrastInference]:
    """Return the inference for each contrast of the coefficients.

    Parameters
    ----------
    contrasts : (c, p) array
        One contrast a row.
    unit : float
        Variance that the moments are in units of.
    """
    active, V_active, W = parts.active, parts.observed, parts.expected
    results = []
    for one in contrasts:
        half = parts.covariance @ one
        variance = float(one @ half)
        gradient = np.einsum("p,kpq,q->k", half, parts.derivatives, half)
        spread = float(gradient[active] @ V_active @ gradient[active])
        spread_kr = float(gradient @ W @ gradient)
        adjusted = max(float(one @ parts.adjusted @ one), 0.0)
        results.append(
            ContrastInference(
                se=float(np.sqrt(unit * variance)),
                satterthwaite_df=variance**2 / spread if spread > 0.0 else np.nan,
                kenward_roger_se=float(np.sqrt(unit * adjusted)),
                kenward_roger_df=2.0 * variance**2 / spread_kr if spread_kr > 0.0 else np.nan,
            )
        )
    return results


class FTest(NamedTuple):
    """A joint test of several contrasts."""

    f: float  # The statistic that is compared with F
    df1: int
    df2: float
    p: float


def joint_tests(parts: Moments, estimates: Matrix, contrasts: Matrix) -> dict[str, FTest]:
    """Return Kenward and Roger's and Satterthwaite's test that all contrasts are zero.

    Parameters
    ----------
    estimates : (p,) array
        Coefficients over the residual standard deviation.
    contrasts : (q, p) array
        Independent rows.

    Returns
    -------
    dict
        ``kenward_roger`` (Kenward and Roger 1997, their scaling in the statistic) and
        ``satterthwaite`` (Fai and Cornelius 1996, as lmerTest).
    """
    return {
        "kenward_roger": _kenward_roger_f(parts, contrasts @ estimates, contrasts),
        "satterthwaite": _satterthwaite_f(parts, contrasts @ estimates, contrasts),
    }


def _kenward_roger_f(parts: Moments, values: Matrix, contrasts: Matrix) -> FTest:
    q, covariance = len(contrasts), parts.covariance
    theta = contrasts.T @ np.linalg.solve(contrasts @ covariance @ contrasts.T, contrasts)
    turned = [-theta @ covariance @ one @ covariance for one in parts.derivatives]
    traces = np.array([np.trace(one) for one in turned])
    pairs = np.array([[np.trace(one @ other) for other in turned] for one in turned])
    a1 = float((parts.expected * np.outer(traces, traces)).sum())
    a2 = float((parts.expected * pairs).sum())
    b = (a1 + 6.0 * a2) / (2.0 * q)
    g = ((q + 1) * a1 - (q + 4) * a2) / ((q + 2) * a2)
    below = 3.0 * q + 2.0 * (1.0 - g)
    c1, c2, c3 = g / below, (q - g) / below, (q + 2.0 - g) / below
    mean = 1.0 / (1.0 - a2 / q)
    spread = 2.0 / q * (1.0 + c1 * b) / ((1.0 - c2 * b) ** 2 * (1.0 - c3 * b))
    rho = spread / (2.0 * mean**2)
    df = 4.0 + (q + 2.0) / (q * rho - 1.0)
    scale = df / (mean * (df - 2.0))
    wald = float(values @ np.linalg.solve(contrasts @ parts.adjusted @ contrasts.T, values)) / q
    return _f_test(scale * wald, q, df)


def _satterthwaite_f(parts: Moments, values: Matrix, contrasts: Matrix) -> FTest:
    sizes, turn = np.linalg.eigh(contrasts @ parts.covariance @ contrasts.T)
    rows = turn.T @ contrasts
    active, q = parts.active, len(contrasts)
    halves = rows @ parts.covariance
    gradients = np.einsum("rp,kpq,rq->rk", halves, parts.derivatives, halves)[:, active]
    spreads = np.einsum("rk,kl,rl->r", gradients, parts.observed, gradients)
    dfs = sizes**2 / spreads
    expected = float((dfs / (dfs - 2.0))[dfs > 2.0].sum())
    f = float(((turn.T @ values) ** 2 / sizes).sum()) / q
    return _f_test(f, q, 2.0 * expected / (expected - q) if expected > q else np.nan)


def _f_test(f: float, q: int, df: float) -> FTest:
    from scipy.special import fdtrc

    return FTest(f, q, df, float(fdtrc(q, df, f)))


def inverse_of(matrix: Matrix) -> Matrix:
    """Return the inverse of a symmetric matrix, or its pseudo-inverse if it has none."""
    scale = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(matrix)), 1e-300))
    scaled = matrix * np.outer(scale, scale)
    inverse = np.linalg.pinv(scaled, rcond=1e-12, hermitian=True)
    return np.asarray(inverse * np.outer(scale, scale))
