"""Tables of one world: summaries by arm, trial rows, trajectories, team-weeks and events.

All are structured NumPy arrays; `sim.results` gives them their names and turns them into data
frames.
"""

from __future__ import annotations

import numpy as np

from sim.measures.implementation import TeamWeek
from sim.measures.user import UserScores
from sim.population import Layout

INDEX = [("scenario", "i4"), ("draw", "i4"), ("replication", "i4")]
SCORES = UserScores._fields
WEEKLY = TeamWeek._fields
FLAG_COLUMNS = ("in_research", "in_service", "black", "worker", "worker_generation", "stage")
ALL_TEAMS = -1


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


def intracluster_correlation(values: np.ndarray, clusters: np.ndarray) -> float:
    """Return the analysis-of-variance estimate of the intracluster correlation.

    rho = (MSB - MSW) / (MSB + (m0 - 1) MSW), with m0 the usual weighted mean size for unequal
    clusters (Donner and Koval 1980). NaN with fewer than two clusters or no replication.
    """
    number, inverse = np.unique(clusters, return_inverse=True)
    k, n = len(number), len(values)
    if k < 2 or n <= k:
        return float("nan")
    sizes = np.bincount(inverse, minlength=k).astype(float)
    means = np.bincount(inverse, values, minlength=k) / sizes
    between = float((sizes * (means - values.mean()) ** 2).sum()) / (k - 1)
    within = float(((values - means[inverse]) ** 2).sum()) / (n - k)
    typical = (n - float((sizes**2).sum()) / n) / (k - 1)
    total = between + (typical - 1.0) * within
    return (between - within) / total if total > 0.0 else float("nan")


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
    _, arms = arm_numbers(layout)
    arm_of_user = arms[team]
    number = int(arms.max()) + 1
    rows = np.zeros(len(weeks) * number * len(SCORES), summary_dtype())
    rows["scenario"], rows["draw"], rows["replication"] = index
    at = 0
    for position, week in enumerate(weeks):
        followed = sampled & (flags[position, :, 0] == 1)
        for arm in range(number):
            chosen = followed & (arm_of_user == arm)
            clusters = team[chosen]
            for measure, name in enumerate(SCORES):
                values = scores[position][name][chosen]
                valid = ~np.isnan(values)
                kept = values[valid]
                row = rows[at]
                row["arm"], row["week"], row["measure"], row["n"] = arm, week, measure, len(kept)
                row["mean"] = kept.mean() if len(kept) else np.nan
                row["sd"] = kept.std(ddof=1) if len(kept) > 1 else np.nan
                row["icc"] = intracluster_correlation(kept, clusters[valid])
                at += 1
    return rows


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
    for column, name in enumerate(FLAG_COLUMNS):
        rows[name] = flags[:, chosen, column]
    for name in SCORES:
        rows[name] = scores[name][:, chosen]
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
    for name in names:
        rows[name] = rows_in[name]
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
    for at, arm in enumerate(groups):
        rows["arm"][at] = arm
        chosen = np.arange(len(arms)) if arm == ALL_TEAMS else np.flatnonzero(arms == arm)
        for name in WEEKLY:
            rows[name][at] = team_weeks[name][:, chosen].mean(axis=1)
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
    for name in WEEKLY:
        rows[name] = team_weeks[name]
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
