"""Measures by team: means, point-years on straight lines, weeks of assessment, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.engines.ensemble import Chunk, Request
from sim.inputs.roster import roster_from_text
from sim.planning import packages as module
from sim.planning.packages import (
    NOTHING,
    OUTCOMES,
    TeamPlan,
    as_package,
    as_usual,
    core_training_weeks,
    funded_weeks,
    half_yearly,
    mean_over_weeks,
    mixed_layout,
    point_years,
    team_means,
    team_outcomes,
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
    untaught = adjusted(
        one,
        {"training.personal_recovery.sessions": [], "training.coaching.sessions": []},
    )
    assert core_training_weeks(untaught) == 1


ROSTER = roster_from_text("team\nA\nB\nC\n")
PLAN = TeamPlan("p", np.array([1, NOTHING, 0]), np.array([4, NOTHING, 0]))


def test_each_team_follows_its_own_package_from_its_own_week() -> None:
    """Calendar 0 is usual care, in which nothing is done; packages follow in their order."""
    assert NOTHING == -1, "0 is the first package"
    names = ("refocus-as-delivered", "coaching-only")
    packages = [as_package(load_scenario(name), 20) for name in names]
    found = mixed_layout(packages, ROSTER, PLAN, 20)
    assert found.teams["programme"].tolist() == [2, 0, 1]
    assert found.teams["start_week"].tolist() == [4, -1, 0]
    assert found.teams["order"].tolist() == [0, 0, 0]
    assert found.selection_mode == 0
    assert found.actions.shape == (3, 20)
    days = found.actions["session_days"].sum(axis=1)
    usual, refocus, coaching = days.tolist()
    assert usual == 0.0
    assert refocus > coaching > 0.0
    assert not found.actions["prt_session"][2].any(), "coaching alone has no other sessions"


def test_usual_care_is_simulated_beside_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a fake simulation keeps: the number of the scenario times ten, and the draw."""
    asked: list[Request] = []

    def simulate(request: Request, reduce: Any, names: Any, **how: Any) -> list[Any]:
        asked.append(request)
        assert how["workers"] == 1
        cut = [Chunk(0, one, draw, 0, 1) for one in range(2) for draw in range(3)]
        shape = (3, len(OUTCOMES))
        values = {one: np.full(shape, 10.0 * one.scenario * (1.0 + one.draw) + 5.0) for one in cut}
        values[cut[3]][2] = np.nan
        return [(one, {"outcomes": values[one]}) for one in cut]

    monkeypatch.setattr(module, "simulate_reduced", simulate)
    packages = [as_package(load_scenario("refocus-as-delivered"), 20)] * 2
    draws: Any = [{"turnover_yearly": 0.1 * one} for one in range(1, 4)]
    found = team_outcomes(packages, ROSTER, [PLAN], draws=draws, weeks=20, seed=3, workers=1)
    assert found.shape == (1, 3, 3, len(OUTCOMES))
    assert found[0, :, 0, 0].tolist() == [10.0, 20.0, 30.0]
    assert found[0, 0, 2].tolist() == [0.0] * len(OUTCOMES), "nobody was left to ask"
    (request,) = asked
    assert (request.replications, request.seed, request.weeks) == (1, 3, 20)
    assert request.draws.shape == (2, 3)
    assert request.draws["turnover_yearly"][0].tolist() == pytest.approx([0.1, 0.2, 0.3])
    treated = [one.teams["programme"].tolist() for one in request.layouts]
    assert treated == [[0, 0, 0], [2, 0, 1]]


def test_outcomes_of_a_team_are_over_the_time_or_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two weeks: reach of .2 and .4 is .3 on average; half of the staff are trained at the end."""
    kept: dict[str, Any] = {}

    def beside(*given: Any, **_: Any) -> np.ndarray:
        kept["reduce"] = given[3]
        return np.zeros((2, 1, 1, len(OUTCOMES)))

    monkeypatch.setattr(module, "beside_usual", beside)
    one: Any = SimpleNamespace(rows=[None])
    team_outcomes([], one, [PLAN], draws=[{}], weeks=2, seed=1)
    lived = np.array(
        [(0, 0, 0.9, 0.9, 0.9), (0, 1, 0.2, 0.4, 0.1), (0, 2, 0.4, 0.8, 0.5)],
        [
            ("team", int),
            ("week", int),
            *((name, float) for name in ("reach", "fidelity", "adoption")),
        ],
    )
    fields = ("qpr15", "inspire_support", "inspire_relationship")
    people = np.array(
        [(0, 0, 10.0, 1.0, 2.0), (0, 2, 36.0, 3.0, 4.0)],
        [("team", int), ("week", int), *((name, float) for name in fields)],
    )
    found = kept["reduce"](None, None, {"team_weeks": lived, "assessments": people})["outcomes"]
    assert dict(zip(OUTCOMES, found[0].tolist(), strict=True)) == pytest.approx(
        {
            "qpr_years": 23.0 * 2 / 52,
            "reach": 0.3,
            "practice": 0.6,
            "qpr15": 36.0,
            "adoption": 0.5,
            "inspire_support": 3.0,
            "inspire_relationship": 4.0,
        }
    )
