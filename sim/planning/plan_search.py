"""The search: which teams, with which package, from which week, under budget and trainers.

What a package does in a team is estimated by simulation, for a few start weeks, with all teams
treated; teams touch each other only through their trust and a few ties, so that benefits nearly add
up. A mixed-integer linear programme (HiGHS, by SciPy) then chooses. What the plan is worth is not
what the search believes: it is simulated anew, on draws that the search never saw.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError, unknown
from sim.planning.packages import NOTHING, TeamPlan
from sim.planning.plan_rules import Rule, broken
from sim.planning.resources import WEEKS_PER_YEAR, by_year
from sim.planning.trainers import SLACK, Capacity

if TYPE_CHECKING:
    from sim.inputs.roster import Roster

STEP = 4
"""Weeks between the start weeks that the search may choose."""
SECONDS = 30.0
GAP = 0.002
OBJECTIVES: Mapping[str, str] = {
    "qpr": "qpr_years",
    "reach": "reach",
    "practice": "practice",
    "equity": "qpr_years",
    "qpr-at-end": "qpr15",
}
"""What may be maximised, and the outcome of a team that it adds up (`packages.OUTCOMES`)."""


@dataclass(frozen=True)
class Offer:
    """What can be chosen, and what it takes.

    A package that is started is paid to its end: its *commitment* is the whole of what is funded,
    also where that lies after the time looked at. What goes on after funding has no end, and counts
    to the end of the time looked at.
    """

    packages: tuple[str, ...]  # Names of the packages
    trainer_days: np.ndarray  # Trainer-days in each week of a package, shape (packages, length)
    at_once: np.ndarray  # Most trainers that a session of a package needs, shape (packages,)
    # Planned direct cost of each week of a package in a team, shape (packages, teams, length).
    cost: np.ndarray
    capacity: Capacity  # Trainers and budget
    weeks: int  # Weeks looked at; `length` is at least as many
    # Week of the last session before boosters, at least 1, shape (packages,).
    core_weeks: np.ndarray
    funded_weeks: np.ndarray  # Week in which a package's funding ends, shape (packages,)
    # First week in which each team may start, -1 where it is left out, shape (teams,).
    earliest: np.ndarray
    # Planned staff time of each week, in GBP, as `cost`; empty where it is not asked for.
    time: np.ndarray = field(default_factory=lambda: np.zeros(0))
    rules: tuple[Rule, ...] = ()  # What a plan has to keep beside budget and trainers
    gone: int = 0  # Weeks that have gone: nothing starts in them
    begun: TeamPlan | None = None  # Teams that have started, which every plan keeps
    # Direct costs of the weeks gone, GBP; as planned where they are not known.
    spent: float | None = None

    @property
    def kept(self) -> np.ndarray:
        """Teams that have started, by number."""
        return np.flatnonzero(np.zeros(0) if self.begun is None else self.begun.package != NOTHING)

    @property
    def years(self) -> int:
        """Number of years begun within the time looked at."""
        return -(-self.weeks // WEEKS_PER_YEAR)

    @property
    def all_years(self) -> int:
        """Number of years in which anything started in time may still cost something."""
        return -(-(self.weeks + self.cost.shape[2]) // WEEKS_PER_YEAR)

    @property
    def yearly_budget(self) -> float:
        """Direct costs that may be planned in a year; infinite without a limit."""
        budget = self.capacity.budget_per_year
        return np.inf if budget is None else budget

    @property
    def whole_budget(self) -> float:
        """Direct costs that may be committed in all: a budget for every year begun."""
        return self.yearly_budget * self.years

    def starts(self, package: int) -> np.ndarray:
        """Return the start weeks from which the core training can be held in time.

        Every `STEP` weeks, and the weeks that the roster gives as a team's earliest.
        """
        last = self.weeks - int(self.core_weeks[package])
        own = self.earliest[(self.earliest >= 0) & (self.earliest <= last)]
        return np.union1d(np.arange(self.gone, last + 1, STEP), own)

    def load(self, package: int, start: int) -> np.ndarray:
        """Return trainer-days by week, to the end of the commitment, shape (all_years * 52,)."""
        return self._from(start, self.trainer_days[package])

    def money(self, package: int, team: int, start: int) -> np.ndarray:
        """Return committed direct cost by week, shape (all_years * 52,)."""
        lasts = max(int(self.funded_weeks[package]), self.weeks - start)
        return self._from(start, self.cost[package, team, :lasts])

    def staff_time(self, package: int, team: int, start: int) -> float:
        """Return the planned staff time of a start within the time looked at, GBP."""
        if not self.time.size:
            return 0.0
        return float(self.time[package, team, : self.weeks - start].sum())

    def spending(self, package: int, team: int, start: int) -> np.ndarray:
        """Return committed direct cost by year, shape (all_years,)."""
        return by_year(self.money(package, team, start))

    def needs(self, package: int, team: int, start: int) -> np.ndarray:
        """Return what a start takes of everything that `limits` limits."""
        return self.needs_with(self.trained(package, start), package, team, start)

    def needs_with(self, days: np.ndarray, package: int, team: int, start: int) -> np.ndarray:
        """Return `needs` where what trainers give is known, as it is the same in every team."""
        spending = self.spending(package, team, start)
        own = [rule.amount(package, team, start) for rule in self.rules]
        return np.concatenate([days, spending, [spending.sum()], own])

    def room(self, taken: np.ndarray, package: int, days: np.ndarray, team: int) -> np.ndarray:
        """Return the start weeks that trainers and budget leave room for, all looked at at once.

        Up to rounding: what is left is for `needs` to settle.

        Parameters
        ----------
        taken : numpy.ndarray
            What is taken of everything that `limits` limits.
        days : numpy.ndarray
            `trained` from every start week, shape (starts, ...).
        """
        left = self.limits() + SLACK - taken
        free = np.all(days <= left[: days.shape[1]], axis=1)
        starts = np.arange(len(days))
        paid = np.concatenate([[0.0], np.cumsum(self.cost[package, team])])
        lasts = np.maximum(int(self.funded_weeks[package]), self.weeks - starts)
        edges = WEEKS_PER_YEAR * np.arange(self.all_years + 1)
        until = paid[np.clip(edges[:, None] - starts, 0, lasts)]
        money = left[days.shape[1] : days.shape[1] + self.all_years + 1] * (1.0 + 1e-9) + 1e-6
        free &= np.all(np.diff(until, axis=0) <= money[:-1, None], axis=0)
        free &= until[-1] <= money[-1]
        free[: int(self.earliest[team])] = False
        return np.flatnonzero(free)

    def trained(self, package: int, start: int) -> np.ndarray:
        """Return what a start takes of trainers: days by week, then by year, as in `limits`."""
        load = self.load(package, start)
        return np.concatenate([load, by_year(load)])

    def taken(self) -> np.ndarray:
        """Return what teams that have started take of everything that `limits` limits.

        Money of the weeks gone is what was spent, where that is known: each year's planned part is
        scaled alike.
        """
        found = np.zeros(len(self.allowed()))
        planned = np.zeros(self.all_years * WEEKS_PER_YEAR)
        for team in self.kept:
            assert self.begun is not None
            package, start = int(self.begun.package[team]), int(self.begun.start[team])
            found += self.needs(package, int(team), start)
            planned += self.money(package, int(team), start)
        if self.spent is not None:
            planned[self.gone :] = 0.0
            so_far = by_year(planned)
            last = np.zeros(self.all_years)
            last[(self.gone - 1) // WEEKS_PER_YEAR] = 1.0
            share = so_far / so_far.sum() if so_far.sum() > 0.0 else last
            first = self.all_years * (WEEKS_PER_YEAR + 1)
            found[first : first + self.all_years] += share * self.spent - so_far
            found[first + self.all_years] += self.spent - so_far.sum()
        return found

    def limits(self) -> np.ndarray:
        """Return the limits of `allowed`; what has started is never above them."""
        allowed = self.allowed()
        return np.maximum(allowed, self.taken()) if len(self.kept) else allowed

    def allowed(self) -> np.ndarray:
        """Return the limits: trainer-days by week and year, money by year and in all, rules."""
        years = self.all_years
        return np.concatenate(
            [
                np.full(years * WEEKS_PER_YEAR, self.capacity.week_limit),
                np.full(years, self.capacity.year_limit),
                np.full(years, self.yearly_budget),
                [self.whole_budget],
                [rule.high for rule in self.rules],
            ]
        )

    def least(self) -> np.ndarray:
        """Return what has to be reached of everything that `limits` limits."""
        lows = np.array([rule.low for rule in self.rules])
        return np.concatenate([np.full(len(self.allowed()) - len(lows), -np.inf), lows])

    def staffed(self, package: int) -> bool:
        """Return whether there are trainers enough for every session of a package."""
        trainers = self.capacity.trainers
        return trainers is None or int(self.at_once[package]) <= trainers

    def _from(self, start: int, weekly: np.ndarray) -> np.ndarray:
        placed = np.zeros(self.all_years * WEEKS_PER_YEAR)
        placed[start : start + len(weekly)] = weekly
        return placed


def team_weights(roster: Roster, objective: str, equity_weight: float = 2.0) -> np.ndarray:
    """Return how much a point in each team counts, shape (teams,).

    Everybody on the books counts once. Under ``equity`` those of the group that the roster's share
    column counts are weighted by `equity_weight`: a stated priority, never a modelled difference in
    effect.

    Raises
    ------
    InputError
        For an unknown objective or a weight out of range.
    """
    if objective not in OBJECTIVES:
        raise unknown("objective", objective, OBJECTIVES)
    if not 0.0 < equity_weight <= 100.0:
        raise InputError(f"equity-weight = {equity_weight:g}: must be above 0 and at most 100")
    caseload = np.array([row.caseload for row in roster.rows], float)
    if objective != "equity":
        return caseload
    share = np.array([row.share_black for row in roster.rows])
    return caseload * (1.0 + (equity_weight - 1.0) * share)


def over_starts(anchors: np.ndarray, values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return values at start weeks, on straight lines between the simulated ones.

    Parameters
    ----------
    anchors : numpy.ndarray
        Simulated start weeks, ascending, shape (anchors,).
    values : numpy.ndarray
        Shape (anchors, teams).
    starts : numpy.ndarray
        Shape (starts,).

    Returns
    -------
    numpy.ndarray
        Shape (starts, teams).
    """
    columns = [np.interp(starts, anchors, values[:, team]) for team in range(values.shape[1])]
    return np.column_stack(columns)


def solved_plan(
    offer: Offer, benefit: Sequence[np.ndarray], name: str = "search"
) -> tuple[TeamPlan, float]:
    """Choose the plan with the largest sum of benefits within the limits.

    Parameters
    ----------
    offer : Offer
        What can be chosen.
    benefit : sequence of numpy.ndarray
        Weighted benefit of each package by start week and team, shape (starts, teams) each.
    name : str
        Name of the plan.

    Returns
    -------
    tuple
        The plan, and how far at most it is below the best one, as a share of its value. Nobody
        gets anything where nothing helps or nothing can be paid.

    Raises
    ------
    InputError
        When no plan keeps all conditions.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    teams = offer.cost.shape[1]
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    entries: list[np.ndarray] = []
    gains: list[float] = []
    choices: list[tuple[int, int, int]] = []
    musts = any(rule.low > 0.0 for rule in offer.rules)
    gap = 0.0
    for package in range(len(offer.packages)):
        if not offer.staffed(package):
            continue
        for place, start in enumerate(offer.starts(package)):
            days = offer.trained(package, int(start))
            for team in range(teams):
                gain = float(benefit[package][place, team])
                if (gain <= 0.0 and not musts) or not 0 <= offer.earliest[team] <= start:
                    continue
                column = offer.needs_with(days, package, team, int(start))
                used = np.flatnonzero(column)
                rows.append(np.append(used + teams, team))
                columns.append(np.full(len(used) + 1, len(gains)))
                entries.append(np.append(column[used], 1.0))
                gains.append(gain)
                choices.append((package, team, int(start)))
    package_of, start_of = started(offer)
    if gains:
        taken_before = offer.taken()
        most = np.concatenate([np.ones(teams), offer.limits() - taken_before])
        least = np.concatenate([np.full(teams, -np.inf), offer.least() - taken_before])
        matrix = coo_array(
            (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))),
            shape=(len(most), len(gains)),
        ).tocsr()
        bound = np.isfinite(most) | np.isfinite(least)
        scale = max(np.abs(gains).max(), 1e-12)
        with silent():
            found = milp(
                -np.array(gains) / scale,
                integrality=np.ones(len(gains)),
                bounds=Bounds(0, 1),
                constraints=LinearConstraint(
                    matrix[np.flatnonzero(bound)], lb=least[bound], ub=most[bound]
                ),
                options={"time_limit": SECONDS, "mip_rel_gap": GAP},
            )
        if found.x is None and musts:
            raise cannot_keep(offer)
        gap = 0.0 if found.mip_gap is None else float(found.mip_gap)
        taken = np.zeros(0, int) if found.x is None else np.flatnonzero(found.x > 0.5)
        for number in taken:
            package, team, start = choices[number]
            package_of[team], start_of[team] = package, start
    elif musts and broken(offer.rules, TeamPlan(name, package_of, start_of)):
        raise cannot_keep(offer)
    return TeamPlan(name, package_of, start_of), gap


def started(offer: Offer) -> tuple[np.ndarray, np.ndarray]:
    """Return package and start week of every team that has started, -1 for the others."""
    if offer.begun is None:
        nobody = np.full(offer.cost.shape[1], NOTHING)
        return nobody, nobody.copy()
    return offer.begun.package.copy(), offer.begun.start.copy()


def cannot_keep(offer: Offer) -> InputError:
    """Return the refusal of conditions that no plan keeps."""
    wanted = "; ".join(rule.words for rule in offer.rules if rule.low > 0.0)
    return InputError(
        f"setting: plan: no plan keeps all of it within budget and trainers: {wanted}. Ask for "
        "less, or give more"
    )


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Keep a library written in another language from printing among our data."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def rule_plan(offer: Offer, order: np.ndarray, package: int, name: str) -> TeamPlan:
    """Give one package to teams in a given order, each as early as the limits allow.

    A team that cannot be trained in time, or paid, is passed over, and the next one tried.
    """
    package_of, start_of = started(offer)
    limits = offer.limits() + SLACK
    taken = offer.taken()
    last = offer.weeks - int(offer.core_weeks[package])
    days = np.array([offer.trained(package, start) for start in range(last + 1)])
    for team in order if offer.staffed(package) and last >= 0 else ():
        if offer.earliest[team] < 0:
            continue
        for start in offer.room(taken, package, days, int(team)):
            needs = offer.needs(package, int(team), int(start))
            if np.all(taken + needs <= limits):
                taken += needs
                package_of[team], start_of[team] = package, int(start)
                break
    return TeamPlan(name, package_of, start_of)


def use_of(offer: Offer, plan: TeamPlan) -> tuple[np.ndarray, np.ndarray]:
    """Return trainer-days and committed direct cost of a plan by week, to the end of both."""
    load = np.zeros(offer.all_years * WEEKS_PER_YEAR)
    money = np.zeros_like(load)
    for team in np.flatnonzero(plan.package != NOTHING):
        package, start = int(plan.package[team]), int(plan.start[team])
        load += offer.load(package, start)
        money += offer.money(package, int(team), start)
    return load, money


def within(offer: Offer, plan: TeamPlan) -> bool:
    """Return whether a plan keeps all limits."""
    load, money = use_of(offer, plan)
    used = np.concatenate([load, by_year(load), by_year(money), [money.sum()]])
    if offer.spent is not None:
        planned = replace(offer, spent=None).taken()[: len(used)]
        used = used - planned + offer.taken()[: len(used)]
    limits = offer.limits()[: len(used)]
    return bool(np.all(used <= limits * (1.0 + 1e-6) + 1e-6)) and not broken(offer.rules, plan)


def obstacle(offer: Offer, package: int) -> str:
    """Return why no team at all can have a package; empty where one can."""
    limits = offer.capacity
    last = offer.weeks - int(offer.core_weeks[package])
    if last < 0:
        return (
            f"its core training takes {offer.core_weeks[package]} weeks, and {offer.weeks} are "
            "looked at"
        )
    if not offer.staffed(package):
        return (
            f"trainers = {limits.trainers}: a session needs {offer.at_once[package]} trainers at "
            "the same time"
        )
    teams = np.flatnonzero((offer.earliest >= 0) & (offer.earliest <= last))
    if not len(teams):
        return "no team may start early enough for its core training to end in time"
    starts = range(int(offer.earliest[teams].min()), last + 1)
    loads = [offer.load(package, start) for start in starts]
    if not any(
        load.max() <= limits.week_limit + SLACK and by_year(load).max() <= limits.year_limit + SLACK
        for load in loads
    ):
        return (
            f"trainers = {limits.trainers}: it takes {loads[0].sum():g} trainer-days in one team, "
            f"and they give {limits.year_limit:g} a year and {limits.week_limit:g} a week"
        )
    if not any(payable(offer, package, int(team)) for team in teams):
        if limits.budget_per_year == 0.0:
            return "the budget is 0"
        cost = whole_cost(offer, package)[teams].min()
        return (
            f"the cheapest team is planned to cost {cost:,.0f} in direct costs, above a budget of "
            f"{limits.budget_per_year:,.0f} a year and {offer.whole_budget:,.0f} in all"
        )
    return ""


def payable(offer: Offer, package: int, team: int) -> bool:
    """Return whether the budget would pay for one team alone, from any week it may start in."""
    if not np.isfinite(offer.yearly_budget):
        return True
    last = offer.weeks - int(offer.core_weeks[package])
    for start in range(int(offer.earliest[team]), last + 1):
        spending = offer.spending(package, team, start)
        if spending.max() <= offer.yearly_budget and spending.sum() <= offer.whole_budget:
            return True
    return False


def whole_cost(offer: Offer, package: int) -> np.ndarray:
    """Return the planned direct cost of a package to the end of its funding, shape (teams,)."""
    funded = int(offer.funded_weeks[package])
    return np.asarray(offer.cost[package, :, :funded].sum(axis=1))
