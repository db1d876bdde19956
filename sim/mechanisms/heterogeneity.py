"""Heterogeneity: how trusts, teams, staff and users differ when the simulation begins.

Also who a newcomer is. Differences between trusts, teams, workers and users are explicit, so that
intracluster correlations come out small and realistic instead of being set.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

from sim.link import STAFF, USER, Link, whole
from sim.mechanisms.bounds import clamp, share
from sim.mechanisms.flow import usual_vacancies, usual_workload
from sim.mechanisms.practice import delivered, opportunity, usual_delivery
from sim.mechanisms.recovery import correlated, usual_responses, within_limit
from sim.mechanisms.relationship import (
    experience_mean,
    practice_probability,
    relationship_target,
    support_target,
    usual_deficit,
)
from sim.streams import (
    STAFF_CROSS_TIE,
    STAFF_START,
    STAFF_START_MORE,
    STAFF_START_PRACTICE,
    STAFF_START_SKILLS,
    STAFF_START_TRAITS,
    STAFF_TIES,
    TEAM_START,
    TEAM_START_MORE,
    TRUST_START,
    TYPE_START,
    USER_EXPERIENCE,
    USER_RAPPORT,
    USER_START,
    USER_START_FLOW,
    USER_START_HEALTH,
    USER_START_MORE,
    USER_START_PROCESSES,
    USER_START_STATE,
    USER_START_STATE_MORE,
    category,
    happens,
    normals,
    to_normal,
    uniforms,
)


class TrustStart(NamedTuple):
    """A trust at the start."""

    readiness_usual: float
    readiness: float
    priorities: float


class TeamStart(NamedTuple):
    """A team at the start."""

    readiness_usual: float
    readiness: float
    leader_support_usual: float
    leader_support: float
    participation_propensity: float
    casemix: float
    climate: float
    reflects: int
    workload: float


class StaffStart(NamedTuple):
    """A member of staff on arrival."""

    weeks_in_post: int
    moved: int
    lived_experience: int
    family_experience: int
    disclosed: int
    priorities: float
    readiness_usual: float
    readiness: float
    interpersonal: float
    values_usual: float
    values: float
    values_pending: float
    knowledge_usual: float
    knowledge: float
    skill_usual_coaching: float
    skill_usual_values: float
    skill_usual_strengths: float
    skill_usual_goals: float
    skill_coaching: float
    skill_values: float
    skill_strengths: float
    skill_goals: float
    intent_usual_coaching: float
    intent_usual_values: float
    intent_usual_strengths: float
    intent_usual_goals: float
    intent_coaching: float
    intent_values: float
    intent_strengths: float
    intent_goals: float
    habit_coaching: float
    habit_values: float
    habit_strengths: float
    habit_goals: float
    behaviour_usual_coaching: float
    behaviour_usual_values: float
    behaviour_usual_strengths: float
    behaviour_usual_goals: float
    behaviour_coaching: float
    behaviour_values: float
    behaviour_strengths: float
    behaviour_goals: float
    reinforcement: float
    sessions_offered: int
    sessions_attended: int
    attended: int


class StaffTies(NamedTuple):
    """Advice ties of a post within the team."""

    tie_0: int
    tie_1: int
    tie_2: int


class UserStart(NamedTuple):
    """A service user on arrival, before experience and recovery are set."""

    in_service: int
    in_research: int
    black: int
    worker_changes: int
    contacts: int
    contact_rate: float
    rapport: float
    disposition: float
    support_disposition: float
    experience_coaching: float
    experience_values: float
    experience_strengths: float
    experience_goals: float
    expectations: float
    identity_threat: float
    stage: int
    setpoint_connectedness: float
    setpoint_hope: float
    setpoint_identity: float
    setpoint_meaning: float
    setpoint_empowerment: float
    symptoms_usual: float
    symptoms: float
    functioning_usual: float
    needs_usual: float
    quality_of_life_usual: float
    has_goal: int
    goal_progress: float
    goals_reached: int


class UserExperience(NamedTuple):
    """A user's relationship and experienced support on arrival."""

    relationship: float
    support: float
    experience_shift: float
    relationship_shift: float
    support_shift: float


class UserRecovery(NamedTuple):
    """A user's recovery on arrival."""

    gain_connectedness: float
    gain_hope: float
    gain_identity: float
    gain_meaning: float
    gain_empowerment: float
    connectedness: float
    hope: float
    identity: float
    meaning: float
    empowerment: float
    baseline_connectedness: float
    baseline_hope: float
    baseline_identity: float
    baseline_meaning: float
    baseline_empowerment: float
    functioning: float
    needs: float
    quality_of_life: float


def trust_start(p: Any, key: Any) -> TrustStart:
    """Draw a trust: readiness and competing priorities, normal around their means, in [0, 1].

    x = mean + sd z. Source: no figure seen; units differ by .02-.30 of the variance of climate
    ratings in hospitals. Grade: assumption.
    """
    z_readiness, z_priorities, _, _ = normals(key, TRUST_START, 0)
    readiness = share(p.trust_readiness_mean + p.trust_readiness_sd * z_readiness)
    return TrustStart(
        readiness,
        readiness,
        share(p.trust_priorities_mean + p.trust_priorities_sd * z_priorities),
    )


def type_deviation(p: Any, key: Any) -> float:
    """Draw how far the users of one type of team deviate in recovery, in standard deviations.

    d = sd z. Source: team type mattered for recovery orientation (size not seen). Grade: literature
    for the direction, assumption for the size.
    """
    z, _, _, _ = normals(key, TYPE_START, 0)
    return p.type_recovery_sd * z


def team_start(
    readiness_given: float,
    reflects_given: int,
    trust_deviation: float,
    type_effect: float,
    p: Any,
    key: Any,
) -> TeamStart:
    """Draw a team.

    Readiness R = m + w (trust deviation) + s (r z_P + sqrt(1 - r^2) z), with z_P the propensity to
    take part. A measured readiness (rescaled to 0-1; negative when unknown) shrinks towards the
    mean by its reliability and leaves the rest to chance. Relationships may be better in teams
    that take part (`participation_relationship_correlation`, free): such a team may simply be a
    better team.

    Source: ICC of the QPR .01-.11 from the trial's standard error; relationships differed by site
    (size not seen). Grade: literature for these two, assumption for the rest.
    """
    z_propensity, z_readiness, z_casemix, z_climate = normals(key, TEAM_START, 0)
    u_leader, u_reflects, _, _ = uniforms(key, TEAM_START_MORE, 0)
    r = p.participation_readiness_correlation
    z_ready = r * z_propensity + sqrt(1.0 - r * r) * z_readiness
    if readiness_given < 0.0:
        readiness = share(
            p.team_readiness_mean
            + p.readiness_trust_to_team * trust_deviation
            + p.team_readiness_sd * z_ready
        )
    else:
        reliability = p.readiness_reliability
        readiness = share(
            p.team_readiness_mean
            + reliability * (readiness_given - p.team_readiness_mean)
            + p.team_readiness_sd * sqrt(reliability * (1.0 - reliability)) * z_readiness
        )
    c = p.participation_relationship_correlation
    climate = p.team_relationship_sd * (c * z_propensity + sqrt(1.0 - c * c) * z_climate)
    leader = share(p.leader_support_mean + p.leader_support_sd * to_normal(u_leader))
    reflects = reflects_given
    if reflects_given < 0:
        reflects = happens(u_reflects, p.reflects_share)
    return TeamStart(
        readiness_usual=readiness,
        readiness=readiness,
        leader_support_usual=leader,
        leader_support=leader,
        participation_propensity=z_propensity,
        casemix=p.team_recovery_sd * z_casemix + type_effect,
        climate=climate,
        reflects=reflects,
        workload=1.0,
    )


def present_at_start(uniform: float, p: Any) -> int:
    """Return whether a post is filled at the start: the share that turnover and vacancies imply.

    P(vacant) = v / (1 + v), v as in `usual_vacancies`. Grade: definition.
    """
    vacant = usual_vacancies(p)
    return 0 if uniform < vacant / (1.0 + vacant) else 1


def staff_start(leader: int, team: Any, trust: Any, p: Any, key: Any) -> StaffStart:
    """Draw a person who holds a post (at the start, or as a newcomer).

    Values, knowledge, skills and intents are normal around their means, in [0, 1]; skills and
    intents share a person factor. Usual behaviour is usual intent times the opportunity that
    competing priorities and the team's own caseload leave. x = mean + sd z.

    Source: national survey: lived experience 39%, family 76%; of the former 48% disclosed fully,
    32% partly, 20% not; leaders rate recovery orientation higher (direction). Staff found
    goal-striving no new addition (interviews of the trial). Grade: literature for these shares,
    assumption for means and spreads.
    """
    u_lived, u_family, u_disclosed, u_weeks = uniforms(key, STAFF_START, 0)
    z_priorities, z_readiness, z_interpersonal, z_values = normals(key, STAFF_START_TRAITS, 0)
    z_knowledge, z_person, z_intent, _ = normals(key, STAFF_START_MORE, 0)
    z_s0, z_s1, z_s2, z_s3 = normals(key, STAFF_START_SKILLS, 0)
    z_i0, z_i1, z_i2, z_i3 = normals(key, STAFF_START_PRACTICE, 0)
    lived = happens(u_lived, p.lived_experience_share)
    disclosed = 0
    if lived == 1:
        if u_disclosed < p.disclosed_fully_share:
            disclosed = 2
        elif u_disclosed < p.disclosed_fully_share + p.disclosed_partly_share:
            disclosed = 1
    priorities = share(p.staff_priorities_mean + p.staff_priorities_sd * z_priorities)
    readiness = share(
        p.staff_readiness_mean
        + p.readiness_team_to_staff * (team.readiness_usual - p.team_readiness_mean)
        + p.staff_readiness_sd * z_readiness
    )
    interpersonal = share(p.interpersonal_mean + p.interpersonal_sd * z_interpersonal)
    values = share(
        p.values_mean + p.values_sd * z_values + (p.values_leader_bonus if leader == 1 else 0.0)
    )
    knowledge = share(p.knowledge_mean + p.knowledge_sd * z_knowledge)
    shared = sqrt(p.skill_shared)
    own = sqrt(1.0 - p.skill_shared)
    skill_coaching = share(p.skill_mean + p.skill_sd * (shared * z_person + own * z_s0))
    skill_values = share(p.skill_mean + p.skill_sd * (shared * z_person + own * z_s1))
    skill_strengths = share(p.skill_mean + p.skill_sd * (shared * z_person + own * z_s2))
    skill_goals = share(p.skill_mean + p.skill_sd * (shared * z_person + own * z_s3))
    intent_coaching = share(p.intent_mean_coaching + p.intent_sd * (shared * z_intent + own * z_i0))
    intent_values = share(p.intent_mean_values + p.intent_sd * (shared * z_intent + own * z_i1))
    intent_strengths = share(
        p.intent_mean_strengths + p.intent_sd * (shared * z_intent + own * z_i2)
    )
    intent_goals = share(p.intent_mean_goals + p.intent_sd * (shared * z_intent + own * z_i3))
    room = opportunity(priorities, trust.priorities, usual_workload(team, p), 0.0, 0.0, p)
    return StaffStart(
        weeks_in_post=int(u_weeks * 300.0),
        moved=0,
        lived_experience=lived,
        family_experience=happens(u_family, p.family_experience_share),
        disclosed=disclosed,
        priorities=priorities,
        readiness_usual=readiness,
        readiness=readiness,
        interpersonal=interpersonal,
        values_usual=values,
        values=values,
        values_pending=values,
        knowledge_usual=knowledge,
        knowledge=knowledge,
        skill_usual_coaching=skill_coaching,
        skill_usual_values=skill_values,
        skill_usual_strengths=skill_strengths,
        skill_usual_goals=skill_goals,
        skill_coaching=skill_coaching,
        skill_values=skill_values,
        skill_strengths=skill_strengths,
        skill_goals=skill_goals,
        intent_usual_coaching=intent_coaching,
        intent_usual_values=intent_values,
        intent_usual_strengths=intent_strengths,
        intent_usual_goals=intent_goals,
        intent_coaching=intent_coaching,
        intent_values=intent_values,
        intent_strengths=intent_strengths,
        intent_goals=intent_goals,
        habit_coaching=room * intent_coaching,
        habit_values=room * intent_values,
        habit_strengths=room * intent_strengths,
        habit_goals=room * intent_goals,
        behaviour_usual_coaching=room * intent_coaching,
        behaviour_usual_values=room * intent_values,
        behaviour_usual_strengths=room * intent_strengths,
        behaviour_usual_goals=room * intent_goals,
        behaviour_coaching=room * intent_coaching,
        behaviour_values=room * intent_values,
        behaviour_strengths=room * intent_strengths,
        behaviour_goals=room * intent_goals,
        reinforcement=0.0,
        sessions_offered=0,
        sessions_attended=0,
        attended=0,
    )


def advice_tie(uniform: float, place: int, posts: int) -> int:
    """Return a colleague's place whose advice is sought, any other place alike; -1 for none.

    P = 1 / (posts - 1) each. Source: none. Grade: assumption.
    """
    if posts < 2:
        return -1
    chosen = category(uniform, posts - 1)
    return chosen + 1 if chosen >= place else chosen


def staff_ties(place: int, posts: int, p: Any, key: Any) -> StaffTies:
    """Draw a post's advice ties: two colleagues, a third with chance `third_tie_share`.

    P(third) = `third_tie_share`. Source: no figure seen. Grade: assumption.
    """
    u_first, u_second, u_third, u_has_third = uniforms(key, STAFF_TIES, 0)
    third = -1
    if u_has_third < p.third_tie_share:
        third = advice_tie(u_third, place, posts)
    return StaffTies(advice_tie(u_first, place, posts), advice_tie(u_second, place, posts), third)


def has_cross_tie(key: Any, p: Any) -> tuple[int, float]:
    """Return whether a post has an advice tie to another team of the trust, and a place draw.

    P = `cross_tie_share`. Source: no figure seen. Grade: assumption.
    """
    u_has, u_place, _, _ = uniforms(key, STAFF_CROSS_TIE, 0)
    return happens(u_has, p.cross_tie_share), u_place


def setpoint_sd(p: Any) -> float:
    """Return the spread of set-points that makes recovery spread by about 1 between people.

    sd^2 = 1 - fluctuation^2 - (pull of symptoms)^2 - (effect of experience x its spread)^2, at
    least .05.

    Source: the unit of recovery, which is a convention. Grade: definition.
    """
    experience = p.experience_to_recovery * p.theory_strength * p.response_spread
    left = (
        1.0
        - p.fluctuation_sd * p.fluctuation_sd
        - p.symptoms_to_recovery * p.symptoms_to_recovery
        - experience * experience
    )
    return sqrt(left) if left > 0.05 else sqrt(0.05)


def experience_at_start(
    behaviour: float, skill: float, intent_mean: float, normal: float, p: Any
) -> float:
    """Return a person's recent experience of one practice on arrival, in [0, 1].

    P + z sqrt(P (1 - P) a / (2 - a)), with P the chance of the practice in a contact and a the pace
    of experience: the spread at which moving a share a towards what happened settles, so that usual
    care does not widen because the simulation began.

    Source: the stationary spread of `contact`. Grade: definition.
    """
    chance = practice_probability(delivered(behaviour, skill, p), usual_delivery(intent_mean, p), p)
    pace = share(p.experience_pace)
    return share(chance + normal * sqrt(chance * (1.0 - chance) * pace / (2.0 - pace)))


def user_start(
    worker: Any, team: Any, share_black: float, sampled: int, p: Any, key: Any
) -> UserStart:
    """Draw a service user on arrival.

    Set-points of the five processes share one factor, so that they correlate `process_correlation`
    with each other; all shift with the team's case mix. Current levels fluctuate around them.
    Experience of the working practices starts around what the key worker usually delivers: whoever
    comes has met nothing of the programme yet.

    Set-point of process k = shared part + own part: y_k = s (sqrt(c) f + sqrt(1 - c) z_k) + case
    mix. Source: correlations of the processes with recovery .34-.56; about 2 contacts a month in UK
    studies (1.5-3); identity was the core category for black service users (direction). Grade:
    literature for these, assumption for the rest.
    """
    u_black, u_rate, u_goal, u_progress = uniforms(key, USER_START, 0)
    z_disposition, z_general, z_expectations, z_threat = normals(key, USER_START_MORE, 0)
    z_connectedness, z_hope, z_identity, z_meaning = normals(key, USER_START_PROCESSES, 0)
    z_empowerment, z_symptoms, z_functioning, z_needs = normals(key, USER_START_HEALTH, 0)
    z_symptoms_now, z_quality, z_stage, _ = normals(key, USER_START_STATE, 0)
    z_rapport, z_support, _, _ = normals(key, USER_RAPPORT, 0)
    black = happens(u_black, share_black)
    sd = setpoint_sd(p)
    general = sqrt(p.process_correlation)
    own = sqrt(1.0 - p.process_correlation)
    threat = share(
        p.identity_threat_mean + p.identity_threat_sd * z_threat + p.identity_threat_black * black
    )
    symptoms_usual = p.symptoms_trait_sd * z_symptoms
    symptoms = symptoms_usual + p.health_fluctuation_sd * p.chance_scale * z_symptoms_now
    stage_level = general * z_general + own * z_stage
    stage = 3
    if stage_level < -1.2:
        stage = 1
    elif stage_level < -0.4:
        stage = 2
    elif stage_level > 1.2:
        stage = 5
    elif stage_level > 0.4:
        stage = 4
    has_goal = happens(u_goal, p.has_goal_share)
    z_coaching, z_values, z_strengths, z_goals = normals(key, USER_EXPERIENCE, 0)
    return UserStart(
        in_service=1,
        in_research=sampled,
        black=black,
        worker_changes=0,
        contacts=0,
        contact_rate=p.contact_rate
        * clamp(1.0 + p.contact_rate_variation * to_normal(u_rate), 0.2, 3.0),
        rapport=z_rapport,
        disposition=z_disposition,
        support_disposition=z_support,
        experience_coaching=experience_at_start(
            worker.behaviour_usual_coaching,
            worker.skill_usual_coaching,
            p.intent_mean_coaching,
            z_coaching,
            p,
        ),
        experience_values=experience_at_start(
            worker.behaviour_usual_values,
            worker.skill_usual_values,
            p.intent_mean_values,
            z_values,
            p,
        ),
        experience_strengths=experience_at_start(
            worker.behaviour_usual_strengths,
            worker.skill_usual_strengths,
            p.intent_mean_strengths,
            z_strengths,
            p,
        ),
        experience_goals=experience_at_start(
            worker.behaviour_usual_goals, worker.skill_usual_goals, p.intent_mean_goals, z_goals, p
        ),
        expectations=share(p.expectations_mean + p.expectations_sd * z_expectations),
        identity_threat=threat,
        stage=stage,
        setpoint_connectedness=team.casemix + sd * (general * z_general + own * z_connectedness),
        setpoint_hope=team.casemix + sd * (general * z_general + own * z_hope),
        setpoint_identity=team.casemix + sd * (general * z_general + own * z_identity),
        setpoint_meaning=team.casemix + sd * (general * z_general + own * z_meaning),
        setpoint_empowerment=team.casemix + sd * (general * z_general + own * z_empowerment),
        symptoms_usual=symptoms_usual,
        symptoms=symptoms,
        functioning_usual=p.health_trait_sd * z_functioning,
        needs_usual=p.health_trait_sd * z_needs,
        quality_of_life_usual=p.health_trait_sd * z_quality,
        has_goal=has_goal,
        goal_progress=u_progress * has_goal,
        goals_reached=0,
    )


def user_experience(user: Any, worker: Any, team: Any, p: Any) -> UserExperience:
    """Return the relationship and support at which a user starts.

    The relationship stands at its target less what recent changes of worker have cost on average
    (`usual_deficit`) at the contacts that the team's caseload allows, so that under usual care the
    mean stays where it is.

    r = target (1 - d), d as in `usual_deficit`. Source: what stands still under usual care. Grade:
    definition.
    """
    experience = experience_mean(user)
    relationship = share(
        relationship_target(user, worker.interpersonal, experience, 0.0, team, p)
        * (1.0 - usual_deficit(user.contact_rate / usual_workload(team, p), p))
    )
    support = support_target(user, relationship, experience, 0.0, p)
    return UserExperience(
        relationship=relationship,
        support=support,
        experience_shift=0.0,
        relationship_shift=0.0,
        support_shift=0.0,
    )


def user_recovery(user: Any, p: Any, key: Any) -> UserRecovery:
    """Return the recovery at which a user starts: set-point, response so far, and fluctuation.

    The response so far is that to current experience, so that nothing drifts under usual care
    merely because the simulation began. Nobody arrives with a response to the programme. Levels are
    clamped as they are later on.

    x = set-point + response + sd z. Source: what stands still under usual care; symptoms and
    recovery correlate -.21 to -.44. Grade: literature for symptoms, assumption for the rest.
    """
    level = usual_responses(user, p)
    z_0, z_1, z_2, z_3 = normals(key, USER_START_STATE_MORE, 0)
    z_4, z_functioning, z_needs, _ = normals(key, USER_START_FLOW, 0)
    noise = correlated(z_0, z_1, z_2, z_3, z_4, p.process_correlation)
    pull = p.symptoms_to_recovery * user.symptoms
    sd = p.fluctuation_sd * p.chance_scale
    connectedness = within_limit(
        user.setpoint_connectedness + level.connectedness - pull + sd * noise.connectedness
    )
    hope = within_limit(user.setpoint_hope + level.hope - pull + sd * noise.hope)
    identity = within_limit(user.setpoint_identity + level.identity - pull + sd * noise.identity)
    meaning = within_limit(user.setpoint_meaning + level.meaning - pull + sd * noise.meaning)
    empowerment = within_limit(
        user.setpoint_empowerment + level.empowerment - pull + sd * noise.empowerment
    )
    average = 0.2 * (connectedness + hope + identity + meaning + empowerment)
    support = (user.support - p.support_mean) / p.support_scale
    health_sd = p.health_fluctuation_sd * p.chance_scale
    return UserRecovery(
        gain_connectedness=within_limit(level.connectedness),
        gain_hope=within_limit(level.hope),
        gain_identity=within_limit(level.identity),
        gain_meaning=within_limit(level.meaning),
        gain_empowerment=within_limit(level.empowerment),
        connectedness=connectedness,
        hope=hope,
        identity=identity,
        meaning=meaning,
        empowerment=empowerment,
        baseline_connectedness=connectedness,
        baseline_hope=hope,
        baseline_identity=identity,
        baseline_meaning=meaning,
        baseline_empowerment=empowerment,
        functioning=within_limit(
            user.functioning_usual
            + p.recovery_to_functioning * empowerment
            + health_sd * z_functioning
        ),
        needs=within_limit(user.needs_usual - p.support_to_needs * support + health_sd * z_needs),
        quality_of_life=within_limit(
            user.quality_of_life_usual + p.recovery_to_quality_of_life * average
        ),
    )


LINK = Link(
    state={
        STAFF: (
            whole("family_experience", "has supported a family member or friend", "0/1"),
            whole(
                "disclosed",
                "has told colleagues of own experience (0 no, 1 partly, 2 fully)",
                "0-2",
            ),
        ),
        USER: (
            whole("black", "black African, Caribbean, British or other black background", "0/1"),
        ),
    },
)
