"""A table as it stands in a file: headings, numbered lines of text, and how it was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from unicodedata import normalize

MISSING = ("", "NA", "NaN", "nan", "<NA>")
"""Marks for a missing value that go without saying."""

OTHER_MARKS = (
    *(".", "N/A", "n/a", "NULL", "null", "#N/A", "#NULL!", "#VALUE!", "#DIV/0!", "#REF!", "#NUM!"),
    *("#NAME?",),
)
"""Other programs' marks for it, which are told."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table."""

    number: int  # Its number in the file: line of a text, row of a sheet
    # Its cells without blanks around them, accents in one coding; fewer than headings where the
    # rest is empty.
    cells: tuple[str, ...]
    # Places of the cells that stand otherwise in the file, and how.
    written: tuple[tuple[int, str], ...] = ()
    hidden: bool = False  # Whether a workbook does not show it


def line_of(number: int, written: Sequence[str], meant: Callable[[str], str] | None = None) -> Line:
    """Return a line whose cells are taken without blanks around them, and accents in one coding.

    Parameters
    ----------
    written : sequence of str
        Its cells as they stand in the file.
    meant : callable, optional
        Returns what a cell without its blanks means.
    """
    bare = [normalize("NFC", one.strip()) for one in written]
    cells = tuple(bare) if meant is None else tuple(map(meant, bare))
    if bare == list(written):
        return Line(number, cells)
    other = ((at, one) for at, one in enumerate(written) if bare[at] not in ("", one))
    return Line(number, cells, tuple(other))


@dataclass(frozen=True, slots=True)
class Table:
    """What a file holds."""

    source: str  # Name of the file, for messages
    headings: tuple[str, ...]  # Names of the columns as written; empty where a column has none
    lines: tuple[Line, ...]  # The lines below the headings that hold anything
    heading_number: int = 1  # Number of the line of headings
    decimal: str = "."  # Mark between whole and fraction: ``.`` or ``,``
    # How it was read where that was not plain: encoding, sheet, marks.
    notes: tuple[str, ...] = field(default=())
    left_out: tuple[str, ...] = field(default=())  # Lines that hold no data, and why
