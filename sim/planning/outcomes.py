"""From the tables of a world to the outcomes that planners compare, and their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.events import STAFF_ARRIVED, STAFF_MOVED_IN
from sim.frameworks import Words, words_in
from sim.planning.resources import (
    RESOURCES,
    WEEKS_PER_YEAR,
    Happened,
    Plan,
    by_year,
    first_session_week,
    resources_used,
    started_at,
)

if TYPE_CHECKING:
    from sim.inputs.roster import Roster

QPR = "qpr15"
INSPIRE = ("inspire_support", "inspire_relationship")
USER_MEASURES = (
    QPR,
    *INSPIRE,
    "qpr_intrapersonal",
    "qpr_interpersonal",
    "hope",
    "empowerment",
    "wemwbs",
    "mansa",
    "csq",
    "goal_attainment",
    "cansas_user",
    "service_cost",
)
STAFF_MEASURES = ("staff_knowledge", "staff_attitudes", "staff_behaviour", "rsa_staff")
SCORES = (*USER_MEASURES, *STAFF_MEASURES)
GROUP_MEASURES = (QPR, *INSPIRE, "reach")
IMPLEMENTATION = (
    "reach",
    "people_reached",
    "teams_attending",
    "adoption",
    "attendance",
    "fidelity",
    "fidelity_months",
    "fidelity_at_end",
)
WEEKLY = (
    "team_readiness",
    "adoption",
    "reach",
    "fidelity",
    "relationship",
    "support",
    "recovery",
    "workload",
)
WEIGHTED_BY_STAFF = frozenset({"adoption", "fidelity"})
WEIGHTED_BY_CASELOAD = frozenset({"reach", "relationship", "support", "recovery"})
TITLES: Mapping[str, str] = {
    QPR: "Personal recovery, QPR-15 (0-60)",
    "inspire_support": "INSPIRE Support (0-100)",
    "inspire_relationship": "INSPIRE Relationship (0-100)",
    "qpr_intrapersonal": "QPR Intrapersonal (0-68)",
    "qpr_interpersonal": "QPR Interpersonal (0-20)",
    "hope": "Hope (Herth)",
    "empowerment": "Empowerment",
    "wemwbs": "Wellbeing, WEMWBS (14-70)",
    "mansa": "Quality of life, MANSA (1-7)",
    "csq": "Satisfaction, CSQ-8 (8-32)",
    "goal_attainment": "Goal attainment",
    "cansas_user": "Unmet needs, user-rated (CANSAS)",
    "service_cost": "Service costs in the year (GBP a person)",
    "staff_knowledge": "Staff knowledge (0-100)",
    "staff_attitudes": "Staff attitudes (0-100)",
    "staff_behaviour": "Staff behaviour, self-rated (0-100)",
    "rsa_staff": "Recovery orientation, staff-rated (RSA)",
    "reach": "Reach: share of users whose worker was trained, at the end",
    "people_reached": "People reached, in the week when they are most",
    "teams_attending": "Adoption by teams: share with any session attended",
    "adoption": "Adoption by staff: share trained, at the end",
    "attendance": "Share of offered staff-sessions attended",
    "fidelity": "Fidelity: practice delivered, mean over the time (0-1)",
    "fidelity_months": "Fidelity-months: team-months at full practice",
    "fidelity_at_end": "Maintenance: practice delivered at the end (0-1)",
    "team_readiness": "Team readiness (0-1)",
    "relationship": "Relationship with the worker (0-1)",
    "support": "Experienced support (0-1)",
    "recovery": "Recovery processes, mean (SD)",
    "workload": "Workload (1 is usual)",
}
WORDS_FILE = Path(__file__).with_name("words.toml")
BLACK, OTHER = "black service users", "other service users"
MOST_GROUPS = 24


@cache
def outcome_words() -> Mapping[str, Words]:
    """Return what outcomes that no instrument measures are called in published lists, by name."""
    return words_in(WORDS_FILE)


@dataclass(frozen=True)
class Covered:
    """Who the outcomes are about."""

    teams: np.ndarray  # Whether each team of the roster counts, shape (teams,)
    # Service users on the books and posts of each team, shape (teams,).
    caseload: np.ndarray
    posts: np.ndarray
    user_team: np.ndarray  # Team of each simulated user, shape (users,)
    # People on the books that each simulated user stands for, 0 where the team does not count.
    user_weight: np.ndarray
    post_team: np.ndarray  # Team of each post, shape (posts,)
    post_start: np.ndarray  # Number of the first post of each team, shape (teams,)
    groups: tuple[str, ...]  # Names of groups of users: black and other, then trusts and team types
    # Whether a team is in a trust's or type's group, shape (groups, teams);
    # all true for the first two.
    group_teams: np.ndarray

    @property
    def people(self) -> float:
        """Service users on the books of the teams that count."""
        return float(self.caseload[self.teams].sum())


def covered_by(roster: Roster, teams: np.ndarray) -> Covered:
    """Return who the outcomes are about, for a roster and the teams that count.

    A user of the sample stands for caseload / sampled people. With more groups than `MOST_GROUPS`
    only trusts are kept, then none but black and other.
    """
    rows = roster.rows
    caseload = np.array([row.caseload for row in rows], float)
    sampled = np.array([row.sampled for row in rows], np.int64)
    posts = np.array([row.staff for row in rows], np.int64)
    user_team = np.repeat(np.arange(len(rows)), sampled)
    weight = np.where(teams, caseload / sampled, 0.0)[user_team]
    names: list[str] = [BLACK, OTHER]
    members = [np.ones(len(rows), bool), np.ones(len(rows), bool)]
    for label in ("trust", "type"):
        of_team = np.array([getattr(row, label) for row in rows], dtype=object)
        found = sorted({str(one) for one in of_team[teams]})
        if len(found) >= 2 and len(names) + len(found) <= MOST_GROUPS:
            names += [f"{label}: {one}" for one in found]
            members += [of_team == one for one in found]
    return Covered(
        teams=teams,
        caseload=caseload,
        posts=posts.astype(float),
        user_team=user_team,
        user_weight=weight,
        post_team=np.repeat(np.arange(len(rows)), posts),
        post_start=np.cumsum(posts) - posts,
        groups=tuple(names),
        group_teams=np.array(members),
    )


@dataclass(frozen=True)
class WorldOutcomes:
    """Outcomes of some worlds of one scenario and draw; the first axis is the replication."""

    scores: np.ndarray  # Means of `SCORES` at each assessment, shape (worlds, assessments, scores)
    groups: np.ndarray  # Means of `GROUP_MEASURES`, shape (worlds, assessments, groups, measures)
    implementation: np.ndarray  # `IMPLEMENTATION`, shape (worlds, measures)
    # Means of `WEEKLY` over the teams that count, shape (worlds, weeks + 1, variables).
    weekly: np.ndarray
    resources: np.ndarray  # Sums over all teams of `RESOURCES`, shape (worlds, years, resources)


def weighted_means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return means over the last axis but one, missing values left out; NaN where none is left.

    `values`: shape (..., people, measures); `weights`: shape (..., people), 0 for those who do
    not count.
    """
    known = np.isfinite(values)
    weight = weights[..., None] * known
    sums = np.where(known, values, 0.0)
    total = weight.sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((sums * weight).sum(axis=-2) / np.where(total > 0.0, total, np.nan))


def outcomes_of(
    tables: Mapping[str, np.ndarray],
    worlds: int,
    weeks: int,
    assessments: np.ndarray,
    covered: Covered,
    plan: Plan,
    found_within: bool,
) -> WorldOutcomes:
    """Return the outcomes of the worlds of a chunk.

    Parameters
    ----------
    tables : mapping
        Tables assessments, staff_assessments and team_weeks, and events where newcomers get
        induction.
    worlds, weeks : int
        Worlds in the tables, and weeks simulated.
    assessments : numpy.ndarray
        Weeks of assessment.
    covered : Covered
        Who counts.
    plan : Plan
        What the scenario gives each team.
    found_within : bool
        Whether it is found within each world which teams take part, or which starts when.

    Notes
    -----
    Everybody in the sample counts, lost to research or not: a planner loses nobody to follow-up.
    """
    users = tables["assessments"].reshape(worlds, len(assessments), -1)
    staff = tables["staff_assessments"].reshape(worlds, len(assessments), -1)
    team_weeks = tables["team_weeks"].reshape(worlds, weeks + 1, -1)
    own = np.stack([users[name] for name in USER_MEASURES], axis=-1)
    reached = _reached(users, staff, covered)
    counted = covered.teams[covered.post_team] * (staff["present"] == 1.0)
    rated = np.stack([staff[name] for name in STAFF_MEASURES], axis=-1)
    weight = np.broadcast_to(covered.user_weight, users.shape)
    scores = np.concatenate(
        [weighted_means(own, weight), weighted_means(rated, counted.astype(float))], axis=-1
    )
    chosen = np.concatenate([own[..., : len(GROUP_MEASURES) - 1], reached[..., None]], axis=-1)
    return WorldOutcomes(
        scores=scores,
        groups=_by_group(chosen, users["black"] == 1, weight, covered),
        implementation=_implementation(team_weeks, covered),
        weekly=np.stack([_mean_over_teams(team_weeks, name, covered) for name in WEEKLY], axis=-1),
        resources=_resources(tables, team_weeks, plan, found_within),
    )


def _reached(users: np.ndarray, staff: np.ndarray, covered: Covered) -> np.ndarray:
    """Return 1 where a user in service has a trained key worker, 0 where not, NaN once gone."""
    place = users["worker"] + covered.post_start[covered.user_team]
    trained = (staff["sessions_attended"] > 0) & (staff["present"] == 1.0)
    of_worker = np.take_along_axis(trained, np.maximum(place, 0), axis=-1)
    reached = (of_worker & (users["worker"] >= 0)).astype(float)
    return np.where(users["in_service"] == 1, reached, np.nan)


def _by_group(
    values: np.ndarray, black: np.ndarray, weight: np.ndarray, covered: Covered
) -> np.ndarray:
    out = []
    for number, name in enumerate(covered.groups):
        member = covered.group_teams[number][covered.user_team]
        inside = {BLACK: black, OTHER: ~black}.get(name, member)
        out.append(weighted_means(values, weight * inside))
    return np.stack(out, axis=-2)


def _mean_over_teams(team_weeks: np.ndarray, name: str, covered: Covered) -> np.ndarray:
    """Return a weekly variable over the teams that count, shape (worlds, weeks + 1)."""
    weight = covered.teams.astype(float)
    if name in WEIGHTED_BY_CASELOAD:
        weight = weight * covered.caseload
    if name in WEIGHTED_BY_STAFF:
        present = team_weeks["staff_present"] * weight
        total = np.maximum(present.sum(axis=-1), 1e-12)
        return np.asarray((team_weeks[name] * present).sum(axis=-1) / total)
    return np.asarray(team_weeks[name] @ weight / weight.sum())


def _implementation(team_weeks: np.ndarray, covered: Covered) -> np.ndarray:
    kept = covered.teams
    offered = team_weeks["sessions_offered"][:, -1, kept]
    attended = team_weeks["sessions_attended"][:, -1, kept]
    reach = team_weeks["reach"][:, :, kept] @ covered.caseload[kept]
    fidelity = team_weeks["fidelity"][:, :, kept]
    overall = _mean_over_teams(team_weeks, "fidelity", covered)
    all_offered = offered.sum(axis=-1)
    values = {
        "reach": reach[:, -1] / covered.people,
        "people_reached": reach.max(axis=-1),
        "teams_attending": (attended > 0).mean(axis=-1),
        "adoption": _mean_over_teams(team_weeks, "adoption", covered)[:, -1],
        "attendance": np.where(
            all_offered > 0, attended.sum(axis=-1) / np.maximum(all_offered, 1.0), 0.0
        ),
        "fidelity": overall[:, 1:].mean(axis=-1),
        "fidelity_months": fidelity[:, 1:].sum(axis=(-2, -1)) * 12.0 / WEEKS_PER_YEAR,
        "fidelity_at_end": overall[:, -1],
    }
    return np.stack([values[name] for name in IMPLEMENTATION], axis=-1)


def happened_in(tables: Mapping[str, np.ndarray], team_weeks: np.ndarray, plan: Plan) -> Happened:
    """Return what happened in the worlds of a chunk, each array of shape (worlds, teams, weeks)."""
    by_team = np.swapaxes(team_weeks, 1, 2)
    attended, offered = by_team["sessions_attended"], by_team["sessions_offered"]
    staff = by_team["staff_present"][..., 1:]
    newcomers = np.zeros_like(staff)
    if plan.scenario.training.induction > 0.0:
        events = tables["events"]
        came = events[(events["kind"] == STAFF_ARRIVED) | (events["kind"] == STAFF_MOVED_IN)]
        first = int(team_weeks["replication"][0, 0, 0])
        np.add.at(newcomers, (came["replication"] - first, came["team"], came["week"] - 1), 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        uptake = np.where(offered > 0, attended / offered, np.nan)[..., 1:]
    return Happened(
        staff=staff,
        attended=np.diff(attended, axis=-1),
        trained=by_team["adoption"][..., 1:] * staff,
        newcomers=newcomers,
        uptake=uptake,
        takes_part=np.ones(staff.shape[:-1]),
    )


def starts_within(team_weeks: np.ndarray, plan: Plan) -> np.ndarray:
    """Return when each team of each world started, as the first session offered tells it.

    Parameters
    ----------
    team_weeks : numpy.ndarray
        Rows of the team-week table, shape (worlds, weeks + 1, teams).
    plan : Plan
        Start weeks before a selection or an order was found; kept where the programme has no
        session to tell by.

    Returns
    -------
    numpy.ndarray
        Shape (worlds, teams), -1 for never. A team whose first session lies beyond the simulated
        time counts as never started.
    """
    first = first_session_week(plan.scenario, plan.weeks)
    offered = team_weeks["sessions_offered"][:, 1:] > 0
    if first < 0:
        return np.broadcast_to(plan.starts, (len(team_weeks), len(plan.starts))).copy()
    return np.where(offered.any(axis=1), offered.argmax(axis=1) - first, -1)


def _resources(
    tables: Mapping[str, np.ndarray], team_weeks: np.ndarray, plan: Plan, found_within: bool
) -> np.ndarray:
    worlds, rows = team_weeks.shape[:2]
    years = -(-(rows - 1) // WEEKS_PER_YEAR)
    out = np.zeros((worlds, years, len(RESOURCES)))
    if np.all(plan.starts < 0):
        return out
    own = started_at(plan, starts_within(team_weeks, plan)) if found_within else plan
    used = resources_used(own, happened_in(tables, team_weeks, own))
    for number, name in enumerate(RESOURCES):
        if name in used:
            amount = by_year(used[name])
            out[..., number] = amount.sum(axis=-2)
    return out
