"""All benchmarks: ``python -m benchmarks`` prints the table and writes docs/performance.md."""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from benchmarks import machine
from benchmarks.page import page
from benchmarks.table import Row, markdown

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
PARTS = (
    "floor",
    "other_tools",
    "linearity",
    "second_core",
    "patterns",
    "trials",
    "mixed_model_speed",
    "planning",
    "watching",
    "slider",
    "classroom",
    "national",
)


def measured(parts: Sequence[str], quick: bool) -> list[Row]:
    """Return the rows of some parts, one after the other."""
    rows: list[Row] = []
    for name in parts:
        print(f"{name} ...", file=sys.stderr, flush=True)
        measure: Callable[[bool], list[Row]] = import_module(f"benchmarks.{name}").measure
        rows += measure(quick)
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, and write the page unless only something quick was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", default=PARTS)
    parser.add_argument("--quick", action="store_true", help="small sizes; numbers mean little")
    parser.add_argument("--out", type=Path, help="write the page here")
    given = parser.parse_args(arguments)
    whole = not given.quick and tuple(given.only) == PARTS
    load = machine.load()
    rows = measured(given.only, given.quick)
    print(markdown(rows))
    target = given.out or (PAGE if whole else None)
    if target is not None:
        today = datetime.date.today().isoformat()
        target.write_text(page(rows, load, today, given.quick), encoding="utf-8")


if __name__ == "__main__":
    main()
