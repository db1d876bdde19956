"""Files to start from: every column explained, and example rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.inputs.registers.columns import KINDS, LEFT_OUT
from sim.spreadsheet import csv_text

EXAMPLES: dict[str, tuple[Sequence[Any], ...]] = {
    "register": (
        ("North 1", 2, 14, 18, "yes"),
        ("North 1", 5, 0, 18, "no"),
        ("South 1", 2, 9, "", ""),
    ),
    "audit": (("North 1", 26, 0.31, 0.08), ("South 1", 26, 0.12, "")),
    "turnover": (("North 1", 13, 1, 0), ("North 1", 26, 0, 1), ("South 1", 26, 3, "")),
    "outcomes": (("all teams", 26, "qpr15", 180, 36.2, 10.9),),
    "plan": (
        ("North 1", "refocus-as-delivered", 0, ""),
        ("South 1", "refocus-boosters", 8, ""),
    ),
}


def template(kind: str) -> str:
    """Return a CSV file of a kind to start from."""
    lines = ["# Lines that begin with # may stand above the heading."]
    for one in KINDS[kind]:
        left = f" Left out: {one.default}." if one.name in LEFT_OUT[kind] else ""
        lines.append(f"# {one.name} ({one.unit}): {one.help}{left}")
    names = [one.name for one in KINDS[kind]]
    return "\n".join(lines) + "\n" + csv_text(names, EXAMPLES[kind], ends="\n")


def register_template() -> str:
    """Return a register of attendance to start from."""
    return template("register")


def audit_template() -> str:
    """Return a file of practice audits to start from."""
    return template("audit")


def turnover_template() -> str:
    """Return a file of leavers and starters to start from."""
    return template("turnover")


def outcomes_template() -> str:
    """Return a file of means of outcomes to start from."""
    return template("outcomes")


def plan_template() -> str:
    """Return a file of who gets what from when to start from."""
    return template("plan")
