"""Staff knowledge of recovery: 0-100, self-completed test. The trial's scoring was not seen."""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NO_FIGURE, STAFF, UNVERIFIED, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal, scale_score, standardised

# Its number, never another's, and the purposes of its random draws.
STAFF_KNOWLEDGE = 18
STAFF_KNOWLEDGE_DAY = purpose(STAFF_KNOWLEDGE, 0)

STAFF_SCORE_MINIMUM = 0.0
STAFF_SCORE_MAXIMUM = 100.0


def staff_knowledge_score(staff: Any, p: Any, key: Key, week: int) -> float:
    """Return what the member of staff knows of recovery (0-100)."""
    return scale_score(
        p.staff_score_mean,
        p.staff_score_sd,
        p.staff_knowledge_retest,
        standardised(staff.knowledge, p.measure_knowledge_mean, p.measure_knowledge_sd),
        p.chance_scale * one_normal(key, STAFF_KNOWLEDGE_DAY, week),
        STAFF_SCORE_MINIMUM,
        STAFF_SCORE_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        STAFF_KNOWLEDGE,
        staff_knowledge_score,
        Measure(
            name="staff_knowledge",
            title="Staff knowledge of recovery",
            minimum=STAFF_SCORE_MINIMUM,
            maximum=STAFF_SCORE_MAXIMUM,
            items=0,
            rater=STAFF,
            blind=False,
            higher_is="more knowledge",
            retest="staff_knowledge_retest",
            evidence="assumption",
            source=NO_FIGURE,
            note=UNVERIFIED,
        ),
    ),
)
