"""Constrained baseline analysis: baseline and follow-up as outcomes, with equal baseline means.

Randomisation makes the arms' true baseline means equal, so the model gives them one mean (Liang and
Zeger 2000). People with only one of the two measurements still count, and loss to follow-up may
depend on the baseline. Clusters, cluster-periods and people have random effects, as each links the
two measurements in its own way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.mixed_model import MixedModelFit, fit_mixed_model

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]


class LongTrial(NamedTuple):
    """A trial with a baseline, one row for each measurement."""

    y: Matrix  # (n,) array: Outcome, none missing
    # (n, p) array: Intercept, effect of the intervention at follow-up, follow-up, covariates.
    X: Matrix
    # (n,) array: Groups, from 0.
    cluster: Codes
    cell: Codes
    person: Codes


def long_trial(
    clusters: Codes,
    arm: Matrix,
    baseline: Matrix,
    follow_up: Matrix,
    covariates: Matrix | None = None,
) -> LongTrial:
    """Return one row for each measurement that was made.

    Parameters
    ----------
    clusters : (n,) array of int
        Cluster of each person.
    arm : (n,) array
        1 for intervention, 0 for control.
    baseline, follow_up : (n,) arrays
        NaN where missing.
    covariates : (n, q) array, optional
        Columns with the same effect at both times, such as strata.
    """
    n = clusters.size
    late = np.repeat([0.0, 1.0], n)
    columns = [np.ones(2 * n), late * np.tile(arm, 2), late]
    if covariates is not None:
        columns.append(np.tile(covariates, (2, 1)))
    X = np.column_stack(columns)
    y = np.concatenate([baseline, follow_up])
    cluster = np.unique(clusters, return_inverse=True)[1]
    twice = np.tile(cluster, 2)
    kept = np.isfinite(y)

    def numbered(codes: Codes) -> Codes:
        return np.asarray(np.unique(codes[kept], return_inverse=True)[1], dtype=np.intp)

    return LongTrial(
        y[kept],
        X[kept],
        numbered(twice),
        numbered(2 * twice + late.astype(np.intp)),
        numbered(np.tile(np.arange(n), 2)),
    )


def fit_constrained_baseline(trial: LongTrial) -> MixedModelFit:
    """Fit the model; the effect of the intervention is the coefficient ``arm at follow-up``.

    Raises
    ------
    InputError
        If nobody has both measurements, or the data cannot tell the variances apart.
    """
    if trial.person.max() + 1 >= trial.y.size:
        raise InputError("baseline: nobody has both a baseline and a follow-up")
    names = ("(Intercept)", "arm at follow-up", "follow-up")
    extra = tuple(f"covariate {j + 1}" for j in range(trial.X.shape[1] - 3))
    return fit_mixed_model(
        trial.X,
        trial.y,
        [
            RandomEffect("cluster", trial.cluster),
            RandomEffect("cluster-period", trial.cell),
            RandomEffect("person", trial.person),
        ],
        (*names, *extra),
    )
