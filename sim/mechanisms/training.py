"""Training: whether a session goes ahead, who attends, and what those who attend take away.

Training effectiveness (engagement strategies, delivery style, modelling of recovery principles) is
the second group of implementation factors that the process evaluation found.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.element import Cost, Use, level, switch
from sim.link import STAFF, TEAM, Link, real, whole
from sim.mechanisms.bounds import clamp, logistic, share
from sim.mechanisms.practice import PRACTICES
from sim.mechanisms.readiness import effective_readiness
from sim.streams import STAFF_ATTENDANCE, STAFF_LEARNING, TEAM_SESSION, happens, to_normal, uniforms


class TeamSession(NamedTuple):
    """Whether this week's session goes ahead in the team."""

    session_held: int


class Attendance(NamedTuple):
    """Whether a person attends this week's session."""

    attended: int
    sessions_offered: int
    sessions_attended: int


class TrainingSums(NamedTuple):
    """Running sums of a team's training record."""

    offered: int
    attended: int
    engagement: float


class TrainingRecord(NamedTuple):
    """A team's training record so far."""

    sessions_offered: int
    sessions_attended: int
    engagement_sum: float


class Induction(NamedTuple):
    """What a newcomer takes from induction to the programme."""

    knowledge: float
    values: float
    skill_coaching: float
    skill_values: float
    skill_strengths: float
    skill_goals: float
    sessions_attended: int


class Learning(NamedTuple):
    """What a person takes away."""

    knowledge: float
    values: float
    skill_coaching: float
    skill_values: float
    skill_strengths: float
    skill_goals: float
    reinforcement: float


def curriculum(action: Any) -> float:
    """Return how much is taught this week: shares of both courses and of a booster.

    c = recovery course + coaching course + booster. Grade: definition.
    """
    return action.prt_session + action.coaching_session + action.booster


def session_probability(team: Any, trust: Any, action: Any, p: Any) -> float:
    """Return the probability that a planned session goes ahead.

    logit P = a + b (R_team - .5) + c (R_trust - .5) + d propensity; the scenario's assured
    attendance closes a share of the gap to 1, and so does switching off the implementation gap.
    Source: directions from the process evaluation; that teams differed in taking part is from the
    trial, by how much was not seen. Grade: assumption.
    """
    chance = logistic(
        p.session_base
        + p.session_from_team_readiness * (team.readiness - 0.5)
        + p.session_from_trust_readiness * (trust.readiness - 0.5)
        + p.session_from_propensity * team.participation_propensity
    )
    return 1.0 - p.implementation_gap * (1.0 - action.attendance_assured) * (1.0 - chance)


def team_session(team: Any, trust: Any, action: Any, p: Any, key: Any, week: int) -> TeamSession:
    """Draw whether the session that the calendar holds for this week goes ahead.

    P = `session_probability` where something is taught, else 0. Grade: definition.
    """
    if curriculum(action) <= 0.0:
        return TeamSession(0)
    u, _, _, _ = uniforms(key, TEAM_SESSION, week)
    return TeamSession(happens(u, session_probability(team, trust, action, p)))


def session_held(team: Any) -> bool:
    """Return whether the session went ahead. Grade: definition."""
    return team.session_held == 1


def session_cancelled(team: Any, action: Any) -> bool:
    """Return whether a planned session did not go ahead. Grade: definition."""
    return team.session_held == 0 and curriculum(action) > 0.0


def attendance_probability(staff: Any, team: Any, trust: Any, action: Any, p: Any) -> float:
    """Return the probability that a person who is in post and well attends a session held.

    logit P = a + b (E - .5) + c (leader support - .5) + d (engagement strategies - .5)
    + e propensity - f (workload (1 - protected time) - 1) - g (priorities (1 - relief) - .5),
    with E the effective readiness of trust, team and practitioner. It never falls when readiness
    rises. As in `session_probability`, assured attendance closes the gap to 1.

    Notes
    -----
    Source: 89% attended when whole teams were trained together (Gilburt et al. 2013), about half of
    the staff in an Australian programme; no REFOCUS figure was seen.

    Grade: literature for the level and for competing priorities (direction), assumption for the
    rest.
    """
    logit = (
        p.attendance_base
        + p.attendance_from_readiness * (effective_readiness(trust, team, staff, p) - 0.5)
        + p.attendance_from_leader * (team.leader_support - 0.5)
        + p.attendance_from_engagement * (action.engagement - 0.5)
        + p.attendance_from_propensity * team.participation_propensity
        - p.attendance_from_workload * (team.workload * (1.0 - action.protected_time) - 1.0)
        - p.attendance_from_priorities * (staff.priorities * (1.0 - action.priorities_relief) - 0.5)
    )
    missing = (1.0 - action.attendance_assured) * (1.0 - logistic(logit))
    return 1.0 - p.implementation_gap * missing


def attendance(
    staff: Any, team: Any, trust: Any, action: Any, p: Any, key: Any, week: int
) -> Attendance:
    """Draw attendance; a vacant post is offered nothing, a sick person stays away.

    P = `attendance_probability` for who is in post and well. Grade: definition.
    """
    if team.session_held == 0 or staff.present == 0:
        offered = 1 if (curriculum(action) > 0.0 and staff.present == 1) else 0
        return Attendance(0, staff.sessions_offered + offered, staff.sessions_attended)
    if staff.sick == 1:
        return Attendance(0, staff.sessions_offered + 1, staff.sessions_attended)
    u, _, _, _ = uniforms(key, STAFF_ATTENDANCE, week)
    came = happens(u, attendance_probability(staff, team, trust, action, p))
    return Attendance(came, staff.sessions_offered + 1, staff.sessions_attended + came)


def attended(staff: Any) -> bool:
    """Return whether a person attended this week's session. Grade: definition."""
    return staff.attended == 1


def training_quality(engagement: float, delivery: float, modelling: float, p: Any) -> float:
    """Return training quality relative to the usual: 1 when all three are at .5.

    Q = 2 (w1 engagement + w2 delivery + w3 modelling) / (w1 + w2 + w3). Source: the
    process evaluation names the three, not their shares. Grade: assumption.
    """
    total = p.quality_weight_engagement + p.quality_weight_delivery + p.quality_weight_modelling
    return (
        2.0
        * (
            p.quality_weight_engagement * engagement
            + p.quality_weight_delivery * delivery
            + p.quality_weight_modelling * modelling
        )
        / total
    )


def skill_after_session(skill: float, dose: float, gain: float, p: Any) -> float:
    """Return a skill after a session: s' = s + g SD dose (1 - s) / (1 - mean), at most 1.

    The whole curriculum at usual quality lifts the average person by `gain` standard deviations;
    the last factor makes returns diminish. Source: d = 0.76 for skills after training in real
    agencies (Schwalbe et al. 2014). Grade: literature for the gain, assumption for the form.
    """
    room = (1.0 - skill) / (1.0 - p.skill_mean)
    return share(skill + gain * p.skill_sd * dose * room)


def learning(staff: Any, action: Any, p: Any, key: Any, week: int) -> Learning:
    """Return knowledge, values and skills after this week's session.

    Each gain closes part of the remaining gap: x' = x + g Q f dose (1 - x). Personal recovery
    training moves knowledge and values most, coaching training moves skills most; a booster
    refreshes both. Q is training quality, f the person's own gain (1 on average, `learning_sd`
    around it). Only the working practices that the scenario teaches gain skill.

    Notes
    -----
    Source: recovery training moves beliefs more than practice (Eiroa-Orosa and Garcia-Mieres 2019,
    direction); d = 0.76 for skills (Schwalbe et al. 2014). Grade: literature for these, assumption
    for the shares of the courses in each skill.
    """
    if staff.attended == 0:
        return Learning(
            knowledge=staff.knowledge,
            values=staff.values,
            skill_coaching=staff.skill_coaching,
            skill_values=staff.skill_values,
            skill_strengths=staff.skill_strengths,
            skill_goals=staff.skill_goals,
            reinforcement=staff.reinforcement,
        )
    u, _, _, _ = uniforms(key, STAFF_LEARNING, week)
    own = clamp(1.0 + p.learning_sd * to_normal(u), 0.0, 3.0)
    quality = training_quality(action.engagement, action.delivery, action.modelling, p) * own
    recovery_course = action.prt_session + action.booster
    coaching_course = action.coaching_session + action.booster
    knowledge = share(
        staff.knowledge
        + share(p.knowledge_gain * quality * (recovery_course + 0.5 * coaching_course))
        * (1.0 - staff.knowledge)
    )
    belief_quality = quality * (1.0 + p.values_from_modelling * (action.modelling - 0.5))
    values = share(
        staff.values
        + share(p.values_gain * belief_quality * (recovery_course + 0.5 * coaching_course))
        * (1.0 - staff.values)
    )
    practice_dose = quality * (
        p.skill_share_recovery_course * recovery_course
        + p.skill_share_coaching_course * coaching_course
    )
    coaching_dose = quality * coaching_course
    gain = p.skill_gain
    return Learning(
        knowledge=knowledge,
        values=values,
        skill_coaching=skill_after_session(
            staff.skill_coaching, coaching_dose * action.practice_coaching, gain, p
        ),
        skill_values=skill_after_session(
            staff.skill_values, practice_dose * action.practice_values, gain, p
        ),
        skill_strengths=skill_after_session(
            staff.skill_strengths, practice_dose * action.practice_strengths, gain, p
        ),
        skill_goals=skill_after_session(
            staff.skill_goals, practice_dose * action.practice_goals, gain, p
        ),
        reinforcement=share(
            staff.reinforcement
            + (1.0 - staff.reinforcement)
            * share(p.reinforcement_from_session * action.session_days)
        ),
    )


def induction(staff: Any, action: Any, p: Any) -> Induction:
    """Return a newcomer's knowledge, values and skills after induction to the programme.

    x' = x + g i (1 - x): as a session of usual quality that holds the share i of both courses.

    Source: gains as in `learning`; no figure seen for induction. Grade: assumption.
    """
    dose = action.induction
    practice_dose = dose * (p.skill_share_recovery_course + p.skill_share_coaching_course)
    gain = p.skill_gain
    return Induction(
        knowledge=share(staff.knowledge + share(p.knowledge_gain * dose) * (1.0 - staff.knowledge)),
        values=share(staff.values + share(p.values_gain * dose) * (1.0 - staff.values)),
        skill_coaching=skill_after_session(
            staff.skill_coaching, dose * action.practice_coaching, gain, p
        ),
        skill_values=skill_after_session(
            staff.skill_values, practice_dose * action.practice_values, gain, p
        ),
        skill_strengths=skill_after_session(
            staff.skill_strengths, practice_dose * action.practice_strengths, gain, p
        ),
        skill_goals=skill_after_session(
            staff.skill_goals, practice_dose * action.practice_goals, gain, p
        ),
        sessions_attended=staff.sessions_attended + 1,
    )


def engagement_seen(staff: Any, p: Any) -> float:
    """Return how engaged an attender looks to the trainers: E = .5 + k (readiness - .5), in [0, 1].

    This is conduct in the room; the trainers' rating reads it, never the latent readiness itself.
    Source: no figure seen. Grade: assumption.
    """
    if staff.attended == 0:
        return 0.0
    return share(0.5 + p.engagement_from_readiness * (staff.readiness - 0.5))


def no_training() -> TrainingSums:
    """Return empty sums. Grade: definition."""
    return TrainingSums(0, 0, 0.0)


def add_trained(sums: TrainingSums, staff: Any, action: Any, p: Any) -> TrainingSums:
    """Add one place to the week's training sums; a vacant post is offered nothing.

    Grade: definition.
    """
    if staff.present == 0 or curriculum(action) <= 0.0:
        return sums
    return TrainingSums(
        sums.offered + 1,
        sums.attended + staff.attended,
        sums.engagement + engagement_seen(staff, p),
    )


def training_record(team: Any, sums: TrainingSums) -> TrainingRecord:
    """Return the team's training record after this week. Grade: definition."""
    return TrainingRecord(
        team.sessions_offered + sums.offered,
        team.sessions_attended + sums.attended,
        team.engagement_sum + sums.engagement,
    )


LINK = Link(
    state={
        TEAM: (
            real("participation_propensity", "tendency to take part in what is offered", "SD"),
            whole("session_held", "whether this week's training session went ahead", "0/1"),
            whole("sessions_offered", "staff-sessions of training offered so far"),
            whole("sessions_attended", "staff-sessions of training attended so far"),
            real(
                "engagement_sum", "engagement of attenders that the trainers saw, summed", "0-1 x n"
            ),
        ),
        STAFF: (
            real("knowledge_usual", "knowledge of recovery on arrival"),
            real("knowledge", "knowledge of recovery"),
            *(real(f"skill_usual_{one}", f"skill in {one} before training") for one in PRACTICES),
            *(real(f"skill_{one}", f"skill in {one}") for one in PRACTICES),
            real("reinforcement", "coaching, booster, telephone or reflection still felt"),
            whole("sessions_offered", "training sessions offered to this person"),
            whole("sessions_attended", "training sessions attended"),
            whole("attended", "whether a session was attended this week", "0/1"),
        ),
    },
    elements=(
        level(
            "training.quality",
            "engagement",
            "Strategies that engage the team; 0.5 is usual.",
            "0-1",
            default=0.5,
        ),
        level(
            "training.quality", "delivery", "Style of delivery; 0.5 is usual.", "0-1", default=0.5
        ),
        level(
            "training.quality",
            "modelling",
            "How far trainers live recovery principles; 0.5 is usual.",
            "0-1",
            default=0.5,
        ),
        # What induction takes hangs on the length of the courses: `sim.planning.resources`.
        level(
            "training",
            "induction",
            "Share of both courses that newcomers get on arrival.",
            label="induction of newcomers",
        ),
        # Coaching as a practice is the coaching course itself.
        switch(
            "components.practices",
            "coaching",
            "practice_coaching",
            "",
            "Coaching in contacts with service users.",
        ),
        switch(
            "components.practices",
            "values",
            "practice_values",
            "values and treatment preferences",
            "Understanding values and treatment preferences.",
        ),
        switch(
            "components.practices",
            "strengths",
            "practice_strengths",
            "strengths assessment",
            "Assessing and building on strengths.",
        ),
        switch(
            "components.practices",
            "goals",
            "practice_goals",
            "supporting goal-striving",
            "Supporting goal-striving.",
        ),
        level(
            "conditions",
            "protected_time",
            "Share of workload set aside for training and for new practice.",
            uses=(Use("protected_time", "person-weeks of protected time", "person"),),
            costs=(
                Cost(
                    "cover for protected time", "protected_time", "protected_hours", "backfill_hour"
                ),
            ),
        ),
        # What it takes hangs on who attends: `sim.planning.resources`.
        level(
            "conditions",
            "attendance_assured",
            "Share of the gap to full attendance that is closed.",
        ),
    ),
)
