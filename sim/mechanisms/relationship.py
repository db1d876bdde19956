"""Relationship: contacts, what the user experiences in them, and how the relationship moves.

Users described the relationship with staff as the foundation of recovery support; some noticed no
change, for want of time and because talk was of risk and medication.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.element import Cost, Use, spell
from sim.link import STAFF, TEAM, USER, Link, real, whole
from sim.mechanisms.bounds import clamp, close_gap, share, weekly_fraction, weekly_probability
from sim.mechanisms.practice import PRACTICES, delivered, usual_delivery, usual_delivery_mean
from sim.streams import USER_CONTACT, USER_PRACTICES, happens, uniforms


class Contact(NamedTuple):
    """A week of contact between a user and the key worker."""

    contacts: int
    experience_coaching: float
    experience_values: float
    experience_strengths: float
    experience_goals: float
    relationship: float
    support: float
    experience_shift: float
    relationship_shift: float
    support_shift: float
    expectations: float
    has_goal: int
    goal_progress: float
    goals_reached: int


def contact_probability(user: Any, worker: Any, team: Any, action: Any, p: Any) -> float:
    """Return the chance of a contact in each half of the week.

    q = rate / 2 / workload x (1 - k days of training attended / 5): an overloaded worker sees each
    user less often, and a day in training is a day away.

    Source: a day in training is a day away from users. Grade: assumption.
    """
    away = 0.0
    if worker.attended == 1:
        away = share(p.training_time_cost * action.session_days / 5.0)
    return share(0.5 * user.contact_rate / team.workload * (1.0 - away))


def practice_probability(delivery: float, reference: float, p: Any) -> float:
    """Return how likely a practice happens in a contact, as the user experiences it.

    P = D0 + b (D - D0), in [0, 1], with D0 the reference level under usual care and b the link from
    behaviour to experience. With b = 0 nothing that staff do differently reaches users.

    Source: some users noticed no change (interviews of the trial). Grade: assumption.
    """
    return share(reference + p.behaviour_to_experience * (delivery - reference))


def experience_mean(user: Any) -> float:
    """Return the user's mean experience over the four working practices.

    E = (coaching + values + strengths + goals) / 4. Grade: definition.
    """
    return 0.25 * (
        user.experience_coaching
        + user.experience_values
        + user.experience_strengths
        + user.experience_goals
    )


def practice_shift(worker: Any, p: Any) -> float:
    """Return how much more a worker delivers than usual, mean over the four working practices.

    x = mean_k [ D(behaviour_k, skill_k) - D(usual behaviour_k, usual skill_k) ], with D as in
    `delivered`.

    Grade: definition.
    """
    return 0.25 * (
        delivered(worker.behaviour_coaching, worker.skill_coaching, p)
        - delivered(worker.behaviour_usual_coaching, worker.skill_usual_coaching, p)
        + delivered(worker.behaviour_values, worker.skill_values, p)
        - delivered(worker.behaviour_usual_values, worker.skill_usual_values, p)
        + delivered(worker.behaviour_strengths, worker.skill_strengths, p)
        - delivered(worker.behaviour_usual_strengths, worker.skill_usual_strengths, p)
        + delivered(worker.behaviour_goals, worker.skill_goals, p)
        - delivered(worker.behaviour_usual_goals, worker.skill_usual_goals, p)
    )


def shift_beyond_experience(link: float, experience_shift: float, p: Any) -> float:
    """Return what a shift in practice adds to a target beyond the experience that carries it.

    (s - b) e E: the target already holds b e E through experience itself (b the link from behaviour
    to experience, e the target's slope on experience), and s e E in all is what the programme does
    (s = `support_shift_scale`, solved so that experienced support moves as far as evidence on
    effects says). Slope between people and effect of the programme are two things.

    Source: evidence on effects, see `docs/evidence.md`. Grade: assumption for the scale that is
    solved from it.
    """
    return (p.support_shift_scale - p.behaviour_to_experience) * link * experience_shift


def relationship_target(
    user: Any, interpersonal: float, experience: float, beyond: float, team: Any, p: Any
) -> float:
    """Return the relationship to which a user and a worker tend, in [0, 1].

    T = m + s (a disposition + b rapport + c worker + climate) + e (experience - D0) + beyond, with
    s the spread of relationships, a, b, c the shares of user, pair and worker in it, and `beyond`
    what the programme does besides (`shift_beyond_experience`, `from_partnership`).

    Source: 0-.2 of the variance of patient-rated relationship lies between clinicians; spread from
    the planning of INSPIRE (SD about 16 of 100). Grade: literature for these, assumption for the
    rest.
    """
    spread = (
        p.relationship_share_user * user.disposition
        + p.relationship_share_pair * user.rapport
        + p.relationship_share_worker * (interpersonal - p.interpersonal_mean) / p.interpersonal_sd
        + team.climate
    )
    return share(
        p.relationship_mean
        + p.relationship_sd * spread
        + p.relationship_from_experience * (experience - usual_delivery_mean(p))
        + beyond
    )


def from_partnership(team: Any, p: Any) -> float:
    """Return what the partnership project does to relationships: T = s k y (1 - m).

    Source: no figure seen. Grade: assumption.
    """
    return (
        p.support_shift_scale
        * p.relationship_from_partnership
        * team.partnership
        * (1.0 - p.relationship_mean)
    )


def support_target(
    user: Any, relationship: float, experience: float, beyond: float, p: Any
) -> float:
    """Return the experienced support to which a user tends, in [0, 1].

    T = m + a (relationship - relationship mean) + b (experience - D0) + beyond + s own disposition,
    `beyond` as in `shift_beyond_experience`.

    Source: users named the relationship as the foundation of support (interviews of the trial); no
    REFOCUS figure for INSPIRE was seen. Grade: assumption.
    """
    return share(
        p.support_mean
        + p.support_from_relationship * (relationship - p.relationship_mean)
        + p.support_from_experience * (experience - usual_delivery_mean(p))
        + beyond
        + p.support_sd_person * user.support_disposition
    )


def contact(user: Any, worker: Any, team: Any, action: Any, p: Any, key: Any, week: int) -> Contact:
    """Return what a week of contact with a present key worker changes for a user.

    Contacts: two chances a week. In contacts each working practice happens or not; experience moves
    a share towards what happened, relationship and support a share towards their targets. Nothing
    moves in a week without contact, except expectations, which the programme raises directly.

    The shifts follow the same paces without chance, from what this worker delivers beyond own usual
    (`practice_shift`), n the week's contacts, with targets in [-1, 1] (fitted values stay far
    inside):
    E' = E + experience pace n (x - E),
    R' = R + relationship pace n (s e E' + partnership - R),
    U' = U + support pace n (a R' + s b E' - U).
    They are exactly 0 while nobody differs from own usual.

    Source: 87% could name a goal; 47% reached or exceeded it in 3 months (a check); UK studies for
    contacts. Grade: literature for goals, assumption for the paces.
    """
    first, second, naming, step = uniforms(key, USER_CONTACT, week)
    chance = contact_probability(user, worker, team, action, p)
    number = happens(first, chance) + happens(second, chance)
    expectations = expectations_after_week(user, action, p)
    if number == 0:
        return Contact(
            contacts=0,
            experience_coaching=user.experience_coaching,
            experience_values=user.experience_values,
            experience_strengths=user.experience_strengths,
            experience_goals=user.experience_goals,
            relationship=user.relationship,
            support=user.support,
            experience_shift=user.experience_shift,
            relationship_shift=user.relationship_shift,
            support_shift=user.support_shift,
            expectations=expectations,
            has_goal=user.has_goal,
            goal_progress=user.goal_progress,
            goals_reached=user.goals_reached,
        )
    u_coaching, u_values, u_strengths, u_goals = uniforms(key, USER_PRACTICES, week)
    pace = share(p.experience_pace * number)
    coached = happens(
        u_coaching,
        practice_probability(
            delivered(worker.behaviour_coaching, worker.skill_coaching, p),
            usual_delivery(p.intent_mean_coaching, p),
            p,
        ),
    )
    valued = happens(
        u_values,
        practice_probability(
            delivered(worker.behaviour_values, worker.skill_values, p),
            usual_delivery(p.intent_mean_values, p),
            p,
        ),
    )
    strengthened = happens(
        u_strengths,
        practice_probability(
            delivered(worker.behaviour_strengths, worker.skill_strengths, p),
            usual_delivery(p.intent_mean_strengths, p),
            p,
        ),
    )
    strove = happens(
        u_goals,
        practice_probability(
            delivered(worker.behaviour_goals, worker.skill_goals, p),
            usual_delivery(p.intent_mean_goals, p),
            p,
        ),
    )
    experience_coaching = close_gap(user.experience_coaching, float(coached), pace)
    experience_values = close_gap(user.experience_values, float(valued), pace)
    experience_strengths = close_gap(user.experience_strengths, float(strengthened), pace)
    experience_goals = close_gap(user.experience_goals, float(strove), pace)
    experience = 0.25 * (
        experience_coaching + experience_values + experience_strengths + experience_goals
    )
    experience_shift = close_gap(user.experience_shift, practice_shift(worker, p), pace)
    partnership = from_partnership(team, p)
    relationship_pace = share(p.relationship_pace * number)
    support_pace = share(p.support_pace * number)
    beyond = shift_beyond_experience(p.relationship_from_experience, experience_shift, p)
    relationship = close_gap(
        user.relationship,
        relationship_target(user, worker.interpersonal, experience, beyond + partnership, team, p),
        relationship_pace,
    )
    relationship_shift = close_gap(
        user.relationship_shift,
        clamp(
            p.support_shift_scale * p.relationship_from_experience * experience_shift + partnership,
            -1.0,
            1.0,
        ),
        relationship_pace,
    )
    beyond = shift_beyond_experience(p.support_from_experience, experience_shift, p)
    support = close_gap(
        user.support,
        support_target(user, relationship, experience, beyond, p),
        support_pace,
    )
    support_shift = close_gap(
        user.support_shift,
        clamp(
            p.support_from_relationship * relationship_shift
            + p.support_shift_scale * p.support_from_experience * experience_shift,
            -1.0,
            1.0,
        ),
        support_pace,
    )
    has_goal = user.has_goal
    progress = user.goal_progress
    reached = user.goals_reached
    if strove == 1:
        if has_goal == 0:
            has_goal = happens(naming, p.goal_naming)
        else:
            progress = share(progress + 2.0 * p.goal_step * step)
            if progress >= 1.0:
                reached = reached + 1
                has_goal = 0
                progress = 0.0
    return Contact(
        contacts=number,
        experience_coaching=experience_coaching,
        experience_values=experience_values,
        experience_strengths=experience_strengths,
        experience_goals=experience_goals,
        relationship=relationship,
        support=support,
        experience_shift=experience_shift,
        relationship_shift=relationship_shift,
        support_shift=support_shift,
        expectations=expectations,
        has_goal=has_goal,
        goal_progress=progress,
        goals_reached=reached,
    )


def expectations_after_week(user: Any, action: Any, p: Any) -> float:
    """Return a user's expectations after a week.

    They rise by a share of the gap to 1 while the programme works on them and otherwise return to
    the usual level with `expectations_half_life`.

    e' = e + a i (1 - e) while the intensity i > 0, else e' = e + f (mean - e). Source: no figure
    seen. Grade: assumption.
    """
    if action.expectations > 0.0:
        return close_gap(user.expectations, 1.0, share(p.expectations_pace * action.expectations))
    return close_gap(
        user.expectations, p.expectations_mean, weekly_fraction(p.expectations_half_life)
    )


def knows(user: Any, worker: Any) -> int:
    """Return whether the key worker's post is held by the person whom the user knows.

    Grade: definition.
    """
    return 1 if worker.present == 1 and worker.generation == user.worker_generation else 0


def meets(user: Any, worker: Any) -> int:
    """Return whether user and key worker can meet: they know each other, and the worker is well.

    Grade: definition.
    """
    return 1 if knows(user, worker) == 1 and worker.sick == 0 else 0


def no_contact(user: Any, action: Any, p: Any) -> Contact:
    """Return a week without a present key worker: the relationship fades a little.

    r' = r (1 - f) with f the weekly share `relationship_fading`; after discharge it stays as it
    was.

    Source: no figure seen. Grade: assumption.
    """
    faded = user.relationship
    shift = user.relationship_shift
    if user.in_service == 1:
        faded = share(user.relationship * (1.0 - p.relationship_fading))
        shift = shift * (1.0 - p.relationship_fading)
    return Contact(
        contacts=0,
        experience_coaching=user.experience_coaching,
        experience_values=user.experience_values,
        experience_strengths=user.experience_strengths,
        experience_goals=user.experience_goals,
        relationship=faded,
        support=user.support,
        experience_shift=user.experience_shift,
        relationship_shift=shift,
        support_shift=user.support_shift,
        expectations=expectations_after_week(user, action, p),
        has_goal=user.has_goal,
        goal_progress=user.goal_progress,
        goals_reached=user.goals_reached,
    )


def usual_deficit(contact_rate: float, p: Any) -> float:
    """Return the share by which changes and absences hold a relationship below its target.

    d = l / (l + g), with l = loss c + fading a what is lost in a week (c the weekly chance of a new
    worker, a the share of weeks without one) and g = pace x contacts x (1 - a) the fraction of the
    gap that contacts close: the stationary point of both under usual care.

    Source: the stationary point of the rules above. Grade: definition.
    """
    leaving = weekly_probability(p.turnover_yearly)
    change = leaving + weekly_probability(p.worker_change_yearly)
    away = share(p.sickness + leaving * p.handover_weeks)
    lost = p.relationship_loss_on_change * change + p.relationship_fading * away
    gained = p.relationship_pace * contact_rate * (1.0 - away)
    return lost / (lost + gained) if lost + gained > 0.0 else 0.0


LINK = Link(
    state={
        TEAM: (real("climate", "shared deviation of the team's relationships with users", "SD"),),
        STAFF: (real("interpersonal", "honesty, caring and openness that users meet"),),
        USER: (
            whole("contacts", "contacts this week"),
            real("contact_rate", "contacts a week that this person usually has", "per week"),
            real("rapport", "fit between this user and this key worker", "SD"),
            real(
                "disposition", "how far this person tends to experience relationships as good", "SD"
            ),
            real("support_disposition", "how far this person tends to feel supported", "SD"),
            *(
                real(f"experience_{one}", f"recent experience of {one} in contacts")
                for one in PRACTICES
            ),
            real("support", "experienced support for recovery"),
            real("relationship", "quality of the relationship with the key worker"),
            real(
                "experience_shift",
                "practice met beyond the workers' usual, as recent experience",
                "-1 to 1",
            ),
            real("relationship_shift", "part of the relationship that is due to it", "-1 to 1"),
            real("support_shift", "part of experienced support that is due to it", "-1 to 1"),
            real("expectations", "what the person expects of services and of recovery"),
            whole("has_goal", "whether a personal goal has been named", "0/1"),
            real("goal_progress", "progress towards the goal; 1 is reached"),
            whole("goals_reached", "goals reached so far"),
        ),
    },
    elements=(
        spell(
            "components",
            "expectations",
            "raising expectations",
            "Work to raise service users' expectations.",
            (Use("expectations", "team-weeks of work on expectations"),),
            (Cost("work on expectations", "expectations", "expectations_week"),),
        ),
    ),
)
