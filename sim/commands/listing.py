"""`refocus list`: what scenarios, parameters and measures there are."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence

from sim.spreadsheet import csv_text
from sim.text_table import aligned

WHAT = ("scenarios", "parameters", "measures")
SHOWN = 4
"""Columns of the list of scenarios for which a terminal has room."""
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
    )
    parser.add_argument("what", metavar="|".join(WHAT), help="what to list")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the list."""
    from sim.errors import unknown

    if options.what not in WHAT:
        raise unknown("list", options.what, WHAT)
    head, rows = {"scenarios": scenarios, "parameters": parameters, "measures": measures}[
        options.what
    ]()
    if options.what == "scenarios" and sys.stdout.isatty():
        print("\n".join(grouped(head[:SHOWN], [row[:SHOWN] for row in rows])))
        print(
            "\n'refocus explain NAME' tells what a scenario does, what it assumes, and its "
            "strategies and determinants by ERIC and CFIR names; so does this list when piped."
        )
        return 0
    show(head, rows)
    return 0


def scenarios() -> tuple[list[str], list[list[str]]]:
    """Return the scenarios of the library, group by group; a terminal shows the first columns."""
    from sim.scenarios.library import list_scenarios, load_scenario
    from sim.scenarios.words import CFIR, ERIC, word_cells

    rows = [
        [one.group, one.name, one.title, one.grade, *word_cells(load_scenario(one.name)).values()]
        for one in list_scenarios()
    ]
    return ["group", "name", "title", "grade", ERIC, CFIR], rows


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
    from sim.frameworks import Words, joined, own_words
    from sim.measures.catalogue import catalogue

    rows = []
    for one in catalogue().values():
        words = own_words().get(one.name, Words())
        names = [joined(words.proctor), joined(words.re_aim)]
        rows.append(
            [one.name, one.title, f"{one.minimum:g}", f"{one.maximum:g}", one.rater, *names]
        )
    return ["name", "title", "minimum", "maximum", "rater", "Proctor", "RE-AIM"], rows


def grouped(head: list[str], rows: Sequence[list[str]]) -> list[str]:
    """Return aligned lines under headings; rows name their heading first and stand together."""
    # The headings of columns are not shown, yet keep columns apart.
    shown = aligned([head[1:], *(row[1:] for row in rows)])[1:]
    lines: list[str] = []
    heading = ""
    for row, line in zip(rows, shown, strict=True):
        if row[0] != heading:
            heading = row[0]
            lines += [*([""] if lines else []), heading[:1].upper() + heading[1:]]
        lines.append(f"  {line}")
    return lines


def show(head: list[str], rows: Iterable[list[str]]) -> None:
    """Print rows: aligned in a terminal, CSV when piped."""
    table = [head, *rows]
    if not sys.stdout.isatty():
        print(csv_text(head, rows, ends="\n"), end="")
        return
    print("\n".join(aligned(table)))
