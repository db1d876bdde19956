"""CSV that a spreadsheet opens as data: no cell of it is ever taken for a formula.

Every CSV that is written goes through this file, so that no text of a user's acts on who opens it.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""Signs at the start of a cell that a spreadsheet may act on."""
# A signed number opens as that number.
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def data_frame(rows: Any, columns: Iterable[Any] | None = None) -> pd.DataFrame:
    """Return rows, or columns by name, as a table of pandas, which is loaded only now."""
    import pandas as pd

    return pd.DataFrame(rows, columns=None if columns is None else list(columns))


def acts(text: str) -> bool:
    """Return whether a spreadsheet may take a text for a formula or a command.

    Blanks, separators and control characters of any script in front do not count, and wide forms
    of a sign are the sign: spreadsheets pass over them too.
    """
    if _NUMBER.fullmatch(text):
        return False
    first = next((one for one in text if one.isprintable() and not one.isspace()), "")
    sign = unicodedata.normalize("NFKC", first)
    return sign.startswith(FORMULA_SIGNS) or text.startswith(FORMULA_SIGNS)


def is_missing(cell: Any) -> bool:
    """Return whether a cell is None, not a number, or pandas' NA, whose comparison has no truth."""
    # By its name: who writes a file without tables does not load pandas.
    return cell is None or type(cell).__name__ == "NAType" or bool(cell != cell)


def harmless(cell: Any) -> Any:
    """Return a cell as it may stand in a CSV file: text that looks like a formula is quoted.

    Numbers are left alone; what is missing is empty. An apostrophe in front makes spreadsheets show
    the rest as text.
    """
    if is_missing(cell):
        return ""
    if isinstance(cell, int | float):
        return cell
    text = str(cell)
    return f"'{text}" if acts(text.lstrip("'")) else text


def restored(text: str) -> str:
    """Return what a cell held before `harmless`, as a table that we wrote comes back to us."""
    return text[1:] if text.startswith("'") and acts(text.lstrip("'")) else text


def harmless_note(note: str) -> str:
    """Return a note as a line that begins with ``#``.

    A spreadsheet cuts it into cells at its commas or semicolons; each of them is harmless.
    """
    line = f"# {' '.join(note.split())}".replace('"', "'")
    return "".join(harmless(part) for part in re.split("([,;])", line))


def csv_text(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    notes: Sequence[str] = (),
    ends: str = "\r\n",
) -> str:
    """Return a table as CSV, with notes as lines that begin with ``#`` above it."""
    written = io.StringIO()
    for note in notes:
        written.write(f"{harmless_note(note)}{ends}")
    # With line ends as in RFC 4180 both of their signs are quoted inside of cells.
    writer = csv.writer(written, lineterminator=ends)
    writer.writerow([harmless(one) for one in columns])
    for row in rows:
        writer.writerow([harmless(one) for one in row])
    return written.getvalue()


def frame_csv(frame: pd.DataFrame, numbers: str | None = None) -> str:
    """Return a table as CSV.

    Parameters
    ----------
    frame : pandas.DataFrame
        Its index is left out.
    numbers : str, optional
        Format of numbers with a fraction, such as ``%.6g``.
    """
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([harmless(str(name)) for name in frame.columns])
    places = range(frame.shape[1])
    writer.writerows(zip(*(_cells(frame.iloc[:, one], numbers) for one in places), strict=True))
    return written.getvalue()


def _cells(column: pd.Series, numbers: str | None) -> list[Any]:
    """Return a column's cells as `csv.writer` takes them."""
    missing = column.isna().to_numpy()
    if column.dtype.kind in "biu" and not missing.any():
        return column.tolist()
    cells: list[Any]
    if column.dtype.kind == "f" and numbers is not None:
        # One formatting for all is many times quicker than one for each.
        values = column.to_numpy(float, na_value=float("nan")).tolist()
        cells = (f"{numbers}," * len(values) % tuple(values)).split(",")[:-1]
    elif column.dtype.kind == "f":
        # The shortest text that gives the number back, of 32 bits too.
        cells = column.to_numpy().astype(str).tolist()
    else:
        # Few different texts stand in many rows.
        cells = column.tolist()
        texts = {one: harmless(one) for one in column.unique() if isinstance(one, str)}
        if any(one != other for one, other in texts.items()):
            cells = [texts.get(one, one) if isinstance(one, str) else one for one in cells]
    for at in missing.nonzero()[0]:
        cells[at] = ""
    return cells
