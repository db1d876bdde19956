"""The one table that the benchmarks print and that `docs/performance.md` shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One thing measured."""

    what: str  # What was measured
    result: str  # Result, a ratio where there is something to compare with
    aim: str  # What it must reach; empty when it is only reported
    met: bool | None  # Whether it was reached; None without an aim or without a result
    detail: str  # What the result was made of


HEADS = ("measured", "result", "aim", "met", "made of")
MET = {True: "yes", False: "no", None: ""}


def at_least(what: str, value: float, limit: float, detail: str, unit: str = "x") -> Row:
    """Return a row whose value should not be smaller than a limit."""
    return Row(what, figure(value, unit), f"at least {limit:g}", value >= limit, detail)


def at_most(what: str, value: float, limit: float, detail: str, unit: str = "x") -> Row:
    """Return a row whose value should not be larger than a limit."""
    return Row(what, figure(value, unit), f"at most {limit:g}", value <= limit, detail)


def reported(what: str, result: str, detail: str) -> Row:
    """Return a row without an aim."""
    return Row(what, result, "", None, detail)


def figure(value: float, unit: str) -> str:
    """Return a number with three significant digits and its unit."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit.strip()}".strip()


def markdown(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table whose columns line up in plain text too."""
    lines = [HEADS, *((row.what, row.result, row.aim, MET[row.met], row.detail) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]

    def text(line: Sequence[str]) -> str:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([text(lines[0]), rule, *(text(line) for line in lines[1:])])
