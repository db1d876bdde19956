"""Empowerment: scaled 0-100, rated by the service user.

Which scale the trial used was not seen: 0-100 is an assumption.
"""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NO_FIGURE, UNVERIFIED, USER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal, scale_score

# Its number, never another's, and the purposes of its random draws.
EMPOWERMENT = 12
EMPOWERMENT_DAY = purpose(EMPOWERMENT, 0)

EMPOWERMENT_MINIMUM = 0.0
EMPOWERMENT_MAXIMUM = 100.0


def empowerment_score(user: Any, p: Any, key: Key, week: int) -> float:
    """Return empowerment (0-100), from the recovery process of that name."""
    return scale_score(
        p.empowerment_mean,
        p.empowerment_sd,
        p.empowerment_retest,
        user.empowerment,
        p.chance_scale * one_normal(key, EMPOWERMENT_DAY, week),
        EMPOWERMENT_MINIMUM,
        EMPOWERMENT_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        EMPOWERMENT,
        empowerment_score,
        Measure(
            name="empowerment",
            title="Empowerment",
            minimum=EMPOWERMENT_MINIMUM,
            maximum=EMPOWERMENT_MAXIMUM,
            items=0,
            rater=USER,
            blind=True,
            higher_is="more empowered",
            retest="empowerment_retest",
            evidence="assumption",
            source=NO_FIGURE,
            note=UNVERIFIED + "Which scale the trial used was not seen.",
        ),
    ),
)
