"""Training: readiness helps, assured attendance is full, nobody learns what is not taught."""

from __future__ import annotations

from math import exp
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms import training
from sim.mechanisms.bounds import logistic
from sim.mechanisms.practice import PRACTICES
from sim.mechanisms.training import (
    LINK,
    TrainingSums,
    add_trained,
    attendance,
    attendance_probability,
    attended,
    curriculum,
    engagement_seen,
    induction,
    learning,
    no_training,
    session_cancelled,
    session_held,
    session_probability,
    skill_after_session,
    team_session,
    training_quality,
    training_record,
)
from sim.parameters import ParameterSet, defaults, resolve
from tests.worlds import plain_record, random_parameters

SHARES = st.floats(0.0, 1.0)
KEY = (1, 0, 2, 3, 4, 0)
TAUGHT = {f"practice_{one}": 1.0 for one in PRACTICES}


def any_parameters(seed: int) -> ParameterSet:
    return random_parameters(np.random.default_rng(seed), corners=seed % 2 == 0)


@given(
    st.integers(0, 10_000),
    st.lists(SHARES, min_size=6, max_size=6),
    st.sampled_from(["trust", "team", "staff"]),
    st.floats(0.0, 1.0),
    st.floats(0.5, 6.0),
    st.floats(-4.0, 4.0),
)
def test_more_readiness_never_lowers_the_chance_to_take_part(
    seed: int, levels: list[float], level: str, more: float, workload: float, propensity: float
) -> None:
    p = any_parameters(seed)
    ready = dict(zip(("trust", "team", "staff"), levels, strict=False))
    action = plain_record("action", engagement=levels[3], protected_time=levels[4])
    found = []
    for extra in (0.0, more * (1.0 - ready[level])):
        now = ready | {level: ready[level] + extra}
        trust = plain_record("trust", readiness=now["trust"])
        staff = plain_record("staff", readiness=now["staff"], priorities=levels[5])
        team = plain_record(
            "team",
            readiness=now["team"],
            workload=workload,
            participation_propensity=propensity,
            leader_support=0.4,
        )
        found.append(
            (
                session_probability(team, trust, action, p),
                attendance_probability(staff, team, trust, action, p),
            )
        )
    (session, attends), (ready_session, ready_attends) = found
    assert 0.0 <= session <= ready_session <= 1.0
    assert 0.0 <= attends <= ready_attends <= 1.0


def average(**changed: float) -> tuple:
    team = plain_record("team", readiness=0.5, leader_support=0.5, workload=1.0, session_held=1)
    trust = plain_record("trust", readiness=0.5)
    staff = plain_record("staff", readiness=0.5, priorities=0.5, present=1)
    action = plain_record("action", engagement=0.5, prt_session=0.5, **changed)
    return staff, team, trust, action


@given(
    st.integers(0, 10_000),
    st.sampled_from(["protected_time", "priorities_relief", "attendance_assured", "engagement"]),
    SHARES,
    SHARES,
    SHARES,
    st.floats(0.2, 6.0),
)
def test_no_condition_keeps_people_away(
    seed: int, lever: str, one: float, other: float, priorities: float, workload: float
) -> None:
    """Neither a team with slack nor a person with few other duties attends less when helped."""
    p = any_parameters(seed)
    team = plain_record("team", readiness=0.5, leader_support=0.5, workload=workload)
    trust, staff = plain_record("trust", readiness=0.5), plain_record("staff", readiness=0.5)
    staff.priorities = priorities
    little, much = (
        attendance_probability(staff, team, trust, plain_record("action", **{lever: level}), p)
        for level in sorted((one, other))
    )
    assert much >= little - 1e-12


def test_the_average_person_attends_as_the_base_says() -> None:
    p = defaults()
    staff, team, trust, action = average()
    assert session_probability(team, trust, action, p) == pytest.approx(logistic(p.session_base))
    probability = attendance_probability(staff, team, trust, action, p)
    assert probability == pytest.approx(logistic(p.attendance_base))


@pytest.mark.parametrize(("gap", "assured"), [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
def test_attendance_is_full_when_assured_or_without_a_gap(gap: float, assured: float) -> None:
    p = resolve({"implementation_gap": gap, "session_base": -2.0, "attendance_base": -2.0})
    staff, team, trust, action = average(attendance_assured=assured)
    assert session_probability(team, trust, action, p) == 1.0
    assert attendance_probability(staff, team, trust, action, p) == 1.0
    for week in range(1, 50):
        assert attendance(staff, team, trust, action, p, KEY, week).attended == 1


def test_attendance_happens_as_often_as_its_probability() -> None:
    p = defaults()
    staff, team, trust, action = average()
    expected = attendance_probability(staff, team, trust, action, p)
    weeks = range(1, 5001)
    came = np.mean([attendance(staff, team, trust, action, p, KEY, w).attended for w in weeks])
    assert came == pytest.approx(expected, abs=4.0 * np.sqrt(0.25 / 5000))


def test_who_is_offered_what() -> None:
    p = resolve({"implementation_gap": 0.0})
    staff, team, trust, action = average()
    staff.sick = 1
    assert attendance(staff, team, trust, action, p, KEY, 1) == (0, 1, 0)
    staff.sick, team.session_held = 0, 0
    assert attendance(staff, team, trust, action, p, KEY, 1) == (0, 1, 0), "a session cancelled"
    staff.present = 0
    assert attendance(staff, team, trust, action, p, KEY, 1) == (0, 0, 0)
    nothing = plain_record("action")
    staff.present = 1
    assert attendance(staff, team, trust, nothing, p, KEY, 1) == (0, 0, 0)
    assert team_session(team, trust, nothing, p, KEY, 1).session_held == 0


def test_a_session_at_usual_quality_lifts_the_average_skill_by_the_effect_seen() -> None:
    p = defaults()
    after = skill_after_session(p.skill_mean, 1.0, p.skill_gain, p)
    assert (after - p.skill_mean) / p.skill_sd == pytest.approx(0.76)
    lower, higher = (
        skill_after_session(skill, 1.0, p.skill_gain, p) - skill for skill in (0.3, 0.7)
    )
    assert lower > higher > 0.0
    assert skill_after_session(1.0, 5.0, p.skill_gain, p) == 1.0


def test_training_quality_is_one_at_the_middle() -> None:
    p = defaults()
    assert training_quality(0.5, 0.5, 0.5, p) == pytest.approx(1.0)
    assert training_quality(0.0, 0.0, 0.0, p) == 0.0
    assert training_quality(1.0, 1.0, 1.0, p) == pytest.approx(2.0)


def learner(**changed: float) -> object:
    values: dict[str, float] = {"attended": 1, "knowledge": 0.4, "values": 0.5}
    values |= {f"skill_{one}": 0.4 for one in PRACTICES}
    return plain_record("staff", **(values | changed))


def test_who_stays_away_learns_nothing() -> None:
    p, staff = defaults(), learner(attended=0, reinforcement=0.3)
    action = plain_record("action", prt_session=1.0, engagement=1.0, session_days=1.0, **TAUGHT)
    after = learning(staff, action, p, KEY, 1)
    assert after == tuple(getattr(staff, name) for name in after._fields)


@pytest.mark.parametrize("left_out", PRACTICES)
def test_a_practice_that_is_not_taught_gains_no_skill(left_out: str) -> None:
    p, staff = defaults(), learner()
    action = plain_record(
        "action",
        prt_session=0.3,
        coaching_session=0.5,
        engagement=0.5,
        delivery=0.5,
        modelling=0.5,
        session_days=1.0,
        **(TAUGHT | {f"practice_{left_out}": 0.0}),
    )
    after = learning(staff, action, p, KEY, 1)
    for one in PRACTICES:
        gained = getattr(after, f"skill_{one}") - getattr(staff, f"skill_{one}")
        assert (gained == 0.0) == (one == left_out)
    assert after.knowledge > 0.4
    assert after.values > 0.5
    newcomer = induction(
        staff, plain_record("action", induction=0.5, **{**TAUGHT, f"practice_{left_out}": 0.0}), p
    )
    assert getattr(newcomer, f"skill_{left_out}") == 0.4
    assert newcomer.sessions_attended == 1


@given(st.integers(0, 10_000), SHARES, SHARES, SHARES, st.integers(1, 500))
def test_learning_never_lowers_and_never_leaves_the_range(
    seed: int, knowledge: float, skill: float, quality: float, week: int
) -> None:
    p = any_parameters(seed)
    staff = learner(knowledge=knowledge, skill_goals=skill)
    action = plain_record(
        "action",
        prt_session=1.0,
        coaching_session=1.0,
        booster=1.0,
        engagement=quality,
        delivery=quality,
        modelling=quality,
        session_days=5.0,
        **TAUGHT,
    )
    after = learning(staff, action, p, KEY, week)
    for name in after._fields:
        assert getattr(staff, name) <= getattr(after, name) <= 1.0


def test_the_training_record_counts_posts_filled() -> None:
    p = defaults()
    action = plain_record("action", prt_session=0.5)
    people = [
        plain_record("staff", present=1, attended=1, readiness=0.9),
        plain_record("staff", present=1, attended=0, readiness=0.9),
        plain_record("staff", present=0, attended=0),
    ]
    sums = no_training()
    for one in people:
        sums = add_trained(sums, one, action, p)
    assert (sums.offered, sums.attended) == (2, 1)
    assert sums.engagement == engagement_seen(people[0], p) == pytest.approx(0.5 + 0.8 * 0.4)
    assert curriculum(plain_record("action", booster=0.2, coaching_session=0.3)) == 0.5


COURSES = {"prt_session": 0.3, "coaching_session": 0.2, "booster": 0.1}


def test_a_session_is_held_or_cancelled_and_attended_or_not() -> None:
    held, not_held = plain_record("team", session_held=1), plain_record("team")
    taught, nothing = plain_record("action", **COURSES), plain_record("action")
    assert curriculum(taught) == pytest.approx(0.6)
    assert session_held(held)
    assert not session_held(not_held)
    found = [session_cancelled(team, act) for team in (held, not_held) for act in (taught, nothing)]
    assert found == [False, False, True, False]
    assert attended(plain_record("staff", attended=1))
    assert not attended(plain_record("staff"))


def test_the_chances_of_a_session_and_of_attending_by_hand(monkeypatch) -> None:
    """Logits 1 and 1.01; half of the gap to 1 is assured, half of the rest is switched off."""
    p = SimpleNamespace(
        session_base=0.5,
        session_from_team_readiness=2.0,
        implementation_gap=0.5,
        session_from_trust_readiness=1.0,
        session_from_propensity=0.5,
        attendance_base=0.1,
        attendance_from_readiness=2.0,
        attendance_from_leader=1.0,
        attendance_from_engagement=0.5,
        attendance_from_propensity=0.25,
        attendance_from_workload=0.5,
        attendance_from_priorities=0.2,
    )
    team = plain_record("team", readiness=0.7, participation_propensity=0.4, leader_support=0.8)
    team.workload = 1.5
    trust = plain_record("trust", readiness=0.4)
    action = plain_record("action", attendance_assured=0.5, engagement=0.9, protected_time=0.2)
    action.priorities_relief = 0.5
    monkeypatch.setattr(training, "effective_readiness", lambda *given: 0.7)
    person = plain_record("staff", priorities=0.9)
    for found, logit in (
        (session_probability(team, trust, action, p), 1.0),
        (attendance_probability(person, team, trust, action, p), 1.01),
    ):
        assert found == pytest.approx(1.0 - 0.25 / (1.0 + exp(logit)))


ROUND = {
    "quality_weight_engagement": 1.0,
    "quality_weight_delivery": 2.0,
    "quality_weight_modelling": 1.0,
    "knowledge_gain": 0.5,
    "values_gain": 0.25,
    "values_from_modelling": 1.0,
    "skill_share_recovery_course": 0.5,
    "learning_sd": 0.5,
    "skill_share_coaching_course": 0.25,
    "skill_gain": 2.0,
    "skill_mean": 0.2,
    "skill_sd": 0.1,
    "reinforcement_from_session": 0.25,
    "engagement_from_readiness": 0.5,
}
HALF_TAUGHT = dict(zip(TAUGHT, (0.5, 1.0, 0.5, 0.2), strict=True))


def average_learner(**changed: float):
    """Return somebody whose skills are the average."""
    values = {"attended": 1, "knowledge": 0.4, "values": 0.5, "reinforcement": 0.2}
    values |= {f"skill_{one}": 0.2 for one in PRACTICES} | {"sessions_attended": 3}
    return plain_record("staff", **(values | changed))


def test_quality_and_one_skill_by_hand() -> None:
    p = SimpleNamespace(**ROUND)
    assert training_quality(0.8, 0.6, 0.4, p) == pytest.approx(1.2)
    assert skill_after_session(0.4, 0.5, 2.0, p) == pytest.approx(0.4 + 0.1 * 0.75)


def learned(monkeypatch, uniform: float, **changed: float):
    monkeypatch.setattr(training, "uniforms", lambda *given: (uniform, 0.5, 0.5, 0.5))
    action = plain_record("action", session_days=2.0, **COURSES, **HALF_TAUGHT)
    action.engagement = action.delivery = action.modelling = 0.6
    return learning(average_learner(), action, SimpleNamespace(**(ROUND | changed)), KEY, 1)


def test_what_a_session_leaves_by_hand(monkeypatch) -> None:
    """Quality 1.2; .4 of the recovery course and .3 of the coaching course, boosters in both."""
    after = learned(monkeypatch, 0.5)
    assert after == pytest.approx(
        (0.4 + 0.33 * 0.6, 0.5 + 0.1815 * 0.5, 0.236, 0.266, 0.233, 0.2132, 0.6)
    )


@pytest.mark.parametrize(
    ("uniform", "sd", "own"), [(0.9772499, 0.5, 2.0), (0.9772499, 5.0, 3.0), (0.1, 5.0, 0.0)]
)
def test_people_learn_nothing_to_three_times_as_much(
    monkeypatch, uniform: float, sd: float, own: float
) -> None:
    after = learned(monkeypatch, uniform, learning_sd=sd, knowledge_gain=0.1)
    assert after.knowledge == pytest.approx(0.4 + own * 0.066 * 0.6, abs=1e-6)


def test_induction_by_hand() -> None:
    action = plain_record("action", induction=0.5, **HALF_TAUGHT)
    found = induction(average_learner(), action, SimpleNamespace(**ROUND))
    assert found == pytest.approx((0.55, 0.5625, 0.25, 0.275, 0.2375, 0.215, 4))


def test_what_trainers_see_is_counted() -> None:
    p, action = SimpleNamespace(**ROUND), plain_record("action", **COURSES)
    assert no_training() == (0, 0, 0.0)
    before = TrainingSums(2, 1, 0.5)
    came = average_learner(present=1, readiness=0.8)
    assert add_trained(before, came, action, p) == pytest.approx((3, 2, 1.15))
    stayed = average_learner(present=1, readiness=0.8, attended=0)
    assert add_trained(before, stayed, action, p) == (3, 1, 0.5)
    assert add_trained(before, average_learner(present=0), action, p) == before
    assert add_trained(before, came, plain_record("action"), p) == before
    team = plain_record("team", sessions_offered=10, sessions_attended=5, engagement_sum=2.0)
    assert training_record(team, before) == (12, 6, 2.5)


def test_the_quality_of_training_is_usual_unless_told() -> None:
    usual = {one.name: one.default for one in LINK.elements}
    assert [usual[one] for one in ("engagement", "delivery", "modelling")] == [0.5] * 3
