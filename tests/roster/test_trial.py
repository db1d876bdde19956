"""The trial's roster has the trial's margins for every seed; only what is unknown is drawn."""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import Any

import pytest

from sim.errors import InputError
from sim.inputs.roster import Roster, trial_roster
from sim.inputs.roster import trial as trial_module

SEEDS = (0, 1, 2, 17, 4294967295)


def recovery_in_slam(roster: Roster) -> int:
    return sum(
        row.arm == "intervention" and row.trust == "SLaM" and row.type == "recovery"
        for row in roster.rows
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_margins_are_those_of_the_trial(seed: int) -> None:
    rows = trial_roster(seed).rows
    assert len(rows) == 27
    assert Counter((row.trust, row.arm) for row in rows) == {
        ("SLaM", "intervention"): 9,
        ("SLaM", "control"): 9,
        ("2gether", "intervention"): 5,
        ("2gether", "control"): 4,
    }
    assert Counter((row.type, row.arm) for row in rows) == {
        ("recovery", "control"): 4,
        ("recovery", "intervention"): 9,
        ("psychosis", "control"): 2,
        ("psychosis", "intervention"): 2,
        ("community forensic", "control"): 1,
        ("community forensic", "intervention"): 2,
        ("assertive outreach", "control"): 3,
        ("supported living", "control"): 2,
        ("low support", "intervention"): 1,
        ("early intervention", "control"): 1,
    }
    assert sum(row.sampled for row in rows) == 403
    assert Counter(row.sampled for row in rows) == {15: 25, 14: 2}
    assert sum(row.staff for row in rows) == 532
    assert {row.staff for row in rows} == {19, 20}
    assert {row.coordinators for row in rows} == {9}
    assert sum(row.share_black * row.sampled for row in rows) == pytest.approx(110)


def test_identifiers_are_fixed() -> None:
    slam = [f"SLaM-{number:02d}" for number in range(1, 19)]
    gether = [f"2gether-{number:02d}" for number in range(1, 10)]
    for seed in SEEDS:
        rows = trial_roster(seed).rows
        assert [row.team for row in rows] == slam + gether
        assert [row.arm for row in rows] == [row.arm for row in trial_roster(1).rows]


def test_equal_seeds_give_equal_rosters_and_others_differ() -> None:
    assert trial_roster(5) == trial_roster(5)
    assert len({trial_roster(seed).rows for seed in range(20)}) == 20


def test_every_joint_is_equally_likely() -> None:
    """Recovery teams among SLaM's nine of fourteen: hypergeometric, mean 5.79, variance 0.79."""
    draws = [recovery_in_slam(trial_roster(seed)) for seed in range(600)]
    mean = 9 * 9 / 14
    variance = 9 * (9 / 14) * (5 / 14) * (5 / 13)
    observed = sum(draws) / len(draws)
    spread = sum((one - observed) ** 2 for one in draws) / (len(draws) - 1)
    assert observed == pytest.approx(mean, abs=4 * sqrt(variance / len(draws)))
    assert spread == pytest.approx(variance, rel=0.25)
    assert min(draws) >= 4, "five places in 2gether cannot hold more than five of nine"


def test_every_team_may_lack_a_service_user() -> None:
    seeds = range(300)
    short = Counter(
        row.team for seed in seeds for row in trial_roster(seed).rows if row.sampled == 14
    )
    assert len(short) == 27
    expected = len(seeds) * 2 / 27
    assert max(short.values()) < expected + 5 * sqrt(expected)


def test_the_order_of_teams_changes_no_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {row.team: row for row in trial_roster(3).rows}
    placed = trial_module._teams
    monkeypatch.setattr(trial_module, "_teams", lambda: list(reversed(placed())))
    assert {row.team: row for row in trial_roster(3).rows} == before


def test_what_is_assumed_is_said() -> None:
    notes = " ".join(trial_roster(1).notes)
    for word in ("assumption", "which type in which trust", "403", "532", "identifiers"):
        assert word in notes


@pytest.mark.parametrize("seed", [-1, 4294967296, 1.5, True])
def test_a_seed_out_of_range(seed: Any) -> None:
    with pytest.raises(InputError, match="seed"):
        trial_roster(seed)
