"""GAF, Global Assessment of Functioning: 0-100, rated by a member of staff, higher is better."""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NORWAY, NOT_BLIND, STAFF, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import blend, one_normal, scale_score

# Its number, never another's, and the purposes of its random draws.
GAF = 7
GAF_DAY = purpose(GAF, 0)

GAF_MINIMUM = 0.0
GAF_MAXIMUM = 100.0


def gaf_score(user: Any, rater_bias: float, p: Any, key: Key, week: int) -> float:
    """Return functioning (0-100) as a member of staff rates it.

    Parameters
    ----------
    user : record-like
        Service user: `functioning` and `symptoms`.
    rater_bias : float
        How favourably the rater sees the user beyond what is there (SD of the scale, 0 for none).
    p : record-like
        Parameters.
    key : tuple of int
        The service user's random-number key.
    week : int
        Week of the rating.
    """
    latent = blend(
        user.functioning, -user.symptoms, p.gaf_functioning_weight, p.measure_health_correlation
    )
    return scale_score(
        p.gaf_mean + p.gaf_sd * rater_bias,
        p.gaf_sd,
        p.gaf_retest,
        latent,
        p.chance_scale * one_normal(key, GAF_DAY, week),
        GAF_MINIMUM,
        GAF_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        GAF,
        gaf_score,
        Measure(
            name="gaf",
            title="Global Assessment of Functioning",
            minimum=GAF_MINIMUM,
            maximum=GAF_MAXIMUM,
            items=1,
            rater=STAFF,
            blind=False,
            higher_is="better functioning",
            retest="gaf_retest",
            evidence="literature",
            source=NORWAY,
            note=NOT_BLIND + "The printed interval of the trial's difference is not symmetric.",
        ),
    ),
)
