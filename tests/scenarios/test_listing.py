"""`refocus list scenarios`: under headings in a terminal, CSV when piped."""

from __future__ import annotations

import csv
import io

import pytest

from sim.cli import main
from sim.commands.listing import SHOWN, grouped, scenarios
from sim.scenarios.fields import scenario_fields
from sim.scenarios.library import load_scenario, scenario_names


def test_every_scenario_stands_once_under_its_heading() -> None:
    head, rows = scenarios()
    lines = grouped(head[:SHOWN], [row[:SHOWN] for row in rows])
    headings = [line for line in lines if line and not line.startswith(" ")]
    choices = scenario_fields()["group"].choices
    assert headings == [one[:1].upper() + one[1:] for one in choices if one != "own"]
    under = ""
    seen = []
    for line in lines:
        if line in headings:
            under = line
        elif line:
            name = line.split()[0]
            assert load_scenario(name).group.lower() == under.lower()
            seen.append(name)
    assert sorted(seen) == list(scenario_names())
    assert all(len(line) <= 120 for line in lines)


def test_lines_are_aligned_and_headings_apart() -> None:
    rows = [["one", "a", "Long title", "x"], ["one", "bcd", "T", "y"], ["two", "e", "U", "z"]]
    assert grouped(["group", "name", "title", "grade"], rows) == [
        "One",
        "  a     Long title  x",
        "  bcd   T           y",
        "",
        "Two",
        "  e     U           z",
    ]


def test_piped_it_is_csv(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "scenarios"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["name"] for row in rows[:3]] == [
        "usual-care",
        "refocus-as-delivered",
        "refocus-full",
    ]
    assert len(rows) == len(scenario_names())
    assert {row["grade"] for row in rows} == {"trial", "literature", "assumption"}
