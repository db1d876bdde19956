"""The columns of registers, by kind, from the TOML file beside this one."""

from __future__ import annotations

import tomllib
from pathlib import Path

from sim.inputs.roster.columns import RosterColumn, described_columns

KINDS: dict[str, tuple[RosterColumn, ...]] = {
    kind: described_columns(tables)
    for kind, tables in tomllib.loads(
        Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    ).items()
}
"""Columns by kind of file: register, audit, turnover, outcomes; and plan."""

LEFT_OUT = {
    "register": ("invited", "held"),
    "audit": ("error",),
    "turnover": ("starters",),
    "outcomes": ("team", "measure"),
    "plan": ("package", "start_week", "start_date"),
}
"""Columns and cells that may be left out."""
