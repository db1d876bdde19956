"""A rollout as a folder keeps it: what has begun, and the limits of weeks and turnover."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.inputs.roster import roster_from_text
from sim.planning.packages import NOTHING, TeamPlan
from sim.planning.rollout import (
    NO_FURTHER,
    Rollout,
    read_plan,
    read_rollout,
    rollout_files,
    with_turnover,
)
from sim.scenarios.library import load_scenario

ROSTER = roster_from_text("team\nA\nB\nC\n")
PACKAGES: Any = (SimpleNamespace(name="one"), SimpleNamespace(name="two"))


def rollout(gone: int = 10) -> Rollout:
    plan = TeamPlan("p", np.array([0, 1, NOTHING]), np.array([9, 10, NOTHING]))
    return Rollout(PACKAGES, ROSTER, plan, gone, 52)


def test_what_started_before_the_weeks_gone_has_begun() -> None:
    assert [(team, week) for team, _, week in rollout(10).begun] == [("A", 9)]
    assert [team for team, _, _ in rollout(11).begun] == ["A", "B"]
    assert rollout(9).begun == []


def test_what_has_begun_is_a_plan_over_another_roster_and_packages() -> None:
    found = rollout(11).begun_in(roster_from_text("team\nZ\nB\nA\n"), ["two", "more", "one"])
    assert found.name == NO_FURTHER
    assert found.package.tolist() == [NOTHING, 0, 2]
    assert found.start.tolist() == [NOTHING, 10, 9]
    with pytest.raises(InputError, match="team 'A' has started, and is not in the roster"):
        rollout().begun_in(roster_from_text("team\nB\n"), ["one"])


def test_turnover_that_was_counted_is_noted_where_it_was() -> None:
    found = with_turnover(ROSTER, {"A": 2.0, "C": 0.5, "Z": 9.0})
    assert [row.turnover_multiplier for row in found.rows] == [2.0, 1.0, 0.5]
    assert found.notes[-1].endswith("in two teams")
    assert with_turnover(ROSTER, {}).notes == ROSTER.notes


PLAN = "team,package,start week\nA,refocus-as-delivered,0\n"


def folder(place: Path, plan: str = PLAN, **changes: Any) -> Path:
    files = rollout_files([load_scenario("refocus-as-delivered")], ROSTER, 26, 104, None)
    facts = json.loads(files["rollout.json"]) | changes
    files |= {"rollout.json": json.dumps(facts), "plan.csv": plan}
    for name, text in files.items():
        (place / name).write_text(text, encoding="utf-8")
    return place


@pytest.mark.parametrize(
    ("gone", "horizon", "good"),
    [
        (0, 104, True),
        (-1, 104, False),
        (104, 104, True),
        (105, 104, False),
        (0, 1040, True),
        (0, 1041, False),
        (0, 19, True),
        (0, 0, False),
    ],
)
def test_weeks_gone_lie_within_a_horizon_of_twenty_years(
    gone: int, horizon: int, good: bool, tmp_path: Path
) -> None:
    place = folder(tmp_path, weeks_gone=gone, horizon=horizon)
    if good:
        found = read_rollout("plan", place)
        assert (found.gone, found.horizon, found.source) == (gone, horizon, tmp_path.name)
        assert found.plan.start.tolist() == [0, NOTHING, NOTHING]
        return
    with pytest.raises(InputError, match="do not go together"):
        read_rollout("plan", place)


def test_a_horizon_of_one_week_is_one(tmp_path: Path) -> None:
    """A package of the shortest kind: its weeks are those of usual assessments."""
    found = read_rollout("plan", folder(tmp_path, weeks_gone=1, horizon=1))
    assert found.horizon == 1


@pytest.mark.parametrize(
    ("factor", "good"), [(0.1, True), (5.0, True), (0.099, False), (5.01, False)]
)
def test_turnover_has_the_limits_of_the_roster(factor: float, good: bool, tmp_path: Path) -> None:
    place = folder(tmp_path, turnover={"B": factor})
    if good:
        assert read_rollout("plan", place).turnover == {"B": factor}
        # Teams that are given anew have the turnover that is given.
        assert read_rollout("plan", place, ROSTER).turnover == {}
        return
    with pytest.raises(InputError, match="turnover of 'B'"):
        read_rollout("plan", place)


def test_a_team_that_starts_after_the_time_does_not_start(tmp_path: Path) -> None:
    file = tmp_path / "plan.csv"
    for first, last, starts in ((51, 52, [51, NOTHING]), (0, 99, [0, NOTHING])):
        rows = f"A,refocus-as-delivered,{first}\nB,refocus-boosters,{last}\n"
        file.write_text(f"team,package,start week\n{rows}", encoding="utf-8")
        packages, plan = read_plan(file, ROSTER, 52)
        assert plan.start.tolist() == [*starts, NOTHING]
        assert plan.package.tolist() == [0, NOTHING, NOTHING]
        assert [one.name for one in packages] == ["refocus-as-delivered", "refocus-boosters"]
    file.write_text("team,package,start week\nA,refocus-as-delivered,52\n", encoding="utf-8")
    with pytest.raises(InputError, match="starts no team within the 52 weeks"):
        read_plan(file, ROSTER, 52)


def test_the_facts_can_be_read_by_people() -> None:
    text = rollout_files([], ROSTER, 3, 52, date(2027, 4, 1), {"A": 2.0})["rollout.json"]
    assert '\n "weeks_gone": 3,\n "horizon": 52,\n "start_date": "2027-04-01",\n' in text
    assert replace(rollout(), start_date=date(2027, 4, 1)).spent is None
