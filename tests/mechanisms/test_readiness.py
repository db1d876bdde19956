"""Readiness: usual care holds it, commitment raises it, three levels make it up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms.readiness import (
    add_commitment,
    effective_readiness,
    no_commitment,
    staff_readiness,
    team_readiness,
    to_fixed_point,
    trust_readiness,
)
from sim.parameters import defaults, resolve
from tests.worlds import plain_record, random_parameters

SHARES = st.floats(0.0, 1.0)
NOTHING = plain_record("action")


@given(st.integers(0, 10_000), SHARES, SHARES, SHARES)
def test_without_action_readiness_stays_where_it_is(
    seed: int, trust: float, team: float, staff: float
) -> None:
    drawn = random_parameters(np.random.default_rng(seed))
    p = resolve(drawn.as_dict() | {"readiness_drift": 0.0})
    a_trust = plain_record("trust", readiness=trust, readiness_usual=trust)
    a_team = plain_record(
        "team",
        readiness=team,
        readiness_usual=team,
        leader_support=staff,
        leader_support_usual=staff,
    )
    a_person = plain_record("staff", readiness=staff, readiness_usual=staff, values=0.4)
    a_person.values_usual = 0.4
    assert trust_readiness(a_trust, 0, 3, p).readiness == trust
    assert team_readiness(a_team, a_trust, NOTHING, p) == (team, staff)
    assert staff_readiness(a_person, a_team, NOTHING, p).readiness == staff


@given(st.integers(0, 10_000), SHARES, SHARES, SHARES)
def test_effective_readiness_lies_between_its_levels(
    seed: int, trust: float, team: float, staff: float
) -> None:
    p = random_parameters(np.random.default_rng(seed))
    levels = [
        plain_record(kind, readiness=level)
        for kind, level in (("trust", trust), ("team", team), ("staff", staff))
    ]
    mixed = effective_readiness(*levels, p)
    assert min(trust, team, staff) - 1e-12 <= mixed <= max(trust, team, staff) + 1e-12


def test_commitment_shown_everywhere_moves_a_trust_to_its_target() -> None:
    p = defaults()
    trust = plain_record("trust", readiness=0.5, readiness_usual=0.5)
    for _ in range(400):
        trust.readiness = trust_readiness(trust, 4 * to_fixed_point(1.0), 4, p).readiness
    assert trust.readiness == pytest.approx(0.5 + 0.5 * p.readiness_from_organisation, abs=1e-6)


@given(st.lists(SHARES, min_size=1, max_size=12), st.randoms())
def test_sums_in_fixed_point_do_not_depend_on_order(values: list[float], random) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    total = sum(to_fixed_point(one) for one in values)
    assert total == sum(to_fixed_point(one) for one in shuffled)
    assert total / 2**20 == pytest.approx(sum(values), abs=len(values) * 1e-6)


def test_support_for_leaders_lifts_team_readiness_by_the_effect_seen_elsewhere() -> None:
    p = defaults()
    team = plain_record("team", readiness=0.5, readiness_usual=0.5, leader_support=0.5)
    team.leader_support_usual = 0.5
    trust = plain_record("trust", readiness=0.5, readiness_usual=0.5)
    action = plain_record("action", leadership=1.0)
    for _ in range(400):
        after = team_readiness(team, trust, action, p)
        team.readiness, team.leader_support = after
    assert (team.readiness - 0.5) / p.team_readiness_sd == pytest.approx(0.8, abs=1e-6)
    assert team.leader_support == pytest.approx(0.75, abs=1e-6)


def test_support_for_lived_experience_acts_on_those_who_have_it() -> None:
    p = defaults()
    team = plain_record("team")
    action = plain_record("action", lived_experience_support=1.0)
    after = [
        staff_readiness(
            plain_record("staff", readiness=0.5, readiness_usual=0.5, lived_experience=lived),
            team,
            action,
            p,
        ).readiness
        for lived in (0, 1)
    ]
    assert after[0] == 0.5 < after[1]


def test_who_disclosed_and_feels_supported_gains_no_more() -> None:
    """Of ten who disclosed eight are supported already: a fifth of the rise of who told nobody."""
    p = resolve({"disclosed_supported_share": 0.8})
    action = plain_record("action", lived_experience_support=1.0)
    rises = [
        staff_readiness(
            plain_record(
                "staff", readiness=0.5, readiness_usual=0.5, lived_experience=1, disclosed=told
            ),
            plain_record("team"),
            action,
            p,
        ).readiness
        - 0.5
        for told in (0, 1, 2)
    ]
    assert rises[1] == rises[2] == pytest.approx(0.2 * rises[0])


def test_drift_is_counted_in_standard_deviations_of_readiness_between_teams() -> None:
    p = resolve(
        {
            "readiness_drift": 0.2,
            "team_readiness_sd": 0.1,
            "readiness_half_life": 13.862943611198906,
        }
    )
    trust = plain_record("trust", readiness=0.4, readiness_usual=0.4)
    team = plain_record("team", readiness=0.5, readiness_usual=0.5)
    # A week closes ln 2 / 13.86 = 5% of the gap to 0.5 - 0.2 x 0.1 = 0.48.
    assert team_readiness(team, trust, NOTHING, p).readiness == pytest.approx(0.499, abs=1e-12)
    half = plain_record("action", organisation=0.5)
    assert team_readiness(team, trust, half, p).readiness == pytest.approx(0.4995, abs=1e-12)


def test_three_levels_are_weighed_by_hand() -> None:
    p = resolve(
        {
            "readiness_weight_trust": 0.2,
            "readiness_weight_team": 0.6,
            "readiness_weight_staff": 0.7,
        }
    )
    levels = (
        plain_record(kind, readiness=level)
        for kind, level in (("trust", 0.9), ("team", 0.5), ("staff", 0.1))
    )
    assert effective_readiness(*levels, p) == pytest.approx((0.18 + 0.3 + 0.07) / 1.5)


def test_commitment_is_summed_in_whole_numbers() -> None:
    half = plain_record("action", organisation=0.5)
    assert add_commitment(add_commitment(no_commitment(), half), half) == 2**20
    assert to_fixed_point(0.5 + 0.4 / 2**20) == 2**19
    assert to_fixed_point(0.5 + 0.6 / 2**20) == 2**19 + 1


def test_a_trust_without_teams_shows_nothing_and_one_team_shows_its_own() -> None:
    p = defaults()
    trust = plain_record("trust", readiness=0.5, readiness_usual=0.5)
    assert trust_readiness(trust, 2**20, 0, p).readiness == 0.5
    one = trust_readiness(trust, 2**20, 1, p).readiness
    two = trust_readiness(trust, 2**20, 2, p).readiness
    assert one - 0.5 == pytest.approx(2.0 * (two - 0.5))
    assert one > 0.5


def settled_team(p, trust, action, **state: float):
    """Return a team's readiness once it has come to rest."""
    team = plain_record("team", readiness_usual=0.4, readiness=0.4, **state)
    for _ in range(3000):
        found = team_readiness(team, trust, action, p)
        team.readiness, team.leader_support = found
    return team


def test_what_lifts_a_team_adds_up_to_its_target() -> None:
    p = resolve(
        {
            "readiness_from_leadership": 0.5,
            "team_readiness_sd": 0.1,
            "readiness_from_preparation": 0.2,
            "readiness_trust_to_team": 0.5,
            "readiness_from_progress": 0.3,
            "readiness_drift": 0.2,
        }
    )
    trust = plain_record("trust", readiness=0.6, readiness_usual=0.5)
    action = plain_record("action", leadership=0.4, readiness_preparation=0.3, organisation=0.1)
    found = settled_team(p, trust, action, behaviour_shift=0.1)
    # Trust .05, leaders .5 x .1 x .4, preparation .2 x .6 x .3, progress .03; a fifth of support
    # is missing: drift .2 x .1 x .2.
    expected = 0.4 + 0.05 + 0.02 + 0.036 + 0.03 - 0.004
    assert found.readiness == pytest.approx(expected)
    # Too much support counts as all of it.
    full = plain_record("action", organisation=1.0, leadership=0.5)
    assert settled_team(p, plain_record("trust"), full).readiness == pytest.approx(0.4 + 0.025)
    none = settled_team(p, plain_record("trust"), NOTHING)
    assert none.readiness == pytest.approx(0.4 - 0.02)


def test_leaders_are_won_for_a_share_of_what_is_missing() -> None:
    p = defaults()
    trust, action = plain_record("trust"), plain_record("action", leadership=0.5)
    found = settled_team(p, trust, action, leader_support_usual=0.6, leader_support=0.6)
    expected = 0.6 + 0.4 * 0.5 * p.leader_support_from_leadership
    assert found.leader_support == pytest.approx(expected)


def settled_person(p, team, action, **state: float) -> float:
    person = plain_record("staff", readiness_usual=0.4, readiness=0.4, values_usual=0.5, **state)
    for _ in range(3000):
        person.readiness = staff_readiness(person, team, action, p).readiness
    return person.readiness


@pytest.mark.parametrize(
    ("lived", "disclosed", "lacking"), [(0, 0, 0.0), (1, 0, 1.0), (1, 1, 0.25)]
)
def test_support_reaches_those_who_lack_it(lived: int, disclosed: int, lacking: float) -> None:
    """Of those who told colleagues, three quarters have support already."""
    p = resolve(
        {
            "readiness_team_to_staff": 0.5,
            "readiness_from_values": 0.2,
            "readiness_from_wellbeing": 0.1,
            "readiness_from_lived_experience_support": 0.3,
            "disclosed_supported_share": 0.75,
        }
    )
    team = plain_record("team", readiness=0.7, readiness_usual=0.5)
    action = plain_record("action", staff_wellbeing=0.5, lived_experience_support=0.6)
    found = settled_person(
        p, team, action, values=0.75, lived_experience=lived, disclosed=disclosed
    )
    expected = 0.4 + 0.1 + 0.05 + 0.6 * (0.05 + 0.3 * 0.6 * lacking)
    assert found == pytest.approx(expected)
