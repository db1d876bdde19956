"""Heterogeneity: people at the start spread, go together and differ as the parameters say."""

from __future__ import annotations

import numpy as np
import pytest

from sim.mechanisms.heterogeneity import advice_tie, staff_start, staff_ties, team_start
from sim.mechanisms.recovery import PROCESSES
from sim.parameters import defaults, resolve
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
