"""BPRS, Brief Psychiatric Rating Scale: symptoms, rated by a researcher.

18 items rated 1-7, sum 18-126, higher is worse. Which version the trial used was not seen. The
rater is a researcher, so staff training cannot colour the score.
"""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NO_FIGURE, RESEARCHER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal, scale_score

# Its number, never another's, and the purposes of its random draws.
BPRS = 6
BPRS_DAY = purpose(BPRS, 0)

BPRS_MINIMUM = 18.0
BPRS_MAXIMUM = 126.0


def bprs_score(user: Any, p: Any, key: Key, week: int) -> float:
    """Return the symptom score (18-126)."""
    return scale_score(
        p.bprs_mean,
        p.bprs_sd,
        p.bprs_retest,
        user.symptoms,
        p.chance_scale * one_normal(key, BPRS_DAY, week),
        BPRS_MINIMUM,
        BPRS_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        BPRS,
        bprs_score,
        Measure(
            name="bprs",
            title="Brief Psychiatric Rating Scale",
            minimum=BPRS_MINIMUM,
            maximum=BPRS_MAXIMUM,
            items=18,
            rater=RESEARCHER,
            blind=True,
            higher_is="more symptoms",
            retest="bprs_retest",
            evidence="assumption",
            source=NO_FIGURE,
            note="Unverified: which version the trial used (18 items assumed); whether researchers "
            "were masked was not seen.",
        ),
    ),
)
