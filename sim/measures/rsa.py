"""RSA, Recovery Self Assessment: recovery orientation of the team, by user, staff or leader.

Mean item score 1-5, to two decimals. No RSA mean was seen for England; the item range is recalled.
Service users judge by the support and the practices they meet; staff by what the team does and by
what they themselves hold; leaders rate higher by `rsa_leader_excess`.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

from sim.measures.csq import experienced_care
from sim.measures.instrument import NO_FIGURE, STAFF, USER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.recovery_fidelity import practices_experienced
from sim.measures.scales import blend, one_normal, scale_score, standardised
from sim.mechanisms.recovery import recovery_mean

# Its number, never another's, and the purposes of its random draws.
RSA_USER = 3
RSA_STAFF = 4
RSA_USER_DAY = purpose(RSA_USER, 0)
RSA_STAFF_DAY = purpose(RSA_STAFF, 0)

RSA_MINIMUM = 1.0
RSA_MAXIMUM = 5.0
HUNDREDTHS = 100.0


def rsa_user_score(user: Any, p: Any, key: Key, week: int) -> float:
    """Return the team's recovery orientation (1-5) as the service user rates it.

    Notes
    -----
    l = sqrt(1 - w^2) care and practices met + w own recovery: people who feel better may rate their
    team better (`rsa_rater_mood`), so that the correlation with the QPR, rated by the same person,
    is not taken for what the team does. Own recovery is the mean process in its own spread.
    """
    met = blend(
        experienced_care(user, 0.5, p),
        practices_experienced(user, p),
        p.rsa_care_weight,
        p.measure_experience_correlation,
    )
    spread = sqrt(0.2 + 0.8 * p.measure_process_correlation)
    mood = p.rsa_rater_mood
    latent = sqrt(1.0 - mood * mood) * met + mood * recovery_mean(user) / spread
    return scale_score(
        p.rsa_mean,
        p.rsa_sd,
        p.rsa_retest,
        latent,
        p.chance_scale * one_normal(key, RSA_USER_DAY, week),
        RSA_MINIMUM,
        RSA_MAXIMUM,
        HUNDREDTHS,
    )


def rsa_staff_score(staff: Any, team: Any, p: Any, key: Key, week: int) -> float:
    """Return the team's recovery orientation (1-5) as a member of staff rates it.

    Parameters
    ----------
    staff : record-like
        The rater: `values` and `leader` (leaders rate higher by p.rsa_leader_excess SD).
    team : record-like
        The team: `behaviour_mean`.
    p : record-like
        Parameters.
    key : tuple of int
        The rater's random-number key.
    week : int
        Week of the rating.
    """
    latent = blend(
        standardised(team.behaviour_mean, p.measure_behaviour_mean, p.measure_behaviour_sd),
        standardised(staff.values, p.measure_values_mean, p.measure_values_sd),
        p.rsa_behaviour_weight,
        p.measure_staff_correlation,
    )
    mean = p.rsa_mean
    if staff.leader == 1:
        mean = mean + p.rsa_sd * p.rsa_leader_excess
    return scale_score(
        mean,
        p.rsa_sd,
        p.rsa_retest,
        latent,
        p.chance_scale * one_normal(key, RSA_STAFF_DAY, week),
        RSA_MINIMUM,
        RSA_MAXIMUM,
        HUNDREDTHS,
    )


INSTRUMENTS = (
    instrument(
        RSA_USER,
        rsa_user_score,
        Measure(
            name="rsa_user",
            title="Recovery Self Assessment, service users",
            minimum=RSA_MINIMUM,
            maximum=RSA_MAXIMUM,
            items=0,
            rater=USER,
            blind=True,
            higher_is="more recovery-oriented team",
            retest="rsa_retest",
            evidence="assumption",
            source=NO_FIGURE,
            note="Item range 1-5 recalled; number of items not seen.",
        ),
    ),
    instrument(
        RSA_STAFF,
        rsa_staff_score,
        Measure(
            name="rsa_staff",
            title="Recovery Self Assessment, staff and leaders",
            minimum=RSA_MINIMUM,
            maximum=RSA_MAXIMUM,
            items=0,
            rater=STAFF,
            blind=False,
            higher_is="more recovery-oriented team",
            retest="rsa_retest",
            evidence="assumption",
            source="leaders rate higher: Wald(2) = 7.0, p = .03 (national survey); size not seen",
            note="Item range 1-5 recalled. A rater's own values colour the rating.",
        ),
    ),
)
