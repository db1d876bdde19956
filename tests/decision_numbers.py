"""The numbers of a decision's page beside the tables that hold them."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from html.parser import HTMLParser
from io import BytesIO, StringIO

import numpy as np
import pandas as pd
import pytest

from sim.spreadsheet import frame_csv

PLAIN = r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?"


class Numbers(HTMLParser):
    """Every number of the decision: its full value, where a table holds it, and as shown."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[float, list[str], str]] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "data":
            given = dict(attrs)
            place = str(given["data-of"]).split("|")
            self.found.append((float(str(given["value"])), place, ""))
            self._open = True

    def handle_data(self, data: str) -> None:
        if self._open:
            value, place, _ = self.found[-1]
            self.found[-1] = (value, place, data)
            self._open = False


def shown_number(text: str) -> tuple[float, float] | None:
    """Return a number as it is shown and half of its last place; None for words."""
    found = re.fullmatch(r"[+£]*(−?)£?([\d,]+(?:\.\d+)?)([%=km]*)", text.replace("+", ""))
    if found is None:
        return None
    scale = {"k": 1e3, "m": 1e6}.get(found[3], 1.0)
    digits = len(found[2].partition(".")[2])
    size = float(found[2].replace(",", "")) * scale
    return (-size if found[1] else size), 0.5001 * scale * 10.0**-digits


def agrees(html: str, table_of: Callable[[str], pd.DataFrame]) -> int:
    """Check value, place and rounding of every number; return how many roundings were checked."""
    page = Numbers()
    page.feed(html)
    assert len(page.found) > 20
    tables: dict[str, pd.DataFrame] = {}
    compared = 0
    for value, (name, *keys, column), text in page.found:
        rows = tables.setdefault(name, table_of(name))
        for key in keys:
            told = rows.drop(columns=["beaten by"], errors="ignore")
            rows = rows[told.astype(str).eq(key).any(axis=1)]
        assert len(rows) == 1, (name, keys)
        assert rows[column].item() == pytest.approx(value, rel=1e-9, abs=1e-12), (name, keys)
        factor = 100.0 if column.startswith("share of draws") else 1.0
        told = shown_number(text)
        if told is not None:
            compared += 1
            assert told[0] == pytest.approx(factor * value, abs=told[1]), (text, value)
    return compared


class Tables(HTMLParser):
    """Every table of a page with the file that holds its numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.found: list[tuple[str, list[list[str]], pd.DataFrame]] = []
        self._cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "table":
            self.rows = []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        self._cell = tag in ("td", "th")
        name = str(given.get("download", ""))
        if tag == "a" and name.endswith(".csv"):
            text = b64decode(str(given["href"]).partition("base64,")[2])
            frame = pd.read_csv(BytesIO(text), keep_default_na=False)
            # A second file below a table holds more than it shows.
            if self.rows:
                self.found.append((name.removesuffix(".csv"), self.rows, frame))
            self.rows = []

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._cell:
            self.rows[-1][-1] += data


def numbers_of(cell: str) -> list[tuple[float, float]]:
    """Return every number of a cell of numbers, as `shown_number` does; none of a cell of words."""
    parts = re.split(r" to | \(|\) ?|, (?=[−+\d])", cell)
    found = [shown_number(one) for one in parts if one]
    return [] if None in found else [one for one in found if one is not None]


def _near(told: tuple[float, float], values: Iterable[object]) -> bool:
    """Return whether a number rounds one of some values, or a percentage one of some shares."""
    held = (float(one) for each in values for one in re.findall(PLAIN, str(each)))
    return any(abs(told[0] - scale * one) <= told[1] for one in held for scale in (1.0, 100.0))


def annex_agrees(html: str, tables: Mapping[str, pd.DataFrame]) -> tuple[set[str], int]:
    """Check that tables of a page hold what their files hold, and these what `tables` hold.

    A cell under a file's own heading is its rounding; one that holds several of a line's numbers,
    or of a table that is turned, is that of any of these. Returns the names of the tables that
    were checked against `tables`, and how many numbers were.
    """
    page = Tables()
    page.feed(html)
    checked, count = set(), 0
    for name, (heading, *rows), frame in page.found:
        for number, row in enumerate(rows):
            own = frame if len(rows) != len(frame) else frame.iloc[[number]]
            for title, cell in zip(heading, row, strict=True):
                several = numbers_of(cell)
                alone = len(several) == 1 and len(own) == 1 and title in own
                held = own[title] if alone else own.to_numpy().ravel()
                for told in several:
                    assert _near(told, np.asarray(held).tolist()), (name, number, title, cell)
                    count += 1
        text = StringIO(frame_csv(tables[name]) if name in tables else "none\n")
        read = pd.read_csv(text, keep_default_na=False)
        if list(read.columns) == list(frame.columns) and len(read) == len(frame):
            pd.testing.assert_frame_equal(read, frame, check_dtype=False, rtol=1e-6)
            checked.add(name)
    return checked, count
