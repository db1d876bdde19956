"""Recovery: fluctuations keep their spread, responses follow experience, stages move both ways."""

from __future__ import annotations

from math import log, sqrt
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms import recovery as rules
from sim.mechanisms.bounds import weekly_fraction
from sim.mechanisms.heterogeneity import setpoint_sd
from sim.mechanisms.practice import PRACTICES, usual_delivery
from sim.mechanisms.recovery import (
    LIMIT,
    PROCESSES,
    Responses,
    correlated,
    gain_after_week,
    health_after_week,
    process_after_week,
    programme_responses,
    recovery,
    stage_after_week,
    usual_responses,
)
from sim.parameters import defaults, resolve
from tests.mechanisms.easy_work import EASY_WORK
from tests.worlds import plain_record, random_parameters

NORMAL = st.floats(-8.0, 8.0)
NOTHING = plain_record("action")


@pytest.mark.parametrize("correlation", [0.05, 0.3, 0.5, 0.8])
def test_fluctuations_have_unit_variance_and_go_together_as_told(correlation: float) -> None:
    # Linear in five independent normals, so the weights give the covariance exactly.
    weights = np.array([correlated(*row, correlation) for row in np.eye(5).tolist()]).T
    expected = np.full((5, 5), correlation) + (1.0 - correlation) * np.eye(5)
    np.testing.assert_allclose(weights @ weights.T, expected, atol=1e-12)


@pytest.mark.parametrize("half_life", [2.0, 12.0, 52.0])
def test_the_spread_of_fluctuations_is_stationary(half_life: float) -> None:
    p = resolve({"recovery_half_life": half_life, "health_half_life": half_life})
    k = weekly_fraction(half_life)
    for step, sd in (
        (process_after_week(0.0, 0.0, 0.0, 0.0, 0.0, 1.0, p), p.fluctuation_sd),
        (health_after_week(0.0, 0.0, 1.0, p), p.health_fluctuation_sd),
    ):
        assert (1.0 - k) ** 2 * sd**2 + step**2 == pytest.approx(sd**2)


@given(st.integers(0, 10_000), NORMAL, NORMAL, NORMAL, NORMAL, NORMAL, st.floats(-7.0, 7.0))
def test_processes_stay_within_their_limit(
    seed: int,
    value: float,
    before: float,
    gain: float,
    setpoint: float,
    drift: float,
    noise: float,
) -> None:
    p = random_parameters(np.random.default_rng(seed))
    assert abs(process_after_week(value, before, gain, setpoint, drift, noise, p)) <= LIMIT
    assert abs(health_after_week(value, setpoint, noise, p)) <= LIMIT


@given(NORMAL, st.floats(-4.0, 4.0), st.floats(-4.0, 4.0), st.floats(2.0, 52.0))
def test_without_a_response_time_the_gain_equals_the_response(
    gain: float, usual: float, programme: float, half_life: float
) -> None:
    p = resolve({"response_time": 0.0, "recovery_half_life": half_life})
    assert gain_after_week(gain, usual, programme, p) == pytest.approx(usual + programme, abs=1e-13)


@given(st.floats(-3.0, 3.0), st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(2.0, 52.0))
def test_recovery_follows_with_one_lag(
    value: float, gain: float, response: float, half_life: float
) -> None:
    """x' = x + k (setpoint + drift + response - x): where gain and fluctuation share one lag."""
    p = resolve({"recovery_half_life": half_life, "chance_scale": 0.0})
    k = weekly_fraction(half_life)
    after = gain_after_week(gain, 0.0, response, p)
    found = process_after_week(value, gain, after, 0.2, 0.1, 0.0, p)
    assert found == pytest.approx(value + k * (0.2 + 0.1 + response - value), abs=1e-12)


def test_without_chance_noise_has_no_say() -> None:
    p = resolve({"chance_scale": 0.0})
    assert process_after_week(0.3, 0.0, 0.1, 0.2, 0.0, 7.0, p) == process_after_week(
        0.3, 0.0, 0.1, 0.2, 0.0, -7.0, p
    )
    assert health_after_week(0.3, 0.1, 7.0, p) == health_after_week(0.3, 0.1, -7.0, p)


def usual_user(p, **changed: float):
    """Return somebody who experiences what is usual."""
    values = {
        "stage": 3,
        "relationship": p.relationship_mean,
        "support": p.support_mean,
        "expectations": p.expectations_mean,
        "identity_threat": p.identity_threat_mean,
        **{
            f"experience_{one}": usual_delivery(getattr(p, f"intent_mean_{one}"), p)
            for one in PRACTICES
        },
    }
    return plain_record("service_user", **(values | changed))


BEYOND = {
    "peer_delivery": "peer_delivery_to_recovery",
    "family_involvement": "family_to_recovery",
    "social_inclusion": "social_inclusion_to_recovery",
}


@pytest.mark.parametrize("component", BEYOND)
def test_components_beyond_refocus_move_recovery_as_a_whole(component: str) -> None:
    p = resolve({BEYOND[component]: 0.2, "response_stage_1": 0.5, "response_stage_3": 1.2})
    action, team = plain_record("action", **{component: 0.5}), plain_record("team")
    for stage, responds in ((1, 0.5), (3, 1.2)):
        found = programme_responses(usual_user(p, stage=stage), team, action, p)
        assert found == pytest.approx([0.5 * 0.2 * responds] * 5)


def test_work_on_social_factors_does_more_for_whom_society_threatens_more() -> None:
    """Twice the mean threat: twice the rise in identity, and nothing else differs."""
    p = resolve({"identity_threat_mean": 0.4, "social_inclusion_to_recovery": 0.1})
    action, team = plain_record("action", social_inclusion=1.0), plain_record("team")
    usual, black = (
        programme_responses(usual_user(p, identity_threat=threat), team, action, p)
        for threat in (0.4, 0.8)
    )
    assert black.identity == pytest.approx(2.0 * usual.identity)
    assert black._replace(identity=0.0) == usual._replace(identity=0.0)


def test_usual_experience_calls_for_no_response() -> None:
    p = defaults()
    assert set(usual_responses(usual_user(p), p)) == {0.0}
    assert set(programme_responses(usual_user(p), plain_record("team"), NOTHING, p)) == {0.0}


@pytest.mark.parametrize(
    ("changed", "moved"),
    [
        ({"experience_coaching": 0.9}, {"empowerment"}),
        ({"experience_goals": 0.9}, {"empowerment"}),
        ({"experience_strengths": 0.9}, {"identity"}),
        ({"experience_values": 0.9}, {"meaning"}),
        ({"expectations": 0.9}, {"empowerment"}),
        ({"identity_threat": 0.1}, {"identity"}),
        ({"relationship": 0.9}, set(PROCESSES)),
        ({"support": 0.9}, set(PROCESSES)),
    ],
)
def test_each_process_hangs_on_its_own_experience(
    changed: dict[str, float], moved: set[str]
) -> None:
    p = defaults()
    level = usual_responses(usual_user(p, **changed), p)
    assert {name for name in PROCESSES if getattr(level, name) > 0.0} == moved
    assert all(getattr(level, name) >= 0.0 for name in PROCESSES)


@given(st.integers(0, 10_000), *[st.floats(0.0, 1.0)] * 4, st.integers(1, 5))
def test_without_the_theory_only_what_is_aimed_at_users_moves_recovery(
    seed: int, relationship: float, support: float, coaching: float, values: float, stage: int
) -> None:
    drawn = random_parameters(np.random.default_rng(seed))
    p = resolve(drawn.as_dict() | {"theory_strength": 0.0})
    user = usual_user(
        p,
        relationship=relationship,
        support=support,
        experience_coaching=coaching,
        experience_values=values,
        stage=stage,
    )
    user.experience_shift, user.relationship_shift, user.support_shift = 0.3, 0.2, 0.1
    team = plain_record("team", behaviour_shift=0.4)
    assert set(programme_responses(user, team, NOTHING, p)) == {0.0}
    assert usual_responses(user, p).hope == 0.0


def test_of_what_the_programme_moves_the_causal_share_counts() -> None:
    """A slope between people is not an effect: what is shifted enters with the share c of it."""
    shifts = {"relationship_shift": 0.1, "support_shift": 0.05, "experience_shift": 0.2}
    for causal in (0.0, 0.5, 1.0):
        p = resolve(
            {"causal_share": causal, "team_to_recovery": 0.0, "worker_to_recovery": 0.0}
            | {"response_stage_3": 1.0}
        )
        user = usual_user(p)
        user.relationship += 0.1
        user.support += 0.05
        for one in PRACTICES:
            name = f"experience_{one}"
            setattr(user, name, getattr(user, name) + p.behaviour_to_experience * 0.2)
        without = usual_responses(user, p)
        for name, value in shifts.items():
            setattr(user, name, value)
        assert max(map(abs, usual_responses(user, p))) < 1e-12
        programme = programme_responses(user, plain_record("team"), NOTHING, p)
        # Where experience moves one for one, all of it causal is what the slope alone would say.
        if p.behaviour_to_experience == 1.0:
            assert programme == pytest.approx(tuple(causal * one for one in without))


def test_team_and_worker_reach_recovery_each_by_its_own_road() -> None:
    p = resolve({"causal_share": 0.0, "team_to_recovery": 0.7, "worker_to_recovery": 0.3})
    stage = p.response_stage_3
    team = plain_record("team", behaviour_shift=0.2)
    by_team = programme_responses(usual_user(p), team, NOTHING, p)
    assert by_team == pytest.approx((stage * 0.7 * 0.2,) * 5)
    by_worker = programme_responses(
        usual_user(p, experience_shift=0.2), plain_record("team"), NOTHING, p
    )
    assert by_worker == pytest.approx((stage * 0.3 * 0.2,) * 5)


def test_recovery_reads_no_arm_scenario_or_training() -> None:
    p = defaults()
    user = usual_user(p)
    key = (1, 0, 2, 3, 4, 0)
    plain = recovery(user, plain_record("team"), NOTHING, p, key, 3)
    trained = plain_record("team", programme=1, start_week=0, sessions_attended=9)
    taught = plain_record("action", prt_session=1.0, coaching_session=1.0, telephone=1.0)
    assert recovery(user, trained, taught, p, key, 3) == plain


@pytest.mark.parametrize("stage", [1, 2, 3, 4, 5])
def test_stages_go_up_and_down_by_one_and_no_further(stage: int) -> None:
    p = resolve({"stage_rate": 0.2})
    level = 0.75 * (stage - 3)
    user = plain_record("service_user", stage=stage, **dict.fromkeys(PROCESSES, level))
    seen = [stage_after_week(user, u, p).stage for u in (np.arange(10_000) + 0.5) / 10_000]
    counts = {one: seen.count(one) / 10_000 for one in set(seen)}
    up, down = min(stage + 1, 5), max(stage - 1, 1)
    # At the level that belongs to the stage both directions are alike.
    for other in {up, down} - {stage}:
        assert counts[other] == pytest.approx(0.1, abs=1e-3)
    assert set(counts) == {stage, up, down}


def test_the_spread_between_people_is_about_one() -> None:
    p = defaults()
    experience = p.experience_to_recovery * p.response_spread
    parts = [setpoint_sd(p), p.fluctuation_sd, p.symptoms_to_recovery, experience]
    assert sqrt(sum(part * part for part in parts)) == pytest.approx(1.0)
    strong = resolve({"fluctuation_sd": 0.9, "symptoms_to_recovery": 0.5})
    assert setpoint_sd(strong) == pytest.approx(sqrt(0.05))


def round_numbers(**changed: float) -> SimpleNamespace:
    """Return parameters at which doing is delivering, usual is .4 and a fifth of a gap closes."""
    values = {f"response_stage_{one}": 0.5 * one for one in range(1, 6)}
    values |= {"theory_strength": 0.5, "causal_share": 0.4}
    values |= {"experience_to_recovery": 0.5, "behaviour_to_experience": 0.5}
    values |= {"relationship_mean": 0.6, "relationship_sd": 0.1, "support_mean": 0.5}
    values |= {"support_scale": 0.2, "experience_scale": 0.5, "weight_relationship": 0.2}
    values |= {"weight_support": 0.4, "weight_experience": 0.5, "expectations_mean": 0.5}
    values |= {"expectations_to_empowerment": 0.2, "threat_to_identity": 0.3}
    values |= {"identity_threat_mean": 0.3, "team_to_recovery": 0.3, "worker_to_recovery": 0.1}
    values |= {"partnership_to_connectedness": 0.2, "peer_delivery_to_recovery": 0.1}
    values |= {"family_to_recovery": 0.05, "social_inclusion_to_recovery": 0.1}
    values |= {"natural_improvement": 0.52, "symptoms_to_recovery": 0.5, "response_time": 1.0}
    values |= {"recovery_half_life": 5.0 * log(2.0), "health_half_life": 5.0 * log(2.0)}
    values |= {"fluctuation_sd": 0.5, "health_fluctuation_sd": 0.4, "chance_scale": 0.5}
    values |= {"process_correlation": 0.0, "recovery_to_functioning": 0.5}
    values |= {"support_to_needs": 0.3, "recovery_to_quality_of_life": 0.5, "stage_rate": 0.2}
    return SimpleNamespace(**(EASY_WORK | values | changed))


def test_usual_responses_by_hand() -> None:
    """Shifts taken out, the relationship stands at 1, support at .5 and practices at .5 to .2."""
    levels = {"experience_coaching": 0.75, "experience_values": 0.6}
    levels |= {"experience_strengths": 0.9, "experience_goals": 0.65, "experience_shift": 0.2}
    levels |= {"relationship": 0.8, "relationship_shift": 0.1, "support": 0.65}
    levels |= {"support_shift": 0.05, "expectations": 0.7, "identity_threat": 0.5, "stage": 4}
    found = usual_responses(plain_record("service_user", **levels), round_numbers())
    assert found == pytest.approx((0.3, 0.3, 0.34, 0.25, 0.34))


def test_programme_responses_by_hand() -> None:
    shifts = {"relationship_shift": 0.1, "support_shift": 0.05, "experience_shift": 0.2}
    user = plain_record("service_user", stage=4, identity_threat=0.5, **shifts)
    team = plain_record("team", behaviour_shift=0.2, partnership=0.5)
    beyond = {"peer_delivery": 0.5, "family_involvement": 0.2, "social_inclusion": 0.3}
    found = programme_responses(user, team, plain_record("action", **beyond), round_numbers())
    assert found == pytest.approx((0.46, 0.34, 0.4, 0.36, 0.36))


@pytest.mark.parametrize("stage", [1, 2, 3, 4, 5])
def test_each_stage_has_its_own_responsiveness(stage: int) -> None:
    assert rules.responsiveness(stage, round_numbers()) == 0.5 * stage


def test_a_week_of_recovery_by_hand(monkeypatch) -> None:
    """Response .3 to a gain of .1, set-point .6, drift .2 for 20 weeks less .1 for symptoms."""
    draws = {rules.USER_PROCESSES: (1.0, -1.0, 0.0, 2.0), rules.USER_HEALTH: (1.0, 0.5, -1.0, -2.0)}
    monkeypatch.setattr(rules, "normals", lambda key, purpose, week: draws[purpose])
    monkeypatch.setattr(rules, "usual_responses", lambda *given: Responses(*[0.2] * 5))
    monkeypatch.setattr(rules, "programme_responses", lambda *given: Responses(*[0.1] * 5))
    levels = dict.fromkeys(PROCESSES, 0.5) | {"arrival_week": 5, "support": 0.7}
    levels |= {f"gain_{one}": 0.1 for one in PROCESSES}
    levels |= {f"setpoint_{one}": 0.6 for one in PROCESSES}
    levels |= {"symptoms": 0.2, "symptoms_usual": 0.7, "functioning": 0.15}
    levels |= {"functioning_usual": 0.1, "needs": 0.4, "needs_usual": 0.5}
    levels |= {"quality_of_life": 0.25, "quality_of_life_usual": 0.2}
    user = plain_record("service_user", **levels)
    found = recovery(user, plain_record("team"), NOTHING, round_numbers(), (1,) * 6, 25)
    assert found[:5] == pytest.approx([0.14] * 5)
    assert found[5:10] == pytest.approx([0.6 + 0.15 * z for z in (1.0, -1.0, 0.0, 2.0, -2.0)])
    assert found[10:] == pytest.approx((0.42, 0.25, 0.24, 0.29))


@pytest.mark.parametrize(("stage", "level"), [(2, -0.25), (4, 1.25)])
def test_who_stands_above_a_stage_leans_upwards(stage: int, level: float) -> None:
    """Half a standard deviation above its centre: 1 / (1 + 1/e) of the moves go up."""
    p = round_numbers()
    user = plain_record("service_user", stage=stage, **dict.fromkeys(PROCESSES, level))
    up = 0.2 * 0.7310586
    draws = (up - 1e-4, up + 1e-4, 0.2 - 1e-4, 0.2 + 1e-4)
    found = [stage_after_week(user, uniform, p).stage - stage for uniform in draws]
    assert found == [1, -1, -1, 0]


@pytest.mark.parametrize("level", [-9.0, 9.0])
def test_levels_end_at_eight_standard_deviations(level: float) -> None:
    assert rules.within_limit(level) == pytest.approx(8.0 * level / 9.0)


def test_the_spread_of_setpoints_has_a_least_value() -> None:
    p = round_numbers(fluctuation_sd=0.6, symptoms_to_recovery=0.3, response_spread=0.8)
    assert setpoint_sd(p) == pytest.approx(sqrt(1.0 - 0.36 - 0.09 - 0.04))
    near = round_numbers(fluctuation_sd=0.9, symptoms_to_recovery=0.36, response_spread=0.0)
    assert setpoint_sd(near) == pytest.approx(sqrt(0.0604))
