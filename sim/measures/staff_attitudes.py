"""Staff attitudes (pro-recovery values): 0-100, self-report. The trial's scoring was not seen."""

from __future__ import annotations

from typing import Any

from sim.measures.purposes import STAFF_ATTITUDES_DAY, Key
from sim.measures.scales import one_normal, scale_score, standardised
from sim.measures.staff_knowledge import STAFF_SCORE_MAXIMUM, STAFF_SCORE_MINIMUM


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
