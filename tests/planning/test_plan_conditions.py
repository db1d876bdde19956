"""Conditions of a plan: what a setting may say, and the sums that follow, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.planning.packages import NOTHING, TeamPlan
from sim.planning.plan_conditions import (
    NONE,
    Conditions,
    TrustCondition,
    conditions_from,
    equity_rule,
    musts_first,
    trust_rules,
)
from sim.planning.plan_rules import broken


def row(trust: str, caseload: float = 10.0, share: float = 0.0) -> SimpleNamespace:
    return SimpleNamespace(trust=trust, caseload=caseload, share_black=share)


class Offer:
    """Two years; a start costs 100 in its first year for each week that has gone by, then 7."""

    weeks, all_years = 104, 2
    kept = np.array([3])
    earliest = np.array([0, 0, 5, -1, -1])

    def spending(self, package: int, team: int, start: int) -> np.ndarray:
        return np.array([100.0 * start, 7.0])

    def starts(self, package: int) -> np.ndarray:
        return np.array([0, 10, 20])


OFFER: Any = Offer()
ROSTER: Any = SimpleNamespace(
    rows=[row("a", 10, 0.5), row("a", 20, 0.25), row("b", 40, 0.1), row("b", 30, 0.2), row("b")]
)


def plan(**starts: int) -> TeamPlan:
    package, start = np.full(5, NOTHING), np.full(5, NOTHING)
    for name, week in starts.items():
        package[int(name[1:])], start[int(name[1:])] = 0, week
    return TeamPlan("p", package, start)


def kept(condition: TrustCondition, **starts: int) -> bool:
    return not broken(trust_rules(Conditions((condition,)), ROSTER, OFFER), plan(**starts))


def test_ceilings_and_musts_count_the_teams_of_the_trust() -> None:
    one = TrustCondition("a", most_teams=1)
    assert kept(one, t0=0, t2=0, t3=0)
    assert not kept(one, t0=0, t1=0)
    none = TrustCondition("a", most_teams=0)
    assert kept(none, t2=0)
    assert not kept(none, t0=50)
    two = TrustCondition("b", least_teams=2)
    assert kept(two, t2=104, t3=0)
    assert not kept(two, t0=0, t2=0)
    soon = TrustCondition("b", least_teams=1, start_by_week=8)
    assert kept(soon, t2=8)
    assert not kept(soon, t2=9)
    assert trust_rules(Conditions((TrustCondition("a", least_teams=0),)), ROSTER, OFFER) == []


def test_the_budget_of_a_trust_holds_in_each_year() -> None:
    budget = TrustCondition("a", budget_per_year=200.0)
    assert kept(budget, t0=1, t1=1, t2=50)
    assert not kept(budget, t0=2, t1=1)
    assert not kept(TrustCondition("a", budget_per_year=6.0), t0=0)
    assert len(trust_rules(Conditions((budget,)), ROSTER, OFFER)) == 2


def test_a_trust_that_is_not_there_gets_the_nearest() -> None:
    with pytest.raises(InputError, match="not in the roster"):
        trust_rules(Conditions((TrustCondition("c"),)), ROSTER, OFFER)


def test_fair_reach_counts_people_of_teams_that_can_start_or_have() -> None:
    """Five of the first, five of the second, four of the third, six of the one under way."""
    reach = [np.array([[1.0] * 5, [0.5] * 5, [0.0] * 5])]
    assert equity_rule(NONE, ROSTER, OFFER, reach) == []
    (rule,) = equity_rule(Conditions(equity_reach=0.25), ROSTER, OFFER, reach)
    assert rule.low == pytest.approx(0.25 * 20.0)
    assert rule.amount(0, 0, 0) == 5.0
    assert rule.amount(0, 1, 5) == pytest.approx(5.0 * 0.75)
    assert rule.amount(0, 3, 10) == pytest.approx(3.0)
    assert rule.amount(0, 4, 0) == 0.0
    assert not broken([rule], plan(t0=0))
    assert broken([rule], plan(t0=1))


def test_those_who_have_to_start_come_first() -> None:
    musts = Conditions((TrustCondition("b", least_teams=2), TrustCondition("a", most_teams=1)))
    found = musts_first(musts, ROSTER, np.array([0, 1, 4, 3, 2]))
    assert found.tolist() == [4, 3, 0, 1, 2]
    # A ceiling is no must.
    found = musts_first(musts, ROSTER, np.array([2, 4, 3, 1, 0]))
    assert found.tolist() == [2, 4, 3, 1, 0]


def test_a_table_of_conditions_is_read() -> None:
    found = conditions_from(
        "here",
        {
            "costs": "cash and staff time",
            "equity_reach": 1.0,
            "trusts": [
                {"trust": "a", "start_by_week": 5},
                {"trust": "b", "least_teams": 3, "most_teams": 3, "budget_per_year": 0},
            ],
        },
    )
    assert (found.staff_time, found.equity_reach) == (True, 1.0)
    assert found.trusts == (
        TrustCondition("a", least_teams=1, start_by_week=5),
        TrustCondition("b", 3, 3, None, 0.0),
    )
    assert conditions_from("here", {}) == NONE
    assert conditions_from("here", {"equity_reach": 0}).equity_reach == 0.0
    nobody = conditions_from("here", {"trusts": [{"trust": "a", "most_teams": 0}]}).trusts[0]
    assert nobody == TrustCondition("a", most_teams=0)
    assert conditions_from("here", {"trusts": [{"trust": "a", "least_teams": 2}]}).trusts[
        0
    ] == TrustCondition("a", least_teams=2)
    most = {"trust": "a", "most_teams": 10_000, "budget_per_year": 1e10, "start_by_week": 0}
    assert conditions_from("here", {"trusts": [most]}).trusts[0].budget_per_year == 1e10


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (3, "must be a table"),
        ({"costs": "time"}, "must be one of"),
        ({"equity_reach": 1.005}, "equity_reach"),
        ({"equity_reach": -0.005}, "equity_reach"),
        ({"trusts": {}}, "must be tables"),
        ({"trusts": ["a"]}, "must be tables"),
        ({"trusts": [{"most_teams": 1}]}, "trust 1: its name"),
        ({"trusts": [{"trust": "a"}, {"trust": 2}]}, "trust 2: its name"),
        ({"trusts": [{"trust": "a", "least_teams": 2, "most_teams": 1}]}, "is above"),
        ({"trusts": [{"trust": "a", "most_teams": -1}]}, "most_teams"),
        ({"trusts": [{"trust": "a", "most_teams": 10_001}]}, "most_teams"),
        ({"trusts": [{"trust": "a", "budget_per_year": -0.005}]}, "budget_per_year"),
        ({"trusts": [{"trust": "a", "budget_per_year": 1.05e10}]}, "budget_per_year"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(table: Any, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        conditions_from("here", table)
