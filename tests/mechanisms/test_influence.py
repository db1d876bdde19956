"""Influence: what nobody trained stays, what somebody learnt spreads, vacant posts are silent."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms.influence import (
    PeerSum,
    TeamSums,
    add_member,
    add_peer,
    commit_values,
    mean_behaviour,
    mean_behaviour_usual,
    no_sums,
    participation,
    partnership_project,
    pending_values,
    team_climate,
)
from sim.parameters import defaults, resolve
from tests.worlds import plain_record, random_parameters

SHARES = st.floats(0.0, 1.0)
NOTHING = plain_record("action")


def member(values: float, usual: float = 0.5, **changed: float):
    return plain_record("staff", present=1, values=values, values_usual=usual, **changed)


@given(st.integers(0, 10_000), st.lists(SHARES, min_size=2, max_size=4))
def test_a_team_that_nobody_trains_keeps_its_values(seed: int, values: list[float]) -> None:
    p = random_parameters(np.random.default_rng(seed))
    members = [member(one, one) for one in values]
    team = plain_record("team", leader_support=0.7)
    peers = PeerSum(0.0, 0)
    for other in members[1:]:
        peers = add_peer(peers, other)
    assert pending_values(members[0], team, peers, NOTHING, p).values_pending == values[0]


@given(st.integers(0, 10_000), SHARES, SHARES)
def test_values_move_towards_those_of_colleagues(seed: int, own: float, peer: float) -> None:
    p = random_parameters(np.random.default_rng(seed))
    peers = add_peer(PeerSum(0.0, 0), member(peer))
    after = pending_values(member(own, leader=1), plain_record("team"), peers, NOTHING, p)
    assert min(own, peer) - 1e-12 <= after.values_pending <= max(own, peer) + 1e-12


def test_the_leader_draws_as_far_as_the_leader_is_supportive() -> None:
    p, nobody = defaults(), PeerSum(0.0, 0)
    moved = [
        pending_values(
            member(0.5),
            plain_record("team", leader_values_shift=0.4, leader_support=support),
            nobody,
            NOTHING,
            p,
        ).values_pending
        for support in (0.0, 0.5, 1.0)
    ]
    assert moved == pytest.approx([0.5, 0.5 + 0.4 * 0.01, 0.5 + 0.4 * 0.02])


def test_reflection_makes_colleagues_count_for_more() -> None:
    p = defaults()
    peers = add_peer(PeerSum(0.0, 0), member(0.9))
    team = plain_record("team")
    alone = pending_values(member(0.5), team, peers, NOTHING, p).values_pending
    reflecting = plain_record("action", reflection=1.0)
    together = pending_values(member(0.5), team, peers, reflecting, p).values_pending
    assert (together - 0.5) / (alone - 0.5) == pytest.approx(1.0 + p.influence_from_reflection)
    # A team that reflects anyway has nothing to gain from a group.
    habit = plain_record("team", reflects=1)
    assert pending_values(member(0.5), habit, peers, NOTHING, p).values_pending == together
    assert pending_values(member(0.5), habit, peers, reflecting, p).values_pending == together


def test_a_vacant_post_gives_and_takes_no_influence() -> None:
    p = defaults()
    vacant = plain_record("staff", present=0, values=0.9, values_usual=0.1)
    assert add_peer(PeerSum(0.2, 1), vacant) == PeerSum(0.2, 1)
    sums = add_member(no_sums(), vacant)
    assert sums == no_sums()
    assert pending_values(vacant, plain_record("team"), PeerSum(1.0, 1), NOTHING, p) == (0.9,)


def test_the_climate_is_the_mean_of_those_present() -> None:
    p = defaults()
    people = [
        member(0.6, behaviour_goals=0.8, coordinator=1),
        member(0.4, 0.5, behaviour_goals=0.4),
        plain_record("staff", present=0, values=1.0, coordinator=1),
    ]
    sums = no_sums()
    for one in people:
        sums = add_member(sums, one)
    team = plain_record("team", coordinator_posts=2, caseload_total=50.0)
    climate = team_climate(team, sums, people[0], NOTHING, p)
    assert (climate.staff_present, climate.coordinators_present) == (2, 1)
    assert climate.values_shift == pytest.approx(0.0)
    assert climate.behaviour_mean == pytest.approx(0.25 * 0.6)
    assert climate.leader_values_shift == pytest.approx(0.1)
    # One of two filled: the load of two on one, against vacancies as usual.
    assert 1.5 < climate.workload < 2.0
    away = team_climate(team, sums, people[2], NOTHING, p)
    assert away.leader_values_shift == away.values_shift


@given(st.integers(0, 10_000), SHARES, SHARES)
def test_the_partnership_project_builds_up_and_fades(
    seed: int, built: float, intensity: float
) -> None:
    p = random_parameters(np.random.default_rng(seed))
    team = plain_record("team", partnership=built, readiness=0.5)
    running = plain_record("action", partnership=intensity)
    if intensity > 0.0:
        assert built <= partnership_project(team, running, p).partnership <= 1.0
    assert 0.0 <= partnership_project(team, NOTHING, p).partnership <= built


def test_participation_is_the_attended_share_or_readiness() -> None:
    assert participation(plain_record("team", readiness=0.7)) == 0.7
    team = plain_record("team", readiness=0.7, sessions_offered=8, sessions_attended=2)
    assert participation(team) == 0.25


def behaving(kind: str, *values: float) -> dict[str, float]:
    names = ("coaching", "values", "strengths", "goals")
    return {f"{kind}_{name}": one for name, one in zip(names, values, strict=True)}


def test_behaviour_is_the_mean_of_the_four_practices() -> None:
    one = plain_record(
        "staff",
        present=1,
        **behaving("behaviour", 0.1, 0.2, 0.3, 0.8),
        **behaving("behaviour_usual", 0.0, 0.1, 0.2, 0.5),
    )
    assert mean_behaviour(one) == pytest.approx(0.35)
    assert mean_behaviour_usual(one) == pytest.approx(0.2)
    sums = add_member(add_member(no_sums(), one), one)
    assert sums.behaviour == pytest.approx(0.7)
    assert sums.behaviour_shift == pytest.approx(0.3)


def test_members_add_their_shift_of_values_and_their_post() -> None:
    sums = add_member(add_member(no_sums(), member(0.7, 0.4, coordinator=1)), member(0.2, 0.4))
    assert (sums.present, sums.coordinators) == (2, 1)
    assert sums.values_shift == pytest.approx(0.1)


def test_peers_add_their_shift_and_their_number() -> None:
    peers = add_peer(add_peer(PeerSum(0.0, 0), member(0.9)), member(0.3))
    assert (peers.shift, peers.ties) == (pytest.approx(0.2), 2)


@pytest.mark.parametrize(
    ("values", "behaviour", "norms"),
    [(0.2, 0.4, 0.5 * 0.2 + 0.3 * 0.4), (9.0, 9.0, 1.0), (-9.0, -9.0, -1.0)],
)
def test_norms_go_half_of_the_way_to_what_colleagues_value_and_do(
    values: float, behaviour: float, norms: float
) -> None:
    p = resolve({"norms_from_values": 0.5, "norms_from_behaviour": 0.3, "norms_half_life": 20.0})
    team = plain_record("team", coordinator_posts=1, caseload_total=20.0)
    sums = TeamSums(2, 1, 2.0 * values, 2.0 * behaviour, 2.0)
    leader = member(0.5)
    for week in range(20):
        climate = team_climate(team, sums, leader, NOTHING, p)
        if week == 0:
            first = climate.norms
        team.norms = climate.norms
    assert climate.norms == pytest.approx(0.5 * norms, rel=0.03), "to first order"
    assert climate.values_shift == values
    assert climate.behaviour_shift == behaviour
    assert climate.behaviour_mean == 1.0
    # A team that reflects takes larger steps.
    fresh = plain_record("team", coordinator_posts=1, caseload_total=20.0)
    reflecting = team_climate(fresh, sums, leader, plain_record("action", reflection=1.0), p)
    assert reflecting.norms / first == pytest.approx(1.0 + p.influence_from_reflection)


def test_an_empty_team_has_no_shift_and_one_member_has_the_own() -> None:
    p = defaults()
    team = plain_record("team", coordinator_posts=1, caseload_total=20.0)
    empty = team_climate(team, no_sums(), plain_record("staff", present=0), NOTHING, p)
    assert (empty.values_shift, empty.behaviour_mean, empty.norms) == (0.0, 0.0, 0.0)
    one = team_climate(team, TeamSums(1, 1, 0.4, 0.2, 0.6), member(0.5), NOTHING, p)
    assert (one.values_shift, one.behaviour_shift, one.behaviour_mean) == (0.4, 0.2, 0.6)


def test_the_partnership_grows_by_its_pace_and_fades_by_half() -> None:
    p = resolve({"partnership_pace": 0.1, "partnership_half_life": 26.0})
    team = plain_record("team", partnership=0.5, readiness=0.4)
    running = plain_record("action", partnership=0.5)
    # A tenth, half as intense, four tenths of the team: 2% of the half that is missing.
    assert partnership_project(team, running, p).partnership == pytest.approx(0.51)
    slight = plain_record("action", partnership=0.005)
    assert partnership_project(team, slight, p).partnership == pytest.approx(0.5001)
    for _ in range(26):
        team.partnership = partnership_project(team, NOTHING, p).partnership
    assert team.partnership == pytest.approx(0.25, rel=0.02)


def test_the_leader_follows_nobody_but_advice_ties() -> None:
    p, nobody = defaults(), PeerSum(0.0, 0)
    team = plain_record("team", leader_values_shift=0.4, leader_support=1.0)
    assert pending_values(member(0.5, leader=1), team, nobody, NOTHING, p).values_pending == 0.5
    tied = PeerSum(0.4, 1)
    moved = pending_values(member(0.5, leader=1), team, tied, NOTHING, p).values_pending
    assert moved == pytest.approx(0.5 + 0.4 * p.influence_peers)
    # The mean of two ties, less the own shift of .1.
    two = pending_values(member(0.6, leader=1), team, PeerSum(0.4, 2), NOTHING, p).values_pending
    assert two == pytest.approx(0.6 + 0.1 * p.influence_peers)
    assert commit_values(plain_record("staff", values_pending=0.3)).values == 0.3
