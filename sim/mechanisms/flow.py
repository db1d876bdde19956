"""Flow: staff leave and are replaced, users are discharged, change workers, leave the research.

A place is permanent and people pass through it. A newcomer is a new generation in the place, with
draws of their own, so that turnover shifts nobody else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.element import BEYOND_REFOCUS, Cost, Use, level, spell
from sim.link import STAFF, TEAM, USER, Link, real, whole
from sim.mechanisms.bounds import clamp, share, weekly_fraction, weekly_probability
from sim.streams import (
    STAFF_EMPLOYMENT,
    STAFF_MOVE_DONOR,
    USER_FLOW,
    USER_RAPPORT,
    USER_REASSIGNMENT,
    category,
    happens,
    normals,
    uniforms,
)


class Employment(NamedTuple):
    """Whether a post is filled and its holder is well."""

    present: int
    sick: int
    weeks_in_post: int
    generation: int
    attended: int


class LeaverRecord(NamedTuple):
    """What a team remembers of the last person who left: what they would carry to another team."""

    leaver_known: int
    leaver_values_shift: float
    leaver_knowledge: float
    leaver_skill_coaching: float
    leaver_skill_values: float
    leaver_skill_strengths: float
    leaver_skill_goals: float
    leaver_sessions: int


class CarriedRecord(NamedTuple):
    """What a person who moves from another team brings along."""

    moved: int
    values: float
    values_pending: float
    knowledge: float
    skill_coaching: float
    skill_values: float
    skill_strengths: float
    skill_goals: float
    sessions_attended: int


class FlowDraw(NamedTuple):
    """What the week decided for a user, before the new key worker is looked up."""

    in_service: int
    in_research: int
    change: int
    choice: int
    stage_uniform: float


class ServiceFlow(NamedTuple):
    """Whether a user stays with the service and in the research, and who the key worker is."""

    in_service: int
    in_research: int
    worker: int
    worker_generation: int
    worker_changes: int
    rapport: float
    relationship: float
    relationship_shift: float


def leaving_probability(team: Any, action: Any, p: Any) -> float:
    """Return the weekly probability that a person leaves the post.

    Yearly leavers 13.6% in English mental health services (literature), times the team's and the
    scenario's multipliers, lower where the team was ready from the start (direction from
    literature) and where staff wellbeing is supported (assumption).

    P = weekly(y m_team m_scenario (1 - a (R - mean R)) (1 - b W)), y the yearly share of leavers, R
    the team's readiness before the programme and W the support of wellbeing. Source: NHS England,
    mental health, 13.6% (2015/16); proficient cultures lose fewer (direction). Grade: literature;
    assumption for wellbeing.
    """
    yearly = (
        p.turnover_yearly
        * team.turnover_multiplier
        * action.turnover_multiplier
        * (1.0 - p.turnover_from_readiness * (team.readiness_usual - p.team_readiness_mean))
        * (1.0 - p.turnover_from_wellbeing * action.staff_wellbeing)
    )
    return share(weekly_probability(clamp(yearly, 0.0, 0.95)))


JUST_LEFT = -1


def usual_vacancies(p: Any) -> float:
    """Return vacant posts per filled post where turnover and time to fill balance: v = h d.

    h is the weekly probability of leaving, d the mean length of a vacancy in weeks.

    Source: NHS England turnover; vacancies of 10-18% of posts. Grade: literature.
    """
    return weekly_probability(p.turnover_yearly) * p.vacancy_weeks


def caseload_pressure(caseload: float, coordinators: int, vacancies: float, p: Any) -> float:
    """Return service users per coordinator over the norm, allowing for vacancies as usual.

    w = caseload / (norm x coordinators) / (1 + v), within `workload_minimum` and
    `workload_maximum`; where no coordinator is left the load is that of a single one. Source: 30
    users per key worker in six London teams, 21 per nurse in north-west London. Grade: literature
    for the norm, assumption that pressure grows in proportion.
    """
    carrying = coordinators if coordinators > 0 else 1
    return clamp(
        caseload / (p.caseload_norm * carrying) / (1.0 + vacancies),
        p.workload_minimum,
        p.workload_maximum,
    )


def usual_workload(team: Any, p: Any) -> float:
    """Return a team's own usual workload: its caseload over all its coordinator posts.

    w = caseload / (norm x posts). As `caseload_pressure` without vacancies. Grade: definition.
    """
    return caseload_pressure(team.caseload_total, team.coordinator_posts, 0.0, p)


def employment(staff: Any, team: Any, action: Any, p: Any, key: Any, week: int) -> Employment:
    """Draw whether a person leaves, a vacancy is filled, and who is sick this week.

    In the week of leaving `weeks_in_post` is JUST_LEFT. A vacancy is filled with probability
    1 / `vacancy_weeks` a week; the newcomer is a new generation in the place.

    P(leave) = `leaving_probability`, P(filled) = 1 / `vacancy_weeks`, P(sick) = `sickness`. Source:
    vacancies of 10-18% of posts; 4.3-5.6% of NHS staff are absent. Grade: literature.
    """
    u_flow, u_sick, _, _ = uniforms(key, STAFF_EMPLOYMENT, week)
    if staff.present == 1:
        if u_flow < leaving_probability(team, action, p):
            return Employment(
                present=0, sick=0, weeks_in_post=JUST_LEFT, generation=staff.generation, attended=0
            )
        return Employment(
            present=1,
            sick=happens(u_sick, p.sickness),
            weeks_in_post=staff.weeks_in_post + 1,
            generation=staff.generation,
            attended=0,
        )
    if u_flow < 1.0 / p.vacancy_weeks:
        return Employment(
            present=1, sick=0, weeks_in_post=0, generation=staff.generation + 1, attended=0
        )
    return Employment(present=0, sick=0, weeks_in_post=0, generation=staff.generation, attended=0)


def just_left(staff: Any) -> bool:
    """Return whether the post became vacant this week. Grade: definition."""
    return staff.present == 0 and staff.weeks_in_post == JUST_LEFT


def leaver_record(staff: Any) -> LeaverRecord:
    """Return what a leaver would carry to another team. Grade: definition."""
    return LeaverRecord(
        leaver_known=1,
        leaver_values_shift=staff.values - staff.values_usual,
        leaver_knowledge=staff.knowledge,
        leaver_skill_coaching=staff.skill_coaching,
        leaver_skill_values=staff.skill_values,
        leaver_skill_strengths=staff.skill_strengths,
        leaver_skill_goals=staff.skill_goals,
        leaver_sessions=staff.sessions_attended,
    )


def moves_within_trust(uniform: float, p: Any) -> int:
    """Return whether a newcomer comes from another team of the same trust.

    P = `mover_share`. Source: no figure seen. Grade: assumption.
    """
    return happens(uniform, p.mover_share)


def donor_order(key: Any, donor_low: int, donor_high: int, week: int) -> float:
    """Return the number that ranks another team as the one a mover comes from (lowest wins).

    A function of both identities, so that the order of teams in a roster does not matter. Each low
    word goes with the other team's high word: two teams that rank each other draw apart.

    Grade: definition.
    """
    mixed = (key[0], key[1], key[2] ^ donor_high, key[3] ^ donor_low, key[4], key[5])
    u, _, _, _ = uniforms(mixed, STAFF_MOVE_DONOR, week)
    return u


def carried_record(staff: Any, donor: Any) -> CarriedRecord:
    """Return a newcomer's competence when it is carried over from another team's leaver.

    Values shift with the person; skills and knowledge are the leaver's where they exceed the
    newcomer's own draw.

    v = usual v + the leaver's shift; x = max(own x, the leaver's x). Source: none. Grade:
    assumption.
    """
    values = share(staff.values_usual + donor.leaver_values_shift)
    return CarriedRecord(
        moved=1,
        values=values,
        values_pending=values,
        knowledge=donor.leaver_knowledge
        if donor.leaver_knowledge > staff.knowledge
        else staff.knowledge,
        skill_coaching=donor.leaver_skill_coaching
        if donor.leaver_skill_coaching > staff.skill_coaching
        else staff.skill_coaching,
        skill_values=donor.leaver_skill_values
        if donor.leaver_skill_values > staff.skill_values
        else staff.skill_values,
        skill_strengths=donor.leaver_skill_strengths
        if donor.leaver_skill_strengths > staff.skill_strengths
        else staff.skill_strengths,
        skill_goals=donor.leaver_skill_goals
        if donor.leaver_skill_goals > staff.skill_goals
        else staff.skill_goals,
        sessions_attended=donor.leaver_sessions,
    )


SAME_WORKER = 0
NEW_PERSON_IN_POST = 1
NEW_WORKER = 2
NEW_REFERRAL = 3


def service_flow(
    user: Any,
    worker_present: int,
    worker_generation: int,
    coordinators: int,
    mean_process: float,
    p: Any,
    key: Any,
    week: int,
) -> FlowDraw:
    """Draw a user's week of flow.

    Parameters
    ----------
    user : record
        The service user.
    worker_present, worker_generation : int
        State of the key worker's post.
    coordinators : int
        Filled coordinator posts in the team.
    mean_process : float
        Mean recovery process (people doing better are discharged sooner).
    p : record
        Parameters.
    key, week
        Key and week of the draws.

    Returns
    -------
    FlowDraw
        `change` is one of SAME_WORKER, NEW_PERSON_IN_POST (somebody else now holds the worker's
        post), NEW_WORKER (the `choice`-th filled coordinator post) or NEW_REFERRAL (a free place
        outside the research sample is taken by somebody new); `stage_uniform` is the draw for the
        stage of recovery.

    Notes
    -----
    P(lost to research) = d (1 - k (r - mean r)), P(discharge) = e (1 + g m), with r the
    relationship and m the mean process within +-2. Source: 297 of 403 were followed up after a
    year; 24% lost their clinician in a year (one US study). Grade: trial for the former, literature
    for the latter, assumption for discharge (not found for England) and for what the risks depend
    on.
    """
    u_stage, u_exit, u_change, u_dropout = uniforms(key, USER_FLOW, week)
    in_research = user.in_research
    if in_research == 1:
        risk = weekly_probability(p.dropout_yearly) * (
            1.0 - p.dropout_from_relationship * (user.relationship - p.relationship_mean)
        )
        if u_dropout < share(risk):
            in_research = 0
    if user.in_service == 0:
        if user.sampled == 0 and u_exit < weekly_fraction(p.referral_weeks):
            return FlowDraw(
                in_service=1, in_research=0, change=NEW_REFERRAL, choice=-1, stage_uniform=u_stage
            )
        return FlowDraw(
            in_service=0,
            in_research=in_research,
            change=SAME_WORKER,
            choice=-1,
            stage_uniform=u_stage,
        )
    leaving = weekly_probability(p.discharge_yearly) * (
        1.0 + p.discharge_from_recovery * clamp(mean_process, -2.0, 2.0)
    )
    if u_exit < share(leaving):
        return FlowDraw(
            in_service=0,
            in_research=in_research,
            change=SAME_WORKER,
            choice=-1,
            stage_uniform=u_stage,
        )
    if worker_present == 1 and worker_generation != user.worker_generation:
        return FlowDraw(
            in_service=1,
            in_research=in_research,
            change=NEW_PERSON_IN_POST,
            choice=-1,
            stage_uniform=u_stage,
        )
    changing = weekly_probability(p.worker_change_yearly)
    if worker_present == 0:
        changing = 1.0 / p.handover_weeks
    if coordinators > 0 and u_change < share(changing):
        u_choice, _, _, _ = uniforms(key, USER_REASSIGNMENT, week)
        return FlowDraw(
            in_service=1,
            in_research=in_research,
            change=NEW_WORKER,
            choice=category(u_choice, coordinators),
            stage_uniform=u_stage,
        )
    return FlowDraw(
        in_service=1, in_research=in_research, change=SAME_WORKER, choice=-1, stage_uniform=u_stage
    )


def service_outcome(
    user: Any, draw: FlowDraw, place: int, generation: int, p: Any, key: Any, week: int
) -> ServiceFlow:
    """Return a user's flow once the key worker's place and generation are known.

    A change of worker costs part of the relationship, r' = r (1 - loss), and the fit between the
    two is drawn anew. A user who leaves the service has no key worker.

    Source: no figure seen. Grade: assumption.
    """
    if draw.in_service == 0:
        return ServiceFlow(
            in_service=0,
            in_research=draw.in_research,
            worker=-1,
            worker_generation=-1,
            worker_changes=user.worker_changes,
            rapport=user.rapport,
            relationship=user.relationship,
            relationship_shift=user.relationship_shift,
        )
    if draw.change == SAME_WORKER or (
        place == user.worker and generation == user.worker_generation
    ):
        return ServiceFlow(
            in_service=1,
            in_research=draw.in_research,
            worker=user.worker,
            worker_generation=user.worker_generation,
            worker_changes=user.worker_changes,
            rapport=user.rapport,
            relationship=user.relationship,
            relationship_shift=user.relationship_shift,
        )
    rapport, _, _, _ = normals(key, USER_RAPPORT, week)
    return ServiceFlow(
        in_service=1,
        in_research=draw.in_research,
        worker=place,
        worker_generation=generation,
        worker_changes=user.worker_changes + 1,
        rapport=rapport,
        relationship=share(user.relationship * (1.0 - p.relationship_loss_on_change)),
        relationship_shift=user.relationship_shift * (1.0 - p.relationship_loss_on_change),
    )


LINK = Link(
    state={
        TEAM: (
            real("turnover_multiplier", "the team's own turnover relative to the model's", "ratio"),
            whole("leaver_known", "whether a former member's record is kept for a move", "0/1"),
            real("leaver_values_shift", "the last leaver's shift in values", "-1 to 1"),
            real("leaver_knowledge", "the last leaver's knowledge"),
            real("leaver_skill_coaching", "the last leaver's skill in coaching"),
            real("leaver_skill_values", "the last leaver's skill in values and preferences"),
            real("leaver_skill_strengths", "the last leaver's skill in strengths assessment"),
            real("leaver_skill_goals", "the last leaver's skill in goal-striving"),
            whole("leaver_sessions", "training sessions the last leaver had attended"),
        ),
        STAFF: (
            whole("sick", "whether absent this week", "0/1"),
            whole("weeks_in_post", "weeks since the person came", "weeks"),
            whole("moved", "whether the person came from another team of the trust", "0/1"),
        ),
        USER: (
            whole("in_service", "1 until discharged or referred on", "0/1"),
            whole("in_research", "1 until lost to research follow-up", "0/1"),
            whole("worker", "place of the key worker in the team; -1 for none", "place"),
            whole("worker_generation", "generation of that key worker", "index"),
            whole("worker_changes", "changes of key worker so far"),
        ),
    },
    elements=(
        level(
            "conditions",
            "turnover_multiplier",
            "Staff leaving rate relative to usual.",
            "ratio",
            default=1.0,
            bounds=(0.1, 5.0),
            usual=1.0,
        ),
        spell(
            "beyond",
            "staff_wellbeing",
            "staff wellbeing",
            "Support for the wellbeing of staff.",
            (Use("staff_wellbeing", "person-weeks of wellbeing support", "person"),),
            (Cost(BEYOND_REFOCUS, "staff_wellbeing", "staff_wellbeing_week"),),
        ),
    ),
)
