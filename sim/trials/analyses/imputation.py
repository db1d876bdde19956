"""Multiple imputation of a missing outcome that respects clusters.

Imputed values come from a linear model with a random intercept for each cluster, whose parameters
are drawn from their posterior by Gibbs sampling (as the methods for multilevel data of Schafer and
Yucel 2002 do): coefficients with a flat prior, the residual variance with the prior 1 / variance,
and the standard deviation between clusters with a flat prior (Gelman 2006), which is proper with
three or more clusters. Imputations without the clusters' effects would make clusters too alike
and standard errors too small. Groups within clusters (periods, workers, people) may have effects
too. A
binary outcome is imputed as whether a latent normal one, with residual variance one, is above zero
(a probit model, Albert and Chib 1993; so do jomo and its kin).

Missing is taken to be at random given the columns of the model; put in them whatever goes with
being missing. Columns must be complete here; `sim.trials.analyses.chained_imputation` fills them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.rubin import Pooled, pool
from sim.trials.fits.random_intercept import FITTED, RandomInterceptFit, fit_rows

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

BURN_IN = 200
BETWEEN_IMPUTATIONS = 20
IMPUTATIONS = 20
# Starting share of the variance between clusters; the chain forgets it.
START_SHARE = 0.05


class ImputedAnalysis(NamedTuple):
    """The pooled analysis of imputed data sets."""

    pooled: Pooled  # Estimate and test by Rubin's rules
    # Means over the imputed data sets.
    cluster_variance: float
    residual_variance: float
    singular: float  # Share of imputed data sets whose cluster variance was estimated as zero


def imputed_outcomes(
    y: Matrix,
    X: Matrix,
    clusters: Codes,
    count: int,
    rng: np.random.Generator,
    *,
    within: Sequence[Codes] = (),
    binary: bool = False,
    burn_in: int = BURN_IN,
) -> Iterator[Matrix]:
    """Yield outcomes whose missing values were drawn.

    Parameters
    ----------
    y : (n,) array
        Outcome; NaN where missing.
    X : (n, p) array
        Complete columns, the intercept included.
    clusters : (n,) array of int
        Cluster of each row, from 0. A cluster without any outcome gets an effect from the
        distribution of clusters.
    count : int
        Imputed data sets.
    within : sequence of (n,) arrays of int
        Groups within clusters from 0, such as its periods or people, with effects too.
    binary : bool
        Whether the outcome is 0 or 1.
    burn_in : int
        Steps before the first data set.

    Raises
    ------
    InputError
        If a column is missing a value, or too few outcomes are left.
    """
    seen = ~np.isnan(y)
    n, p = int(seen.sum()), X.shape[1]
    if not np.isfinite(X).all():
        raise InputError("imputation: columns of the model must be complete")
    if n <= p + 2 or len(np.unique(clusters[seen])) < 4:
        raise InputError(
            "imputation: too few outcomes; at least 4 clusters and more rows than columns"
        )
    groups = [clusters, *within]
    numbers = [int(one.max()) + 1 for one in groups]
    codes = [one[seen] for one in groups]
    # Orthonormal columns make the coefficients independent given everything else.
    basis, to_rows = np.linalg.qr(X[seen])
    if not np.linalg.cond(to_rows) <= 1e10:
        raise InputError(
            "imputation: columns of the model depend on each other in the rows with an outcome, as "
            "where a label has none"
        )
    turned = np.linalg.solve(to_rows.T, X.T).T
    observed, positive = y[seen], y[seen] > 0.5
    if binary:
        observed = np.where(positive, 0.8, -0.8)
    sizes = [np.bincount(one, minlength=k) for one, k in zip(codes, numbers, strict=True)]
    start = observed - basis @ (basis.T @ observed)
    variance = 1.0 if binary else float(start @ start) / (n - p)
    between = [START_SHARE * variance for _ in groups]
    effects = [np.zeros(k) for k in numbers]
    shift = np.zeros(n)
    step = 0
    made = 0
    while made < count:
        beta = basis.T @ (observed - shift) + np.sqrt(variance) * rng.standard_normal(p)
        left = observed - basis @ beta
        for at, (own, k) in enumerate(zip(codes, numbers, strict=True)):
            others = left - sum(effects[b][codes[b]] for b in range(len(codes)) if b != at)
            precision = sizes[at] / variance + 1.0 / between[at]
            mean = np.bincount(own, others, minlength=k) / variance / precision
            effects[at] = mean + rng.standard_normal(k) / np.sqrt(precision)
        shift = np.asarray(sum(one[own] for one, own in zip(effects, codes, strict=True)))
        rest = left - shift
        if not binary:
            variance = float(rest @ rest) / rng.chisquare(n)
        between = [
            max(float(one @ one) / rng.chisquare(k - 1), 1e-12 * variance)
            for one, k in zip(effects, numbers, strict=True)
        ]
        if binary:
            observed = _latent(basis @ beta + shift, positive, rng)
        step += 1
        if step > burn_in and (step - burn_in) % BETWEEN_IMPUTATIONS == 0:
            filled = y.copy()
            missing = ~seen
            noise = np.sqrt(variance) * rng.standard_normal(int(missing.sum()))
            filled[missing] = turned[missing] @ beta + noise
            filled[missing] += sum(
                one[own[missing]] for one, own in zip(effects, groups, strict=True)
            )
            if binary:
                filled[missing] = filled[missing] > 0.0
            made += 1
            yield filled


def _latent(mean: Matrix, positive: NDArray[np.bool_], rng: np.random.Generator) -> Matrix:
    """Return normal values with variance one, above zero where an outcome is 1, else below."""
    from scipy.special import ndtr, ndtri

    sign = np.where(positive, 1.0, -1.0)
    # In the lower tail, where probabilities keep their digits.
    tail = ndtr(sign * mean) * rng.random(len(mean))
    return np.asarray(mean - sign * ndtri(np.maximum(tail, 1e-300)))


def impute_and_analyse(
    y: Matrix,
    X: Matrix,
    clusters: Codes,
    column: int,
    complete_df: float,
    *,
    count: int = IMPUTATIONS,
    seed: int = 1,
    auxiliary: Matrix | None = None,
    fit: Callable[..., RandomInterceptFit] = fit_rows,
) -> ImputedAnalysis:
    """Impute the outcome, fit the random intercept model to each data set and pool.

    Parameters
    ----------
    y : (n,) array
        Outcome; NaN where missing.
    X : (n, p) array
        Complete columns of the analysis, the first all ones.
    clusters : (n,) array of int
        Cluster of each row, from 0.
    column : int
        The tested column.
    complete_df : float
        Degrees of freedom that complete data would have: clusters less the columns that are
        constant in clusters.
    count : int
        Imputed data sets.
    seed : int
        Of the imputations.
    auxiliary : (n, q) array, optional
        Complete columns that help to impute and are not in the analysis.
    fit : callable
        `fit_rows`, or its compiled version.

    Raises
    ------
    InputError
        If values cannot be imputed or a data set cannot be analysed.
    """
    if count < 2:
        raise InputError(f"imputations = {count}: at least 2 are needed")
    rng = np.random.Generator(np.random.Philox(key=[seed, 271828]))
    wide = X if auxiliary is None else np.column_stack([X, auxiliary])
    k = int(clusters.max()) + 1
    codes = np.ascontiguousarray(clusters, dtype=np.int64)
    columns = np.ascontiguousarray(X, dtype=float)
    fits = []
    for filled in imputed_outcomes(y, wide, clusters, count, rng):
        fits.append(fit(codes, k, columns, filled, column))
        if fits[-1].status != FITTED:
            raise InputError("imputations: an imputed data set cannot be analysed")
    return ImputedAnalysis(
        pool(
            np.array([one.estimate for one in fits]),
            np.array([one.se**2 for one in fits]),
            complete_df,
        ),
        float(np.mean([one.cluster_variance for one in fits])),
        float(np.mean([one.residual_variance for one in fits])),
        float(np.mean([one.singular for one in fits])),
    )
