"""Heterogeneity: people at the start spread, go together and differ as the parameters say."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from sim.mechanisms import heterogeneity as rules
from sim.mechanisms.heterogeneity import advice_tie, staff_start, staff_ties, team_start
from sim.mechanisms.practice import PRACTICES
from sim.mechanisms.recovery import PROCESSES, Responses
from sim.parameters import defaults, resolve
from tests.mechanisms.easy_work import EASY_WORK
from tests.worlds import CompiledWorld, plain_record, toy_layout

PEOPLE = 4000


def many(rule, *given, seed: int = 1) -> dict[str, np.ndarray]:
    """Return columns of what a rule draws for many keys."""
    rows = [rule(*given, (seed, 0, number, 7, 3, 0)) for number in range(PEOPLE)]
    return {name: np.array([getattr(row, name) for row in rows]) for name in rows[0]._fields}


@pytest.fixture(scope="module")
def staff() -> dict[str, np.ndarray]:
    team = plain_record("team", readiness_usual=0.5)
    return many(staff_start, 0, team, plain_record("trust", priorities=0.5), defaults())


@pytest.mark.parametrize(
    ("name", "mean", "sd"),
    [
        ("values", "values_mean", "values_sd"),
        ("knowledge", "knowledge_mean", "knowledge_sd"),
        ("skill_coaching", "skill_mean", "skill_sd"),
        ("intent_goals", "intent_mean_goals", "intent_sd"),
        ("priorities", "staff_priorities_mean", "staff_priorities_sd"),
        ("readiness", "staff_readiness_mean", "staff_readiness_sd"),
        ("interpersonal", "interpersonal_mean", "interpersonal_sd"),
    ],
)
def test_staff_spread_as_told(staff: dict[str, np.ndarray], name: str, mean: str, sd: str) -> None:
    p = defaults()
    # Values that would leave 0-1 are moved to its ends: a little narrower than told.
    assert staff[name].mean() == pytest.approx(getattr(p, mean), abs=0.01)
    assert staff[name].std() == pytest.approx(getattr(p, sd), rel=0.06)


def test_lived_experience_is_as_common_as_in_the_survey(staff: dict[str, np.ndarray]) -> None:
    lived = staff["lived_experience"] == 1
    assert lived.mean() == pytest.approx(0.39, abs=0.03)
    assert staff["family_experience"].mean() == pytest.approx(0.76, abs=0.03)
    assert (staff["disclosed"][~lived] == 0).all()
    shares = np.bincount(staff["disclosed"][lived], minlength=3) / lived.sum()
    assert shares == pytest.approx([0.20, 0.32, 0.48], abs=0.05)


def test_a_person_arrives_with_what_is_usual_for_them(staff: dict[str, np.ndarray]) -> None:
    for name in ("values", "knowledge", "readiness", "skill_goals", "intent_values"):
        head, _, tail = name.partition("_")
        usual = f"{head}_usual_{tail}" if tail else f"{head}_usual"
        assert (staff[name] == staff[usual]).all()
    assert (staff["behaviour_goals"] == staff["habit_goals"]).all()
    assert (staff["sessions_attended"] == 0).all()
    correlation = np.corrcoef(staff["skill_coaching"], staff["skill_goals"])[0, 1]
    assert correlation == pytest.approx(defaults().skill_shared, abs=0.05)


@pytest.mark.parametrize("r", [-0.6, 0.0, 0.3])
def test_teams_that_take_part_may_be_better_teams(r: float) -> None:
    p = resolve(
        {
            "participation_readiness_correlation": r,
            "participation_relationship_correlation": r,
            "team_readiness_sd": 0.1,
        }
    )
    teams = many(team_start, -1.0, -1, 0.0, 0.0, p)
    for name in ("readiness", "climate"):
        found = np.corrcoef(teams["participation_propensity"], teams[name])[0, 1]
        assert found == pytest.approx(r, abs=0.06)
    assert teams["climate"].std() == pytest.approx(p.team_relationship_sd, rel=0.05)
    assert teams["readiness"].std() == pytest.approx(0.1, rel=0.06)


def test_a_measured_readiness_shrinks_towards_the_mean() -> None:
    p = resolve({"readiness_reliability": 0.6, "team_readiness_sd": 0.1})
    teams = many(team_start, 0.7, 1, 0.0, 0.0, p)
    assert teams["readiness"].mean() == pytest.approx(0.5 + 0.6 * 0.2, abs=0.005)
    assert teams["readiness"].std() == pytest.approx(0.1 * np.sqrt(0.6 * 0.4), rel=0.05)
    assert (teams["reflects"] == 1).all()


def test_advice_comes_from_any_colleague_but_oneself() -> None:
    for posts in (2, 3, 9):
        for place in range(posts):
            chosen = [advice_tie(u, place, posts) for u in (np.arange(720) + 0.5) / 720]
            counts = np.bincount(chosen, minlength=posts)
            assert counts[place] == 0
            assert len(set(np.delete(counts, place))) == 1
    assert advice_tie(0.3, 0, 1) == -1
    ties = many(staff_ties, 2, 9, defaults())
    assert (ties["tie_2"] >= 0).mean() == pytest.approx(0.5, abs=0.04)


@pytest.fixture(scope="module")
def users() -> np.ndarray:
    layout = toy_layout(40, staff=12, coordinators=9, users=15, weeks=2)
    worlds = [CompiledWorld(layout, None, 5, number) for number in range(20)]
    return np.stack([world.state["service_user"] for world in worlds])


def test_users_differ_by_about_one_standard_deviation(users: np.ndarray) -> None:
    for name in PROCESSES:
        assert users[name].std() == pytest.approx(1.0, abs=0.06), name
        assert users[name].mean() == pytest.approx(0.0, abs=0.12), name
        assert (users[name] == users[f"baseline_{name}"]).all()


def test_shared_type_and_team_make_a_small_cluster_effect(users: np.ndarray) -> None:
    hope = users["hope"].reshape(20, 40, 15)
    within = hope.var(axis=2, ddof=1).mean()
    between = hope.mean(axis=2).var(axis=1, ddof=1).mean() - within / 15
    assert 0.01 < between / (between + within) < 0.11


def test_the_share_of_black_users_is_the_teams(users: np.ndarray) -> None:
    assert users["black"].mean() == pytest.approx(0.27, abs=4 * np.sqrt(0.2 / users.size))
    threat = [users["identity_threat"][users["black"] == one].mean() for one in (0, 1)]
    assert threat[1] - threat[0] == pytest.approx(0.1, abs=0.02)


def test_stages_are_spread_around_the_middle(users: np.ndarray) -> None:
    shares = np.bincount(users["stage"].ravel(), minlength=6)[1:] / users.size
    assert shares == pytest.approx(shares[::-1], abs=0.03)
    assert shares.argmax() == 2
    assert shares.min() > 0.05


KEY = (1, 0, 2, 3, 4, 0)
ONE_SD = 0.8413447460685429
"""The uniform whose normal quantile is 1."""


@pytest.fixture
def drawn(monkeypatch) -> dict[int, tuple[float, ...]]:
    """Return what the streams hand out by purpose: the middle where nothing is set."""
    draws: dict[int, tuple[float, ...]] = {}
    for name, middle in (("normals", 0.0), ("uniforms", 0.5)):
        monkeypatch.setattr(
            rules, name, lambda key, purpose, week, m=middle: draws.get(purpose, (m,) * 4)
        )
    monkeypatch.setattr(rules, "usual_workload", lambda *given: 1.0)
    monkeypatch.setattr(rules, "usual_vacancies", lambda p: 0.25)
    monkeypatch.setattr(rules, "usual_deficit", lambda rate, p: 0.1 * rate)
    return draws


ROUND_NUMBERS = {
    0.0: "symptoms_to_recovery experience_to_recovery",
    0.05: "values_leader_bonus",
    0.1: (
        "staff_priorities_sd skill_sd trust_readiness_sd team_readiness_sd "
        "team_relationship_sd leader_support_sd staff_readiness_sd interpersonal_sd values_sd "
        "knowledge_sd intent_sd identity_threat_sd identity_threat_black expectations_sd "
        "relationship_sd support_sd_person"
    ),
    0.2: (
        "trust_priorities_sd readiness_trust_to_team team_recovery_sd readiness_team_to_staff "
        "relationship_share_worker support_scale support_from_experience support_to_needs"
    ),
    0.3: "type_recovery_sd cross_tie_share identity_threat_mean relationship_share_pair",
    0.32: "disclosed_partly_share",
    0.36: "skill_shared process_correlation",
    0.39: "lived_experience_share",
    0.4: (
        "trust_priorities_mean reflects_share knowledge_mean experience_pace "
        "health_fluctuation_sd has_goal_share relationship_from_experience"
    ),
    0.48: "disclosed_fully_share",
    0.5: (
        "trust_readiness_mean team_readiness_mean readiness_reliability leader_support_mean "
        "staff_readiness_mean values_mean third_tie_share behaviour_to_experience "
        "symptoms_trait_sd chance_scale contact_rate expectations_mean health_trait_sd "
        "relationship_share_user support_mean support_from_relationship "
        "recovery_to_functioning recovery_to_quality_of_life"
    ),
    0.6: (
        "participation_readiness_correlation participation_relationship_correlation "
        "interpersonal_mean fluctuation_sd relationship_mean"
    ),
    0.76: "family_experience_share",
    1.0: "theory_strength response_spread contact_rate_variation",
}
"""Parameters by their value, beside those of easy work: chosen to be easy to reckon with."""


def round_numbers(**changed: float) -> SimpleNamespace:
    """Return parameters of round numbers: no pressure of work, doing is delivering, usual .4."""
    values = {name: value for value, names in ROUND_NUMBERS.items() for name in names.split()}
    return SimpleNamespace(**(EASY_WORK | values | changed))


def test_trusts_and_types_by_hand(drawn) -> None:
    drawn[rules.TRUST_START] = (1.0, -1.0, 0.0, 0.0)
    drawn[rules.TYPE_START] = (0.5, 0.0, 0.0, 0.0)
    assert rules.trust_start(round_numbers(), KEY) == pytest.approx((0.6, 0.6, 0.2))
    assert rules.type_deviation(round_numbers(), KEY) == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("given", "readiness"), [(-1.0, 0.5 + 0.02 + 0.1), (0.7, 0.5 + 0.1 + 0.025), (0.0, 0.275)]
)
def test_a_team_by_hand(drawn, given: float, readiness: float) -> None:
    drawn[rules.TEAM_START] = (1.0, 0.5, 0.5, -1.0)
    drawn[rules.TEAM_START_MORE] = (ONE_SD, 0.3, 0.5, 0.5)
    found = team_start(given, -1, 0.1, 0.05, round_numbers(), KEY)
    expected = (readiness, readiness, 0.6, 0.6, 1.0, 0.15, -0.02, 1, 1.0)
    assert found == pytest.approx(expected, abs=1e-6)
    assert team_start(given, 0, 0.1, 0.05, round_numbers(), KEY).reflects == 0


def test_posts_and_ties_by_hand(drawn) -> None:
    p = round_numbers()
    # A quarter as many vacant as filled is a fifth of all.
    assert [rules.present_at_start(uniform, p) for uniform in (0.19, 0.21)] == [0, 1]
    drawn[rules.STAFF_TIES] = (0.1, 0.6, 0.9, 0.49)
    assert staff_ties(1, 5, p, KEY) == (0, 3, 4)
    drawn[rules.STAFF_TIES] = (0.1, 0.6, 0.9, 0.51)
    assert staff_ties(1, 5, p, KEY) == (0, 3, -1)
    assert advice_tie(0.3, 1, 2) == 0
    for uniform, has in ((0.2, 1), (0.4, 0)):
        drawn[rules.STAFF_CROSS_TIE] = (uniform, 0.7, 0.5, 0.5)
        assert rules.has_cross_tie(KEY, p) == (has, 0.7)


@pytest.mark.parametrize(
    ("lived", "told", "disclosed"), [(0.3, 0.4, 2), (0.3, 0.6, 1), (0.3, 0.9, 0), (0.5, 0.4, 0)]
)
def test_who_has_told_colleagues(drawn, lived: float, told: float, disclosed: int) -> None:
    drawn[rules.STAFF_START] = (lived, 0.7, told, 0.5)
    team, trust = plain_record("team", readiness_usual=0.5), plain_record("trust")
    found = staff_start(0, team, trust, round_numbers(), KEY)
    assert found[:5] == (150, 0, int(lived < 0.39), 1, disclosed)


@pytest.mark.parametrize(("leader", "values"), [(0, 0.7), (1, 0.75)])
def test_a_person_in_post_by_hand(drawn, leader: int, values: float) -> None:
    """Half of priorities of .4 leaves room for .8 of what is meant."""
    drawn[rules.STAFF_START_TRAITS] = (-1.0, 1.0, 0.5, 2.0)
    drawn[rules.STAFF_START_MORE] = (1.0, 1.0, 0.5, 0.0)
    drawn[rules.STAFF_START_SKILLS] = (1.0, -1.0, 0.5, 0.0)
    drawn[rules.STAFF_START_PRACTICE] = (0.0, 1.0, -1.0, 0.5)
    p = round_numbers(opportunity_from_staff=0.5)
    team, trust = plain_record("team", readiness_usual=0.6), plain_record("trust", priorities=0.5)
    found = staff_start(leader, team, trust, p, KEY)
    assert found[5:9] == pytest.approx((0.4, 0.62, 0.62, 0.65))
    assert found[9:14] == pytest.approx((values, values, values, 0.5, 0.5))
    skills, intents = [0.54, 0.38, 0.5, 0.46], [0.43, 0.51, 0.35, 0.47]
    assert found[14:30] == pytest.approx([*skills, *skills, *intents, *intents])
    assert found[30:] == pytest.approx([0.8 * one for one in intents] * 3 + [0.0] * 4)


def test_experience_on_arrival_by_hand() -> None:
    # Halfway from .4 to .6; the variance .25 times .4 / 1.6 is the square of .25.
    found = rules.experience_at_start(0.6, 0.4, 0.4, 0.8, round_numbers())
    assert found == pytest.approx(0.5 + 0.8 * 0.25)


@pytest.mark.parametrize(("black", "threat"), [(0.1, 0.45), (0.9, 0.35)])
def test_a_user_by_hand(drawn, black: float, threat: float) -> None:
    drawn[rules.USER_START] = (black, 0.5, 0.3, 0.7)
    drawn[rules.USER_START_MORE] = (0.3, 1.0, 1.0, 0.5)
    drawn[rules.USER_START_PROCESSES] = (0.0, 1.0, -1.0, 0.5)
    drawn[rules.USER_START_HEALTH] = (-0.5, 0.4, 0.6, -0.6)
    drawn[rules.USER_START_STATE] = (1.0, 0.2, 0.0, 0.0)
    drawn[rules.USER_RAPPORT] = (0.7, -0.7, 0.0, 0.0)
    worker = plain_record("staff", **{f"behaviour_usual_{one}": 0.4 for one in PRACTICES})
    found = rules.user_start(
        worker, plain_record("team", casemix=0.1), 0.2, 1, round_numbers(), KEY
    )
    assert found[:9] == pytest.approx((1, 1, int(black < 0.2), 0, 0, 0.5, 0.7, 0.3, -0.7))
    assert found[9:16] == pytest.approx((0.4, 0.4, 0.4, 0.4, 0.6, threat, 4))
    assert found[16:21] == pytest.approx((0.58, 1.22, -0.06, 0.9, 0.26))
    assert found[21:] == pytest.approx((0.2, 0.4, 0.3, -0.3, 0.1, 1, 0.7, 0))


@pytest.mark.parametrize(
    ("level", "stage"),
    [
        *((-1.25, 1), (-1.15, 2), (-0.45, 2), (-0.35, 3)),
        *((0.35, 3), (0.45, 4), (1.15, 4), (1.25, 5)),
    ],
)
def test_where_a_stage_begins(drawn, level: float, stage: int) -> None:
    drawn[rules.USER_START_STATE] = (0.0, 0.0, level / 0.8, 0.0)
    drawn[rules.USER_START] = (0.5, 0.5, 0.5, 0.7)
    worker = plain_record("staff")
    found = rules.user_start(worker, plain_record("team"), 0.2, 0, round_numbers(), KEY)
    assert found.stage == stage
    assert (found.has_goal, found.goal_progress) == (0, 0.0)


@pytest.mark.parametrize(("uniform", "rate"), [(ONE_SD, 1.0), (0.0001, 0.1), (0.9999, 1.5)])
def test_contact_rates_stay_between_a_fifth_and_three_times(
    drawn, uniform: float, rate: float
) -> None:
    drawn[rules.USER_START] = (0.5, uniform, 0.5, 0.5)
    worker = plain_record("staff")
    found = rules.user_start(worker, plain_record("team"), 0.2, 0, round_numbers(), KEY)
    assert found.contact_rate == pytest.approx(rate, abs=1e-6)


def test_the_relationship_on_arrival_by_hand(drawn, monkeypatch) -> None:
    """At a workload of 2 half of the contacts: a twentieth below the mean of .6."""
    monkeypatch.setattr(rules, "usual_workload", lambda *given: 2.0)
    usual = {f"experience_{one}": 0.4 for one in PRACTICES}
    user = plain_record("service_user", contact_rate=1.0, **usual)
    p = round_numbers(trust_priorities_mean=0.5)
    worker = plain_record("staff", interpersonal=0.6)
    found = rules.user_experience(user, worker, plain_record("team"), p)
    assert found == pytest.approx((0.57, 0.485, 0.0, 0.0, 0.0))


def test_recovery_on_arrival_by_hand(drawn, monkeypatch) -> None:
    response = Responses(0.1, 0.2, 0.3, 0.4, 0.5)
    monkeypatch.setattr(rules, "usual_responses", lambda *given: response)
    drawn[rules.USER_START_STATE_MORE] = (1.0, -1.0, 0.5, 0.0)
    drawn[rules.USER_START_FLOW] = (2.0, 0.5, -0.5, 0.0)
    p = round_numbers(process_correlation=0.0, symptoms_to_recovery=0.5, fluctuation_sd=0.4)
    levels = {f"setpoint_{one}": 0.5 for one in PROCESSES} | {"symptoms": 0.4, "support": 0.7}
    levels |= {"functioning_usual": 0.1, "needs_usual": 0.3, "quality_of_life_usual": 0.2}
    found = rules.user_recovery(plain_record("service_user", **levels), p, KEY)
    assert found[:5] == pytest.approx(response)
    assert found[5:10] == found[10:15] == pytest.approx((0.6, 0.3, 0.7, 0.7, 1.2))
    assert found[15:] == pytest.approx((0.8, 0.0, 0.55), abs=1e-12)
