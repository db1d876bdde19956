"""Many worlds: when they are assessed, when teams start, and who finds that out."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from sim.planning.resources import RESOURCES
from sim.planning.worlds import Worlds, found_within_worlds, with_starts, yearly_assessments

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
