"""`refocus list`: what scenarios, parameters and measures there are."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable

WHAT = ("scenarios", "parameters", "measures")
EXAMPLES = """\
examples:
  refocus list scenarios
  refocus list parameters | grep turnover
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "list",
        help="list scenarios, parameters or measures",
        description="List what there is: a table in a terminal, CSV when piped.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", metavar="|".join(WHAT), help="what to list")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print the list."""
    from sim.errors import unknown

    if given.what not in WHAT:
        raise unknown("list", given.what, WHAT)
    head, rows = {"scenarios": scenarios, "parameters": parameters, "measures": measures}[
        given.what
    ]()
    show(head, rows)
    return 0


def scenarios() -> tuple[list[str], list[list[str]]]:
    """Return the scenarios of the library."""
    from sim.scenarios.library import list_scenarios

    return ["name", "title", "grade"], [
        [one.name, one.title, one.grade] for one in list_scenarios()
    ]


def parameters() -> tuple[list[str], list[list[str]]]:
    """Return the parameters."""
    from sim.parameters import registry

    return ["name", "label", "unit", "default", "low", "high", "grade", "link"], [
        [
            one.name,
            one.label,
            one.unit,
            f"{one.default:g}",
            f"{one.bounds[0]:g}",
            f"{one.bounds[1]:g}",
            one.grade,
            one.link,
        ]
        for one in registry().values()
    ]


def measures() -> tuple[list[str], list[list[str]]]:
    """Return the measures."""
    from sim.measures.catalogue import CATALOGUE

    return ["name", "title", "minimum", "maximum", "rater"], [
        [one.name, one.title, f"{one.minimum:g}", f"{one.maximum:g}", one.rater]
        for one in CATALOGUE
    ]


def show(head: list[str], rows: Iterable[list[str]]) -> None:
    """Print rows: aligned in a terminal, CSV when piped."""
    table = [head, *rows]
    if not sys.stdout.isatty():
        csv.writer(sys.stdout, lineterminator="\n").writerows(table)
        return
    widths = [max(len(str(row[column])) for row in table) for column in range(len(head))]
    for row in table:
        line = "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())
