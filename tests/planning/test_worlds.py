"""Many worlds: when they are assessed, when teams start, and who finds that out."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.engines.ensemble import Chunk, Request
from sim.inputs.roster import roster_from_text
from sim.planning import worlds as module
from sim.planning.outcomes import (
    GROUP_MEASURES,
    IMPLEMENTATION,
    SCORES,
    WEEKLY,
    Covered,
    covered_by,
)
from sim.planning.resources import RESOURCES, Plan, plan_of
from sim.planning.worlds import (
    COLLECT,
    Worlds,
    found_within_worlds,
    planning_request,
    simulate_worlds,
    with_starts,
    yearly_assessments,
)
from sim.scenarios.library import adjusted, load_scenario

TEAMS = np.dtype([("order", int), ("programme", int), ("start_week", int)])


@dataclass(frozen=True)
class Teams:
    """As much of a layout as start weeks need."""

    teams: np.ndarray


@pytest.mark.parametrize(
    ("weeks", "assessed"),
    [(51, [0, 51]), (52, [0, 52]), (60, [0, 52, 60]), (104, [0, 52, 104])],
)
def test_every_year_ends_in_an_assessment(weeks: int, assessed: list[int]) -> None:
    assert yearly_assessments(weeks) == assessed


@pytest.mark.parametrize(
    ("fixed", "expected"),
    # The first team starts in week 6; of those that never do, one waits for its place in the order.
    [(False, [6, 104, -1, -1, 0]), (True, [6, -1, -1, -1, 0])],
)
def test_teams_start_in_their_weeks_or_never(fixed: bool, expected: list[int]) -> None:
    rows = [(0, 1, 9), (1, 1, 9), (0, 1, 9), (1, 0, 9), (0, 0, 9)]
    layout = Teams(np.array(rows, TEAMS))
    starts = np.array([6, -1, -1, -1, 0])
    assert with_starts(layout, starts, 104, fixed).teams["start_week"].tolist() == expected
    assert layout.teams["start_week"].tolist() == [9] * 5


@pytest.mark.parametrize(
    ("mode", "order", "found"), [(0, 0, False), (1, 0, True), (0, 1, True), (0, -1, True)]
)
def test_worlds_find_out_who_takes_part_or_starts_first(mode: int, order: int, found: bool) -> None:
    teams = np.array([(0, 1, 0), (order, 1, 0)], TEAMS)
    assert found_within_worlds(SimpleNamespace(selection_mode=mode, teams=teams)) is found


def test_only_what_is_used_is_told() -> None:
    resources = np.zeros((2, 1, 1, 2, len(RESOURCES)))
    resources[1, 0, 0, 1, 3] = 7.0
    nothing = np.zeros(0)
    worlds = Worlds(("a", "b"), nothing, nothing, nothing, nothing, nothing, resources)
    assert worlds.use(0) == {}
    assert {name: own.tolist() for name, own in worlds.use(1).items()} == {
        list(RESOURCES)[3]: [[[0.0, 7.0]]]
    }


def asked() -> tuple[Request, Covered, list[Plan]]:
    """Return a request of usual care and of a strategy with induction, over 60 weeks."""
    roster = roster_from_text("team\nA\nB\n")
    inducted = adjusted(load_scenario("refocus-as-delivered"), {"training.induction": 0.005})
    scenarios = [load_scenario("usual-care"), inducted]
    starts = [np.array([-1, -1]), np.array([0, 8])]
    request = planning_request(
        scenarios,
        roster,
        starts,
        draws=[{}, {"turnover_yearly": 0.2}],
        weeks=60,
        replications=3,
        seed=5,
        fixed=True,
    )
    plans = [plan_of(one, roster, weeks, 60) for one, weeks in zip(scenarios, starts, strict=True)]
    return request, covered_by(roster, np.ones(2, bool)), plans


def test_newcomers_are_collected_where_somebody_inducts_them() -> None:
    request, _, _ = asked()
    assert request.collect == (*COLLECT, "events")
    assert request.names == ("usual-care", "refocus-as-delivered")
    assert request.draws.shape == (2, 2)
    assert request.assessment_weeks(0).tolist() == [0, 52, 60]
    assert [one.teams["start_week"].tolist() for one in request.layouts] == [[-1, -1], [0, 8]]
    roster = roster_from_text("team\nA\nB\n")
    plain = planning_request(
        [load_scenario("refocus-as-delivered")],
        roster,
        [np.array([0, 0])],
        draws=[{}],
        weeks=60,
        replications=1,
        seed=5,
    )
    assert plain.collect == COLLECT


def test_what_is_kept_of_chunks_finds_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two worlds and of one: scores are of each world, weekly means over all three."""
    request, covered, plans = asked()
    groups = len(covered.groups)

    def kept(chunk: Chunk) -> dict[str, np.ndarray]:
        value = 100.0 * chunk.scenario + 10.0 * chunk.draw
        worlds = np.arange(chunk.first, chunk.last, dtype=float) + value
        return {
            "scores": worlds[:, None, None] * np.ones((3, len(SCORES))),
            "groups": worlds[:, None, None, None] * np.ones((3, groups, len(GROUP_MEASURES))),
            "implementation": worlds[:, None] * np.ones(len(IMPLEMENTATION)),
            "resources": worlds[:, None, None] * np.ones((2, len(RESOURCES))),
            "weekly": worlds.sum() * np.ones((61, len(WEEKLY))),
        }

    def simulate(given: Request, reduce: Any, names: Any, **how: Any) -> list[Any]:
        seen = SimpleNamespace(**(kept(CHUNKS[0]) | {"weekly": np.ones((2, 61, len(WEEKLY)))}))
        monkeypatch.setattr(module, "outcomes_of", lambda *given: asks.append(given) or seen)
        reduced = reduce(given, CHUNKS[0], {})
        assert (reduced["weekly"] == 2.0).all()
        assert reduced["weekly"].shape == (61, len(WEEKLY))
        return [(one, kept(one)) for one in CHUNKS]

    asks: list[Any] = []
    monkeypatch.setattr(module, "simulate_reduced", simulate)
    found = simulate_worlds(request, covered, plans)
    assert asks[0][1] == 2, "worlds of the chunk"
    assert asks[0][-1] is False, "weeks are given"
    assert found.scores.shape == (2, 2, 3, 3, len(SCORES))
    assert found.scores[1, :, :, 0, 0].tolist() == [[100, 101, 102], [110, 111, 112]]
    assert np.isnan(found.scores[0]).all()
    assert found.groups[1, 1, 2, 2].tolist() == [[112.0] * 4] * groups
    assert np.isnan(found.groups[0]).all()
    assert np.isnan(found.implementation[0]).all()
    assert found.implementation[1, 0, 1].tolist() == [101.0] * len(IMPLEMENTATION)
    assert found.resources.shape == (2, 2, 3, 2, len(RESOURCES))
    assert (found.resources[0] == 0.0).all()
    assert found.weekly.shape == (2, 2, 61, len(WEEKLY))
    np.testing.assert_allclose(found.weekly[1, :, 7, 0], [101.0, 111.0])
    assert (found.weekly[0] == 0.0).all()


CHUNKS = [
    Chunk(number, 1, draw, first, last)
    for number, (draw, first, last) in enumerate([(0, 0, 2), (0, 2, 3), (1, 0, 2), (1, 2, 3)])
]
