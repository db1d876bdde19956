"""Benchmarks at tiny sizes: ratios are what they say, pages render."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import machine, national, same_rules
from benchmarks.linearity import slope
from benchmarks.page import page
from benchmarks.patterns import row as pattern
from benchmarks.table import Row, at_least, at_most, figure, markdown, reported
from benchmarks.timing import median_seconds_in_turns
from benchmarks.worlds import run, service_layout, world_of
from sim.mechanisms import recovery

TEAMS, USERS, WEEKS = 3, 25, 14
ROWS = [
    at_least("speed", 120.0, 100.0, "a against b"),
    at_most("memory", 3.0, 2.0, "largest", "GB"),
    reported("something", "12 x", "no aim"),
]


def test_the_same_rules_draw_from_pythons_generator_only_for_a_while() -> None:
    layout = service_layout(1, 12, 4)
    keyed = recovery.normals
    first, again, other = (same_rules.run(layout, 4, seed) for seed in (1, 1, 2))
    assert recovery.normals is keyed
    assert first == again
    assert first != other


def test_a_world_is_the_same_observed_or_not() -> None:
    layout = service_layout(2, 12, 6)
    one, two = world_of(layout), world_of(layout, team_weeks=6)
    run(one, 6)
    run(two, 6)
    assert one.users.tobytes() == two.users.tobytes()
    assert (layout.staff, layout.users) == (40, 24)


def test_the_floor_writes_every_variable_that_a_week_writes() -> None:
    from benchmarks import floor

    layout = service_layout(2, 12, 4)
    spare = world_of(layout)
    staff = np.zeros(layout.staff, floor.compiled.STAFF_DTYPE)
    for array in (staff, spare.users):
        for name in array.dtype.names or ():
            array[name] = -7
    floor.staff_floor(staff, spare.teams, layout.teams, layout.actions, 1, 0, 4)
    floor.user_floor(spare.users, layout.teams, np.full(layout.users, 0.4), 1, 0, 4)
    stores = (*floor.COME_AND_GO, *floor.TRAIN, *floor.HEAR, *floor.PRACTISE)
    for array, results in ((staff, stores), (spare.users, floor.USER_WEEK)):
        written = {name for result in results for name in result._fields}
        for name in array.dtype.names or ():
            assert (array[name] != -7).all() == (name in written), name


def test_works_take_turns_and_the_median_counts() -> None:
    order: list[str] = []
    said = iter([9.0, 1.0, 5.0, 3.0])

    def first() -> float:
        order.append("a")
        return next(said)

    taken = median_seconds_in_turns({"a": first, "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b"] * 4
    assert taken["a"] == 3.0, "the first call is left out, a returned time is believed"


def test_a_slope_is_the_power() -> None:
    sizes = [10, 100, 1000]
    assert slope(sizes, [2.0 * size**1.5 for size in sizes]) == pytest.approx(1.5)


def test_a_pattern_outside_of_the_simulated_trials_is_not_met() -> None:
    values = np.append(np.linspace(0.0, 1.0, 101), np.nan)
    assert pattern("inside", values, 0.5, "points").met is True
    assert pattern("outside", values, 0.99, "points").met is False


def test_limits_count_as_met() -> None:
    assert at_least("", 100.0, 100.0, "").met is True
    assert at_most("", 2.0, 2.0, "").met is True
    assert [row.met for row in ROWS] == [True, False, None]
    assert [figure(value, " s") for value in (1234.5, 12.34, 1.234)] == [
        "1,234 s",
        "12.3 s",
        "1.23 s",
    ]


def test_the_table_lines_up() -> None:
    lines = markdown(ROWS).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert len(lines) == 2 + len(ROWS)
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "speed",
        "120 x",
        "at least 100",
        "yes",
        "a against b",
    ]


def test_the_page_names_the_machine_but_neither_host_nor_folder() -> None:
    text = page(ROWS, 0.1, "2030-01-01")
    assert machine.processor() in text
    assert f"Python {platform.python_version()}" in text
    assert "1 of 2 aims were met. Not met: memory." in text
    assert markdown(ROWS) in text
    assert str(Path.cwd()) not in text
    assert len(platform.node()) < 4 or platform.node() not in text


def test_a_busy_machine_is_said_to_be_busy() -> None:
    assert "other work was running" in page(ROWS, 100.0 * machine.cores(), "2030-01-01")
    assert "other work was running" not in page(ROWS, 0.0, "2030-01-01")


def test_a_national_run_reports_seconds_and_bytes_from_a_process_of_its_own() -> None:
    ballast = np.ones(2**26)  # A larger parent must not count: half a gigabyte.
    command = [sys.executable, "-m", "benchmarks.national", "2", "4", "1"]
    said = subprocess.run(command, cwd=national.ROOT, check=True, capture_output=True, text=True)
    seconds, peak = json.loads(said.stdout)
    assert seconds > 0.0
    assert 5e7 < peak < ballast.nbytes


def test_every_row_of_a_part_has_what_it_is_made_of() -> None:
    from benchmarks.second_core import measure

    rows = measure(True)
    assert all(isinstance(row, Row) and row.detail and row.result for row in rows)
