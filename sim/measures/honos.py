"""HoNOS, Health of the Nation Outcome Scale: 12 items, 0-48, rated by staff, higher is worse."""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NORWAY, NOT_BLIND, STAFF, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import blend, one_normal, scale_score

# Its number, never another's, and the purposes of its random draws.
HONOS = 8
HONOS_DAY = purpose(HONOS, 0)

HONOS_MINIMUM = 0.0
HONOS_MAXIMUM = 48.0


def honos_score(user: Any, rater_bias: float, p: Any, key: Key, week: int) -> float:
    """Return social disability (0-48) as a member of staff rates it.

    Parameters
    ----------
    user : record-like
        Service user: `functioning` and `symptoms`.
    rater_bias : float
        How favourably the rater sees the user beyond what is there (SD of the scale): lowers the
        score.
    p : record-like
        Parameters.
    key : tuple of int
        The service user's random-number key.
    week : int
        Week of the rating.
    """
    latent = blend(
        user.symptoms, -user.functioning, p.honos_symptom_weight, p.measure_health_correlation
    )
    return scale_score(
        p.honos_mean - p.honos_sd * rater_bias,
        p.honos_sd,
        p.honos_retest,
        latent,
        p.chance_scale * one_normal(key, HONOS_DAY, week),
        HONOS_MINIMUM,
        HONOS_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        HONOS,
        honos_score,
        Measure(
            name="honos",
            title="Health of the Nation Outcome Scale",
            minimum=HONOS_MINIMUM,
            maximum=HONOS_MAXIMUM,
            items=12,
            rater=STAFF,
            blind=False,
            higher_is="more social disability",
            retest="honos_retest",
            evidence="literature",
            source=NORWAY,
            note=NOT_BLIND,
        ),
    ),
)
