"""Rosters: which teams there are. Of the trial, from a CSV file, or from a described setting."""

from __future__ import annotations

from sim.inputs.roster.columns import ROSTER_COLUMNS, RosterColumn
from sim.inputs.roster.csv_file import (
    read_roster_csv,
    roster_from_text,
    roster_template,
    roster_text,
)
from sim.inputs.roster.described import described_roster
from sim.inputs.roster.team import ARMS, TEAM_TYPES, Roster, TeamRow
from sim.inputs.roster.trial import trial_roster

__all__ = [
    "ARMS",
    "ROSTER_COLUMNS",
    "TEAM_TYPES",
    "Roster",
    "RosterColumn",
    "TeamRow",
    "described_roster",
    "read_roster_csv",
    "roster_from_text",
    "roster_template",
    "roster_text",
    "trial_roster",
]
