"""CSV that a spreadsheet opens as data: no cell of it is ever taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
"""Signs at the start of a cell that a spreadsheet may act on."""


def harmless(cell: Any) -> Any:
    """Return a cell as it may stand in a CSV file: text that looks like a formula is quoted.

    Numbers are left alone; what is missing is empty. An apostrophe in front makes spreadsheets show
    the rest as text.
    """
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, int | float):
        return cell
    text = str(cell)
    if text.lstrip(" \u00a0\ufeff").startswith(FORMULA_SIGNS) or text.startswith(FORMULA_SIGNS):
        return f"'{text}"
    return text


def csv_text(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], notes: Sequence[str] = ()
) -> str:
    """Return a table as CSV, with notes as lines that begin with ``#`` above it."""
    written = io.StringIO()
    for note in notes:
        written.write(f"# {' '.join(note.split())}\r\n".replace('"', "'"))
    # With line ends as in RFC 4180 both of their signs are quoted inside of cells.
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([harmless(one) for one in columns])
    for row in rows:
        writer.writerow([harmless(one) for one in row])
    return written.getvalue()
