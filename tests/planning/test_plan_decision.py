"""The decision of a plan in words and numbers, from an answer that is written in by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.parameters import registry
from sim.planning.decision import Decision
from sim.planning.packages import OUTCOMES
from sim.planning.plain_numbers import span
from sim.planning.plan_conditions import Conditions
from sim.planning.plan_decision import (
    MOST_PLANS,
    POINT_YEARS,
    WEIGHTED,
    looked_at,
    plan_decision,
    plan_titles,
    staff_time,
)
from sim.planning.plan_knowing import in_order
from sim.planning.plan_study import PlanOutcome
from sim.planning.uncertainty import spread_of
from tests.planning.plans_by_hand import (
    FRESH,
    PARAMETERS,
    PEOPLE,
    PLANS,
    SEARCH,
    STAFF,
    TWIN,
    outcome,
    plan,
    question,
)

BEST = PLANS[3].name


@cache
def decided() -> Decision:
    """Return the decision of the answer as it is."""
    return plan_decision(outcome())


def with_question(found: PlanOutcome, **changes: Any) -> PlanOutcome:
    return replace(found, question=question(**changes))


def test_levels_are_means_over_people_or_staff_of_the_teams_planned_for() -> None:
    """Boosted is twice the gain, in A and C: two thirds of the people and of the staff."""
    found = decided()
    cells = {name: cell.mean for name, cell in found.first.cells.items()}
    share = PEOPLE[0] + PEOPLE[2]
    assert share == STAFF[0] + STAFF[2] == pytest.approx(2 / 3)
    assert cells == {
        "reach": pytest.approx(100.0 * share),
        "adoption": pytest.approx(80.0 * share),
        "practice": pytest.approx(40.0 * share),
        "support": pytest.approx(6.0 * share),
        "relationship": pytest.approx(8.0 * share),
        "recovery": pytest.approx(4.0 * share),
    }
    recovery = found.first.cells["recovery"]
    assert (recovery.low, recovery.high) == pytest.approx((3.64 * share, 4.36 * share))
    # Practice and adoption go by staff, the rest by people.
    skewed = outcome((PLANS[0], PLANS[1], plan("roster order, refocus-boosters", B=(1, 10))))
    (other,) = (one for one in plan_decision(skewed).strategies if one.name.startswith("roster"))
    assert other.cells["practice"].mean == pytest.approx(100 * 0.4 * STAFF[1])
    assert (found.people, found.teams) == (600, 3)


def test_money_is_cash_and_staff_time_within_the_time_looked_at() -> None:
    """A boosted for 60 weeks and C for 52 at 5 of cash and half of it in time; then funds run."""
    found = decided()
    assert (found.first.cash.mean, found.first.time.mean) == (112 * 5.0, 112 * 2.5)
    assert found.years == (
        ("year 1", (52 + 44) * 5.0, (52 + 44) * 2.5),
        ("year 2", (8 + 8) * 5.0, (8 + 8) * 2.5),
    )
    assert staff_time(outcome(), outcome().scores[2]) == 60 + 50 + 60
    # Where the budget holds staff time, costs do, and cash is what is left of them.
    setting = replace(question().setting, conditions=Conditions(staff_time=True))
    both = plan_decision(with_question(outcome(), setting=setting))
    assert (both.first.cash.mean, both.first.time.mean) == (112 * 2.5, 112 * 2.5)
    assert both.years[0] == ("year 1", 96 * 2.5, 96 * 2.5)
    assert (found.yearly, found.budget) == (5000.0, 10_000.0)
    free = question().capacity
    unlimited = plan_decision(
        with_question(outcome(), capacity=replace(free, budget_per_year=None))
    )
    assert (unlimited.yearly, unlimited.budget) == (None, None)


def test_rankings_begin_with_what_was_asked_and_costs_come_last() -> None:
    by_objective = {
        "qpr": "point-years",
        "equity": "equity",
        "qpr-at-end": "recovery",
        "reach": "reach",
        "practice": "practice",
    }
    for objective, first in by_objective.items():
        found = plan_decision(with_question(outcome(), objective=objective))
        names = [one.aim.name for one in found.rankings]
        assert (names[0], names[-1]) == (first, "cost-per-qpr-point")
        assert ("equity" in names) == (objective == "equity")
        assert len(names) == len(set(names))
    means = {one.aim.name: dict(zip(one.names, one.means, strict=True)) for one in found.rankings}
    assert means["practice"][BEST] == pytest.approx(40 * 2 / 3)
    assert means["reach"][BEST] == pytest.approx(100 * 2 / 3)
    assert means["point-years"][BEST] == pytest.approx(800 / 600)
    # 80 funded weeks of two teams at 5 for 4 points in 400 people.
    assert means["cost-per-qpr-point"][BEST] == pytest.approx(800 / 1600)
    assert "usual care for all" not in means["cost-per-qpr-point"]
    assert POINT_YEARS.rounding == WEIGHTED.rounding == 0.02
    efficient = {one.name: one for one in found.frontier}
    assert (efficient[BEST].cost, efficient[BEST].effect) == pytest.approx((800.0, 1600.0))


def test_a_search_that_comes_to_a_rule_is_no_choice_beside_it() -> None:
    found = plan_decision(outcome((TWIN, *PLANS[1:])))
    assert "search" not in found.rankings[0].names
    assert [one.name for one in found.strategies] == [BEST, PLANS[2].name]
    assert found.answer.endswith("The search comes to the same plan.")


def test_six_plans_are_shown_those_that_treat_somebody_best_first() -> None:
    more = [plan(f"roster order, number {one}", A=(0, one)) for one in range(5)]
    found = plan_decision(outcome((*PLANS, *more)))
    assert len(found.strategies) == MOST_PLANS == 6
    assert [one.name for one in found.strategies[:3]] == [BEST, "search", PLANS[2].name]
    assert found.first.teams == 2
    nobody = plan_decision(outcome(PLANS[1:2] * 2, tied=()))
    assert [one.teams for one in nobody.strategies] == [0]
    assert nobody.strategies[0].about == "Nobody gets a package."
    assert nobody.answer.startswith("Go on as usual")


def test_what_teams_get_is_counted_and_the_weakest_grade_stands() -> None:
    found = {one.name: one for one in decided().strategies}
    assert (found["search"].grade, found[PLANS[2].name].grade) == ("assumption", "trial")
    assert re.fullmatch(r"1 REFOCUS.* and 1 REFOCUS.*\.", found["search"].about)
    assert found[PLANS[2].name].about.startswith("3 REFOCUS as delivered")
    titles = plan_titles(outcome())
    assert titles[PLANS[2].name] == "REFOCUS as delivered (teams as listed)"
    assert titles[BEST].endswith("(teams by lot)")


@pytest.mark.parametrize(("fresh", "told"), [(10, True), (9, False)])
def test_ten_fresh_draws_are_enough_to_choose_by(fresh: int, told: bool) -> None:
    found = plan_decision(replace(outcome(), fresh=fresh))
    assert (found.sure == "Not known") is not told
    assert (found.level == 0) is not told
    assert bool(found.warnings) is not told
    assert found.answer.startswith("A first impression") is not told
    assert bool(found.own_tags) is told
    tied = plan_decision(replace(outcome(), fresh=fresh, tied=(BEST, PLANS[2].name)))
    assert any(few.startswith("Just as good") for few, _ in tied.points) is told
    heads = [few for few, _ in found.points]
    assert ("Search less best simple rule:" in heads) is told


def test_how_sure_is_the_share_of_draws_in_which_it_is_best() -> None:
    """The plan to take is best in every draw: likely; tied with another it never is."""
    found = decided()
    assert (found.sure, found.level) == ("Likely", 4)
    assert f"comes first in all {FRESH} ways" in found.sure_because
    tied = plan_decision(replace(outcome(), tied=(BEST, PLANS[2].name)))
    assert tied.chosen == PLANS[2].name, "it commits less money"
    assert tied.sure == "Hardly"
    even = plan_decision(replace(outcome(), tied=(BEST, "search")))
    assert (even.chosen, even.sure, even.runs) == (BEST, "Probably", 1)
    assert "Nobody has measured year 2." in found.sure_because
    year = plan_decision(with_question(outcome(), weeks=52))
    assert "year 2" not in year.sure_because
    assert (
        "Nobody has measured year 2."
        in plan_decision(with_question(outcome(), weeks=53)).sure_because
    )


def test_tags_are_first_or_take_this_beside_ties() -> None:
    assert decided().own_tags == {BEST: "First"}
    tied = plan_decision(replace(outcome(), tied=(BEST, PLANS[2].name)))
    assert tied.own_tags == {BEST: "Tie", PLANS[2].name: "Take this"}
    beaten = replace(outcome(), gain=2.0, gain_low=1.0, gain_high=3.0)
    assert plan_decision(beaten).own_tags == {"search": "First"}


def test_the_answer_counts_teams_and_says_why() -> None:
    answer = decided().answer
    assert ", for two teams: it does best on recovery over the time." in answer
    assert answer.endswith("The search is not told to do better.")
    beaten = replace(outcome(), gain=2.0, gain_low=1.0, gain_high=3.0)
    assert "for two teams: on average it beats every simple rule" in plan_decision(beaten).answer
    of_many = plan_decision(replace(beaten, tied=(BEST, PLANS[2].name))).answer
    assert "it beats the best simple rule" in of_many
    tied = plan_decision(replace(outcome(), tied=(BEST, PLANS[2].name))).answer
    assert ", for three teams, the cheapest of 2 plans that are a tie" in tied


def under_way(gone: int = 8) -> Any:
    begun = [("A", question().packages[1], 0)]
    whole = plan("no further team", A=(1, 0))
    return SimpleNamespace(gone=gone, begun=begun, begun_in=lambda *_: whole, spent=None)


def test_what_has_started_is_no_further_team_and_no_time_that_is_left() -> None:
    asked = with_question(outcome(), under_way=under_way())
    assert "for one further team: " in plan_decision(asked).answer
    assert looked_at(asked.question) == "the 1 year that are left of 60 weeks"
    only = outcome(
        (SEARCH, plan("no further team", A=(1, 0))), tied=("no further team",), gain_low=-1.0
    )
    answer = plan_decision(with_question(only, under_way=under_way())).answer
    assert answer.startswith("Go on with what has started")


def test_points_are_about_the_teams_that_start_and_all_of_them() -> None:
    told = dict(decided().points)
    recovery = told["In the teams that start:"]
    assert recovery.startswith(
        "recovery +4.0 QPR-15 points (9 in 10: 3.6 to 4.4) a person after 60"
    )
    assert "(+2.7 over all 3, as the table has it)" in recovery
    assert recovery.endswith(f"reached in {'5 in 10'}.")
    # It varies from draw to draw by .061 of itself: 2.064 x .061 x .667 / 5 = .0169.
    low, high = outcome().gain_low, outcome().gain_high
    assert told["Search less best simple rule:"] == (
        f"−0.667 (95%: {span(low, high, 3)}) QPR-15 point-years a person, paired on fresh draws."
    )
    assert span(low, high, 3) == "−0.684 to −0.650"
    assert told["Money:"] == (
        "£560 cash planned in the time looked at and £240 committed after it; 6 trainer-days."
    )
    everybody = plan_decision(
        outcome((PLANS[0], PLANS[1], PLANS[2]), effect=replace_effect(outcome()))
    )
    assert "over all" not in dict(everybody.points)["In the teams that start:"]
    none = replace(outcome(), effect=None)
    assert "In the teams that start:" not in dict(plan_decision(none).points)


def replace_effect(found: PlanOutcome) -> Any:
    """Return an effect of which the limits are not known."""
    assert found.effect is not None
    one = spread_of(np.array([[3.0], [3.0]]))
    return found.effect._replace(spread=replace(one, low=float("nan"), high=float("nan")))


def test_another_outcome_that_decides_and_the_parameter_that_does_are_named() -> None:
    found, outcomes = outcome(), outcome().outcomes.copy()
    outcomes[2, ..., OUTCOMES.index("reach")] = 1.0
    told = plan_decision(replace(found, outcomes=outcomes)).changes
    assert told[0].startswith("If reach decides: REFOCUS as delivered")
    own = np.array([one[PARAMETERS[3]] for one in in_order(question())])
    for sign, way in ((1.0, "lower"), (-1.0, "higher")):
        by_draw = np.zeros_like(found.by_draw)
        by_draw[3] = sign * own
        told = plan_decision(replace(found, by_draw=by_draw)).changes
        assert f" is {way} than thought, it speaks for REFOCUS as delivered" in told[-1]
        assert f"'{registry()[PARAMETERS[3]].label}'" in told[-1]
    assert all("than thought" not in one for one in decided().changes)


def test_a_range_that_is_not_known_is_none() -> None:
    found = replace(outcome(), effect=replace_effect(outcome()))
    assert (
        "points (no range) a person"
        in dict(plan_decision(found).points)["In the teams that start:"]
    )


def test_five_plans_that_are_just_as_good_are_named() -> None:
    more = [plan(f"roster order, number {one}", A=(1, 0), C=(1, 9 + one)) for one in range(7)]
    found = outcome((*PLANS, *more), tied=(BEST, *(one.name for one in more)))
    told = dict(plan_decision(found).points)["Just as good, as far as can be told:"]
    assert re.findall(r"number (\d)", told) == ["0", "1", "2", "3", "4"]


def test_starts_have_weeks_sessions_and_what_they_get() -> None:
    first, second = decided().starts
    assert (first.team, first.week, second.team, second.week) == ("A", 0, "C", 8)
    assert [late - early for early, late in zip(first.sessions, second.sessions, strict=True)] == [
        8
    ] * len(first.sessions)
    assert first.package == question().packages[1].title
    assert decided().start_note.startswith("2 of 3 teams start")
