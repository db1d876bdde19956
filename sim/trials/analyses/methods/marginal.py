"""The marginal model of a binary or count outcome, and the difference of risks or mean counts.

Generalised estimating equations (exchangeable), standardised over the rows: the difference between
everybody treated and nobody, with an error for few clusters and a t test on clusters - 2 degrees of
freedom. See `sim.trials.fits.gee`.
"""

from __future__ import annotations

from math import nan

import numpy as np

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial, Analysis, Answer
from sim.trials.analyses.standardised import chosen_error, standardised
from sim.trials.fits.gee import FAMILIES, fit_gee


def test(trial: AnalysedTrial) -> Answer | None:
    """Return the test; None for an outcome of another kind, or without a finite solution."""
    family = family_of(trial.y)
    column = trial.x[:, trial.tested]
    if family is None or np.unique(column).size != 2 or trial.number < 4:
        return None
    levels = trial.x.copy(), trial.x.copy()
    levels[0][:, trial.tested], levels[1][:, trial.tested] = column.max(), column.min()
    sides = [trial.y[column == one].mean() for one in (column.min(), column.max())]
    if min(sides) == 0.0 or (family == "binomial" and max(sides) == 1.0):
        return None
    kind = FAMILIES[family]
    try:
        fit = fit_gee(trial.x, trial.y, trial.clusters, kind)
    except (InputError, np.linalg.LinAlgError):
        return None
    error = chosen_error(np.bincount(trial.clusters).astype(float))
    df = float(fit.clusters - 2)
    found = standardised(fit.coefficients, fit.covariance[error], *levels, kind, df)["difference"]
    return Answer(found["estimate"], found["se"], df, None, nan, nan)


def family_of(y: np.ndarray) -> str | None:
    """Return the family of an outcome; None where it is neither 0/1 nor a count."""
    if np.isin(y, (0.0, 1.0)).all():
        return "binomial"
    return "poisson" if ((y >= 0.0) & (y == np.round(y))).all() else None


ANALYSIS = Analysis(
    name="marginal",
    short="marginal model",
    title="marginal model (GEE) with an error for few clusters, t test of the difference",
    estimates="the difference of risks or mean counts with everybody in each arm",
    test=test,
    of_model=False,
    of_constant=True,
    r_code="""\
library(geepack)
# geepack's standard error is the plain one; Kauermann and Carroll's is in package geesmv
fit <- geeglm({response} {fixed}, id = {group}, data = d[order({group}), ],
              family = if (all(d[["{response}"]] %in% 0:1)) binomial else poisson,
              corstr = "exchangeable")
print(summary(fit))""",
)
