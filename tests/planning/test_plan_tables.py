"""Rows of a plan from an answer that is written in by hand: weeks, dates, money, digits."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from sim.planning.plan_tables import (
    beside_rows,
    evidence_rows,
    frame_of,
    plan_rows,
    score_row,
    score_rows,
)
from tests.planning.plans_by_hand import PLANS, TWIN, outcome, plan, question


def test_a_row_has_the_week_the_date_and_the_money_of_a_team() -> None:
    """A: 80 funded weeks at 5 from week 4, of which 24 lie after week 60; B: 52 at 2 from 10."""
    found = outcome()
    assert plan_rows(found, found.search) == [
        {
            "team": "A",
            "trust": "north",
            "package": "refocus-boosters",
            "start week": 4,
            "start date": "2027-04-29",
            "direct cost": 400,
            "of which later": 120,
        },
        {
            "team": "B",
            "trust": "north",
            "package": "refocus-as-delivered",
            "start week": 10,
            "start date": "2027-06-10",
            "direct cost": 104,
            "of which later": 4,
        },
    ]


def test_rows_are_in_the_order_of_starting_and_of_names() -> None:
    """By default those of the plan to take; what has started by the weeks gone is under way."""
    found = outcome()
    assert [row["team"] for row in plan_rows(found)] == ["A", "C"]
    late_first = outcome((plan("search", A=(0, 9), B=(0, 3), C=(0, 9)), *PLANS[1:]))
    rows = plan_rows(late_first, late_first.search)
    assert [(row["start week"], row["team"]) for row in rows] == [(3, "B"), (9, "A"), (9, "C")]
    gone: Any = SimpleNamespace(gone=8)
    begun = replace(found, question=question(under_way=gone))
    assert [row["state"] for row in plan_rows(begun)] == ["under way", "to come"]
    undated = replace(
        found, question=question(setting=replace(question().setting, start_date=None))
    )
    assert all("start date" not in row for row in plan_rows(undated))


def test_the_search_stands_beside_team_by_team() -> None:
    rows = beside_rows(outcome())
    assert [row["team"] for row in rows] == ["A", "C", "B"]
    assert (rows[0]["start week"], rows[0]["search: start week"]) == (0, 4)
    assert (rows[1]["start week"], rows[1]["search: start week"]) == (8, "")
    assert (rows[2]["direct cost"], rows[2]["search: direct cost"]) == ("", 104)
    same = outcome((TWIN, *PLANS[1:]))
    assert beside_rows(same) == plan_rows(same)
    nobody = outcome((PLANS[1],) * 2)
    assert beside_rows(nobody) == []


def test_worth_has_three_decimals_days_one_and_money_none() -> None:
    one = (
        outcome()
        .scores[0]
        ._replace(
            mean=0.12346,
            standard_error=0.00049,
            low=-0.5,
            high=0.98765,
            regret=0.11111,
            regret_high=0.22222,
            cost=np.array([1000.4, 2000.6]),
            later_cost=30.7,
            trainer_days=6.26,
        )
    )
    assert score_row(one) == {
        "plan": "search",
        "teams": 2,
        "expected by the search": 1.235,
        "mean on fresh draws": 0.123,
        "Monte Carlo SE": 0.0,
        "5%": -0.5,
        "95%": 0.988,
        "regret, mean": 0.111,
        "regret, 95%": 0.222,
        "trainer-days": 6.3,
        "direct cost, year 1": 1000,
        "direct cost, year 2": 2001,
        "direct cost, later": 31,
        "direct cost, committed": 3032,
    }
    assert [row["plan"] for row in score_rows(outcome())] == [one.name for one in PLANS]


def test_packages_have_their_evidence_and_tables_their_columns() -> None:
    rows = evidence_rows(outcome())
    assert [(row["package"], row["evidence"]) for row in rows] == [
        ("refocus-as-delivered", "trial"),
        ("refocus-boosters", "assumption"),
    ]
    assert list(frame_of([])) == ["team", "trust", "package", "start week"]
    assert frame_of([{"week": 3}, {"week": ""}])["week"].tolist() == [3, ""]
