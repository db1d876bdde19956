"""How a model takes the columns of a table: as numbers or as labels, and what of it was guessed."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError
from sim.trials.data.trial_table import typed_columns
from sim.trials.fits.fixed_part import factor_names, is_factor
from sim.trials.fits.model_formula import FACTORS, ModelFormula, names_in, tokens, written

if TYPE_CHECKING:
    import pandas as pd

# Names of columns whose whole numbers often are labels.
LABEL_NAMES = re.compile(
    r"^(?:clper|id)$|cluster|period|site|time|team|wave|visit|centre|center|strat|pair|block|trust"
    r"|ward|practice|school|hospital|region|clinic|year|month|quarter|phase|cohort|sequence|county"
    r"|ethnic|diagnos|marital|occupation|therapist|rater|(?:_id|class|category|code|group|type)$",
    re.I,
)
# Labels of a column of words beyond which they are told.
MANY_LABELS = 12


def columns_of_model(
    formula: ModelFormula, complete: pd.DataFrame, used: Sequence[str], numbers: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the used columns as numbers or labels, as the formula takes them.

    Parameters
    ----------
    complete : DataFrame
        Rows without missing fields.
    used : sequence of str
        Columns of the formula.
    numbers : sequence of str
        Columns beside it that must be numbers.
    """
    plain = {*names_in(formula.response), *names_in(formula.offset), *numbers}
    pieces = [one for one in tokens(formula.fixed) if one.kind != "blank"]
    for at, one in enumerate(pieces):
        called = at > 1 and pieces[at - 2].kind == "function" and pieces[at - 2].text in FACTORS
        if one.kind == "column" and not called:
            plain.add(one.text)
    plain |= {one for term in formula.random for one in (term.slope, term.time) if one is not None}
    if formula.residual is not None:
        plain.add(formula.residual.time)
    numeric = [one for one in (formula.response.strip("`"), *numbers) if one in used]
    return typed_columns(complete, used, numeric, [one for one in used if one not in plain])


def column_guesses(formula: ModelFormula, table: pd.DataFrame) -> list[str]:
    """Return notes on columns that could be meant as labels, or as numbers."""
    notes = []
    factors = factor_names(formula, table)
    for name in names_in(formula.fixed):
        if name not in factors:
            values = np.unique(table[name])
            if LABEL_NAMES.search(name) and values.size > 2 and (values == np.round(values)).all():
                notes.append(
                    f"column '{name}' is taken as a number, from {values[0]:g} to {values[-1]:g}, "
                    f"with one coefficient; factor({written(name)}) gives each value its own"
                )
        elif is_factor(table, name):
            labels = factors[name]
            numbers = sum(_number_like(one) for one in labels)
            if numbers:
                notes.append(
                    f"column '{name}' is taken as labels: {numbers} of its {len(labels)} values "
                    "are numbers, the others words"
                )
            elif len(labels) > MANY_LABELS:
                notes.append(
                    f"column '{name}' holds words and is taken as {len(labels)} labels, each with "
                    "its coefficient"
                )
    return notes


def _number_like(label: str) -> bool:
    try:
        return math.isfinite(float(label))
    except ValueError:
        return False


def check_factors(formula: ModelFormula, table: pd.DataFrame, visits: str | None) -> None:
    """Refuse a factor with one label in all rows that are left.

    Parameters
    ----------
    visits : str or None
        How many rows dropped out at each visit, which may be why.
    """
    for name, labels in factor_names(formula, table).items():
        if len(labels) == 1:
            more = "" if visits is None else f"; {visits}"
            raise InputError(
                f"column '{name}': it has the label '{labels[0]}' in every complete row; leave it "
                f"out of the model{more}"
            )
