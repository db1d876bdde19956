"""Comparing strategies: differences from a base on common random numbers, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from sim.element import DIRECT
from sim.errors import InputError
from sim.planning.costs import cost_lines, discount_factors, kind_of, total
from sim.planning.outcomes import (
    GROUP_MEASURES,
    IMPLEMENTATION,
    QPR,
    SCORES,
    Covered,
    covered_by,
)
from sim.planning.packages import core_training_weeks, funded_weeks
from sim.planning.prices import Prices, shipped_prices
from sim.planning.resources import (
    RESOURCES,
    Plan,
    everybody,
    plan_of,
    planned_induction,
    programme_trainer_days,
    resources_used,
    trainers_at_once,
)
from sim.planning.setting import Setting, named_teams, wished_starts
from sim.planning.trainers import Starts, dearest, queue
from sim.planning.worlds import Worlds, planning_request, simulate_worlds
from sim.posterior.choose import ChosenDraws
from sim.runs.results import described
from sim.scenarios.expand import expand
from sim.scenarios.split import programme_alone, relieves
from sim.streams import check_seed

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

WORDS_ABOUT = {
    *("title", "name", "description", "group", "grade", "source", "assumptions", "strategies")
}
"""Fields of a scenario that say what it is, not what it does."""
TRIAL_BLACK_LIMIT = 4.4
"""Half-width of the interval of the trial's QPR effect in black service users, points, about."""


@dataclass(frozen=True)
class Question:
    """What is compared, where, and over which uncertainty."""

    scenarios: tuple[Scenario, ...]  # All scenarios; the base is among them
    base: str  # Name of the base
    roster: Roster  # Teams
    chosen: ChosenDraws  # Sets of parameter values
    setting: Setting = field(default_factory=Setting)  # Dates, trainers, budget, discounting
    prices: Prices = field(default_factory=shipped_prices)  # Prices and quantities
    weeks: int = 52  # Weeks looked at
    # Runs of chance for each draw, and their seed.
    replications: int = 10
    seed: int = 1
    threshold: float | None = None  # The user's own threshold of the QPR difference, points
    # Parameter values that the user set.
    settings: Mapping[str, float] = field(default_factory=dict)
    # The outcome that strategies are ranked on: a name of `sim.planning.ranking.AIMS`.
    rank_by: str = "recovery"
    # What a QPR point for one person is worth to the user, GBP; nobody else has said.
    point_worth: float | None = None
    # Teams, and people followed up in each, of a trial whose worth is asked.
    trial_size: tuple[int, int] = (40, 15)


@dataclass(frozen=True)
class Prepared:
    """A question with start weeks and plans worked out, ready to run."""

    question: Question
    starts: tuple[Starts, ...]  # When teams start, by scenario
    plans: tuple[Plan, ...]  # What each scenario gives each team
    covered: Covered  # Who the outcomes are about: the teams that any scenario would treat
    # Whether a scenario's start weeks are shared out among teams within each world.
    shared_out: tuple[bool, ...]
    # What of a scenario has no effect here, or falls outside of the time or the funding.
    notes: tuple[str, ...]
    # Direct cost that each scenario plans for after the time looked at, central prices; where start
    # weeks are shared out, for the dearest way to do so.
    later: tuple[float, ...]

    def programmes(self) -> dict[str, Scenario]:
        """Return what each strategy that relieves the service is without that relief, by name.

        Where a compared strategy is just that, for the same teams, it is the one; otherwise it is
        simulated beside them.
        """
        scenarios, found = self.question.scenarios, {}
        for at, scenario in enumerate(scenarios):
            if scenario.name == self.question.base or not relieves(scenario):
                continue
            alone = programme_alone(scenario)
            content = alone.model_dump(exclude=WORDS_ABOUT)
            same = (
                one
                for place, one in enumerate(scenarios)
                if one.model_dump(exclude=WORDS_ABOUT) == content
                and np.array_equal(self.starts[place].given, self.starts[at].given)
            )
            found[scenario.name] = next(same, alone)
        return found


def prepare(question: Question) -> Prepared:
    """Work out when teams start and what they get.

    Raises
    ------
    InputError
        When a scenario is named twice, the base is not among them, the budget is too small for one
        team, or something in the setting does not fit the roster.
    """
    names = [one.name for one in question.scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"scenario '{twice[0]}': named twice; name each scenario once")
    if question.base not in names:
        raise InputError(f"base = '{question.base}': is not among the scenarios")
    check_seed(question.seed)
    starts, plans, shared_out, notes, later = [], [], [], [], []
    named = any(wave.named for wave in question.setting.waves)
    for scenario in question.scenarios:
        expansion = expand(scenario, question.roster, question.weeks)
        wished = wished_starts(question.setting, question.roster, expansion.team_start)
        within_worlds = bool(np.any(expansion.team_order != 0)) and not named
        found = queued(scenario, question, wished, within_worlds)
        starts.append(found)
        # Assessments are yearly here, whatever a scenario says.
        told = (note for note in expansion.notes if not note.startswith("assessment"))
        notes += [f"{scenario.name}: {note}" for note in told]
        if named and scenario.who.teams != "none":
            notes += _passed_by(scenario, question, expansion.team_start, wished)
        shared_out.append(within_worlds)
        plans.append(plan_of(scenario, question.roster, found.given, question.weeks))
        later.append(cost_after(scenario, question, found, within_worlds))
    treated = np.any([one.wished >= 0 for one in starts], axis=0)
    if not treated.any():
        treated = np.ones(len(question.roster.rows), bool)
    covered = covered_by(question.roster, treated)
    return Prepared(
        question,
        tuple(starts),
        tuple(plans),
        covered,
        tuple(shared_out),
        tuple(notes),
        tuple(later),
    )


def _passed_by(
    scenario: Scenario, question: Question, own: np.ndarray, wished: np.ndarray
) -> list[str]:
    """Return what becomes of teams that a scenario and waves with names do not agree on."""
    rows = question.roster.rows
    listed = named_teams(question.setting, question.roster)
    left = [rows[at].team for at in np.flatnonzero((own >= 0) & (wished < 0))]
    foreign = [rows[at].team for at in listed if own[at] < 0]
    notes = []
    if left:
        notes.append(
            f"{scenario.name}: {len(left)} of the teams that it treats stand in no wave and do not "
            f"start, such as '{left[0]}'"
        )
    if foreign:
        notes.append(
            f"{scenario.name}: {len(foreign)} of the teams in waves are none that it treats and do "
            f"not start, such as '{foreign[0]}'"
        )
    return notes


def planned_cost(
    scenario: Scenario,
    roster: Roster,
    prices: Mapping[str, float],
    weeks: int,
    kind: str = DIRECT,
) -> np.ndarray:
    """Return the cost of each week of each team's programme, if all goes to plan.

    Parameters
    ----------
    scenario, roster
        The scenario and the teams.
    prices : mapping of str to float
        Central prices.
    weeks : int
        Length of the calendar.
    kind : {'direct', 'indirect'}
        Cash, or staff time.

    Returns
    -------
    numpy.ndarray
        Shape (teams, weeks); column 0 is the first week of the programme. Everybody attends, and
        stepped support is given in full: what a budget has to hold.
    """
    plan = plan_of(scenario, roster, np.zeros(len(roster.rows), np.int64), weeks)
    lines = cost_lines(resources_used(plan, everybody(plan)), prices, scenario)
    cost = total(lines, kind)
    return np.broadcast_to(cost, (len(roster.rows), weeks)).astype(float)


def cost_after(
    scenario: Scenario, question: Question, starts: Starts, within_worlds: bool = False
) -> float:
    """Return the direct cost that is planned for weeks after the time looked at, central prices.

    Where start weeks are shared out within each world: of the dearest way to share them out.
    """
    started = np.flatnonzero(starts.given >= 0)
    length = max(funded_weeks(scenario), 1)
    if scenario.who.teams == "none" or not len(started):
        return 0.0
    cost = planned_cost(scenario, question.roster, question.prices.values(), length)
    left = [cost[:, question.weeks - starts.given[one] :].sum(axis=1) for one in started]
    if within_worlds:
        wanted = starts.wished >= 0
        return float(dearest([one[wanted, None] for one in left])[0])
    return float(sum(one[team] for one, team in zip(left, started, strict=True)))


def queued(
    scenario: Scenario, question: Question, wished: np.ndarray, within_worlds: bool = False
) -> Starts:
    """Return when teams start, given trainers and budget.

    Every team that a selection within each world may pick holds its place in the queue. Where the
    order of teams is found within each world, the queue finds weeks and the world who has them;
    trainers' days and the budget hold for any order.

    Raises InputError when the yearly budget is above nought and yet too small for any one team.
    """
    capacity, weeks = question.setting.capacity, question.weeks
    if scenario.who.teams == "none":
        return Starts(wished, wished.copy(), ("",) * len(wished))
    cost = planned_cost(scenario, question.roster, question.prices.values(), weeks)
    budget = capacity.budget_per_year
    from_week_0 = plan_of(scenario, question.roster, np.zeros_like(wished), weeks)
    group = question.prices.values()["induction_group"]
    wanted = np.flatnonzero((wished >= 0) & (wished < weeks))
    if budget and len(wanted):
        cheapest = min(float(cost[one, :52].sum()) for one in wanted)
        if cheapest > budget:
            raise InputError(
                f"setting '{question.setting.source}': budget_per_year = {budget:,.0f}: too small "
                f"for one team under '{scenario.name}', whose first year is planned to cost "
                f"{cheapest:,.0f} in direct costs"
            )
    return queue(
        wished,
        programme_trainer_days(scenario, weeks),
        cost,
        capacity,
        weeks,
        trainers_at_once(scenario),
        core_training_weeks(scenario),
        within_worlds,
        planned_induction(from_week_0, group),
    )


@dataclass(frozen=True)
class Comparison:
    """The outcomes of all scenarios, and their costs."""

    prepared: Prepared  # The question, start weeks and plans
    worlds: Worlds  # Outcomes of all worlds
    # Money by cost line for each scenario, shape (draws, years) each: means over replications, a
    # draw of the prices for every draw of the parameters, not discounted.
    costs: tuple[dict[str, np.ndarray], ...]
    prices: dict[str, np.ndarray]  # Draws of the prices, shape (draws,) each
    metadata: dict[str, Any]  # Provenance

    @property
    def question(self) -> Question:
        """The question."""
        return self.prepared.question

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the scenarios."""
        return tuple(one.name for one in self.question.scenarios)

    @property
    def others(self) -> tuple[str, ...]:
        """Names of the scenarios to compare with the base; the base itself if there is no other."""
        others = tuple(name for name in self.names if name != self.question.base)
        return others or (self.question.base,)

    @property
    def years(self) -> int:
        """Number of years, the last one perhaps not whole."""
        return int(self.worlds.resources.shape[3])

    def scenario(self, name: str) -> Scenario:
        """Return a scenario by name."""
        return self.question.scenarios[self.names.index(name)]

    def _less_base(self, values: np.ndarray, name: str) -> np.ndarray:
        base = self.names.index(self.question.base)
        return np.asarray(values[self.names.index(name)] - values[base])

    def difference(self, name: str, measure: str = QPR, assessment: int = -1) -> np.ndarray:
        """Return differences from base, world by world.

        Parameters
        ----------
        name : str
            Scenario.
        measure : str
            One of `SCORES` or `IMPLEMENTATION`.
        assessment : int
            Place of the assessment, the last one by default; scores only.

        Returns
        -------
        numpy.ndarray
            Shape (draws, replications).
        """
        if measure in SCORES:
            values = self.worlds.scores[..., assessment, SCORES.index(measure)]
        else:
            values = self.worlds.implementation[..., IMPLEMENTATION.index(measure)]
        return self._less_base(values, name)

    def programme_difference(self, name: str) -> np.ndarray:
        """Return the QPR difference from base of a strategy without its relief of the service.

        For a strategy of `Prepared.programmes`; shape (draws, replications), at the end.
        """
        alone = self.worlds.scenarios.index(self.prepared.programmes()[name].name)
        base = self.worlds.scenarios.index(self.question.base)
        values = self.worlds.scores[..., -1, SCORES.index(QPR)]
        return np.asarray(values[alone] - values[base])

    def level(self, name: str, measure: str, assessment: int = -1) -> np.ndarray:
        """Return a scenario's own values, shape (draws, replications)."""
        at = self.names.index(name)
        if measure in SCORES:
            return np.asarray(self.worlds.scores[at, ..., assessment, SCORES.index(measure)])
        return np.asarray(self.worlds.implementation[at, ..., IMPLEMENTATION.index(measure)])

    def group_difference(self, name: str, group: int, measure: str) -> np.ndarray:
        """Return differences from base in a group at the last assessment, (draws, replications)."""
        place = GROUP_MEASURES.index(measure)
        return self._less_base(self.worlds.groups[..., -1, group, place], name)

    def group_level(self, name: str, group: int, measure: str) -> np.ndarray:
        """Return a scenario's own values in a group at the last assessment."""
        at = self.names.index(name)
        return np.asarray(self.worlds.groups[at, ..., -1, group, GROUP_MEASURES.index(measure)])

    def cost(self, name: str, kind: str | None = None, discounted: bool = False) -> np.ndarray:
        """Return programme costs by draw and year, shape (draws, years)."""
        shape = (self.worlds.scores.shape[1], self.years)
        money = np.broadcast_to(total(self.costs[self.names.index(name)], kind), shape)
        if discounted:
            money = money * discount_factors(self.years, self.question.setting.discount_rate)
        return np.asarray(money, float)

    def cost_per_person(self, name: str) -> np.ndarray:
        """Return discounted programme cost less the base's, per person on the books, by draw."""
        own = self.cost(name, discounted=True).sum(axis=1)
        base = self.cost(self.question.base, discounted=True).sum(axis=1)
        return np.asarray((own - base) / self.prepared.covered.people)

    def service_cost_per_person(self, name: str) -> np.ndarray:
        """Return the simulated change of service costs, discounted, per person, (draws, reps).

        Years that ended within the time looked at are added up.
        """
        weeks = self.worlds.assessments
        factors = discount_factors(self.years + 1, self.question.setting.discount_rate)
        sums = np.zeros(self.worlds.scores.shape[1:3])
        for place, week in enumerate(weeks):
            if week > 0 and week % 52 == 0:
                sums += self.difference(name, "service_cost", place) * factors[week // 52 - 1]
        return sums


def compare(question: Question, **how: Unpack[How]) -> Comparison:
    """Simulate every scenario on common random numbers and work out what it costs.

    A strategy that relieves the service is simulated without its relief as well, so that its effect
    can be split (`Comparison.programme_difference`).

    Parameters
    ----------
    question : Question
        What is compared.
    **how
        See `sim.runs.pieces.How`.

    Raises
    ------
    InputError
        As `prepare`.
    Cancelled
        When `should_cancel` said so.
    """
    prepared = prepare(question)
    names = [one.name for one in question.scenarios]
    beside = {
        names.index(name): one
        for name, one in prepared.programmes().items()
        if one.name not in names
    }
    starts = [one.given for one in prepared.starts]
    plans = [
        plan_of(one, question.roster, starts[at], question.weeks) for at, one in beside.items()
    ]
    request = planning_request(
        (*question.scenarios, *beside.values()),
        question.roster,
        [*starts, *(starts[at] for at in beside)],
        draws=question.chosen.draws,
        weeks=question.weeks,
        replications=question.replications,
        seed=question.seed,
        settings=question.settings,
        fixed=any(wave.named for wave in question.setting.waves),
    )
    worlds = simulate_worlds(
        request,
        prepared.covered,
        (*prepared.plans, *plans),
        **how,
    )
    return costed(prepared, worlds, described(request))


def costed(prepared: Prepared, worlds: Worlds, metadata: Mapping[str, Any]) -> Comparison:
    """Put prices on the resources of simulated worlds."""
    question = prepared.question
    draws = worlds.scores.shape[1]
    prices = question.prices.draws(draws, question.seed)
    columns = {name: values[:, None] for name, values in prices.items()}
    costs = []
    for number, scenario in enumerate(question.scenarios):
        use = {name: amount.mean(axis=1) for name, amount in worlds.use(number).items()}
        costs.append(cost_lines(use, columns, scenario))
    return Comparison(prepared, worlds, tuple(costs), prices, dict(metadata))


def accounts(comparison: Comparison, name: str) -> list[tuple[str, str, np.ndarray]]:
    """Return line, kind and money (draws, years) of a scenario, in the order of the account."""
    lines = comparison.costs[comparison.names.index(name)]
    shape = (comparison.worlds.scores.shape[1], comparison.years)
    return [(line, kind_of(line), np.broadcast_to(money, shape)) for line, money in lines.items()]


def resource_means(comparison: Comparison, name: str) -> list[tuple[str, str, np.ndarray]]:
    """Return resource, unit and mean amount by year (years,) of a scenario.

    Trainer-days of induction follow from newcomer-days and how many newcomers share a trainer.
    """
    use = comparison.worlds.use(comparison.names.index(name))
    found = [(one, RESOURCES[one], use[one].mean(axis=(0, 1))) for one in RESOURCES if one in use]
    if "induction_days" in use:
        groups = use["induction_days"].mean(axis=1) / comparison.prices["induction_group"][:, None]
        found.append(("induction_trainer_days", "trainer-days of induction", groups.mean(axis=0)))
    return found


def with_base(scenarios: Sequence[Scenario], base: Scenario) -> tuple[Scenario, ...]:
    """Return scenarios with the base in front, unless it is among them."""
    if any(one.name == base.name for one in scenarios):
        return tuple(scenarios)
    return (base, *scenarios)
