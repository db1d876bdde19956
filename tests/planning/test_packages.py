"""Measures by team: means, point-years on straight lines, weeks of assessment, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sim.planning.packages import (
    as_package,
    as_usual,
    core_training_weeks,
    funded_weeks,
    half_yearly,
    mean_over_weeks,
    point_years,
    team_means,
)
from sim.scenarios.library import adjusted, load_scenario

NAN = float("nan")


def people(*rows: tuple[int, int, float]) -> np.ndarray:
    return np.array(list(rows), dtype=[("team", int), ("week", int), ("qpr15", float)])


def test_a_mean_is_of_those_who_were_asked_in_the_week() -> None:
    table = people((0, 26, 10.0), (0, 26, 20.0), (0, 26, NAN), (0, 52, 99.0), (2, 26, 7.0))
    np.testing.assert_array_equal(team_means(table, "qpr15", 26, 3), [15.0, NAN, 7.0])


def test_point_years_are_the_area_under_straight_lines() -> None:
    """From 0 to 10 in half a year, to 20 in another quarter: 2.5 and 3.75 point-years."""
    table = people((0, 0, 0.0), (0, 26, 10.0), (0, 39, 20.0))
    assert point_years(table, [0, 26, 39], 1).tolist() == [6.25]


def test_the_start_is_no_week_of_a_mean() -> None:
    lived = np.array(
        [(0, 0, 9.0), (1, 0, 1.0), (1, 1, 2.0), (2, 0, 3.0), (2, 1, 4.0)],
        dtype=[("week", int), ("team", int), ("reach", float)],
    )
    assert mean_over_weeks(lived, "reach", 2, 2).tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("weeks", "assessed"),
    [(20, [0, 20]), (26, [0, 26]), (27, [0, 26, 27]), (60, [0, 26, 52, 60])],
)
def test_assessments_are_half_yearly_and_at_the_end(weeks: int, assessed: list[int]) -> None:
    assert half_yearly(weeks) == assessed
    assert list(as_usual(weeks).assessment.weeks) == assessed


def test_a_package_starts_at_once_in_all_teams() -> None:
    waves = adjusted(load_scenario("refocus-as-delivered"), {"timing.start_week": 8})
    found = as_package(waves, 52)
    assert (found.timing.start_week, found.timing.waves, found.who.teams) == (0, 1, "all")


def test_training_ends_with_its_last_funded_session_and_boosters_are_none() -> None:
    """REFOCUS as delivered has its last session in week 18, or 12 where funds end before."""
    one = load_scenario("refocus-as-delivered")
    sessions = sorted(
        session.week
        for course in (one.training.personal_recovery, one.training.coaching)
        for session in course.sessions
    )
    assert core_training_weeks(one) == sessions[-1]
    boosted = adjusted(one, {"support.boosters.sessions": [{"week": 40, "days": 0.5}]})
    assert core_training_weeks(boosted) == sessions[-1]
    for end, last in ((sessions[-1], sessions[-1]), (sessions[-1] - 1, sessions[-2])):
        short = adjusted(one, {"conditions.funding_end_week": end})
        assert core_training_weeks(short) == last
        assert funded_weeks(short) == end
    late = adjusted(one, {"readiness.preparation_weeks": 4})
    assert core_training_weeks(late) == sessions[-1] + 4
    assert funded_weeks(late) == one.conditions.funding_end_week + 4
