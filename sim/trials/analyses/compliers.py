"""The effect of taking part: arm as instrument, and as-treated contrasts beside it.

Arms were drawn, participation was not. With the arm as instrument, the difference of the arms'
outcomes over the difference of their participation is the effect on those who take part because
they were offered it, if the offer works through participation alone (exclusion) and stops nobody
who would have taken part anyway (monotonicity); with a share of participation instead of yes or no,
it is the effect per unit of participation. Everything is computed from cluster summaries, so that
clusters are the units and the degrees of freedom are theirs.

The interval inverts the cluster-summary t test of ``y - effect x participation`` (Anderson and
Rubin 1949, Fieller 1954). It is as trustworthy as that test however weak the instrument is, and it
can be without bounds when participation hardly differs between the arms. Its test of no effect is
the intention-to-treat test. As-treated contrasts compare clusters by what they did; they answer no
question about causes and are given beside it for comparison only.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.cluster_tests import TTest, t_test

Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

BOUNDED, UNBOUNDED = "bounded", "unbounded"


class ComplierEffect(NamedTuple):
    """The effect of one unit of participation, by arm as instrument.

    Attributes
    ----------
    estimate : float
        Difference of outcomes over difference of participation.
    se : float
        By the delta method; wrong where the instrument is weak, use the interval.
    df : float
        Clusters - 2.
    p : float
        Two-sided p of no effect: that of the intention-to-treat cluster-summary test.
    ci95 : tuple of float or None
        95% confidence interval; None where the data set no bounds.
    interval : {'bounded', 'unbounded'}
    participation : tuple of float
        Mean participation of control and intervention clusters.
    instrument_t : float
        t of the difference of participation; infinite where it does not vary within arms.
    """

    estimate: float
    se: float
    df: float
    p: float
    ci95: tuple[float, float] | None
    interval: str
    participation: tuple[float, float]
    instrument_t: float


def complier_effect(means: Matrix, participation: Matrix, intervention: Flags) -> ComplierEffect:
    """Return the complier-average effect from one summary of each cluster.

    Parameters
    ----------
    means : (k,) array
        Outcome of each cluster, adjusted for covariates if wanted (`cluster_tests.cluster_means`).
    participation : (k,) array
        Participation of each cluster: a share, or 0 and 1.
    intervention : (k,) array of bool

    Returns
    -------
    ComplierEffect

    Raises
    ------
    InputError
        If an arm has no cluster, fewer than three clusters are left, or participation is the same
        in both arms.
    """
    from scipy.special import stdtr, stdtrit

    k1, k0 = int(intervention.sum()), int((~intervention).sum())
    df = k1 + k0 - 2
    if k1 == 0 or k0 == 0 or df < 1:
        raise InputError("clusters: a complier-average effect needs both arms, 3 clusters at least")
    y, d = _difference(means, intervention), _difference(participation, intervention)
    if abs(d) <= 1e-12 * max(1.0, float(np.abs(participation).max())):
        raise InputError("participation: its mean is the same in both arms; it must differ")
    share = 1.0 / k1 + 1.0 / k0
    yy, yd, dd = (
        _pooled(one, other, intervention, df)
        for one, other in (
            (means, means),
            (means, participation),
            (participation, participation),
        )
    )
    estimate = y / d
    left = max(yy - 2.0 * estimate * yd + estimate**2 * dd, 0.0)
    itt = abs(y) / math.sqrt(share * yy) if yy > 0.0 else math.inf
    factor = float(stdtrit(df, 0.975)) ** 2 * share
    a, b, c = d * d - factor * dd, y * d - factor * yd, y * y - factor * yy
    interval = None
    root = b * b - a * c
    if a > 0.0 and root >= 0.0:
        half = math.sqrt(root) / a
        interval = (b / a - half, b / a + half)
    return ComplierEffect(
        estimate=estimate,
        se=math.sqrt(share * left) / abs(d),
        df=float(df),
        p=2.0 * float(stdtr(df, -itt)),
        ci95=interval,
        interval=UNBOUNDED if interval is None else BOUNDED,
        participation=(
            float(participation[~intervention].mean()),
            float(participation[intervention].mean()),
        ),
        instrument_t=abs(d) / math.sqrt(share * dd) if dd > 0.0 else math.inf,
    )


def as_treated(means: Matrix, participation: Matrix) -> TTest | None:
    """Return the regression of cluster outcomes on participation: a comparison not randomised.

    Parameters
    ----------
    means, participation : (k,) arrays
        All clusters, or those of one arm.

    Returns
    -------
    TTest or None
        Slope per unit of participation with k - 2 degrees of freedom; None if participation does
        not vary or fewer than three clusters are left.
    """
    k = means.size
    x = participation - participation.mean()
    spread = float(x @ x)
    if k < 3 or spread <= 1e-20:
        return None
    slope = float(x @ means) / spread
    left = means - means.mean() - slope * x
    se = math.sqrt(float(left @ left) / (k - 2) / spread)
    return t_test(slope, se, float(k - 2)) if se > 0.0 else None


def _difference(values: Matrix, intervention: Flags) -> float:
    return float(values[intervention].mean() - values[~intervention].mean())


def _pooled(one: Matrix, other: Matrix, intervention: Flags, df: int) -> float:
    """Return the covariance of two summaries within arms."""
    total = 0.0
    for arm in (intervention, ~intervention):
        total += float((one[arm] - one[arm].mean()) @ (other[arm] - other[arm].mean()))
    return total / df
