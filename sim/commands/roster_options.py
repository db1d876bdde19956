"""Options that say which teams there are."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from sim.commands.job import say

if TYPE_CHECKING:
    from sim.inputs.roster import Roster


def add_roster_options(parser: argparse.ArgumentParser, folder: str = "") -> None:
    """Add the options that say which teams there are; `folder` may know them where none does."""
    default = f"'trial' (default; or the teams of {folder})" if folder else "'trial' (default)"
    parser.add_argument(
        "--roster",
        default=None if folder else "trial",
        help=f"{default} or a file of teams or staff (.csv .xlsx ...); see 'refocus teams'",
    )
    parser.add_argument(
        "--columns", metavar="FILE", help="which columns of the roster are which (TOML)"
    )


def tell_roster(roster: Roster) -> None:
    """Tell how the file of teams was read."""
    for line in roster.told:
        say(f"roster '{roster.source}', {line}")
