"""Relationship: contact moves it, changes cost it, and practice reaches users by one link."""

from __future__ import annotations

from math import log
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms import relationship
from sim.mechanisms.practice import PRACTICES, usual_delivery
from sim.mechanisms.relationship import (
    contact,
    contact_probability,
    expectations_after_week,
    experience_mean,
    knows,
    meets,
    no_contact,
    practice_probability,
    relationship_target,
    usual_deficit,
)
from sim.parameters import defaults, resolve
from tests.mechanisms.easy_work import EASY_WORK
from tests.worlds import plain_record, random_parameters

SHARES = st.floats(0.0, 1.0)
NOTHING = plain_record("action")
KEY = (1, 0, 2, 3, 4, 0)


@given(SHARES, SHARES, st.floats(0.0, 1.5))
def test_what_users_meet_is_a_probability_that_rises_with_delivery(
    delivery: float, reference: float, link: float
) -> None:
    p = resolve({"behaviour_to_experience": link})
    assert 0.0 <= practice_probability(delivery, reference, p) <= 1.0
    assert practice_probability(reference, reference, p) == reference
    low, high = sorted((delivery, reference))
    assert practice_probability(low, 0.4, p) <= practice_probability(high, 0.4, p)
    without = resolve({"behaviour_to_experience": 0.0})
    assert practice_probability(delivery, reference, without) == reference


def user_of(p, **changed: float):
    values = {"in_service": 1, "contact_rate": 1.0, "relationship": 0.5, "support": 0.5}
    values |= {f"experience_{one}": 0.3 for one in PRACTICES}
    values["expectations"] = p.expectations_mean
    return plain_record("service_user", **(values | changed))


def test_experience_is_the_mean_of_the_four_practices() -> None:
    levels = zip(PRACTICES, (0.1, 0.2, 0.4, 0.9), strict=True)
    user = plain_record("service_user", **{f"experience_{one}": level for one, level in levels})
    assert experience_mean(user) == pytest.approx(0.4)


def test_contacts_come_at_the_users_rate() -> None:
    p = resolve({"training_time_cost": 1.0})
    user, worker = user_of(p, contact_rate=0.8), plain_record("staff", interpersonal=0.6)
    team = plain_record("team", workload=1.0)
    weeks = range(1, 6001)
    met = [contact(user, worker, team, NOTHING, p, KEY, week).contacts for week in weeks]
    assert set(met) == {0, 1, 2}
    assert np.mean(met) == pytest.approx(0.8, abs=4.0 * np.sqrt(2 * 0.24 / 6000))
    team.workload = 2.0
    assert contact_probability(user, worker, team, NOTHING, p) == pytest.approx(0.2)
    worker.attended = 1
    a_day = plain_record("action", session_days=1.0)
    assert contact_probability(user, worker, team, a_day, p) == pytest.approx(0.2 * 0.8)
    assert contact_probability(user, worker, team, plain_record("action", session_days=9.0), p) == 0


@given(
    st.integers(0, 10_000),
    st.integers(1, 60_000),
    SHARES,
    SHARES,
    st.floats(0.0, 1.0, exclude_max=True),
)
def test_contact_keeps_every_share_in_range(
    seed: int, week: int, relationship: float, behaviour: float, progress: float
) -> None:
    p = random_parameters(np.random.default_rng(seed), corners=seed % 2 == 0)
    user = user_of(p, relationship=relationship, contact_rate=2.0, disposition=3.0, has_goal=1)
    user.goal_progress = progress
    levels = {f"behaviour_{one}": behaviour for one in PRACTICES}
    worker = plain_record("staff", interpersonal=0.9, **levels)
    team = plain_record("team", workload=0.5, climate=-2.0)
    after = contact(user, worker, team, NOTHING, p, KEY, week)
    for name in (*(f"experience_{one}" for one in PRACTICES), "relationship", "support"):
        assert 0.0 <= getattr(after, name) <= 1.0, name
    assert 0.0 <= after.expectations <= 1.0
    assert abs(after.experience_shift) <= 1.0
    assert after.contacts in (0, 1, 2)
    assert 0.0 <= after.goal_progress < 1.0
    assert after.goals_reached + after.has_goal <= 1


def test_a_week_without_contact_moves_expectations_alone() -> None:
    p = resolve({"expectations_pace": 0.2})
    user = user_of(p, contact_rate=0.0)
    team = plain_record("team", workload=1.0)
    for work in (1.0, 0.5, 0.005):
        action = plain_record("action", expectations=work)
        after = contact(user, plain_record("staff"), team, action, p, KEY, 3)
        before = {name: getattr(user, name) for name in after._fields}
        assert after._asdict() | {"expectations": 0.5} == before
        assert after.expectations == pytest.approx(0.5 + 0.2 * work * 0.5)


def test_without_a_worker_the_relationship_fades_and_after_discharge_it_stays() -> None:
    p = defaults()
    assert no_contact(user_of(p), NOTHING, p).relationship == pytest.approx(0.5 * 0.99)
    assert no_contact(user_of(p, in_service=0), NOTHING, p).relationship == 0.5


def test_expectations_return_to_usual() -> None:
    p = defaults()
    user = user_of(p, expectations=0.9)
    for _ in range(26):
        user.expectations = expectations_after_week(user, NOTHING, p)
    assert user.expectations == pytest.approx(0.5 + 0.4 * 0.5, abs=0.01)


def test_the_average_pair_tends_to_the_mean_relationship() -> None:
    p = defaults()
    usual = 0.25 * sum(usual_delivery(getattr(p, f"intent_mean_{one}"), p) for one in PRACTICES)
    target = relationship_target(
        user_of(p), p.interpersonal_mean, usual, 0.0, plain_record("team"), p
    )
    assert target == pytest.approx(p.relationship_mean)


def test_the_usual_deficit_is_where_losses_and_gains_meet() -> None:
    p = defaults()
    rate = p.contact_rate
    deficit = usual_deficit(rate, p)
    assert 0.0 < deficit < 0.2
    # The relationship loses a share of itself to changes and absences and regains part of its gap.
    leaving, changing = p.turnover_yearly / 52.0, p.worker_change_yearly / 52.0
    away = p.sickness + leaving * p.handover_weeks
    level, target = 0.5, 0.6
    for _ in range(3000):
        lost = p.relationship_loss_on_change * (leaving + changing) + p.relationship_fading * away
        level += p.relationship_pace * rate * (1.0 - away) * (target - level) - lost * level
    assert level == pytest.approx(target * (1.0 - deficit), rel=0.01)
    calm = resolve({"relationship_loss_on_change": 0.0, "relationship_fading": 0.0})
    assert usual_deficit(rate, calm) == 0.0
    assert usual_deficit(0.0, calm) == 0.0


def worker_of(doing: float, usual: float, skill: float = 0.6) -> object:
    levels = {f"behaviour_{one}": doing for one in PRACTICES}
    levels |= {f"behaviour_usual_{one}": usual for one in PRACTICES}
    levels |= {f"skill_{one}": skill for one in PRACTICES}
    levels |= {f"skill_usual_{one}": skill for one in PRACTICES}
    return plain_record("staff", present=1, interpersonal=0.5, **levels)


def after_weeks(p, worker, weeks: int, **changed: float):
    user = user_of(p, contact_rate=1.5, **changed)
    team = plain_record("team", workload=1.0)
    for week in range(1, weeks + 1):
        for name, value in contact(user, worker, team, NOTHING, p, KEY, week)._asdict().items():
            setattr(user, name, value)
    return user


def test_without_changed_practice_the_shifts_are_exactly_nothing() -> None:
    user = after_weeks(defaults(), worker_of(0.4, 0.4), 80)
    assert (user.experience_shift, user.relationship_shift, user.support_shift) == (0.0, 0.0, 0.0)


def test_the_shifts_settle_where_the_equations_say() -> None:
    """E = x, R = s e x, U = a R + s b x, worked by hand from what the worker delivers."""
    p = resolve({"support_shift_scale": 0.8})
    worker = worker_of(0.7, 0.4)
    whole = p.delivery_without_skill + (1.0 - p.delivery_without_skill) * 0.6
    x = (0.7 - 0.4) * whole
    user = after_weeks(p, worker, 1500)
    assert user.experience_shift == pytest.approx(x, rel=1e-6)
    relationship = 0.8 * p.relationship_from_experience * x
    assert user.relationship_shift == pytest.approx(relationship, rel=1e-6)
    support = p.support_from_relationship * relationship + 0.8 * p.support_from_experience * x
    assert user.support_shift == pytest.approx(support, rel=1e-6)


def test_a_new_worker_and_absence_cost_the_shift_what_they_cost_the_relationship() -> None:
    p = defaults()
    user = user_of(p, relationship_shift=0.2)
    assert no_contact(user, NOTHING, p).relationship_shift == pytest.approx(
        0.2 * (1.0 - p.relationship_fading)
    )


PRACTICE_DRAWS = (0.1, 0.2, 0.9, 0.15)


def worked_contact(
    monkeypatch, draws=PRACTICE_DRAWS, second=0.9, scale=2.0, goal_step=0.1, **changed
):
    """Return a week of round numbers, in which doing is delivering, and half of chances are met."""
    p = SimpleNamespace(
        **EASY_WORK,
        behaviour_to_experience=0.5,
        experience_pace=0.1,
        relationship_pace=0.2,
        support_pace=0.25,
        support_shift_scale=scale,
        relationship_from_experience=0.4,
        support_from_relationship=0.5,
        support_from_experience=0.2,
        relationship_mean=0.6,
        relationship_sd=0.1,
        relationship_share_user=0.5,
        relationship_share_pair=0.3,
        relationship_share_worker=0.2,
        interpersonal_mean=0.6,
        interpersonal_sd=0.1,
        relationship_from_partnership=0.1,
        support_mean=0.5,
        support_sd_person=0.1,
        expectations_mean=0.5,
        expectations_half_life=10.0 * log(2.0),
        goal_step=goal_step,
        goal_naming=0.4,
    )
    values = {"relationship": 0.5, "support": 0.4, "experience_shift": 0.1, "contact_rate": 1.0}
    values |= {"relationship_shift": 0.05, "support_shift": 0.02, "support_disposition": 0.5}
    values |= {"disposition": 0.4, "rapport": 1.0, "has_goal": 1, "goal_progress": 0.5}
    values |= {f"experience_{one}": 0.3 for one in PRACTICES} | {"goals_reached": 2}
    done = zip(PRACTICES, (0.6, 0.8, 0.2, 0.6), strict=True)
    levels = {f"behaviour_usual_{one}": 0.4 for one in PRACTICES}
    levels |= {f"behaviour_{one}": level for one, level in done} | {"interpersonal": 0.7}
    drawn = {relationship.USER_CONTACT: (0.1, second, 0.3, 0.5), relationship.USER_PRACTICES: draws}
    monkeypatch.setattr(relationship, "uniforms", lambda key, purpose, week: drawn[purpose])
    team = plain_record("team", workload=1.0, climate=0.1, partnership=0.5)
    user = plain_record("service_user", **(values | changed))
    return contact(user, plain_record("staff", **levels), team, NOTHING, p, KEY, 1)


def test_one_contact_worked_by_hand(monkeypatch) -> None:
    """Three of four practices happen; the target of the relationship is .761, of support .5466."""
    after = worked_contact(monkeypatch)
    found = [getattr(after, f"experience_{one}") for one in PRACTICES]
    assert after.contacts == 1
    assert found == pytest.approx([0.37, 0.37, 0.27, 0.37])
    assert after.experience_shift == pytest.approx(0.1 + 0.1 * (0.15 - 0.1))
    assert after.relationship == pytest.approx(0.5 + 0.2 * 0.261)
    assert after.relationship_shift == pytest.approx(0.05 + 0.2 * (0.124 - 0.05))
    assert after.support == pytest.approx(0.4 + 0.25 * 0.1466)
    assert after.support_shift == pytest.approx(0.02 + 0.25 * (0.0744 - 0.02))


def test_two_contacts_move_everything_at_twice_the_pace(monkeypatch) -> None:
    """The target of the relationship is .782, of support .5874; a goal has one step a week."""
    after = worked_contact(monkeypatch, second=0.4)
    found = [getattr(after, f"experience_{one}") for one in PRACTICES]
    assert after.contacts == 2
    assert found == pytest.approx([0.44, 0.44, 0.24, 0.44])
    assert after.experience_shift == pytest.approx(0.1 + 0.2 * (0.15 - 0.1))
    assert after.relationship == pytest.approx(0.5 + 0.4 * 0.282)
    assert after.relationship_shift == pytest.approx(0.05 + 0.4 * (0.128 - 0.05))
    assert after.support == pytest.approx(0.4 + 0.5 * 0.1874)
    assert after.support_shift == pytest.approx(0.02 + 0.5 * (0.0846 - 0.02))
    assert (after.has_goal, after.goal_progress) == pytest.approx((1, 0.6))


@pytest.mark.parametrize(
    ("present", "generation", "sick", "known", "met"),
    [(1, 4, 0, 1, 1), (1, 4, 1, 1, 0), (1, 3, 0, 0, 0), (1, 5, 0, 0, 0), (0, 4, 0, 0, 0)],
)
def test_a_user_meets_a_known_worker_who_is_well(
    present: int, generation: int, sick: int, known: int, met: int
) -> None:
    user = plain_record("service_user", worker_generation=4)
    worker = plain_record("staff", present=present, generation=generation, sick=sick)
    assert (knows(user, worker), meets(user, worker)) == (known, met)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_shifts_aim_no_further_than_one(monkeypatch, sign: float) -> None:
    after = worked_contact(monkeypatch, scale=100.0 * sign)
    assert after.relationship_shift == pytest.approx(0.05 + 0.2 * (sign - 0.05))
    assert after.support_shift == pytest.approx(0.02 + 0.25 * (sign - 0.02))


@pytest.mark.parametrize(
    ("changed", "goal"),
    [
        ({}, (1, 0.6, 2)),
        ({"goal_step": 0.6}, (0, 0.0, 3)),
        ({"has_goal": 0, "goal_progress": 0.0}, (1, 0.0, 2)),
        ({"draws": (0.1, 0.2, 0.9, 0.95)}, (1, 0.5, 2)),
    ],
)
def test_goals_are_named_pursued_and_reached(monkeypatch, changed, goal) -> None:
    after = worked_contact(monkeypatch, **changed)
    assert (after.has_goal, after.goal_progress, after.goals_reached) == pytest.approx(goal)


def test_a_course_takes_no_contact_from_who_stays_away() -> None:
    user, team = user_of(defaults(), contact_rate=0.8), plain_record("team", workload=1.0)
    a_day = plain_record("action", session_days=1.0)
    found = contact_probability(user, plain_record("staff"), team, a_day, defaults())
    assert found == pytest.approx(0.4)


def test_the_deficit_by_hand() -> None:
    """A fifth of the weeks without a worker: .01 lost, .08 regained; nothing lost, no deficit.

    With chances of .01282 to leave and .00428 to change a week, and ten weeks of handover: away
    .32821, lost .5 x .01710 + .05 x .32821 = .02496, regained .1 x .67179 = .06718.
    """
    p = SimpleNamespace(
        turnover_yearly=0.0,
        worker_change_yearly=0.0,
        sickness=0.2,
        handover_weeks=10.0,
        relationship_loss_on_change=0.5,
        relationship_fading=0.05,
        relationship_pace=0.1,
    )
    assert usual_deficit(1.0, p) == pytest.approx(1.0 / 9.0)
    p.turnover_yearly, p.worker_change_yearly = 0.5, 0.2
    assert usual_deficit(1.0, p) == pytest.approx(0.02496 / (0.02496 + 0.06718), rel=1e-4)
    p.relationship_loss_on_change = p.relationship_fading = 0.0
    assert usual_deficit(0.0, p) == 0.0
