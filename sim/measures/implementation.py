"""Implementation outcomes by team and week: reach, adoption, fidelity, and what lies between.

RE-AIM's words, counted in the model: *adoption* is the share of staff in post who have attended at
least one session, *fidelity* the mean practice that the team delivers (behaviour times skill, the
four working practices), *reach* the share of users in service whose key worker has been trained,
*maintenance* is fidelity after the programme has ended.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.mechanisms.influence import mean_behaviour
from sim.mechanisms.practice import delivered
from sim.mechanisms.recovery import recovery_mean
from sim.mechanisms.relationship import experience_mean


class StaffTotals(NamedTuple):
    """Running sums over a team's staff in the order of places."""

    present: int
    trained: int
    moved: int
    readiness: float
    values: float
    knowledge: float
    skill: float
    intent: float
    behaviour: float
    fidelity: float
    reinforcement: float


class UserTotals(NamedTuple):
    """Running sums over a team's service users in the order of places."""

    users: int
    in_service: int
    in_research: int
    reached: int
    contacts: int
    worker_changes: int
    experience: float
    relationship: float
    support: float
    recovery: float


class TeamWeek(NamedTuple):
    """One team in one week: the row of the team-week table (means are over people present)."""

    trust_readiness: float
    team_readiness: float
    staff_readiness: float
    leader_support: float
    norms: float
    workload: float
    staff_present: float
    movers: float
    session_held: float
    sessions_offered: float
    sessions_attended: float
    adoption: float
    values: float
    knowledge: float
    skill: float
    intent: float
    behaviour: float
    fidelity: float
    reinforcement: float
    reach: float
    users_in_service: float
    users_in_research: float
    contacts: float
    worker_changes: float
    experience: float
    relationship: float
    support: float
    recovery: float


def no_staff_totals() -> StaffTotals:
    """Return empty sums."""
    return StaffTotals(
        present=0,
        trained=0,
        moved=0,
        readiness=0.0,
        values=0.0,
        knowledge=0.0,
        skill=0.0,
        intent=0.0,
        behaviour=0.0,
        fidelity=0.0,
        reinforcement=0.0,
    )


def no_user_totals() -> UserTotals:
    """Return empty sums."""
    return UserTotals(
        users=0,
        in_service=0,
        in_research=0,
        reached=0,
        contacts=0,
        worker_changes=0,
        experience=0.0,
        relationship=0.0,
        support=0.0,
        recovery=0.0,
    )


def fidelity(staff: Any, p: Any) -> float:
    """Return a person's mean delivered practice over the four working practices, 0-1."""
    return 0.25 * (
        delivered(staff.behaviour_coaching, staff.skill_coaching, p)
        + delivered(staff.behaviour_values, staff.skill_values, p)
        + delivered(staff.behaviour_strengths, staff.skill_strengths, p)
        + delivered(staff.behaviour_goals, staff.skill_goals, p)
    )


def add_staff(totals: StaffTotals, staff: Any, p: Any) -> StaffTotals:
    """Add one place; a vacant post adds nothing."""
    if staff.present == 0:
        return totals
    return StaffTotals(
        present=totals.present + 1,
        trained=totals.trained + (1 if staff.sessions_attended > 0 else 0),
        moved=totals.moved + staff.moved,
        readiness=totals.readiness + staff.readiness,
        values=totals.values + staff.values,
        knowledge=totals.knowledge + staff.knowledge,
        skill=totals.skill
        + 0.25
        * (staff.skill_coaching + staff.skill_values + staff.skill_strengths + staff.skill_goals),
        intent=totals.intent
        + 0.25
        * (
            staff.intent_coaching
            + staff.intent_values
            + staff.intent_strengths
            + staff.intent_goals
        ),
        behaviour=totals.behaviour + mean_behaviour(staff),
        fidelity=totals.fidelity + fidelity(staff, p),
        reinforcement=totals.reinforcement + staff.reinforcement,
    )


def add_user(totals: UserTotals, user: Any, worker_trained: int) -> UserTotals:
    """Add one service user; `worker_trained` is 1 when a trained key worker is in post."""
    return UserTotals(
        users=totals.users + 1,
        in_service=totals.in_service + user.in_service,
        in_research=totals.in_research + user.in_research,
        reached=totals.reached + (worker_trained if user.in_service == 1 else 0),
        contacts=totals.contacts + user.contacts,
        worker_changes=totals.worker_changes + user.worker_changes,
        experience=totals.experience + experience_mean(user),
        relationship=totals.relationship + user.relationship,
        support=totals.support + user.support,
        recovery=totals.recovery + recovery_mean(user),
    )


def team_week(team: Any, trust: Any, staff: StaffTotals, users: UserTotals) -> TeamWeek:
    """Return the row of the team-week table from a team's sums."""
    present = float(staff.present) if staff.present > 0 else 1.0
    listed = float(users.users) if users.users > 0 else 1.0
    served = float(users.in_service) if users.in_service > 0 else 1.0
    return TeamWeek(
        trust_readiness=trust.readiness,
        team_readiness=team.readiness,
        staff_readiness=staff.readiness / present,
        leader_support=team.leader_support,
        norms=team.norms,
        workload=team.workload,
        staff_present=float(staff.present),
        movers=float(staff.moved),
        session_held=float(team.session_held),
        sessions_offered=float(team.sessions_offered),
        sessions_attended=float(team.sessions_attended),
        adoption=staff.trained / present,
        values=staff.values / present,
        knowledge=staff.knowledge / present,
        skill=staff.skill / present,
        intent=staff.intent / present,
        behaviour=staff.behaviour / present,
        fidelity=staff.fidelity / present,
        reinforcement=staff.reinforcement / present,
        reach=users.reached / served,
        users_in_service=float(users.in_service),
        users_in_research=float(users.in_research),
        contacts=float(users.contacts),
        worker_changes=float(users.worker_changes),
        experience=users.experience / listed,
        relationship=users.relationship / listed,
        support=users.support / listed,
        recovery=users.recovery / listed,
    )
