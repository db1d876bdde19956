"""Recovery: the CHIME processes, stages, quality of life, functioning and needs.

Each process (connectedness, hope, identity, meaning, empowerment) lives on a normal scale with unit
spread between people at the start. It fluctuates around a set-point of the person plus a
response to what the person experiences. Stages of recovery are not linear and change how much a
person responds. Nothing here reads the arm, the scenario's name or the staff's training.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, NamedTuple

from sim.element import BEYOND_REFOCUS, Cost, Use, spell
from sim.link import TEAM, USER, Link, real, whole
from sim.mechanisms.bounds import WEEKS_PER_YEAR, clamp, close_gap, logistic, weekly_fraction
from sim.mechanisms.practice import usual_delivery
from sim.streams import USER_HEALTH, USER_PROCESSES, normals

LIMIT = 8.0

PROCESSES = ("connectedness", "hope", "identity", "meaning", "empowerment")


class Responses(NamedTuple):
    """Level of response to which each process tends, in standard deviations."""

    connectedness: float
    hope: float
    identity: float
    meaning: float
    empowerment: float


class Recovery(NamedTuple):
    """What changes in a person's recovery in a week."""

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
    symptoms: float
    functioning: float
    needs: float
    quality_of_life: float


class Stage(NamedTuple):
    """Stage of recovery."""

    stage: int


def within_limit(value: float) -> float:
    """Return a level on a normal scale moved into +-8 standard deviations.

    x' = max(-8, min(8, x)). Grade: definition.
    """
    return clamp(value, -LIMIT, LIMIT)


def responsiveness(stage: int, p: Any) -> float:
    """Return how strongly a person in a stage responds to support, 1 on average.

    Stage 1 (crisis) responds least; stages 3 and 4 (determination, rebuilding) most. s =
    `response_stage_1` to `response_stage_5`.

    Source: the stages are those of the REFOCUS conceptual framework. Grade: assumption for the
    sizes.
    """
    if stage <= 1:
        return p.response_stage_1
    if stage == 2:
        return p.response_stage_2
    if stage == 3:
        return p.response_stage_3
    if stage == 4:
        return p.response_stage_4
    return p.response_stage_5


def usual_responses(user: Any, p: Any) -> Responses:
    """Return the response of each process to what the person experiences, the programme left out.

    With z(x) = (x - shift of x - mean) / scale, response_k = b s [w_r z(relationship) + w_s
    z(support) + w_e z(experience of the practice tied to k)], b the slope of recovery on experience
    between people and s the responsiveness of the stage. The last term is strengths for identity,
    values for meaning, the mean of coaching and goal-striving for empowerment; in its place
    connectedness has w_r z(relationship) once more, hope w_s z(support). Expectations and threats
    to identity act directly.

    Notes
    -----
    Source: alliance and outcome correlate .19-.32; how much of that is causal is unknown, so what
    the programme shifts is taken out here and stands in `programme_responses`. Grade: literature
    for the correlation, assumption for the weights.
    """
    strength = p.experience_to_recovery * p.theory_strength * responsiveness(user.stage, p)
    shift = p.behaviour_to_experience * user.experience_shift
    relation = (user.relationship - user.relationship_shift - p.relationship_mean) / (
        p.relationship_sd
    )
    support = (user.support - user.support_shift - p.support_mean) / p.support_scale
    process = p.weight_relationship * relation + p.weight_support * support
    coaching = (
        user.experience_coaching - shift - usual_delivery(p.intent_mean_coaching, p)
    ) / p.experience_scale
    values = (
        user.experience_values - shift - usual_delivery(p.intent_mean_values, p)
    ) / p.experience_scale
    strengths = (
        user.experience_strengths - shift - usual_delivery(p.intent_mean_strengths, p)
    ) / p.experience_scale
    goals = (
        user.experience_goals - shift - usual_delivery(p.intent_mean_goals, p)
    ) / p.experience_scale
    expecting = p.expectations_to_empowerment * (user.expectations - p.expectations_mean)
    threat = p.threat_to_identity * (user.identity_threat - p.identity_threat_mean)
    empowerment = process + p.weight_experience * 0.5 * (coaching + goals)
    return Responses(
        connectedness=strength * (process + p.weight_relationship * relation),
        hope=strength * (process + p.weight_support * support),
        identity=strength * (process + p.weight_experience * strengths) - threat,
        meaning=strength * (process + p.weight_experience * values),
        empowerment=strength * empowerment + expecting,
    )


def programme_responses(user: Any, team: Any, action: Any, p: Any) -> Responses:
    """Return the response of each process to what the programme has changed.

    response_k = s { c b [w_r R / relationship sd + w_s U / support scale + w_e E / experience
    scale] + t B + e E }, the bracket with the weights of `usual_responses`, E, R, U the shifts of
    experience, relationship and support, B the team's mean shift in behaviour, s the responsiveness
    of the stage. Three roads lead to recovery: by support, of which a share c of the slope between
    people is causal; by the team (t) and by the own worker (e), for practice change that support
    does not see. t and e are solved so that full implementation has the effect that was drawn for
    it. The partnership project acts directly.

    Components beyond REFOCUS add s (peers + family + citizenship) to all five, as evidence speaks
    of personal recovery as a whole; their constants are solved from effects like the programme's
    own. To identity, citizenship adds in proportion to the threat that a person bears, threat over
    mean threat: who bears more of it, as black service users do, gains more.

    Source: evidence on effects, see `docs/evidence.md`; identity was the core category for black
    service users (direction). Grade: literature for the effect of peers, assumption for those of
    family and citizenship and for how effects are shared between the roads.
    """
    weight = p.theory_strength * responsiveness(user.stage, p)
    causal = weight * p.causal_share * p.experience_to_recovery
    relation = p.weight_relationship * user.relationship_shift / p.relationship_sd
    support = p.weight_support * user.support_shift / p.support_scale
    experience = p.weight_experience * user.experience_shift / p.experience_scale
    practice = weight * (
        p.team_to_recovery * team.behaviour_shift + p.worker_to_recovery * user.experience_shift
    )
    process = causal * (relation + support) + practice
    partnership = p.partnership_to_connectedness * team.partnership
    stage = responsiveness(user.stage, p)
    peers = stage * p.peer_delivery_to_recovery * action.peer_delivery
    family = stage * p.family_to_recovery * action.family_involvement
    citizenship = stage * p.social_inclusion_to_recovery * action.social_inclusion
    borne = user.identity_threat / p.identity_threat_mean
    beyond = peers + family + citizenship
    return Responses(
        connectedness=process + causal * relation + partnership + beyond,
        hope=process + causal * support + beyond,
        identity=process + causal * experience + peers + family + citizenship * borne,
        meaning=process + causal * experience + beyond,
        empowerment=process + causal * experience + beyond,
    )


def gain_after_week(gain: float, usual: float, programme: float, p: Any) -> float:
    """Move a response towards its level with half-life `recovery_half_life`, in +-8.

    The half-life is scaled by `response_time`: 1 as modelled, 0 for a response within the week (the
    explanation "twelve months were too short" switched off).

    g' = g + f (response - g). Source: no one-year correlation of the QPR was seen; that twelve
    months were too short is one of the trial authors' explanations. Grade: assumption.
    """
    k = weekly_fraction(p.recovery_half_life * p.response_time)
    return within_limit(close_gap(gain, usual + programme, k))


class Fluctuations(NamedTuple):
    """Standard normal fluctuations of the five processes, correlated with each other."""

    connectedness: float
    hope: float
    identity: float
    meaning: float
    empowerment: float


def correlated(
    first: float, second: float, third: float, fourth: float, fifth: float, correlation: float
) -> Fluctuations:
    """Turn five independent standard normals into five that go together.

    With m = (z1 + z2 + z3 + z4) / 2, itself standard normal and correlated .5 with each of the
    four: y_k = a z_k + b m, a = sqrt(1 - c), b the root of b^2 + a b = c, so that each y_k has unit
    variance and two of them correlate c; y_5 = sqrt(1 - g^2) z_5 + g m, and as each of the four
    correlates sqrt(1 + 3 c) / 2 with m, g = 2 c / sqrt(1 + 3 c) makes y_5 correlate c with them.
    Good and bad weeks are shared by the processes as far as these go together between people.

    Grade: definition.
    """
    shared = 0.5 * (first + second + third + fourth)
    own = sqrt(1.0 - correlation)
    common = 0.5 * (sqrt(own * own + 4.0 * correlation) - own) * shared
    link = 2.0 * correlation / sqrt(1.0 + 3.0 * correlation)
    return Fluctuations(
        connectedness=own * first + common,
        hope=own * second + common,
        identity=own * third + common,
        meaning=own * fourth + common,
        empowerment=sqrt(1.0 - link * link) * fifth + link * shared,
    )


def process_after_week(
    value: float, before: float, gain: float, setpoint: float, drift: float, noise: float, p: Any
) -> float:
    """Move one process: what is no response returns to its set-point, the response is added.

    f = x - g fluctuates, f' = f + k (setpoint + drift - f) + s e, and x' = f' + g', with g and g'
    the response before and after the week, k from `recovery_half_life`; s keeps the spread of
    fluctuations at `fluctuation_sd`: s = sd sqrt(2 k - k^2) (stationary AR(1)). With
    `response_time` 1 this is one lag: x' = x + k (setpoint + drift + response - x) + s e. Clamped
    to +-8 standard deviations.

    Source: no one-year correlation of the QPR was seen. Grade: assumption.
    """
    k = weekly_fraction(p.recovery_half_life)
    s = p.fluctuation_sd * p.chance_scale * sqrt(k * (2.0 - k))
    own = value - before
    return within_limit(own + k * (setpoint + drift - own) + s * noise + gain)


def health_after_week(value: float, level: float, noise: float, p: Any) -> float:
    """Move symptoms, functioning or needs: as `process_after_week` with their own half-life.

    x' = x + k (level - x) + s e. Source: no figure seen. Grade: assumption.
    """
    k = weekly_fraction(p.health_half_life)
    s = p.health_fluctuation_sd * p.chance_scale * sqrt(k * (2.0 - k))
    return within_limit(value + k * (level - value) + s * noise)


def recovery_mean(user: Any) -> float:
    """Return the mean of the five processes, in standard deviations.

    m = sum of the five / 5. Grade: definition.
    """
    return 0.2 * (user.connectedness + user.hope + user.identity + user.meaning + user.empowerment)


def recovery(user: Any, team: Any, action: Any, p: Any, key: Any, week: int) -> Recovery:
    """Return a person's recovery, health and quality of life after a week.

    Natural improvement is a steady rise per year of all set-points since the person came (declared,
    the same everywhere).
    Symptoms pull the processes down. Functioning follows empowerment, quality of life follows the
    mean process, unmet needs fall with experienced support; x' = x + k (set-point + drift +
    pull - x) + s e each.

    Source: symptoms and recovery correlate -.21 to -.44; recovery improved over the year in both
    arms of the trial (direction). Grade: literature for symptoms, trial for the direction of
    improvement, assumption for the other links.
    """
    usual = usual_responses(user, p)
    new = programme_responses(user, team, action, p)
    gain_connectedness = gain_after_week(
        user.gain_connectedness, usual.connectedness, new.connectedness, p
    )
    gain_hope = gain_after_week(user.gain_hope, usual.hope, new.hope, p)
    gain_identity = gain_after_week(user.gain_identity, usual.identity, new.identity, p)
    gain_meaning = gain_after_week(user.gain_meaning, usual.meaning, new.meaning, p)
    gain_empowerment = gain_after_week(user.gain_empowerment, usual.empowerment, new.empowerment, p)
    since = week - user.arrival_week
    drift = p.natural_improvement * since / WEEKS_PER_YEAR - p.symptoms_to_recovery * user.symptoms
    z_0, z_1, z_2, z_3 = normals(key, USER_PROCESSES, week)
    n_symptoms, n_functioning, n_needs, z_4 = normals(key, USER_HEALTH, week)
    noise = correlated(z_0, z_1, z_2, z_3, z_4, p.process_correlation)
    connectedness = process_after_week(
        user.connectedness,
        user.gain_connectedness,
        gain_connectedness,
        user.setpoint_connectedness,
        drift,
        noise.connectedness,
        p,
    )
    hope = process_after_week(
        user.hope, user.gain_hope, gain_hope, user.setpoint_hope, drift, noise.hope, p
    )
    identity = process_after_week(
        user.identity,
        user.gain_identity,
        gain_identity,
        user.setpoint_identity,
        drift,
        noise.identity,
        p,
    )
    meaning = process_after_week(
        user.meaning,
        user.gain_meaning,
        gain_meaning,
        user.setpoint_meaning,
        drift,
        noise.meaning,
        p,
    )
    empowerment = process_after_week(
        user.empowerment,
        user.gain_empowerment,
        gain_empowerment,
        user.setpoint_empowerment,
        drift,
        noise.empowerment,
        p,
    )
    symptoms = health_after_week(user.symptoms, user.symptoms_usual, n_symptoms, p)
    functioning = health_after_week(
        user.functioning,
        user.functioning_usual + p.recovery_to_functioning * user.empowerment,
        n_functioning,
        p,
    )
    support = (user.support - p.support_mean) / p.support_scale
    needs = health_after_week(
        user.needs, user.needs_usual - p.support_to_needs * support, n_needs, p
    )
    k = weekly_fraction(p.health_half_life)
    quality_of_life = within_limit(
        close_gap(
            user.quality_of_life,
            user.quality_of_life_usual + p.recovery_to_quality_of_life * recovery_mean(user),
            k,
        )
    )
    return Recovery(
        gain_connectedness=gain_connectedness,
        gain_hope=gain_hope,
        gain_identity=gain_identity,
        gain_meaning=gain_meaning,
        gain_empowerment=gain_empowerment,
        connectedness=connectedness,
        hope=hope,
        identity=identity,
        meaning=meaning,
        empowerment=empowerment,
        symptoms=symptoms,
        functioning=functioning,
        needs=needs,
        quality_of_life=quality_of_life,
    )


def stage_after_week(user: Any, uniform: float, p: Any) -> Stage:
    """Return the stage after a week: mostly the same, sometimes one up or one down.

    P(up) = rate logistic(2 (m - c_stage)), P(down) = rate logistic(-2 (m - c_stage)), with m the
    mean process and c_stage the level at which both are equal (-1.5, -.75, 0, .75, 1.5 for stages 1
    to 5). Not linear: people move both ways. Source: the stages of the REFOCUS framework; no figure
    seen for moves. Grade: assumption.
    """
    centre = 0.75 * (user.stage - 3)
    lean = logistic(2.0 * (recovery_mean(user) - centre))
    up = p.stage_rate * lean
    down = p.stage_rate * (1.0 - lean)
    if uniform < up:
        return Stage(user.stage + 1 if user.stage < 5 else 5)
    if uniform < up + down:
        return Stage(user.stage - 1 if user.stage > 1 else 1)
    return Stage(user.stage)


LINK = Link(
    state={
        TEAM: (real("casemix", "shared deviation of the team's users in personal recovery", "SD"),),
        USER: (
            real("identity_threat", "societal threats to identity"),
            whole("stage", "stage of recovery, 1 to 5", "1-5"),
            *(real(f"setpoint_{one}", f"level to which {one} returns", "SD") for one in PROCESSES),
            *(
                real(f"gain_{one}", f"response of {one} to what the person experiences", "SD")
                for one in PROCESSES
            ),
            *(real(one, f"recovery process: {one}", "SD") for one in PROCESSES),
            *(
                real(f"baseline_{one}", f"{one} when the simulation began", "SD")
                for one in PROCESSES
            ),
            real("symptoms_usual", "level to which symptoms return", "SD"),
            real("symptoms", "symptoms", "SD"),
            real("functioning_usual", "level to which functioning returns", "SD"),
            real("functioning", "social functioning", "SD"),
            real("needs_usual", "level to which unmet needs return", "SD"),
            real("needs", "unmet needs", "SD"),
            real("quality_of_life_usual", "level to which quality of life returns", "SD"),
            real("quality_of_life", "quality of life and wellbeing", "SD"),
        ),
    },
    elements=(
        spell(
            "beyond",
            "social_inclusion",
            "social inclusion",
            "Work on social factors and citizenship.",
            (Use("social_inclusion", "team-weeks of work on social factors"),),
            (Cost(BEYOND_REFOCUS, "social_inclusion", "social_inclusion_week"),),
        ),
        spell(
            "beyond",
            "family_involvement",
            "family involvement",
            "Work with family and friends.",
            (Use("family_involvement", "team-weeks of work with families"),),
            (Cost(BEYOND_REFOCUS, "family_involvement", "family_involvement_week"),),
        ),
        spell(
            "beyond",
            "peer_delivery",
            "delivery by service users",
            "Service users who help to deliver the intervention.",
            (Use("peer_delivery", "team-weeks of delivery by service users"),),
            (Cost(BEYOND_REFOCUS, "peer_delivery", "peer_delivery_week"),),
        ),
    ),
)
