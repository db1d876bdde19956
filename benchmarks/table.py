"""The one table that the benchmarks print and that `docs/performance.md` shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One thing measured.

    Attributes
    ----------
    what : str
        What was measured.
    result : str
        Result, a ratio where there is something to compare with.
    aim : str
        What it must reach; empty when it is only reported.
    detail : str
        What the ratio was made of.
    """

    what: str
    result: str
    aim: str
    detail: str


HEADS = Row("measured", "result", "aim", "detail")


def markdown(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table whose columns line up in plain text too."""
    lines = [HEADS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]

    def text(line: Sequence[str]) -> str:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([text(HEADS), rule, *(text(row) for row in rows)])
