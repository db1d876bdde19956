"""Trainers as a queue: start weeks that trainers, working days and budget allow.

Teams come in the order of the weeks they were to start in, those of the same week in the order of
the roster. Each starts in the first week from then on in which all its sessions can be held. A team
never waits so long that its training could not end within the horizon: it then does not start at
all. Boosters may fall after the horizon, where nothing is held or counted: a team is trained
without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import InputError
from sim.planning.resources import WEEKS_PER_YEAR

WORKING_DAYS = 5.0
SLACK = 1e-9


@dataclass(frozen=True)
class Capacity:
    """What is there to deliver with."""

    trainers: int | None = None  # Trainers who can work at the same time; None for no limit
    # Days of sessions that each of them gives in a year; preparation and travel come on top.
    days_per_year: float = 100.0
    # Direct costs that may be planned in a year; None for no limit.
    budget_per_year: float | None = None

    @property
    def week_limit(self) -> float:
        """Trainer-days in a week."""
        return np.inf if self.trainers is None else self.trainers * WORKING_DAYS

    @property
    def year_limit(self) -> float:
        """Trainer-days in a year."""
        return np.inf if self.trainers is None else self.trainers * self.days_per_year


@dataclass(frozen=True)
class Starts:
    """When teams start."""

    # Weeks of usual care before each team's programme as wished and as the queue allows; -1 for
    # never. Shape (teams,).
    wished: np.ndarray
    given: np.ndarray
    reasons: tuple[str, ...]  # Why a team waits or does not start; empty where it starts as wished

    @property
    def waits(self) -> np.ndarray:
        """Weeks that each team waits; NaN for one that never starts, or was never to."""
        fine = (self.wished >= 0) & (self.given >= 0)
        return np.where(fine, self.given - self.wished, np.nan).astype(float)


def queue(
    wished: np.ndarray,
    trainer_days: np.ndarray,
    direct_cost: np.ndarray,
    capacity: Capacity,
    weeks: int,
    at_once: int = 0,
    training_weeks: int | None = None,
    any_order: bool = False,
    other_days: np.ndarray | None = None,
) -> Starts:
    """Return when teams can start.

    Parameters
    ----------
    wished : numpy.ndarray
        Weeks in which teams were to start, -1 for never, shape (teams,).
    trainer_days : numpy.ndarray
        Trainer-days in each week of a team's programme, shape (weeks,): the same for all.
    direct_cost : numpy.ndarray
        Planned direct cost in each week of the programme, shape (teams, weeks).
    capacity : Capacity
        Limits.
    weeks : int
        Weeks simulated.
    at_once : int
        Most trainers that a session needs.
    training_weeks : int, optional
        Weeks of a programme within which its training ends; the last week with a trainer when not
        given.
    any_order : bool
        Whether it is decided later, world by world, which team has which of the weeks found here.
        Costs and other days of a year are then those of the way to hand the weeks out that takes
        most.
    other_days : numpy.ndarray, optional
        Trainer-days beside the sessions in each week of the programme, shape (teams, weeks): they
        count among the days of the year, but wait for no free week.

    Returns
    -------
    Starts
        No week holds more trainer-days in sessions than trainers work, no year (of 52 weeks) more
        trainer-days of either kind than they give, and no year plans more direct cost than its
        budget.
    """
    wished = np.asarray(wished, np.int64)
    given = np.full(len(wished), -1, np.int64)
    reasons = [""] * len(wished)
    years = -(-weeks // WEEKS_PER_YEAR)
    of_year = np.arange(weeks) // WEEKS_PER_YEAR
    week_load, year_load = np.zeros(weeks), np.zeros(years)
    busy = np.flatnonzero(trainer_days > 0.0)
    training = training_weeks
    if training is None:
        training = int(busy[-1]) + 1 if len(busy) else 1
    teams = np.flatnonzero(wished >= 0)
    spending = _ByYear(direct_cost, teams, weeks, any_order)
    others = np.zeros_like(direct_cost) if other_days is None else other_days
    beside = _ByYear(others, teams, weeks, any_order)
    limit = np.inf if capacity.budget_per_year is None else capacity.budget_per_year
    for team in sorted(np.flatnonzero(wished >= 0), key=lambda one: (wished[one], one)):
        first = int(wished[team])
        if first >= weeks:
            reasons[team] = f"was to start in week {first}, after the {weeks} weeks looked at"
            continue
        if capacity.trainers is not None and at_once > capacity.trainers:
            reasons[team] = (
                f"a session needs {at_once} trainers at once, and there are {capacity.trainers}"
            )
            continue
        blocked: set[str] = set()
        for start in range(first, weeks):
            if start > first and start + training > weeks:
                break
            at = start + busy[busy + start < weeks]
            need = trainer_days[at - start]
            in_year = np.bincount(of_year[at], need, years)
            spent, added = spending.with_team(int(team), start)
            other, other_added = beside.with_team(int(team), start)
            taken = in_year + other_added
            if np.any(week_load[at] + need > capacity.week_limit + SLACK):
                blocked.add("trainers are busy")
            elif np.any((taken > 0) & (year_load + in_year + other > capacity.year_limit + SLACK)):
                blocked.add("trainers have given their days of the year")
            elif np.any((added > SLACK) & (spent > limit + SLACK)):
                blocked.add("the year's budget is spent")
            else:
                given[team] = start
                week_load[at] += need
                year_load += in_year
                spending.keep(int(team), start)
                beside.keep(int(team), start)
                break
        why = " and ".join(sorted(blocked))
        if given[team] < 0:
            reasons[team] = f"cannot be trained within the {weeks} weeks: {why}"
        elif given[team] > first:
            reasons[team] = f"waits {int(given[team]) - first} weeks: {why}"
    return Starts(wished, given, tuple(reasons))


class _ByYear:
    """What the starts given so far take in each year, and with one more: money, or days."""

    def __init__(self, weekly: np.ndarray, teams: np.ndarray, weeks: int, any_order: bool) -> None:
        self.weekly, self.teams, self.weeks, self.any_order = weekly, teams, weeks, any_order
        self.years = -(-weeks // WEEKS_PER_YEAR)
        self.known: dict[int, np.ndarray] = {}
        self.sum = np.zeros(self.years)
        self.slots: list[np.ndarray] = []

    def of_start(self, start: int) -> np.ndarray:
        """Return what every team would take in each year from a start week, (teams, years)."""
        if start not in self.known:
            shifted = np.zeros((len(self.weekly), self.years * WEEKS_PER_YEAR))
            shifted[:, start : self.weeks] = self.weekly[:, : self.weeks - start]
            by_year = shifted.reshape(len(self.weekly), self.years, WEEKS_PER_YEAR).sum(axis=2)
            self.known[start] = by_year
        return self.known[start]

    def with_team(self, team: int, start: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the sum by year with one more team, and what it adds."""
        own = self.of_start(start)
        if self.any_order:
            whole = dearest([*self.slots, own[self.teams]])
            return whole, own[self.teams].max(axis=0)
        return self.sum + own[team], own[team]

    def keep(self, team: int, start: int) -> None:
        """Count a team's start."""
        own = self.of_start(start)
        self.sum = self.sum + own[team]
        self.slots.append(own[self.teams])


def dearest(slots: Sequence[np.ndarray]) -> np.ndarray:
    """Return the most that any way of giving places to different teams costs, year by year.

    Parameters
    ----------
    slots : sequence of (teams, years) arrays
        What each team would cost in each place; no more places than teams.

    Returns
    -------
    numpy.ndarray
        Shape (years,): the optimum of an assignment problem for each year on its own.
    """
    from scipy.optimize import linear_sum_assignment

    found = np.stack(slots)
    years = found.shape[2]
    most = np.zeros(years)
    for year in range(years):
        costs = found[:, :, year]
        if np.ptp(costs, axis=1).max() == 0.0:
            most[year] = costs[:, 0].sum()
        else:
            most[year] = costs[linear_sum_assignment(costs, maximize=True)].sum()
    return most


def check_capacity(capacity: Capacity) -> Capacity:
    """Return limits that make sense, or refuse them by name."""
    if capacity.trainers is not None and not 0 <= capacity.trainers <= 1000:
        raise InputError(f"trainers = {capacity.trainers}: must be a whole number in [0, 1000]")
    if not 0.0 < capacity.days_per_year <= 260.0:
        raise InputError(
            f"trainer_days_per_year = {capacity.days_per_year:g}: must be in (0, 260] (days)"
        )
    if capacity.budget_per_year is not None and capacity.budget_per_year < 0.0:
        raise InputError(f"budget_per_year = {capacity.budget_per_year:g}: must not be negative")
    return capacity
