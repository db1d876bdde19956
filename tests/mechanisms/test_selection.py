"""Selection: a measured readiness is as reliable as told, and the chosen regress to the mean."""

from __future__ import annotations

import numpy as np
import pytest

from sim.mechanisms.selection import (
    START_FIXED,
    START_LISTED,
    START_NEED,
    START_RANDOM,
    START_READINESS,
    attended_share,
    measured_need,
    measured_readiness,
    rollout_draw,
    slot_of,
    trainer_rating,
)
from sim.parameters import resolve
from sim.streams import MASK32, ROLLOUT_ORDER, SELECTION, TRAINER_RATING, normals, uniforms
from tests.worlds import CompiledWorld, plain_record, toy_layout

TEAMS = 6000


@pytest.mark.parametrize("reliability", [0.3, 0.7, 1.0])
def test_the_reliability_is_the_share_of_variance_that_is_real(reliability: float) -> None:
    p = resolve({"team_readiness_sd": 0.08})
    true = 0.5 + 0.08 * np.random.default_rng(1).normal(size=TEAMS)
    seen = np.array(
        [
            measured_readiness(value, reliability, p, (1, 0, number, 2, 0, 0))
            for number, value in enumerate(true.tolist())
        ]
    )
    assert np.corrcoef(true, seen)[0, 1] ** 2 == pytest.approx(reliability, abs=0.05)
    ratings = np.array(
        [
            trainer_rating(value, reliability, 0.08, (1, 0, number, 2, 0, 0))
            for number, value in enumerate(true.tolist())
        ]
    )
    assert np.corrcoef(true, ratings)[0, 1] ** 2 == pytest.approx(reliability, abs=0.05)
    if reliability < 1.0:
        # The two instruments err independently of each other.
        errors = np.corrcoef(seen - true, ratings - true)[0, 1]
        assert abs(errors) < 4.5 / np.sqrt(TEAMS)


def test_those_who_measure_well_are_less_ready_than_they_seem() -> None:
    p = resolve({})
    true = np.clip(0.5 + 0.15 * np.random.default_rng(1).normal(size=TEAMS), 0.0, 1.0)
    seen = np.array(
        [
            measured_readiness(value, 0.5, p, (1, 0, number, 2, 0, 0))
            for number, value in enumerate(true.tolist())
        ]
    )
    chosen = seen > 0.7
    assert 0.5 < true[chosen].mean() < seen[chosen].mean() - 0.05


def programmes(mode: int, value: float, replication: int = 0) -> tuple[np.ndarray, np.ndarray]:
    layout = toy_layout(teams=10, control_teams=False, selection=(mode, value, 1.0))
    teams = CompiledWorld(layout, None, 4, replication).state["team"]
    return teams["programme"], teams["readiness"]


def test_a_threshold_picks_the_teams_that_reach_it() -> None:
    programme, readiness = programmes(1, 0.5)
    assert (programme == (readiness >= 0.5)).all()
    assert 0 < programme.sum() < 10
    assert programmes(1, 0.0)[0].sum() == 10


@pytest.mark.parametrize(("share", "teams"), [(0.0, 0), (0.3, 3), (0.5, 5), (1.0, 10)])
def test_a_share_picks_the_most_ready_teams(share: float, teams: int) -> None:
    programme, readiness = programmes(2, share)
    assert programme.sum() == teams
    if 0 < teams < 10:
        assert readiness[programme == 1].min() > readiness[programme == 0].max()


def test_teams_that_were_not_chosen_follow_usual_care() -> None:
    layout = toy_layout(teams=4, control_teams=False, selection=(2, 0.5, 1.0))
    world = CompiledWorld(layout, None, MASK32).run(26)
    teams = world.state["team"]
    assert (teams["start_week"] == np.where(teams["programme"] == 1, 0, -1)).all()
    assert ((teams["sessions_offered"] > 0) == (teams["programme"] == 1)).all()


def test_the_attended_share_is_zero_where_nothing_was_offered() -> None:
    assert attended_share(plain_record("team")) == 0.0
    for offered, attended, share in ((1, 1, 1.0), (1, 0, 0.0), (4, 3, 0.75)):
        team = plain_record("team", sessions_offered=offered, sessions_attended=attended)
        assert attended_share(team) == share


def test_slots_are_shared_evenly_and_nobody_has_none() -> None:
    assert [slot_of(rank, 4, 4) for rank in range(4)] == [0, 1, 2, 3]
    assert [slot_of(rank, 3, 6) for rank in range(3)] == [0, 2, 4]
    assert [slot_of(rank, 6, 3) for rank in range(6)] == [0, 0, 1, 1, 2, 2]
    assert slot_of(0, 1, 5) == 0
    assert slot_of(0, 0, 5) == 0
    assert slot_of(1, 1, 5) == 5


def test_need_is_the_mean_score_or_the_highest_without_a_sample() -> None:
    assert measured_need(30.0, 4, 60.0) == 7.5
    assert measured_need(30.0, 1, 60.0) == 30.0
    assert measured_need(0.0, 0, 60.0) == 60.0


def test_a_lot_and_errors_are_drawn_under_keys_of_their_own() -> None:
    """Uniform lots; errors of one SD at reliability one half, the same again under the same key."""
    p = resolve({"team_readiness_sd": 0.05})
    keys = [(1, 0, number, 2, 0, 0) for number in range(2000)]
    lots = np.array([rollout_draw(key) for key in keys])
    assert lots.mean() == pytest.approx(0.5, abs=0.03)
    assert lots.std() == pytest.approx(12**-0.5, abs=0.01)
    errors = np.array([measured_readiness(0.5, 0.5, p, key) - 0.5 for key in keys])
    assert errors.std() == pytest.approx(0.05, rel=0.05)
    rated = np.array([trainer_rating(0.5, 0.5, 0.05, key) - 0.5 for key in keys])
    assert rated.std() == pytest.approx(0.05, rel=0.05)
    assert rated.mean() == pytest.approx(0.0, abs=0.005)
    # The number 0 of the purpose's draws is the one that is taken, first of four.
    first = uniforms(keys[3], ROLLOUT_ORDER, 0)[0]
    assert rollout_draw(keys[3]) == first
    assert rated[3] == pytest.approx(0.05 * normals(keys[3], TRAINER_RATING, 0)[0])
    assert errors[3] == pytest.approx(0.05 * normals(keys[3], SELECTION, 0)[0])


def test_the_ways_to_find_a_place_are_told_apart() -> None:
    ways = (START_FIXED, START_LISTED, START_READINESS, START_RANDOM, START_NEED)
    assert sorted(ways) == list(range(5)), "the layout keeps them as these numbers"
