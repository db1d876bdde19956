"""Workbooks (.xlsx) that are written: sheets of text, numbers and formulas, without macros.

Text of users is text: no cell becomes a formula unless it is a `Formula`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

WIDEST = 60
# Signs that XML cannot hold.
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that the spreadsheet computes.

    Attributes
    ----------
    text : str
        As ``=B2*C2``.
    """

    text: str


@dataclass(frozen=True)
class Sheet:
    """A sheet: notes above, headings, rows.

    Attributes
    ----------
    title : str
        Its name, at most 31 signs.
    headings : sequence of str
        Names of columns.
    rows : sequence of sequences
        Cells: text, numbers, `Formula` or None.
    notes : sequence of str
        Lines above the headings.
    formats : mapping
        Number format by place of the column.
    editable : sequence of int
        Places of the columns that the reader may change; they are marked.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Any]]
    notes: Sequence[str] = ()
    formats: dict[int, str] = field(default_factory=dict)
    editable: Sequence[int] = ()

    @property
    def first_row(self) -> int:
        """Number of the first row of data, as formulas name it."""
        return len(self.notes) + (3 if self.notes else 2)


def column_letter(place: int) -> str:
    """Return the letter of a column, counted from 1."""
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(place))


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """Return a workbook's content; the same sheets give the same bytes."""
    import datetime

    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill

    book = Workbook()
    book.remove(book.active)
    heading, changed = Font(bold=True), PatternFill("solid", start_color="FBF0E6")
    for one in sheets:
        sheet = book.create_sheet(one.title[:31])
        at = 1
        for note in one.notes:
            _put(sheet.cell(at, 1), note)
            at += 1
        at += bool(one.notes)
        for place, name in enumerate(one.headings, 1):
            _put(sheet.cell(at, place), name)
            sheet.cell(at, place).font = heading
        if one.headings:
            sheet.freeze_panes = sheet.cell(at + 1, 1)
        for number, row in enumerate(one.rows, one.first_row):
            for place, value in enumerate(row):
                cell = sheet.cell(number, place + 1)
                _put(cell, value)
                if place in one.formats and not isinstance(value, str):
                    cell.number_format = one.formats[place]
                if place in one.editable:
                    cell.fill = changed
                if isinstance(value, str) and len(value) > WIDEST:
                    cell.alignment = Alignment(wrap_text=True, vertical="top")
        for place in range(len(one.headings)):
            longest = max(
                (
                    len(str(row[place]))
                    for row in [one.headings, *one.rows]
                    if place < len(row) and not isinstance(row[place], Formula)
                ),
                default=8,
            )
            sheet.column_dimensions[column_letter(place + 1)].width = min(longest + 2, WIDEST)
    # A spreadsheet computes formulas when it opens the file.
    book.calculation.fullCalcOnLoad = True
    # When it was written is no part of the answer.
    book.properties.created = book.properties.modified = datetime.datetime(2000, 1, 1)
    book.properties.creator = "refocus"
    return _without_times(book)


def _put(cell: Any, value: Any) -> None:
    if isinstance(value, Formula):
        cell.value = value.text
    elif value is None or value != value:
        cell.value = None
    elif isinstance(value, str):
        cell.value = _NO_XML.sub("", value)[:32767]
        # Not a formula, whatever it begins with.
        cell.data_type = "s"
    else:
        cell.value = value.item() if hasattr(value, "item") else value


def _without_times(book: Any) -> bytes:
    saved = io.BytesIO()
    book.save(saved)
    return without_times(saved.getvalue())


def without_times(content: bytes) -> bytes:
    """Return an Office file with one time for all of its parts: equal files are equal bytes."""
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as parts, zipfile.ZipFile(packed, "w") as whole:
        for part in parts.infolist():
            text = parts.read(part)
            if part.filename == "docProps/core.xml":
                text = re.sub(
                    rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*",
                    rb"\g<1>2000-01-01T00:00:00Z",
                    text,
                )
            info = zipfile.ZipInfo(part.filename, (2000, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            whole.writestr(info, text)
    return packed.getvalue()
