"""Staff-rated pro-recovery behaviour: 0-100, self-report, inflated against observed behaviour.

Self-report of a skill was unrelated to the observed skill in a trial of training methods (evidence:
motivational interviewing, 140 professionals). So a self-report follows behaviour only a little, the
rater's own values more, and mostly how people see themselves. The trial's scale was not seen.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from sim.measures.instrument import STAFF, UNVERIFIED, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal, scale_score, standardised
from sim.measures.staff_knowledge import STAFF_SCORE_MAXIMUM, STAFF_SCORE_MINIMUM

# Its number, never another's, and the purposes of its random draws.
STAFF_BEHAVIOUR = 20
STAFF_BEHAVIOUR_DAY = purpose(STAFF_BEHAVIOUR, 0)
STAFF_BEHAVIOUR_PERSON = purpose(STAFF_BEHAVIOUR, 50)


def observed_behaviour(staff: Any) -> float:
    """Return the mean use of the four working practices (0-1): what an observer would see."""
    mean: float = 0.25 * (
        staff.behaviour_coaching
        + staff.behaviour_values
        + staff.behaviour_strengths
        + staff.behaviour_goals
    )
    return mean


def staff_behaviour_score(staff: Any, p: Any, key: Key, week: int) -> float:
    """Return pro-recovery behaviour (0-100) as the member of staff rates it.

    Notes
    -----
    latent = v behaviour + w values + sqrt(1 - v^2 - w^2) self-regard, each standardised,
    self-regard drawn once for each person; plus `self_report_inflation` SD.
    """
    validity = p.self_report_validity
    values = p.self_report_values
    behaviour = standardised(
        observed_behaviour(staff), p.measure_behaviour_mean, p.measure_behaviour_sd
    )
    attitude = standardised(staff.values, p.measure_values_mean, p.measure_values_sd)
    self_regard = one_normal(key, STAFF_BEHAVIOUR_PERSON, 0)
    latent = (
        validity * behaviour
        + values * attitude
        + sqrt(1.0 - validity * validity - values * values) * self_regard
    )
    return scale_score(
        p.staff_score_mean + p.staff_score_sd * p.self_report_inflation,
        p.staff_score_sd,
        p.staff_behaviour_retest,
        latent,
        p.chance_scale * one_normal(key, STAFF_BEHAVIOUR_DAY, week),
        STAFF_SCORE_MINIMUM,
        STAFF_SCORE_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        STAFF_BEHAVIOUR,
        staff_behaviour_score,
        Measure(
            name="staff_behaviour",
            title="Staff-rated pro-recovery behaviour",
            minimum=STAFF_SCORE_MINIMUM,
            maximum=STAFF_SCORE_MAXIMUM,
            items=0,
            rater=STAFF,
            blind=False,
            higher_is="more pro-recovery behaviour reported",
            retest="staff_behaviour_retest",
            evidence="assumption",
            source="self-report unrelated to observed skill (trial of training methods, n = 140)",
            note=UNVERIFIED + "Inflated, and nearly unrelated to observed behaviour.",
        ),
    ),
)
