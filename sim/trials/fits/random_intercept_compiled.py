"""The random intercept fit, compiled, for one trial and for many.

Importing this module loads numba. Compiling the fit takes longer than most analyses, so that one
compiled function serves all: it takes arrays of one kind only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from sim.engines.code_cache import FIT_SOURCES, compiler, prepare
from sim.engines.linked_code import LINKED
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
    register_jitable(**LINKED)(_function)

FOLDER = prepare(FIT_SOURCES)
compile_fit = compiler(FOLDER)
_fit_rows = random_intercept.fit_rows
_p_value = t_distribution.t_two_sided_p

# Columns of the batch's table.
FIELDS = (*RandomInterceptFit._fields, "satterthwaite_p", "kenward_roger_p")


@compile_fit
def fit_each(codes, n_clusters, X, Y, column, out):  # type: ignore[no-untyped-def]
    """Fit trials and write their numbers, in the order of `FIELDS`, into the rows of `out`.

    `X` holds one set of columns, or one for each trial.
    """
    for trial in range(Y.shape[0]):
        own = trial if X.shape[0] > 1 else 0
        fit = _fit_rows(codes, n_clusters, X[own], Y[trial], column)
        row = out[trial]
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
        row[12] = row[13] = math.nan
        if fit.se > 0.0:
            row[12] = _p_value(fit.estimate / fit.se, fit.satterthwaite_df)
        if fit.kenward_roger_se > 0.0:
            row[13] = _p_value(fit.estimate / fit.kenward_roger_se, fit.kenward_roger_df)


def _fitted(
    codes: NDArray[Any], n_clusters: int, X: NDArray[Any], Y: NDArray[Any], column: int
) -> NDArray[np.float64]:
    """Return the rows of `fit_each`, whatever kind of arrays is given: each would be compiled."""
    out = np.empty((len(Y), len(FIELDS)))
    kinds = ((codes, np.int64), (X, np.float64), (Y, np.float64))
    codes, X, Y = (np.require(array, kind, ("C", "A", "W")) for array, kind in kinds)
    fit_each(codes, int(n_clusters), X, Y, int(column), out)
    return out


def fit_random_intercept(
    codes: NDArray[Any], n_clusters: int, X: NDArray[Any], y: NDArray[Any], column: int
) -> RandomInterceptFit:
    """Fit one trial; see `sim.trials.fits.random_intercept.fit_rows`."""
    row = _fitted(codes, n_clusters, X[None], y[None], column)[0].tolist()
    fit = RandomInterceptFit._make(row[: len(RandomInterceptFit._fields)])
    return fit._replace(
        singular=fit.singular > 0.0,
        status=int(fit.status),
        n_obs=int(fit.n_obs),
        n_clusters=int(fit.n_clusters),
    )


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
    columns = X if X.ndim == 3 else X[None]
    out = _fitted(codes, int(codes.max()) + 1, columns, Y, column)
    return {name: out[:, j].copy() for j, name in enumerate(FIELDS)}
