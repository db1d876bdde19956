"""A table as a model takes it: complete rows, columns, effects and the tested term."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, unknown
from sim.trials.analyses.correlations import PERIOD
from sim.trials.analyses.covariance_of_model import random_effect, structure_of, with_factor_slopes
from sim.trials.analyses.model_columns import check_factors, column_guesses, columns_of_model
from sim.trials.analyses.tested_term import chosen_references, coded_fixed_part
from sim.trials.data.data_notes import (
    dropped_by_visit,
    implausible_numbers,
    label_notes,
    missing_fields,
    people_twice,
    repeated_rows,
    suspected_codes,
)
from sim.trials.data.reference_level import GIVEN, Reference
from sim.trials.data.trial_table import as_labels, is_missing, label_of
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.fixed_part import FixedPart, is_factor, offset_column, response_column
from sim.trials.fits.model_formula import ModelFormula, names_in, parse_formula
from sim.trials.fits.structured_model import Structure

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]


class ReadModel(NamedTuple):
    """A table as a model takes it."""

    frame: pd.DataFrame  # All rows
    formula: ModelFormula
    table: pd.DataFrame  # Used columns of the complete rows
    y: Matrix  # (n,) array
    effects: list[RandomEffect]
    fixed: FixedPart
    tested: tuple[int, ...]  # The tested column, or those of a joint test
    structure: Structure | None  # The covariance, where it is not that of independent effects
    offset: Matrix | None  # (n,) array or None: What is added to the fixed part
    chosen: dict[str, Reference]  # References of factors
    gone: dict[str, NDArray[np.bool_]]  # Missing fields of all rows, by column
    dropped: NDArray[np.bool_]  # Which rows are incomplete
    used: tuple[str, ...]  # Columns of the model
    notes: list[str]

    @property
    def at(self) -> int:
        """The tested column."""
        return self.tested[0]

    @property
    def periods(self) -> NDArray[np.intp] | None:
        """The period of each row, where the model has periods: as numbers in their order."""
        period = next((one for one in names_in(self.formula.fixed) if PERIOD.search(one)), None)
        return None if period is None else as_labels(self.table[period]).codes.astype(np.intp)

    @property
    def left(self) -> Matrix:
        """The outcome of a linear model less its offset."""
        return self.y if self.offset is None else self.y - self.offset


def read_model(
    frame: pd.DataFrame,
    model: str,
    term: str,
    references: Sequence[str] = (),
    missing: Sequence[str] = (),
    beside: Sequence[str] = (),
    *,
    weights: str | None = None,
    residual_by: str | None = None,
    several: bool = False,
) -> ReadModel:
    """Return a table as a model takes it.

    Parameters
    ----------
    beside : sequence of str
        Columns outside the model whose missing fields are wanted too.
    weights, residual_by : str, optional
        See `sim.trials.analyses.analyse.analyse_table`.
    several : bool
        Whether a term may have several coefficients.
    """
    formula = parse_formula(model)
    frame, formula = _with_cluster_period(frame, formula)
    used = used_columns(frame, formula, weights, residual_by)
    asked = tuple(dict.fromkeys((*used, *(one for one in beside if one in frame.columns))))
    gone, notes = missing_fields(frame, asked, missing)
    dropped = np.logical_or.reduce([gone[name] for name in used])
    of_response = names_in(formula.response)
    of_used = {name: gone[name] for name in used}
    visits = dropped_by_visit(frame, of_used, of_response, formula.random_names)
    complete = frame.loc[~dropped, list(used)].copy()
    # Errors name rows as they are numbered in the table, whatever its index.
    complete.index = np.flatnonzero(~dropped)
    if len(complete) == 0:
        counts = ", ".join(f"{name} {gone[name].sum()}" for name in used if gone[name].any())
        raise InputError(
            f"rows: none of {len(frame)} is complete in {', '.join(used)} (missing: {counts})"
        )
    if visits is not None:
        notes.append(visits)
    numbers = () if weights is None else (weights,)
    table = columns_of_model(formula, complete, used, numbers)
    chosen = chosen_references(references, formula, table, term)
    for column, reference in chosen.items():
        if reference.chosen == GIVEN:
            table[column] = as_labels(table[column])
    notes += suspected_codes(complete, used)
    notes += implausible_numbers(complete, used)
    in_groups = {one for term in formula.random for one in term.factors}
    rows = frame.loc[~dropped]
    again = repeated_rows(rows, used), people_twice(rows, used, in_groups)
    notes += [one for one in again if one is not None]
    of_labels = label_notes(
        complete, [one for one in used if is_factor(table, one) or one in in_groups]
    )
    notes += [one for told in of_labels.values() for one in told]
    notes += column_guesses(formula, table)
    check_factors(formula, table, visits)
    y = response_column(formula, table)
    if np.ptp(y) == 0.0:
        raise InputError(f"outcome '{formula.response}': it has the value {y[0]:g} in every row")
    offset = offset_column(formula, table)
    formula = with_factor_slopes(formula, table)
    effects = [random_effect(one, table) for one in formula.random]
    for one in effects:
        if one.slope is None and one.n_levels >= len(table) and dropped.any():
            lost = ", ".join(f"{name} {gone[name].sum()}" for name in used if gone[name].any())
            raise InputError(
                f"random effect '{one.name}': it has {one.n_levels} levels for {len(table)} rows; "
                f"{int(dropped.sum())} others are left out for missing values ({lost}): fill in "
                "every row, also where a spreadsheet shows a label once for several"
            )
    structure = structure_of(formula, effects, table, weights, residual_by)
    _check_varies(table, formula, term)
    fixed, chosen, tested = coded_fixed_part(
        formula, table, chosen, term, of_labels, several=several
    )
    return ReadModel(
        frame,
        formula,
        table,
        y,
        effects,
        fixed,
        tested,
        structure,
        offset,
        chosen,
        gone,
        dropped,
        used,
        notes,
    )


def _with_cluster_period(
    frame: pd.DataFrame, formula: ModelFormula
) -> tuple[pd.DataFrame, ModelFormula]:
    """Add the column clper where the formula uses it and the table lacks it."""
    if "clper" in frame.columns or "clper" not in formula.random_names:
        return frame, formula
    period = next((one for one in ("period", "time") if one in frame.columns), None)
    if "cluster" not in frame.columns or period is None:
        raise InputError(
            "column 'clper': it is not in the table and cannot be made from cluster and period"
        )
    either = is_missing(frame["cluster"]) | is_missing(frame[period])
    joined = frame["cluster"].astype("str") + ":" + frame[period].astype("str")
    return frame.assign(clper=joined.where(~either)), formula


def used_columns(
    frame: pd.DataFrame, formula: ModelFormula, *beside: str | None
) -> tuple[str, ...]:
    """Return the columns of a formula, and others, each of which the table must have."""
    more = tuple(one for one in beside if one is not None)
    used = tuple(dict.fromkeys((*formula.fixed_names, *formula.random_names, *more)))
    for name in used:
        if name not in frame.columns:
            raise unknown("column", name, frame.columns)
    return used


def _check_varies(table: pd.DataFrame, formula: ModelFormula, term: str) -> None:
    if term in table.columns and term != formula.response:
        values = np.unique([label_of(one) for one in table[term]])
        if values.size == 1:
            raise InputError(
                f"term '{term}': it has the value {values[0]} in every complete row, "
                "so there is nothing to compare"
            )
