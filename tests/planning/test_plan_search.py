"""Claims about the search for a plan: limits are kept, known answers found, nothing is invented."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim
from sim.cli import main
from sim.errors import InputError
from sim.inputs.roster import described_roster, roster_from_text
from sim.planning.packages import (
    NOTHING,
    TeamPlan,
    as_package,
    core_training_weeks,
    mean_over_weeks,
    mixed_layout,
    point_years,
    team_outcomes,
)
from sim.planning.plan_conditions import (
    Conditions,
    equity_rule,
    musts_first,
    trust_rules,
)
from sim.planning.plan_search import (
    Offer,
    obstacle,
    over_starts,
    rule_plan,
    solved_plan,
    team_weights,
    use_of,
    within,
)
from sim.planning.plan_study import (
    PlanQuestion,
    Stages,
    beats,
    gain_of,
    offer_of,
    packages_of,
    solve,
    tied_with_best,
)
from sim.planning.prices import shipped_prices
from sim.planning.resources import by_year
from sim.planning.setting import setting_from_text
from sim.planning.trainers import Capacity
from sim.posterior.choose import chosen_draws
from sim.runs.pieces import Progress
from sim.scenarios.library import load_scenario

pytestmark = pytest.mark.usefixtures("unpainted")

WEEKS = 30


def small_offer(capacity: Capacity, teams: int = 3, weeks: int = WEEKS) -> Offer:
    """Two packages: one of 2 trainer-days, one of 4 that costs twice as much."""
    days = np.zeros((2, weeks))
    days[0, [0, 2]] = 1.0
    days[1, [0, 2, 4, 6]] = 1.0
    cost = np.zeros((2, teams, weeks))
    for team in range(teams):
        cost[0, team, 0] = 100.0 * (team + 1)
        cost[1, team, 0] = 200.0 * (team + 1)
    core = np.array([3, 7])
    funded, earliest = np.array([10, 10]), np.zeros(teams, int)
    at_once = np.array([1, 2])
    return Offer(("one", "two"), days, at_once, cost, capacity, weeks, core, funded, earliest)


def flat_benefit(offer: Offer, per_team: list[list[float]]) -> list[np.ndarray]:
    """Return benefits that fall a little with a later start."""
    return [
        np.array([[gain * (1 - 0.01 * week) for gain in gains] for week in offer.starts(package)])
        for package, gains in enumerate(per_team)
    ]


def worth(offer: Offer, plan: TeamPlan, benefit: list[np.ndarray]) -> float:
    total = 0.0
    for team in np.flatnonzero(plan.package != NOTHING):
        package = int(plan.package[team])
        place = int(np.flatnonzero(offer.starts(package) == plan.start[team])[0])
        total += float(benefit[package][place, team])
    return total


@pytest.mark.parametrize("budget", [0.0, 150.0, 400.0, 700.0, 5000.0])
def test_the_search_finds_what_trying_everything_finds(budget: float) -> None:
    offer = small_offer(Capacity(trainers=2, days_per_year=7.0, budget_per_year=budget))
    benefit = flat_benefit(offer, [[3.0, 4.0, 7.0], [5.0, 9.0, 10.0]])
    best = 0.0
    options = [(NOTHING, NOTHING)] + [
        (package, int(week)) for package in range(2) for week in offer.starts(package)
    ]
    for choice in product(options, repeat=3):
        plan = TeamPlan("", np.array([c[0] for c in choice]), np.array([c[1] for c in choice]))
        if within(offer, plan):
            best = max(best, worth(offer, plan, benefit))
    found = solved_plan(offer, benefit)[0]
    assert within(offer, found)
    assert worth(offer, found, benefit) == pytest.approx(best, rel=0.003)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 4),
    st.floats(1.0, 30.0),
    st.floats(0.0, 3000.0),
    st.lists(st.floats(-1.0, 5.0), min_size=6, max_size=6),
)
def test_no_limit_is_ever_passed(
    trainers: int, days: float, budget: float, gains: list[float]
) -> None:
    offer = small_offer(Capacity(trainers, days, budget))
    benefit = flat_benefit(offer, [gains[:3], gains[3:]])
    plans = [solved_plan(offer, benefit)[0]]
    plans += [rule_plan(offer, np.array([2, 0, 1]), package, "") for package in range(2)]
    for plan in plans:
        assert within(offer, plan)
        load, money = use_of(offer, plan)
        assert load.max(initial=0.0) <= trainers * 5.0 + 1e-6
        assert by_year(load).max() <= trainers * days + 1e-6
        assert money.sum() <= budget + 1e-3
    assert worth(offer, plans[0], benefit) >= 0.0


@pytest.mark.parametrize("budget", [0.0, 400.0, 900.0, 3000.0])
def test_what_falls_due_after_the_time_looked_at_counts_in_full(budget: float) -> None:
    offer = small_offer(Capacity(budget_per_year=budget), weeks=52)
    # The same cost, but in the last funded week: a late start would push it out of the time.
    late = replace(offer, cost=np.roll(offer.cost, 9, axis=2))
    for one in (offer, late):
        benefit = [1.0 + np.arange(len(one.starts(p)))[:, None] * np.ones(3) for p in range(2)]
        plans = [
            solved_plan(one, benefit)[0],
            *(rule_plan(one, np.arange(3), p, "") for p in range(2)),
        ]
        for plan in plans:
            money = use_of(one, plan)[1]
            paid = sum(
                float(one.cost[plan.package[team], team].sum())
                for team in np.flatnonzero(plan.package != NOTHING)
            )
            assert money.sum() == pytest.approx(paid)
            assert paid <= budget
    if budget:
        start = int(late.starts(0)[-1])
        assert late.money(0, 0, start)[: late.weeks].sum() == 0.0
        assert late.spending(0, 0, start).sum() == late.spending(0, 0, 0).sum() > 0.0


def test_the_budget_of_two_years_cannot_be_spent_in_a_third() -> None:
    offer = small_offer(Capacity(budget_per_year=300.0), weeks=104)
    offer = replace(offer, cost=np.roll(offer.cost, 9, axis=2))
    third_year = TeamPlan("", np.array([0, NOTHING, 0]), np.array([101, NOTHING, 101]))
    money = use_of(offer, third_year)[1]
    assert by_year(money).tolist()[:3] == [0.0, 0.0, 400.0]
    assert money.sum() <= offer.whole_budget
    assert not within(offer, third_year)


def test_what_goes_on_after_funding_is_paid_within_the_time_only() -> None:
    offer = small_offer(Capacity())
    offer = replace(offer, cost=np.ones_like(offer.cost))
    assert [offer.money(0, 0, start).sum() for start in (0, 20, 24)] == [30.0, 10.0, 10.0]


def test_boosters_may_come_after_the_time_looked_at() -> None:
    seen = question(None, scenario="refocus-boosters")
    offer = offer_of(seen)
    assert core_training_weeks(seen.packages[0]) == 18
    assert offer.starts(0)[-1] == 20
    # Boosters come in weeks 28 and 40: from week 20 on both lie after week 40, and are paid.
    assert offer.load(0, 20)[40:].sum() == offer.load(0, 0)[20:].sum() == 1.0
    assert rule_plan(offer, np.arange(4), 0, "").start.max() <= 22


def test_a_team_never_starts_before_its_start_week_and_control_teams_not_at_all() -> None:
    roster = roster_from_text("team,arm,start_week\nA,control,\nB,intervention,10\nC,,\n")
    seen = replace(question(None), roster=roster)
    offer = offer_of(seen)
    assert offer.earliest.tolist() == [NOTHING, 10, 0]
    early = [np.ones((len(offer.starts(0)), 3)) / (1.0 + offer.starts(0))[:, None]]
    for plan in (solved_plan(offer, early)[0], rule_plan(offer, np.arange(3), 0, "")):
        assert plan.package.tolist() == [NOTHING, 0, 0]
        assert plan.start.tolist() == [NOTHING, 10, 0]
    told = offer_of(replace(seen, include_control=True))
    assert rule_plan(told, np.arange(3), 0, "").start.tolist() == [0, 10, 0]
    nobody = roster_from_text("team,arm\nA,control\n")
    with pytest.raises(InputError, match="arm is control.*--include-control"):
        offer_of(replace(seen, roster=nobody))


@pytest.mark.parametrize(
    ("capacity", "words"),
    [
        (Capacity(1), "trainers = 1: a session needs 2 trainers"),
        (Capacity(2, 1.0), "trainers = 2: it takes 4 trainer-days in one team"),
        (Capacity(2, 100.0, 0.0), "the budget is 0"),
        (Capacity(2, 100.0, 150.0), "the cheapest team is planned to cost 200"),
        (Capacity(2, 100.0, 200.0), ""),
    ],
)
def test_what_stands_in_the_way_of_a_package_is_named(capacity: Capacity, words: str) -> None:
    offer = small_offer(capacity)
    why = obstacle(offer, 1)
    assert why.startswith(words)
    assert bool(why) == bool(words)
    anything = flat_benefit(offer, [[0.0] * 3, [1.0] * 3])
    assert (solved_plan(offer, anything)[0].package == NOTHING).all() == bool(words)


def test_a_gain_is_claimed_with_students_t_and_on_draws_enough() -> None:
    from scipy import stats

    values = np.random.default_rng(3).normal(0.3, 1.0, 12)
    mean, low, high = gain_of(values)
    known = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert (low, high) == pytest.approx((known.low, known.high))
    assert mean == pytest.approx(values.mean())
    assert not beats(*gain_of(np.array([1.0, 1.1]))[1:2], 2)
    assert not beats(0.5, 9)
    assert beats(0.5, 10)
    assert not beats(gain_of(np.array([2.0]))[1], 1)


def test_more_money_never_makes_the_search_worse() -> None:
    found = []
    for budget in (0.0, 100.0, 300.0, 600.0, 1200.0, None):
        offer = small_offer(Capacity(3, 100.0, budget))
        benefit = flat_benefit(offer, [[3.0, 4.0, 7.0], [5.0, 9.0, 10.0]])
        found.append(worth(offer, solved_plan(offer, benefit)[0], benefit))
    assert found[0] == 0.0
    assert found == sorted(found)
    assert found[-1] > found[1] > 0.0


def test_what_does_harm_is_not_chosen() -> None:
    offer = small_offer(Capacity())
    plan = solved_plan(offer, flat_benefit(offer, [[-1.0, 2.0, -3.0], [-2.0, 1.0, -1.0]]))[0]
    assert plan.package.tolist() == [NOTHING, 0, NOTHING]


def test_benefits_between_simulated_weeks_lie_on_a_line() -> None:
    values = np.array([[4.0, 1.0], [2.0, 3.0]])
    between = over_starts(np.array([0, 8]), values, np.array([0, 4, 8]))
    assert between.tolist() == [[4.0, 1.0], [3.0, 2.0], [2.0, 3.0]]


def test_equity_is_a_stated_weight_on_people() -> None:
    roster = roster_from_text("team,caseload,share_black\nA,100,0\nB,100,0.5\n")
    assert team_weights(roster, "qpr").tolist() == [100.0, 100.0]
    assert team_weights(roster, "equity", 3.0).tolist() == [100.0, 200.0]
    assert team_weights(roster, "equity", 1.0).tolist() == [100.0, 100.0]


@pytest.mark.parametrize("extra_threat", [0.0, 0.4])
def test_the_share_of_black_service_users_changes_no_benefit(extra_threat: float) -> None:
    weeks, packages = 12, packages_of([load_scenario("refocus-full")], 12)
    everybody = TeamPlan("", np.zeros(2, int), np.zeros(2, int))
    draws = [one | {"identity_threat_black": extra_threat} for one in chosen_draws(3).draws]
    found = []
    for share in ("0", "0.9"):
        roster = roster_from_text(f"team,staff,share_black\nA,6,{share}\nB,6,{share}\n")
        found.append(team_outcomes(packages, roster, [everybody], draws=draws, weeks=weeks, seed=1))
    assert np.abs(found[0]).max() > 0.0
    if extra_threat == 0.0:
        np.testing.assert_array_equal(found[0], found[1])
    # A lower level meets the steps of a questionnaire elsewhere: a user may move by one answer.
    np.testing.assert_allclose(found[0], found[1], atol=0.2)


def test_one_package_for_all_is_the_scenario_itself() -> None:
    from sim.population import lay_out
    from sim.scenarios.expand import expand

    roster = described_roster(trusts=1, teams_per_trust=3, intervention_share=1.0)
    package = as_package(load_scenario("refocus-as-delivered"), 20)
    plan = TeamPlan("", np.zeros(3, int), np.zeros(3, int))
    mixed = mixed_layout([package], roster, plan, 20)
    plain = lay_out(roster, expand(package, roster, 20))
    np.testing.assert_array_equal(mixed.actions, plain.actions)
    np.testing.assert_array_equal(mixed.teams, plain.teams)


def test_usual_care_for_all_differs_from_usual_care_by_nothing() -> None:
    roster = described_roster(trusts=1, teams_per_trust=2, intervention_share=1.0)
    packages = packages_of([load_scenario("refocus-full")], 8)
    nobody = TeamPlan("", np.full(2, NOTHING), np.full(2, NOTHING))
    found = team_outcomes(packages, roster, [nobody], draws=chosen_draws(2).draws, weeks=8, seed=1)
    assert not found.any()


def question(
    budget: float | None, seed: int = 1, scenario: str = "refocus-as-delivered"
) -> PlanQuestion:
    roster = described_roster(trusts=1, teams_per_trust=4, intervention_share=1.0)
    return PlanQuestion(
        packages=packages_of([load_scenario(scenario)], 40),
        roster=roster,
        capacity=Capacity(2, 100.0, budget),
        prices=shipped_prices(),
        draws=chosen_draws(6).draws,
        weeks=40,
        seed=seed,
        objective="reach",
    )


def test_no_money_is_usual_care() -> None:
    outcome = solve(question(0.0))
    assert all(one.teams == 0 and one.mean == 0.0 for one in outcome.scores)
    assert not outcome.beats


def test_a_search_is_the_same_each_time_and_scored_on_other_draws() -> None:
    first, second = solve(question(60_000.0)), solve(question(60_000.0), workers=1)
    assert first.search.teams > 0
    assert first.search.plan.package.tolist() == second.search.plan.package.tolist()
    assert first.search.mean == second.search.mean != first.search.expected
    assert all(within(first.offer, one.plan) for one in first.scores)


def test_a_budget_too_small_says_what_a_team_costs() -> None:
    with pytest.raises(InputError, match=r"budget = 300: too small for one team.*planned to cost"):
        offer_of(question(300.0))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--budget", "-1"], "budget = -1"),
        (["--budget", "much"], "must be a number"),
        (["--trainers", "1.5"], "whole number"),
        (["--objective", "qrp"], "qpr"),
        (["--draws", "1"], "at least 2"),
        (["--equity-weight", "0"], "equity-weight"),
        (["usual-care"], "treats nobody"),
        (["refocus-full", "refocus-full"], "named twice"),
        (["--years", "0.02", "--draws", "2"], "too short"),
    ],
)
def test_mistakes_are_told_in_one_line(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *options]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_waves_of_a_setting_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    setting = tmp_path / "setting.toml"
    setting.write_text("start_date = 2027-04-01\n[[waves]]\ndate = 2027-04-01\n", encoding="utf-8")
    assert main(["plan", "--setting", str(setting)]) == 2
    assert "waves" in capsys.readouterr().err


def test_the_command_writes_plan_scores_and_report(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    teams = tmp_path / "teams.csv"
    teams.write_text("team,staff\nA,6\nB,8\n", encoding="utf-8")
    base = ["plan", "refocus-as-delivered", "--roster", str(teams), "--draws", "4", "--years", "1"]
    assert main([*base, "--out", str(tmp_path / "out")]) == 0
    told = capfd.readouterr().out.splitlines()
    assert [Path(one).name for one in told] == [
        *(f"{name}.csv" for name in ("decision", "ranking", "pairs", "frontier")),
        *(f"{name}.csv" for name in ("plan", "scores", "budget", "drivers")),
        "plan.json",
        "roster.csv",
        "rollout.json",
        "report.html",
        "decision.xlsx",
        "summary.docx",
    ]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "never saw" in page
    assert "The two trials inform few parameters." in page
    # Both teams can start at once: every order of teams is the same plan, which stands once.
    scores = (tmp_path / "out" / "scores.csv").read_text(encoding="utf-8").splitlines()
    assert [one.split(",")[0].strip('"') for one in scores[1:]] == [
        "search",
        "usual care for all",
        "roster order",
    ]
    assert "most users per worker first" in page  # Among the notes, by the name in the tables
    assert "REFOCUS as delivered (teams as listed)" in page
    # The search comes to it too, and is no choice beside it: a plan is no tie with itself.
    with (tmp_path / "out" / "ranking.csv").open(encoding="utf-8") as file:
        ranked = {row["strategy"] for row in csv.DictReader(file)}
    assert ranked == {"usual care for all", "roster order, refocus-as-delivered"}
    assert "The search comes to the same plan as" in page
    # With what was done in it, the folder is all that an update needs.
    plan = tmp_path / "out" / "plan.csv"
    plan.write_text("team,package,start week\nB,refocus-as-delivered,3\n", encoding="utf-8")
    question = sim.update.question(
        plan=tmp_path / "out", register="team,week,attended\nB,5,7\n", draws=40
    )
    assert [row.team for row in question.roster.rows] == ["A", "B"]
    assert question.weeks == 52
    assert question.plan.start.tolist() == [-1, 3]


def test_plans_tie_unless_paired_differences_on_common_chance_tell_them_apart() -> None:
    noise = np.linspace(-5.0, 5.0, 20)
    wobble = np.where(np.arange(20) % 2 == 0, 0.4, -0.3)
    worth = np.array([noise, noise + 1.0, noise + 1.0 + wobble, noise + 0.2])
    # The third has the highest mean; half a wobble does not tell the second from it.
    assert tied_with_best(worth) == [2, 1]
    # Chance of its own hides what common chance shows.
    assert 0 in tied_with_best(np.array([noise[::-1], noise + 1.0]))
    assert tied_with_best(worth[:, :9]) == [2, 0, 1, 3]


def test_reach_is_person_time_and_not_the_last_week() -> None:
    rows = np.zeros(2 * 5, dtype=[("week", "i8"), ("team", "i8"), ("reach", "f8")])
    rows["week"], rows["team"] = np.repeat(np.arange(5), 2), np.tile([0, 1], 5)
    # One team reaches all in the last week alone, the other all but then.
    rows["reach"] = [0, 0, 0, 1, 0, 1, 0, 1, 1, 0]
    assert mean_over_weeks(rows, "reach", 4, 2).tolist() == [0.25, 0.75]


def test_point_years_are_the_area_under_the_line() -> None:
    rows = np.zeros(6, dtype=[("week", "i8"), ("team", "i8"), ("qpr15", "f8")])
    rows["week"], rows["team"] = np.repeat([0, 26, 52], 2), np.tile([0, 1], 3)
    # Team 0 gains 4 points at once and keeps them; team 1 gains 4 on a line of a year.
    rows["qpr15"] = [4, 0, 4, 2, 4, 4]
    assert point_years(rows, [0, 26, 52], 2) == pytest.approx([4.0, 2.0])


THREE = "team,trust,caseload,share_black\nA,north,100,0.1\nB,south,100,0.9\nC,south,100,0.1\n"


def with_conditions(offer: Offer, text: str) -> tuple[Offer, Conditions]:
    conditions = setting_from_text(text).conditions
    rules = trust_rules(conditions, roster_from_text(THREE), offer)
    return replace(offer, rules=tuple(rules)), conditions


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("[[plan.trusts]]\ntrust='north'\nmost_teams=0", lambda p: p.package[0] == NOTHING),
        (
            "[[plan.trusts]]\ntrust='north'\nleast_teams=1\nstart_by_week=4",
            lambda p: 0 <= p.start[0] <= 4,
        ),
        ("[[plan.trusts]]\ntrust='south'\nmost_teams=1", lambda p: (p.package[1:] >= 0).sum() == 1),
        (
            "[[plan.trusts]]\ntrust='south'\nbudget_per_year=250",
            lambda p: p.package[1:].max() == 0 and (p.package[1:] >= 0).sum() == 1,
        ),
    ],
)
def test_ceilings_and_musts_of_trusts_are_kept(text: str, kept: Callable[[TeamPlan], bool]) -> None:
    """North is worth least, so that only a must brings it in; south would take all."""
    offer, _ = with_conditions(small_offer(Capacity(2, 7.0, 5000.0)), text)
    plan = solved_plan(offer, flat_benefit(offer, [[0.1, 4.0, 7.0], [0.2, 9.0, 10.0]]))[0]
    assert kept(plan)
    assert within(offer, plan)


def test_the_search_under_conditions_finds_what_trying_everything_finds() -> None:
    text = "[[plan.trusts]]\ntrust='north'\nleast_teams=1\nstart_by_week=4\n"
    text += "[[plan.trusts]]\ntrust='south'\nmost_teams=1"
    offer, _ = with_conditions(small_offer(Capacity(2, 7.0, 700.0)), text)
    benefit = flat_benefit(offer, [[-0.5, 4.0, 7.0], [-0.2, 9.0, 10.0]])
    best = -np.inf
    for packages in product((NOTHING, 0, 1), repeat=3):
        for starts in product((0, 4, 8), repeat=3):
            chosen = np.array(packages)
            plan = TeamPlan("", chosen, np.where(chosen >= 0, starts, NOTHING))
            if within(offer, plan):
                best = max(best, worth(offer, plan, benefit))
    plan, gap = solved_plan(offer, benefit)
    assert worth(offer, plan, benefit) == pytest.approx(best)
    assert gap <= 0.002


def test_fair_reach_is_kept_and_what_cannot_be_kept_is_refused() -> None:
    offer = small_offer(Capacity(2, 7.0, 350.0))
    reach = flat_benefit(offer, [[0.5] * 3, [0.5] * 3])
    conditions = setting_from_text("[plan]\nequity_reach = 0.3").conditions
    fair = replace(
        offer, rules=tuple(equity_rule(conditions, roster_from_text(THREE), offer, reach))
    )
    benefit = flat_benefit(fair, [[3.0, 1.0, 9.0], [0.0, 0.0, 0.0]])
    # Alone, C takes the budget (9 against 4 of A and B); B holds 90 of 110 of the group.
    assert solved_plan(offer, benefit)[0].package[1] == NOTHING
    assert solved_plan(fair, benefit)[0].package[1] != NOTHING
    with pytest.raises(InputError, match="no plan keeps all of it within budget and trainers"):
        solved_plan(replace(fair, capacity=Capacity(2, 7.0, 150.0)), benefit)[0]


def test_teams_that_have_to_start_come_first_in_every_rule() -> None:
    _, conditions = with_conditions(
        small_offer(Capacity()), "[[plan.trusts]]\ntrust='south'\nleast_teams=1"
    )
    order = np.array([0, 2, 1])
    assert musts_first(conditions, roster_from_text(THREE), order).tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[plan]\ncost = 'cash'", "did you mean 'costs'"),
        ("[plan]\ncosts = 'all'", "must be one of cash, cash and staff time"),
        ("[plan]\nequity_reach = 30", "equity_reach"),
        ("[[plan.trusts]]\nmost_teams = 2", "its name is missing"),
        ("[[plan.trusts]]\ntrust='a'\nleast_teams=3\nmost_teams=2", "is above most_teams"),
        ("[[plan.trusts]]\ntrust='nort'\nmost_teams=2", "did you mean 'north'"),
    ],
)
def test_what_is_wrong_with_conditions_is_told_by_name(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        with_conditions(small_offer(Capacity()), text)


def test_progress_of_all_parts_has_one_total() -> None:
    seen: list[Progress] = []
    stages = Stages(seen.append, [10, 20, 30])
    stages.show(Progress(5, 10, 1.0, 1.0))
    stages.sizes[1], stages.at = 15, 1
    stages.show(Progress(15, 15, 1.0, 0.0))
    stages.at = 2
    stages.show(Progress(30, 30, 1.0, 0.0))
    assert [(one.done, one.total) for one in seen] == [(5, 60), (25, 55), (55, 55)]
    assert seen[-1].seconds_left == 0.0


@pytest.mark.parametrize("seed", range(6))
def test_a_rule_takes_the_first_week_in_which_everything_is_free(seed: int) -> None:
    """Against asking every week for everything, over costs that pass years and funding."""
    rng = np.random.default_rng(seed)
    teams, weeks = 9, 70
    offer = replace(
        small_offer(Capacity(trainers=2, days_per_year=20.0, budget_per_year=1500.0), teams, weeks),
        cost=rng.gamma(1.0, 5.0, (2, teams, 110)),
        trainer_days=np.pad(rng.integers(0, 2, (2, 12)).astype(float), ((0, 0), (0, 98))),
        funded_weeks=np.array([40, 110]),
        earliest=rng.integers(-1, 30, teams),
    )
    waits = []
    for package in (0, 1):
        order = rng.permutation(teams)
        found = rule_plan(offer, order, package, "")
        taken, starts = np.zeros(len(offer.limits())), np.full(teams, -1)
        for team in order[offer.earliest[order] >= 0]:
            for start in range(offer.earliest[team], weeks - int(offer.core_weeks[package]) + 1):
                needs = offer.needs(package, int(team), start)
                if np.all(taken + needs <= offer.limits() + 1e-9):
                    taken, starts[team] = taken + needs, start
                    break
        np.testing.assert_array_equal(found.start, starts)
        waits += (starts - offer.earliest)[starts >= 0].tolist()
    assert len(waits) >= 4
    assert max(waits) > 0, "somebody has to wait"


def test_the_last_week_in_which_training_fits_is_one_to_start_in() -> None:
    """Core training of 3 and 7 weeks in 30, 7 and 3: to the week, also a team's own week."""
    own = replace(small_offer(Capacity()), earliest=np.array([0, 27, 28]))
    assert own.starts(0)[-3:].tolist() == [20, 24, 27]
    for weeks, starts in ((7, [0, 0, 0]), (6, [NOTHING] * 3)):
        offer = replace(small_offer(Capacity(), weeks=12), weeks=weeks)
        assert rule_plan(offer, np.arange(3), 1, "").start.tolist() == starts


def test_a_plan_of_a_twentieth_more_than_the_budget_is_not_within_it() -> None:
    plan = TeamPlan("", np.array([0, NOTHING, NOTHING]), np.array([0, NOTHING, NOTHING]))
    for budget, kept in ((100.0, True), (95.0, False)):
        assert within(small_offer(Capacity(budget_per_year=budget)), plan) is kept
