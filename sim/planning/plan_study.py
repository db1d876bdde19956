"""A plan searched for, scored on draws that the search never saw, beside the simple rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.errors import InputError
from sim.planning.comparison import planned_direct_cost
from sim.planning.packages import OUTCOMES, TeamPlan, as_package, team_outcomes
from sim.planning.plan_search import (
    Offer,
    best_plan,
    over_starts,
    rule_plan,
    team_weights,
    use_of,
)
from sim.planning.resources import programme_trainer_days, trainers_at_once
from sim.planning.setting import Setting

if TYPE_CHECKING:
    from sim.planning.prices import Prices
    from sim.planning.trainers import Capacity
    from sim.roster import Roster
    from sim.scenarios.schema import Scenario
    from sim.simulate import Progress

LONGEST = 1040
"""Weeks within which every session of a scenario lies."""
ANCHORS = 4
"""Start weeks that are simulated for each package; benefits at others lie between them."""
NORMAL_975 = 1.959963984540054


@dataclass(frozen=True)
class PlanQuestion:
    """What is to be planned.

    Attributes
    ----------
    packages : tuple of Scenario
        What a team can get.
    roster : Roster
        Teams.
    capacity : Capacity
        Trainers and yearly budget.
    prices : Prices
        Prices; the budget is planned at their central values.
    draws : list of dict
        Sets of parameter values; every second one is for the search, the others for the score.
    weeks, seed : int
        Weeks looked at; seed of chance.
    objective : {'qpr', 'reach', 'equity'}
        What to do best on.
    equity_weight : float
        How much a person of the group of the roster's share column counts under ``equity``.
    setting : Setting
        For the date of the first week.
    """

    packages: tuple[Scenario, ...]
    roster: Roster
    capacity: Capacity
    prices: Prices
    draws: list[dict[str, float]]
    weeks: int
    seed: int
    objective: str = "qpr"
    equity_weight: float = 2.0
    setting: Setting = field(default_factory=Setting)


class Score(NamedTuple):
    """A plan's worth.

    Attributes
    ----------
    plan : TeamPlan
    expected : float
        What the search's own draws made of it.
    mean, low, high : float
        On fresh draws: mean and central 90% (parameter uncertainty and replication noise).
    standard_error : float
        Monte Carlo standard error of the mean.
    regret, regret_high : float
        Mean and 95% quantile, over fresh draws, of how much the best of all compared plans in that
        draw is better.
    teams : int
        Teams that get a package.
    cost : numpy.ndarray
        Planned direct cost by year.
    trainer_days : float
        Trainer-days in all.
    """

    plan: TeamPlan
    expected: float
    mean: float
    low: float
    high: float
    standard_error: float
    regret: float
    regret_high: float
    teams: int
    cost: np.ndarray
    trainer_days: float


@dataclass(frozen=True)
class PlanOutcome:
    """The answer.

    Attributes
    ----------
    question : PlanQuestion
    offer : Offer
    scores : tuple of Score
        The search's plan first, then the rules'.
    best_rule : Score
        The rule that looked best on the search's draws.
    gain, gain_low, gain_high : float
        Search less best rule on fresh draws: mean, and 95% interval of the Monte Carlo error of
        that mean.
    """

    question: PlanQuestion
    offer: Offer
    scores: tuple[Score, ...]
    best_rule: Score
    gain: float
    gain_low: float
    gain_high: float

    @property
    def search(self) -> Score:
        """The search's plan."""
        return self.scores[0]

    @property
    def beats(self) -> bool:
        """Whether the search is better than the best rule beyond Monte Carlo error."""
        return self.gain_low > 0.0


def offer_of(question: PlanQuestion) -> Offer:
    """Return what can be chosen and what it takes.

    Raises
    ------
    InputError
        When the budget is above nought and too small for any team, or the time too short for any
        session.
    """
    prices = question.prices.values()
    packages, weeks = question.packages, question.weeks
    offer = Offer(
        packages=tuple(one.name for one in packages),
        trainer_days=np.array([programme_trainer_days(one, weeks) for one in packages]),
        at_once=np.array([trainers_at_once(one) for one in packages]),
        cost=np.array(
            [planned_direct_cost(one, question.roster, prices, weeks) for one in packages]
        ),
        capacity=question.capacity,
        weeks=weeks,
    )
    budget = question.capacity.budget_per_year
    cheapest = offer.cost[:, :, :52].sum(axis=2)
    if budget and cheapest.min() > budget:
        package, team = np.unravel_index(int(cheapest.argmin()), cheapest.shape)
        raise InputError(
            f"budget = {budget:,.0f}: too small for one team; the cheapest is "
            f"'{question.roster.rows[team].team}' with '{offer.packages[package]}', whose first "
            f"year is planned to cost {cheapest.min():,.0f} in direct costs"
        )
    later = [programme_trainer_days(one, LONGEST).sum() for one in packages]
    held = offer.trainer_days.sum(axis=1)
    if all(days > 0.0 and none == 0.0 for days, none in zip(later, held, strict=True)):
        raise InputError(f"years: {weeks} weeks are too short for the first session of any package")
    return offer


def anchors_of(offer: Offer, package: int) -> np.ndarray:
    """Return the start weeks of a package that are simulated."""
    starts = offer.starts(package)
    places = np.linspace(0, len(starts) - 1, min(ANCHORS, len(starts))).round().astype(int)
    return np.asarray(np.unique(starts[places]))


def orders_of(question: PlanQuestion) -> dict[str, np.ndarray]:
    """Return the orders of teams that simple rules take."""
    rows = question.roster.rows
    given = np.array(
        [
            np.nan
            if one.readiness is None
            else (one.readiness - one.readiness_low) / (one.readiness_high - one.readiness_low)
            for one in rows
        ]
    )
    load = np.array([one.caseload / max(one.coordinators, 1) for one in rows])
    lots = np.random.Generator(np.random.Philox(key=[question.seed, 7919])).permutation(len(rows))
    found = {"roster order": np.arange(len(rows))}
    if np.isfinite(given).any():
        # Teams without a score come last.
        found["readiness first"] = np.argsort(-np.nan_to_num(given, nan=-1.0), kind="stable")
    found["need first (most service users a worker)"] = np.argsort(-load, kind="stable")
    found["random order"] = lots
    return found


def solve(
    question: PlanQuestion,
    *,
    workers: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
) -> PlanOutcome:
    """Search for a plan and score it.

    Parameters
    ----------
    question : PlanQuestion
        What is to be planned.
    workers, on_progress, should_cancel
        As in `sim.simulate.simulate`; progress is told for the search and for the score.

    Raises
    ------
    InputError
        As `offer_of`, or with fewer than two draws.
    Cancelled
        When `should_cancel` said so.
    """
    if len(question.draws) < 2:
        raise InputError("draws: at least 2, as search and score need draws of their own")
    offer = offer_of(question)
    weights = team_weights(question.roster, question.objective, question.equity_weight)
    outcome = OUTCOMES.index("reach" if question.objective == "reach" else "qpr15")
    seen, fresh = question.draws[::2], question.draws[1::2]

    def outcomes(plans: Sequence[TeamPlan], draws: Sequence[Mapping[str, float]], seed: int):  # type: ignore[no-untyped-def]
        found = team_outcomes(
            question.packages,
            question.roster,
            plans,
            draws=draws,
            weeks=question.weeks,
            seed=seed,
            workers=workers,
            on_progress=on_progress,
            should_cancel=should_cancel,
        )
        return found[..., outcome] * weights / weights.sum()

    anchors = [anchors_of(offer, package) for package in range(len(offer.packages))]
    trials = [
        TeamPlan("", np.full(len(weights), package), np.full(len(weights), week))
        for package, several in enumerate(anchors)
        for week in several
    ]
    mean = outcomes(trials, seen, question.seed).mean(axis=1)
    benefit, first = [], 0
    for package, several in enumerate(anchors):
        part = mean[first : first + len(several)]
        first += len(several)
        benefit.append(over_starts(several, part, offer.starts(package)))
    plans = [best_plan(offer, benefit)]
    for label, order in orders_of(question).items():
        for package, name in enumerate(offer.packages):
            plans.append(rule_plan(offer, order, package, f"{label}, {name}"))
    expected = [believed(offer, plan, benefit) for plan in plans]
    worth = outcomes(plans, fresh, question.seed + 1).sum(axis=2)
    best = worth.max(axis=0)
    scores = tuple(
        score_of(offer, plan, hoped, own, best - own)
        for plan, hoped, own in zip(plans, expected, worth, strict=True)
    )
    rule = 1 + int(np.argmax(expected[1:]))
    difference = worth[0] - worth[rule]
    error = float(difference.std(ddof=1) / np.sqrt(len(fresh))) if len(fresh) > 1 else np.inf
    gain = float(difference.mean())
    return PlanOutcome(
        question,
        offer,
        scores,
        scores[rule],
        gain,
        gain - NORMAL_975 * error,
        gain + NORMAL_975 * error,
    )


def believed(offer: Offer, plan: TeamPlan, benefit: Sequence[np.ndarray]) -> float:
    """Return what the search's estimates add up to for a plan."""
    total = 0.0
    for team in np.flatnonzero(plan.package >= 0):
        package = int(plan.package[team])
        column = benefit[package][:, team]
        total += float(np.interp(plan.start[team], offer.starts(package), column))
    return total


def score_of(
    offer: Offer, plan: TeamPlan, expected: float, worth: np.ndarray, regret: np.ndarray
) -> Score:
    """Return a plan's worth from its worth in each fresh draw."""
    load, spent = use_of(offer, plan)
    low, high = np.quantile(worth, [0.05, 0.95])
    error = worth.std(ddof=1) / np.sqrt(len(worth)) if len(worth) > 1 else np.nan
    return Score(
        plan,
        expected,
        float(worth.mean()),
        float(low),
        float(high),
        float(error),
        float(regret.mean()),
        float(np.quantile(regret, 0.95)),
        int((plan.package >= 0).sum()),
        spent,
        float(load.sum()),
    )


def packages_of(scenarios: Sequence[Scenario], weeks: int) -> tuple[Scenario, ...]:
    """Return scenarios as packages, refusing one named twice."""
    names = [one.name for one in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"scenario '{twice[0]}': named twice; name each package once")
    return tuple(as_package(one, weeks) for one in scenarios)
