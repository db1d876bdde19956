"""The marginal model of a binary or count outcome, and the difference of risks or mean counts.

Generalised estimating equations, standardised over the rows: the difference between everybody
treated and nobody, with an error for few clusters and a t test on clusters - 2 degrees of freedom.
Of effects by exposure it is the weighted difference between everybody that long treated and nobody.
See `sim.trials.fits.gee`.
"""

from __future__ import annotations

from math import nan
from typing import NamedTuple

import numpy as np

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial, Analysis, Answer
from sim.trials.analyses.marginal_exposure import ERROR
from sim.trials.analyses.standardised import chosen_error, weighted_difference
from sim.trials.fits.gee import (
    DECAY,
    EXCHANGEABLE,
    FAMILIES,
    INDEPENDENCE,
    NESTED,
    Family,
    GeeFit,
    Working,
    fit_gee,
)

OF_CORRELATION = {
    EXCHANGEABLE: "one for all people of a cluster (exchangeable)",
    NESTED: "one within a period and another between periods (nested exchangeable)",
    DECAY: "fading with the periods between two people",
    INDEPENDENCE: "none (independence)",
}


class Marginal(NamedTuple):
    """A fitted marginal model of a trial."""

    fit: GeeFit
    family: Family
    error: str  # Which error is read
    # Weights and conditions of which the effect is the difference.
    pairs: list[tuple[float, np.ndarray, np.ndarray]]


def test(trial: AnalysedTrial) -> Answer | None:
    """Return the test; None for an outcome of another kind, or without a finite solution."""
    found = fitted(trial)
    if found is None:
        return None
    fit = found.fit
    estimate, se = weighted_difference(
        fit.coefficients, fit.covariance[found.error], found.pairs, found.family
    )
    return Answer(estimate, se, float(fit.clusters - 2), None, nan, nan)


def fitted(trial: AnalysedTrial) -> Marginal | None:
    """Return the model; None as in `test`."""
    family = family_of(trial.y)
    sides = _sides(trial)
    if family is None or sides is None or trial.number < 4:
        return None
    treated, pairs = sides
    means = [trial.y[one].mean() for one in (~treated, treated)]
    if min(means) == 0.0 or (family == "binomial" and max(means) == 1.0):
        return None
    kind = FAMILIES[family]
    cells = None if trial.periods is None else trial.periods.astype(float)
    over_periods = trial.correlation in (NESTED, DECAY)
    working = Working(trial.correlation or EXCHANGEABLE, cells if over_periods else None)
    try:
        fit = fit_gee(trial.x, trial.y, trial.clusters, kind, working=working)
    except (InputError, np.linalg.LinAlgError):
        return None
    error = ERROR
    if trial.by_exposure is None:
        error = chosen_error(np.bincount(trial.clusters).astype(float))
    return Marginal(fit, kind, error, pairs)


def _sides(
    trial: AnalysedTrial,
) -> tuple[np.ndarray, list[tuple[float, np.ndarray, np.ndarray]]] | None:
    """Return which rows are treated, and the conditions that are compared, with their weights."""
    own = trial.by_exposure
    if own is None:
        column = trial.x[:, trial.tested]
        if np.unique(column).size != 2:
            return None
        high, low = float(column.max()), float(column.min())
        return column == high, [(1.0, _with(trial, [high]), _with(trial, [low]))]
    count = len(own.weights)
    columns = trial.x[:, trial.tested : trial.tested + count]
    untreated = _with(trial, np.zeros(count))
    pairs = [
        (float(weight), _with(trial, row), untreated)
        for weight, row in zip(own.weights, own.columns, strict=True)
        if weight != 0.0
    ]
    return (columns != 0.0).any(axis=1), pairs


def _with(trial: AnalysedTrial, values: list[float] | np.ndarray) -> np.ndarray:
    """Return the columns with other values in the tested ones."""
    x = trial.x.copy()
    x[:, trial.tested : trial.tested + len(values)] = values
    return x


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
    r_code="""\
# geepack's fit; its own standard error is the plain one, the error for few clusters is made here
library(geepack)
{made}
id <- {group}
d <- d[order(id), ]
id <- sort(id)
{pairs}fit <- geeglm({model}, id = id, data = d,
              family = {family}, {working}{scale})
X <- model.matrix(fit)
mu <- as.vector(fitted(fit))
v <- {variance}
unlike <- {unlike}
parts <- lapply(split(seq_along(mu), id), function(i) {
  R <- {correlation}
  diag(R) <- 1
  D <- v[i] * X[i, , drop = FALSE]
  W <- t(D) %*% solve({phi} * R * sqrt(v[i] %o% v[i]))
  list(A = W %*% D, s = W %*% (fit$y[i] - mu[i]))
})
M <- solve(Reduce(`+`, lapply(parts, `[[`, "A")))
corrected <- function(p) {
  left <- diag(ncol(X)) - p$A %*% M
  {corrected}
}
S <- sapply(parts, corrected)
# The difference of means with everybody in each condition, by the delta method
own <- function(rows) {
  eta <- model.matrix(delete.response(terms(fit)), rows, xlev = fit$xlevels) %*% coef(fit)
  mean <- as.vector(fit$family$linkinv(eta))
  slope <- as.vector(fit$family$mu.eta(eta))
  X <- model.matrix(delete.response(terms(fit)), rows, xlev = fit$xlevels)
  c(mean(mean), colMeans(slope * X))
}
{conditions}
se <- sqrt(drop(t(difference[-1]) %*% M %*% S %*% t(S) %*% M %*% difference[-1]))
t <- difference[[1]] / se
print(c(estimate = difference[[1]], se = se, p = 2 * pt(-abs(t), length(parts) - 2)))""",
)
