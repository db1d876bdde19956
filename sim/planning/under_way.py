"""A rollout that is under way: weeks gone, teams that have started, money that is spent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, nearest
from sim.planning.packages import NOTHING, TeamPlan

if TYPE_CHECKING:
    from sim.inputs.roster import Roster

NO_FURTHER = "no further team"
"""The plan beside all others: what has started goes on, and nothing more does."""
FILE = "updated.json"


@dataclass(frozen=True)
class UnderWay:
    """What a plan takes as given."""

    weeks: int  # Weeks gone; nothing new starts in them
    horizon: int  # Weeks looked at when it began
    scenario: str  # Name of the package that started teams have
    started: dict[str, int]  # Start week by team
    spent: float | None = None  # Direct costs so far, GBP; as planned where they are not known
    source: str = ""  # Name of the folder

    def plan(self, roster: Roster, packages: Sequence[str]) -> TeamPlan:
        """Return the teams that have started as a plan.

        Raises
        ------
        InputError
            For a team that is not in the roster.
        """
        names = [row.team for row in roster.rows]
        package = np.full(len(names), NOTHING)
        start = package.copy()
        for team, week in self.started.items():
            if team not in names:
                raise InputError(
                    f"from '{self.source}': team '{team}' has started, and is not in the roster"
                    f"{nearest(team, names)}"
                )
            at = names.index(team)
            package[at], start[at] = packages.index(self.scenario), week
        return TeamPlan(NO_FURTHER, package, start)


def read_under_way(folder: str | Path, spent: float | None = None) -> UnderWay:
    """Read how far a rollout is from the folder of an update.

    Raises
    ------
    InputError
        When the folder holds none, or one that was changed by hand into what cannot be.
    """
    where = f"from '{folder}'"
    path = Path(folder) / FILE
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))["rollout"]
        weeks, horizon = int(found["weeks"]), int(found["horizon"])
        started = {str(team): int(week) for team, week in found["started"].items()}
        scenario = str(found["scenario"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise InputError(
            f"{where}: is no folder of a finished 'refocus update'; it lacks {FILE}, or that says "
            "nothing of a rollout"
        ) from None
    if not 0 < weeks <= horizon <= 1040 or not all(0 <= one < weeks for one in started.values()):
        raise InputError(
            f"{where}: {FILE}: weeks, horizon and start weeks do not go together; update anew"
        )
    return UnderWay(weeks, horizon, scenario, started, spent, Path(folder).name)
