"""WEMWBS, Warwick-Edinburgh Mental Well-being Scale: 14 items 1-5, sum 14-70, user-rated."""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import USER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import blend, one_normal, scale_score

# Its number, never another's, and the purposes of its random draws.
WEMWBS = 13
WEMWBS_DAY = purpose(WEMWBS, 0)

WEMWBS_MINIMUM = 14.0
WEMWBS_MAXIMUM = 70.0


def wemwbs_score(user: Any, p: Any, key: Key, week: int) -> float:
    """Return wellbeing (14-70), from quality of life and hope."""
    return scale_score(
        p.wemwbs_mean,
        p.wemwbs_sd,
        p.wemwbs_retest,
        blend(
            user.quality_of_life,
            user.hope,
            p.wemwbs_quality_weight,
            p.measure_wellbeing_correlation,
        ),
        p.chance_scale * one_normal(key, WEMWBS_DAY, week),
        WEMWBS_MINIMUM,
        WEMWBS_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        WEMWBS,
        wemwbs_score,
        Measure(
            name="wemwbs",
            title="Warwick-Edinburgh Mental Well-being Scale",
            minimum=WEMWBS_MINIMUM,
            maximum=WEMWBS_MAXIMUM,
            items=14,
            rater=USER,
            blind=True,
            higher_is="more wellbeing",
            retest="wemwbs_retest",
            evidence="assumption",
            source="SD 10 from PULSAR planning; level and retest not seen",
            note="Follows quality of life and hope.",
        ),
    ),
)
