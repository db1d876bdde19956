"""Hope: a Herth-like index, 12 items 1-4, sum 12-48, rated by the service user.

Which hope scale the trial used was not seen; the range is that of the Herth Hope Index, recalled.
"""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NO_FIGURE, USER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal, scale_score

# Its number, never another's, and the purposes of its random draws.
HOPE = 11
HOPE_DAY = purpose(HOPE, 0)

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


INSTRUMENTS = (
    instrument(
        HOPE,
        hope_score,
        Measure(
            name="hope",
            title="Hope (Herth-like index)",
            minimum=HOPE_MINIMUM,
            maximum=HOPE_MAXIMUM,
            items=12,
            rater=USER,
            blind=True,
            higher_is="more hope",
            retest="hope_retest",
            evidence="assumption",
            source=NO_FIGURE,
            note="Unverified: which hope scale the trial used; range 12-48 recalled.",
        ),
    ),
)
