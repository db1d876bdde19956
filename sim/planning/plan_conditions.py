"""What a plan has to keep beside budget and trainers: ceilings and musts of trusts, fair reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, nearest
from sim.planning.plain_numbers import in_figures
from sim.planning.plan_rules import Rule
from sim.planning.plan_search import Offer
from sim.reading.numbers import number_value, whole_value
from sim.reading.toml_text import check_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.inputs.roster import Roster

FIELDS = ("costs", "equity_reach", "trusts")
TRUST_FIELDS = ("trust", "most_teams", "least_teams", "start_by_week", "budget_per_year")
COSTS = ("cash", "cash and staff time")


@dataclass(frozen=True)
class TrustCondition:
    """What holds for one trust."""

    trust: str
    # Teams that may start, and that have to.
    most_teams: int | None = None
    least_teams: int | None = None
    # Week by which `least_teams` have to start; the whole time when None.
    start_by_week: int | None = None
    budget_per_year: float | None = None  # Most cash in a year, GBP


@dataclass(frozen=True)
class Conditions:
    """What a plan has to keep."""

    trusts: tuple[TrustCondition, ...] = ()
    # Least share of person-time with a trained worker in the group of the roster's share column.
    equity_reach: float | None = None
    staff_time: bool = False  # Whether staff time counts against the yearly budget, beside cash


def conditions_from(where: str, table: Any) -> Conditions:
    """Read the conditions of a setting.

    Raises
    ------
    InputError
        For an unknown field, a number out of range, or a must that passes its ceiling.
    """
    if not isinstance(table, dict):
        raise InputError(f"{where}: plan: must be a table, headed [plan]")
    check_fields(f"{where}: plan", table, FIELDS)
    costs = table.get("costs", COSTS[0])
    if costs not in COSTS:
        raise InputError(f"{where}: plan: costs = '{costs}': must be one of {', '.join(COSTS)}")
    share = table.get("equity_reach")
    if share is not None:
        share = number_value(f"{where}: plan: equity_reach", share, 0.0, 1.0)
    given = table.get("trusts", [])
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise InputError(f"{where}: plan: trusts: must be tables, each headed [[plan.trusts]]")
    return Conditions(
        tuple(_trust(f"{where}: plan: trust {at}", one) for at, one in enumerate(given, 1)),
        share,
        costs == COSTS[1],
    )


def _trust(where: str, table: Mapping[str, Any]) -> TrustCondition:
    check_fields(where, table, TRUST_FIELDS)
    name = table.get("trust")
    if not isinstance(name, str):
        raise InputError(f'{where}: its name is missing: trust = "..."')
    whole = {
        one: whole_value(f"{where}: {one}", table[one], 0, 10_000)
        for one in ("most_teams", "least_teams", "start_by_week")
        if one in table
    }
    if whole.get("least_teams", 0) > whole.get("most_teams", 10_000):
        raise InputError(
            f"{where}: least_teams = {whole['least_teams']}: is above most_teams = "
            f"{whole['most_teams']}"
        )
    if "start_by_week" in whole and "least_teams" not in whole:
        whole["least_teams"] = 1
    budget = table.get("budget_per_year")
    if budget is not None:
        budget = number_value(f"{where}: budget_per_year", budget, 0.0, 1e10)
    return TrustCondition(name, budget_per_year=budget, **whole)


def trust_rules(conditions: Conditions, roster: Roster, offer: Offer) -> list[Rule]:
    """Return the conditions of trusts as linear rules.

    Raises
    ------
    InputError
        For a trust that the roster does not have, with the nearest that it has.
    """
    trusts = [row.trust for row in roster.rows]
    found: list[Rule] = []
    for one in conditions.trusts:
        if one.trust not in trusts:
            hint = nearest(one.trust, sorted(set(trusts)))
            raise InputError(f"setting: plan: trust '{one.trust}': is not in the roster{hint}")
        member = np.array([trust == one.trust for trust in trusts])
        if one.most_teams is not None:
            found.append(
                Rule(
                    f"at most {in_figures(one.most_teams, 'team')} of '{one.trust}' start",
                    -np.inf,
                    float(one.most_teams),
                    _counts(member, offer.weeks),
                )
            )
        if one.least_teams:
            by = offer.weeks if one.start_by_week is None else one.start_by_week
            found.append(
                Rule(
                    f"at least {in_figures(one.least_teams, 'team')} of '{one.trust}' start by "
                    f"week {by}",
                    float(one.least_teams),
                    np.inf,
                    _counts(member, by),
                )
            )
        if one.budget_per_year is not None:
            found += [
                Rule(
                    f"'{one.trust}' spends at most {one.budget_per_year:,.0f} GBP in any year",
                    -np.inf,
                    one.budget_per_year,
                    _spends(member, offer, year),
                )
                for year in range(offer.all_years)
            ]
    return found


def _counts(member: np.ndarray, by: int) -> Callable[[int, int, int], float]:
    return lambda package, team, start: float(member[team] and start <= by)


def _spends(member: np.ndarray, offer: Offer, year: int) -> Callable[[int, int, int], float]:
    return lambda package, team, start: (
        float(offer.spending(package, team, start)[year]) if member[team] else 0.0
    )


def equity_rule(
    conditions: Conditions, roster: Roster, offer: Offer, reach: Sequence[np.ndarray]
) -> list[Rule]:
    """Return the least reach in the group of the roster's share column, as a rule or as none.

    Parameters
    ----------
    reach : sequence of numpy.ndarray
        Expected reach of each package by start week of `Offer.starts` and team.
    """
    if conditions.equity_reach is None:
        return []
    people = np.array([row.caseload * row.share_black for row in roster.rows])
    begun = np.isin(np.arange(len(people)), offer.kept)
    people = np.where((offer.earliest >= 0) | begun, people, 0.0)

    def amount(package: int, team: int, start: int) -> float:
        column = reach[package][:, team]
        return float(people[team] * np.interp(start, offer.starts(package), column))

    return [
        Rule(
            f"black service users have a trained worker in {conditions.equity_reach:.0%} of their "
            "time or more",
            float(conditions.equity_reach * people.sum()),
            np.inf,
            amount,
        )
    ]


def musts_first(conditions: Conditions, roster: Roster, order: np.ndarray) -> np.ndarray:
    """Return an order of teams in which those that have to start come first, else as it was."""
    trusts = [row.trust for row in roster.rows]
    first: list[int] = []
    for one in conditions.trusts:
        own = [int(team) for team in order if trusts[int(team)] == one.trust]
        first += own[: one.least_teams or 0]
    return np.array([*first, *(int(team) for team in order if int(team) not in first)])


NONE = Conditions()
"""Nothing beside budget and trainers."""
