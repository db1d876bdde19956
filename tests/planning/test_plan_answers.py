"""Claims about what `refocus plan` tells: the plan to take, its costs, what it rests on."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.api.plan import PlanAnswer
from sim.cli import main
from sim.inputs.roster import roster_from_text
from sim.planning import plain_numbers
from sim.planning.packages import NOTHING, TeamPlan
from sim.planning.plan_content import plan_content
from sim.planning.plan_decision import plan_decision
from sim.planning.plan_knowing import (
    choice_drivers,
    driver_rows,
    in_order,
    plan_knowing,
    rivals,
    second,
)
from sim.planning.plan_notes import plan_notes, team_notes
from sim.planning.plan_study import (
    FEWEST_FRESH,
    RUNS,
    USUAL_FOR_ALL,
    PlanOutcome,
    PlanQuestion,
    by_draw,
    effect_on,
    gain_of,
    offer_of,
    packages_of,
    solve,
)
from sim.planning.plan_tables import beside_rows, plan_rows
from sim.planning.plan_text import effect_text, plan_text, verdict
from sim.planning.plan_truths import plan_truths
from sim.planning.prices import shipped_prices
from sim.planning.trainers import Capacity
from sim.planning.worth_knowing import bounded, knowing_sentences
from sim.posterior.choose import chosen_draws
from sim.report.plan_report import plan_report
from sim.scenarios.library import load_scenario
from tests.decision_numbers import agrees, annex_agrees

pytestmark = pytest.mark.usefixtures("unpainted")

TEAMS = "team,staff,arm,start_week\nA,6,intervention,\nB,8,intervention,10\nC,8,control,\n"
COVERS = "parameter uncertainty"


def asked(text: str = TEAMS, **changes: Any) -> PlanQuestion:
    names = ("refocus-as-delivered", "refocus-boosters")
    plain = PlanQuestion(
        packages=packages_of([load_scenario(name) for name in names], 52),
        roster=roster_from_text(text),
        capacity=Capacity(2, 100.0, 40_000.0),
        prices=shipped_prices(),
        draws=chosen_draws(20).draws,
        weeks=52,
        seed=1,
        objective="reach",
        threshold=0.5,
    )
    return replace(plain, **changes)


@cache
def solved() -> PlanOutcome:
    return solve(asked())


def lost(outcome: PlanOutcome) -> PlanOutcome:
    """Return an answer in which the search does not beat a rule that does something else."""
    starts = [4, NOTHING, NOTHING]
    other = TeamPlan("roster order, one", np.array([1, NOTHING, NOTHING]), np.array(starts))
    rule = outcome.best_rule._replace(plan=other, teams=1, cost=np.array([7.0]), later_cost=3.0)
    scores = (outcome.search, rule)
    return replace(
        outcome,
        scores=scores,
        best_rule=rule,
        gain=0.0,
        gain_low=-1.0,
        gain_high=1.0,
        tied=(),
        outcomes=outcome.outcomes[:2],
        worth=outcome.worth[:2],
    )


def won(outcome: PlanOutcome) -> PlanOutcome:
    return replace(lost(outcome), gain=2.0, gain_low=1.0, gain_high=3.0)


def test_the_plan_shown_is_the_one_to_take() -> None:
    rule, search = lost(solved()), won(solved())
    assert "Take the rule" in verdict(rule)
    assert [(row["team"], row["package"], row["start week"]) for row in plan_rows(rule)] == [
        ("A", "refocus-boosters", 4)
    ]
    assert "The search beats" in verdict(search)
    assert [row["team"] for row in plan_rows(search)] == ["A", "B"]
    assert not search.differ
    assert beside_rows(search) == plan_rows(search)


def test_where_the_plans_differ_the_search_stands_beside() -> None:
    outcome = lost(solved())
    rows = {row["team"]: row for row in beside_rows(outcome)}
    assert list(rows) == ["A", "B"]
    assert rows["A"]["start week"] == 4
    assert rows["A"]["search: start week"] == outcome.search.plan.start[0]
    assert rows["B"]["package"] == ""
    assert rows["B"]["search: start week"] >= 10
    text, page = (
        plan_text(outcome, COVERS),
        unescape(plan_report(outcome, COVERS, "", plan_decision(outcome))),
    )
    for one in (text, page):
        assert "The recommended plan, by the rule" in one
        assert "10 GBP in all (year 1: 7; after the time looked at: 3)" in one
    assert "Beside it the search's plan, not recommended" in text
    assert "The search's plan, beside it" in page
    content = plan_content(outcome, COVERS, "refocus plan")
    assert content["plan"] == plan_rows(outcome)
    assert content["search_plan"] == plan_rows(outcome, outcome.search)
    assert content["costs"] == {"by_year": [7], "later": 3, "committed": 10}


def test_costs_of_teams_add_up_to_the_costs_of_the_plan() -> None:
    outcome = solved()
    rows = plan_rows(outcome, outcome.search)
    assert outcome.search.later_cost > 0.0
    assert sum(row["direct cost"] for row in rows) == pytest.approx(outcome.search.committed, abs=2)
    assert sum(row["of which later"] for row in rows) == pytest.approx(
        outcome.search.later_cost, abs=2
    )


def test_the_page_the_workbook_and_the_tables_of_a_plan_agree() -> None:
    answer = PlanAnswer(solved())
    page = answer.report("refocus plan")
    assert agrees(page, lambda name: answer.tables[name]) > 15
    checked, count = annex_agrees(page, answer.tables)
    assert checked >= {"scores", "drivers"}
    assert count > 50
    first = page.split('<section class="annex">')[0]
    assert escape(answer.decision.answer) in first
    heads = ("100%</span>", "50 of 100</span>", "20 of 100</span>", "QPR-15 points a person")
    assert [one for one in heads if one not in first] == []
    assert "refocus-as-delivered" not in first.replace(", refocus-as-delivered|", "|")
    assert answer.content()["decision"]["answer"] == answer.decision.answer


def test_what_would_change_a_plan_is_told() -> None:
    """A parameter that decides between the plan to take and the next kind is found and named."""
    outcome = solved()
    first, *others = rivals(outcome)
    assert others
    values = outcome.by_draw.copy()
    draws = in_order(outcome.question)
    values[first] = values[second(outcome)] + [one["turnover_yearly"] for one in draws]
    moved = replace(outcome, by_draw=values)
    driver, told = choice_drivers(moved)[0]
    assert (driver.name, driver.correlation, told) == ("turnover_yearly", pytest.approx(1.0), True)
    text = plan_decision(moved).changes[-1]
    assert text.startswith("If 'Staff who leave in a year' (literature) is lower than thought, it ")
    # Another order of teams with the same packages is no other thing to do.
    package = outcome.scores[first].plan.package
    same = [
        one._replace(plan=replace(one.plan, package=package)) if one.teams else one
        for one in outcome.scores
    ]
    other = second(replace(outcome, scores=tuple(same)))
    assert other is not None
    assert same[first].teams > same[other].teams == 0
    assert driver_rows(moved)["rests on"].isin(["trial", "literature", "assumption"]).all()


def test_what_knowing_is_worth_to_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Studies' truths are of the package that most teams get, and everything bounds them all."""
    outcome = solved()
    assert plan_knowing(outcome) == ()
    monkeypatch.setattr("sim.planning.plan_knowing.FEWEST_DRAWS", 20)
    given, plan = outcome.question, outcome.search.plan
    truths = plan_truths(given.packages, given.roster, plan, in_order(given), 3, workers=1)
    assert truths is not None
    assert truths.readiness.shape == truths.gain.shape == (20,)
    assert truths.adoption.mean() > truths.practice.mean() > 0.0
    whole, *parts = plan_knowing(replace(outcome, truths=truths))
    assert [one.name for one in parts[-4:]] == [
        "readiness-survey",
        "attendance-register",
        "fidelity-audit",
        "trial",
    ]
    assert all(one.worth.value <= whole.worth.value for one in parts)
    none = replace(whole, worth=replace(whole.worth, value=0.0))
    assert {one.worth.value for one in bounded((none, *parts))} == {0.0}
    # Where nobody starts there is nothing to study.
    assert len(knowing_sentences(plan_knowing(replace(outcome, truths=None)))) == 2
    values = outcome.by_draw[rivals(outcome)]
    assert whole.worth.value == values.max(axis=0).mean() - values.mean(axis=1).max()


def test_draws_of_the_search_lie_about_the_fresh_mean() -> None:
    """What the search saw adds its spread over draws, and none of the luck it chose by."""
    outcome = solved()
    half = outcome.by_draw.shape[1] - outcome.fresh
    assert np.array_equal(outcome.by_draw[:, half:], outcome.worth)
    assert outcome.by_draw[:, :half].mean(axis=1) == pytest.approx(outcome.worth.mean(axis=1))
    plan = TeamPlan("one", np.array([0, NOTHING]), np.array([5, NOTHING]))
    anchors = [(np.array([0, 10]), np.array([[[1.0, 9.0]], [[3.0, 9.0]]]))]
    assert by_draw(plan, anchors, 1) == [2.0]


def test_of_tied_plans_the_cheapest_rule_is_taken() -> None:
    dear, cheap = (
        lost(solved()).best_rule._replace(
            plan=TeamPlan(name, np.array([1, NOTHING, NOTHING]), np.array([4, NOTHING, NOTHING])),
            cost=np.array([cost]),
        )
        for name, cost in (("dear", 9.0), ("cheap", 5.0))
    )
    outcome = replace(
        lost(solved()),
        scores=(solved().search, dear, cheap),
        best_rule=dear,
        tied=("dear", "cheap"),
    )
    assert outcome.recommended is cheap
    whole = replace(outcome, outcomes=solved().outcomes[:3], worth=solved().worth[:3])
    assert "the cheapest of 2 plans that are a tie" in plan_decision(whole).answer
    alike = replace(
        whole,
        scores=(whole.scores[0], *(one._replace(cost=np.array([5.0])) for one in whole.scores[1:])),
    )
    assert "for one team, one of 2 plans that are a tie" in plan_decision(alike).answer
    # The search's plan may cost less than all rules that it is a tie with.
    with_search = replace(whole, tied=("dear", "cheap", whole.search.plan.name))
    assert with_search.recommended is cheap
    assert "the cheapest rule of 3 plans" in plan_decision(with_search).answer
    assert replace(outcome, tied=("dear",)).recommended is dear
    assert replace(outcome, fresh=FEWEST_FRESH - 1).recommended is dear


def test_a_few_draws_tell_nothing() -> None:
    sure = won(solved())
    few = replace(sure, fresh=FEWEST_FRESH - 1)
    assert sure.beats
    assert not few.beats
    assert few.recommended is few.best_rule
    assert verdict(few).startswith("Too few draws to tell")
    assert plan_content(few, COVERS, "")["gain"]["enough_draws"] is False


def test_one_fresh_draw_gives_no_interval_and_json_without_infinity() -> None:
    mean, low, high = gain_of(np.array([1.0]))
    content = plan_content(
        replace(lost(solved()), gain=mean, gain_low=low, gain_high=high, fresh=1), COVERS, ""
    )
    assert content["gain"]["low"] is content["gain"]["high"] is None
    json.dumps(content, allow_nan=False)


def test_the_effect_is_on_people_treated_and_the_chance_over_draws() -> None:
    roster = roster_from_text("team,caseload\nA,100\nB,300\nC,100\n")
    plan = TeamPlan("", np.array([0, 0, NOTHING]), np.array([0, 0, NOTHING]))
    points = np.zeros((RUNS, 4, 3))
    points[..., 0] = 1.0
    points[:, 2:, 1] = 6.0
    points[..., 2] = 100.0
    # The level is that by which plans were compared, whatever other runs came to.
    effect = effect_on(asked(threshold=5.0, roster=roster), plan, points[0] + 0.5, points)
    assert effect.spread.mean == pytest.approx((0.25 + 4.75) / 2 + 0.5)
    assert effect.judgement.chances.important.share == 0.5
    assert effect.reaches_threshold is not None
    assert effect.reaches_threshold.share == 0.0
    own = effect_on(asked(threshold=None, roster=roster), plan, points[0], points)
    assert own.reaches_threshold is None


def test_the_short_answer_and_the_chain_have_one_number() -> None:
    """Where all teams start the two are one thing; where some do, both stand side by side."""
    outcome = solved()
    effect, decision = outcome.effect, plan_decision(outcome)
    assert effect is not None
    assert outcome.fresh == len(effect.spread.expected) == 10
    planned = outcome.question.earliest >= 0
    people = np.where(planned, [row.caseload for row in outcome.question.roster.rows], 0)
    gets = outcome.recommended.plan.package != NOTHING
    of_all = effect.spread.mean * float(people @ gets) / people.sum()
    assert decision.first.cells["recovery"].mean == pytest.approx(of_all)
    (told,) = (rest for few, rest in decision.points if few == "In the teams that start:")
    assert told.startswith(
        f"recovery {plain_numbers.points(effect.spread.mean)} QPR-15 points (9 in 10: "
    )
    assert f"by {plain_numbers.points(effect.spread.mean)} points a person" in effect_text(outcome)
    assert (f"({plain_numbers.points(of_all)} over all" in told) is not bool(gets[planned].all())


def test_a_package_that_relieves_the_service_says_what_of_it_is_no_refocus() -> None:
    outcome = solved()
    assert plan_decision(outcome).splits == ()
    relieving = packages_of([load_scenario("refocus-full-with-conditions")], 52)
    question = replace(outcome.question, packages=(*relieving, outcome.question.packages[1]))
    (told,) = plan_decision(replace(outcome, question=question)).splits
    assert "which is not part of REFOCUS. Split of its effect" in told


def test_json_text_and_report_say_what_the_answer_rests_on() -> None:
    outcome = solved()
    content = plan_content(outcome, COVERS, "refocus plan --seed 1")
    assert content["verdict"] == verdict(outcome)
    assert {"mean", "low", "high", "covers"} <= set(content["gain"])
    assert "Student's t" in content["gain"]["covers"]
    assert content["settings"]["trainers"] == 2
    assert content["settings"]["budget_in_all"] == 40_000.0
    assert content["seed"] == 1
    assert content["version"]
    assert content["price_year"] == shipped_prices().price_year
    assert {one["package"]: one["evidence"] for one in content["packages"]} == {
        "refocus-as-delivered": "trial",
        "refocus-boosters": "assumption",
    }
    defaults = content["roster"]["defaults"]
    assert any(one.startswith("caseload: not given") for one in defaults)
    assert set(content["effect"]["chances"]) == {
        "harm",
        "any benefit",
        "1 or more",
        "2.7 or more",
        "4 or more",
    }
    assert content["effect"]["threshold"]["points"] == 0.5
    text = " ".join(plan_text(outcome, COVERS).split())
    page = plan_report(outcome, COVERS, "refocus plan --seed 1", plan_decision(outcome))
    for one in (text, page):
        assert f"refocus-simulation {content['version']}, seed 1" in one
        assert "Monte Carlo SE in brackets: harm" in one
        assert "Your threshold of 0.5 is reached in" in one
        assert "caseload: not given for all teams" in one
    assert "refocus-as-delivered (trial), refocus-boosters (assumption)" in text
    assert "what falls due after the time looked at included" in text


def test_who_is_left_out_or_may_start_later_is_said() -> None:
    notes = " ".join(plan_notes(solved()))
    assert "arm in the roster is control: C." in notes
    assert "earliest start: B (week 10)" in notes
    all_in = asked(include_control=True)
    assert "Planned for too, though their arm is control: C." in team_notes(
        all_in, offer_of(all_in)
    )
    late = asked("team,start_week\nA,0\nB,45\n")
    assert any("given their start_week: B" in one for one in team_notes(late, offer_of(late)))


def test_control_teams_do_not_count_in_what_a_plan_is_worth() -> None:
    without = solve(asked(TEAMS.replace("C,8,control,\n", ""), draws=chosen_draws(4).draws))
    beside = solve(asked(draws=chosen_draws(4).draws))
    assert beside.search.teams == without.search.teams == 2
    # Everybody who can be is treated: with the control team counted, reach would be 14/22 of this.
    assert beside.search.mean == pytest.approx(without.search.mean, abs=0.1)
    assert beside.search.mean > 0.8 * without.search.mean > 0.2


@pytest.mark.parametrize("trainers", ["0", "1"])
def test_trainers_that_allow_nothing_are_named(
    trainers: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    teams = tmp_path / "teams.csv"
    teams.write_text("team,staff\nA,6\n", encoding="utf-8")
    asks = ["plan", "--roster", str(teams), "--draws", "2", "--trainers", trainers]
    assert main([*asks, "--objective", "equity", "--format", "json"]) == 0
    content = json.loads(capfd.readouterr().out)
    assert f"trainers = {trainers}: a session needs 2 trainers" in content["verdict"]
    assert content["recommended"] == USUAL_FOR_ALL
    assert content["plan"] == []
    notes = " ".join(content["notes"])
    assert "'equity' equals 'qpr' here: the roster has no share_black" in notes
    assert "The rule 'readiness first' is left out: the roster gives no readiness" in notes
    assert "'most users per worker first' goes by caseload" in notes


def test_equity_of_its_own_is_not_called_qpr() -> None:
    outcome = solved()
    text = "team,share_black,readiness\nA,0.1,0.5\nB,0.6,0.4\n"
    own = replace(outcome, question=asked(text, objective="equity"))
    assert not any("equals 'qpr'" in one for one in plan_notes_of(own))
    assert not any("readiness first" in one for one in plan_notes_of(own))
    same = replace(outcome, question=asked(text, objective="equity", equity_weight=1.0))
    assert any("equals 'qpr' here: the weight is 1" in one for one in plan_notes_of(same))


def plan_notes_of(outcome: PlanOutcome) -> list[str]:
    return plan_notes(replace(outcome, offer=offer_of(outcome.question)))


def test_a_late_start_is_no_way_round_the_budget(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    teams = tmp_path / "teams.csv"
    rows = "".join(f"T{number},14,150\n" for number in range(5))
    teams.write_text(f"team,staff,caseload\n{rows}", encoding="utf-8")
    asks = ["plan", "--roster", str(teams), "--draws", "2", "--years", "1", "--budget", "60000"]
    assert main([*asks, "--objective", "reach", "--format", "json"]) == 0
    content = json.loads(capfd.readouterr().out)
    assert len(content["scores"]) > 2
    for one in content["scores"]:
        whole = one["direct cost, year 1"] + one["direct cost, later"]
        assert whole == pytest.approx(one["direct cost, committed"], abs=1)
        assert whole <= 60_000


def test_the_table_of_the_plan_can_be_read_back() -> None:
    from sim.planning.plan_tables import frame_of

    found = list(csv.DictReader(io.StringIO(frame_of(beside_rows(lost(solved()))).to_csv())))
    assert found[0]["start week"] == "4"
    assert found[1]["start week"] == ""
    assert frame_of([]).columns.tolist() == ["team", "trust", "package", "start week"]
