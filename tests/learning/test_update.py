"""Rollouts of known truth: what an update finds, which teams lag, what contradicts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.studies import update_coverage
from docs.marked import parts
from sim.errors import InputError
from sim.inputs.registers import Audit, Observed, Session, Turnover
from sim.inputs.roster import Roster
from sim.inputs.roster.team import TeamRow
from sim.learning import study
from sim.learning.findings import (
    MEANINGFUL,
    SURE,
    contradictions,
    lagging,
    moved,
    own_levels,
    surprises,
)
from sim.learning.likelihood import ALONE, LEAST
from sim.learning.own_turnover import BELIEVED, SHARED, drawn_rates
from sim.learning.particles import Updated
from sim.learning.posterior import provenance_of, updated_csv
from sim.learning.statistics import (
    ATTENDED,
    COUNT,
    HELD,
    LEFT,
    PRACTICE,
    SHARE,
    Statistic,
    statistics_of,
)
from sim.learning.study import LearnQuestion, Learnt, plan_of, simulated
from sim.planning.packages import OUTCOMES, TeamPlan
from sim.planning.setting import Setting
from sim.posterior import load_posterior
from sim.posterior.choose import ChosenDraws, chosen_draws
from sim.report.update_report import (
    advice,
    contradicting_lines,
    moved_lines,
    sentences,
    turnover_words,
    update_tables,
)
from sim.scenarios.library import load_scenario
from sim.scenarios.schema import Scenario
from tests.tidy import untidy_cells

SCENARIO = "refocus-as-delivered"
WEEKS = 13


def sessions(came: dict[int, int], invited: int = 20, times: int = 4) -> tuple[Session, ...]:
    return tuple(
        Session(0, team, 2 * number + 2, invited, attended, attended > 0)
        for team, attended in came.items()
        for number in range(times)
    )


def learnt(observed: Observed, teams: int, share: float = 0.6) -> Learnt:
    """What is learnt where every draw simulates 10 teams-runs around one share."""
    rows = tuple(TeamRow(f"Team {number}", staff=20) for number in range(teams))
    chosen = ChosenDraws(
        [{"turnover_yearly": 0.1 + 0.001 * one} for one in range(100)], "given", {}
    )
    scenario, roster = load_scenario(SCENARIO), Roster(rows)
    plan = plan_of(scenario, roster, 52)
    question = LearnQuestion((scenario,), roster, plan, observed, chosen, 52, 1, Setting())
    statistics = statistics_of(observed, question.roster, np.ones(teams, bool))
    chance = np.random.default_rng(5)
    own = chance.beta(12.0 * share, 12.0 * (1.0 - share), (100, 6, 1, teams))
    seen = np.zeros((100, 6, len(statistics), teams, 3))
    seen[..., 1] = 80.0
    seen[..., 0] = 80.0 * own
    for number, one in enumerate(statistics):
        if one.kind == COUNT:
            seen[:, :, number, :, 0] = 2.0
            seen[:, :, number, :, 1] = 520.0
        elif one.kind != SHARE:
            seen[:, :, number, :, 0] = 0.2 + 0.05 * (own[:, :, 0] - share)
            seen[:, :, number, :, 1] = 1.0
    draws = [dict(one) for one in chosen.draws]
    updated = Updated(draws, seen, np.zeros(100), (), 100.0, (1.0,), (), 100.0)
    common = [ALONE] * len(statistics)
    return Learnt(question, statistics, seen, common, updated, np.zeros((2, 100, teams, 7)))


def test_a_teams_own_level_is_beta_by_hand() -> None:
    """Mean 0.5, correlation 1/11 (a = b = 5), 9 of 10 came: beta(14, 6), mean 0.7."""
    one = Statistic(
        ATTENDED, SHARE, np.array([0]), np.array([9.0]), np.array([10.0]), np.zeros(1), ()
    )
    levels = own_levels(
        one, np.full((20_000, 1), 0.5), np.full((20_000, 1), 1 / 11), np.random.default_rng(1)
    )
    assert levels.mean() == pytest.approx(0.7, abs=0.005)
    assert levels.std() == pytest.approx(np.sqrt(0.7 * 0.3 / 21), abs=0.003)


def test_a_team_lags_by_much_data_and_not_by_noise() -> None:
    """One of ten teams at 10% of 80 staff-sessions lags; one at 30% of one session no."""
    many = sessions({**dict.fromkeys(range(9), 12), 9: 2})
    few = (Session(0, 0, 2, 10, 3, True), *(one for one in many if one.team != 0))
    found = {(one.team, one.what): one for one in lagging(learnt(Observed(sessions=few), 10))}
    assert found["Team 9", ATTENDED].chance_behind >= SURE
    unsure = found["Team 0", ATTENDED]
    assert unsure.chance_behind < SURE
    assert unsure.words == "not told from the others"
    # Shrunk: between what it showed and what all teams share.
    assert unsure.observed < unsure.shrunk < unsure.service


@pytest.mark.parametrize(
    ("common", "low", "high"), [(None, 0.87, 0.93), (1.0, 0.87, 0.95), (3.0, 0.84, 0.93)]
)
def test_intervals_of_teams_own_turnover_hold_a_known_truth(
    common: float | None, low: float, high: float
) -> None:
    """60 registers of 30 teams of 20 posts over a year, rates gamma, their SD drawn from its prior.

    About 90% of true rates lie within where the service as a whole lies from the draws as its prior
    says, where it does not, and nearly where all teams lose three times what every draw expects (an
    SD of 5.5): there no fifth would with one rate in all teams.
    """
    chance, expects = np.random.default_rng(8), np.full((400, 30), 0.004)
    held, alone = [], []
    for _ in range(60):
        spread = max((BELIEVED * chance.normal()) ** 2, 1e-3)
        service = common or np.exp(SHARED * chance.normal())
        truth = 52.0 * 0.004 * service * chance.gamma(1.0 / spread, spread, 30)
        left = chance.poisson(truth * 20.0).astype(float)
        one = Statistic(
            LEFT, COUNT, np.arange(30), left, np.full(30, 1040.0), np.zeros(30), (52,) * 30
        )
        drawn = drawn_rates(one, np.ones(30), expects, chance)
        for found, (mean, width) in (
            (held, drawn),
            (alone, (expects, np.full((400, 1), LEAST))),
        ):
            ends = np.quantile(own_levels(one, mean, width, chance), [0.05, 0.95], axis=0)
            found.append(np.mean((ends[0] <= truth) & (truth <= ends[1])))
    assert low < np.mean(held) < high
    assert np.mean(alone) < 0.25


def test_where_all_teams_lose_many_all_of_them_move() -> None:
    """Ten teams of 20 posts lose 12 in a year where every draw expects 4: all move most of it."""
    rows = tuple(Turnover(0, team, 0, 52, 12, None) for team in range(10))
    found = learnt(Observed(turnover=rows), 10)
    assert min(found.turnover.values()) > 2.4
    told = contradictions(found, surprises(found))
    assert "all together" in told[0]


def test_a_team_that_loses_many_is_told_and_carried_on() -> None:
    """Nine teams lose 4 of 20 posts in a year and one 20: its turnover moves, not all the way.

    Of a team that was not counted nothing is said.
    """
    rows = tuple(Turnover(0, team, 0, 52, 20 if team == 9 else 4, None) for team in range(10))
    found = learnt(Observed(turnover=rows), 11)
    told = {one.team: one for one in lagging(found) if one.what == LEFT}
    assert [team for team, one in told.items() if one.chance_behind >= SURE] == ["Team 9"]
    most = told["Team 9"]
    assert most.service < most.shrunk < most.observed == 1.0
    # What is shown and what is carried on are one estimate: draws are the only difference.
    own, expects = found.turnover, 52.0 * 2.0 / 520.0
    assert own["Team 9"] == pytest.approx(most.shrunk / expects, rel=0.05)
    assert "Team 10" not in own
    assert moved_lines(found, update_tables(found))[-1].startswith("Turnover relative to the model")


def test_turnover_is_told_beside_that_of_the_same_teams() -> None:
    """Of those counted alone, and which stand at the end of what the model takes."""
    rows = (
        TeamRow("A"),
        TeamRow("B", turnover_multiplier=2.0),
        TeamRow("C", turnover_multiplier=4),
    )
    both = turnover_words(Roster(rows), {"A": 0.1, "B": 2.5})
    assert "0.10 (A) to 2.50 (B) in the teams" in both
    assert "share, 1 to 2 in the roster; one team held at the end" in both
    alone = turnover_words(Roster(rows), {"B": 2.5})
    assert "2.50 in the one team that was counted (B), 2 in the roster; it is" in alone


def test_a_team_is_beside_those_with_the_same_package() -> None:
    """Half a service at 80%, half at 20%: nobody lags behind teams that get the same."""
    found = learnt(Observed(sessions=sessions({0: 16, 1: 16, 2: 4, 3: 4})), 4)
    assert [one.team for one in lagging(found) if one.chance_behind >= SURE] == ["Team 2", "Team 3"]
    plan = replace(found.question.plan, package=np.array([0, 0, 1, 1]))
    packages = tuple(map(load_scenario, (SCENARIO, "refocus-boosters")))
    mixed = replace(found, question=replace(found.question, plan=plan, packages=packages))
    told = lagging(mixed)
    assert not any(one.chance_behind >= SURE for one in told)
    assert [one.package for one in told[:4]] == [SCENARIO] * 2 + ["refocus-boosters"] * 2


def test_teams_stand_in_the_order_of_the_roster() -> None:
    found = lagging(learnt(Observed(sessions=sessions({2: 3, 0: 19, 1: 8})), 3))
    assert [one.team for one in found if one.what == ATTENDED] == ["Team 0", "Team 1", "Team 2"]
    assert {one.margin for one in found if one.what == ATTENDED} == {MEANINGFUL[ATTENDED]}


def test_an_audit_of_practice_that_nobody_learnt_is_told() -> None:
    observed = Observed(
        sessions=sessions({0: 0, 1: 12}),
        audits=(Audit(2, 0, WEEKS, 0.7, 0.05), Audit(3, 1, WEEKS, 0.2, 0.05)),
    )
    found = learnt(observed, 2)
    told = contradictions(found, surprises(found))
    (one,) = (line for line in told if "nobody attended" in line)
    assert "'Team 0'" in one
    assert "0.70" in one
    # And the figure alone lies far from what was to be expected.
    assert any(f"'Team 0', {PRACTICE}" in line for line in told)


def test_attendance_above_the_posts_and_sessions_before_the_start_are_told() -> None:
    observed = Observed(sessions=sessions({0: 25}, invited=25))
    found = learnt(observed, 1)
    assert any(
        "25 attended, and the roster has 20 posts" in one for one in contradictions(found, [])
    )
    plan = replace(found.question.plan, start=np.array([40]))
    later = replace(found, question=replace(found.question, plan=plan))
    assert any("starts after week 40" in one for one in contradictions(later, []))


def test_an_update_opens_with_whether_the_plan_stands() -> None:
    """A QPR that falls by 1 in every draw is told; one that falls in some may be chance."""
    same = learnt(Observed(sessions=sessions({0: 12, 1: 11})), 2)
    lower = np.zeros((2, 100, 2, len(OUTCOMES)))
    lower[1, ..., OUTCOMES.index("qpr15")] = -1.0
    unsure = lower * np.where(np.arange(100) % 2, 11.0, -9.0)[None, :, None, None]
    for horizon, opens in (
        (lower * 0.0, "The plan stands"),
        (lower, "Look at the plan anew: less recovery than planned"),
        (unsure, "Not told yet whether the plan stands: recovery"),
    ):
        found = replace(same, horizon=horizon)
        assert advice(found, update_tables(found)).startswith(opens)


def test_teams_that_have_begun_without_a_session_are_told() -> None:
    found = learnt(Observed(sessions=sessions({0: 12, 1: 11})), 3)
    told = contradictions(found, [])
    assert [one for one in told if one.startswith("one team starts within") and "'Team 2'" in one]
    # The command prints this sentence alone: it names what to look at.
    assert "one contradiction: one team starts" in advice(found, update_tables(found))


def test_what_was_to_be_expected_is_no_surprise() -> None:
    all_well = learnt(Observed(sessions=sessions({0: 12, 1: 11})), 2)
    found = surprises(all_well)
    assert all(one.p_value > 0.05 for one in found if one.what == ATTENDED)
    assert contradictions(all_well, found) == []


def test_too_few_draws_to_be_surprised_are_not_called_agreement() -> None:
    """Of 66 draws in 6 runs no p-value is below 2 / 398 = .00503; of 67 one can be."""
    found = learnt(Observed(sessions=sessions({0: 12, 1: 11})), 2)
    tables = update_tables(found)
    assert contradicting_lines(found, tables)[0].startswith("Nothing")
    for draws, told in ((66, "takes 67 or more"), (67, "Nothing")):
        (line,) = contradicting_lines(replace(found, before=found.before[:draws]), tables)
        assert told in line


def test_every_table_of_an_update_is_tidy() -> None:
    """With all kinds of registers, and teams that nothing contradicts beside one that is told."""
    observed = Observed(
        sessions=sessions({0: 0, 1: 12}),
        audits=(Audit(2, 0, WEEKS, 0.7, 0.05), Audit(3, 1, WEEKS, 0.2, 0.05)),
        turnover=(Turnover(2, 0, 0, 13, 3, 2), Turnover(3, 1, 0, 13, 1, None)),
    )
    found = update_tables(learnt(observed, 3))
    assert {name: untidy_cells(table) for name, table in found.items()} == {
        name: [] for name in found
    }


def test_what_no_updated_draw_comes_near_is_told_first() -> None:
    """Draws that all expect about 0.6: 0.15 of staff came, or 0.55, which is within the margin."""
    far = learnt(Observed(sessions=sessions({0: 3, 1: 3})), 2)
    told = contradictions(far, [])
    assert told[0].startswith("attendance: 15% was observed over all, and draws that were")
    assert "package that the plan names" in told[0]
    near = learnt(Observed(sessions=sessions({0: 11, 1: 11})), 2)
    assert contradictions(near, []) == []


def test_a_team_audited_often_is_one_team() -> None:
    """One team at 0.5 in 20 audits, nine at 0.2: over all 0.23, where 0.2 is expected."""
    often = [Audit(0, 0, WEEKS, 0.5, 0.1)] * 20
    audits = (*often, *(Audit(0, team, WEEKS, 0.2, 0.1) for team in range(1, 10)))
    assert contradictions(learnt(Observed(audits=audits), 10), []) == []


def test_few_draws_that_collapse_are_begun_anew_with_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the draws are left: of 60 too few, of the 200 that are the default enough."""
    asked: list[int] = []

    def updated(draws: list[dict[str, float]], seen: np.ndarray, *_: object) -> Updated:
        asked.append(len(draws))
        return Updated(draws, seen, np.zeros(len(draws)), (), 9.0, (0.5, 1.0), (), len(draws) / 2)

    def simulated(*rollout: Any, **_: object) -> np.ndarray:
        return np.ones((len(rollout[5]), 6, 1, 4, 3))

    monkeypatch.setattr(study, "update_draws", updated)
    monkeypatch.setattr(study, "simulated", simulated)
    monkeypatch.setattr(study, "commons", lambda *_, **__: [ALONE])
    monkeypatch.setattr(
        study, "team_outcomes", lambda *_, draws, **__: np.zeros((1, len(draws), 4, 7))
    )
    first = learnt(Observed(turnover=(Turnover(0, 0, 0, 52, 3, None),)), 4).question
    few = chosen_draws(60)
    found = study.learn(replace(first, chosen=few, more=few.more(200)))
    assert asked == [60, 200]
    assert found.collapsed == 60
    assert "Of 60 draws fewer than 50 were left" in sentences(found, update_tables(found))[3]
    assert chosen_draws(200).more(200) is None
    assert few.more(100_000) is None
    assert replace(few, path=None).more(200) is None


def test_nothing_is_said_to_move_that_did_not() -> None:
    assert not any(one.told for one in moved(learnt(Observed(sessions=sessions({0: 12})), 1)))


def test_the_updated_posterior_is_a_posterior_like_others(tmp_path: Path) -> None:
    found = learnt(Observed(sessions=sessions({0: 12})), 1)
    whole = load_posterior(None)[0][:40]
    found = replace(found, updated=replace(found.updated, draws=whole))
    (tmp_path / "updated.csv").write_text(updated_csv(found), encoding="utf-8")
    import json

    (tmp_path / "updated.json").write_text(json.dumps(provenance_of(found)), encoding="utf-8")
    draws, provenance = load_posterior(tmp_path)
    assert draws == whole
    assert provenance["rollout"] == {"weeks": 8, "horizon": 52}
    chosen = chosen_draws(10, path=tmp_path)
    assert "updated with 8 weeks of a rollout" in chosen.covers
    assert chosen.notes == ()


def test_a_scenario_that_finds_its_order_in_each_world_is_refused() -> None:
    with pytest.raises(InputError, match="start_week"):
        plan_of(load_scenario("rollout-need-first"), update_coverage.teams(), 52)


def test_staff_do_not_depend_on_how_many_service_users_are_asked() -> None:
    """Where nobody is asked, one service user a team is enough."""
    roster = update_coverage.teams()
    scenario = load_scenario(SCENARIO)
    plan = plan_of(scenario, roster, WEEKS)
    observed = update_coverage.shells(roster, WEEKS)
    statistics = statistics_of(observed, roster, plan.start >= 0)
    rows = tuple(replace(row, sampled=9) for row in roster.rows)
    few, more = (
        simulated(
            (scenario,),
            replace(roster, rows=rows),
            plan,
            one,
            statistics,
            chosen_draws(3).draws,
            1,
            runs=2,
            workers=1,
        )
        for one in (observed, replace(observed, outcomes=update_coverage_outcomes()))
    )
    np.testing.assert_array_equal(few, more)


def test_a_plan_that_mixes_packages_gives_each_team_its_own_sessions() -> None:
    """By the calendars 5 sessions in 13 weeks as delivered, and 3 of coaching alone."""
    roster, scenario = update_coverage.teams(), load_scenario(SCENARIO)
    plan = plan_of(scenario, roster, WEEKS)
    observed = update_coverage.shells(roster, WEEKS)
    statistics = statistics_of(observed, roster, plan.start >= 0)
    begun = np.flatnonzero(plan.start >= 0)
    package = plan.package.copy()
    package[begun[::2]] = 1
    mixed = replace(plan, package=package)

    def seen(plan: TeamPlan, *packages: Scenario) -> np.ndarray:
        draws = chosen_draws(3).draws
        return simulated(packages, roster, plan, observed, statistics, draws, 1, runs=2, workers=1)

    alike = scenario.model_copy(update={"name": "the same by another name"})
    np.testing.assert_array_equal(seen(plan, scenario), seen(mixed, scenario, alike))
    other = seen(mixed, scenario, load_scenario("coaching-only"))
    planned = other[:, :, [one.name for one in statistics].index(HELD), :, 1]
    assert (planned[..., begun[::2]] == 3).all()
    assert (planned[..., begun[1::2]] == 5).all()


def update_coverage_outcomes() -> tuple[object, ...]:
    from sim.inputs.registers import ALL_TEAMS, Mean

    return (Mean(2, ALL_TEAMS, WEEKS, "qpr15", 50, 35.0, 10.0),)


def test_intervals_narrow_around_a_known_truth() -> None:
    """The study of coverage in small: three rollouts, 100 draws."""
    found = update_coverage.cases(WEEKS, range(3), draws=100, runs=3)
    came = [one for one in found if one.figure == ATTENDED]
    assert all(one.width_ratio < 0.7 for one in came)
    wide = [abs(one.truth - 0.5 * (one.low + one.high)) / (one.high - one.low) for one in found]
    # Within twice the interval, nine of nine; a likelihood that is wrong is further off.
    assert max(wide) < 1.0
    assert sum(one.holds for one in found) >= 5


def test_the_table_of_coverage_is_that_of_the_committed_cases() -> None:
    page = update_coverage.PAGE.read_text(encoding="utf-8")
    assert (
        parts(page)["coverage"].strip() == update_coverage.table(update_coverage.stored()).strip()
    )


def test_counts_are_read_from_rows_of_periods() -> None:
    rows = (Turnover(2, 0, 0, 9, 1, 2), Turnover(3, 0, 9, 13, 2, None))
    left, came = statistics_of(Observed(turnover=rows), update_coverage.teams(), np.ones(12, bool))
    posts = update_coverage.teams().rows[0].staff
    assert (left.value[0], left.of[0]) == (3.0, 13 * posts)
    # Starters were observed in the first period alone.
    assert (came.value[0], came.of[0]) == (2.0, 9 * posts)
