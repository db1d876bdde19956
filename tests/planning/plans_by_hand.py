"""The answer of a search written in by hand: four teams, two packages, four plans, fifty draws."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from sim.inputs.roster import roster_from_text
from sim.parameters import registry
from sim.planning.packages import NOTHING, OUTCOMES, TeamPlan
from sim.planning.plan_search import Offer
from sim.planning.plan_study import (
    RUNS,
    USUAL_FOR_ALL,
    PlanOutcome,
    PlanQuestion,
    effect_on,
    gain_of,
    packages_of,
    score_of,
)
from sim.planning.prices import shipped_prices
from sim.planning.setting import Setting
from sim.planning.trainers import Capacity
from sim.scenarios.library import load_scenario

WEEKS, FRESH, DELIVERED, BOOSTED = 60, 25, 0, 1
ROSTER = roster_from_text(
    "team,trust,staff,caseload,arm,start_week\n"
    "A,north,10,100,intervention,\nB,north,20,200,intervention,10\n"
    "C,south,30,300,intervention,\nD,south,5,50,control,\n"
)
PEOPLE = np.array([100.0, 200.0, 300.0, 0.0]) / 600.0
"""Share of the people planned for in each team; the control team is left out."""
STAFF = np.array([10.0, 20.0, 30.0, 0.0]) / 60.0
PARAMETERS = [name for name, one in registry().items() if one.varies][:12]
DRAWS: list[dict[str, float]] = [
    dict(zip(PARAMETERS, row.tolist(), strict=True))
    for row in np.random.default_rng(1).normal(size=(2 * FRESH, len(PARAMETERS)))
]
GAIN = {"qpr_years": 1.0, "reach": 0.5, "practice": 0.2, "qpr15": 2.0, "adoption": 0.4} | {
    "inspire_support": 3.0,
    "inspire_relationship": 4.0,
}
"""What a package does to a team that has it on average; boosted, twice as much."""
UP_AND_DOWN = np.linspace(-0.1, 0.1, FRESH)
"""By which it differs from draw to draw."""


def plan(name: str, **starts: tuple[int, int]) -> TeamPlan:
    """Return a plan; of each team that starts its package and week."""
    package, start = np.full(4, NOTHING), np.full(4, NOTHING)
    for team, (own, week) in starts.items():
        package["ABCD".index(team)], start["ABCD".index(team)] = own, week
    return TeamPlan(name, package, start)


SEARCH = plan("search", A=(BOOSTED, 4), B=(DELIVERED, 10))
PLANS = (
    SEARCH,
    plan(USUAL_FOR_ALL),
    plan("roster order, refocus-as-delivered", A=(0, 0), B=(0, 10), C=(0, 0)),
    plan("random order, refocus-boosters", A=(1, 0), C=(1, 8)),
)

TWIN = replace(PLANS[3], name="search")
"""A search that comes to the best rule."""


def question(**changes: Any) -> PlanQuestion:
    """Return what is asked, with 60 weeks looked at."""
    plain = PlanQuestion(
        packages=_packages(),
        roster=ROSTER,
        capacity=Capacity(2, 100.0, 5000.0),
        prices=shipped_prices(),
        draws=DRAWS,
        weeks=WEEKS,
        seed=1,
        threshold=0.5,
        setting=Setting(start_date=date(2027, 4, 1)),
    )
    return replace(plain, **changes)


@cache
def _packages() -> tuple[Any, ...]:
    names = ("refocus-as-delivered", "refocus-boosters")
    return packages_of([load_scenario(name) for name in names], WEEKS)


def offer(**changes: Any) -> Offer:
    """Return what can be chosen: each week of a team costs 5 boosted, otherwise 2; funds end."""
    cost, days = np.full((2, 4, 100), 2.0), np.zeros((2, 100))
    cost[BOOSTED] = 5.0
    days[:, [0, 6]] = 1.5
    plain = Offer(
        packages=("refocus-as-delivered", "refocus-boosters"),
        trainer_days=days,
        at_once=np.array([2, 2]),
        cost=cost,
        capacity=Capacity(2, 100.0, 5000.0),
        weeks=WEEKS,
        core_weeks=np.array([18, 18]),
        funded_weeks=np.array([52, 80]),
        earliest=np.array([0, 10, 0, NOTHING]),
        time=0.5 * cost,
    )
    return replace(plain, **changes)


def done(one: TeamPlan) -> np.ndarray:
    """Return what a plan does, shape (draws, teams, outcomes)."""
    gets = np.select([one.package == DELIVERED, one.package == BOOSTED], [1.0, 2.0], 0.0)
    sizes = np.array([GAIN[name] for name in OUTCOMES])
    return (gets[None, :] * (1.0 + UP_AND_DOWN[:, None]))[..., None] * sizes


def outcome(plans: tuple[TeamPlan, ...] = PLANS, **changes: Any) -> PlanOutcome:
    """Return the answer over plans, the search's first."""
    asked, offered = question(), offer()
    outcomes = np.stack([done(one) for one in plans])
    worth = outcomes[..., OUTCOMES.index("qpr_years")] @ PEOPLE
    best = worth.max(axis=0)
    scores = tuple(
        score_of(offered, one, 1.23456, own, best - own)
        for one, own in zip(plans, worth, strict=True)
    )
    rule = 1 + int(np.argmax(worth[1:].mean(axis=1)))
    points = outcomes[rule, ..., OUTCOMES.index("qpr15")]
    plain = PlanOutcome(
        asked,
        offered,
        scores,
        scores[rule],
        *gain_of(worth[0] - worth[rule]),
        FRESH,
        effect=effect_on(asked, plans[rule], points, np.stack([points] * RUNS))
        if scores[rule].teams
        else None,
        tied=(plans[rule].name,),
        outcomes=outcomes,
        worth=worth,
        by_draw=np.concatenate([worth[:, ::-1], worth], axis=1),
    )
    return replace(plain, **changes)
