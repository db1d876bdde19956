"""The effect of taking part: arm as instrument, and as-treated contrasts beside it.

Arms were drawn, participation was not. With the arm as instrument, the difference of the arms'
outcomes over the difference of their participation is the effect on those who take part because
they were offered it, if the offer works through participation alone (exclusion) and stops nobody
who would have taken part anyway (monotonicity); with a share of participation instead of yes or no,
it is the effect per unit of participation. Everything is computed from cluster summaries, so that
clusters are the units and the degrees of freedom are theirs.

The interval inverts the cluster-summary t test of ``y - effect x participation`` (Anderson and
Rubin 1949, Fieller 1954), with pairs, strata and other covariates of clusters in its second stage.
It is as trustworthy as that test however weak the instrument is, and it can be without bounds when
participation hardly differs between the arms. Its test of no effect is the intention-to-treat test.
As-treated contrasts compare clusters by what they did; they answer no question about causes and are
given beside it for comparison only.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.cluster_tests import TTest, t_test
from sim.trials.fits.design_columns import prepare_design

Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

BOUNDED, UNBOUNDED = "bounded", "unbounded"


class ComplierEffect(NamedTuple):
    """The effect of one unit of participation, by arm as instrument."""

    estimate: float  # Difference of outcomes over difference of participation
    se: float  # By the delta method; wrong where the instrument is weak, use the interval
    df: float  # Clusters - 2 - independent covariates of clusters
    p: float  # Two-sided p of no effect: that of the intention-to-treat cluster-summary test
    ci95: tuple[float, float] | None  # 95% confidence interval; None where the data set no bounds
    interval: str  # {'bounded', 'unbounded'}
    participation: tuple[float, float]  # Mean participation of control and intervention clusters
    # t of the difference of participation; infinite where it does not vary within arms.
    instrument_t: float


def complier_effect(
    means: Matrix, participation: Matrix, intervention: Flags, covariates: Matrix | None = None
) -> ComplierEffect:
    """Return the complier-average effect from one summary of each cluster.

    Parameters
    ----------
    means : (k,) array
        Outcome of each cluster, adjusted for what varies within clusters alone.
    participation : (k,) array
        Participation of each cluster, a share or 0 and 1, adjusted alike.
    intervention : (k,) array of bool
    covariates : (k, q) array, optional
        Pairs, strata and other columns of clusters.

    Raises
    ------
    InputError
        If an arm has no cluster, too few clusters are left, covariates tell the arms, the means do
        not vary, or participation is the same in both arms.
    """
    from scipy.special import stdtr, stdtrit

    k = means.size
    basis = _basis(covariates, means)
    df = k - 1 - basis.shape[1]
    arm = _left(intervention.astype(float), basis)
    size = float(arm @ arm)
    if df < 1 or size <= 1e-9:
        raise InputError(
            "clusters: a complier-average effect needs both arms, and a cluster more than arm and "
            "covariates of clusters"
        )
    if not np.ptp(means) > 1e-12 * float(np.abs(means).max()):
        raise InputError("cluster means: they are the same in every cluster; they must vary")
    outcome, taken = _left(means, basis), _left(participation, basis)
    y, d = float(arm @ outcome) / size, float(arm @ taken) / size
    if abs(d) <= 1e-12 * float(np.abs(participation).max()):
        raise InputError("participation: its mean is the same in both arms; it must differ")
    share = 1.0 / size
    outcome, taken = outcome - y * arm, taken - d * arm
    yy, yd, dd = (
        float(one @ other) / df
        for one, other in ((outcome, outcome), (outcome, taken), (taken, taken))
    )
    # Participation that follows from arm and covariates leaves rounding errors alone.
    dd = dd if dd > 1e-24 * float(participation @ participation) else 0.0
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


def as_treated(
    means: Matrix, participation: Matrix, covariates: Matrix | None = None
) -> TTest | None:
    """Return the regression of cluster outcomes on participation: a comparison not randomised.

    Parameters
    ----------
    means, participation : (k,) arrays
        All clusters, or those of one arm.
    covariates : (k, q) array, optional
        Pairs, strata and other columns of the same clusters.

    Returns
    -------
    TTest or None
        Slope per unit of participation with k - 2 - q degrees of freedom; None if participation
        does not vary beside the covariates or too few clusters are left.
    """
    k = means.size
    basis = _basis(covariates, means)
    df = k - 1 - basis.shape[1]
    x, y = _left(participation, basis), _left(means, basis)
    spread = float(x @ x)
    if df < 1 or spread <= 1e-20:
        return None
    slope = float(x @ y) / spread
    left = y - slope * x
    se = math.sqrt(float(left @ left) / df / spread)
    return t_test(slope, se, float(df)) if se > 0.0 else None


def _basis(covariates: Matrix | None, means: Matrix) -> Matrix:
    """Return orthonormal columns that span an intercept and covariates of clusters."""
    more = () if covariates is None else (covariates,)
    return prepare_design(np.column_stack([np.ones(means.size), *more]), means).basis


def _left(values: Matrix, basis: Matrix) -> Matrix:
    """Return what orthonormal columns, an intercept among them, leave of values."""
    centred = values - values.mean()
    return np.asarray(centred - basis @ (basis.T @ centred))
