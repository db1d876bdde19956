"""What has started, gone and been spent is given: plans are about what is still to come."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.api.plan import rollout_of
from sim.errors import InputError
from sim.inputs.roster import roster_from_text
from sim.planning.packages import NOTHING, TeamPlan
from sim.planning.plan_decision import looked_at
from sim.planning.plan_search import Offer, rule_plan, solved_plan, use_of, within
from sim.planning.plan_study import offer_of
from sim.planning.rollout import NO_FURTHER, read_rollout, rollout_files
from sim.planning.trainers import Capacity
from sim.scenarios.library import adjusted, load_scenario

ROSTER = roster_from_text("team,staff\nA,12\nB,14\nC,16\nD,18\n")


def offer(budget: float | None, spent: float | None = None, gone: int = 10) -> Offer:
    """Four teams, one package of 100 in its first week; A has started in week 4."""
    days, cost = np.zeros((1, 30)), np.zeros((1, 4, 30))
    days[0, [0, 2]] = 1.0
    cost[0, :, 0] = 100.0
    nothing = np.full(4, NOTHING)
    begun = TeamPlan(NO_FURTHER, nothing.copy(), nothing.copy())
    begun.package[0], begun.start[0] = 0, 4
    return Offer(
        ("one",),
        days,
        np.array([1]),
        cost,
        Capacity(trainers=2, days_per_year=50.0, budget_per_year=budget),
        30,
        np.array([3]),
        np.array([10]),
        np.array([NOTHING, gone, gone, gone]),
        gone=gone,
        begun=begun,
        spent=spent,
    )


def gains(one: Offer) -> list[np.ndarray]:
    return [np.ones((len(one.starts(0)), 4)) * [9.0, 3.0, 2.0, 1.0]]


def test_what_started_stays_and_nothing_starts_in_weeks_gone() -> None:
    one = offer(None)
    for plan in (solved_plan(one, gains(one))[0], rule_plan(one, np.arange(4), 0, "rule")):
        assert plan.start[0] == 4
        assert (plan.start[1:] >= 10).all()
        assert (plan.package == 0).all()


@pytest.mark.parametrize(
    ("budget", "spent", "more"),
    [
        (300.0, None, 2),  # 100 is committed: 200 are left
        (300.0, 190.0, 1),  # 190 was spent: 110 are left
        (300.0, 0.0, 3),  # nothing was spent: 300 are left
        (300.0, 900.0, 0),  # more than there is: nothing more
        (99.0, None, 0),
    ],
)
def test_money_that_is_spent_or_committed_is_not_there(
    budget: float, spent: float | None, more: int
) -> None:
    one = offer(budget, spent)
    for plan in (solved_plan(one, gains(one))[0], rule_plan(one, np.arange(4), 0, "rule")):
        assert (plan.package[1:] != NOTHING).sum() == more
        assert within(one, plan)
    # The best teams are taken first.
    plan = solved_plan(one, gains(one))[0]
    assert (plan.package[1 : 1 + more] == 0).all()


def test_trainers_of_what_started_are_not_there() -> None:
    """Two days of a year's three are given to A: no other team's two fit in."""
    one = replace(offer(None), capacity=Capacity(trainers=1, days_per_year=3.0))
    plan = solved_plan(one, gains(one))[0]
    assert (plan.package == [0, NOTHING, NOTHING, NOTHING]).all()
    assert use_of(one, plan)[0].sum() == 2.0


STARTED = "team,package,start week\nA,refocus-as-delivered,0\nB,own,8\nC,own,30\n"


def folder_of(tmp_path: Path, plan: str = STARTED, **changes: object) -> Path:
    """Write what an update leaves: A and B have started, B with a package of its planner's own."""
    packages = [
        load_scenario("refocus-as-delivered"),
        adjusted(load_scenario("refocus-boosters"), {"title": "Our own"}).model_copy(
            update={"name": "own"}
        ),
    ]
    files = rollout_files(packages, ROSTER, 26, 104, date(2027, 4, 1))
    facts = json.loads(files["rollout.json"]) | changes
    files |= {"rollout.json": json.dumps(facts), "plan.csv": plan}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_a_question_takes_the_rollout_as_given(tmp_path: Path) -> None:
    question = sim.plan.question(
        ["refocus-boosters"],
        budget=60_000,
        draws=[{}, {}],
        under_way=folder_of(tmp_path),
        spent=5_000,
    )
    # Teams, horizon and first day stay, and what started is beside what can be had.
    assert question.roster.rows == ROSTER.rows
    assert question.weeks == 104
    assert question.setting.start_date == date(2027, 4, 1)
    assert [one.name for one in question.packages] == [
        "refocus-boosters",
        "refocus-as-delivered",
        "own",
    ]
    assert question.packages[2].title == "Our own"
    found = offer_of(question)
    assert found.earliest.tolist() == [NOTHING, NOTHING, 26, 26]
    assert found.begun is not None
    assert found.begun.package.tolist() == [1, 2, NOTHING, NOTHING]
    assert found.starts(0).min() == 26


def test_a_question_of_what_is_left_says_how_long_that_is(tmp_path: Path) -> None:
    question = sim.plan.question(draws=[{}, {}], under_way=folder_of(tmp_path))
    assert looked_at(question) == "the 78 weeks that are left of 2 years"
    assert looked_at(replace(question, under_way=None)) == "2 years"


def test_turnover_that_was_counted_is_planned_with_and_learnt_once(tmp_path: Path) -> None:
    """The folder's teams keep that of the start, as the next register is of the whole time."""
    folder = folder_of(tmp_path, turnover={"B": 2.5})
    given = sim.plan.question(draws=[{}, {}], under_way=folder)
    assert [row.turnover_multiplier for row in given.roster.rows] == [1.0, 2.5, 1.0, 1.0]
    assert "in one team" in given.roster.notes[-1]
    assert given.under_way is not None
    assert given.under_way.roster.rows == ROSTER.rows
    # The plan from it is taken up again with the same teams, not those of the start.
    for name, text in rollout_of(given).items():
        (folder / name).write_text(text, encoding="utf-8")
    again = sim.plan.question(draws=[{}, {}], under_way=folder)
    assert again.roster.rows == given.roster.rows
    anew = sim.plan.question(draws=[{}, {}], under_way=folder, roster=ROSTER)
    assert anew.roster.rows == ROSTER.rows
    assert json.loads(rollout_of(anew)["rollout.json"])["turnover"] == {}


def test_turnover_of_a_team_with_an_accent_is_kept_in_either_coding(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, turnover={"Cafe\u0301": 2.5})
    (folder / "roster.csv").write_text("team\nA\nB\nC\nCafe\u0301\n", encoding="utf-8")
    given = sim.plan.question(draws=[{}, {}], under_way=folder)
    assert given.roster.rows[3].turnover_multiplier == 2.5


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"plan": STARTED + "Z,own,3\n"}, "'Z': is not in the roster"),
        ({"plan": STARTED + "A,own,3\n"}, "'A': stands twice"),
        ({"plan": STARTED + "D,owm,3\n"}, "line 5, .*'owm'"),
        ({"plan": STARTED + "D,own,\n"}, "start_week: give it or start_date"),
        ({"plan": "team,package,start week\nA,own,104\n"}, "starts no team within the 104 weeks"),
        ({"weeks_gone": 200}, "do not go together"),
        ({"turnover": {"A": 1e9}}, r"turnover of 'A' = 1e\+09: must lie in \[0\.1, 5\]"),
        ({"turnover": {"E": 2.0}}, r"turnover of 'E': is not in roster\.csv.*\(--roster\)"),
        ({"turnover": [2.0]}, "no folder that 'refocus plan' or 'refocus update' left"),
        ({"weeks_gone": "soon"}, "no folder that 'refocus plan' or 'refocus update' left"),
        ({"weeks_gone": 0}, "nothing has gone yet"),
        ({"plan": STARTED.replace("30", "9") + "D,own,3\n"}, "nothing is left to plan"),
        ({"weeks_gone": 100}, "less 100 that have gone are too short"),
    ],
)
def test_a_rollout_that_cannot_be_is_refused(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        offer_of(sim.plan.question(draws=[{}, {}], under_way=folder_of(tmp_path, **changes)))


def test_a_start_may_be_a_date_and_a_roster_another(tmp_path: Path) -> None:
    """Week 26 begins on 30 September 2027; a team has one post more by now."""
    dated = "team,package,start week,start date\nA,own,26,2027-09-30\nB,own,,30/09/2027\n"
    more = replace(ROSTER, rows=(replace(ROSTER.rows[0], staff=13), *ROSTER.rows[1:]))
    found = read_rollout("plan", folder_of(tmp_path, dated), more)
    assert found.plan.start.tolist() == [26, 26, NOTHING, NOTHING]
    assert found.roster.rows[0].staff == 13
    with pytest.raises(InputError, match="start_week: and start_date differ"):
        read_rollout("plan", folder_of(tmp_path, dated.replace(",26,", ",25,")))


def test_a_folder_that_no_update_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder that 'refocus plan' or 'refocus update' left"):
        read_rollout("from", tmp_path)
    with pytest.raises(InputError, match=r"is a folder without updated\.csv; name one that"):
        sim.plan.question(roster=ROSTER, posterior=tmp_path)
    with pytest.raises(InputError, match="only with under_way"):
        sim.plan.question(roster=ROSTER, draws=[{}, {}], spent=3)
