"""MANSA, Manchester Short Assessment of Quality of Life: mean of 12 items 1-7, user-rated."""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NO_FIGURE, USER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal, scale_score

# Its number, never another's, and the purposes of its random draws.
MANSA = 14
MANSA_DAY = purpose(MANSA, 0)

MANSA_MINIMUM = 1.0
MANSA_MAXIMUM = 7.0
MANSA_ITEMS = 12.0


def mansa_score(user: Any, p: Any, key: Key, week: int) -> float:
    """Return quality of life (1-7), in steps of a twelfth: the mean of twelve items."""
    return scale_score(
        p.mansa_mean,
        p.mansa_sd,
        p.mansa_retest,
        user.quality_of_life,
        p.chance_scale * one_normal(key, MANSA_DAY, week),
        MANSA_MINIMUM,
        MANSA_MAXIMUM,
        MANSA_ITEMS,
    )


INSTRUMENTS = (
    instrument(
        MANSA,
        mansa_score,
        Measure(
            name="mansa",
            title="Manchester Short Assessment of Quality of Life",
            minimum=MANSA_MINIMUM,
            maximum=MANSA_MAXIMUM,
            items=int(MANSA_ITEMS),
            rater=USER,
            blind=True,
            higher_is="better quality of life",
            retest="mansa_retest",
            evidence="assumption",
            source=NO_FIGURE,
            note="Mean of twelve items.",
        ),
    ),
)
