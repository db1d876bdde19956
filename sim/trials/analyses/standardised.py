"""Risks and rates with everybody in one arm and in the other, and their contrasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.trials.fits.gee import Family

Matrix = NDArray[np.float64]

# Kauermann and Carroll's error holds its level with about as few clusters as this where sizes are
# alike; with fewer, or sizes that vary more, Fay and Graubard's is taken (Li and Redden 2015).
FEW_CLUSTERS, VARIED_SIZES = 10, 0.6
# Quadrature points over the random intercept.
POINTS = 40


class Contrast(NamedTuple):
    """A contrast of two means."""

    # With its 95% interval; a ratio's is that of its logarithm.
    estimate: float
    low: float
    high: float
    se: float  # Of the estimate, or of the logarithm of a ratio


def chosen_error(sizes: Matrix) -> str:
    """Return which error of a marginal model is read, by the sizes of the clusters."""
    varied = sizes.std(ddof=1) / sizes.mean() > VARIED_SIZES
    return "FG" if len(sizes) < FEW_CLUSTERS or varied else "KC"


def standardised(
    beta: Matrix,
    covariance: Matrix,
    treated: Matrix,
    untreated: Matrix,
    family: Family,
    df: float,
    offset: Matrix | None = None,
    sd: float | None = None,
) -> dict[str, Any]:
    """Return population-averaged means under both arms, and their contrasts by the delta method.

    Covariates are held as they are in the rows.

    Parameters
    ----------
    beta, covariance : arrays
        Coefficients; with `sd`, the covariance has its row and column last.
    treated, untreated : (n, p) arrays
        Columns of all rows with everybody in one arm.
    df : float
        Degrees of freedom of the intervals; infinity for normal ones.
    offset : (n,) array, optional
    sd : float, optional
        Of a random intercept, which is integrated over.

    Returns
    -------
    dict
        ``mean_treated``, ``mean_control`` with standard errors; ``difference`` and ``ratio``, and
        ``odds_ratio`` of a binary outcome, each a `Contrast`.
    """
    from scipy.special import stdtrit

    quantile = float(stdtrit(df, 0.975)) if np.isfinite(df) else 1.959963984540054
    shift = np.zeros(len(treated)) if offset is None else offset
    sides = [_mean(beta, one, family, shift, sd) for one in (treated, untreated)]
    means = np.array([one for one, _ in sides])
    gradients = np.array([one for _, one in sides])
    spread = gradients @ covariance @ gradients.T
    turns = {"difference": (np.array([1.0, -1.0]), means[0] - means[1], False)}
    logs = np.log(means)
    turns["ratio"] = (np.array([1.0, -1.0]) / means, logs[0] - logs[1], True)
    if family.name == "binomial":
        logits = np.log(means / (1.0 - means))
        slope = np.array([1.0, -1.0]) / (means * (1.0 - means))
        turns["odds_ratio"] = (slope, logits[0] - logits[1], True)
    found: dict[str, Any] = {
        "mean_treated": {"estimate": float(means[0]), "se": float(np.sqrt(spread[0, 0]))},
        "mean_control": {"estimate": float(means[1]), "se": float(np.sqrt(spread[1, 1]))},
    }
    for name, (turn, value, ratio) in turns.items():
        se = float(np.sqrt(turn @ spread @ turn))
        limits = np.array([value, value - quantile * se, value + quantile * se])
        estimate, low, high = (np.exp(limits) if ratio else limits).tolist()
        found[name] = Contrast(estimate, low, high, se)._asdict()
    return found


def weighted_difference(
    beta: Matrix,
    covariance: Matrix,
    pairs: Sequence[tuple[float, Matrix, Matrix]],
    family: Family,
) -> tuple[float, float]:
    """Return a weighted sum of differences of means over rows, and its standard error.

    `pairs`: weight, and columns of all rows with everybody in one condition and in the other.
    """
    whole, gradient = 0.0, np.zeros(len(beta))
    nothing = np.zeros(len(pairs[0][1]))
    for weight, one, other in pairs:
        for x, share in ((one, weight), (other, -weight)):
            mean, slope = _mean(beta, x, family, nothing, None)
            whole += share * mean
            gradient = gradient + share * slope
    return whole, float(np.sqrt(gradient @ covariance @ gradient))


def _mean(
    beta: Matrix, x: Matrix, family: Family, offset: Matrix, sd: float | None
) -> tuple[float, Matrix]:
    """Return the mean over rows, and its derivatives."""
    eta = x @ beta + offset
    if sd is None:
        mean = family.mean(eta)
        return float(mean.mean()), np.asarray(family.variance(mean) @ x / len(x))
    nodes, weights = np.polynomial.hermite_e.hermegauss(POINTS)
    weights = weights / weights.sum()
    at = family.mean(eta[:, None] + sd * nodes)
    slope = family.variance(at)
    by_beta = (slope @ weights) @ x / len(x)
    by_sd = float((slope @ (weights * nodes)).mean())
    return float((at @ weights).mean()), np.append(by_beta, by_sd)
