"""The numbers of a decision's page beside the tables that hold them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pandas as pd
import pytest


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
