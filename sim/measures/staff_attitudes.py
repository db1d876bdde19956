"""Staff attitudes (pro-recovery values): 0-100, self-report. The trial's scoring was not seen."""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NO_FIGURE, STAFF, UNVERIFIED, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal, scale_score, standardised
from sim.measures.staff_knowledge import STAFF_SCORE_MAXIMUM, STAFF_SCORE_MINIMUM

# Its number, never another's, and the purposes of its random draws.
STAFF_ATTITUDES = 19
STAFF_ATTITUDES_DAY = purpose(STAFF_ATTITUDES, 0)


def staff_attitudes_score(staff: Any, p: Any, key: Key, week: int) -> float:
    """Return the member of staff's pro-recovery attitudes (0-100)."""
    return scale_score(
        p.staff_score_mean,
        p.staff_score_sd,
        p.staff_attitudes_retest,
        standardised(staff.values, p.measure_values_mean, p.measure_values_sd),
        p.chance_scale * one_normal(key, STAFF_ATTITUDES_DAY, week),
        STAFF_SCORE_MINIMUM,
        STAFF_SCORE_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        STAFF_ATTITUDES,
        staff_attitudes_score,
        Measure(
            name="staff_attitudes",
            title="Staff attitudes to recovery (values)",
            minimum=STAFF_SCORE_MINIMUM,
            maximum=STAFF_SCORE_MAXIMUM,
            items=0,
            rater=STAFF,
            blind=False,
            higher_is="more pro-recovery",
            retest="staff_attitudes_retest",
            evidence="assumption",
            source=NO_FIGURE,
            note=UNVERIFIED,
        ),
    ),
)
