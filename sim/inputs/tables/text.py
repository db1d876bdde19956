"""Tables in text files: whatever parts their columns, in whatever of the usual encodings."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

from sim.errors import InputError
from sim.inputs.tables.table import Line, line_of
from sim.spreadsheet import restored

DELIMITERS = (",", ";", "\t", "|")
REMEDY = "save it as 'CSV UTF-8'"
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
NAMES = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "cp1252": "Windows-1252"}


def decoded(content: bytes, where: str) -> tuple[str, str]:
    """Return the text of a file, and its encoding where it is not UTF-8.

    Raises
    ------
    InputError
        When it is no text; says how to save it.
    """
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    for encoding in (marked,) if marked else (_unmarked_utf16(content) or "utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Text with signs that no program writes is something else.
        if "\0" in text or (encoding == "cp1252" and _steers(text)):
            break
        return text.removeprefix("\ufeff"), NAMES.get(encoding, "")
    raise InputError(f"{where}: must be CSV text in UTF-8, or a workbook (.xlsx); {REMEDY}")


def _unmarked_utf16(content: bytes) -> str | None:
    """Return the kind of UTF-16 of a file of Latin letters without a mark, or None."""
    half = len(content) // 2
    if half < 4 or len(content) % 2:
        return None
    high, low = content[1::2].count(0), content[::2].count(0)
    if high > 0.8 * half and not low:
        return "utf-16-le"
    return "utf-16-be" if low > 0.8 * half and not high else None


def _steers(text: str) -> bool:
    return any(ord(sign) < 32 and sign not in "\t\r\n\f" for sign in text)


def delimiter_of(text: str) -> tuple[str, str]:
    """Return what parts the columns, and the text without a line that says so.

    A line ``sep=;`` says so, as spreadsheets write it; else the delimiter that parts most lines
    into the same number of columns, more than one.
    """
    first, _, rest = text.partition("\n")
    said = first.strip().strip('"').lower()
    if said.startswith("sep=") and said[4:] in DELIMITERS:
        # An empty line in its place keeps the numbers of lines.
        return said[4:], f"\n{rest}"
    if first.strip("\r\n").lower() == "sep=\t":
        return "\t", f"\n{rest}"
    # A spreadsheet puts a comment that holds a comma in quotation marks.
    lines = [one for one in text.splitlines() if one.strip() and one.lstrip(' "')[:1] != "#"][:50]
    best, most = ",", 0
    for mark in DELIMITERS:
        counts = Counter(len(cells) for cells in csv.reader(_short(lines), delimiter=mark))
        alone = counts.pop(1, 0)
        if alone == len(lines) - 1 > 0:
            # A sign within one cell parts no columns.
            continue
        score = max(((columns - 1) * number for columns, number in counts.items()), default=0)
        if score > most:
            best, most = mark, score
    return best, text


def _short(lines: list[str]) -> list[str]:
    # The reader refuses cells of more than 128 kB; whoever reads the whole file says so.
    return [one[:5000] for one in lines]


def text_lines(text: str, delimiter: str, where: str) -> Iterator[Line]:
    """Yield every line that holds anything; those with ``#`` above the headings are comments.

    Raises
    ------
    InputError
        Where a line is no CSV.
    """
    begun = False
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{where}, line {reader.line_num}: is not CSV ({error})") from None
        line = line_of(reader.line_num, cells, restored)
        if any(line.cells) and (begun or not line.cells[0].startswith("#")):
            begun = True
            yield line
