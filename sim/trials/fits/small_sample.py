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
    """Standard errors and degrees of freedom of one contrast.

    Attributes
    ----------
    se : float
        Model standard error, used by Satterthwaite.
    satterthwaite_df : float
    kenward_roger_se, kenward_roger_df : float
        Adjusted standard error and its degrees of freedom.
    """

    se: float
    satterthwaite_df: float
    kenward_roger_se: float
    kenward_roger_df: float


def contrast_inference(
    data: CellSums, ratios: Matrix, at: Profile, contrasts: Matrix
) -> list[ContrastInference]:
    """Return the inference for each contrast of the coefficients.

    Parameters
    ----------
    data : CellSums
    ratios : (K,) array
        Variance ratios at the minimum.
    at : Profile
        The profile there.
    contrasts : (c, p) array
        One contrast a row.

    Returns
    -------
    list of ContrastInference
    """
    p = at.coefficients.size
    found = moments(data, ratios)
    covariance = at.covariance
    K1 = ratios.size + 1
    # Everything is in units of the residual variance, which is therefore one.
    observed = 2.0 * at.quadratic / at.residual_variance - at.expected
    active = np.append(ratios > 0.0, True)
    P = found.second[:, :p, :p]
    W = 2.0 * _inverse(at.expected)
    middle = np.zeros((p, p))
    for i in range(K1):
        for j in range(K1):
            middle += W[i, j] * (found.third[i, j, :p, :p] - P[i] @ covariance @ P[j])
    adjusted = covariance + 2.0 * covariance @ middle @ covariance
    cut = np.ix_(active, active)
    V_active = _inverse(observed[cut])
    results = []
    for one in contrasts:
        half = covariance @ one
        variance = float(one @ half)
        gradient = np.einsum("p,kpq,q->k", half, P, half)
        spread = float(gradient[active] @ V_active @ gradient[active])
        spread_kr = float(gradient @ W @ gradient)
        results.append(
            ContrastInference(
                se=float(np.sqrt(at.residual_variance * variance)),
                satterthwaite_df=variance**2 / spread if spread > 0.0 else np.nan,
                kenward_roger_se=float(
                    np.sqrt(at.residual_variance * max(float(one @ adjusted @ one), 0.0))
                ),
                kenward_roger_df=2.0 * variance**2 / spread_kr if spread_kr > 0.0 else np.nan,
            )
        )
    return results


def _inverse(matrix: Matrix) -> Matrix:
    """Return the inverse of a symmetric matrix, or its pseudo-inverse if it has none."""
    scale = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(matrix)), 1e-300))
    scaled = matrix * np.outer(scale, scale)
    inverse = np.linalg.pinv(scaled, rcond=1e-12, hermitian=True)
    return np.asarray(inverse * np.outer(scale, scale))
