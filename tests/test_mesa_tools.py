"""Claims about the model under Mesa's own tools: they work, or are refused in one line."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import mesa
import pytest
from mesa.batchrunner import batch_run

from sim.agents import ServiceUser, Staff, Team
from sim.engines.mesa_model import RecoveryModel
from sim.errors import InputError
from sim.inputs.roster import described_roster
from sim.population import Layout, lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario


def two_teams(weeks: int = 6) -> Layout:
    """Return a layout of two small teams."""
    roster = described_roster(trusts=1, teams_per_trust=2, intervention_share=1.0)
    return lay_out(roster, expand(load_scenario("refocus-as-delivered"), roster, weeks))


def state_of(model: RecoveryModel) -> list[tuple[Any, ...]]:
    """Return the values of every agent's state variables."""
    return [
        tuple(getattr(agent, name) for name in agent._variables)
        for agent in [*model.trusts, *model.teams, *model.staff, *model.service_users]
    ]


def rows_of_batch(**arguments: Any) -> list[dict[str, Any]]:
    """Return what Mesa's batch_run collects of the model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return batch_run(RecoveryModel, display_progress=False, **arguments)


def test_iterations_of_a_batch_are_replications() -> None:
    layout = two_teams()
    rows = rows_of_batch(parameters={"layout": [layout]}, iterations=3, max_steps=3)
    assert [row["iteration"] for row in rows] == [0, 1, 2]
    values = [row["behaviour"] for row in rows]
    assert len(set(values)) == 3
    week = rows[0]["week"]
    expected = [
        RecoveryModel(layout, replication=one).run_weeks(week).datacollector.model_vars["behaviour"]
        for one in range(3)
    ]
    assert values == [series[-1] for series in expected]


def test_a_batch_over_seeds_and_replications() -> None:
    parameters = {"layout": [two_teams()], "replication": [0, 4]}
    rows = rows_of_batch(parameters=parameters, iterations=2, max_steps=1)
    by_run = {(row["iteration"], row["replication"]): row["behaviour"] for row in rows}
    assert by_run[0, 4] == by_run[1, 4] != by_run[0, 0]


def test_a_batch_ends_with_the_calendar() -> None:
    rows = rows_of_batch(parameters={"layout": [two_teams(4)]}, data_collection_period=1)
    assert max(row["week"] for row in rows) in (3, 4)
    model = RecoveryModel(two_teams(4))
    model.run_model()
    assert model.week_now == 4
    model.step()
    assert model.week_now == 5


def test_a_copy_goes_on_as_the_model_does() -> None:
    model = RecoveryModel(two_teams()).run_weeks(2)
    copies = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    model.run_weeks(3)
    for other in copies:
        assert other.week_now == 2
        other.run_weeks(3)
        assert state_of(other) == state_of(model)
        assert other.datacollector.model_vars == model.datacollector.model_vars


def test_collecting_by_agent_type() -> None:
    model = RecoveryModel(two_teams())
    model.datacollector = mesa.DataCollector(
        agenttype_reporters={
            Staff: {"values": "values", "team": lambda member: member.team.name},
            ServiceUser: {"hope": "hope"},
            Team: {"readiness": "readiness"},
        }
    )
    model.run_weeks(2)
    staff = model.datacollector.get_agenttype_vars_dataframe(Staff)
    assert list(staff.columns) == ["values", "team"]
    assert len(staff) == 2 * len(model.staff)
    users = model.datacollector.get_agenttype_vars_dataframe(ServiceUser)
    assert users.loc[2]["hope"].tolist() == [user.hope for user in model.service_users]


def test_no_agent_becomes_a_ghost() -> None:
    model = RecoveryModel(two_teams())
    for agent in (model.staff[3], model.service_users[0], model.teams[1], model.trusts[0]):
        before = len(model.agents)
        with pytest.raises(InputError, match=f"{agent.kind} cannot be removed"):
            agent.remove()
        assert len(model.agents) == before
    model.remove_all_agents()
    assert len(model.agents) == len(model.staff) == len(model.teams) == 0
    assert not model.running


@pytest.mark.parametrize("value", [7, -0.1, float("nan"), float("inf"), "much", None])
def test_a_share_outside_its_range_is_refused(value: Any) -> None:
    person = RecoveryModel(two_teams()).staff[1]
    kept = person.intent_coaching
    with pytest.raises(InputError, match=r"staff\.intent_coaching = .* from 0 to 1"):
        person.intent_coaching = value
    assert person.intent_coaching == kept


def test_a_misspelt_variable_is_refused_and_an_attribute_of_ones_own_is_not() -> None:
    person = RecoveryModel(two_teams()).staff[1]
    for name, meant in (("valuess", "values"), ("intent_coachng", "intent_coaching")):
        with pytest.raises(InputError, match=f"staff.{name}: .* did you mean '{meant}'"):
            setattr(person, name, 0.5)
    person.mood = 0.5
    assert person.mood == 0.5

    class Other(Staff):
        valuess = 0.0

    other = RecoveryModel(two_teams(), agent_classes={"staff": Other}).staff[1]
    other.valuess = 0.5
    assert other.valuess == 0.5


def test_a_count_is_whole_and_a_deviation_may_be_any_number() -> None:
    model = RecoveryModel(two_teams())
    with pytest.raises(
        InputError, match=r"staff\.sessions_attended = 1\.5: must be a whole number"
    ):
        model.staff[1].sessions_attended = 1.5
    with pytest.raises(InputError, match=r"team\.workload = -1: must be a number from 0 \("):
        model.teams[0].workload = -1
    with pytest.raises(InputError, match=r"staff\.tie_0 = -2: must be a whole number from -1 \("):
        model.staff[1].tie_0 = -2
    model.service_users[0].hope = -2.5
    model.staff[1].burnout = 12.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layout": "usual-care"}, "layout = 'usual-care': must be a Layout"),
        ({"parameters": 0.3}, "parameters = 0.3: must be a ParameterSet"),
        ({"seed": -1}, "seed = -1"),
        ({"replication": 0.5}, "replication = 0.5"),
    ],
)
def test_what_a_world_cannot_be_made_of(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        RecoveryModel(**arguments)
