"""A table of trial data: reading it, and what its columns mean.

A field that is empty, NA or NaN is missing, and so is one with another program's mark for it. A
column is numeric if every field in it is a number, whatever the column is called; all other columns
hold labels.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.inputs.tables import read_table
from sim.inputs.tables.lines import split_off_end
from sim.inputs.tables.numbers import plain_number
from sim.inputs.tables.table import MISSING, OTHER_MARKS
from sim.spreadsheet import data_frame
from sim.trials.fits.model_formula import written

if TYPE_CHECKING:
    import pandas as pd

# Numbers as people write them: decimal commas, thousands, percent and currency signs.
_NOT_PLAIN = re.compile(r"[£$€]?\s*[+-]?\d[\d.,'\s]*\s*[%£$€]?")
# Share of fields that must be numbers for a column to count as numeric with mistakes in it.
MOSTLY = 0.5
LARGEST_FILE = 500_000_000


def read_trial_table(
    path: str | Path, sheet: str | None = None
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a file with a line of headings, every field as the text that it is.

    Parameters
    ----------
    path : str or Path
        CSV, a workbook, Stata, SPSS or Parquet (`sim.inputs.tables`).
    sheet : str, optional
        Sheet of a workbook.

    Returns
    -------
    frame : DataFrame
        Numbers are in plain digits.
    notes : tuple of str
        How the file was read, where that was not plain.

    Raises
    ------
    InputError
        If the file is not there, cannot be read, has no rows, has two columns of one name, or a
        line has not as many fields as the headings.
    """
    table = read_table(path, "data file", sheet=sheet, largest=LARGEST_FILE)
    where, names = f"data file '{table.source}'", table.headings
    twice = next((one for one in names if one and names.count(one) > 1), None)
    if twice is not None:
        raise InputError(f"{where}: the column '{twice}' occurs twice")
    lines, told = split_off_end(table.lines, len(names))
    short = [
        f"line {one.number}: has {len(one.cells)} fields, the headings {len(names)}"
        for one in lines
        if len(one.cells) < len(names)
    ]
    if short:
        raise InputError.of(where, short)
    if not lines:
        raise InputError(f"{where}: it has no rows")
    notes = [*table.left_out, *told, *table.notes]
    columns: dict[str, Any] = {}
    for name, fields in zip(names, zip(*(one.cells for one in lines), strict=True), strict=True):
        if name:
            columns[name] = np.array(_plain(name, fields, table.decimal, notes), dtype=object)
    return data_frame(columns), tuple(notes)


def _plain(name: str, fields: Sequence[str], decimal: str, notes: list[str]) -> Sequence[str]:
    """Return the fields of a column, in plain digits where all of them are numbers."""
    written = {}
    percent = 0
    for one in set(fields):
        if one in MISSING or one in OTHER_MARKS:
            continue
        number = plain_number(one, decimal)
        if number is None:
            return fields
        percent += number.percent
        if number.text != one:
            written[one] = number.text
    if not written:
        return fields
    example, plain = next(iter(sorted(written.items())))
    signs = "; percent signs are left off" if percent else ""
    notes.append(f"column '{name}': numbers as '{example}' are read as {plain}{signs}")
    return [written.get(one, one) for one in fields]


def is_text(values: pd.Series) -> bool:
    """Return whether a column holds text, or things of many kinds."""
    return values.dtype == object or str(values.dtype) in ("str", "string")


def is_missing(values: pd.Series) -> NDArray[np.bool_]:
    """Return which fields of a column are missing: empty, or with a mark that says so."""
    missing = values.isna().to_numpy(dtype=bool)
    if is_text(values):
        text = values.astype("str").str.strip()
        missing = missing | text.isin((*MISSING, *OTHER_MARKS)).to_numpy(dtype=bool)
    return np.asarray(missing)


def read_as_numbers(values: pd.Series) -> NDArray[np.float64]:
    """Return a column as numbers, not a number for each field that is none."""
    import pandas as pd

    return np.asarray(pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan))


def as_numbers(name: str, values: pd.Series, must: bool) -> NDArray[np.float64] | None:
    """Return a column without missing fields as numbers.

    Parameters
    ----------
    name : str
        Name of the column.
    values : Series
        Its fields, none missing.
    must : bool
        Whether it has to be numeric.

    Returns
    -------
    array or None
        None if the column is not numeric and need not be.

    Raises
    ------
    InputError
        If a field is not a number in a column that must be, or mostly is, numeric; or if a number
        is not finite.
    """
    numbers = read_as_numbers(values)
    bad = np.isnan(numbers)
    if bad.any():
        at = int(np.argmax(bad))
        fields = values.astype("str").str.strip()
        odd = fields.str.fullmatch(_NOT_PLAIN.pattern).to_numpy(dtype=bool)
        if odd[bad].mean() > MOSTLY:
            raise InputError(
                f"column '{name}': '{fields.iloc[int(np.argmax(odd))]}' is not a plain number; "
                "write numbers with a decimal point, without other signs, as 1234.5"
            )
        if not must and bad.mean() > MOSTLY:
            return None
        if must and bad.mean() > MOSTLY:
            words = list(dict.fromkeys(fields[bad]))
            shown = ", ".join(f"'{one}'" for one in words[:3])
            how = "write them as 0 and 1" if len(words) == 2 else "it must hold numbers"
            raise InputError(f"column '{name}': holds words ({shown}); {how}")
        row = values.index[at]
        where = f"row {row + 1}" if isinstance(row, (int, np.integer)) else f"row {row}"
        field = str(values.iloc[at])
        labels = "" if must else f"; write factor({written(name)}) if the column holds labels"
        raise InputError(
            f"column '{name}': '{field}' in {where} is not a number; a missing value is an empty "
            f"field or NA, or --missing '{field.strip()}' says so{labels}"
        )
    if np.isinf(numbers).any():
        raise InputError(f"column '{name}': every value must be finite")
    return np.asarray(numbers)


def as_labels(values: pd.Series) -> pd.Categorical:
    """Return a column as categories, sorted as numbers where they are numbers, else as text."""
    import pandas as pd

    labels = np.array([label_of(one) for one in values], dtype=object)
    levels = sorted(set(labels), key=_sort_key)
    return pd.Categorical(labels, categories=levels)


def label_of(value: Any) -> str:
    """Return a field as text; a whole number loses its point."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _sort_key(label: str) -> tuple[int, float, str, str]:
    """Sort numbers by value, then words as a dictionary does, whatever their capitals."""
    try:
        return (0, float(label), "", label)
    except ValueError:
        return (1, 0.0, label.casefold(), label)


def whole_number(label: str) -> str:
    """Return a whole number without leading zeros and a fraction of zeros; else the label."""
    found = re.fullmatch(r"\+?(-?)0*(\d+?)(?:\.0*)?", label, re.ASCII)
    return label if found is None else found[1] + found[2]


def typed_columns(
    frame: pd.DataFrame, names: Collection[str], numeric: Collection[str], labels: Collection[str]
) -> pd.DataFrame:
    """Return the named columns as numbers or categories.

    Parameters
    ----------
    frame : DataFrame
        Without missing fields in these columns.
    numeric : collection of str
        Columns that must be numbers.
    labels : collection of str
        Columns whose fields are labels; whole numbers among them that are written in several ways,
        as 1, 01 and 1.0, are one label if all fields are numbers. 1.1 and 1.10, or 1E5 and 100000,
        stay two.
    """
    typed: dict[str, Any] = {}
    for name in names:
        numbers = None
        if name in labels and name not in numeric:
            numbers = _whole_numbers(frame[name])
        else:
            numbers = as_numbers(name, frame[name], must=name in numeric)
        typed[name] = as_labels(frame[name]) if numbers is None else numbers
    return data_frame(typed)


def _whole_numbers(values: pd.Series) -> NDArray[np.float64] | None:
    """Return labels as numbers, if all are finite numbers that keep every digit and stay apart."""
    numbers = read_as_numbers(values)
    if not (np.isfinite(numbers) & (np.abs(numbers) < 2.0**53)).all():
        return None
    if is_text(values):
        written = {whole_number(str(one).strip()) for one in values.unique()}
        if len(written) > np.unique(numbers).size:
            return None
    return np.asarray(numbers)
