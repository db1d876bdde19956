"""A plan searched for, scored on draws that the search never saw, beside the simple rules."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np

from sim.element import DIRECT, INDIRECT
from sim.errors import InputError
from sim.planning.comparison import planned_cost
from sim.planning.knowing import FEWEST_DRAWS
from sim.planning.packages import (
    NOTHING,
    OUTCOMES,
    TeamPlan,
    as_package,
    core_training_weeks,
    funded_weeks,
    team_outcomes,
)
from sim.planning.plan_conditions import equity_rule, musts_first, trust_rules
from sim.planning.plan_rules import broken
from sim.planning.plan_search import (
    OBJECTIVES,
    Offer,
    over_starts,
    payable,
    rule_plan,
    solved_plan,
    started,
    team_weights,
    use_of,
    whole_cost,
)
from sim.planning.plan_truths import plan_truths
from sim.planning.resources import by_year, programme_trainer_days, trainers_at_once
from sim.planning.rollout import Rollout
from sim.planning.setting import Setting
from sim.planning.uncertainty import Chance, Spread, chance_at_least, spread_of
from sim.planning.vocabulary import NO_OTHER, Judgement, OtherEvidence, judged, other_evidence
from sim.runs.pieces import Progress

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.planning.prices import Prices
    from sim.planning.studies import Truths
    from sim.planning.trainers import Capacity
    from sim.posterior.choose import ChosenDraws
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

ANCHORS = 4
"""Start weeks that are simulated for each package; benefits at others lie between them."""
FEWEST_FRESH = 10
"""Fresh draws below which no difference between plans is claimed."""
RUNS = 5
"""Runs of chance for each fresh draw behind the chances of harm and benefit."""
CONTROL = "control"
USUAL_FOR_ALL = "usual care for all"
READINESS, MOST_USERS = "readiness first", "most users per worker first"


@dataclass(frozen=True)
class PlanQuestion:
    """What is to be planned."""

    packages: tuple[Scenario, ...]  # What a team can get
    roster: Roster  # Teams
    capacity: Capacity  # Trainers and yearly budget
    prices: Prices  # Prices; the budget is planned at their central values
    # Sets of parameter values; every second one is for the search, the others for the score.
    draws: list[dict[str, float]]
    # Weeks looked at; seed of chance.
    weeks: int
    seed: int
    # What to do best on, added up over the time: one of `sim.planning.plan_search.OBJECTIVES`.
    objective: str = "qpr"
    # How much a person of the group of the roster's share column counts under ``equity``.
    equity_weight: float = 2.0
    setting: Setting = field(default_factory=Setting)  # For the date of the first week
    threshold: float | None = None  # The user's own threshold of the QPR difference, points
    include_control: bool = False  # Whether teams of the control arm are planned for too
    covers: str = ""  # What intervals over the draws cover
    chosen: ChosenDraws | None = None  # Where the draws are from
    # What has gone, started and been spent, which the plan takes as given.
    under_way: Rollout | None = None

    @property
    def begun(self) -> TeamPlan | None:
        """Teams that have started, as a plan; None where nothing is under way."""
        if self.under_way is None:
            return None
        return self.under_way.begun_in(self.roster, [one.name for one in self.packages])

    @property
    def earliest(self) -> np.ndarray:
        """First week in which each team may start, -1 where it is left out, shape (teams,)."""
        return np.array(
            [
                NOTHING
                if row.arm == CONTROL and not self.include_control
                else (row.start_week or 0)
                for row in self.roster.rows
            ]
        )


class Score(NamedTuple):
    """A plan's worth."""

    plan: TeamPlan
    expected: float  # What the search's own draws made of it
    # On fresh draws: mean and central 90% (parameter uncertainty and replication noise).
    mean: float
    low: float
    high: float
    standard_error: float  # Monte Carlo standard error of the mean
    # Mean and 95% quantile, over fresh draws, of how much the best of all compared plans in that
    # draw is better.
    regret: float
    regret_high: float
    teams: int  # Teams that get a package
    cost: np.ndarray  # Planned direct cost by year within the time looked at
    later_cost: float  # Planned direct cost of what was started, after the time looked at
    trainer_days: float  # Trainer-days in all

    @property
    def committed(self) -> float:
        """Planned direct cost of everything that was started, to its end."""
        return float(self.cost.sum()) + self.later_cost


class Effect(NamedTuple):
    """What a plan does for the people it treats, against usual care, on fresh draws."""

    spread: Spread  # QPR-15 difference a person on the books of the teams treated, points
    judgement: Judgement  # The verdict on it, with its chances
    reaches_threshold: Chance | None  # The same for the user's own threshold


@dataclass(frozen=True)
class PlanOutcome:
    """The answer."""

    question: PlanQuestion
    offer: Offer
    scores: tuple[Score, ...]  # The search's plan first, then usual care for all, then the rules'
    # The rule that the table shows best: on fresh draws; usual care for all is one.
    best_rule: Score
    # Search less best rule on fresh draws: mean, and 95% interval (Student's t) of the Monte Carlo
    # error of that mean.
    gain: float
    gain_low: float
    gain_high: float
    fresh: int  # Number of fresh draws
    # What the recommended plan does for those it treats; None where it treats nobody.
    effect: Effect | None = None
    # Names of the plans that paired differences on fresh draws do not tell from the one that the
    # table shows best, that one first; one name where it stands apart.
    tied: tuple[str, ...] = ()
    # What each plan did in each team in each fresh draw, less usual care, shape (plans, draws,
    # teams, `OUTCOMES`).
    outcomes: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 0, len(OUTCOMES))))
    # Worth of every plan in each fresh draw, shape (plans, draws).
    worth: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    # The same in each draw, searched on first and then fresh, shape (plans, draws): in the first
    # half as the search estimated it, each plan's mean that of the fresh half, so that the search's
    # own luck is not in it.
    by_draw: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    # What studies would measure; None where that was not simulated.
    truths: Truths | None = None
    # How far at most the search's plan is below the best one by its own estimates, a share.
    gap: float = 0.0
    set_aside: tuple[str, ...] = ()  # Rules that do not keep the conditions of the setting
    # Rules that come to the plan of another: their names, and that of the other.
    same: tuple[tuple[str, str], ...] = ()

    @property
    def search(self) -> Score:
        """The search's plan."""
        return self.scores[0]

    @property
    def beats(self) -> bool:
        """Whether the search is better than the best rule beyond Monte Carlo error."""
        return beats(self.gain_low, self.fresh)

    @property
    def recommended(self) -> Score:
        """The plan to take: the search's if it beats the best rule, else the simplest tied one.

        Of the rules that are not told from the best, the one that commits the least money: what is
        not told to be better is not worth more.
        """
        if self.beats:
            return self.search
        if self.fresh < FEWEST_FRESH:
            return self.best_rule
        tied = [one for one in self.scores[1:] if one.plan.name in self.tied]
        return min(tied, key=lambda one: one.committed) if tied else self.best_rule

    @property
    def twin(self) -> Score | None:
        """The rule that comes to the search's plan, if one does."""
        plan = self.search.plan
        return next((one for one in self.scores[1:] if same_plan(one.plan, plan)), None)

    @property
    def choices(self) -> list[int]:
        """Places of the plans to choose between: what a rule comes to is no choice beside it."""
        return list(range(0 if self.twin is None else 1, len(self.scores)))

    @property
    def differ(self) -> bool:
        """Whether the recommended plan is another than the search's."""
        return not same_plan(self.recommended.plan, self.search.plan)


def same_plan(one: TeamPlan, other: TeamPlan) -> bool:
    """Return whether two plans give every team the same from the same week."""
    return np.array_equal(one.package, other.package) and np.array_equal(one.start, other.start)


def beats(gain_low: float, fresh: int) -> bool:
    """Return whether a gain is claimed: beyond Monte Carlo error, on draws enough to tell."""
    return fresh >= FEWEST_FRESH and gain_low > 0.0


def gain_of(difference: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of differences and its 95% limits by Student's t.

    Parameters
    ----------
    difference : numpy.ndarray
        A plan's worth less another's in each draw, shape (draws,).

    Returns
    -------
    tuple of float
        Mean, low, high; the limits are infinite with one draw.
    """
    from scipy.special import stdtrit

    count, mean = len(difference), float(difference.mean())
    if count < 2:
        return mean, -np.inf, np.inf
    half = float(stdtrit(count - 1, 0.975) * difference.std(ddof=1) / np.sqrt(count))
    return mean, mean - half, mean + half


def tied_with_best(worth: np.ndarray) -> list[int]:
    """Return the plans that are not told from the best one, that one first.

    Parameters
    ----------
    worth : numpy.ndarray
        Worth of every plan in each fresh draw, on common random numbers, shape (plans, draws).

    Returns
    -------
    list of int
        The plan with the highest mean, and those whose paired difference from it has a 95%
        interval (Student's t) that holds 0; all of them with fewer than `FEWEST_FRESH` draws.
    """
    count = worth.shape[1]
    top = int(np.argmax(worth.mean(axis=1)))
    others = [
        one
        for one in range(len(worth))
        if one != top and (count < FEWEST_FRESH or gain_of(worth[top] - worth[one])[1] <= 0.0)
    ]
    return [top, *others]


@dataclass
class Stages:
    """Progress of work done in parts, as one: parts that are not sized yet count at most."""

    on_progress: Callable[[Progress], None] | None
    sizes: list[int]  # Worlds of each part
    at: int = 0  # The part that runs
    began: float = field(default_factory=time.monotonic)

    def show(self, progress: Progress) -> None:
        """Show the progress of a part as that of the whole."""
        if self.on_progress is None:
            return
        done, total = sum(self.sizes[: self.at]) + progress.done, sum(self.sizes)
        seconds = time.monotonic() - self.began
        left = seconds / done * (total - done) if done else float("nan")
        self.on_progress(Progress(done, total, seconds, left))


def offer_of(question: PlanQuestion) -> Offer:
    """Return what can be chosen and what it takes.

    Raises InputError when the budget is above nought and too small for any team, the time too
    short for the core training of any package, or all teams are in the control arm.
    """
    prices = question.prices.values()
    packages, weeks = question.packages, question.weeks
    core = np.array([core_training_weeks(one) for one in packages])
    funded = np.array([funded_weeks(one) for one in packages])
    if core.min() > weeks:
        raise InputError(
            f"years: {weeks} weeks are too short for the core training of any package; the "
            f"shortest takes {core.min()}"
        )
    if not np.any(question.earliest >= 0):
        raise InputError(
            "roster: every team's arm is control, and control teams are left out; "
            "--include-control plans for them too"
        )
    begun, gone, earliest = question.begun, 0, question.earliest
    if question.under_way is not None and begun is not None:
        gone = question.under_way.gone
        earliest = np.where(earliest >= 0, np.maximum(earliest, gone), NOTHING)
        earliest = np.where(begun.package != NOTHING, NOTHING, earliest)
        if not np.any(earliest >= 0):
            raise InputError("from: every team of the roster has started; nothing is left to plan")
        if core.min() + gone > weeks:
            raise InputError(
                f"years: {weeks} weeks less {gone} that have gone are too short for the core "
                f"training of any package; the shortest takes {core.min()}"
            )
    length = max(weeks, int(funded.max()))
    conditions = question.setting.conditions
    cash, staff_time = (
        np.array([planned_cost(one, question.roster, prices, length, kind) for one in packages])
        for kind in (DIRECT, INDIRECT)
    )
    offer = Offer(
        packages=tuple(one.name for one in packages),
        trainer_days=np.array([programme_trainer_days(one, length) for one in packages]),
        at_once=np.array([trainers_at_once(one) for one in packages]),
        cost=cash + staff_time if conditions.staff_time else cash,
        capacity=question.capacity,
        weeks=weeks,
        core_weeks=core,
        funded_weeks=funded,
        earliest=earliest,
        time=staff_time,
        gone=gone,
        begun=begun,
        spent=None if question.under_way is None else question.under_way.spent,
    )
    offer = replace(offer, rules=tuple(trust_rules(conditions, question.roster, offer)))
    check_budget(question, offer)
    return offer


def check_budget(question: PlanQuestion, offer: Offer) -> None:
    """Refuse a budget that is above nought and yet too small for any one team."""
    budget = question.capacity.budget_per_year
    teams = np.flatnonzero(offer.earliest >= 0)
    if not budget or any(
        payable(offer, package, int(team))
        for package in range(len(offer.packages))
        for team in teams
        if offer.earliest[team] + offer.core_weeks[package] <= offer.weeks
    ):
        return
    costs = np.array([whole_cost(offer, package)[teams] for package in range(len(offer.packages))])
    package, place = np.unravel_index(int(costs.argmin()), costs.shape)
    raise InputError(
        f"budget = {budget:,.0f}: too small for one team; the cheapest is "
        f"'{question.roster.rows[teams[place]].team}' with '{offer.packages[package]}', planned "
        f"to cost {costs.min():,.0f} in direct costs to the end of its funding (limits: "
        f"{budget:,.0f} a year, {offer.whole_budget:,.0f} in all)"
    )


def anchors_of(offer: Offer, package: int) -> np.ndarray:
    """Return the start weeks of a package that are simulated; none where no week is in time."""
    starts = offer.starts(package)
    if not len(starts):
        return starts
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
        found[READINESS] = np.argsort(-np.nan_to_num(given, nan=-1.0), kind="stable")
    found[MOST_USERS] = np.argsort(-load, kind="stable")
    found["random order"] = lots
    return found


def solve(question: PlanQuestion, **how: Unpack[How]) -> PlanOutcome:
    """Search for a plan and score it.

    Parameters
    ----------
    question : PlanQuestion
        What is to be planned.
    **how
        See `sim.runs.pieces.How`; search, score and the effect of the plan to take are
        simulated one after the other, each with its own progress.

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
    started_with, started_in = started(offer)
    has_started = started_with != NOTHING
    treatable = (offer.earliest >= 0) | has_started
    weights = treatable * team_weights(question.roster, question.objective, question.equity_weight)
    outcome = OUTCOMES.index(OBJECTIVES[question.objective])
    seen, fresh = question.draws[::2], question.draws[1::2]

    def simulated(
        plans: Sequence[TeamPlan], draws: Sequence[Mapping[str, float]], seed: int
    ) -> np.ndarray:
        return team_outcomes(
            question.packages,
            question.roster,
            plans,
            draws=draws,
            weeks=question.weeks,
            seed=seed,
            **shown,
        )

    def worth_of(found: np.ndarray) -> np.ndarray:
        return np.asarray(found[..., outcome] * weights / weights.sum())

    anchors = [anchors_of(offer, package) for package in range(len(offer.packages))]
    trials = [
        TeamPlan(
            "",
            np.where(has_started, started_with, np.where(treatable, package, NOTHING)),
            np.where(has_started, started_in, np.where(treatable, week, NOTHING)),
        )
        for package, several in enumerate(anchors)
        for week in several
    ]
    most = len(orders_of(question)) * len(offer.packages) + 2
    stages = Stages(
        how.get("on_progress"),
        [
            (len(trials) + 1) * len(seen),
            (most + 1) * len(fresh),
            2 * RUNS * len(fresh),
            2 * len(question.draws) if len(question.draws) >= FEWEST_DRAWS else 0,
        ],
    )
    shown = how.copy()
    shown["on_progress"] = stages.show
    tried = simulated(trials, seen, question.seed)
    conditions = question.setting.conditions

    def by_start(values: np.ndarray) -> list[np.ndarray]:
        """Return values of the simulated start weeks at every start week, by package."""
        found, first = [], 0
        for package, several in enumerate(anchors):
            part = values[first : first + len(several)]
            first += len(several)
            starts = offer.starts(package)
            found.append(over_starts(several, part, starts) if len(several) else part)
        return found

    benefit = by_start(worth_of(tried).mean(axis=1))
    reach = by_start(tried[..., OUTCOMES.index("reach")].mean(axis=1))
    fair = equity_rule(conditions, question.roster, offer, reach)
    offer = replace(offer, rules=(*offer.rules, *fair))
    best, gap = solved_plan(offer, benefit)
    rules = [offer.begun or TeamPlan(USUAL_FOR_ALL, started_with, started_in)]
    same: list[tuple[str, str]] = []
    for label, order in orders_of(question).items():
        for package, name in enumerate(offer.packages):
            first = musts_first(conditions, question.roster, order)
            plan = rule_plan(offer, first, package, f"{label}, {name}")
            if not np.any(plan.package != started_with):
                continue
            # The same plan twice would be a tie with itself.
            alike = next((one for one in rules if same_plan(one, plan)), None)
            if alike is None:
                rules.append(plan)
            else:
                same.append((plan.name, alike.name))
    kept = [plan for plan in rules if not broken(offer.rules, plan)]
    plans = [best, *kept]
    if len(plans) == 1:  # nothing beside the search keeps the conditions: shown, never taken
        plans.append(rules[0])
    stages.sizes[1] = (len(plans) + 1) * len(fresh)
    expected = [believed(offer, plan, benefit) for plan in plans]
    apart = worth_of(tried)
    by_anchor = [(anchors[at], apart[first:last]) for at, first, last in _runs_of(anchors)]
    hoped = np.stack([by_draw(plan, by_anchor, len(seen)) for plan in plans])
    stages.at = 1
    found = simulated(plans, fresh, question.seed + 1)
    worth = worth_of(found).sum(axis=2)
    best = worth.max(axis=0)
    scores = tuple(
        score_of(offer, plan, hoped, own, best - own)
        for plan, hoped, own in zip(plans, expected, worth, strict=True)
    )
    rule = 1 + int(np.argmax(worth[1:].mean(axis=1)))
    answer = PlanOutcome(
        question,
        offer,
        scores,
        scores[rule],
        *gain_of(worth[0] - worth[rule]),
        len(fresh),
        outcomes=found,
        worth=worth,
        by_draw=np.concatenate(
            [hoped + (worth.mean(axis=1) - hoped.mean(axis=1))[:, None], worth], axis=1
        ),
        gap=gap,
        set_aside=tuple(plan.name for plan in rules if plan.name not in {p.name for p in plans}),
        same=tuple(same),
    )
    offset = answer.choices[0]
    tied = tuple(plans[offset + number].name for number in tied_with_best(worth[offset:]))
    answer = replace(answer, tied=tied)
    plan = answer.recommended.plan
    if not np.any(plan.package != NOTHING):
        return answer
    # Chances need several runs of each draw, in chance of their own, so that the choice between
    # plans lends the chosen one no luck.
    stages.at = 2
    points = OUTCOMES.index("qpr15")
    again = simulated([plan], list(fresh) * RUNS, question.seed + 2)[0, ..., points]
    chosen = question.chosen
    other = NO_OTHER if chosen is None else other_evidence(replace(chosen, draws=list(fresh)))
    scored = found[next(at for at, one in enumerate(plans) if one is plan), ..., points]
    effect = effect_on(question, plan, scored, again.reshape(RUNS, len(fresh), -1), other)
    answer = replace(answer, effect=effect)
    if len(question.draws) < FEWEST_DRAWS:
        return answer
    stages.at = 3
    truths = plan_truths(
        question.packages, question.roster, plan, [*seen, *fresh], question.seed + 2, **shown
    )
    return replace(answer, truths=truths)


def _runs_of(anchors: Sequence[np.ndarray]) -> list[tuple[int, int, int]]:
    """Return each package with the first and last of its places among all that was tried."""
    ends = np.cumsum([0, *map(len, anchors)]).tolist()
    return list(zip(range(len(anchors)), ends[:-1], ends[1:], strict=True))


def by_draw(
    plan: TeamPlan, by_anchor: Sequence[tuple[np.ndarray, np.ndarray]], draws: int
) -> np.ndarray:
    """Return what the search estimates of a plan in each of its draws, shape (draws,).

    `by_anchor`: for each package the simulated start weeks, and the worth of each in each draw and
    team, shape (weeks, draws, teams).
    """
    total = np.zeros(draws)
    for team in np.flatnonzero(plan.package >= 0):
        weeks, values = by_anchor[int(plan.package[team])]
        if not len(weeks):
            continue
        place = float(np.interp(plan.start[team], weeks, np.arange(len(weeks))))
        low = int(place)
        part, high = place - low, min(low + 1, len(weeks) - 1)
        total += (1.0 - part) * values[low, :, team] + part * values[high, :, team]
    return total


def effect_on(
    question: PlanQuestion,
    plan: TeamPlan,
    scored: np.ndarray,
    again: np.ndarray,
    other: OtherEvidence = NO_OTHER,
) -> Effect:
    """Return what a plan does for the people on the books of the teams it treats.

    Parameters
    ----------
    question : PlanQuestion
        For the caseloads and the threshold.
    plan : TeamPlan
    scored : numpy.ndarray
        QPR-15 differences from usual care by which plans were compared, shape (draws, teams): mean
        and range are theirs, as in every table, so that one thing has one number.
    again : numpy.ndarray
        The same in several runs, from which the noise of single runs can be taken out: shape (runs,
        draws, teams). Chances are theirs.
    other : OtherEvidence
        On the same draws.
    """
    people = np.array([row.caseload for row in question.roster.rows], float)
    people[plan.package == NOTHING] = 0.0
    values = (again @ people / people.sum()).T
    own = question.threshold
    return Effect(
        spread_of((scored @ people / people.sum())[:, None]),
        judged(values, other),
        None if own is None else chance_at_least(values, own),
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
    load, money = use_of(offer, plan)
    in_time = money[: offer.weeks]
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
        by_year(in_time),
        float(money[offer.weeks :].sum()),
        float(load.sum()),
    )


def packages_of(scenarios: Sequence[Scenario], weeks: int) -> tuple[Scenario, ...]:
    """Return scenarios as packages, refusing one named twice."""
    names = [one.name for one in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"scenario '{twice[0]}': named twice; name each package once")
    return tuple(as_package(one, weeks) for one in scenarios)
