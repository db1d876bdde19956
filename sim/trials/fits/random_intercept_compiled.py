"""The random intercept fit, compiled, for one trial and for many.

Importing this module loads numba. `fit_random_intercept` may be called from compiled code that
holds no lock on the interpreter, so that several threads can fit at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from sim.engines.code_cache import FIT_SOURCES, compiler, prepare
from sim.trials.fits import random_intercept, t_distribution
from sim.trials.fits.random_intercept import RandomInterceptFit

for _function in (
    t_distribution.beta_fraction,
    t_distribution.half_over_gamma,
    t_distribution.t_two_sided_p,
    random_intercept.no_fit,
    random_intercept.invert_symmetric,
    random_intercept.columns_depend,
    random_intercept.weighted_sum,
    random_intercept.fill_upper,
    random_intercept.fit_sums,
    random_intercept.fit_rows,
):
    register_jitable(_function)

FOLDER = prepare(FIT_SOURCES)
compile_fit = compiler(FOLDER)
_fit_rows = random_intercept.fit_rows
_p_value = t_distribution.t_two_sided_p

# Columns of the batch's table.
FIELDS = (*RandomInterceptFit._fields, "satterthwaite_p", "kenward_roger_p")


@compile_fit
def fit_random_intercept(codes, n_clusters, X, y, column):  # type: ignore[no-untyped-def]
    """Fit one trial; see `sim.trials.fits.random_intercept.fit_rows`."""
    return _fit_rows(codes, n_clusters, X, y, column)


@compile_fit
def fit_into(codes, n_clusters, X, y, column, row):  # type: ignore[no-untyped-def]
    """Fit one trial and write its numbers, in the order of `FIELDS`, into a row."""
    fit = fit_random_intercept(codes, n_clusters, X, y, column)
    row[0] = fit.estimate
    row[1] = fit.se
    row[2] = fit.satterthwaite_df
    row[3] = fit.kenward_roger_se
    row[4] = fit.kenward_roger_df
    row[5] = fit.cluster_variance
    row[6] = fit.residual_variance
    row[7] = fit.reml_criterion
    row[8] = 1.0 if fit.singular else 0.0
    row[9] = fit.status
    row[10] = fit.n_obs
    row[11] = fit.n_clusters
    row[12] = _p_value(fit.estimate / fit.se, fit.satterthwaite_df)
    row[13] = _p_value(fit.estimate / fit.kenward_roger_se, fit.kenward_roger_df)


@compile_fit
def _fit_shared(codes, n_clusters, X, Y, column, out):  # type: ignore[no-untyped-def]
    for trial in range(Y.shape[0]):
        fit_into(codes, n_clusters, X, Y[trial], column, out[trial])


@compile_fit
def _fit_each(codes, n_clusters, X, Y, column, out):  # type: ignore[no-untyped-def]
    for trial in range(Y.shape[0]):
        fit_into(codes, n_clusters, X[trial], Y[trial], column, out[trial])


def fit_random_intercept_batch(
    codes: NDArray[Any], X: NDArray[Any], Y: NDArray[Any], column: int
) -> dict[str, NDArray[np.float64]]:
    """Fit many trials with the same clusters.

    Parameters
    ----------
    codes : (n,) array of int
        Cluster of each row, from 0.
    X : (n, p) or (T, n, p) array
        Columns, the first all ones; shared by all trials or one set for each.
    Y : (T, n) array
        Responses; NaN is a missing value, whose row is left out of that trial.
    column : int
        The tested column, from 1.

    Returns
    -------
    dict of (T,) arrays
        The fields of `RandomInterceptFit`, with `satterthwaite_p` and `kenward_roger_p`.
    """
    codes = np.ascontiguousarray(codes, dtype=np.int64)
    X = np.ascontiguousarray(X, dtype=np.float64)
    Y = np.ascontiguousarray(Y, dtype=np.float64)
    out = np.empty((Y.shape[0], len(FIELDS)))
    n_clusters = int(codes.max()) + 1
    fit = _fit_each if X.ndim == 3 else _fit_shared
    fit(codes, n_clusters, X, Y, column, out)
    return {name: out[:, j].copy() for j, name in enumerate(FIELDS)}
