"""BPRS, Brief Psychiatric Rating Scale: symptoms, rated by a researcher.

18 items rated 1-7, sum 18-126, higher is worse. Which version the trial used was not seen. The
rater is a researcher, so staff training cannot colour the score.
"""

from __future__ import annotations

from typing import Any

from sim.measures.purposes import BPRS_DAY, Key
from sim.measures.scales import one_normal, scale_score

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
