"""A rollout as a folder keeps it: its teams, who gets what from when, and how far it is.

A plan and an update leave the same three files: `roster.csv` (teams), `plan.csv` (who gets what
from when, which may be changed to what happened), `rollout.json` (packages, horizon, weeks gone).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import numpy as np

from sim.errors import InputError, nearest
from sim.inputs.registers import read_planned
from sim.inputs.roster import read_roster_csv, roster_text
from sim.inputs.roster.columns import limits_of
from sim.planning.packages import NOTHING, TeamPlan, as_package
from sim.planning.plain_numbers import counted
from sim.scenarios.library import load_scenario, scenario_from

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.scenarios.schema import Scenario

NO_FURTHER = "no further team"
"""The plan beside all others: what has started goes on, and nothing more does."""
FACTS, PLAN, TEAMS = "rollout.json", "plan.csv", "roster.csv"
LONGEST = 1040


@dataclass(frozen=True)
class Rollout:
    """Who gets what from when, and how far it is."""

    packages: tuple[Scenario, ...]  # What teams get
    roster: Roster
    plan: TeamPlan
    gone: int  # Weeks gone; nothing new starts in them
    horizon: int  # Weeks looked at when it began
    start_date: date | None = None  # First day of the first week
    spent: float | None = None  # Direct costs so far, GBP; as planned where they are not known
    source: str = ""  # Name of the folder
    # Turnover of teams relative to the model's, as what was observed moved it; `roster` has that of
    # the start, so that an update of the whole time counts nothing twice.
    turnover: Mapping[str, float] = field(default_factory=dict)

    @property
    def begun(self) -> list[tuple[str, Scenario, int]]:
        """Team, package and start week of what has started."""
        return [
            (row.team, self.packages[package], int(start))
            for row, package, start in zip(
                self.roster.rows, self.plan.package, self.plan.start, strict=True
            )
            if package != NOTHING and start < self.gone
        ]

    def begun_in(self, roster: Roster, packages: Sequence[str]) -> TeamPlan:
        """Return the teams that have started as a plan over a roster and packages by name.

        Raises
        ------
        InputError
            For a team that is not in the roster.
        """
        names = [row.team for row in roster.rows]
        package = np.full(len(names), NOTHING)
        start = package.copy()
        for team, own, week in self.begun:
            if team not in names:
                raise InputError(
                    f"from '{self.source}': team '{team}' has started, and is not in the roster"
                    f"{nearest(team, names)}"
                )
            at = names.index(team)
            package[at], start[at] = packages.index(own.name), week
        return TeamPlan(NO_FURTHER, package, start)


def with_turnover(roster: Roster, turnover: Mapping[str, float]) -> Roster:
    """Return a roster with another turnover of some teams, relative to the model's, by name."""
    rows = tuple(
        replace(row, turnover_multiplier=turnover.get(row.team, row.turnover_multiplier))
        for row in roster.rows
    )
    moved = sum(row.team in turnover for row in rows)
    note = (
        f"turnover_multiplier: as moved by leavers that were counted, in {counted(moved, 'team')}"
    )
    return replace(roster, rows=rows, notes=(*roster.notes, *([note] if moved else [])))


def rollout_files(
    packages: Sequence[Scenario],
    roster: Roster,
    gone: int,
    horizon: int,
    start: date | None,
    turnover: Mapping[str, float] | None = None,
) -> dict[str, str]:
    """Return the files that `read_rollout` reads beside `plan.csv`, by name."""
    facts = {
        "what": "what 'refocus update --plan' and 'refocus plan --from' need of this folder, "
        f"beside {PLAN} and {TEAMS}",
        "weeks_gone": gone,
        "horizon": horizon,
        "start_date": None if start is None else str(start),
        "packages": {
            one.name: one.model_dump(mode="json", exclude={"name"}, exclude_none=True)
            for one in packages
        },
        "roster": {"source": roster.source, "notes": list(roster.notes)},
        "turnover": dict(turnover or {}),
    }
    return {TEAMS: roster_text(roster), FACTS: json.dumps(facts, indent=1) + "\n"}


def read_rollout(option: str, folder: str | Path, roster: Roster | None = None) -> Rollout:
    """Read what a plan or an update left in its folder.

    Parameters
    ----------
    option : str
        What the user named it with, for messages.
    folder : path
    roster : Roster, optional
        The teams, where they are not those of the folder.

    Raises
    ------
    InputError
        When the folder holds no rollout, or one that was changed by hand into what cannot be.
    """
    where, place = f"{option} '{folder}'", Path(folder)
    try:
        found: Any = json.loads((place / FACTS).read_text(encoding="utf-8"))
        gone, horizon = int(found["weeks_gone"]), int(found["horizon"])
        day = None if found["start_date"] is None else date.fromisoformat(found["start_date"])
        packages = {str(name): scenario_from(one, name) for name, one in found["packages"].items()}
        notes = tuple(str(one) for one in found["roster"]["notes"])
        source = str(found["roster"]["source"])
        # Accents in one coding, as names of a table have them.
        turnover = {
            normalize("NFC", str(one)): float(factor)
            for one, factor in found.get("turnover", {}).items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise InputError(
            f"{where}: is no folder that 'refocus plan' or 'refocus update' left; it lacks "
            f"{FACTS}, or that says nothing of a rollout"
        ) from None
    if not 0 <= gone <= horizon <= LONGEST or horizon < 1:
        raise InputError(f"{where}: {FACTS}: weeks gone and horizon do not go together; make anew")
    low, high = limits_of("turnover_multiplier")
    for team, factor in turnover.items():
        if not low <= factor <= high:
            raise InputError(
                f"{where}: {FACTS}: turnover of '{team}' = {factor:g}: must lie in "
                f"[{low:g}, {high:g}]"
            )
    if roster is not None:
        # Teams that are given anew have the turnover that is given.
        turnover = {}
    else:
        roster = replace(read_roster_csv(place / TEAMS), notes=notes, source=source, told=())
        names = [row.team for row in roster.rows]
        for team in turnover:
            if team not in names:
                raise InputError(
                    f"{where}: {FACTS}: turnover of '{team}': is not in {TEAMS}"
                    f"{nearest(team, names)}; give the teams anew (--roster)"
                )
    own, plan = read_plan(place / PLAN, roster, horizon, day, packages)
    return Rollout(own, roster, plan, gone, horizon, day, source=place.name, turnover=turnover)


def read_plan(
    file: str | Path,
    roster: Roster,
    weeks: int,
    start_date: date | None = None,
    known: Mapping[str, Scenario] | None = None,
) -> tuple[tuple[Scenario, ...], TeamPlan]:
    """Read who gets what from when.

    Parameters
    ----------
    file : path or str
        A plan's ``plan.csv`` or one of the user's own.
    roster : Roster
        Teams.
    weeks : int
        Weeks looked at; a team that starts after them does not start.
    start_date : date, optional
        First day, where the file has dates.
    known : mapping, optional
        Packages by name; others are those of the library, or files.

    Returns
    -------
    tuple
        Packages that any team gets, and the plan over them.

    Raises
    ------
    InputError
        For a line that breaks a rule, and a plan that starts nobody.
    """
    rows, where = read_planned(file, roster, start_date)
    packages: dict[str, Scenario] = {}
    problems = []
    package = np.full(len(roster.rows), NOTHING)
    start = package.copy()
    for row in rows:
        try:
            if row.package not in packages:
                given = (known or {}).get(row.package) or load_scenario(row.package)
                packages[row.package] = as_package(given, weeks)
        except InputError as error:
            problems.append(f"line {row.line}, {error}")
            continue
        if row.start < weeks:
            package[row.team] = list(packages).index(row.package)
            start[row.team] = row.start
    if problems:
        raise InputError.of(where, problems)
    if not np.any(start >= 0):
        raise InputError(f"{where}: starts no team within the {weeks} weeks looked at")
    return tuple(packages.values()), TeamPlan(where, package, start)
