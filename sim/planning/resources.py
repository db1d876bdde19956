"""What delivery takes, week by week and team by team, before any price.

Each *resource* is counted in natural units from three things: the scenario's calendar, when each
team starts, and what happened (who was in post, who attended). The same function counts a plan, in
which everybody attends, and a simulated world, in which attendance is what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.link import elements
from sim.scenarios.expand import programme_calendar, usual_care

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.scenarios.schema import Course, Scenario

WEEKS_PER_YEAR = 52
TRAINERS_WHEN_UNKNOWN = {"personal_recovery": 2, "coaching": 1, "boosters": 1}
"""Trainers at a session where a scenario does not say: as in the trial; boosters: assumption."""
EXPECTED_TURNOVER = 0.136
"""Newcomers a year and post that a plan reckons with (literature: leavers in a year)."""

RESOURCES: Mapping[str, str] = {
    "trainer_days": "trainer-days in sessions",
    "session_days": "days of sessions held for a team",
    "staff_days": "staff-days in sessions",
    "assured_days": "staff-days in sessions whose cover is guaranteed",
    "people_prepared": "people who prepare for the sessions",
    "teams_started": "teams",
    "induction_days": "newcomer-days of induction",
    **{use.name: use.unit for one in elements() for use in one.uses},
    "extra_post_weeks": "post-weeks",
    "managed_weeks": "team-weeks of management",
}
"""Every resource by name, with its unit: those of courses and posts, and of links' elements."""


@dataclass(frozen=True)
class Plan:
    """What a scenario gives each team in each simulated week."""

    scenario: Scenario  # The scenario
    # Week in which each team starts, -1 for never, shape (..., teams); the axes in front are those
    # of worlds, where teams start in other weeks in each, here and below.
    starts: np.ndarray
    # Calendar, fields of `sim.state.ACTION`, shape (teams, weeks); column 0 is week 1.
    actions: np.ndarray
    trainer_days: np.ndarray  # Trainer-days in sessions, shape (teams, weeks)
    # Whether a week is a funded one of the team's programme, shape (teams, weeks).
    funded: np.ndarray
    opening: np.ndarray  # Whether it is the first week of the programme, shape (teams, weeks)
    first_session: np.ndarray  # Whether it is the week of the first session, shape (teams, weeks)
    posts: np.ndarray  # Posts, shape (teams,)
    turnover: np.ndarray  # Staff turnover relative to usual, shape (teams,)

    @property
    def weeks(self) -> int:
        """Number of simulated weeks."""
        return int(self.actions.shape[-1])


@dataclass(frozen=True)
class Happened:
    """What happened in a world, or in several: every array of shape (..., teams, weeks)."""

    staff: np.ndarray  # People in post
    attended: np.ndarray  # People who attended this week's session
    trained: np.ndarray  # People in post who have attended at least one session
    newcomers: np.ndarray  # People who came this week
    # Share of staff-sessions offered so far that was attended; NaN before the first.
    uptake: np.ndarray
    takes_part: np.ndarray  # Whether the team takes part, 0 or 1, shape (..., teams)


def programme_trainer_days(scenario: Scenario, weeks: int) -> np.ndarray:
    """Return the trainer-days of each week of a team's programme, shape (weeks,).

    A session takes its days times its trainers. Seed of the trial: three half-days with two
    trainers and two days with one, 5 trainer-days a team.
    """
    days = np.zeros(weeks)
    before = scenario.readiness.preparation_weeks
    end = min(before + scenario.conditions.funding_end_week, weeks)
    courses: tuple[tuple[str, Course], ...] = (
        ("personal_recovery", scenario.training.personal_recovery),
        ("coaching", scenario.training.coaching),
    )
    for name, course in courses:
        trainers = TRAINERS_WHEN_UNKNOWN[name] if course.trainers is None else course.trainers
        for session in course.sessions:
            if before + session.week <= end:
                days[before + session.week - 1] += session.days * trainers
    for session in scenario.support.boosters.sessions:
        if before + session.week <= end:
            days[before + session.week - 1] += session.days * TRAINERS_WHEN_UNKNOWN["boosters"]
    return days


def trainers_at_once(scenario: Scenario) -> int:
    """Return the most trainers that any session needs."""
    needed = [0]
    for name in ("personal_recovery", "coaching"):
        course = getattr(scenario.training, name)
        if course.sessions:
            known = course.trainers
            needed.append(TRAINERS_WHEN_UNKNOWN[name] if known is None else known)
    if scenario.support.boosters.sessions:
        needed.append(TRAINERS_WHEN_UNKNOWN["boosters"])
    return max(needed)


def plan_of(scenario: Scenario, roster: Roster, starts: np.ndarray, weeks: int) -> Plan:
    """Return what a scenario gives each team, for given start weeks.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    roster : Roster
        Teams.
    starts : numpy.ndarray
        Weeks of usual care before each team's programme, -1 for never, shape (teams,).
    weeks : int
        Weeks simulated.
    """
    return _laid_out(
        scenario,
        np.array([row.staff for row in roster.rows], float),
        np.array([row.turnover_multiplier for row in roster.rows], float),
        np.asarray(starts, np.int64).copy(),
        weeks,
    )


def started_at(plan: Plan, starts: np.ndarray) -> Plan:
    """Return a plan for other start weeks: of each world, shape (worlds, teams), if need be."""
    return _laid_out(plan.scenario, plan.posts, plan.turnover, starts, plan.weeks)


def _laid_out(
    scenario: Scenario, posts: np.ndarray, turnover: np.ndarray, starts: np.ndarray, weeks: int
) -> Plan:
    calendar = programme_calendar(scenario, weeks)
    end = min(scenario.readiness.preparation_weeks + scenario.conditions.funding_end_week, weeks)
    since = np.arange(weeks) - starts[..., None]
    inside = (starts[..., None] >= 0) & (since >= 0)
    # Outside of its programme a team reads one week of usual care, put behind the calendar.
    column = np.where(inside, since, weeks)
    first = first_session_week(scenario, weeks)
    return Plan(
        scenario=scenario,
        starts=starts,
        actions=np.concatenate([calendar, usual_care(1)])[column],
        trainer_days=np.append(programme_trainer_days(scenario, weeks), 0.0)[column],
        funded=inside & (since < end),
        opening=inside & (since == 0) & (end > 0),
        first_session=inside & (since == first),
        posts=posts,
        turnover=turnover,
    )


def first_session_week(scenario: Scenario, weeks: int) -> int:
    """Return the place of the first session in a team's programme, from 0; -1 where it has none."""
    held = np.flatnonzero(programme_calendar(scenario, weeks)["session_days"] > 0.0)
    return int(held[0]) if len(held) else -1


def everybody(plan: Plan) -> Happened:
    """Return a world in which all goes to plan: posts filled, everybody attends, all take part.

    Stepped support is reckoned with in full, and newcomers at the usual rate of turnover. This is
    what a budget has to hold.
    """
    staff = np.broadcast_to(plan.posts[:, None], plan.actions.shape).astype(float)
    held = plan.actions["session_days"] > 0.0
    trained = np.cumsum(held, axis=1) > 0
    arriving = EXPECTED_TURNOVER * plan.turnover[:, None] / WEEKS_PER_YEAR
    return Happened(
        staff=staff,
        attended=staff * held,
        trained=staff * trained,
        newcomers=staff * arriving * plan.actions["turnover_multiplier"],
        uptake=np.where(trained, 0.0, np.nan),
        takes_part=np.ones(len(plan.posts)),
    )


def planned_induction(plan: Plan, group: float) -> np.ndarray:
    """Return the trainer-days of induction that a plan reckons with, shape (teams, weeks).

    Parameters
    ----------
    plan : Plan
        What the scenario gives.
    group : float
        Newcomers who share a trainer.
    """
    used = resources_used(plan, everybody(plan))
    return np.asarray(used.get("induction_days", np.zeros(plan.actions.shape)) / group)


def resources_used(plan: Plan, happened: Happened) -> dict[str, np.ndarray]:
    """Return what was used, by resource.

    Parameters
    ----------
    plan : Plan
        What the scenario gives.
    happened : Happened
        What happened.

    Returns
    -------
    dict of str to numpy.ndarray
        Shape (..., teams, weeks) each, in the units of `RESOURCES`. Resources of which nothing is
        used are left out. Trainers are booked, and paid, whether or not a session goes ahead; staff
        time counts where somebody attended.
    """
    actions, scenario = plan.actions, plan.scenario
    part = happened.takes_part[..., None]
    used: dict[str, np.ndarray] = {}

    def add(name: str, amount: np.ndarray) -> None:
        if np.any(amount):
            used[name] = amount * part

    courses = scenario.training.personal_recovery.days + scenario.training.coaching.days
    days = happened.attended * actions["session_days"]
    add("trainer_days", plan.trainer_days)
    add("session_days", actions["session_days"])
    add("staff_days", days)
    add("assured_days", days * actions["attendance_assured"])
    add("people_prepared", happened.staff * plan.first_session)
    add("teams_started", plan.opening.astype(float))
    if scenario.training.induction > 0.0:
        add("induction_days", happened.newcomers * actions["induction"] * courses)
    stepped = actions["stepped_support"] * (
        np.nan_to_num(happened.uptake, nan=np.inf) < actions["stepped_threshold"]
    )
    for one in elements():
        given = actions[one.field]
        for use in one.uses:
            # With the extra support of teams in which uptake has stayed low.
            amount = given + stepped if use.per in ("group", "place") else given
            if use.per == "person":
                amount = happened.staff * amount
            elif use.per in ("trained", "place"):
                amount = happened.trained * amount
            add(use.name, amount)
    add("extra_post_weeks", (scenario.resources.extra_posts_per_team or 0.0) * plan.funded)
    add("managed_weeks", plan.funded.astype(float))
    return used


def year_edges(weeks: int) -> np.ndarray:
    """Return the first week (from 0) of every year of the simulated time."""
    return np.arange(0, weeks, WEEKS_PER_YEAR)


def by_year(amount: np.ndarray) -> np.ndarray:
    """Return sums over weeks (the last axis) by year of 52 weeks, shape (..., years)."""
    return np.asarray(np.add.reduceat(amount, year_edges(amount.shape[-1]), axis=-1))


def yearly_use(used: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return resources summed over teams by year, shape (..., years)."""
    return {name: by_year(amount.sum(axis=-2)) for name, amount in used.items()}
