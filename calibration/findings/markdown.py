"""Numbers, tables and marked parts of the calibration's page, as Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

Row = dict[str, Any]


def number(value: Any, digits: int = 2) -> str:
    """Return a figure as a reader wants it; a dash when there is none."""
    if value is None:
        return "-"
    if isinstance(value, dict):
        return f"{number(value['p'])} (MC SE {number(value['se'], 3)})"
    if isinstance(value, list | tuple):
        if len(value) == 3:
            return f"{number(value[0])} ({number(value[1])} to {number(value[2])})"
        return " to ".join(number(one) for one in value)
    if isinstance(value, float):
        if math.isnan(value):
            return "-"
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:z.{digits}f}"
    return str(value)


def table(rows: Sequence[Row], columns: Sequence[tuple[str, str | Callable[[Row], Any]]]) -> str:
    """Return rows as a Markdown table."""
    lines = ["| " + " | ".join(title for title, _ in columns) + " |", "|" + "---|" * len(columns)]
    for row in rows:
        cells = [number(row.get(key) if isinstance(key, str) else key(row)) for _, key in columns]
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines)


def generated(name: str, text: str) -> str:
    """Return text between the marks of a part that `docs.build_calibration` writes anew."""
    return f"<!-- generated: {name} -->\n{text.strip()}\n<!-- end of {name} -->"
