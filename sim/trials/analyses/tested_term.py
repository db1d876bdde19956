"""The tested term: which coefficient it is, and which minus which that coefficient is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, unknown
from sim.inputs.control_labels import control_label
from sim.trials.data.reference_level import (
    FIRST,
    GIVEN,
    Reference,
    choose_reference,
    read_references,
)
from sim.trials.data.trial_table import as_labels, label_of
from sim.trials.fits.fixed_part import FixedPart, Part, factor_names, fixed_columns
from sim.trials.fits.model_formula import ModelFormula, names_in, written

if TYPE_CHECKING:
    import pandas as pd

# Why a reference was taken that R would take: the user named R's coefficient.
AS_IN_R = "as R's coefficient says"


def chosen_references(
    given: Sequence[str], formula: ModelFormula, table: pd.DataFrame, term: str
) -> dict[str, Reference]:
    """Return the reference of each factor, and of numbers that a user names one for."""
    levels = factor_names(formula, table)
    numbers = {
        name: tuple(as_labels(table[name]).categories)
        for name in names_in(formula.fixed)
        if name not in levels and np.unique(table[name]).size == 2
    }
    tested = [
        name
        for name in sorted((*levels, *numbers), key=len, reverse=True)
        if any(_bare(piece).startswith(name) for piece in term.split(":"))
    ]
    for text in given:
        column = text.partition("=")[0].strip().strip("`")
        if column in names_in(formula.fixed) and column not in levels and column not in numbers:
            raise InputError(
                f"reference = '{text}': column '{column}' is a number in the model; write "
                f"factor({written(column)})"
            )
    named = read_references(given, {**levels, **numbers}, tested)
    return {
        name: choose_reference(labels, named.get(name))
        for name, labels in {**levels, **{k: v for k, v in numbers.items() if k in named}}.items()
    }


def _bare(piece: str) -> str:
    """Return a piece of a term without factor() and backticks."""
    return re.sub(r"^(?:as\.factor|factor|C)\((.*?)\)", r"\1", piece.strip()).replace("`", "")


def coded_fixed_part(
    formula: ModelFormula,
    table: pd.DataFrame,
    chosen: dict[str, Reference],
    term: str,
    of_labels: dict[str, list[str]],
    *,
    several: bool = False,
) -> tuple[FixedPart, dict[str, Reference], tuple[int, ...]]:
    """Return the fixed part, its references, and the position of the tested column.

    With `several`, a term may have several columns.

    A coefficient that R would have, because it takes the label that sorts first for the reference,
    is answered with R's sign.
    """
    fixed = fixed_columns(formula, table, {name: one.label for name, one in chosen.items()})
    at = _tested_columns(term, fixed, of_labels, several)
    if at:
        return fixed, chosen, at
    pieces = [_bare(piece) for piece in term.split(":")]
    for name, one in chosen.items():
        if f"{name}{one.label}" not in pieces:
            continue
        first = factor_names(formula, table)[name][0]
        if one.chosen == GIVEN:
            others = [label for label in _levels(table, name) if label != one.label]
            raise InputError(
                f"term '{term}': '{one.label}' is the reference of '{name}', as --reference says; "
                f"name another label, as {name}{others[0]}"
            )
        if first == one.label:
            continue
        turned = {**chosen, name: Reference(first, AS_IN_R)}
        fixed = fixed_columns(formula, table, {key: two.label for key, two in turned.items()})
        at = _tested_columns(term, fixed, of_labels, several)
        if at:
            return fixed, turned, at
    raise unknown("term", term, fixed.names)


def _levels(table: pd.DataFrame, name: str) -> tuple[str, ...]:
    """Return the labels of a column."""
    return tuple(as_labels(table[name]).categories)


def direction(parts: Sequence[Part], table: pd.DataFrame) -> str:
    """Return which minus which a coefficient is, in the labels of the data.

    Parameters
    ----------
    parts : sequence of Part
        What its column is a product of.
    """
    if not parts:
        return "mean where every number is 0 and every factor at its reference"
    differences, units = [], []
    for one in parts:
        pair = _pair(one, table)
        if pair is not None:
            where = one.column if len(parts) > 1 else ""
            differences.append((where, f"{pair[0]} minus {pair[1]}"))
        elif one.level is not None:
            differences.append(("", f"{one.column} {one.level}, without a reference"))
        else:
            units.append(f"per unit of {one.written}")
    if len(differences) < 2:
        words = [text for _, text in differences]
    else:
        words = [f"({text})" if not name else f"{name} ({text})" for name, text in differences]
        words = [" by ".join(words)]
    return " ".join([*words, *units])


def _pair(one: Part, table: pd.DataFrame) -> tuple[str, str] | None:
    """Return the two labels that a part compares; None for a quantity."""
    if one.level is not None:
        return None if one.reference is None else (one.level, one.reference)
    if not one.column:
        return None
    values = np.unique(table[one.column])
    if values.size == 2 and values[1] - values[0] == 1.0:
        return label_of(values[1]), label_of(values[0])
    return None


def compared_labels(
    parts: Sequence[Part], table: pd.DataFrame, chosen: dict[str, Reference]
) -> dict[str, Any] | None:
    """Return the labels that a coefficient of a single column compares, and why so."""
    pair = _pair(parts[0], table) if len(parts) == 1 else None
    if pair is None:
        return None
    column = parts[0].column
    if column in chosen:
        how = chosen[column].chosen
    else:
        how = choose_reference(pair[::-1]).chosen
    return {"column": column, "level": pair[0], "reference": pair[1], "chosen": how}


def control_is_larger(compared: dict[str, Any] | None) -> bool:
    """Return whether the tested column is larger in the control arm; refuse to guess.

    Parameters
    ----------
    compared : dict or None
        See `compared_labels`.
    """
    if compared is None:
        raise InputError(
            "participation: needs a term that compares two arms of whole clusters, as arm"
        )
    column, pair = compared["column"], (compared["reference"], compared["level"])
    if compared["chosen"] == GIVEN:
        return False
    control = control_label(pair)
    if control is None:
        raise InputError(
            f"participation: neither '{pair[0]}' nor '{pair[1]}' of '{column}' says that it is the "
            f"control; give --reference {column}=LABEL"
        )
    return bool(control == pair[1])


def notes_on_term(
    fixed: FixedPart, at: int, table: pd.DataFrame, chosen: dict[str, Reference]
) -> list[str]:
    """Return notes on the tested term: how its reference was found, and where it holds."""
    notes = []
    own = fixed.parts[at]
    for one in own:
        pair = _pair(one, table)
        if pair is None:
            continue
        level, reference = pair
        how = chosen.get(one.column, choose_reference(pair[::-1])).chosen
        turn = (
            f"--reference {one.column}={level if len(_levels(table, one.column)) == 2 else 'LABEL'}"
        )
        if how == AS_IN_R:
            notes.append(
                f"'{one.name}' is R's name of a coefficient and has R's sign, {level} minus "
                f"{reference}; --term {one.column} answers {reference} minus {level}"
            )
        elif how == FIRST:
            notes.append(
                f"'{reference}' of {one.column} is the reference because it sorts first, not "
                f"because of what it means; {turn} sets another"
            )
        elif how != GIVEN:
            notes.append(
                f"'{reference}' of {one.column} is the reference because this label means control "
                f"in ordinary use; {turn} sets another"
            )
    # A factor has a coefficient for each label.
    return list(dict.fromkeys([*notes, *where_it_holds(fixed, at)]))


def where_it_holds(fixed: FixedPart, at: int) -> list[str]:
    """Return at which values of other columns a coefficient with interactions is the effect."""
    notes = []
    own = fixed.parts[at]
    mine = {one.name for one in own}
    for parts in fixed.parts:
        rest = [one for one in parts if one.name not in mine]
        if mine and len(parts) == len(own) + len(rest) and rest and len(own) < len(parts):
            where = " and ".join(
                f"{one.written} is {0 if one.level is None else one.reference}" for one in rest
            )
            together = ":".join(one.written for one in parts)
            notes.append(f"with {together} in the model this is the effect where {where}")
    return notes


def _tested_columns(
    term: str, fixed: FixedPart, of_labels: dict[str, list[str]], several: bool
) -> tuple[int, ...]:
    """Return the positions of the coefficients that a term stands for, if it is there."""
    plain = _plain(term)
    for at, name in enumerate(fixed.names):
        if _plain(name) == plain:
            return (at,)
    # An interaction may be named in any order, and a column by itself.
    pieces = [_plain(piece) for piece in re.split(r":(?![^(]*\))", term)]
    found = [
        at
        for at, parts in enumerate(fixed.parts)
        if len(parts) == len(pieces)
        and any(
            all(piece in _ways(one) for piece, one in zip(pieces, order, strict=True))
            for order in permutations(parts)
        )
    ]
    # Labels that differ by a slip are mended before anything is tested of them.
    doubtful = any(of_labels.get(one.column) for at in found for one in fixed.parts[at])
    if len(found) > 1 and (doubtful or not several):
        names = [fixed.names[at] for at in found]
        listed = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        columns = {one.column for one in fixed.parts[found[0]]}
        more = "".join(f"; {one}" for name in columns for one in of_labels.get(name, []))
        raise InputError(
            f"term '{term}': it has {len(names)} coefficients, name one of {listed}{more}"
        )
    return tuple(found)


def _plain(name: str) -> str:
    """Return a coefficient's name without backticks and blanks, factor() in one spelling."""
    return re.sub(r"\b(?:as\.factor|C)\(", "factor(", re.sub(r"[`\s]", "", name))


def _ways(one: Part) -> set[str]:
    """Return the names by which a part of a column may be called."""
    ways = {one.name, one.written}
    if one.column:
        level = one.level or ""
        for own in (one.column, f"factor({one.column})"):
            ways |= {own, f"{own}{level}"}
    return {_plain(way) for way in ways}
