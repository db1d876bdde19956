"""A search and its score in parts: orders, anchors, ties, budgets and scores by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.inputs.roster import roster_from_text
from sim.planning import plan_study as module
from sim.planning.packages import NOTHING, TeamPlan
from sim.planning.plan_conditions import Conditions, TrustCondition
from sim.planning.plan_study import (
    MOST_USERS,
    READINESS,
    PlanOutcome,
    PlanQuestion,
    Stages,
    anchors_of,
    beats,
    believed,
    by_draw,
    check_budget,
    gain_of,
    offer_of,
    orders_of,
    packages_of,
    same_plan,
    score_of,
    solve,
    tied_with_best,
)
from sim.planning.trainers import Capacity
from sim.runs.pieces import Progress
from sim.scenarios.library import load_scenario
from tests.planning.plans_by_hand import (
    DRAWS,
    PLANS,
    ROSTER,
    TWIN,
    WEEKS,
    done,
    offer,
    outcome,
    plan,
    question,
)


def test_a_gain_is_claimed_above_nought_on_ten_draws() -> None:
    for low, fresh, claimed in ((1e-9, 10, True), (0.0, 10, False), (1.0, 9, False)):
        assert beats(low, fresh) is claimed
    mean, low, high = gain_of(np.array([1.0, 3.0]))
    # Student's t with one degree of freedom is 12.706; the error of the mean is 1.
    assert (mean, low, high) == pytest.approx((2.0, 2.0 - 12.7062, 2.0 + 12.7062), rel=1e-4)
    assert gain_of(np.array([1.0])) == (1.0, -np.inf, np.inf)


def test_plans_tie_from_ten_draws_on_where_the_interval_holds_nought() -> None:
    worth = np.stack([np.arange(10.0), np.arange(10.0) - 1.0])
    assert tied_with_best(worth) == [0]
    assert tied_with_best(worth[:, :9]) == [0, 1]
    assert tied_with_best(worth[::-1]) == [1]
    assert tied_with_best(np.stack([worth[0], worth[0]])) == [0, 1], "no difference is a tie"


def test_four_start_weeks_at_most_are_simulated() -> None:
    """Of weeks 0 to 40 in fours with team B's 10: places 0, 4, 7 and 11 of twelve."""
    found = offer()
    assert found.starts(0).tolist() == [0, 4, 8, 10, 12, 16, 20, 24, 28, 32, 36, 40]
    assert anchors_of(found, 0).tolist() == [0, 12, 24, 40]
    few = replace(found, weeks=25)
    assert anchors_of(few, 0).tolist() == [0, 4]
    short = replace(found, weeks=17)
    assert anchors_of(short, 0).tolist() == []


def test_orders_are_of_readiness_and_of_load() -> None:
    """Readiness on scales of their own: .5, none, .75 and 0 of the way; users a coordinator."""
    roster = roster_from_text(
        "team,caseload,coordinators,readiness,readiness_low,readiness_high\n"
        "A,100,10,3,1,5\nB,100,4,,,\nC,100,5,4,1,5\nD,100,20,1,1,5\n"
    )
    found = orders_of(question(roster=roster))
    assert list(found) == ["roster order", READINESS, MOST_USERS, "random order"]
    assert found["roster order"].tolist() == [0, 1, 2, 3]
    assert found[READINESS].tolist() == [2, 0, 3, 1]
    assert found[MOST_USERS].tolist() == [1, 2, 0, 3]
    assert sorted(found["random order"]) == [0, 1, 2, 3]
    again = orders_of(question(roster=roster))["random order"]
    assert again.tolist() == found["random order"].tolist()
    seeds = [tuple(orders_of(question(seed=seed))["random order"]) for seed in range(8)]
    assert len(set(seeds)) > 1
    assert READINESS not in orders_of(question())


def test_teams_may_start_from_their_week_and_control_teams_not() -> None:
    assert question().earliest.tolist() == [0, 10, 0, NOTHING]
    assert question(include_control=True).earliest.tolist() == [0, 10, 0, 0]
    assert PlanQuestion.__dataclass_fields__["equity_weight"].default == 2.0


def test_a_score_is_mean_middle_90_percent_and_error_of_its_draws() -> None:
    """Worth 0 to 20 in 21 draws; boosted A and C from weeks 0 and 8."""
    score = score_of(offer(), PLANS[3], 7.0, np.arange(21.0), np.arange(21.0) / 2.0)
    assert (score.mean, score.low, score.high) == (10.0, 1.0, 19.0)
    assert score.standard_error == pytest.approx(np.sqrt(38.5 / 21.0))
    assert (score.regret, score.regret_high) == (5.0, 9.5)
    assert (score.teams, score.expected, score.trainer_days) == (2, 7.0, 6.0)
    # Year 1: 52 and 44 weeks; year 2: 8 and 8 until week 60; 20 and 28 later.
    assert score.cost.tolist() == [480.0, 80.0]
    assert score.later_cost == 240.0
    assert score.committed == 800.0
    assert score_of(offer(), PLANS[0], 0.0, np.zeros(2), np.zeros(2)).teams == 2
    one = score_of(offer(), PLANS[1], 0.0, np.array([3.0]), np.array([0.0]))
    assert np.isnan(one.standard_error)
    assert (one.teams, one.committed) == (0, 0.0)
    two = score_of(offer(), PLANS[1], 0.0, np.array([3.0, 5.0]), np.zeros(2))
    assert two.standard_error == pytest.approx(1.0)


def test_estimates_lie_on_lines_between_start_weeks() -> None:
    found = offer()
    benefit = [np.outer(found.starts(one), [1.0, 2.0, 3.0, 4.0]) for one in (0, 1)]
    # A from week 4 and B from week 10; from week 6 half-way between 4 and 8.
    assert believed(found, PLANS[0], benefit) == 4.0 * 1.0 + 10.0 * 2.0
    assert believed(found, plan("p", C=(0, 6)), benefit) == 18.0
    weeks = np.array([0, 10, 30])
    values = np.arange(6.0).reshape(3, 2, 1) * np.ones(4)
    # Draws are 0 and 1, 2 and 3, 4 and 5 in the three weeks.
    got = by_draw(plan("p", A=(0, 5), B=(0, 20), C=(0, 30)), [(weeks, values)], 2)
    assert got.tolist() == [1.0 + 3.0 + 4.0, 2.0 + 4.0 + 5.0]
    assert by_draw(plan("p", A=(0, 5)), [(np.zeros(0), values[:0])], 2).tolist() == [0.0, 0.0]


def test_plans_are_the_same_in_packages_and_weeks() -> None:
    assert same_plan(plan("a", A=(0, 3)), plan("b", A=(0, 3)))
    assert not same_plan(plan("a", A=(0, 3)), plan("a", A=(0, 4)))
    assert not same_plan(plan("a", A=(0, 3)), plan("a", A=(1, 3)))
    found = outcome((TWIN, *PLANS[1:]))
    assert found.twin is found.scores[3]
    assert found.choices == [1, 2, 3]
    assert not found.differ
    assert (outcome().twin, outcome().choices) == (None, [0, 1, 2, 3])


def test_what_is_left_of_a_stage_is_reckoned_from_what_was_done() -> None:
    seen: list[Progress] = []
    stages = Stages(seen.append, [10, 10])
    assert stages.at == 0
    stages.began -= 8.0
    stages.show(Progress(0, 10, 0.0, 0.0))
    stages.show(Progress(4, 10, 0.0, 0.0))
    assert np.isnan(seen[0].seconds_left)
    assert (seen[1].done, seen[1].total) == (4, 20)
    assert seen[1].seconds == pytest.approx(8.0, abs=0.5)
    assert seen[1].seconds_left == pytest.approx(32.0, abs=2.0)
    Stages(None, [1]).show(Progress(1, 1, 0.0, 0.0))


def asked(weeks: int = WEEKS, **changes: Any) -> PlanQuestion:
    return question(weeks=weeks, **changes)


def test_the_core_training_has_to_end_in_time_to_the_week() -> None:
    """REFOCUS has its last session in week 18; under way, so many weeks have to be left."""
    just = offer_of(asked(weeks=18, capacity=Capacity()))
    assert (just.weeks, just.gone) == (18, 0)
    assert offer_of(
        asked(roster=roster_from_text("team\nA\n"), capacity=Capacity())
    ).earliest.tolist() == [0]
    with pytest.raises(InputError, match="17 weeks are too short.*takes 18"):
        offer_of(asked(weeks=17, capacity=Capacity()))
    from types import SimpleNamespace

    begun = plan("no further team", A=(0, 0))
    gone: Any = SimpleNamespace(gone=12, spent=None, begun_in=lambda *_: begun)
    found = offer_of(asked(weeks=30, capacity=Capacity(), under_way=gone))
    assert found.earliest.tolist() == [NOTHING, 12, 12, NOTHING]
    assert found.gone == 12
    with pytest.raises(InputError, match="less 12 that have gone are too short"):
        offer_of(asked(weeks=29, capacity=Capacity(), under_way=gone))
    everybody = plan("no further team", A=(0, 0), B=(0, 10), C=(0, 0))
    gone.begun_in = lambda *_: everybody
    with pytest.raises(InputError, match="every team of the roster has started"):
        offer_of(asked(under_way=gone))
    control = roster_from_text("team,arm\nA,control\n")
    with pytest.raises(InputError, match="every team's arm is control"):
        offer_of(asked(roster=control))


def test_a_package_is_named_once() -> None:
    twice = [load_scenario("refocus-as-delivered")] * 2
    assert len(packages_of(twice[:1], 52)) == 1
    with pytest.raises(InputError, match="named twice"):
        packages_of(twice, 52)


def test_what_is_offered_has_the_length_of_the_longest_funds() -> None:
    found = offer_of(asked(weeks=20, capacity=Capacity()))
    assert found.cost.shape[2] == found.funded_weeks.max() > 20
    assert offer_of(asked(weeks=200, capacity=Capacity())).cost.shape[2] == 200


def test_a_budget_that_pays_for_one_team_in_time_is_enough() -> None:
    """A year of the cheapest team costs 104; in week 43 it could no longer be trained."""
    for budget, enough in ((104.0, True), (103.99, False), (0.0, True), (None, True)):
        capacity = Capacity(2, 100.0, budget)
        given = offer(capacity=capacity, weeks=52)
        if enough:
            check_budget(question(capacity=capacity), given)
            continue
        with pytest.raises(InputError, match="budget = 104: too small.*'A' with 'refocus-as-del"):
            check_budget(question(capacity=capacity), given)
    capacity = Capacity(2, 100.0, 400.0)
    late = offer(capacity=capacity, earliest=np.array([42, NOTHING, NOTHING, NOTHING]))
    check_budget(question(capacity=capacity), late)
    later = replace(late, earliest=np.array([43, NOTHING, NOTHING, NOTHING]))
    with pytest.raises(InputError, match="too small for one team"):
        check_budget(question(capacity=capacity), later)


def test_two_draws_are_enough_and_one_is_not() -> None:
    with pytest.raises(InputError, match="at least 2"):
        solve(question(draws=DRAWS[:1]))
    assert ROSTER.rows[3].arm == "control"


@dataclass
class Simulated:
    """What a search asked to have simulated, and how far it said that it was."""

    calls: list[tuple[list[TeamPlan], list[Any], int]] = field(default_factory=list)
    seen: list[Progress] = field(default_factory=list)

    def team_outcomes(self, *given: Any, draws: Any, weeks: int, seed: int, **how: Any) -> Any:
        """Return what plans do without any world: more in later draws, less from later weeks."""
        plans = given[2]
        self.calls.append((list(plans), list(draws), seed))
        worlds = (len(plans) + 1) * len(draws)
        how["on_progress"](Progress(worlds, worlds, 1.0, 0.0))
        more = (1.0 + np.arange(len(draws)) / 100.0)[:, None, None]
        found = []
        for one in plans:
            less = 1.0 - 0.01 * np.maximum(one.start, 0)
            found.append(done(one)[:1] / 0.9 * less[None, :, None] * more)
        return np.stack(found)

    def plan_truths(self, *given: Any, **how: Any) -> Any:
        self.calls.append((given[2], given[3], given[4]))
        worlds = 2 * len(given[3])
        how["on_progress"](Progress(worlds, worlds, 1.0, 0.0))
        return "truths"


def searched(monkeypatch: pytest.MonkeyPatch, asked: PlanQuestion) -> tuple[PlanOutcome, Simulated]:
    found = Simulated()
    monkeypatch.setattr(module, "team_outcomes", found.team_outcomes)
    monkeypatch.setattr(module, "plan_truths", found.plan_truths)
    return solve(asked, on_progress=found.seen.append), found


def test_a_search_is_scored_on_draws_and_luck_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a limit all are boosted from their first week on; every order comes to that."""
    found, simulated = searched(monkeypatch, asked(capacity=Capacity()))
    tried, scored, again, truths = simulated.calls
    assert (tried[1], scored[1]) == (DRAWS[::2], DRAWS[1::2])
    assert (tried[2], scored[2], again[2], truths[2]) == (1, 2, 3, 3)
    assert again[1] == DRAWS[1::2] * 5
    assert truths[1] == [*DRAWS[::2], *DRAWS[1::2]]
    # Four start weeks of each package in the three teams that can be treated.
    packages = [one.package.tolist() for one in tried[0]]
    assert packages == [[0, 0, 0, -1]] * 4 + [[1, 1, 1, -1]] * 4
    assert [one.start[0] for one in tried[0]] == [0, 12, 24, 40] * 2
    assert found.search.plan.package.tolist() == [1, 1, 1, NOTHING]
    assert found.search.plan.start[3] == NOTHING
    names = [one.plan.name for one in found.scores]
    assert names == [
        "search",
        "usual care for all",
        "roster order, refocus-as-delivered",
        "roster order, refocus-boosters",
    ]
    assert [pair[1] for pair in found.same] == names[2:] * 2
    assert found.truths == "truths"
    assert (found.set_aside, found.fresh) == ((), 25)


def test_scores_are_of_people_and_regret_of_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivered gains 1 to 1.24 in 25 draws, boosted twice as much; a tenth less for B's 200."""
    part = (100 + 0.9 * 200 + 300) / 600
    found, _ = searched(monkeypatch, asked(capacity=Capacity()))
    means = {one.plan.name: one.mean for one in found.scores}
    assert means["roster order, refocus-as-delivered"] == pytest.approx(1.12 * part)
    assert found.search.mean == pytest.approx(2.24 * part)
    regrets = {one.plan.name: one.regret for one in found.scores}
    assert regrets["usual care for all"] == pytest.approx(2.24 * part)
    assert regrets["roster order, refocus-as-delivered"] == pytest.approx(1.12 * part)
    assert regrets["search"] == 0.0
    assert found.search.expected == pytest.approx(2.24 * part)
    assert found.best_rule.plan.name == "roster order, refocus-boosters"
    assert (found.gain, found.tied) == (pytest.approx(0.0), (found.best_rule.plan.name,))
    assert found.by_draw.shape == (4, 50)
    np.testing.assert_allclose(found.by_draw[0, :25], part * (2.0 + 0.02 * np.arange(25)))
    assert found.effect is not None
    assert found.effect.spread.mean == pytest.approx(4.48 * part)
    assert found.effect.judgement.chances.benefit.share == 1.0


def test_progress_of_a_search_ends_where_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """(8 + 1) x 25 of the search, (4 + 1) x 25 of the score, 2 x 5 x 25 and 2 x 50."""
    _, simulated = searched(monkeypatch, asked(capacity=Capacity()))
    assert [one.done for one in simulated.seen] == [225, 350, 600, 700]
    # At first as many rules as there are orders and packages, the search and usual care.
    most = 3 * 2 + 2
    assert [one.total for one in simulated.seen] == [225 + (most + 1) * 25 + 350, 700, 700, 700]
    few, short = searched(monkeypatch, asked(capacity=Capacity(), draws=DRAWS[:48]))
    assert few.truths is None
    assert short.seen[-1].done == short.seen[-1].total == 9 * 24 + 5 * 24 + 10 * 24


def test_a_plan_that_does_not_keep_a_must_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """South has to start a team, which usual care does not."""
    one = Conditions((TrustCondition("south", least_teams=1),))
    setting = replace(question().setting, conditions=one)
    found, _ = searched(monkeypatch, asked(capacity=Capacity(), setting=setting))
    assert found.set_aside == ("usual care for all",)
    assert [each.plan.name for each in found.scores] == [
        "search",
        "roster order, refocus-as-delivered",
        "roster order, refocus-boosters",
    ]


def test_a_search_for_nothing_has_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    found, simulated = searched(monkeypatch, asked(capacity=Capacity(0)))
    assert (found.effect, found.search.teams, len(simulated.calls)) == (None, 0, 2)
