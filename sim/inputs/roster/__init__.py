"""Rosters: which teams there are. Of the trial, from a file, or from a described setting."""

from __future__ import annotations

from sim.inputs.roster.column_map import ColumnMap, column_map_text, read_column_map
from sim.inputs.roster.columns import ROSTER_COLUMNS, RosterColumn
from sim.inputs.roster.described import described_roster
from sim.inputs.roster.roster_file import (
    read_roster_csv,
    roster_from_bytes,
    roster_from_text,
    roster_template,
    roster_text,
    roster_workbook,
)
from sim.inputs.roster.team import ARMS, TEAM_TYPES, Roster, TeamRow
from sim.inputs.roster.trial import trial_roster

__all__ = [
    "ARMS",
    "ROSTER_COLUMNS",
    "TEAM_TYPES",
    "ColumnMap",
    "Roster",
    "RosterColumn",
    "TeamRow",
    "column_map_text",
    "described_roster",
    "read_column_map",
    "read_roster_csv",
    "roster_from_bytes",
    "roster_from_text",
    "roster_template",
    "roster_text",
    "roster_workbook",
    "trial_roster",
]
