"""A table of trial data: reading it, and what its columns mean.

An empty field is missing. A column is numeric if every field in it is a number, unless its name is
one of those that number things, such as cluster and period; all other columns are categorical.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# Columns whose numbers are labels.
LABEL_COLUMNS = ("cluster", "id", "period", "site", "time", "team", "clper")
MISSING = ("", "NA", "NaN", "nan")
# Share of fields that must be numbers for a column to count as numeric with mistakes in it.
MOSTLY = 0.5


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a comma-separated file with a header, every field as text.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    DataFrame
        Missing fields are NaN.

    Raises
    ------
    InputError
        If the file is not there, is not UTF-8 text, has no rows, or has two columns of one name.
    """
    import csv

    import pandas as pd

    path = Path(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = "is not UTF-8 text" if isinstance(error, ValueError) else "cannot be read"
        if isinstance(error, FileNotFoundError):
            reason = "does not exist"
        raise InputError(f"data file '{path.name}': it {reason}") from None
    names = [one.strip() for one in header]
    if not any(names):
        raise InputError(f"data file '{path.name}': it must begin with a line of column names")
    twice = next((one for one in names if names.count(one) > 1), None)
    if twice is not None:
        raise InputError(f"data file '{path.name}': the column '{twice}' occurs twice")
    try:
        frame = pd.read_csv(
            path, dtype=str, keep_default_na=False, na_values=list(MISSING), encoding="utf-8-sig"
        )
    except (ValueError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"data file '{path.name}': it is not a comma-separated table ({reason})"
        ) from None
    if len(frame) == 0:
        raise InputError(f"data file '{path.name}': it has no rows")
    frame.columns = pd.Index(names)
    return frame


def is_missing(values: pd.Series) -> NDArray[np.bool_]:
    """Return which fields of a column are missing."""
    missing = values.isna().to_numpy(dtype=bool)
    if values.dtype == object or str(values.dtype) in ("str", "string"):
        text = values.astype("str").str.strip()
        missing = missing | text.isin(MISSING).to_numpy(dtype=bool)
    return np.asarray(missing)


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
    import pandas as pd

    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    bad = np.isnan(numbers)
    if bad.any():
        if not must and bad.mean() > MOSTLY:
            return None
        at = int(np.argmax(bad))
        row = values.index[at]
        where = f"row {row + 1}" if isinstance(row, (int, np.integer)) else f"row {row}"
        raise InputError(f"column '{name}': '{values.iloc[at]}' in {where} is not a number")
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


def _sort_key(label: str) -> tuple[int, float, str]:
    try:
        return (0, float(label), label)
    except ValueError:
        return (1, 0.0, label)


def typed_columns(
    frame: pd.DataFrame,
    names: Collection[str],
    numeric: Collection[str],
    labels: Collection[str],
) -> pd.DataFrame:
    """Return the named columns as numbers or categories.

    Parameters
    ----------
    frame : DataFrame
        Without missing fields in these columns.
    names : collection of str
    numeric : collection of str
        Columns that must be numbers.
    labels : collection of str
        Columns that are categories whatever they hold.

    Returns
    -------
    DataFrame
    """
    import pandas as pd

    typed: dict[str, Any] = {}
    for name in names:
        numbers = None
        if name not in labels or name in numeric:
            numbers = as_numbers(name, frame[name], must=name in numeric)
        typed[name] = as_labels(frame[name]) if numbers is None else numbers
    return pd.DataFrame(typed)
