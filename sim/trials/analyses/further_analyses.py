"""Analyses beside the mixed model of a user's table: who took part, and who is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.chained_imputation import chained_imputation
from sim.trials.analyses.cluster_level import cluster_level
from sim.trials.analyses.cluster_tests import TTest, constant_within
from sim.trials.analyses.compliers import as_treated, complier_effect
from sim.trials.analyses.imputation import impute_and_analyse, imputed_outcomes
from sim.trials.analyses.rows_to_impute import RowsToImpute
from sim.trials.analyses.rubin import Pooled, pool
from sim.trials.fits.mixed_model import fit_mixed_model

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]


def participation_analysis(
    X: Matrix,
    tested: int,
    y: Matrix,
    participation: Matrix,
    clusters: Codes,
    strata: Codes | None = None,
    *,
    turned: bool = False,
) -> dict[str, Any]:
    """Return the complier-average effect, and as-treated contrasts that are not randomised.

    Parameters
    ----------
    X : (n, p) array
        Columns of the model, the intercept included.
    tested : int
        The column of the arm.
    y, participation : (n,) arrays
    clusters : (n,) array of int
    strata : (k,) array of int, optional
        Declared pairs or strata of clusters.
    turned : bool
        Whether the tested column is larger in the control arm.

    Raises
    ------
    InputError
        If the tested column does not compare two arms of whole clusters, or participation is the
        same in both.
    """
    level = cluster_level(X, tested, clusters, strata)
    if level is None:
        raise InputError(
            "participation: needs a term that compares two arms of whole clusters, as arm"
        )
    raw = np.bincount(clusters, participation) / np.bincount(clusters)
    if np.ptp(raw) == 0.0:
        raise InputError(f"participation: it has the value {raw[0]:g} in every cluster")
    treated = ~level.treated if turned else level.treated
    covariates = level.covariates
    # What varies within clusters is taken out of participation too: both regressions are of one
    # kind, and the interval inverts the cluster-summary test.
    means, shares = level.means(y), level.means(participation)
    found = complier_effect(means, shares, treated, covariates)
    # Where all took part alike, what is left of it is what the covariates took out.
    alike = np.ptp(raw[treated]) <= 1e-12 * np.abs(raw).max()
    within = None
    if not alike:
        within = as_treated(means[treated], shares[treated], covariates[treated])
    return {
        "complier_average": {
            "estimate": found.estimate,
            "se": found.se,
            "df": found.df,
            "p": found.p,
            "ci95": None if found.ci95 is None else list(found.ci95),
            "interval": found.interval,
            "instrument_t": found.instrument_t,
        },
        "mean_participation": [float(raw[~treated].mean()), float(raw[treated].mean())],
        "as_treated_all_clusters": _slope(as_treated(means, shares, covariates)),
        "as_treated_intervention_arm": _slope(within),
    }


def _slope(test: TTest | None) -> dict[str, Any] | None:
    if test is None:
        return None
    return {
        "estimate": test.estimate,
        "se": test.se,
        "df": test.df,
        "p": test.p,
        "ci95": list(test.ci95),
    }


def imputation_analysis(rows: RowsToImpute, count: int, seed: int = 1) -> dict[str, Any]:
    """Return the pooled analysis of imputed outcomes; see `sim.trials.analyses.imputation`.

    Parameters
    ----------
    count : int
        Imputed data sets.
    """
    if len(rows.effects) > 1 or rows.incomplete:
        pooled, singular = pooled_mixed_models(rows, count, seed)
        return pooled_answer(pooled, rows, singular)
    X, tested, y, clusters = rows.X, rows.tested, rows.y, rows.clusters
    number = int(clusters.max()) + 1
    complete_df = number - float(constant_within(X, clusters).sum())
    if not constant_within(X, clusters)[tested]:
        complete_df = float(y.size - number - (X.shape[1] - constant_within(X, clusters).sum()))
    found = impute_and_analyse(y, X, clusters, tested, complete_df, count=count, seed=seed)
    return pooled_answer(found.pooled, rows, found.singular)


def pooled_mixed_models(rows: RowsToImpute, count: int, seed: int = 1) -> tuple[Pooled, float]:
    """Return the pooled Kenward-Roger tests, and the share of fits with a variance of zero."""
    at, found, singular = rows.tested, [], 0
    for X, filled in data_sets(rows, count, seed):
        fit = fit_mixed_model(X, filled, list(rows.effects), rows.names)
        one = fit.inference[at]
        singular += fit.singular
        found.append((float(fit.coefficients[at]), one.kenward_roger_se**2, one.kenward_roger_df))
    estimates, variances, df = (np.array(one) for one in zip(*found, strict=True))
    return pool(estimates, variances, float(df.mean())), singular / count


def data_sets(
    rows: RowsToImpute, count: int, seed: int = 1, *, binary: bool = False
) -> Iterator[tuple[Matrix, Matrix]]:
    """Yield columns and imputed outcomes of all rows."""
    rng = np.random.Generator(np.random.Philox(key=[seed, 271828]))
    clusters, *within = rows.groups
    if rows.incomplete:
        yield from chained_imputation(
            rows.y, rows.X, rows.incomplete, rows.groups, count, rng, binary=binary
        )
        return
    for filled in imputed_outcomes(
        rows.y, rows.X, clusters, count, rng, within=within, binary=binary
    ):
        yield rows.X, filled


def pooled_answer(
    pooled: Pooled, rows: RowsToImpute, singular: float | None = None
) -> dict[str, Any]:
    """Return a pooled answer as plain data."""
    return {
        "imputations": pooled.imputations,
        "imputed_outcomes": int(np.isnan(rows.y).sum()),
        "imputed_columns": {
            rows.names[j]: int(np.isnan(rows.X[:, j]).sum()) for j in rows.incomplete
        },
        "left_out": rows.left_out,
        "n_obs": int(rows.y.size),
        "estimate": pooled.estimate,
        "se": pooled.se,
        "df": pooled.df,
        "t": pooled.t,
        "p": pooled.p,
        "ci95": list(pooled.ci95),
        "missing_information": pooled.missing_information,
        "singular_share": singular,
    }
