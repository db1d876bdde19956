"""Flow: people leave and come at the rates they are told to, and newcomers are somebody else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim import events as kinds
from sim.inputs.roster.roster_file import USERS_PER_COORDINATOR
from sim.inputs.roster.trial import CASELOAD, COORDINATORS
from sim.mechanisms import flow
from sim.mechanisms.bounds import weekly_probability
from sim.mechanisms.flow import (
    JUST_LEFT,
    NEW_PERSON_IN_POST,
    NEW_REFERRAL,
    NEW_WORKER,
    SAME_WORKER,
    FlowDraw,
    carried_record,
    caseload_pressure,
    employment,
    leaver_record,
    leaving_probability,
    service_flow,
    service_outcome,
    usual_vacancies,
)
from sim.mechanisms.heterogeneity import present_at_start
from sim.parameters import defaults, resolve
from tests.worlds import CompiledWorld, plain_record, toy_layout

NOTHING = plain_record("action")
WORLDS = 30


@pytest.fixture(scope="module")
def year() -> list[CompiledWorld]:
    layout = toy_layout(14, staff=17, coordinators=9, users=15, weeks=52, programme=False)
    return [CompiledWorld(layout, None, 3, number).run(52) for number in range(WORLDS)]


def count(worlds: list[CompiledWorld], kind: int) -> int:
    return sum(event[2] == kind for world in worlds for event in world.events)


def test_workload_is_caseload_for_each_coordinator_against_the_norm() -> None:
    p = defaults()
    assert p.caseload_norm == USERS_PER_COORDINATOR == CASELOAD / COORDINATORS
    assert caseload_pressure(225.0, 9, 0.0, p) == 1.0
    assert caseload_pressure(450.0, 9, 0.0, p) == 2.0
    assert caseload_pressure(225.0, 6, 0.0, p) == 1.5
    assert caseload_pressure(225.0, 9, 0.25, p) == pytest.approx(0.8)
    # One person alone with everybody, or nobody at all, is bounded.
    assert caseload_pressure(225.0, 0, 0.0, p) == p.workload_maximum
    assert caseload_pressure(9.0, 9, 0.0, p) == p.workload_minimum


def test_a_heavier_caseload_is_felt_and_is_usual_from_the_start() -> None:
    """Twice the caseload: fewer contacts and less practice, in balance from week 0."""
    layout = toy_layout(14, staff=17, coordinators=9, users=15, weeks=26, programme=False)
    heavy = replace(layout, teams=layout.teams.copy())
    heavy.teams["caseload_total"] *= 2.0
    means: dict[str, list[tuple[float, float, float, float]]] = {"normal": [], "heavy": []}
    for name, one in (("normal", layout), ("heavy", heavy)):
        for number in range(6):
            world = CompiledWorld(one, None, 3, number)
            start = world.state["staff"]["behaviour_goals"].mean()
            relationship = world.state["service_user"]["relationship"].mean()
            world.run(26)
            staff, users = world.state["staff"], world.state["service_user"]
            there = staff["behaviour_goals"][staff["present"] == 1].mean()
            means[name].append((start, there, relationship, users["relationship"].mean()))
    normal, loaded = (np.mean(means[name], axis=0) for name in ("normal", "heavy"))
    assert loaded[0] < 0.8 * normal[0]
    assert loaded[1] == pytest.approx(loaded[0], abs=0.02)
    assert loaded[2] < normal[2]
    drift = (loaded[3] - loaded[2]) - (normal[3] - normal[2])
    assert drift == pytest.approx(0.0, abs=0.02)


def test_leavers_in_a_year_are_those_of_the_parameter(year: list[CompiledWorld]) -> None:
    p = defaults()
    posts = sum(len(world.state["staff"]) for world in year) / (1.0 + usual_vacancies(p))
    yearly = count(year, kinds.STAFF_LEFT) / posts
    # A rate: places are filled again and can be left again.
    assert yearly == pytest.approx(-np.log(1.0 - p.turnover_yearly), abs=4 * np.sqrt(0.15 / posts))


def test_posts_stay_as_filled_as_they_were(year: list[CompiledWorld]) -> None:
    p = defaults()
    filled = np.mean([world.state["staff"]["present"].mean() for world in year])
    assert filled == pytest.approx(1.0 / (1.0 + usual_vacancies(p)), abs=0.012)
    at_start = np.mean([present_at_start(u, p) for u in (np.arange(4000) + 0.5) / 4000])
    assert at_start == pytest.approx(1.0 / (1.0 + usual_vacancies(p)), abs=1e-3)


def test_research_loses_as_many_as_the_trial(year: list[CompiledWorld]) -> None:
    people = np.concatenate([world.state["service_user"] for world in year])
    kept = people["in_research"].mean()
    error = np.sqrt(0.25 / len(people))
    assert kept == pytest.approx(297 / 403, abs=4 * error + 0.005)


def test_discharges_in_a_year_are_those_of_the_parameter(year: list[CompiledWorld]) -> None:
    people = np.concatenate([world.state["service_user"] for world in year])
    assert 1.0 - people["in_service"].mean() == pytest.approx(0.15, abs=0.02)


def test_the_sick_are_as_many_as_told(year: list[CompiledWorld]) -> None:
    staff = np.concatenate([world.state["staff"] for world in year])
    filled = staff[staff["present"] == 1]
    error = np.sqrt(0.05 * 0.95 / len(filled))
    assert filled["sick"].mean() == pytest.approx(0.05, abs=4 * error)


def test_leaving_falls_with_readiness_and_wellbeing_and_stays_a_probability() -> None:
    p = defaults()
    chances = [
        leaving_probability(
            plain_record("team", turnover_multiplier=1.0, readiness_usual=readiness),
            plain_record("action", staff_wellbeing=wellbeing),
            p,
        )
        for readiness, wellbeing in ((0.2, 0.0), (0.5, 0.0), (0.9, 0.0), (0.9, 1.0))
    ]
    assert chances == sorted(chances, reverse=True)
    assert len(set(chances)) == 4
    wild = plain_record("team", turnover_multiplier=1e6)
    assert 0.0 <= leaving_probability(wild, NOTHING, p) < 0.05
    assert leaving_probability(plain_record("team"), NOTHING, p) == 0.0


def test_a_post_is_left_stays_vacant_and_is_filled_by_somebody_else() -> None:
    p = resolve({"vacancy_weeks": 1.0})
    team = plain_record("team", turnover_multiplier=1e6, readiness_usual=0.5)
    person = plain_record("staff", present=1, generation=4, weeks_in_post=9)
    key = (1, 0, 2, 3, 4, 4)
    seen = [employment(person, team, NOTHING, p, key, week) for week in range(1, 2000)]
    left = [one for one in seen if one.present == 0]
    assert left
    assert {(one.generation, one.weeks_in_post, one.sick) for one in left} == {(4, JUST_LEFT, 0)}
    assert {(one.generation, one.weeks_in_post) for one in seen if one.present == 1} == {(4, 10)}
    vacant = plain_record("staff", present=0, generation=4)
    # With a mean vacancy of one week every post is filled in the next.
    assert set(employment(vacant, team, NOTHING, p, key, 7)) == {1, 0, 5}
    assert employment(vacant, team, NOTHING, p, key, 7).generation == 5


def test_movers_bring_what_they_could_do_and_lose_nothing() -> None:
    leaver = plain_record(
        "staff", values=0.7, values_usual=0.5, knowledge=0.8, skill_goals=0.9, sessions_attended=4
    )
    record = leaver_record(leaver)
    donor = plain_record("team", **record._asdict())
    newcomer = plain_record("staff", values_usual=0.4, knowledge=0.3, skill_goals=0.2)
    newcomer.skill_coaching = 0.6
    brought = carried_record(newcomer, donor)
    assert brought.values == brought.values_pending == pytest.approx(0.6)
    assert (brought.knowledge, brought.skill_goals, brought.skill_coaching) == (0.8, 0.9, 0.6)
    assert (brought.moved, brought.sessions_attended) == (1, 4)


def draws(user, p, present: int = 1, generation: int = 0, coordinators: int = 3):
    key = (1, 0, 2, 3, 4, 0)
    return [
        service_flow(user, present, generation, coordinators, 0.0, p, key, week)
        for week in range(1, 3001)
    ]


def test_who_can_go_where() -> None:
    p = resolve({"discharge_yearly": 0.6, "worker_change_yearly": 0.6, "referral_weeks": 1.0})
    served = plain_record("service_user", in_service=1, sampled=1, relationship=0.65)
    assert {one.change for one in draws(served, p)} == {SAME_WORKER, NEW_WORKER}
    assert {one.change for one in draws(served, p, coordinators=0)} == {SAME_WORKER}
    assert {one.choice for one in draws(served, p)} == {-1, 0, 1, 2}
    somebody_else = {one.change for one in draws(served, p, generation=1) if one.in_service == 1}
    assert somebody_else == {NEW_PERSON_IN_POST}
    gone = plain_record("service_user", in_service=0, sampled=1)
    assert {(one.in_service, one.change) for one in draws(gone, p)} == {(0, SAME_WORKER)}
    free = plain_record("service_user", in_service=0, sampled=0)
    assert NEW_REFERRAL in {one.change for one in draws(free, p)}


def test_a_change_of_worker_costs_part_of_the_relationship() -> None:
    p = defaults()
    user = plain_record("service_user", in_service=1, worker=2, relationship=0.5, rapport=1.5)
    key = (1, 0, 2, 3, 4, 0)
    changed = service_outcome(user, FlowDraw(1, 1, NEW_WORKER, 0, 0.5), 4, 3, p, key, 6)
    assert changed.relationship == pytest.approx(0.5 * (1.0 - p.relationship_loss_on_change))
    assert (changed.worker, changed.worker_generation, changed.worker_changes) == (4, 3, 1)
    assert changed.rapport != 1.5
    # To be given the same worker again is no change.
    same = service_outcome(user, FlowDraw(1, 1, NEW_WORKER, 0, 0.5), 2, 0, p, key, 6)
    assert (same.relationship, same.rapport, same.worker_changes) == (0.5, 1.5, 0)
    left = service_outcome(user, FlowDraw(0, 1, SAME_WORKER, -1, 0.5), 2, 0, p, key, 6)
    assert (left.worker, left.relationship) == (-1, 0.5)


def served(**changed: float):
    return plain_record(
        "service_user",
        **{
            "in_service": 1,
            "in_research": 1,
            "worker": 2,
            "worker_generation": 4,
            "worker_changes": 3,
            "rapport": 0.5,
            "relationship": 0.8,
            "relationship_shift": 0.2,
        }
        | changed,
    )


def test_a_new_worker_costs_a_share_of_relationship_and_its_shift() -> None:
    p = resolve({"relationship_loss_on_change": 0.25})
    draw = FlowDraw(1, 1, NEW_WORKER, 0, 0.5)
    found = service_outcome(served(), draw, 1, 0, p, (1, 0, 0, 2, 0, 0), 5)
    assert (found.worker, found.worker_generation, found.worker_changes) == (1, 0, 4)
    assert found.relationship == pytest.approx(0.6)
    assert found.relationship_shift == pytest.approx(0.15)
    assert found.in_service == 1
    # The same person is no change, somebody else in the same post is one.
    same = service_outcome(served(), draw, 2, 4, p, (1, 0, 0, 2, 0, 0), 5)
    assert (same.worker_changes, same.rapport, same.relationship) == (3, 0.5, 0.8)
    other = service_outcome(served(), draw, 2, 5, p, (1, 0, 0, 2, 0, 0), 5)
    assert (other.worker, other.worker_generation, other.worker_changes) == (2, 5, 4)
    place = service_outcome(served(), draw, 1, 4, p, (1, 0, 0, 2, 0, 0), 5)
    assert place.worker_changes == 4


def test_who_stays_keeps_everything_and_who_leaves_has_no_worker() -> None:
    p, key = defaults(), (1, 0, 0, 2, 0, 0)
    stays = service_outcome(served(), FlowDraw(1, 0, SAME_WORKER, -1, 0.5), 9, 9, p, key, 5)
    assert (stays.in_service, stays.in_research, stays.worker) == (1, 0, 2)
    assert stays.worker_generation == 4
    leaves = service_outcome(served(), FlowDraw(0, 1, SAME_WORKER, -1, 0.5), 9, 9, p, key, 5)
    assert (leaves.in_service, leaves.in_research) == (0, 1)
    assert (leaves.worker, leaves.worker_generation, leaves.worker_changes) == (-1, -1, 3)
    assert (leaves.relationship, leaves.relationship_shift) == (0.8, 0.2)


def test_without_a_coordinator_the_load_is_that_of_one() -> None:
    p = resolve({"caseload_norm": 20.0, "workload_minimum": 0.1, "workload_maximum": 5.0})
    assert caseload_pressure(40.0, 0, 0.0, p) == 2.0
    assert caseload_pressure(40.0, 1, 0.25, p) == pytest.approx(1.6)
    assert caseload_pressure(40.0, 2, 0.0, p) == 1.0
    assert caseload_pressure(1.0, 1, 0.0, p) == 0.1
    assert caseload_pressure(999.0, 1, 0.0, p) == 5.0


def test_the_chance_to_leave_worked_by_hand() -> None:
    p = resolve(
        {
            "turnover_yearly": 0.2,
            "turnover_from_readiness": 0.5,
            "team_readiness_mean": 0.6,
            "turnover_from_wellbeing": 0.4,
        }
    )
    team = plain_record("team", turnover_multiplier=1.5, readiness_usual=0.4)
    action = plain_record("action", staff_wellbeing=0.5)
    action.turnover_multiplier = 2.0
    yearly = 0.2 * 1.5 * 2.0 * 1.1 * 0.8
    assert leaving_probability(team, action, p) == pytest.approx(weekly_probability(yearly))
    twice = plain_record("team", turnover_multiplier=99.0, readiness_usual=0.6)
    assert leaving_probability(twice, action, p) == pytest.approx(weekly_probability(0.95))
    assert usual_vacancies(p) == pytest.approx(weekly_probability(0.2) * p.vacancy_weeks)


FLOW = {
    "dropout_yearly": 0.5,
    "dropout_from_relationship": 0.5,
    "relationship_mean": 0.5,
    "discharge_yearly": 0.6,
    "discharge_from_recovery": 0.4,
    "handover_weeks": 4.0,
    "worker_change_yearly": 0.3,
}
AT_EXIT, AT_CHANGE, AT_DROPOUT = 1, 2, 3
"""Places of a user's weekly draws; the first is that of the stage."""


@pytest.mark.parametrize(
    ("place", "chance", "present", "recovery", "taken"),
    [
        # A relationship of .9 where .5 is the mean: .2 less.
        (AT_DROPOUT, 0.8 * weekly_probability(0.5), 1, 0.0, (1, 0, SAME_WORKER)),
        # Recovery of one SD: 40% more discharges, within two SD either way.
        (AT_EXIT, 1.4 * weekly_probability(0.6), 1, 1.0, (0, 1, SAME_WORKER)),
        (AT_EXIT, 1.8 * weekly_probability(0.6), 1, 9.0, (0, 1, SAME_WORKER)),
        (AT_EXIT, 0.2 * weekly_probability(0.6), 1, -9.0, (0, 1, SAME_WORKER)),
        (AT_CHANGE, weekly_probability(0.3), 1, 0.0, (1, 1, NEW_WORKER)),
        # Without a worker a quarter are handed over each week.
        (AT_CHANGE, 0.25, 0, 0.0, (1, 1, NEW_WORKER)),
    ],
)
def test_what_a_week_of_flow_takes_is_below_its_chance(
    monkeypatch, place: int, chance: float, present: int, recovery: float, taken: tuple[int, ...]
) -> None:
    for uniform, expected in ((chance - 1e-9, taken), (chance + 1e-9, (1, 1, SAME_WORKER))):
        drawn = [0.7] * 4
        drawn[place] = uniform
        monkeypatch.setattr(flow, "uniforms", lambda *given, drawn=drawn: drawn)
        key = (1, 0, 0, 2, 0, 0)
        user, p = served(relationship=0.9), resolve(FLOW)
        found = service_flow(user, present, 4, 3, recovery, p, key, 7)
        assert (found.in_service, found.in_research, found.change) == expected
        # The first draw, which is that of the choice as well: the third of three.
        assert found.stage_uniform == 0.7
        assert found.choice == (2 if found.change == NEW_WORKER else -1)
        if expected == taken and place == AT_CHANGE:
            none = service_flow(user, present, 4, 0, recovery, p, key, 7)
            assert none.change == SAME_WORKER
