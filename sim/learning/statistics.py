"""What was observed of each team, and the same of simulated teams.

Three kinds cover all registers: a *share* (how many of how many), a *count* (how many over how many
post-weeks) and a *level* (a mean with its error).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.events import STAFF_ARRIVED, STAFF_LEFT, STAFF_MOVED_IN
from sim.inputs.registers.observed import ALL_TEAMS

if TYPE_CHECKING:
    from sim.engines.ensemble import Chunk, Request
    from sim.inputs.registers import Observed
    from sim.inputs.roster import Roster

SHARE, COUNT, LEVEL = "share", "count", "level"
HELD, ATTENDED, LEFT, STARTED, PRACTICE = (
    "sessions held",
    "attendance",
    "leavers",
    "starters",
    "practice",
)
PARTS = 3
"""Numbers that are kept of a simulated team: sum, number, sum of squares."""


@dataclass(frozen=True)
class Statistic:
    """What was observed of some teams, or of all together."""

    name: str  # What it is
    kind: str  # {'share', 'count', 'level'}
    teams: np.ndarray  # Numbers of the teams; `ALL_TEAMS` alone for the whole service
    value: np.ndarray  # How many, or the mean, shape (teams,)
    of: np.ndarray  # Of how many; for counts post-weeks; for levels people asked or audits
    error: np.ndarray  # Standard error of a level that the observation itself has; 0 for the others
    weeks: tuple[int, ...]  # Last week for each team, or the weeks in which a level was seen

    @property
    def ratio(self) -> np.ndarray:
        """The observed share, rate in a year of a post, or level."""
        if self.kind == LEVEL:
            return self.value
        scale = 52.0 if self.kind == COUNT else 1.0
        return np.asarray(scale * self.value / np.maximum(self.of, 1e-9))


def statistics_of(observed: Observed, roster: Roster, started: np.ndarray) -> list[Statistic]:
    """Return what was observed, by kind and team.

    Parameters
    ----------
    started : numpy.ndarray
        Whether each team starts within the weeks observed; sessions of others have no counterpart
        in the model.
    """
    found: list[Statistic] = []
    sessions = [one for one in observed.sessions if started[one.team]]
    teams = sorted({one.team for one in sessions})
    planned = {team: [one for one in sessions if one.team == team] for team in teams}
    if teams:
        held = [sum(one.held for one in planned[team]) for team in teams]
        found.append(_statistic(HELD, SHARE, teams, held, [len(planned[team]) for team in teams]))
        came = [team for team, number in zip(teams, held, strict=True) if number]
        counts = [
            tuple(
                sum(getattr(one, part) for one in planned[team] if one.held)
                for part in ("attended", "invited")
            )
            for team in came
        ]
        if came:
            found.append(_statistic(ATTENDED, SHARE, came, *zip(*counts, strict=True)))
    for name, part in ((LEFT, "leavers"), (STARTED, "starters")):
        rows = [one for one in observed.turnover if getattr(one, part) is not None]
        own = sorted({one.team for one in rows})
        counts_of = [sum(getattr(one, part) for one in rows if one.team == team) for team in own]
        last = [max(one.week for one in rows if one.team == team) for team in own]
        exposed = [roster.rows[team].staff * weeks for team, weeks in zip(own, last, strict=True)]
        if own:
            found.append(_statistic(name, COUNT, own, counts_of, exposed, weeks=last))
    # Audits of one week are one statistic: those of a later one see another practice.
    for week in sorted({one.week for one in observed.audits}):
        audits = [one for one in observed.audits if one.week == week]
        own = sorted({one.team for one in audits})
        several = [[one for one in audits if one.team == team] for team in own]
        found.append(
            _statistic(
                f"{PRACTICE}, week {week}",
                LEVEL,
                own,
                [float(np.mean([one.practice for one in each])) for each in several],
                [len(each) for each in several],
                [float(np.sqrt(sum(one.error**2 for one in each)) / len(each)) for each in several],
                [week],
            )
        )
    keys = {(one.measure, one.week, one.team == ALL_TEAMS) for one in observed.outcomes}
    for measure, week, whole in sorted(keys):
        means = [
            one
            for one in observed.outcomes
            if (one.measure, one.week, one.team == ALL_TEAMS) == (measure, week, whole)
        ]
        found.append(
            _statistic(
                f"{measure}, week {week}" + (", all teams" if whole else ""),
                LEVEL,
                [one.team for one in means],
                [one.mean for one in means],
                [one.n for one in means],
                [one.sd / np.sqrt(one.n) for one in means],
                [week],
            )
        )
    return found


def _statistic(
    name: str,
    kind: str,
    teams: Sequence[int],
    value: Sequence[float],
    of: Sequence[float],
    error: Sequence[float] = (),
    weeks: Sequence[int] = (),
) -> Statistic:
    return Statistic(
        name,
        kind,
        np.array(teams, int),
        np.array(value, float),
        np.array(of, float),
        np.array(error or np.zeros(len(teams)), float),
        tuple(int(one) for one in weeks),
    )


def reduction(
    statistics: Sequence[Statistic], posts: np.ndarray
) -> Callable[[Request, Chunk, Mapping[str, np.ndarray]], dict[str, np.ndarray]]:
    """Return what makes of simulated tables the same numbers as were observed.

    Parameters
    ----------
    posts : numpy.ndarray
        Posts of each team.

    Returns
    -------
    callable
        Returns ``{"seen": array}`` of shape (runs, statistics, teams, `PARTS`).
    """

    def reduce(
        request: Request, chunk: Chunk, tables: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        runs, teams = chunk.worlds, len(posts)
        lived = tables["team_weeks"].reshape(runs, request.weeks + 1, teams)
        seen = np.zeros((runs, len(statistics), teams, PARTS))
        for number, one in enumerate(statistics):
            seen[:, number] = _seen(one, lived, tables, chunk.first, posts)
        return {"seen": seen}

    return reduce


def _seen(
    one: Statistic,
    lived: np.ndarray,
    tables: Mapping[str, np.ndarray],
    first: int,
    posts: np.ndarray,
) -> np.ndarray:
    """Return sum, number and sum of squares of a statistic in every team, (runs, teams, 3)."""
    runs, _, teams = lived.shape
    found = np.zeros((runs, teams, PARTS))
    if one.kind == SHARE:
        offered, came = (
            np.diff(lived[name], axis=1) for name in ("sessions_offered", "sessions_attended")
        )
        held = lived["session_held"][:, 1:] > 0.0
        if one.name == HELD:
            found[..., 0], found[..., 1] = held.sum(axis=1), (offered > 0.0).sum(axis=1)
        else:
            found[..., 0] = (came * held).sum(axis=1)
            found[..., 1] = (offered * held).sum(axis=1)
    elif one.kind == COUNT:
        until = np.zeros(teams, int)
        until[one.teams] = one.weeks
        events = tables["events"]
        kinds = (STAFF_LEFT,) if one.name == LEFT else (STAFF_ARRIVED, STAFF_MOVED_IN)
        counted = events[np.isin(events["kind"], kinds)]
        counted = counted[counted["week"] <= until[counted["team"]]]
        np.add.at(found[..., 0], (counted["replication"] - first, counted["team"]), 1.0)
        found[..., 1] = posts * until
    elif one.name.startswith(PRACTICE):
        found[..., 0] = lived["fidelity"][:, one.weeks[0]]
        found[..., 1] = 1.0
    else:
        people = tables["assessments"]
        name = one.name.partition(",")[0]
        asked = people[(people["week"] == one.weeks[0]) & ~np.isnan(people[name])]
        at = (asked["replication"] - first, asked["team"])
        for part, values in enumerate((asked[name], np.ones(len(asked)), asked[name] ** 2)):
            np.add.at(found[..., part], at, values)
    return found
