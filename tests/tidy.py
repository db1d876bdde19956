"""Whether tables are tidy: a number has a cell of its own, and no words beside it in its column."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Mapping

import pandas as pd

_NUMBER = r"[£$]?[+\-−]?[£$]?\d[\d,]*(\.\d+)?"
_UNTIDY = re.compile(
    rf"'?(about |under |up to )?({_NUMBER} ?%|{_NUMBER}( to | - |–){_NUMBER}%?( \(.*)?|"
    rf"{_NUMBER}%? \(.*\d.*\)|[£$]?\d+(,\d{{3}})+)"
)
_ALONE = re.compile(r"[+-]?(\d+(\.\d*)?(e[+-]?\d+)?|inf)", re.IGNORECASE)
ANYTHING = ("year", "answer")
"""Columns that may hold both: years, and all of them; answers to the items of a checklist."""
_HELD = re.compile(r'download="([^"]+)\.csv" href="data:text/csv;base64,([^"]*)"')


def untidy_cells(frame: pd.DataFrame) -> list[str]:
    """Return the columns of a table in which a cell of text is a number with more to it."""
    found = []
    for name in frame.columns:
        texts = [one for one in frame[name] if isinstance(one, str)]
        odd = next((one for one in texts if _UNTIDY.fullmatch(one.strip())), None)
        words = {
            bool(_ALONE.fullmatch(str(one).strip())) for one in frame[name].dropna() if one != ""
        }
        if odd is None and len(words) == 2 and name not in ANYTHING:
            odd = next(one for one in texts if one and not _ALONE.fullmatch(one.strip()))
        if odd is not None:
            found.append(f"{name}: {odd!r}")
    return found


def tables_in(files: Mapping[str, bytes]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield every CSV file, and every table that pages of HTML hold."""
    for name, content in files.items():
        text = content.decode() if name.endswith((".csv", ".html")) else ""
        if name.endswith(".csv"):
            yield name, pd.read_csv(io.StringIO(text), comment="#")
        for held, table in _HELD.findall(text) if name.endswith(".html") else ():
            yield f"{name}: {held}", pd.read_csv(io.BytesIO(base64.b64decode(table)))


def untidy(files: Mapping[str, bytes]) -> list[str]:
    """Return what is not tidy in any table of a folder's files, by name."""
    tables = list(tables_in(files))
    assert tables, "there is no table"
    return [f"{name}, {one}" for name, frame in tables for one in untidy_cells(frame)]
