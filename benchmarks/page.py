"""The page on performance: the table, the machine, and how to read both."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import machine
from benchmarks.table import Row, markdown

READ = """\
Works that are compared take turns in the same minutes, and their medians are compared. What runs on
one core is timed by the thread's processor time, which a busy machine spoils less; what runs on two
by the wall clock. Compiling is left out: it takes about half a minute, once after installation or a
change of the rules."""

REFERENCES = """\
* **The floor** makes the same random draws and transforms as the compiled week, writes the
  same variables, and does nothing else.
* **The same rules on plain Mesa** are our agents and rules with draws from Python's own generator.
* **The small model** is one model written three times, on plain Mesa, on mesa-frames and on NumPy:
  teams of staff who come and go, are trained, influence each other and change what they do, and
  users who meet a key worker and recover. It has as many people, draws and updated variables. It
  leaves out what would cost it time: most terms of the equations, parameters that can be set,
  scenarios, trusts, moves and induction, instruments, assessments and events, and draws keyed by
  person and week, without which there are no common random numbers and no result that is the same
  in any order and on any number of threads. mesa-frames draws for everybody where the others draw
  for those concerned."""


def page(rows: Sequence[Row], load: float, date: str, quick: bool = False) -> str:
    """Return the page."""
    missed = [row.what for row in rows if row.met is False]
    aims = sum(row.met is not None for row in rows)
    summary = f"{aims - len(missed)} of {aims} aims were met."
    if missed:
        summary += f" Not met: {'; '.join(missed)}."
    parts = [
        "# Performance",
        "Written by `make bench`; do not edit by hand."
        + (" Quick sizes: the numbers mean little." if quick else ""),
        f"Measured on {date}. {machine.description()} Load average before: {load:.1f}"
        + ("." if machine.quiet(load) else " (other work was running)."),
        summary,
        markdown(rows),
        "## How it was measured",
        READ,
        "## What it is compared with",
        REFERENCES,
    ]
    return "\n\n".join(parts) + "\n"
