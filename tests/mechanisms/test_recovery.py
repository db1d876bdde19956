"""Recovery: fluctuations keep their spread, responses follow experience, stages move both ways."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms.bounds import weekly_fraction
from sim.mechanisms.heterogeneity import setpoint_sd
from sim.mechanisms.practice import PRACTICES, usual_delivery
from sim.mechanisms.recovery import (
    LIMIT,
    PROCESSES,
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
