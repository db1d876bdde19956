"""Agents as Mesa agents: watched, subclassed, collected, grouped, and let go of again."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import mesa
import numpy as np
import pandas as pd
import pytest

from sim.agents import ServiceUser, Staff, Team, Trust
from sim.agents.follow import Step
from sim.engines.mesa_model import RecoveryModel
from sim.errors import InputError
from sim.parameters import resolve
from sim.state import KINDS
from tests.worlds import busy_parameters, first_difference, mesa_state, toy_layout

STAFF_WEEK = [
    ("come_and_go", "employment"),
    ("get_ready", "staff_readiness"),
    ("attend", "attendance"),
    ("learn", "learning"),
    ("hear_colleagues", "pending_values"),
    ("settle_values", "commit_values"),
    ("retain", "retention"),
    ("intend", "intent"),
    ("act", "behaviour"),
]


def model_of(**options: Any) -> RecoveryModel:
    return RecoveryModel(toy_layout(full_caseload=True), busy_parameters(), seed=9, **options)


def test_agents_carry_the_state_that_is_described() -> None:
    model = model_of().run_weeks(3)
    assert {type(agent) for agent in model.agents} == {Trust, Team, Staff, ServiceUser}
    for agent in model.agents:
        for variable in KINDS[agent.kind]:
            value = getattr(agent, variable.name)
            assert type(value) is (float if variable.kind == "real" else int), variable.name


# Watching.


def attender(model: RecoveryModel) -> Any:
    """Return somebody who attends the first session, which is in the second week."""
    twin = model_of().run_weeks(2)
    return next(
        one
        for one, later in zip(model.staff, twin.staff, strict=True)
        if one.coordinator == 1 and later.attended == 1
    )


def test_watching_a_member_of_staff_shows_the_week() -> None:
    model = model_of()
    person = attender(model)
    person.watched = True
    model.run_weeks(2)
    # There is nothing to learn where there was no session.
    without = [one for one in STAFF_WEEK if one[0] != "learn"]
    assert [(step.phase, step.rule) for step in person.steps if step.week == 1] == without
    steps = [step for step in person.steps if step.week == 2]
    assert all(isinstance(step, Step) for step in steps)
    assert [(step.phase, step.rule) for step in steps] == STAFF_WEEK
    act = steps[-1]
    assert act.inputs["staff.intent_goals"] == person.intent_goals
    assert act.inputs["trust.priorities"] == person.team.trust_agent.priorities
    assert act.inputs["parameter.habit_strength"] == model.p.habit_strength
    assert act.inputs["action.protected_time"] == person.team.action.protected_time
    assert act.after == {name: getattr(person, name) for name in act.after}
    assert set(act.before) == set(act.after)
    model.step()
    again = person.steps[-1]
    assert again.week == 3
    assert again.before == act.after


def test_watching_a_service_user_shows_contacts_and_recovery() -> None:
    model = model_of()
    user = next(
        one for one in model.service_users if one.key_worker() is not None and one.sampled == 1
    )
    user.watched = True
    model.run_weeks(12)
    rules = [step.rule for step in user.steps]
    assert {"contact", "recovery", "stage_after_week", "service_outcome"} <= set(rules)
    assert rules.count("recovery") == 12
    met = [step for step in user.steps if step.rule == "contact"]
    assert any(step.after["contacts"] > 0 for step in met)
    step = met[0]
    assert {"service_user.contact_rate", "staff.attended", "team.workload"} <= set(step.inputs)
    recovered = [step for step in user.steps if step.rule == "recovery"]
    for earlier, later in zip(recovered, recovered[1:], strict=False):
        assert later.before == earlier.after
    assert recovered[-1].after["hope"] == user.hope


def test_watching_names_every_number_that_a_rule_is_given() -> None:
    model = model_of()
    person = next(one for one in model.staff if one.present == 1)
    team = person.team
    person.watched = team.watched = True
    model.step()
    act = next(step for step in person.steps if step.rule == "behaviour")
    assert 0.0 <= act.inputs["readiness"] <= 1.0
    heard = next(step for step in person.steps if step.rule == "pending_values")
    assert {"peers.shift", "peers.ties"} <= set(heard.inputs)
    climate = next(step for step in team.steps if step.rule == "team_climate")
    assert climate.inputs["sums.present"] == team.staff_present
    drawn = next(step for step in person.steps if step.rule == "employment")
    assert drawn.inputs["week"] == 1


def test_nothing_is_kept_of_those_who_are_not_watched() -> None:
    model = model_of()
    model.staff[0].watched = True
    model.run_weeks(3)
    assert [agent for agent in model.agents if agent.steps] == [model.staff[0]]


def test_what_was_watched_explains_the_state() -> None:
    model = model_of()
    person, user = model.staff[2], model.service_users[4]
    person.watched = user.watched = True
    start = {agent: dict(vars(agent)) for agent in (person, user)}
    model.run_weeks(15)
    for agent in (person, user):
        known = start[agent]
        for step in agent.steps:
            known |= step.after
        # The rest (place, key, generation of a referred user) is set by methods, not by rules.
        ruled = {name for step in agent.steps for name in step.after}
        assert len(ruled) > 20
        assert {name: known[name] for name in ruled if name != "weeks_in_post"} == {
            name: getattr(agent, name) for name in ruled if name != "weeks_in_post"
        }


# A student's own agents.


class Stubborn(Staff):
    """Never learns anything."""

    def learn(self) -> None:
        """Sit through the session."""


class Enthusiast(Staff):
    """Always attends when there is a session."""

    def attend(self) -> None:
        super().attend()
        if self.team.session_held == 1 and self.present == 1 and self.attended == 0:
            self.attended = 1
            self.sessions_attended += 1


class Counting(ServiceUser):
    """Counts its own contacts."""

    seen = 0

    def meet_worker(self) -> None:
        super().meet_worker()
        self.seen += self.contacts


def knowledge_shift(model: RecoveryModel) -> float:
    return float(np.mean([one.knowledge - one.knowledge_usual for one in model.staff]))


def test_a_subclass_of_staff_changes_what_it_overrides() -> None:
    layout, p = toy_layout(control_teams=False), resolve({"mover_share": 0.0})
    # Induction teaches newcomers outside of `learn`.
    layout.actions["induction"] = 0.0
    plain = RecoveryModel(layout, p, seed=3).run_weeks(20)
    stubborn = RecoveryModel(layout, p, seed=3, agent_classes={"staff": Stubborn}).run_weeks(20)
    eager = RecoveryModel(layout, p, seed=3, agent_classes={"staff": Enthusiast}).run_weeks(20)
    assert all(type(one) is Stubborn for one in stubborn.staff)
    assert knowledge_shift(stubborn) == 0.0
    assert 0.0 < knowledge_shift(plain) < knowledge_shift(eager)
    attended = [sum(t.sessions_attended for t in model.teams) for model in (stubborn, plain, eager)]
    assert attended[1] < attended[2]
    # The keys are the same, so what nobody overrode is the same too.
    assert [one.present for one in stubborn.staff] == [one.present for one in plain.staff]


def test_a_subclass_that_only_looks_changes_nothing() -> None:
    plain = model_of().run_weeks(10)
    counting = model_of(agent_classes={"service_user": Counting}).run_weeks(10)
    assert first_difference(mesa_state(plain), mesa_state(counting)) == ""
    assert sum(one.seen for one in counting.service_users) > 50


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("stafff", r"unknown agent kind 'stafff'; did you mean 'staff'\?"),
        ("user", r"unknown agent kind 'user'; did you mean 'service_user'\?"),
        ("patients of the trust", "unknown agent kind"),
    ],
)
def test_an_unknown_kind_of_agent_is_refused(given: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model_of(agent_classes={given: Staff})


# Mesa's own tools.


def test_agent_sets_get_aggregate_and_group() -> None:
    model = model_of().run_weeks(5)
    groups = model.agents.groupby("kind")
    assert {kind: len(group) for kind, group in groups} == {
        "trust": 2,
        "team": 4,
        "staff": 32,
        "service_user": 72,
    }
    users = model.agents.select(agent_type=ServiceUser)
    assert users.get("hope") == [user.hope for user in model.service_users]
    assert users.agg("relationship", np.mean) == pytest.approx(
        np.mean([user.relationship for user in model.service_users])
    )
    by_stage = users.groupby("stage").count()
    assert sum(by_stage.values()) == 72


def test_the_frame_of_the_data_collector_has_a_row_for_each_week() -> None:
    model = model_of().run_weeks(7)
    frame = model.datacollector.get_model_vars_dataframe()
    assert frame.index.tolist() == list(range(8))
    assert frame["week"].tolist() == list(range(8))
    last = frame.iloc[-1]
    assert last["staff_present"] == sum(team.staff_present for team in model.teams)
    assert last["hope"] == pytest.approx(np.mean([user.hope for user in model.service_users]))
    pd.testing.assert_frame_equal(
        frame, model_of().run_weeks(7).datacollector.get_model_vars_dataframe()
    )


def test_a_data_collector_of_ones_own_reads_agents() -> None:
    model = model_of()
    collector = mesa.DataCollector(
        agenttype_reporters={Staff: {"values": "values", "present": "present"}}
    )
    for _ in range(3):
        model.step()
        collector.collect(model)
    frame = collector.get_agenttype_vars_dataframe(Staff)
    assert len(frame) == 3 * len(model.staff)
    assert frame["values"].between(0.0, 1.0).all()


def test_mesas_generator_has_no_say() -> None:
    models = [model_of(rng=rng).run_weeks(10) for rng in (0, 1, None)]
    for other in models[1:]:
        assert first_difference(mesa_state(models[0]), mesa_state(other)) == ""


# Memory.


def test_released_models_leave_memory() -> None:
    kept = []
    for replication in range(3):
        model = RecoveryModel(toy_layout(), seed=1, replication=replication).run_weeks(2)
        kept.append(weakref.ref(model))
        model.release()
        del model
    gc.collect()
    assert [one() for one in kept] == [None, None, None]


def test_a_released_model_still_runs() -> None:
    model = model_of().run_weeks(1)
    model.release()
    model.release()
    assert (
        first_difference(mesa_state(model.run_weeks(2)), mesa_state(model_of().run_weeks(3))) == ""
    )
