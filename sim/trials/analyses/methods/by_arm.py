"""Each arm by its own mixed model: variances differ, and an arm may not be in clusters.

The arms of a parallel trial share no cluster, so that the restricted likelihood of a model in which
each has its own variances is the product of theirs. The mean of an arm has Kenward and Roger's
standard error and degrees of freedom, or those of a plain mean where its people are in no clusters;
the difference has Satterthwaite's: (v1 + v0)^2 / (v1^2 / df1 + v0^2 / df0).
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.trials.analyses.analysed_trial import AnalysedTrial, Analysis, Answer
from sim.trials.fits.random_intercept import fit_rows


class _Arm(NamedTuple):
    """The mean of an arm, its variance with degrees of freedom, and the variances of people."""

    mean: float
    variance: float
    df: float
    between: float
    residual: float
    singular: bool = False


def test(trial: AnalysedTrial) -> Answer | None:
    """Return the test; None unless the model is two arms of whole clusters alone."""
    column = trial.x[:, trial.tested]
    levels = np.unique(column)
    effect = trial.effects[0]
    plain = trial.x.shape[1] == 2 and len(trial.effects) == 1 and levels.size == 2
    if not plain or trial.structure is not None:
        return None
    if effect.slope is not None and not np.array_equal(effect.slope != 0.0, column == levels[1]):
        return None
    arms = []
    for one in levels:
        rows = column == one
        codes = effect.codes[rows]
        if np.isin(codes, effect.codes[~rows]).any() and effect.slope is None:
            return None
        if effect.slope is not None and (effect.slope[rows] == 0.0).all():
            codes = np.arange(rows.sum())
        arm = _mean(trial.y[rows], np.unique(codes, return_inverse=True)[1])
        if arm is None:
            return None
        arms.append(arm)
    control, treated = arms
    unit = float(levels[1] - levels[0])
    variance = control.variance + treated.variance
    df = variance**2 / sum(one.variance**2 / one.df for one in arms)
    return Answer(
        (treated.mean - control.mean) / unit,
        sqrt(variance) / unit,
        df,
        None,
        (control.between + treated.between) / 2.0,
        (control.residual + treated.residual) / 2.0,
        control.singular or treated.singular,
    )


def _mean(y: NDArray[np.float64], codes: NDArray[np.intp]) -> _Arm | None:
    """Return the mean of people in clusters; None where it cannot be had."""
    count = int(codes.max()) + 1
    if count < 2:
        return None
    if count == y.size:
        spread = float(y.var(ddof=1))
        return _Arm(float(y.mean()), spread / count, count - 1.0, 0.0, spread)
    # Uncompiled: some milliseconds, and a single analysis does not wait for the compiler.
    ones = np.ones((y.size, 1))
    fit = fit_rows(codes.astype(np.int64), count, ones, np.ascontiguousarray(y), 0)
    if fit.status != 0:
        return None
    # The fit is of the outcome less its mean.
    return _Arm(
        float(y.mean()) + fit.estimate,
        fit.kenward_roger_se**2,
        fit.kenward_roger_df,
        fit.cluster_variance,
        fit.residual_variance,
        bool(fit.singular),
    )


ANALYSIS = Analysis(
    name="by-arm",
    short="each arm by itself",
    title="t test of arms with variances of their own (each arm's Kenward-Roger, Satterthwaite)",
    estimates="the difference of means, the clusters of each arm weighed by what they tell",
    test=test,
    needs_arms=True,
    arms_alone=True,
    r_code="""\
# The same estimate; lme's standard error lacks Kenward and Roger's adjustment, and its degrees of
# freedom are neither theirs nor Satterthwaite's
library(nlme)
d$arm_ <- factor(model.matrix({fixed}, d)[, "{coefficient}"])
d$group_ <- {group}
fit <- lme({response} ~ arm_, random = list(group_ = pdDiag(~ 0 + arm_)),
           weights = varIdent(form = ~ 1 | arm_), data = d, method = "REML")
print(summary(fit)$tTable)""",
)
