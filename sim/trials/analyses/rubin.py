"""Rubin's rules: one answer from the analyses of several imputed data sets.

The degrees of freedom are those of Barnard and Rubin (1999), which start from those of the complete
data: with few clusters the old rule would promise far more than there are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.cluster_tests import t_test

Matrix = NDArray[np.float64]


class Pooled(NamedTuple):
    """Analyses of imputed data sets, pooled."""

    # Mean estimate; root of the mean variance plus (1 + 1/m) times the variance of estimates.
    estimate: float
    se: float
    df: float  # Barnard and Rubin's
    t: float
    p: float
    ci95: tuple[float, float]  # 95% confidence interval
    missing_information: float  # Share of the variance that is due to missing values, 0-1
    imputations: int  # Imputed data sets that were analysed
    complete_df: float  # Degrees of freedom that complete data would have had


def pool(estimates: Matrix, variances: Matrix, complete_df: float) -> Pooled:
    """Pool analyses of imputed data sets by Rubin's rules.

    Parameters
    ----------
    estimates, variances : (m,) arrays
        Estimate and squared standard error of each, at least two.
    complete_df : float
        Degrees of freedom of the analysis with complete data.

    Raises
    ------
    InputError
        If there are fewer than two analyses, or one without a number.
    """
    m = estimates.size
    if m < 2:
        raise InputError(f"imputations = {m}: at least 2 are needed")
    if not (np.isfinite(estimates).all() and np.isfinite(variances).all()):
        raise InputError("imputations: every analysis must have an estimate and a standard error")
    within = float(variances.mean())
    between = float(estimates.var(ddof=1))
    extra = (1.0 + 1.0 / m) * between
    total = within + extra
    share = extra / total
    observed = complete_df * (complete_df + 1.0) / (complete_df + 3.0) * (1.0 - share)
    df = observed
    if share > 0.0:
        old = (m - 1.0) / share**2
        df = old * observed / (old + observed)
    test = t_test(float(estimates.mean()), math.sqrt(total), df)
    return Pooled(test.estimate, test.se, test.df, test.t, test.p, test.ci95, share, m, complete_df)
