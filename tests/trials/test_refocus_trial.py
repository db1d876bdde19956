"""The worlds of a simulated REFOCUS trial: whose turn it is, and what is read from them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.trials.studies import refocus_trial as module
from sim.trials.studies.refocus_trial import TrialDesign, refocus_design, simulate_trial

TEAMS = np.array(
    [(2, 1, 0), (3, 2, 1), (1, 2, 3)], [("users", "i4"), ("staff", "i4"), ("programme", "i4")]
)


def layout(name: str) -> Any:
    return SimpleNamespace(teams=TEAMS, name=name)


class World:
    """A world that remembers what it was asked."""

    def __init__(self, layout: Any, assessments: tuple[int, ...], staff_too: bool) -> None:
        self.layout, self.assessments, self.staff_too = layout, assessments, staff_too
        self.scores = np.arange(float(len(assessments) * 6)).reshape(-1, 6)
        self.flags = np.array([["first"], ["last"]])
        self.staff_rows = np.array([[7, 8], [9, 10]])
        self.teams = "teams"
        self.asked: list[Any] = []

    def again(self, *given: Any) -> World:
        self.asked.append(given)
        return self

    def run_to(self, week: int) -> World:
        self.asked.append(week)
        return self


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    given: list[Any] = []

    def figures(*own: Any) -> np.ndarray:
        given.append(own)
        return np.array([float(len(given))])

    monkeypatch.setattr(module, "OneWorld", World)
    monkeypatch.setattr(module, "trial_figures", figures)
    judged = SimpleNamespace(
        weight="weight", reliability="reliability", places="places", with_control=1, adjust=2
    )
    asked: list[Any] = []

    def judging(*own: Any) -> Any:
        asked.append(own)
        return judged

    monkeypatch.setattr(module, "judging", judging)
    given.append(asked)
    return given


def test_who_is_in_which_team_and_arm() -> None:
    design = TrialDesign([layout("a")], 1)
    users, staff, arm = design.columns[0]
    assert users.tolist() == [0, 0, 1, 1, 1, 2]
    assert staff.tolist() == [0, 1, 1, 2, 2]
    assert arm.tolist() == [0, 1, 1], "any programme is treatment"


@pytest.mark.parametrize("checks", [True, False])
def test_a_replication_takes_a_roster_in_turn_and_reads_a_year(
    checks: bool, told: list[Any]
) -> None:
    design = TrialDesign([layout("a"), layout("b"), layout("c")], 5)
    space: dict[Any, Any] = {}
    for replication in (4, 7):
        simulate_trial(design, "values", replication, checks, space)
    [world] = space.values()
    assert world.layout.name == "b"
    assert world.assessments == ((0, 13, 52) if checks else (0, 52)), "a quarter and a year"
    assert world.staff_too == checks
    assert world.asked == [("values", 5, 4), 52, ("values", 5, 7), 52]
    assert told[0] == [(5, 4, 2), (5, 7, 2)], "two treated teams"
    first, last, quarter, flags, staff_first, staff_last = told[1][:6]
    assert first.tolist() == world.scores[0].tolist()
    assert last.tolist() == world.scores[-1].tolist()
    assert flags.tolist() == ["last"]
    if checks:
        assert quarter.tolist() == world.scores[1].tolist()
        assert (staff_first.tolist(), staff_last.tolist()) == ([7, 8], [9, 10])
    else:
        assert [len(one) for one in (quarter, staff_first, staff_last)] == [0, 0, 0]
    assert told[1][9:] == (
        *("teams", "weight", "reliability", "places", 1, 2),
        1 if checks else 0,
        5,
        4,
    )
    simulate_trial(design, "values", 6, checks, space)
    assert len(space) == 2
    simulate_trial(design, "values", 6, not checks, space)
    assert len(space) == 3


def test_rosters_are_drawn_by_seeds_that_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def expand(_scenario: Any, roster: int, weeks: int) -> Any:
        asked.append((roster, weeks))
        return roster

    monkeypatch.setattr(module, "trial_roster", lambda seed: seed)
    monkeypatch.setattr(module, "expand", expand)
    monkeypatch.setattr(module, "lay_out", lambda roster, _events: layout(str(roster)))
    found = refocus_design(3, 2)
    assert asked == [(3, 52), (4, 52)]
    assert [one.name for one in found.layouts] == ["3", "4"]  # type: ignore[attr-defined]
    assert found.seed == 3
    assert len(refocus_design(3).layouts) == 8
