"""Numbers as people write them: decimal commas, thousands, percent and currency signs.

The mark of decimals is a property of a file, not of a cell: ``1,234`` is one number in an English
spreadsheet and another in a German one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

_BLANKS = re.compile(r"(?<=\d)[\s\u00a0\u2009\u202f'\u2019](?=\d{3}(\D|$))")
_CURRENCY = re.compile(r"^([+-]?)\s*[£$€]\s*|\s*[£$€]$")
# A whole number with groups of three, or without; then a fraction, an exponent. Nobody writes a
# thousand with a leading zero: 0,096 is a fraction.
_WITH_POINT = re.compile(r"[+-]?([1-9]\d{0,2}(,\d{3})+|\d*)(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_WITH_COMMA = re.compile(r"[+-]?([1-9]\d{0,2}(\.\d{3})+|\d*)(,\d*)?([eE][+-]?\d+)?", re.ASCII)
_EITHER = re.compile(r"[+-]?\d{1,3}[.,]\d{3}", re.ASCII)
_FRACTION = {mark: re.compile(rf"[+-]?[\d.,]*\{mark}\d*%?", re.ASCII) for mark in ".,"}


class Written(NamedTuple):
    """A number as it was written: its plain text, and whether a percent sign stood behind it."""

    text: str
    percent: bool = False


def plain_number(text: str, decimal: str = ".") -> Written | None:
    """Return a number in plain digits with a decimal point; None where a text is no number.

    Parameters
    ----------
    text : str
        As ``1,020``, ``£12.50``, ``9.7%``, ``12k``, ``1 020``, ``−3``.
    decimal : str
        Mark of decimals of the file.
    """
    text = _CURRENCY.sub(r"\1", text.strip().replace("\u2212", "-"))
    percent = text.endswith("%")
    text = text.removesuffix("%").rstrip()
    thousands = text[-1:] in ("k", "K") and text[-2:-1].isdigit()
    if thousands:
        text = text[:-1]
    text = _BLANKS.sub("", text)
    form = _WITH_COMMA if decimal == "," else _WITH_POINT
    if not form.fullmatch(text) or not any("0" <= sign <= "9" for sign in text):
        return None
    group = "." if decimal == "," else ","
    text = text.replace(group, "").replace(decimal, ".")
    if thousands:
        text = f"{float(text) * 1000.0:.12g}"
    return Written(text, percent)


def decimal_mark(cells: Iterable[str], delimiter: str) -> tuple[str, str]:
    """Return the mark of decimals of a table, and what to tell where it is not certain.

    A comma counts where some number cannot be read otherwise, as 0,097 or 14,6, and none needs a
    point. Where every comma could part thousands, the delimiter decides: semicolons come from where
    commas are decimal.

    Parameters
    ----------
    cells : iterable of str
        Cells of the table.
    delimiter : str
        What parts the columns; empty for a workbook.
    """
    needed = {".": "", ",": ""}
    unclear = ""
    for cell in cells:
        if "," not in cell and (needed["."] or "." not in cell):
            continue
        bare = _BLANKS.sub("", _CURRENCY.sub(r"\1", cell.strip().replace("\u2212", "-")))
        if _EITHER.fullmatch(bare) and not bare.lstrip("+-").startswith("0"):
            if "," in bare:
                unclear = unclear or cell
            continue
        for mark, form in _FRACTION.items():
            other = "," if mark == "." else "."
            # The last mark of a number with both is the one of its decimals.
            if form.fullmatch(bare) and bare.rfind(mark) > bare.rfind(other):
                as_number = plain_number(bare, mark)
                if as_number is not None and bare.count(mark) == 1:
                    needed[mark] = needed[mark] or cell
    if needed[","] and needed["."] and unclear:
        return ".", (
            f"'{unclear}' is read as thousands, but '{needed[',']}' has a decimal comma and "
            f"'{needed['.']}' a decimal point: write all with one mark"
        )
    if needed[","] and not needed["."]:
        return ",", ""
    if needed["."] or not unclear:
        return ".", ""
    if delimiter == ";":
        return ",", f"'{unclear}' is read with a decimal comma, as columns are parted by semicolons"
    return ".", f"'{unclear}' is read as thousands, not as a decimal comma"
