"""Starts, sessions and marks of the page of a decision, by hand."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.planning.compare_decision import _start_note, _starts, quarters, session_weeks
from sim.planning.setting import Setting
from sim.planning.trainers import Starts
from sim.scenarios.library import adjusted, load_scenario

REFOCUS = load_scenario("refocus-as-delivered")


@pytest.mark.parametrize(
    ("weeks", "marks"),
    [
        (52, [0, 26, 52]),
        (51, [0, 26]),
        (156, [0, 26, 52, 78, 104, 130, 156]),
        (157, [0, 52, 104, 156]),
    ],
)
def test_marks_are_half_yearly_up_to_three_years(weeks: int, marks: list[int]) -> None:
    assert quarters(Setting(), weeks) == tuple((one, f"week {one}") for one in marks)


def test_marks_have_dates_where_there_is_a_first_day() -> None:
    found = quarters(Setting(start_date=date(2027, 4, 1)), 26)
    assert found == ((0, "Apr 2027"), (26, "Sep 2027"))


def test_sessions_are_counted_from_the_start_of_the_time_looked_at() -> None:
    own = sorted(
        {
            session.week
            for course in (REFOCUS.training.personal_recovery, REFOCUS.training.coaching)
            for session in course.sessions
        }
    )
    assert session_weeks(REFOCUS, 10) == tuple(9 + one for one in own)
    later = adjusted(REFOCUS, {"readiness.preparation_weeks": 4})
    assert session_weeks(later, 10) == tuple(13 + one for one in own)


def comparison(given: list[int], shared: bool = False) -> Any:
    wished, reasons = np.array([0, 0, 0, -1]), ("", "", "waits: busy", "")
    rows = [SimpleNamespace(team=f"t{one}", trust="a") for one in range(4)]
    return SimpleNamespace(
        names=("usual", "refocus"),
        scenario=lambda name: REFOCUS,
        question=SimpleNamespace(roster=SimpleNamespace(rows=rows)),
        prepared=SimpleNamespace(
            shared_out=(False, shared),
            starts=(None, Starts(wished, np.array(given), reasons)),
        ),
    )


def test_every_team_that_starts_stands_on_the_page() -> None:
    found = _starts(comparison([0, 9, -1, -1]), "refocus")
    assert [(one.team, one.week) for one in found] == [("t0", 0), ("t1", 9)]
    assert found[0].lasts == REFOCUS.conditions.funding_end_week
    assert found[1].sessions == session_weeks(REFOCUS, 9)
    assert _starts(comparison([0, 9, -1, -1], shared=True), "refocus") == []


def test_who_starts_late_or_not_at_all_is_counted() -> None:
    assert _start_note(comparison([0, 1, -1, -1]), "refocus") == (
        "2 of 4 teams start, 1 of them later than wished; 1 do not start in this time (busy)."
    )
    assert _start_note(comparison([0, 0, 0, -1], shared=True), "refocus") == (
        "3 of 4 teams start (busy). Which team starts when is found anew in every simulation."
    )
