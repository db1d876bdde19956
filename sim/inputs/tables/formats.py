"""Tables in files of other programs: Excel, Stata, SPSS and Parquet, as lines of text.

A further format is one function and one entry of `FORMATS`.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, unknown
from sim.inputs.tables.table import Line, line_of

if TYPE_CHECKING:
    import pandas as pd

LARGEST_UNPACKED = 200_000_000
# Sheets of repeated values pack to a thirtieth; beyond this a file is made to swell.
MOST_SWELLING = 50
SWELLS_FREELY = 5_000_000
MOST_COLUMNS = 2000
MOST_ROWS = 1_048_576
MOST_CELLS = 20_000_000
Sheets = dict[str, list[Line]]
"""Lines by name of sheet; formats without sheets have one, without a name."""


def cell_text(value: Any) -> str:
    """Return a cell as text: whole numbers without a point, dates as 2027-04-01, nothing as ''."""
    if value is None or value != value:
        return ""
    if isinstance(value, datetime.datetime):
        clock = value.time()
        return value.date().isoformat() if clock == datetime.time() else value.isoformat(" ")
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 2.0**53:
        return str(int(value))
    return str(value)


def excel_sheets(content: bytes, where: str) -> Sheets:
    """Return the sheets of a workbook, with the values that its formulas had when it was saved.

    A formula that was never worked out stays as it is, so that it is no missing value. Cells that
    are merged downwards hold one value: it is that of each line.
    """
    import openpyxl

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            most = min(LARGEST_UNPACKED, SWELLS_FREELY + MOST_SWELLING * len(content))
            if sum(one.file_size for one in packed.infolist()) > most:
                raise InputError(f"{where}: larger than {most // 1_000_000} MB unpacked")
            sheets = [one for one in packed.namelist() if one.startswith("xl/worksheets/")]
            texts = b"".join(packed.read(one) for one in sheets)
        formulas = re.search(rb"<f[ >/]", texts) is not None
        found = _read_sheets(openpyxl, content, True, whole=formulas)
        if formulas:
            as_written = _read_sheets(openpyxl, content, False)
            found = {name: _worked_out(rows, as_written[name]) for name, rows in found.items()}
        lines = {name: _lines(rows) for name, rows in found.items()}
        if b"<mergeCell " in texts or b'hidden="' in texts:
            lines = _as_shown(openpyxl, content, lines)
        return lines
    except InputError:
        raise
    except Exception:
        # A damaged workbook fails in whatever part of the library reads it.
        raise InputError(
            f"{where}: is not a workbook that can be read (.xlsx); save it as .xlsx without a "
            "password, or as 'CSV UTF-8'"
        ) from None


def _read_sheets(
    openpyxl: Any, content: bytes, values: bool, whole: bool = False
) -> dict[str, Iterable[Any]]:
    """Return the rows of each visible sheet: values, or formulas as they are written.

    `whole`: cells with what is known of them.
    """
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=values)
    shown = [one for one in book.worksheets if one.sheet_state == "visible"]
    for sheet in shown:
        # Rows are as long as what stands in them, and not as the file says of all.
        sheet.reset_dimensions()
    return {sheet.title: sheet.iter_rows(values_only=not whole) for sheet in shown}


def _worked_out(rows: Iterable[Any], as_written: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield rows of values, with the formula itself where it has none."""
    for cells, written in zip_longest(rows, as_written, fillvalue=()):
        yield [_value_of(cell, text) for cell, text in zip_longest(cells, written)]


def _value_of(cell: Any, written: Any) -> Any:
    value = None if cell is None else cell.value
    # One of many cells is an object with its text; a value that is text may be an empty one.
    formula = getattr(written, "text", written)
    if value is None and isinstance(formula, str) and formula.startswith("="):
        return "" if cell is not None and cell.data_type == "str" else formula
    return value


def _as_shown(openpyxl: Any, content: bytes, sheets: Sheets) -> Sheets:
    """Return lines in which what is merged downwards stands in each, and hidden ones say so."""
    from openpyxl.utils.cell import range_boundaries

    found = dict(sheets)
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for sheet in book.worksheets:
            if sheet.title not in sheets:
                continue
            text = packed.read(sheet._worksheet_path.lstrip("/")).decode("utf-8", "replace")
            lines = {one.number: one for one in sheets[sheet.title]}
            for area in re.findall(r'<mergeCell [^>]*ref="([A-Z]+\d+:[A-Z]+\d+)"', text):
                column, first, _, last = range_boundaries(area)
                top = lines.get(first)
                if first == last or top is None or len(top.cells) < column:
                    continue
                for number in range(first + 1, min(last, max(lines)) + 1):
                    if number in lines and len(lines[number].cells) >= column:
                        cells = list(lines[number].cells)
                        cells[column - 1] = top.cells[column - 1]
                        lines[number] = line_of(number, cells)
            for row in re.findall(r'<row [^>]*hidden="(?:1|true)"[^>]*>', text):
                number = int((re.search(r' r="(\d+)"', row) or ["", "0"])[1])
                if number in lines:
                    lines[number] = replace(lines[number], hidden=True)
            found[sheet.title] = list(lines.values())
    return found


def stata_sheets(content: bytes, where: str) -> Sheets:
    """Return the table of a Stata file; values with labels are their labels."""
    import pandas as pd

    def read(labels: bool) -> Sheets:
        return _frame(pd.read_stata(io.BytesIO(content), convert_categoricals=labels))

    try:
        try:
            return read(True)
        except ValueError:
            # Two values of one label have no labels.
            return read(False)
    except Exception:
        raise InputError(f"{where}: is not a Stata file that can be read (.dta)") from None


def spss_sheets(content: bytes, where: str) -> Sheets:
    """Return the table of an SPSS file; values with labels are their labels."""
    import tempfile
    from pathlib import Path

    try:
        import pyreadstat
    except ImportError:
        raise InputError(
            f"{where}: SPSS files need a further library; install it with 'pip install "
            "refocus-simulation[spss]', or save the file as 'CSV UTF-8'"
        ) from None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.sav"
        path.write_bytes(content)
        try:
            frame, _ = pyreadstat.read_sav(path, apply_value_formats=True)
        except Exception:
            raise InputError(f"{where}: is not an SPSS file that can be read (.sav)") from None
    return _frame(frame)


def parquet_sheets(content: bytes, where: str) -> Sheets:
    """Return the table of a Parquet file."""
    import pandas as pd
    from pyarrow.parquet import read_metadata

    try:
        about = read_metadata(io.BytesIO(content))
        # A column of one value takes next to nothing in the file.
        if about.num_rows * about.num_columns > MOST_CELLS:
            raise InputError(f"{where}: more than {MOST_CELLS / 1_000_000:g} million cells")
        return _frame(pd.read_parquet(io.BytesIO(content)))
    except InputError:
        raise
    except Exception:
        raise InputError(f"{where}: is not a Parquet file that can be read") from None


def _frame(frame: pd.DataFrame) -> Sheets:
    names = tuple(str(one) for one in frame.columns)
    columns = [[cell_text(one) for one in frame[name].astype(object)] for name in frame.columns]
    rows = [line_of(at, row) for at, row in enumerate(zip(*columns, strict=True), 1)]
    return {"": [line_of(0, names), *(row for row in rows if any(row.cells))]}


def _lines(rows: Iterable[Sequence[Any]]) -> list[Line]:
    found = (
        line_of(number, [cell_text(one) for one in islice(cells, MOST_COLUMNS)])
        # A file may say of a row that it is the millionth of millions; no sheet has more.
        for number, cells in enumerate(islice(rows, MOST_ROWS), 1)
        if cells
    )
    return [one for one in found if any(one.cells)]


FORMATS: dict[str, Callable[[bytes, str], Sheets]] = {
    ".xlsx": excel_sheets,
    ".xlsm": excel_sheets,
    ".dta": stata_sheets,
    ".sav": spss_sheets,
    ".parquet": parquet_sheets,
}
"""Readers by ending of the file's name."""

SIGNS = (
    (b"PK\x03\x04", ".xlsx"),
    (b"PAR1", ".parquet"),
    (b"$FL2", ".sav"),
    (b"<stata_dta>", ".dta"),
)
"""How contents of these formats begin, for files of other names."""

OTHERS = {
    b"\xd0\xcf\x11\xe0": "is an old workbook (.xls), or has a password; save it as .xlsx",
    b"%PDF": "is a PDF; save the table as .xlsx or 'CSV UTF-8'",
}
"""Contents that cannot be read, and what to do."""


def format_of(name: str, content: bytes) -> Callable[[bytes, str], Sheets] | None:
    """Return what reads a file, by how it begins or by its name; None for text."""
    ending = next((one for sign, one in SIGNS if content.startswith(sign)), None)
    by_name = f".{name.rpartition('.')[2].lower()}"
    return FORMATS.get(ending or by_name)


def chosen_sheet(
    sheets: Sheets, wanted: str | None, known: Callable[[Line], int], where: str
) -> str:
    """Return the name of the sheet that is meant.

    Parameters
    ----------
    sheets : dict
        From a reader of `FORMATS`.
    wanted : str or None
        What the user says; otherwise the only sheet that holds anything, or the one whose lines
        know most columns.
    known : callable
        Returns how many columns of a line are known.
    where : str
        For messages.

    Raises
    ------
    InputError
        Where it is not there, or not clear.
    """
    if wanted is not None:
        if wanted not in sheets:
            raise unknown(f"sheet of {where}", wanted, sheets)
        return wanted
    filled = [name for name, lines in sheets.items() if lines]
    if len(filled) <= 1:
        return filled[0] if filled else next(iter(sheets), "")
    scores = {name: max(known(one) for one in sheets[name][:30]) for name in filled}
    best = [name for name in filled if scores[name] == max(scores.values())]
    if len(best) > 1:
        listed = ", ".join(f"'{one}'" for one in best[:6])
        raise InputError(
            f'{where}: sheets {listed} may be meant; name one: sheet = "{best[0]}" in a file that '
            "--columns names"
        )
    return best[0]
