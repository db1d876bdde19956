"""Who starts when: every order deals out the same weeks, and each by its own rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.inputs.roster import Roster, TeamRow
from sim.mechanisms.selection import measured_need, slot_of
from sim.population import lay_out
from sim.scenarios.expand import Expansion, expand
from sim.scenarios.fields import scenario_fields
from sim.scenarios.library import adjusted, load_scenario
from sim.scenarios.schema import Scenario
from tests.worlds import CompiledWorld

ORDERS = scenario_fields()["timing.order"].choices
WITHIN_WORLDS = ("readiness", "random", "need")
GAP = 5


def teams(count: int, **fields: Any) -> Roster:
    """Return small teams that differ in the columns that orders read."""
    rows = [
        TeamRow(
            f"t{number}",
            f"trust {number % 3}",
            staff=3,
            coordinators=2,
            caseload=30,
            sampled=6,
            share_black=round(0.05 * (number * 7 % count), 2),
        )
        for number in range(count)
    ]
    return Roster(tuple(replace(row, **fields) for row in rows))


def rollout(order: str, waves: int = 4, **changes: Any) -> Scenario:
    return adjusted(
        load_scenario("refocus-as-delivered"),
        {
            "timing.order": order,
            "timing.waves": waves,
            "timing.weeks_between_waves": GAP,
            **{name.replace("__", "."): value for name, value in changes.items()},
        },
    )


def world(order: str, roster: Roster, replication: int = 0, **changes: Any) -> CompiledWorld:
    expansion = expand(rollout(order, **changes), roster, 30)
    return CompiledWorld(lay_out(roster, expansion), None, 7, replication)


def starts(of: CompiledWorld | Expansion) -> np.ndarray:
    return of.team_start if isinstance(of, Expansion) else of.state["team"]["start_week"]


@pytest.mark.parametrize("order", ORDERS)
def test_every_order_deals_out_the_same_weeks(order: str) -> None:
    roster = teams(9)
    expected = sorted(starts(expand(rollout("roster"), roster, 30)).tolist())
    assert expected == [0, 0, 0, 5, 5, 10, 10, 15, 15]
    if order == "trust":
        # Three trusts on four waves: 0, 1 and 2 of 3 trusts begin with wave 0, 1 and 2.
        expected = [0] * 3 + [5] * 3 + [10] * 3
    assert sorted(starts(world(order, roster)).tolist()) == expected


@pytest.mark.parametrize("order", ORDERS)
def test_with_one_wave_no_order_changes_anything(order: str) -> None:
    roster = teams(5)
    expansion = expand(rollout(order, waves=1), roster, 30)
    plain = expand(rollout("roster", waves=1), roster, 30)
    assert (starts(expansion) == starts(plain)).all()
    assert not expansion.team_order.any()
    told = f"timing.order = '{order}' has no effect with one wave"
    assert (told in expansion.notes) is (order != "roster")


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_changes_start_weeks_and_nothing_else(order: str) -> None:
    """Neither the priority of a group nor any other order changes what a team then gets."""
    roster = teams(8)
    plain, ordered = (
        lay_out(roster, expand(rollout(one), roster, 60)) for one in ("roster", order)
    )
    assert (plain.actions == ordered.actions).all()
    names = [one for one in plain.teams.dtype.names or () if one not in ("order", "rank")]
    differ = {one for one in names if (plain.teams[one] != ordered.teams[one]).any()}
    assert differ <= {"start_week"}


def test_the_readiest_start_first() -> None:
    state = world("readiness", teams(12), who__readiness_reliability=1.0).state["team"]
    order = np.argsort(-state["readiness"])
    assert state["start_week"][order].tolist() == [0] * 3 + [5] * 3 + [10] * 3 + [15] * 3


def test_an_unreliable_score_orders_less_well() -> None:
    def correlation(reliability: float) -> float:
        pairs = []
        for replication in range(40):
            state = world(
                "readiness", teams(12), replication, who__readiness_reliability=reliability
            ).state["team"]
            pairs.append(np.corrcoef(state["readiness"], state["start_week"])[0, 1])
        return float(np.mean(pairs))

    perfect, usual, poor = (correlation(one) for one in (1.0, 0.7, 0.2))
    assert perfect < usual < poor < 0.0


def test_greatest_need_is_the_lowest_mean_answer_at_the_start() -> None:
    roster = teams(8)
    several = world("need", roster)
    # An independent reading: the QPR-15 scores of the assessment in week 0, team by team.
    scores = several.assess()["qpr15"].reshape(8, 6).mean(axis=1)
    order = np.argsort(scores)
    assert starts(several)[order].tolist() == [0, 0, 5, 5, 10, 10, 15, 15]


def test_a_team_without_a_sample_has_the_least_need() -> None:
    assert measured_need(90.0, 3, 60.0) == 30.0
    assert measured_need(0.0, 0, 60.0) == 60.0
    rows = teams(4).rows
    roster = Roster((replace(rows[0], sampled=0), *rows[1:]))
    assert starts(world("need", roster))[0] == 15


def test_lots_are_fair_and_belong_to_the_team() -> None:
    """Every team is as likely in each wave (4.5 standard errors), whoever else is there."""
    runs = 400
    first = np.zeros(6)
    for replication in range(runs):
        start = starts(world("random", teams(6), replication, waves=2))
        first += start == 0
    assert abs(first / runs - 0.5).max() < 4.5 * np.sqrt(0.25 / runs)
    whole = starts(world("random", teams(6), waves=6))
    # Without its last team, the others draw the same lots.
    fewer = starts(world("random", Roster(teams(6).rows[:5]), waves=5))
    assert np.argsort(whole[:5]).tolist() == np.argsort(fewer).tolist()


def test_equity_puts_the_largest_share_first() -> None:
    roster = teams(8)
    start = starts(expand(rollout("equity"), roster, 30))
    shares = np.array([row.share_black for row in roster.rows])
    for week in (0, 5, 10):
        assert shares[start <= week].min() > shares[start > week].max()


def test_an_order_without_information_is_the_roster_s_and_says_so() -> None:
    same = teams(6, share_black=0.3, trust="one")
    equity, trust = (expand(rollout(one), same, 30) for one in ("equity", "trust"))
    assert (starts(equity) == starts(expand(rollout("roster"), same, 30))).all()
    assert any("share_black is the same in all teams" in note for note in equity.notes)
    assert not starts(trust).any()
    assert any("all teams are in one trust" in note for note in trust.notes)


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=12), st.integers(1, 8))
def test_trusts_stay_together_in_the_order_of_the_roster(trusts: list[str], waves: int) -> None:
    roster = Roster(tuple(TeamRow(f"t{n}", trust) for n, trust in enumerate(trusts)))
    start = starts(expand(rollout("trust", waves), roster, 60))
    by_trust = {
        trust: {int(start[n]) for n, one in enumerate(trusts) if one == trust} for trust in trusts
    }
    assert all(len(weeks) == 1 for weeks in by_trust.values())
    weeks = [min(one) for one in by_trust.values()]
    assert weeks == sorted(weeks)
    assert weeks[0] == 0
    sizes = [weeks.count(week) for week in set(weeks)]
    assert max(sizes) <= -(-len(by_trust) // waves)


@pytest.mark.parametrize("order", [one for one in ORDERS if one != "trust"])
def test_selected_teams_fill_the_waves_evenly(order: str) -> None:
    chosen: dict[str, Any] = {"who__teams": "selected", "who__selection_value": 0.5}
    for replication in range(5):
        several = world(order, teams(12), replication, waves=3, **chosen)
        state = several.state["team"]
        taken = state["start_week"][state["programme"] > 0]
        assert sorted(taken.tolist()) == [0, 0, 5, 5, 10, 10]
        assert (state["start_week"][state["programme"] == 0] == -1).all()


def test_selected_teams_of_a_trust_stay_together() -> None:
    chosen: dict[str, Any] = {"who__teams": "selected", "who__selection_value": 0.5}
    roster = teams(12)
    state = world("trust", roster, waves=3, **chosen).state["team"]
    for row, team in zip(roster.rows, state, strict=True):
        if team["programme"] > 0:
            assert team["start_week"] == GAP * int(row.trust[-1])


@pytest.mark.parametrize("order", ORDERS)
def test_a_team_s_own_week_is_nobody_else_s(order: str) -> None:
    rows = teams(5).rows
    roster = Roster((*rows[:2], replace(rows[2], start_week=3), *rows[3:]))
    start = starts(world(order, roster))
    assert start[2] == 3
    if order != "trust":
        assert sorted(np.delete(start, 2).tolist()) == [0, 5, 10, 15]


@pytest.mark.parametrize("order", WITHIN_WORLDS)
def test_weeks_of_their_own_leave_nothing_to_order(order: str) -> None:
    expansion = expand(rollout(order), teams(5, start_week=3), 30)
    assert not expansion.team_order.any()
    assert starts(expansion).tolist() == [3] * 5
    assert any("the roster gives every team its own week" in note for note in expansion.notes)


@given(st.integers(1, 60), st.integers(0, 60))
def test_slots_are_taken_in_order_and_evenly(chosen: int, free: int) -> None:
    slots = chosen + free
    taken = [slot_of(rank, chosen, slots) for rank in range(chosen)]
    assert taken[0] == 0
    assert taken[-1] < slots
    gaps = np.diff(taken)
    if chosen > 1:
        assert gaps.min() >= 1
        assert gaps.max() - gaps.min() <= 1
