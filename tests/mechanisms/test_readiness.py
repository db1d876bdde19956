"""Readiness: usual care holds it, commitment raises it, three levels make it up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms.readiness import (
    effective_readiness,
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
