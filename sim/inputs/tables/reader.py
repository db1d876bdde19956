"""The one reader of tables: from a file, an upload or a text to headings and lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sim.errors import InputError
from sim.inputs.tables.formats import OTHERS, chosen_sheet, format_of
from sim.inputs.tables.lines import heading_at, labels_made_one
from sim.inputs.tables.numbers import decimal_mark
from sim.inputs.tables.table import Line, Table
from sim.inputs.tables.text import REMEDY, decoded, delimiter_of, text_lines
from sim.reading.text_files import read_bytes

LARGEST_FILE = 10_000_000
MOST_NUMBERS = 10
Known = Callable[[Sequence[str]], int]


def read_table(
    path: Path | str,
    kind: str,
    *,
    known: Known | None = None,
    sheet: str | None = None,
    largest: int = LARGEST_FILE,
) -> Table:
    """Read a table from a file.

    Parameters
    ----------
    path : Path or str
        Text (CSV with commas, semicolons, tabs or bars; UTF-8, UTF-16 or Windows-1252), a workbook
        (.xlsx), Stata (.dta), SPSS (.sav) or Parquet.
    kind : str
        What it is, for messages: ``roster``, ``data file``.
    known : callable, optional
        Returns how many columns of a possible line of headings are known, to find headings that do
        not stand first, and the sheet of a workbook.
    sheet : str, optional
        Sheet of a workbook.
    largest : int
        Largest size in bytes.

    Raises
    ------
    InputError
        When the file is not there, cannot be read as any of these, or holds no headings.
    """
    content = read_bytes(path, kind, largest)
    return table_from_bytes(content, Path(path).name, kind, known=known, sheet=sheet)


def table_from_bytes(
    content: bytes, source: str, kind: str, *, known: Known | None = None, sheet: str | None = None
) -> Table:
    """Return the table of a file's content; see `read_table`."""
    where = f"{kind} '{source}'"
    for sign, advice in OTHERS.items():
        if content.startswith(sign):
            raise InputError(f"{where}: {advice}")
    reader = format_of(source, content)
    if reader is None:
        if sheet is not None:
            raise InputError(
                f"{where}: sheet = '{sheet}' has a meaning only for a workbook (.xlsx)"
            )
        text, encoding = decoded(content, where)
        told = [f"read as {encoding}; to be sure of every letter, {REMEDY}"] if encoding else []
        return table_from_text(text, source, kind, known=known, notes=told)
    sheets = reader(content, where)
    name = chosen_sheet(sheets, sheet, lambda one: 0 if known is None else known(one.cells), where)
    told = [f"read from sheet '{name}'"] if len(sheets) > 1 else []
    return _table(sheets.get(name, []), source, where, known, "", told)


def table_from_text(
    text: str, source: str, kind: str, *, known: Known | None = None, notes: Sequence[str] = ()
) -> Table:
    """Return the table of CSV text; see `read_table`."""
    where = f"{kind} '{source}'"
    if "\0" in text:
        raise InputError(f"{where}: must be CSV text in UTF-8; {REMEDY}")
    delimiter, text = delimiter_of(text.removeprefix("\ufeff"))
    lines = list(text_lines(text, delimiter, where))
    return _table(lines, source, where, known, delimiter, notes)


def _table(
    lines: list[Line],
    source: str,
    where: str,
    known: Known | None,
    delimiter: str,
    notes: Sequence[str],
) -> Table:
    if not lines:
        raise InputError(f"{where}: is empty; the first line must name columns")
    at = heading_at(lines, known)
    heading, body = lines[at], lines[at + 1 :]
    left_out = [
        f"line {one.number} is left out: '{next(filter(None, one.cells))[:40]}' stands above the "
        "headings"
        for one in lines[:at]
    ]
    again = [one.number for one in body if _repeats(one, heading)]
    if again:
        left_out += [f"line {one} is left out: it repeats the headings" for one in again]
        body = [one for one in body if not _repeats(one, heading)]
    hidden = [str(one.number) for one in body if one.hidden]
    if hidden:
        more = f" and {len(hidden) - MOST_NUMBERS} others" if len(hidden) > MOST_NUMBERS else ""
        listed = ", ".join(hidden[:MOST_NUMBERS])
        notes = [*notes, f"rows that the sheet hides are read: {listed}{more}"]
    names = list(heading.cells)
    while names and not names[-1]:
        names.pop()
    problems = [
        f"line {one.number}: has {len(one.cells)} cells, but {len(names)} columns are named in the "
        "heading"
        for one in body
        if any(one.cells[len(names) :])
    ]
    if problems:
        if delimiter == ",":
            problems[-1] += (
                "; a number with a decimal comma makes two: put it in quotation marks, or part "
                "columns by semicolons"
            )
        raise InputError.of(where, problems)
    decimal, unclear = decimal_mark((cell for one in body for cell in one.cells), delimiter)
    return Table(
        source=source,
        headings=tuple(names),
        lines=tuple(replace(one, cells=one.cells[: len(names)]) for one in body),
        heading_number=heading.number,
        decimal=decimal,
        notes=(*notes, *([unclear] if unclear else []), *labels_made_one(body, names)),
        left_out=tuple(left_out),
    )


def _repeats(line: Line, heading: Line) -> bool:
    """Return whether a line holds nothing but headings, each in its place.

    Or the first of them right below, as headings of two lines do that are merged downwards.
    """
    pairs = zip(line.cells, heading.cells, strict=False)
    same = [one == other for one, other in pairs if one]
    below = line.number == heading.number + 1 and same[:1] == [True]
    return below or (all(same) and len(same) == sum(1 for one in line.cells if one))
