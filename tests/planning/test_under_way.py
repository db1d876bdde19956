"""What has started, gone and been spent is given: plans are about what is still to come."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sim
from sim.errors import InputError
from sim.inputs.roster import roster_from_text
from sim.planning.packages import NOTHING, TeamPlan
from sim.planning.plan_search import Offer, best_plan, rule_plan, use_of, within
from sim.planning.plan_study import offer_of
from sim.planning.trainers import Capacity
from sim.planning.under_way import NO_FURTHER, read_under_way

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
    for plan in (best_plan(one, gains(one)), rule_plan(one, np.arange(4), 0, "rule")):
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
    for plan in (best_plan(one, gains(one)), rule_plan(one, np.arange(4), 0, "rule")):
        assert (plan.package[1:] != NOTHING).sum() == more
        assert within(one, plan)
    # The best teams are taken first.
    plan = best_plan(one, gains(one))
    assert (plan.package[1 : 1 + more] == 0).all()


def test_trainers_of_what_started_are_not_there() -> None:
    """Two days of a year's three are given to A: no other team's two fit in."""
    one = replace(offer(None), capacity=Capacity(trainers=1, days_per_year=3.0))
    plan = best_plan(one, gains(one))
    assert (plan.package == [0, NOTHING, NOTHING, NOTHING]).all()
    assert use_of(one, plan)[0].sum() == 2.0


def folder_of(tmp_path: Path, **changes: object) -> Path:
    rollout = {
        "weeks": 26,
        "horizon": 104,
        "scenario": "refocus-as-delivered",
        "started": {"A": 0, "B": 8},
    }
    (tmp_path / "updated.json").write_text(
        json.dumps({"rollout": rollout | changes}), encoding="utf-8"
    )
    return tmp_path


def test_a_question_takes_the_rollout_as_given(tmp_path: Path) -> None:
    question = sim.plan.question(
        ["refocus-boosters"],
        roster=ROSTER,
        budget=60_000,
        draws=[{}, {}],
        under_way=folder_of(tmp_path),
        spent=5_000,
    )
    # The horizon stays, and what started is a package beside those that can be had.
    assert question.weeks == 104
    assert [one.name for one in question.packages] == ["refocus-boosters", "refocus-as-delivered"]
    found = offer_of(question)
    assert found.earliest.tolist() == [NOTHING, NOTHING, 26, 26]
    assert found.begun is not None
    assert found.begun.package.tolist() == [1, 1, NOTHING, NOTHING]
    assert found.starts(0).min() == 26


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"started": {"Z": 0}}, "'Z' has started, and is not in the roster"),
        ({"started": {"A": 30}}, "do not go together"),
        ({"weeks": "soon"}, "no folder of a finished 'refocus update'"),
        ({"started": dict.fromkeys("ABCD", 0)}, "nothing is left to plan"),
        ({"weeks": 100}, "less 100 that have gone are too short"),
    ],
)
def test_a_rollout_that_cannot_be_is_refused(
    changes: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        offer_of(
            sim.plan.question(
                roster=ROSTER, draws=[{}, {}], under_way=folder_of(tmp_path, **changes)
            )
        )


def test_a_folder_that_no_update_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder of a finished"):
        read_under_way(tmp_path)
    with pytest.raises(InputError, match="only with under_way"):
        sim.plan.question(roster=ROSTER, draws=[{}, {}], spent=3)
