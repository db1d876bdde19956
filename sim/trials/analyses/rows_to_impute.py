"""The rows of a table that imputation fills: complete in everything but the outcome."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.cluster_tests import nested
from sim.trials.analyses.covariance_of_model import codes_of
from sim.trials.analyses.read_model import ReadModel, used_columns
from sim.trials.data.trial_table import as_labels, typed_columns
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.design_columns import prepare_design
from sim.trials.fits.fixed_part import fixed_columns, is_factor
from sim.trials.fits.model_formula import names_in

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]


class RowsToImpute(NamedTuple):
    """Rows with all columns of a model, and an outcome or none."""

    X: Matrix  # (n, p) array: Independent columns, the first all ones
    names: tuple[str, ...]
    tested: int
    y: Matrix  # (n,) array: NaN where missing
    effects: tuple[RandomEffect, ...]  # Clusters and, where the model has them, cells within them

    @property
    def clusters(self) -> Codes:
        """Cluster of each row."""
        return self.effects[0].codes

    @property
    def cells(self) -> Codes | None:
        """Cell of each row within its cluster."""
        return self.effects[1].codes if len(self.effects) > 1 else None


def rows_to_impute(read: ReadModel, tested: str) -> RowsToImpute:
    """Return the rows, of which those without an outcome are imputed.

    Raises
    ------
    InputError
        For a random part that the imputation does not have, or a model without an intercept.
    """
    formula, frame, table = read.formula, read.frame, read.table
    terms = formula.random
    plain = all(one.slope is None and one.time is None for one in terms)
    refused = InputError(
        f"model '{formula.text}': multiple imputation needs one random intercept, as (1|cluster), "
        "or one nested within it besides, as (1|cluster) + (1|cluster:period)"
    )
    if not plain or len(terms) > 2 or formula.residual is not None:
        raise refused
    of_response = set(names_in(formula.response))
    predictors = [one for one in used_columns(frame, formula) if one not in of_response]
    there = ~np.logical_or.reduce([read.gone[one] for one in predictors])
    asked = frame.loc[there, predictors].copy()
    asked.index = np.flatnonzero(there)
    numeric = [one for one in predictors if not is_factor(table, one)]
    wide = typed_columns(asked, predictors, numeric, predictors)
    for one in predictors:
        if one not in numeric:
            wide[one] = as_labels(wide[one])
    fixed = fixed_columns(formula, wide, {name: one.label for name, one in read.chosen.items()})
    X, names = fixed.X, fixed.names
    if not (X[:, 0] == 1.0).all():
        raise InputError(f"model '{formula.text}': multiple imputation needs an intercept")
    kept = prepare_design(X, np.arange(len(X), dtype=float)).kept
    names = tuple(names[j] for j in kept)
    outcome = np.full(len(frame), np.nan)
    outcome[~read.dropped] = read.left
    effects = [RandomEffect(one.name, codes_of(wide, one.factors)) for one in terms]
    effects.sort(key=lambda one: one.n_levels)
    if len(effects) > 1 and not nested(effects[1].codes, effects[0].codes):
        raise refused
    return RowsToImpute(X[:, kept], names, names.index(tested), outcome[there], tuple(effects))
