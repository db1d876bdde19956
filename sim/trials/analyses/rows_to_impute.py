"""The rows of a table that imputation fills, in the outcome and in columns that stand alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial
from sim.trials.analyses.cluster_tests import nested
from sim.trials.analyses.correlations import PERIOD
from sim.trials.analyses.covariance_of_model import codes_of
from sim.trials.analyses.exposure import trial_of_estimand
from sim.trials.analyses.read_model import ReadModel, used_columns
from sim.trials.data.trial_table import as_labels, typed_columns
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.design_columns import prepare_design
from sim.trials.fits.fixed_part import (
    fixed_columns,
    is_factor,
    offset_column,
    response_column,
)
from sim.trials.fits.model_formula import Token, names_in, tokens

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]


class RowsToImpute(NamedTuple):
    """Rows with the columns of a model, some perhaps lacking values, and an outcome or none."""

    X: Matrix  # (n, p) array: Independent columns, the first all ones; NaN where missing
    names: tuple[str, ...]
    tested: int
    y: Matrix  # (n,) array: NaN where missing
    effects: tuple[RandomEffect, ...]  # Clusters and, where the model has them, groups within them
    periods: Codes | None  # (n,) array: Where the model has periods
    incomplete: tuple[int, ...]  # Columns that lack values
    # Rows that are left out, by the column that they lack and that is not imputed.
    left_out: dict[str, int]

    @property
    def clusters(self) -> Codes:
        """Cluster of each row."""
        return self.effects[0].codes

    @property
    def groups(self) -> list[Codes]:
        """Clusters and groups within them."""
        return [one.codes for one in self.effects]

    @property
    def cells(self) -> Codes | None:
        """Cell of each row within its cluster."""
        return self.effects[1].codes if len(self.effects) > 1 else None


def rows_to_impute(read: ReadModel, tested: str) -> RowsToImpute:
    """Return the rows, of which those without an outcome are imputed.

    A number, or a factor of two labels, that stands in the formula by itself and differs within
    clusters and groups is imputed too: row by row a person's sex would differ between visits.

    Raises
    ------
    InputError
        For a random part that the imputation does not have, or a model without an intercept.
    """
    formula, frame, table = read.formula, read.frame, read.table
    terms = formula.random
    refused = InputError(
        f"model '{formula.text}': multiple imputation needs random intercepts of clusters and of "
        "groups within them, as (1|cluster) + (1|cluster:period)"
    )
    if formula.residual is not None or any(
        one.slope is not None or one.time is not None for one in terms
    ):
        raise refused
    of_response = set(names_in(formula.response))
    predictors = [one for one in used_columns(frame, formula) if one not in of_response]
    alone = [one for one in predictors if _alone(read, one)]
    others = [one for one in predictors if one not in alone]
    there = ~np.logical_or.reduce([read.gone[one] for one in others])
    asked = frame.loc[there, predictors].copy()
    asked.index = np.flatnonzero(there)
    gone = {one: read.gone[one][there] for one in alone}
    for one in alone:
        asked.loc[gone[one], one] = frame.loc[~read.gone[one], one].iloc[0]
    numeric = [one for one in predictors if not is_factor(table, one)]
    wide = typed_columns(asked, predictors, numeric, predictors)
    for one in predictors:
        if one not in numeric:
            wide[one] = as_labels(wide[one])
    fixed = fixed_columns(formula, wide, {name: one.label for name, one in read.chosen.items()})
    X, names = fixed.X, fixed.names
    if not (X[:, 0] == 1.0).all():
        raise InputError(f"model '{formula.text}': multiple imputation needs an intercept")
    outcome = _outcome(read, there)
    offset = offset_column(formula, wide)
    outcome = outcome if offset is None else outcome - offset
    effects = [RandomEffect(one.name, codes_of(wide, one.factors)) for one in terms]
    effects.sort(key=lambda one: one.n_levels)
    if not all(nested(one.codes, effects[0].codes) for one in effects[1:]):
        raise refused
    kept = prepare_design(X, np.arange(len(X), dtype=float)).kept
    X = X.copy()
    incomplete, whole = [], np.ones(len(X), bool)
    left_out = {one: int(read.gone[one].sum()) for one in others if read.gone[one].any()}
    for one in alone:
        at = next(j for j, parts in enumerate(fixed.parts) if parts and parts[0].column == one)
        known = ~gone[one]
        if at not in kept or any(_is_of(X[known, at], group.codes[known]) for group in effects):
            whole &= ~gone[one]
            left_out[one] = int(gone[one].sum())
            continue
        X[gone[one], at] = np.nan
        incomplete.append(list(kept).index(at))
    period = next((one for one in names_in(formula.fixed) if PERIOD.search(one)), None)
    periods = None if period is None else as_labels(wide[period]).codes.astype(np.intp)[whole]
    names = tuple(names[j] for j in kept)
    renumbered = [
        RandomEffect(one.name, np.unique(one.codes[whole], return_inverse=True)[1])
        for one in effects
    ]
    return RowsToImpute(
        X[whole][:, kept],
        names,
        names.index(tested),
        outcome[whole],
        tuple(renumbered),
        periods,
        tuple(incomplete),
        left_out,
    )


def rows_of_estimand(rows: RowsToImpute, estimand: str, at: int | None) -> RowsToImpute:
    """Return the rows with an estimand's effect as their tested column.

    Raises
    ------
    InputError
        If there are no effects by exposure.
    """
    trial = AnalysedTrial(rows.X, rows.y, rows.tested, rows.clusters, rows.effects, rows.periods)
    own = trial_of_estimand(trial, estimand, at)
    if own is trial:
        return rows
    shift = own.x.shape[1] - rows.X.shape[1]
    incomplete = tuple(j + shift + (j < rows.tested) for j in rows.incomplete)
    first, *others = (one for j, one in enumerate(rows.names) if j != rows.tested)
    effects = (f"{rows.names[rows.tested]} {k}" for k in range(1, shift + 2))
    names = (first, *effects, *others)
    return rows._replace(X=own.x, names=names, tested=own.tested, incomplete=incomplete)


def _outcome(read: ReadModel, rows: NDArray[np.bool_]) -> Matrix:
    """Return the outcome of some rows, NaN where it is missing, whatever else they lack."""
    names = names_in(read.formula.response)
    has = rows & ~np.logical_or.reduce([read.gone[one] for one in names])
    given = read.frame.loc[has, list(names)].copy()
    given.index = np.flatnonzero(has)
    found = np.full(len(rows), np.nan)
    found[has] = response_column(read.formula, typed_columns(given, names, names, ()))
    return found[rows]


def _alone(read: ReadModel, name: str) -> bool:
    """Return whether a column lacks values and stands in the formula by itself alone."""
    formula = read.formula
    if not read.gone[name].any() or name in formula.random_names:
        return False
    mentioned = [*tokens(formula.fixed), *tokens(formula.offset or "")]
    own = [parts for parts in read.fixed.parts if any(one.column == name for one in parts)]
    return (
        mentioned.count(Token("column", name)) == 1
        and [len(parts) for parts in own] == [1]
        and own[0] != read.fixed.parts[read.at]
    )


def _is_of(values: Matrix, groups: Codes) -> bool:
    """Return whether a column is the same within each cluster, or each group within them."""
    most = np.full(int(groups.max()) + 1, -np.inf)
    least = -most
    np.maximum.at(most, groups, values)
    np.minimum.at(least, groups, values)
    return bool((most[groups] == least[groups]).all())
