"""Hope: a Herth-like index, 12 items 1-4, sum 12-48, rated by the service user.

Which hope scale the trial used was not seen; the range is that of the Herth Hope Index, recalled.
"""

from __future__ import annotations

from typing import Any

from sim.measures.purposes import HOPE_DAY, Key
from sim.measures.scales import one_normal, scale_score

HOPE_MINIMUM = 12.0
HOPE_MAXIMUM = 48.0


def hope_score(user: Any, p: Any, key: Key, week: int) -> float:
    """Return hope (12-48), from the recovery process of that name."""
    return scale_score(
        p.hope_mean,
        p.hope_sd,
        p.hope_retest,
        user.hope,
        p.chance_scale * one_normal(key, HOPE_DAY, week),
        HOPE_MINIMUM,
        HOPE_MAXIMUM,
        1.0,
    )
