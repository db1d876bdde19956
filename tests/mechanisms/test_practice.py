"""Practice: usual care is an equilibrium, skill fades as was seen, transfer is the weak link."""

from __future__ import annotations

from math import log
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms.bounds import weekly_fraction
from sim.mechanisms.practice import (
    PRACTICES,
    behaviour,
    behaviour_target,
    delivered,
    extra_support,
    intent,
    intent_target,
    opportunity,
    practised,
    reinforcement_after_week,
    retention,
    transfer,
    usual_delivery,
    usual_delivery_mean,
    usual_opportunity,
)
from sim.mechanisms.practice import forgetting_fraction as forgetting
from sim.parameters import defaults, resolve
from tests.mechanisms.easy_work import NO_PRESSURE
from tests.worlds import plain_record, random_parameters

SHARES = st.floats(0.0, 1.0)


def usual_person(p, priorities: float, trust_priorities: float, intents: list[float]):
    """Return somebody whose practice is as usual: usual intent times the room there is."""
    room = opportunity(priorities, trust_priorities, 1.0, 0.0, 0.0, p)
    values: dict[str, float] = {"present": 1, "priorities": priorities}
    for one, level in zip(PRACTICES, intents, strict=True):
        values |= {f"intent_usual_{one}": level, f"intent_{one}": level}
        values |= {
            f"{name}_{one}": room * level for name in ("habit", "behaviour_usual", "behaviour")
        }
        values |= {f"skill_usual_{one}": 0.4, f"skill_{one}": 0.4}
    values |= dict.fromkeys(("values", "values_usual", "knowledge", "knowledge_usual"), 0.45)
    return plain_record("staff", **values)


@given(st.integers(0, 10_000), SHARES, SHARES, st.lists(SHARES, min_size=4, max_size=4))
def test_usual_practice_stays_usual(
    seed: int, priorities: float, trust_priorities: float, intents: list[float]
) -> None:
    p = random_parameters(np.random.default_rng(seed))
    person = usual_person(p, priorities, trust_priorities, intents)
    team = plain_record("team", workload=1.0)
    trust = plain_record("trust", priorities=trust_priorities)
    action = plain_record("action")
    kept = retention(person, team, action, p)
    meant = intent(person, team, p)
    done = behaviour(person, team, trust, action, 0.5, p)
    for result in (kept, meant, done):
        for name in result._fields:
            assert getattr(result, name) == pytest.approx(getattr(person, name), abs=1e-12), name


def skill_effect_after_half_a_year(reinforcement: float) -> float:
    """Return what is left, in standard deviations, of a gain of 0.76 after 26 weeks."""
    p = defaults()
    skill = p.skill_mean + p.skill_gain * p.skill_sd
    for _ in range(26):
        loss = forgetting(p.skill_half_life, reinforcement, p)
        skill = practised(skill, p.skill_mean, 0.0, loss, p)
    return (skill - p.skill_mean) / p.skill_sd


def test_skill_fades_without_coaching_and_holds_with_it() -> None:
    # Schwalbe et al. 2014: 0.76 after training, 0.30 less half a year later, none less coached.
    assert skill_effect_after_half_a_year(0.0) == pytest.approx(0.46, abs=0.02)
    assert skill_effect_after_half_a_year(1.0) > 0.70


def test_nothing_is_forgotten_without_an_implementation_gap() -> None:
    assert forgetting(12.0, 0.0, resolve({"implementation_gap": 0.0})) == 0.0


@given(st.integers(0, 10_000), SHARES, SHARES)
def test_coaching_never_lowers_transfer(seed: int, ready: float, reinforcement: float) -> None:
    drawn = random_parameters(np.random.default_rng(seed)).as_dict()
    low, high = sorted((drawn["transfer_without_coaching"], drawn["transfer_with_coaching"]))
    p = resolve(
        drawn
        | {"transfer_without_coaching": min(low, 0.5), "transfer_with_coaching": max(high, 0.5)}
    )
    assert 0.0 <= transfer(0.0, ready, p) <= transfer(reinforcement, ready, p) <= 1.0
    assert transfer(reinforcement, ready, p) <= transfer(1.0, ready, p)


def test_transfer_has_its_two_ends_and_none_of_it_without_a_gap() -> None:
    p = defaults()
    assert transfer(0.0, 0.5, p) == pytest.approx(p.transfer_without_coaching)
    assert transfer(1.0, 0.5, p) == pytest.approx(p.transfer_with_coaching)
    assert transfer(0.0, 0.0, resolve({"implementation_gap": 0.0})) == 1.0


def test_without_a_gap_all_of_a_shift_in_intent_becomes_behaviour() -> None:
    p = resolve({"implementation_gap": 0.0, "habit_strength": 0.0})
    room, usual = 0.6, 0.4
    carried = transfer(0.0, 0.2, p)
    target = behaviour_target(usual, 0.7, room * usual, room * usual, room, room, carried, p)
    assert target == pytest.approx(room * usual + 0.3)


@given(st.integers(0, 10_000), SHARES, SHARES, st.floats(0.2, 3.0), SHARES, SHARES, SHARES, SHARES)
def test_protection_and_relief_never_leave_less_done(
    seed: int,
    own: float,
    trust_own: float,
    workload: float,
    intent_now: float,
    one: float,
    other: float,
    held: float,
) -> None:
    """More of either condition is never worse, whatever the workload and whoever the person."""
    p = random_parameters(np.random.default_rng(seed), corners=seed % 2 == 0)
    person = usual_person(p, own, trust_own, [0.5] * 4)
    for practice in PRACTICES:
        setattr(person, f"intent_{practice}", intent_now)
    team = plain_record("team", workload=workload)
    trust = plain_record("trust", priorities=trust_own)
    less, more = sorted((one, other))
    for lever, kept in (
        ("protected_time", "priorities_relief"),
        ("priorities_relief", "protected_time"),
    ):
        little, much = (
            behaviour(
                person, team, trust, plain_record("action", **{lever: level, kept: held}), 0.5, p
            )
            for level in (less, more)
        )
        assert all(after >= before - 1e-12 for before, after in zip(little, much, strict=True))


def test_protected_time_helps_new_practice_in_a_team_with_slack_and_leaves_usual_work_alone() -> (
    None
):
    p = defaults()
    team, trust = plain_record("team", workload=0.8), plain_record("trust", priorities=0.5)
    protected, nothing = plain_record("action", protected_time=0.5), plain_record("action")
    usual = usual_person(p, 0.5, 0.5, [0.4] * 4)
    assert behaviour(usual, team, trust, protected, 0.5, p) == behaviour(
        usual, team, trust, nothing, 0.5, p
    )
    keen = usual_person(p, 0.5, 0.5, [0.4] * 4)
    for practice in PRACTICES:
        setattr(keen, f"intent_{practice}", 0.6)
    with_time = behaviour(keen, team, trust, protected, 0.5, p)
    without = behaviour(keen, team, trust, nothing, 0.5, p)
    # By hand: half of a load of .8 is .4 of room at .3, on a quarter of the shift of .2,
    # times the solved scale of new practice.
    moved = weekly_fraction(p.behaviour_half_life) * 0.3 * 0.4 * 0.25 * p.practice_scale * 0.2
    assert with_time.behaviour_goals - without.behaviour_goals == pytest.approx(moved)


def test_a_vacant_post_does_nothing() -> None:
    p = defaults()
    person = usual_person(p, 0.5, 0.5, [0.5] * 4)
    person.present = 0
    team, trust = plain_record("team", workload=1.0), plain_record("trust", priorities=0.5)
    assert set(behaviour(person, team, trust, plain_record("action"), 0.5, p)) == {0.0}


def test_support_is_felt_only_by_those_who_were_trained() -> None:
    p, team = defaults(), plain_record("team")
    action = plain_record("action", telephone=1.0, supervision=1.0, reflection=1.0)
    untrained = plain_record("staff", present=1)
    trained = plain_record("staff", present=1, sessions_attended=1)
    assert reinforcement_after_week(untrained, team, action, p) == 0.0
    expected = 1.0 - (1.0 - 0.15) * (1.0 - 0.3) * (1.0 - 0.1)
    assert reinforcement_after_week(trained, team, action, p) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("attended", "offered", "support"), [(2, 10, 0.7), (5, 10, 0.0), (8, 10, 0.0), (0, 0, 0.0)]
)
def test_stepped_support_goes_where_uptake_stays_below_the_threshold(
    attended: int, offered: int, support: float
) -> None:
    team = plain_record("team", sessions_attended=attended, sessions_offered=offered)
    action = plain_record("action", stepped_threshold=0.5, stepped_support=0.7)
    assert extra_support(team, action) == support


@given(st.integers(0, 10_000), SHARES, SHARES, SHARES)
def test_delivery_needs_doing_and_doing_well(seed: int, doing: float, a: float, b: float) -> None:
    p = random_parameters(np.random.default_rng(seed))
    low, high = sorted((a, b))
    assert 0.0 <= delivered(doing, low, p) <= delivered(doing, high, p) <= doing
    assert delivered(0.0, high, p) == 0.0


def test_the_reference_is_what_the_average_worker_delivers() -> None:
    p = defaults()
    room = usual_opportunity(p)
    assert room == pytest.approx(1.0 - 0.4 * 0.5 - 0.3 * 0.5)
    assert usual_delivery(0.4, p) == pytest.approx(room * 0.4 * (0.5 + 0.5 * 0.4))


TENTH = 10.0 * log(2.0)
"""Half-life at which a tenth of a gap closes in a week."""


def each(name: str, *levels: float) -> dict[str, float]:
    """Return one value a practice."""
    return {f"{name}_{one}": level for one, level in zip(PRACTICES, levels, strict=True)}


def test_room_for_recovery_work_by_hand() -> None:
    p = SimpleNamespace(
        opportunity_from_staff=0.4, opportunity_from_trust=0.2, opportunity_from_workload=0.5
    )
    # Pressure .3, half of it relieved; a load of 1.5 less a fifth is .2 above the norm.
    assert opportunity(0.5, 0.5, 1.5, 0.5, 0.2, p) == pytest.approx(1.0 - 0.15 - 0.1)


@pytest.mark.parametrize(
    ("gap", "meant", "target"), [(1.0, 0.6, 0.27), (1.0, 0.2, 0.205), (0.5, 0.6, 0.2975)]
)
def test_where_behaviour_tends_by_hand(gap: float, meant: float, target: float) -> None:
    """Only a rise in intent has the relieved room; habit adds .03 whatever is meant."""
    p = SimpleNamespace(implementation_gap=gap, practice_scale=0.5, habit_strength=0.3)
    found = behaviour_target(0.4, meant, 0.2, 0.4, 0.5, 0.8, 0.5, p)
    assert found == pytest.approx(target)


@pytest.mark.parametrize(("gap", "share"), [(1.0, 0.48), (0.5, 0.74)])
def test_transfer_by_hand(gap: float, share: float) -> None:
    p = SimpleNamespace(
        transfer_without_coaching=0.2,
        transfer_with_coaching=0.6,
        transfer_from_readiness=0.5,
        implementation_gap=gap,
    )
    assert transfer(0.5, 0.9, p) == pytest.approx(share)


@pytest.mark.parametrize(
    ("changed", "felt"), [({}, 0.6436), ({"present": 0}, 0.45), ({"sessions_attended": 0}, 0.45)]
)
def test_what_is_felt_of_support_by_hand(changed: dict[str, int], felt: float) -> None:
    """.45 is left of .5; telephone .1, supervision .2 and reflection .1 make .352 of the rest."""
    p = SimpleNamespace(
        reinforcement_half_life=TENTH,
        reinforcement_from_telephone=0.2,
        reinforcement_from_supervision=0.5,
        reinforcement_from_reflection=0.25,
    )
    person = {"present": 1, "sessions_attended": 1, "reinforcement": 0.5} | changed
    action = {"telephone": 0.5, "supervision": 0.3, "reflection": 0.4, "stepped_support": 0.1}
    found = reinforcement_after_week(
        plain_record("staff", **person),
        plain_record("team", sessions_attended=1, sessions_offered=10),
        plain_record("action", stepped_threshold=0.5, **action),
        p,
    )
    assert found == pytest.approx(felt)


def test_forgetting_and_learning_by_doing_by_hand() -> None:
    p = SimpleNamespace(
        reinforcement_protection=0.5,
        implementation_gap=0.5,
        learning_by_doing=0.5,
        skill_half_life=TENTH,
        values_half_life=2 * TENTH,
        knowledge_half_life=TENTH,
        reinforcement_half_life=TENTH,
    )
    assert forgetting(TENTH, 0.4, p) == pytest.approx(0.1 * 0.8 * 0.5)
    assert practised(0.6, 0.4, 0.2, 0.1, p) == pytest.approx(0.58 + 0.5 * 0.2 * 0.42)
    assert practised(0.6, 0.4, -0.2, 0.1, p) == pytest.approx(0.58)
    person = plain_record(
        "staff",
        **(each("skill", *[0.6] * 4) | each("skill_usual", *[0.4] * 4)),
        **(each("behaviour", 0.3, 0.4, 0.5, 0.6) | each("behaviour_usual", *[0.2] * 4)),
        values=0.6,
        values_usual=0.4,
        knowledge=0.7,
        knowledge_usual=0.3,
    )
    kept = retention(person, plain_record("team"), plain_record("action"), p)
    assert kept[:3] == pytest.approx((0.0, 0.7 - 0.05 * 0.4, 0.6 - 0.025 * 0.2))
    assert kept[3:] == pytest.approx([0.59 + 0.41 * 0.5 * rise for rise in (0.1, 0.2, 0.3, 0.4)])


def test_intent_by_hand() -> None:
    """All practices share .25 of the room that usual intent leaves; skill adds half its rise."""
    p = SimpleNamespace(
        intent_from_values=0.5,
        intent_from_norms=0.2,
        intent_from_knowledge=0.3,
        intent_from_readiness=0.1,
        intent_from_skill=0.5,
        intent_half_life=TENTH,
    )
    assert intent_target(0.4, 0.2, 0.1, p) == pytest.approx(0.52)
    person = plain_record(
        "staff",
        values=0.6,
        values_usual=0.4,
        knowledge=0.5,
        knowledge_usual=0.4,
        readiness=0.7,
        readiness_usual=0.5,
        **(each("skill", 0.4, 0.5, 0.6, 0.7) | each("skill_usual", *[0.4] * 4)),
        **(each("intent", *[0.5] * 4) | each("intent_usual", *[0.4] * 4)),
    )
    found = intent(person, plain_record("team", norms=0.5), p)
    assert found == pytest.approx([0.5 + 0.1 * (0.05 + 0.3 * rise) for rise in (0, 0.1, 0.2, 0.3)])


def test_behaviour_and_habit_close_part_of_their_gaps() -> None:
    p = SimpleNamespace(
        **NO_PRESSURE,
        transfer_without_coaching=0.5,
        transfer_with_coaching=0.5,
        transfer_from_readiness=0.0,
        implementation_gap=1.0,
        practice_scale=1.0,
        habit_strength=0.4,
        behaviour_half_life=TENTH,
        habit_half_life=2 * TENTH,
    )
    person = plain_record(
        "staff",
        present=1,
        **(each("intent_usual", 0.1, 0.2, 0.3, 0.4) | each("intent", 0.3, 0.4, 0.5, 0.6)),
        **(each("behaviour", *[0.2] * 4) | each("behaviour_usual", *[0.2] * 4)),
        **each("habit", *[0.3] * 4),
    )
    team, trust = plain_record("team", workload=1.0), plain_record("trust")
    found = behaviour(person, team, trust, plain_record("action"), 0.5, p)
    # Usual intent, half of a rise of .2, and habit: half of .4 of .1 above usual behaviour.
    done = [0.2 + 0.1 * (usual + 0.1 + 0.02 - 0.2) for usual in (0.1, 0.2, 0.3, 0.4)]
    assert found[:4] == pytest.approx(done)
    assert found[4:] == pytest.approx([0.3 + 0.05 * (one - 0.3) for one in done])


def test_usual_delivery_is_the_mean_over_the_practices() -> None:
    p = SimpleNamespace(
        **NO_PRESSURE,
        staff_priorities_mean=0.5,
        trust_priorities_mean=0.5,
        skill_mean=0.5,
        **(each("intent_mean", 0.1, 0.2, 0.4, 0.9) | {"delivery_without_skill": 0.6}),
    )
    assert usual_delivery_mean(p) == pytest.approx(0.4 * 0.8)
