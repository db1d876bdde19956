"""One theory, two ways to run it: the Mesa model and the compiled week agree bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

from sim.engines import compiled
from sim.engines.mesa_model import RecoveryModel
from sim.engines.one_world import OneWorld
from sim.parameters import ParameterSet, to_record
from sim.population import Layout
from tests.worlds import (
    CompiledWorld,
    Recipe,
    busy_parameters,
    first_difference,
    mesa_state,
    recipes,
    toy_layout,
)

WEEKS = 16


def scores_of(model: RecoveryModel) -> np.ndarray:
    rows = [tuple(model.assess(user)) for user in model.service_users]
    return np.array(rows, compiled.SCORES_DTYPE)


def staff_rows_of(model: RecoveryModel) -> np.ndarray:
    rows = [tuple(model.assess_staff(member)) for member in model.staff]
    return np.array(rows, compiled.STAFF_ROW_DTYPE)


def team_weeks_of(model: RecoveryModel) -> np.ndarray:
    return np.array(
        [tuple(model.team_week(team)) for team in model.teams], compiled.TEAM_WEEK_DTYPE
    )


def first_disagreement(layout: Layout, p: ParameterSet, seed: int, replication: int) -> str:
    """Run a world both ways; return the first agent, week and variable that differ."""
    world = CompiledWorld(layout, p, seed, replication)
    model = RecoveryModel(layout, p, seed, replication)
    for week in range(WEEKS + 1):
        if week > 0:
            world.step()
            model.step()
        found = first_difference(world.state, mesa_state(model), week)
        tables = [("team-week", world.team_weeks(), team_weeks_of(model))]
        if week in layout.assessment_weeks:
            tables.append(("score", world.assess(), scores_of(model)))
            tables.append(("staff row", world.assess_staff(), staff_rows_of(model)))
        for name, one, other in tables:
            found = found or first_difference({name: one}, {name: other}, week)
        if found:
            model.release()
            return found
        # The compiled week runs team by team, the Mesa week phase by phase.
        if sorted(world.events) != sorted(model.events):
            odd = sorted(set(world.events) ^ set(model.events))
            model.release()
            return f"week {week}: event {odd[0] if odd else 'twice'}"
    model.release()
    return ""


@given(recipes())
def test_both_paths_agree_in_every_bit(recipe: Recipe) -> None:
    layout, p = recipe.layout(WEEKS), recipe.parameters()
    assert first_disagreement(layout, p, recipe.seed, recipe.replication) == ""


def test_a_busy_world_has_every_kind_of_event() -> None:
    layout = toy_layout(teams=6, full_caseload=True)
    world = CompiledWorld(layout, busy_parameters(goal_step=0.6), seed=3).run(52)
    assert {event[2] for event in world.events} == set(range(10))


def test_a_disagreement_is_named() -> None:
    layout = toy_layout()
    one = CompiledWorld(layout, seed=1).run(3)
    other = CompiledWorld(layout, seed=1).run(3)
    assert first_difference(one.state, other.state, 3) == ""
    value = one.state["staff"]["intent_goals"][5]
    other.state["staff"]["intent_goals"][5] = np.nextafter(value, 1.0)
    found = first_difference(one.state, other.state, 3)
    assert found.startswith("week 3: staff 5: intent_goals is ")
    other.state["trust"]["readiness"][0] = -0.0
    assert first_difference(one.state, other.state, 3).startswith("week 3: trust 0: readiness")


def whole_run(layout: Layout, p: ParameterSet, weeks: int, replication: int) -> dict[str, Any]:
    """Run the compiled world in one call, as the ensemble does."""
    world = OneWorld(
        layout,
        to_record(p)[0],
        1,
        replication,
        assessments=layout.assessment_weeks,
        staff_too=True,
        team_weeks=weeks,
        events=10_000,
    )
    for array in (world.trusts, world.teams, world.posts, world.users):
        array.view(np.uint8).fill(0xAB)
    world.run_to(weeks)
    state = {
        "trust": world.trusts,
        "team": world.teams,
        "staff": compiled.read_posts(world.posts, layout),
        "service_user": world.users,
    }
    return {
        "state": state,
        "scores": world.scores,
        "flags": world.flags,
        "rows": world.team_weeks,
        "staff_rows": world.staff_rows,
        "events": world.events[: world.noted[0]].tolist(),
    }


def test_a_world_in_one_call_is_the_world_week_by_week() -> None:
    layout, p = toy_layout(full_caseload=True), busy_parameters()
    whole = whole_run(layout, p, 52, replication=4)
    world = CompiledWorld(layout, p, 1, 4)
    for week in range(53):
        if week > 0:
            world.step()
        assert whole["rows"][week].tobytes() == world.team_weeks().tobytes()
        if week in layout.assessment_weeks:
            at = layout.assessment_weeks.index(week)
            assert whole["scores"][at].tobytes() == world.assess().tobytes()
            assert whole["staff_rows"][at].tobytes() == world.assess_staff().tobytes()
            people = world.state["service_user"]
            names = ("in_research", "in_service", "black", "worker", "worker_generation", "stage")
            for column, name in enumerate(names):
                assert (whole["flags"][at, :, column] == people[name]).all()
    assert first_difference(whole["state"], world.state, 52) == ""
    assert whole["events"] == world.events


def test_a_full_table_of_events_keeps_counting() -> None:
    layout, p = toy_layout(), busy_parameters()
    world = CompiledWorld(layout, p).run(20)
    short = CompiledWorld(layout, p)
    short._world.events = short._world.events[:3]
    with pytest.raises(AssertionError, match="too short"):
        short.run(20)
    assert short.week == 20
    assert short._world.noted[0] == len(world.events) > 3
    assert [tuple(row) for row in short._world.events.tolist()] == world.events[:3]
    assert first_difference(short.state, world.state) == ""
