"""Practice: forgetting and reinforcement, intent, and the weak link from intent to behaviour.

The process evaluation found that the step from the intent to implement to actual implementation is
where most is lost; competing priorities (business, health system, individual) stand in between.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.element import INDIRECT, MANAGERS, Cost, Use, level, spell
from sim.link import STAFF, TRUST, Link, real
from sim.mechanisms.bounds import close_gap, share, weekly_fraction

PRACTICES = ("coaching", "values", "strengths", "goals")


class Retention(NamedTuple):
    """What a person retains after a week."""

    reinforcement: float
    knowledge: float
    values: float
    skill_coaching: float
    skill_values: float
    skill_strengths: float
    skill_goals: float


class Intent(NamedTuple):
    """What a person intends."""

    intent_coaching: float
    intent_values: float
    intent_strengths: float
    intent_goals: float


class Behaviour(NamedTuple):
    """What a person does, and what becomes habit."""

    behaviour_coaching: float
    behaviour_values: float
    behaviour_strengths: float
    behaviour_goals: float
    habit_coaching: float
    habit_values: float
    habit_strengths: float
    habit_goals: float


def extra_support(team: Any, action: Any) -> float:
    """Return stepped support: its intensity where uptake has stayed below the threshold, else 0.

    x = intensity where attended / offered < threshold, else 0. Grade: definition.
    """
    if action.stepped_support <= 0.0 or team.sessions_offered == 0:
        return 0.0
    uptake = team.sessions_attended / team.sessions_offered
    return action.stepped_support if uptake < action.stepped_threshold else 0.0


def reinforcement_after_week(staff: Any, team: Any, action: Any, p: Any) -> float:
    """Return how much coaching, telephone support, boosters and reflection are still felt.

    r' = r (1 - f) + (1 - r (1 - f)) s, with f from `reinforcement_half_life` and s the week's
    support, felt only by people who have attended training:
    s = 1 - (1 - a telephone)(1 - b supervision)(1 - c reflection).

    Notes
    -----
    Source: three to four coaching contacts in six months sustain skill (Schwalbe et al. 2014);
    reflection sessions supported practice (interviews of the trial). Grade: literature and trial
    for the directions, assumption for the sizes.
    """
    faded = staff.reinforcement * (1.0 - weekly_fraction(p.reinforcement_half_life))
    if staff.sessions_attended == 0 or staff.present == 0:
        return share(faded)
    extra = extra_support(team, action)
    telephone = share(p.reinforcement_from_telephone * action.telephone)
    supervision = share(p.reinforcement_from_supervision * share(action.supervision + extra))
    reflection = share(p.reinforcement_from_reflection * action.reflection)
    support = 1.0 - (1.0 - telephone) * (1.0 - supervision) * (1.0 - reflection)
    return share(faded + (1.0 - faded) * support)


def forgetting_fraction(half_life: float, reinforcement: float, p: Any) -> float:
    """Return the fraction of what was gained that is lost in a week.

    f = ln 2 / h (1 - k r): reinforcement r slows it; at k r = 1 nothing is lost. Source: without
    coaching d fell by .30 of .76 in six months, with coaching it held (Schwalbe et al. 2014).
    Switching off the implementation gap stops forgetting.

    Grade: literature.
    """
    return (
        weekly_fraction(half_life)
        * (1.0 - share(p.reinforcement_protection * reinforcement))
        * p.implementation_gap
    )


def practised(skill: float, usual: float, doing: float, fraction: float, p: Any) -> float:
    """Return a skill after a week of forgetting and of learning by doing.

    s' = s - f (s - usual) + l d (1 - s), with d the rise in behaviour above the usual.

    Source: training included practising between sessions; no figure seen. Grade: assumption.
    """
    kept = close_gap(skill, usual, fraction)
    rise = doing if doing > 0.0 else 0.0
    return share(kept + p.learning_by_doing * rise * (1.0 - kept))


def retention(staff: Any, team: Any, action: Any, p: Any) -> Retention:
    """Return reinforcement, knowledge, values and skills after a week.

    x' = x - f (x - usual x), f as in `forgetting_fraction`; skills as in `practised`. Source: skill
    fell from d = .76 to .46 in six months without coaching (Schwalbe et al. 2014); attitudes held
    (direction). Grade: literature for skills and values, assumption for knowledge.
    """
    reinforcement = reinforcement_after_week(staff, team, action, p)
    skill_loss = forgetting_fraction(p.skill_half_life, reinforcement, p)
    belief_loss = forgetting_fraction(p.values_half_life, reinforcement, p)
    knowledge_loss = forgetting_fraction(p.knowledge_half_life, reinforcement, p)
    return Retention(
        reinforcement=reinforcement,
        knowledge=close_gap(staff.knowledge, staff.knowledge_usual, knowledge_loss),
        values=close_gap(staff.values, staff.values_usual, belief_loss),
        skill_coaching=practised(
            staff.skill_coaching,
            staff.skill_usual_coaching,
            staff.behaviour_coaching - staff.behaviour_usual_coaching,
            skill_loss,
            p,
        ),
        skill_values=practised(
            staff.skill_values,
            staff.skill_usual_values,
            staff.behaviour_values - staff.behaviour_usual_values,
            skill_loss,
            p,
        ),
        skill_strengths=practised(
            staff.skill_strengths,
            staff.skill_usual_strengths,
            staff.behaviour_strengths - staff.behaviour_usual_strengths,
            skill_loss,
            p,
        ),
        skill_goals=practised(
            staff.skill_goals,
            staff.skill_usual_goals,
            staff.behaviour_goals - staff.behaviour_usual_goals,
            skill_loss,
            p,
        ),
    )


def intent_target(usual: float, skill_shift: float, shared_shift: float, p: Any) -> float:
    """Return the intent to which a person tends in one practice.

    T = u + (1 - u) (shared + c (skill - usual skill)), in [0, 1]: what is already usual leaves less
    room (goal-striving was "not a new addition").

    Source: the REFOCUS model (structure); staff called goal-striving no new addition (interviews of
    the trial). Grade: assumption.
    """
    return share(usual + (1.0 - usual) * (shared_shift + p.intent_from_skill * skill_shift))


def intent(staff: Any, team: Any, p: Any) -> Intent:
    """Return intent per practice: it follows values, norms, knowledge, confidence and readiness.

    Shared shift = a (values - usual) + b norms + c (knowledge - usual) + d (readiness - usual).
    Source: theory of planned behaviour as in the REFOCUS model (Fig 8). Grade:
    literature for the structure, assumption for the weights.
    """
    shared = (
        p.intent_from_values * (staff.values - staff.values_usual)
        + p.intent_from_norms * team.norms
        + p.intent_from_knowledge * (staff.knowledge - staff.knowledge_usual)
        + p.intent_from_readiness * (staff.readiness - staff.readiness_usual)
    )
    fraction = weekly_fraction(p.intent_half_life)
    return Intent(
        close_gap(
            staff.intent_coaching,
            intent_target(
                staff.intent_usual_coaching,
                staff.skill_coaching - staff.skill_usual_coaching,
                shared,
                p,
            ),
            fraction,
        ),
        close_gap(
            staff.intent_values,
            intent_target(
                staff.intent_usual_values, staff.skill_values - staff.skill_usual_values, shared, p
            ),
            fraction,
        ),
        close_gap(
            staff.intent_strengths,
            intent_target(
                staff.intent_usual_strengths,
                staff.skill_strengths - staff.skill_usual_strengths,
                shared,
                p,
            ),
            fraction,
        ),
        close_gap(
            staff.intent_goals,
            intent_target(
                staff.intent_usual_goals, staff.skill_goals - staff.skill_usual_goals, shared, p
            ),
            fraction,
        ),
    )


def opportunity(
    staff_priorities: float,
    trust_priorities: float,
    workload: float,
    relief: float,
    protected_time: float,
    p: Any,
) -> float:
    """Return the share of intended recovery work that competing priorities leave room for.

    O = 1 - (a own priorities + b trust priorities)(1 - relief) - c (workload (1 - protected) - 1):
    protected time takes load away, never the slack of a team below the norm, so that more of it
    never leaves less room. Source: competing priorities (Le Boutillier et al. 2015). Grade:
    literature for the structure, assumption for the weights.
    """
    pressure = (p.opportunity_from_staff * staff_priorities) + (
        p.opportunity_from_trust * trust_priorities
    )
    load = p.opportunity_from_workload * (workload * (1.0 - protected_time) - 1.0)
    return share(1.0 - pressure * (1.0 - relief) - load)


def transfer(reinforcement: float, readiness: float, p: Any) -> float:
    """Return the share of a shift in intent that reaches practice.

    t = (t0 + (t1 - t0) r) (1 + k (E - .5)): little without coaching (t0), most with it (t1), more
    in ready places. Switching off the implementation gap makes it 1.

    Notes
    -----
    Source: Joyce and Showers' shape (secondary sources that disagree in numbers) and reviews in
    which workshops alone changed little practice. Grade: literature for the shape, with a wide
    prior.
    """
    base = p.transfer_without_coaching + (
        p.transfer_with_coaching - p.transfer_without_coaching
    ) * (reinforcement)
    carried = share(base * (1.0 + p.transfer_from_readiness * (readiness - 0.5)))
    return 1.0 - p.implementation_gap * (1.0 - carried)


def behaviour_target(
    intent_usual: float,
    intent_now: float,
    behaviour_usual: float,
    habit: float,
    room: float,
    relieved_room: float,
    carried: float,
    p: Any,
) -> float:
    """Return the behaviour to which a person tends in one practice.

    T = O u + O' t s (i - u) + (1 - t) h (habit - usual behaviour), in [0, 1]: usual intent u needs
    opportunity O; a shift in intent needs transfer t as well, times `practice_scale` s; habit
    carries part of what transfer does not. Relief from competing priorities and protected time are
    for new practice: they widen the room O' for a rise in intent and leave that for usual work as
    it is. O' t s = 1 when the implementation gap is switched off.

    Source: no figure seen. Grade: assumption.
    """
    available = relieved_room if intent_now > intent_usual else room
    room_for_new = 1.0 - p.implementation_gap * (1.0 - available)
    scale = 1.0 - p.implementation_gap * (1.0 - p.practice_scale)
    return share(
        room * intent_usual
        + room_for_new * carried * scale * (intent_now - intent_usual)
        + (1.0 - carried) * p.habit_strength * (habit - behaviour_usual)
    )


def behaviour(
    staff: Any, team: Any, trust: Any, action: Any, readiness: float, p: Any
) -> Behaviour:
    """Return behaviour and habit per practice after a week.

    Behaviour closes part of its gap to `behaviour_target`, habit part of its gap to behaviour. A
    vacant post does nothing.

    b' = b + f (T - b), habit' = habit + g (b' - habit). Source: no figure seen. Grade: assumption.
    """
    if staff.present == 0:
        return Behaviour(
            behaviour_coaching=0.0,
            behaviour_values=0.0,
            behaviour_strengths=0.0,
            behaviour_goals=0.0,
            habit_coaching=0.0,
            habit_values=0.0,
            habit_strengths=0.0,
            habit_goals=0.0,
        )
    room = opportunity(staff.priorities, trust.priorities, team.workload, 0.0, 0.0, p)
    relieved_room = opportunity(
        staff.priorities,
        trust.priorities,
        team.workload,
        action.priorities_relief,
        action.protected_time,
        p,
    )
    carried = transfer(staff.reinforcement, readiness, p)
    fast = weekly_fraction(p.behaviour_half_life)
    slow = weekly_fraction(p.habit_half_life)
    coaching = close_gap(
        staff.behaviour_coaching,
        behaviour_target(
            staff.intent_usual_coaching,
            staff.intent_coaching,
            staff.behaviour_usual_coaching,
            staff.habit_coaching,
            room,
            relieved_room,
            carried,
            p,
        ),
        fast,
    )
    values = close_gap(
        staff.behaviour_values,
        behaviour_target(
            staff.intent_usual_values,
            staff.intent_values,
            staff.behaviour_usual_values,
            staff.habit_values,
            room,
            relieved_room,
            carried,
            p,
        ),
        fast,
    )
    strengths = close_gap(
        staff.behaviour_strengths,
        behaviour_target(
            staff.intent_usual_strengths,
            staff.intent_strengths,
            staff.behaviour_usual_strengths,
            staff.habit_strengths,
            room,
            relieved_room,
            carried,
            p,
        ),
        fast,
    )
    goals = close_gap(
        staff.behaviour_goals,
        behaviour_target(
            staff.intent_usual_goals,
            staff.intent_goals,
            staff.behaviour_usual_goals,
            staff.habit_goals,
            room,
            relieved_room,
            carried,
            p,
        ),
        fast,
    )
    return Behaviour(
        behaviour_coaching=coaching,
        behaviour_values=values,
        behaviour_strengths=strengths,
        behaviour_goals=goals,
        habit_coaching=close_gap(staff.habit_coaching, coaching, slow),
        habit_values=close_gap(staff.habit_values, values, slow),
        habit_strengths=close_gap(staff.habit_strengths, strengths, slow),
        habit_goals=close_gap(staff.habit_goals, goals, slow),
    )


def delivered(behaviour_level: float, skill: float, p: Any) -> float:
    """Return practice as a user can meet it: D = b (k + (1 - k) skill), in [0, 1].

    Fidelity needs both doing (behaviour) and doing well (skill). Source: no figure seen. Grade:
    assumption.
    """
    return share(
        behaviour_level * (p.delivery_without_skill + (1.0 - p.delivery_without_skill) * skill)
    )


def usual_opportunity(p: Any) -> float:
    """Return the opportunity of the average person in the average trust at normal workload.

    O = `opportunity` of mean priorities at workload 1. Grade: definition.
    """
    return opportunity(p.staff_priorities_mean, p.trust_priorities_mean, 1.0, 0.0, 0.0, p)


def usual_delivery(intent_mean: float, p: Any) -> float:
    """Return what the average worker delivers of one practice under usual care.

    D0 = usual opportunity x mean intent x (k + (1 - k) mean skill): the reference from which
    experience is counted. Derived, so that no second number has to agree with it.

    Grade: definition.
    """
    return delivered(usual_opportunity(p) * intent_mean, p.skill_mean, p)


def usual_delivery_mean(p: Any) -> float:
    """Return the mean of `usual_delivery` over the four working practices.

    D = sum of the four / 4. Grade: definition.
    """
    return 0.25 * (
        usual_delivery(p.intent_mean_coaching, p)
        + usual_delivery(p.intent_mean_values, p)
        + usual_delivery(p.intent_mean_strengths, p)
        + usual_delivery(p.intent_mean_goals, p)
    )


LINK = Link(
    state={
        TRUST: (
            real("priorities", "business and health-system priorities that compete with recovery"),
        ),
        STAFF: (
            real("priorities", "pull of risk, medication and other tasks on this person"),
            *(real(f"intent_usual_{one}", f"usual intent to use {one}") for one in PRACTICES),
            *(real(f"intent_{one}", f"intent to use {one}") for one in PRACTICES),
            *(real(f"habit_{one}", f"habit of using {one}") for one in PRACTICES),
            *(real(f"behaviour_usual_{one}", f"use of {one} on arrival") for one in PRACTICES),
            *(real(f"behaviour_{one}", f"use of {one} with service users") for one in PRACTICES),
        ),
    },
    elements=(
        spell(
            "support",
            "telephone",
            "telephone support",
            "Telephone support of trained staff; 1 is contact every week.",
            (Use("telephone_contacts", "telephone contacts", "trained"),),
            (
                Cost(
                    "telephone support: coaches",
                    "telephone_contacts",
                    "telephone_hours",
                    "coach_hour",
                ),
                Cost(
                    "telephone support: staff time",
                    "telephone_contacts",
                    "telephone_hours",
                    "staff_hour",
                    INDIRECT,
                ),
            ),
        ),
        spell(
            "support",
            "supervision",
            "continuing coaching",
            "Continuing coaching and supervision of trained staff.",
            (
                Use("supervision_groups", "supervision groups", "group"),
                Use("supervision_places", "places taken in supervision groups", "place"),
            ),
            (
                Cost(
                    "supervision: supervisors",
                    "supervision_groups",
                    "supervision_hours",
                    "coach_hour",
                ),
                Cost(
                    "supervision: staff time",
                    "supervision_places",
                    "supervision_hours",
                    "staff_hour",
                    INDIRECT,
                ),
            ),
        ),
        level(
            "conditions",
            "priorities_relief",
            "Share of competing priorities taken away.",
            uses=(Use("priorities_relief", "team-weeks of relief from priorities"),),
            costs=(Cost(MANAGERS, "priorities_relief", "relief_hours", "manager_hour", INDIRECT),),
        ),
    ),
)
