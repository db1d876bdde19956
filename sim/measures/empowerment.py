"""Empowerment: scaled 0-100, rated by the service user.

Which scale the trial used was not seen: 0-100 is an assumption.
"""

from __future__ import annotations

from typing import Any

from sim.measures.purposes import EMPOWERMENT_DAY, Key
from sim.measures.scales import one_normal, scale_score

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
