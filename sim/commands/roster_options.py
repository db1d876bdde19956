"""Options that say which teams there are."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from sim.commands.job import say
from sim.reading.numbers import whole

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


def roster_or_folder(
    options: argparse.Namespace, setting: str | None, folder: str | None
) -> Roster | None:
    """Return `given_roster`; None where none is given and a folder knows the teams."""
    if options.roster is None and options.columns is None and folder is not None:
        return None
    return given_roster(options, setting)


def given_roster(options: argparse.Namespace, setting: str | None = None) -> Roster:
    """Return the trial's roster or that of a file, and tell how it was read."""
    from sim.api.choices import LARGEST_SEED, chosen_roster

    seed = whole("seed", options.seed, 0, LARGEST_SEED)
    which = "trial" if options.roster is None else options.roster
    roster = chosen_roster(which, seed, options.columns, setting)
    for line in roster.told:
        say(f"roster '{roster.source}', {line}")
    return roster
