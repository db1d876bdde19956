"""A comparison whose worlds are written in by hand: two strategies, three teams, 25 draws."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from sim.inputs.roster import roster_from_text
from sim.planning.comparison import Comparison, Question, costed, prepare
from sim.planning.outcomes import GROUP_MEASURES, IMPLEMENTATION, SCORES, WEEKLY
from sim.planning.resources import RESOURCES
from sim.planning.setting import Setting
from sim.planning.trainers import Capacity
from sim.planning.worlds import Worlds
from sim.posterior.choose import ChosenDraws
from sim.scenarios.library import load_scenario

USUAL, REFOCUS, COACHING = NAMES = ("usual-care", "refocus-as-delivered", "coaching-only")
WEEKS, DRAWS, RUNS = 104, 25, 2
ROSTER = roster_from_text(
    "team,trust,staff,caseload,arm\n"
    "A,north,10,100,intervention\nB,south,20,300,intervention\nC,south,10,50,control\n"
)
PEOPLE = 400.0
"""On the books of the two teams that a scenario treats."""
UP_AND_DOWN = np.arange(-12.0, 13.0) / 16.0
"""By which effects differ from draw to draw, in parts of themselves."""
EFFECTS = {USUAL: 0.0, REFOCUS: 1.0, COACHING: 0.5}
DRIVER, IDLE = "turnover_yearly", "sickness"


def question(**changes: Any) -> Question:
    """Return what is compared, over two years."""
    idle = np.arange(DRAWS) * 7.0 % DRAWS
    draws = [
        {DRIVER: one, IDLE: other}
        for one, other in zip(UP_AND_DOWN.tolist(), idle.tolist(), strict=True)
    ]
    plain = Question(
        scenarios=tuple(load_scenario(name) for name in NAMES),
        base=USUAL,
        roster=ROSTER,
        chosen=ChosenDraws(draws, "given", {}),
        setting=Setting(start_date=date(2027, 4, 1), capacity=Capacity(budget_per_year=60_000.0)),
        weeks=WEEKS,
        replications=RUNS,
    )
    return replace(plain, **changes)


def worlds(draws: int = DRAWS, runs: int = RUNS, names: tuple[str, ...] = NAMES) -> Worlds:
    """Return outcomes: of every measure its number, and of each strategy its effect times that.

    Two runs of a draw lie an eighth above and below it, alike under every strategy. Assessments and
    weeks are reached on a straight line.
    """
    part = UP_AND_DOWN[:draws] if draws > 1 else np.zeros(1)
    effect = np.array([EFFECTS.get(name, 0.8) for name in names])
    gained = effect[:, None, None] * (1.0 + part[:, None]) * np.ones(runs)
    luck = 0.125 * np.array([(-1.0) ** run for run in range(runs)])
    time = np.array([0.0, 0.5, 1.0])

    def levels(count: int) -> np.ndarray:
        sizes = np.arange(1.0, count + 1.0)
        return gained[..., None] * sizes + 10.0 * sizes + luck[:, None]

    scores = levels(len(SCORES))[..., None, :] * time[:, None] + 1.0
    groups = levels(len(GROUP_MEASURES))[..., None, None, :] * (
        np.ones((4, 1)) * time[:, None, None]
    )
    groups[..., 3] /= 100.0
    share = np.minimum(np.arange(WEEKS + 1), 60) / 60.0
    weekly = levels(len(WEEKLY)).mean(axis=2)[:, :, None, :] * share[:, None] / 100.0
    resources = np.zeros((len(names), len(part), runs, 2, len(RESOURCES)))
    for at, name in enumerate(names):
        for year, days in enumerate((4.0, 2.0)):
            for resource, amount in (("trainer_days", days), ("staff_days", 5.0 * days)):
                place = list(RESOURCES).index(resource)
                resources[at, ..., year, place] = 2.0 * EFFECTS.get(name, 0.8) * amount
    return Worlds(
        names,
        np.array([0, 52, 104]),
        scores,
        groups,
        levels(len(IMPLEMENTATION)) / 100.0,
        weekly,
        resources,
    )


@cache
def comparison() -> Comparison:
    """Return the whole comparison."""
    return costed(prepare(question()), worlds(), {})


def asking(**changes: Any) -> Comparison:
    """Return it with another question; start weeks stay as they were."""
    found = comparison()
    return replace(found, prepared=replace(found.prepared, question=question(**changes)))
