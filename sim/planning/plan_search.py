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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError, unknown
from sim.planning.packages import NOTHING, TeamPlan
from sim.planning.resources import WEEKS_PER_YEAR
from sim.planning.trainers import SLACK, Capacity

if TYPE_CHECKING:
    from sim.roster import Roster

STEP = 4
"""Weeks between the start weeks that the search may choose."""
SECONDS = 30.0
GAP = 0.002
OBJECTIVES = ("qpr", "reach", "equity")


@dataclass(frozen=True)
class Offer:
    """What can be chosen, and what it takes.

    Attributes
    ----------
    packages : tuple of str
        Names of the packages.
    trainer_days : numpy.ndarray
        Trainer-days in each week of a package, shape (packages, weeks).
    at_once : numpy.ndarray
        Most trainers that a session of a package needs, shape (packages,).
    cost : numpy.ndarray
        Planned direct cost of each week of a package in a team, shape (packages, teams, weeks).
    capacity : Capacity
        Trainers and budget.
    weeks : int
        Weeks looked at.
    """

    packages: tuple[str, ...]
    trainer_days: np.ndarray
    at_once: np.ndarray
    cost: np.ndarray
    capacity: Capacity
    weeks: int

    @property
    def years(self) -> int:
        """Number of years begun."""
        return -(-self.weeks // WEEKS_PER_YEAR)

    def training_weeks(self, package: int) -> int:
        """Return the week of a package's last session, at least 1."""
        busy = np.flatnonzero(self.trainer_days[package] > 0.0)
        return int(busy[-1]) + 1 if len(busy) else 1

    def starts(self, package: int) -> np.ndarray:
        """Return the start weeks from which all sessions of a package can be held in time."""
        last = self.weeks - self.training_weeks(package)
        return np.arange(0, last + 1, STEP)

    def load(self, package: int, start: int) -> np.ndarray:
        """Return trainer-days by simulated week, shape (weeks,)."""
        load = np.zeros(self.weeks)
        load[start:] = self.trainer_days[package, : self.weeks - start]
        return load

    def spending(self, package: int, team: int, start: int) -> np.ndarray:
        """Return planned direct cost by year, shape (years,)."""
        year = np.arange(start, self.weeks) // WEEKS_PER_YEAR
        return np.bincount(year, self.cost[package, team, : self.weeks - start], self.years)


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


def best_plan(offer: Offer, benefit: Sequence[np.ndarray], name: str = "search") -> TeamPlan:
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
    TeamPlan
        Nobody gets anything where nothing helps or nothing can be paid.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    teams = offer.cost.shape[1]
    limits = offer.capacity
    rows: list[np.ndarray] = []
    columns: list[np.ndarray] = []
    entries: list[np.ndarray] = []
    gains: list[float] = []
    choices: list[tuple[int, int, int]] = []
    weekly, yearly_days = offer.weeks, offer.years
    for package in range(len(offer.packages)):
        if limits.trainers is not None and offer.at_once[package] > limits.trainers:
            continue
        for place, start in enumerate(offer.starts(package)):
            load = offer.load(package, int(start))
            by_year = load_by_year(load)
            for team in range(teams):
                gain = float(benefit[package][place, team])
                if gain <= 0.0:
                    continue
                spending = offer.spending(package, team, int(start))
                column = np.concatenate([load, by_year, spending])
                used = np.flatnonzero(column)
                rows.append(np.append(used + teams, team))
                columns.append(np.full(len(used) + 1, len(gains)))
                entries.append(np.append(column[used], 1.0))
                gains.append(gain)
                choices.append((package, team, int(start)))
    package_of = np.full(teams, NOTHING)
    start_of = np.full(teams, NOTHING)
    if gains:
        most = np.concatenate(
            [
                np.ones(teams),
                np.full(weekly, limits.week_limit),
                np.full(yearly_days, limits.year_limit),
                np.full(
                    offer.years,
                    np.inf if limits.budget_per_year is None else limits.budget_per_year,
                ),
            ]
        )
        matrix = coo_array(
            (np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))),
            shape=(len(most), len(gains)),
        ).tocsr()
        bound = np.isfinite(most)
        scale = max(gains)
        with silent():
            found = milp(
                -np.array(gains) / scale,
                integrality=np.ones(len(gains)),
                bounds=Bounds(0, 1),
                constraints=LinearConstraint(matrix[np.flatnonzero(bound)], ub=most[bound]),
                options={"time_limit": SECONDS, "mip_rel_gap": GAP},
            )
        taken = np.zeros(0, int) if found.x is None else np.flatnonzero(found.x > 0.5)
        for number in taken:
            package, team, start = choices[number]
            package_of[team], start_of[team] = package, start
    return TeamPlan(name, package_of, start_of)


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


def load_by_year(load: np.ndarray) -> np.ndarray:
    """Return weekly trainer-days summed over years."""
    return np.add.reduceat(load, np.arange(0, len(load), WEEKS_PER_YEAR))


def rule_plan(offer: Offer, order: np.ndarray, package: int, name: str) -> TeamPlan:
    """Give one package to teams in a given order, each as early as the limits allow.

    A team that cannot be trained in time is passed over, and the next one tried.
    """
    from sim.planning.trainers import queue

    given = queue(
        np.zeros(len(order), np.int64),
        offer.trainer_days[package],
        offer.cost[package][order],
        offer.capacity,
        offer.weeks,
        int(offer.at_once[package]),
    ).given
    start = np.full(len(order), NOTHING)
    start[order] = given
    return TeamPlan(name, np.where(start >= 0, package, NOTHING), start)


def use_of(offer: Offer, plan: TeamPlan) -> tuple[np.ndarray, np.ndarray]:
    """Return trainer-days by week and planned direct cost by year of a plan."""
    load, spent = np.zeros(offer.weeks), np.zeros(offer.years)
    for team in np.flatnonzero(plan.package != NOTHING):
        package, start = int(plan.package[team]), int(plan.start[team])
        load += offer.load(package, start)
        spent += offer.spending(package, int(team), start)
    return load, spent


def within(offer: Offer, plan: TeamPlan) -> bool:
    """Return whether a plan keeps all limits."""
    load, spent = use_of(offer, plan)
    limits = offer.capacity
    budget = np.inf if limits.budget_per_year is None else limits.budget_per_year
    return bool(
        np.all(load <= limits.week_limit + 1e-6)
        and np.all(load_by_year(load) <= limits.year_limit + 1e-6)
        and np.all(spent <= budget * (1.0 + 1e-6) + SLACK)
    )
