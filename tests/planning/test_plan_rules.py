"""Rules that a plan keeps: sums over the teams that start, at both sides of both limits."""

from __future__ import annotations

import numpy as np
import pytest

from sim.planning.packages import NOTHING, TeamPlan
from sim.planning.plan_rules import Rule, broken


def plan(package: list[int], start: list[int]) -> TeamPlan:
    return TeamPlan("p", np.array(package), np.array(start))


def test_a_rule_sums_what_each_start_adds_and_skips_teams_without_one() -> None:
    rules = [Rule("exact", 137.0, 137.0, lambda k, team, week: 100.0 * k + 10.0 * team + week)]
    # Package 1 of team 0 in week 2, package 0 of team 3 in week 5.
    assert broken(rules, plan([1, NOTHING, NOTHING, 0], [2, 9, 9, 5])) == []
    assert broken(rules, plan([1, NOTHING, NOTHING, 0], [2, 9, 9, 6])) == ["exact"]


@pytest.mark.parametrize(
    ("total", "kept"),
    [
        (99.9, False),
        (100.0 - 1e-3, False),
        (100.0 - 9e-5, True),
        (100.0, True),
        (200.0, True),
        (200.0 + 1.9e-4, True),
        (200.0 + 1e-3, False),
        (0.0, False),
    ],
)
def test_limits_are_kept_to_a_millionth(total: float, kept: bool) -> None:
    rule = Rule("between", 100.0, 200.0, lambda k, team, week: total)
    assert broken([rule], plan([0], [0])) == ([] if kept else ["between"])


def test_nought_has_room_for_rounding_and_for_no_more() -> None:
    for total, kept in ((1e-6, True), (-1e-6, True), (1e-4, False), (-1e-4, False)):
        rule = Rule("nothing", 0.0, 0.0, lambda k, team, week, total=total: total)
        assert (broken([rule], plan([0], [0])) == []) is kept


def test_every_broken_rule_is_told_and_no_start_is_a_sum_of_nought() -> None:
    rules = [
        Rule("some", 1.0, 9.0, lambda k, team, week: 1.0),
        Rule("none", 0.0, 0.0, lambda k, team, week: 1.0),
        Rule("many", 2.0, 9.0, lambda k, team, week: 1.0),
    ]
    assert broken(rules, plan([NOTHING], [0])) == ["some", "many"]
    assert broken(rules, plan([0], [0])) == ["none", "many"]
