"""Tables of one world: summaries by arm, trial rows, trajectories, team-weeks and events.

All are structured NumPy arrays; `sim.runs.results` gives them their names and turns them into data
frames.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from sim.measures.implementation import TeamWeek
from sim.measures.user import UserScores
from sim.population import Layout

INDEX = [("scenario", "i4"), ("draw", "i4"), ("replication", "i4")]
SCORES = UserScores._fields
WEEKLY = TeamWeek._fields
FLAG_COLUMNS = ("in_research", "in_service", "black", "worker", "worker_generation", "stage")
ALL_TEAMS = -1
QUANTILES = {"q10": 0.1, "q50": 0.5, "q90": 0.9}
SHARES = tuple(QUANTILES.values())
# Distances over which Shell's sort compares, largest first.
GAPS = (48000, 16000, 4700, 1750, 701, 301, 132, 57, 23, 10, 4, 1)
STATISTICS = ("n", "mean", "sd", "icc", *QUANTILES)
"""What `moments` works out, in its order."""


def summary_dtype() -> np.dtype:
    """Return the type of the summary table: one row per world, arm, assessment and measure."""
    return np.dtype(
        [
            *INDEX,
            ("arm", "i2"),
            ("week", "i4"),
            ("measure", "i2"),
            ("n", "i4"),
            ("mean", "f8"),
            ("sd", "f8"),
            ("icc", "f8"),
            *[(name, "f8") for name in QUANTILES],
        ]
    )


def trajectory_dtype() -> np.dtype:
    """Return the type of the trajectory table: one row per world, arm and week."""
    return np.dtype([*INDEX, ("arm", "i2"), ("week", "i4"), *[(name, "f4") for name in WEEKLY]])


def arm_numbers(layout: Layout) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the names of the arms in the layout and each team's arm as a number."""
    names = tuple(sorted(set(layout.arms)))
    return names, np.array([names.index(arm) for arm in layout.arms], np.int64)


def users_of(layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return team, place and whether sampled for every service user in the layout's order."""
    counts = layout.teams["users"]
    team = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(team)) - np.repeat(layout.teams["user_start"], counts)
    return team, place, place < layout.teams["sampled"][team]


def moments(
    values: np.ndarray,
    kept: np.ndarray,
    team: np.ndarray,
    arm_of_team: np.ndarray,
    out: np.ndarray,
) -> None:
    """Work out number, mean, SD, intracluster correlation and quantiles by arm and column.

    The correlation is the analysis-of-variance estimate rho = (MSB - MSW) / (MSB + (m0 - 1) MSW),
    with m0 the usual weighted mean size for unequal clusters (Donner and Koval 1980); NaN with
    fewer than two clusters or no replication. Quantiles lie on straight lines between the values in
    order. Missing values are left out.

    Parameters
    ----------
    values : numpy.ndarray
        Shape (users, columns).
    kept : numpy.ndarray
        Whether a user counts, shape (users,).
    team : numpy.ndarray
        Team of each user, shape (users,).
    arm_of_team : numpy.ndarray
        Shape (teams,).
    out : numpy.ndarray
        Filled with `STATISTICS`; shape (arms, columns, 7).
    """
    users, columns = values.shape
    teams = arm_of_team.shape[0]
    arms = out.shape[0]
    count = np.zeros((teams, columns))
    total = np.zeros((teams, columns))
    for user in range(users):
        if kept[user]:
            for column in range(columns):
                value = values[user, column]
                if value == value:
                    count[team[user], column] += 1.0
                    total[team[user], column] += value
    # Of each arm: people, their sum, teams with anybody, sum of squared team sizes.
    sizes = np.zeros((arms, columns, 4))
    for one in range(teams):
        for column in range(columns):
            if count[one, column] > 0.0:
                size = sizes[arm_of_team[one], column]
                size[0] += count[one, column]
                size[1] += total[one, column]
                size[2] += 1.0
                size[3] += count[one, column] * count[one, column]
    # Squares around the arm's mean, within teams, and between teams.
    squares = np.zeros((arms, columns, 3))
    for user in range(users):
        if kept[user]:
            arm = arm_of_team[team[user]]
            for column in range(columns):
                value = values[user, column]
                if value == value:
                    own = total[team[user], column] / count[team[user], column]
                    mean = sizes[arm, column, 1] / sizes[arm, column, 0]
                    squares[arm, column, 0] += (value - mean) * (value - mean)
                    squares[arm, column, 1] += (value - own) * (value - own)
                    squares[arm, column, 2] += (own - mean) * (own - mean)
    for arm in range(arms):
        for column in range(columns):
            n = sizes[arm, column, 0]
            k = sizes[arm, column, 2]
            result = out[arm, column]
            result[0] = n
            for other in range(1, len(STATISTICS)):
                result[other] = np.nan
            if n > 0.0:
                result[1] = sizes[arm, column, 1] / n
            if n > 1.0:
                result[2] = np.sqrt(squares[arm, column, 0] / (n - 1.0))
            if k > 1.0 and n > k:
                between = squares[arm, column, 2] / (k - 1.0)
                within = squares[arm, column, 1] / (n - k)
                typical = (n - sizes[arm, column, 3] / n) / (k - 1.0)
                spread = between + (typical - 1.0) * within
                if spread > 0.0:
                    result[3] = (between - within) / spread
    ordered = np.empty(users)
    for arm in range(arms):
        for column in range(columns):
            found = 0
            for user in range(users):
                value = values[user, column]
                if kept[user] and arm_of_team[team[user]] == arm and value == value:
                    ordered[found] = value
                    found += 1
            # Shell's sort: NumPy's takes many times as long to compile.
            for gap in GAPS:
                for at in range(gap, found):
                    value = ordered[at]
                    to = at
                    while to >= gap and ordered[to - gap] > value:
                        ordered[to] = ordered[to - gap]
                        to -= gap
                    ordered[to] = value
            if found > 0:
                for number in range(len(SHARES)):
                    place = SHARES[number] * (found - 1)
                    below = int(place)
                    above = min(below + 1, found - 1)
                    step = ordered[above] - ordered[below]
                    out[arm, column, 4 + number] = ordered[below] + (place - below) * step


@cache
def compiled_moments() -> Callable[..., None]:
    """Return `moments`, compiled; in plain Python it would take longer than the simulation."""
    from sim.engines import compiled

    compile_it: Callable[..., Callable[..., None]] = compiled.compile_rule
    return compile_it(moments)


def summarise_world(
    index: tuple[int, int, int],
    layout: Layout,
    weeks: np.ndarray,
    scores: np.ndarray,
    flags: np.ndarray,
    teams_state: np.ndarray,
) -> np.ndarray:
    """Return mean, SD, number and ICC of every measure by arm and assessment.

    Over sampled service users still in the research at the assessment; missing scores left out.
    """
    team, _, sampled = users_of(layout)
    _, arm_of_team = arm_numbers(layout)
    number = int(arm_of_team.max()) + 1
    rows = np.zeros((len(weeks), number, len(SCORES)), summary_dtype())
    rows["scenario"], rows["draw"], rows["replication"] = index
    rows["week"] = weeks[:, None, None]
    rows["arm"] = np.arange(number)[None, :, None]
    rows["measure"] = np.arange(len(SCORES))[None, None, :]
    out = np.empty((number, len(SCORES), len(STATISTICS)))
    summarise = compiled_moments()
    for position in range(len(weeks)):
        followed = sampled & (flags[position, :, 0] == 1)
        summarise(plain(scores[position]), followed, team, arm_of_team, out)
        for at, name in enumerate(STATISTICS):
            rows[name][position] = out[:, :, at]
    return rows.reshape(-1)


def plain(table: np.ndarray) -> np.ndarray:
    """Return a structured array of 64-bit floats as a plain one with the fields as last axis."""
    return table.view(np.float64).reshape(*table.shape, len(table.dtype.names or ()))


@cache
def block_of(dtype: np.dtype, names: tuple[str, ...]) -> np.dtype:
    """Return a view of some consecutive fields of one type as a single field `block`."""
    fields: Mapping[str, Any] = dtype.fields or {}
    kind, start = fields[names[0]][:2]
    for at, name in enumerate(names):
        assert fields[name][:2] == (kind, start + at * kind.itemsize), name
    return np.dtype(
        {
            "names": ["block"],
            "formats": [(kind, (len(names),))],
            "offsets": [start],
            "itemsize": dtype.itemsize,
        }
    )


def fill(rows: np.ndarray, names: tuple[str, ...], values: np.ndarray) -> None:
    """Copy values, names along their last axis, into consecutive fields of rows.

    One copy instead of one for each field, which would go through all rows again and again.
    """
    rows.view(block_of(rows.dtype, names))["block"] = values


def assessment_rows(
    index: tuple[int, int, int],
    layout: Layout,
    weeks: np.ndarray,
    scores: np.ndarray,
    flags: np.ndarray,
) -> np.ndarray:
    """Return one row per sampled service user and assessment: the trial's data set."""
    team, place, sampled = users_of(layout)
    chosen = np.flatnonzero(sampled)
    dtype = np.dtype(
        [
            *INDEX,
            ("team", "i4"),
            ("place", "i4"),
            ("week", "i4"),
            *[(name, "i4") for name in FLAG_COLUMNS],
            *[(name, "f8") for name in SCORES],
        ]
    )
    rows = np.zeros((len(weeks), len(chosen)), dtype)
    rows["scenario"], rows["draw"], rows["replication"] = index
    rows["team"], rows["place"] = team[chosen], place[chosen]
    rows["week"] = weeks[:, None]
    fill(rows, FLAG_COLUMNS, flags[:, chosen])
    fill(rows, SCORES, plain(scores)[:, chosen])
    return rows.reshape(-1)


def staff_rows(
    index: tuple[int, int, int], layout: Layout, weeks: np.ndarray, rows_in: np.ndarray
) -> np.ndarray:
    """Return one row per post and assessment."""
    counts = layout.teams["staff"]
    team = np.repeat(np.arange(len(counts)), counts)
    names = rows_in.dtype.names or ()
    dtype = np.dtype(
        [
            *INDEX,
            ("team", "i4"),
            ("place", "i4"),
            ("week", "i4"),
            *[(name, "f8") for name in names],
        ]
    )
    rows = np.zeros(rows_in.shape, dtype)
    rows["scenario"], rows["draw"], rows["replication"] = index
    rows["team"] = team
    rows["place"] = np.arange(len(team)) - np.repeat(layout.teams["staff_start"], counts)
    rows["week"] = weeks[:, None]
    fill(rows, names, plain(rows_in))
    return rows.reshape(-1)


def trajectory_rows(
    index: tuple[int, int, int], layout: Layout, team_weeks: np.ndarray
) -> np.ndarray:
    """Return means over the teams of each arm, and over all teams (arm -1), week by week."""
    _, arms = arm_numbers(layout)
    groups = [*range(int(arms.max()) + 1), ALL_TEAMS]
    weeks = team_weeks.shape[0]
    rows = np.zeros((len(groups), weeks), trajectory_dtype())
    rows["scenario"], rows["draw"], rows["replication"] = index
    rows["week"] = np.arange(weeks)[None, :]
    values = plain(team_weeks)
    for at, arm in enumerate(groups):
        rows["arm"][at] = arm
        chosen = values if arm == ALL_TEAMS else values[:, arms == arm]
        means = chosen.mean(axis=1)
        fill(rows[at], WEEKLY, means)
    return rows.reshape(-1)


def team_week_rows(
    index: tuple[int, int, int], layout: Layout, team_weeks: np.ndarray
) -> np.ndarray:
    """Return one row per team and week."""
    dtype = np.dtype([*INDEX, ("team", "i4"), ("week", "i4"), *[(name, "f8") for name in WEEKLY]])
    rows = np.zeros(team_weeks.shape, dtype)
    rows["scenario"], rows["draw"], rows["replication"] = index
    rows["team"] = np.arange(team_weeks.shape[1])[None, :]
    rows["week"] = np.arange(team_weeks.shape[0])[:, None]
    fill(rows, WEEKLY, plain(team_weeks))
    return rows.reshape(-1)


def event_rows(index: tuple[int, int, int], events: np.ndarray) -> np.ndarray:
    """Return one row per event, in the order of week, team, kind, place and generation."""
    names = events.dtype.names or ()
    dtype = np.dtype([*INDEX, *[(name, "i4") for name in names]])
    rows = np.zeros(len(events), dtype)
    rows["scenario"], rows["draw"], rows["replication"] = index
    for name in names:
        rows[name] = events[name]
    return np.sort(rows, order=["week", "team", "kind", "place", "generation"])
