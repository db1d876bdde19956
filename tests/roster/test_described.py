"""A described setting gives the numbers described, by key."""

from __future__ import annotations

from collections import Counter
from math import floor, sqrt
from statistics import fmean, stdev
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.inputs.roster import described_roster


@given(st.integers(1, 8), st.integers(1, 12), st.floats(0.0, 1.0), st.integers(0, 1000))
def test_counts_are_those_described(trusts: int, teams: int, share: float, seed: int) -> None:
    rows = described_roster(
        trusts=trusts, teams_per_trust=teams, intervention_share=share, seed=seed
    ).rows
    assert len(rows) == trusts * teams
    assert len({row.team for row in rows}) == len(rows)
    by_trust = Counter(row.trust for row in rows)
    assert set(by_trust.values()) == {teams}
    assert len(by_trust) == trusts
    treated = [row for row in rows if row.arm == "intervention"]
    assert len(treated) == floor(share * trusts * teams + 0.5)
    # Arms are balanced within every trust as well as whole teams allow.
    within = Counter(row.trust for row in treated)
    assert all(abs(within[name] - share * teams) <= 1.0 + 1e-9 for name in by_trust)


@given(st.floats(2.0, 400.0), st.floats(0.0, 200.0), st.floats(0.01, 1.0), st.integers(1, 20000))
def test_rows_are_possible_for_any_setting(
    mean: float, sd: float, share: float, sampled: int
) -> None:
    rows = described_roster(
        staff_mean=mean, staff_sd=sd, coordinator_share=share, sampled=sampled
    ).rows
    for row in rows:
        assert 2 <= row.staff <= 500
        assert 1 <= row.coordinators <= row.staff
        assert 1 <= row.sampled <= row.caseload


def test_sizes_have_the_mean_and_spread_described() -> None:
    sizes = [
        row.staff
        for row in described_roster(
            trusts=20, teams_per_trust=100, staff_mean=30.0, staff_sd=5.0
        ).rows
    ]
    assert fmean(sizes) == pytest.approx(30.0, abs=4 * 5.0 / sqrt(len(sizes)))
    # Rounding to whole posts adds 1/12 to the variance.
    assert stdev(sizes) == pytest.approx(sqrt(25.0 + 1 / 12), rel=0.07)


def test_without_spread_all_teams_are_alike() -> None:
    rows = described_roster(staff_mean=16.0, staff_sd=0.0, coordinator_share=0.5).rows
    assert {(row.staff, row.coordinators, row.caseload) for row in rows} == {(16, 8, 200)}


def test_equal_seeds_agree_and_others_do_not() -> None:
    assert described_roster(seed=3) == described_roster(seed=3)
    assert described_roster(seed=3).rows != described_roster(seed=4).rows


def test_more_teams_change_no_team_s_size() -> None:
    few = {row.team: row.staff for row in described_roster(trusts=2, teams_per_trust=5).rows}
    many = {row.team: row.staff for row in described_roster(trusts=4, teams_per_trust=9).rows}
    assert few.items() <= many.items()


def test_every_team_of_a_trust_may_be_treated() -> None:
    drawn = Counter(
        row.team
        for seed in range(200)
        for row in described_roster(trusts=1, teams_per_trust=4, seed=seed).rows
        if row.arm == "intervention"
    )
    assert len(drawn) == 4
    assert all(abs(count - 100) < 5 * sqrt(200 * 0.25) for count in drawn.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("trusts", 0),
        ("trusts", 1.5),
        ("trusts", True),
        ("teams_per_trust", -1),
        ("staff_mean", 0),
        ("staff_mean", float("nan")),
        ("staff_mean", "many"),
        ("staff_sd", -0.1),
        ("coordinator_share", 0.0),
        ("users_per_coordinator", float("inf")),
        ("sampled", 0),
        ("intervention_share", 1.01),
        ("share_black", -0.01),
        ("turnover_multiplier", 0.0),
        ("team_type", " "),
        ("seed", -1),
    ],
)
def test_a_number_out_of_bounds_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=name):
        described_roster(**{name: value})


def test_too_many_teams_are_refused() -> None:
    with pytest.raises(InputError, match="at most 5000 teams"):
        described_roster(trusts=500, teams_per_trust=11)


def test_whole_numbers_may_come_as_reals() -> None:
    given_as_real: Any = 2.0
    assert len(described_roster(trusts=given_as_real, teams_per_trust=3)) == 6
