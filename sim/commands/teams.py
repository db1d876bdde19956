"""`refocus teams`: read a list of teams or staff as a run would, and say all there is to say."""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.errors import InputError

EXAMPLES = """\
examples:
  refocus teams our-teams.xlsx
  refocus teams staff-record.csv --out teams.csv
  refocus teams our-teams.xlsx --save-columns columns.toml
  refocus compare refocus-boosters --roster our-teams.xlsx --columns columns.toml
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "teams",
        help="check a list of teams or staff, and see how it is read",
        description="Read a file of teams, or of staff with one row a person, and say which column "
        "is which, what was left out and what was assumed; or all that is wrong with it at once.",
        epilog=EXAMPLES,
    )
    parser.add_argument("file", metavar="FILE", help="teams (.csv .xlsx .dta .sav .parquet)")
    parser.add_argument("--columns", metavar="FILE", help="which columns are which (TOML)")
    parser.add_argument(
        "--save-columns", metavar="FILE", help="write which columns are which, to change and reuse"
    )
    parser.add_argument("--out", metavar="FILE.csv", help="write the teams as they are read")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read, tell, and write what was asked for."""
    from sim.inputs.roster import (
        ColumnMap,
        column_map_text,
        read_column_map,
        read_roster_csv,
        roster_text,
    )
    from sim.planning.decision import place_words

    said = ColumnMap() if options.columns is None else read_column_map(options.columns)
    for name in ("save_columns", "out"):
        path = getattr(options, name)
        if path is not None and Path(path).exists():
            raise InputError(
                f"{name.replace('_', '-')} = '{path}': exists already; name a new file"
            )
    roster = read_roster_csv(options.file, said)
    rows = roster.rows
    print(place_words(len(rows), len({one.trust for one in rows})))
    for label, name in (("posts", "staff"), ("that carry a caseload", "coordinators")):
        print(f"  {sum(getattr(one, name) for one in rows):,} {label}")
    print(f"  {sum(one.caseload for one in rows):,} service users on the books")
    for note in roster.notes:
        print(f"- {note}")
    if options.save_columns is not None:
        text = column_map_text(roster.mapping, said.start_date, said.sheet, said.readiness_scale)
        _write(options.save_columns, text)
    if options.out is not None:
        _write(options.out, roster_text(roster))
    return 0


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"'{path}': cannot be written ({error.strerror})") from error
    print(path)
