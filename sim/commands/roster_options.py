"""Options that say which teams there are."""

from __future__ import annotations

import argparse
from typing import Any

from sim.commands.job import say


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


def given_roster(options: argparse.Namespace, setting: str | None = None) -> dict[str, Any]:
    """Return what a question takes as its roster; a file is read here, and it is told how.

    It is told first, as what is wrong beside it may follow from how it was read.
    """
    from sim.api.choices import chosen_roster

    if options.roster in (None, "trial"):
        return {"roster": options.roster, "columns": options.columns}
    # No seed fills what a file leaves open.
    roster = chosen_roster(options.roster, 0, options.columns, setting)
    for line in roster.told:
        say(f"roster '{roster.source}', {line}")
    return {"roster": roster}
