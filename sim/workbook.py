"""Workbooks (.xlsx) that are written: sheets of text, numbers and formulas, without macros.

Text of users is text: no cell becomes a formula unless it is a `Formula`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.spreadsheet import is_missing

WIDEST = 60
NARROWEST, HEADING = 9, 16
"""Least width of a column, and the width from which a heading is wrapped."""
LINE = 15.0
"""Height of a line of text, in points."""
FONT = "Calibri"
# Signs that XML cannot hold.
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Formula:
    """A cell that the spreadsheet computes."""

    text: str  # As ``=B2*C2``


@dataclass(frozen=True)
class Sheet:
    """A sheet: notes above, headings, rows."""

    title: str  # Its name, at most 31 signs
    headings: Sequence[str]  # Names of columns
    rows: Sequence[Sequence[Any]]  # Cells: text, numbers, `Formula` or None
    notes: Sequence[str] = ()  # Lines above the headings
    formats: dict[int, str] = field(default_factory=dict)  # Number format by place of the column
    # Places of the columns that the reader may change; they are marked.
    editable: Sequence[int] = ()
    strong: Sequence[str] = ()  # Notes in bold: the question and its answer

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
    from openpyxl.worksheet.properties import PageSetupProperties

    book = Workbook()
    book.remove(book.active)
    heading = Font(name=FONT, bold=True)
    changed = PatternFill("solid", start_color="FBF0E6")
    wrapped = Alignment(wrap_text=True, vertical="top")
    for one in sheets:
        sheet = book.create_sheet(one.title[:31])
        widths = _widths(one)
        for place, width in enumerate(widths, 1):
            sheet.column_dimensions[column_letter(place)].width = width
        at = 1
        for note in one.notes:
            _put(sheet.cell(at, 1), note)
            sheet.cell(at, 1).alignment = wrapped
            if note in one.strong:
                sheet.cell(at, 1).font = heading
            if len(widths) > 1:
                sheet.merge_cells(start_row=at, end_row=at, start_column=1, end_column=len(widths))
            sheet.row_dimensions[at].height = LINE * _lines(note, sum(widths))
            at += 1
        at += bool(one.notes)
        for place, name in enumerate(one.headings, 1):
            _put(sheet.cell(at, place), name)
            sheet.cell(at, place).font = heading
            sheet.cell(at, place).alignment = wrapped
        if one.headings:
            sheet.freeze_panes = sheet.cell(at + 1, 1)
            sheet.print_title_rows = f"{at}:{at}"
            parts = zip(one.headings, widths, strict=True)
            sheet.row_dimensions[at].height = LINE * max(_lines(*part) for part in parts)
        for number, row in enumerate(one.rows, one.first_row):
            for place, value in enumerate(row):
                cell = sheet.cell(number, place + 1)
                _put(cell, value)
                if place in one.formats and not isinstance(value, str):
                    cell.number_format = one.formats[place]
                if place in one.editable:
                    cell.fill = changed
                if isinstance(value, str) and len(value) > WIDEST:
                    cell.alignment = wrapped
            long = [
                _lines(value, width)
                for value, width in zip(row, widths, strict=False)
                if isinstance(value, str) and len(value) > WIDEST
            ]
            if long:
                sheet.row_dimensions[number].height = LINE * max(long)
        # On paper: across, every column on the page.
        sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", 9
        sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
        sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
        sheet.oddFooter.left.text, sheet.oddFooter.right.text = "&A", "&P of &N"
    # A spreadsheet computes formulas when it opens the file.
    book.calculation.fullCalcOnLoad = True
    # When it was written is no part of the answer.
    book.properties.created = book.properties.modified = datetime.datetime(2000, 1, 1)
    book.properties.creator = "refocus"
    return _without_times(book)


def _widths(one: Sheet) -> list[float]:
    """Return the width of each column: of what stands in it, or of its heading on some lines."""
    found = []
    for place, name in enumerate(one.headings):
        cells = [row[place] for row in one.rows if place < len(row)]
        shown = [_shown(cell, one.formats.get(place, "")) for cell in cells]
        words = max(map(len, name.split()), default=0)
        longest = max([*map(len, shown), min(len(name), max(HEADING, words)), NARROWEST])
        found.append(float(min(longest + 2, WIDEST)))
    return found


def _shown(cell: Any, form: str) -> str:
    """Return about what a cell shows; of a formula, a sum of money."""
    if isinstance(cell, Formula):
        return "1,000,000"
    if isinstance(cell, float) and form:
        return f"{cell:,.3f}"
    return "" if is_missing(cell) else str(cell)


def _lines(text: str, width: float) -> int:
    """Return on how many lines a text stands in a column of a width; bold is wider."""
    from textwrap import wrap

    return max(1, len(wrap(text, max(1, int(width / 1.1)))))


def _put(cell: Any, value: Any) -> None:
    if isinstance(value, Formula):
        cell.value = value.text
    elif is_missing(value):
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
