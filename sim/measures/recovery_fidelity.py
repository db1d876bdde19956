"""Recovery Fidelity Scale: how much of the intervention the service user experiences.

Rated by the service user. The scoring was not seen: 0-100 here, marked unverified.
"""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NO_FIGURE, UNVERIFIED, USER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal, scale_score, standardised

# Its number, never another's, and the purposes of its random draws.
RECOVERY_FIDELITY = 15
RECOVERY_FIDELITY_DAY = purpose(RECOVERY_FIDELITY, 0)

RECOVERY_FIDELITY_MINIMUM = 0.0
RECOVERY_FIDELITY_MAXIMUM = 100.0


def practices_experienced(user: Any, p: Any) -> float:
    """Return the mean experience of the four working practices, standardised."""
    mean = 0.25 * (
        user.experience_coaching
        + user.experience_values
        + user.experience_strengths
        + user.experience_goals
    )
    return standardised(mean, p.measure_practice_mean, p.measure_practice_sd)


def recovery_fidelity_score(user: Any, p: Any, key: Key, week: int) -> float:
    """Return how much of the working practices the user meets (0-100)."""
    return scale_score(
        p.recovery_fidelity_mean,
        p.recovery_fidelity_sd,
        p.recovery_fidelity_retest,
        practices_experienced(user, p),
        p.chance_scale * one_normal(key, RECOVERY_FIDELITY_DAY, week),
        RECOVERY_FIDELITY_MINIMUM,
        RECOVERY_FIDELITY_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        RECOVERY_FIDELITY,
        recovery_fidelity_score,
        Measure(
            name="recovery_fidelity",
            title="Recovery Fidelity Scale",
            minimum=RECOVERY_FIDELITY_MINIMUM,
            maximum=RECOVERY_FIDELITY_MAXIMUM,
            items=0,
            rater=USER,
            blind=True,
            higher_is="more of the intervention experienced",
            retest="recovery_fidelity_retest",
            evidence="assumption",
            source=NO_FIGURE,
            note=UNVERIFIED + "Follows the four working practices as experienced.",
        ),
    ),
)
