"""CANSAS, Camberwell Assessment of Need: unmet needs, 0-22, by service user and by staff.

Two separate ratings of the same latent. The published abstract calls the trial's finding
staff-rated, its summary for the public service-user-rated: the model keeps both apart. Higher is
worse.
"""

from __future__ import annotations

from typing import Any

from sim.measures.instrument import NOT_BLIND, STAFF, USER, Measure, instrument
from sim.measures.purposes import Key, purpose
from sim.measures.scales import one_normal, scale_score

# Its number, never another's, and the purposes of its random draws.
CANSAS_USER = 9
CANSAS_STAFF = 10
CANSAS_USER_DAY = purpose(CANSAS_USER, 0)
CANSAS_STAFF_DAY = purpose(CANSAS_STAFF, 0)

CANSAS_MINIMUM = 0.0
CANSAS_MAXIMUM = 22.0


def cansas_user_score(user: Any, p: Any, key: Key, week: int) -> float:
    """Return the number of unmet needs (0-22) that the service user names."""
    return scale_score(
        p.cansas_user_mean,
        p.cansas_sd,
        p.cansas_retest,
        user.needs,
        p.chance_scale * one_normal(key, CANSAS_USER_DAY, week),
        CANSAS_MINIMUM,
        CANSAS_MAXIMUM,
        1.0,
    )


def cansas_staff_score(user: Any, rater_bias: float, p: Any, key: Key, week: int) -> float:
    """Return the number of unmet needs (0-22) that a member of staff names.

    Parameters
    ----------
    user : record-like
        Service user: `needs`.
    rater_bias : float
        How favourably the rater sees the user beyond what is there (SD of the scale): lowers the
        number.
    p : record-like
        Parameters.
    key : tuple of int
        The service user's random-number key.
    week : int
        Week of the rating.
    """
    return scale_score(
        p.cansas_staff_mean - p.cansas_sd * rater_bias,
        p.cansas_sd,
        p.cansas_retest,
        user.needs,
        p.chance_scale * one_normal(key, CANSAS_STAFF_DAY, week),
        CANSAS_MINIMUM,
        CANSAS_MAXIMUM,
        1.0,
    )


INSTRUMENTS = (
    instrument(
        CANSAS_USER,
        cansas_user_score,
        Measure(
            name="cansas_user",
            title="Camberwell Assessment of Need, unmet needs, service-user-rated",
            minimum=CANSAS_MINIMUM,
            maximum=CANSAS_MAXIMUM,
            items=22,
            rater=USER,
            blind=True,
            higher_is="more unmet needs",
            retest="cansas_retest",
            evidence="assumption",
            source="SD implied by the SE of the trial's difference; level not seen",
            note="Sources disagree on whether the trial's finding was staff-rated (paper) or "
            "user-rated.",
        ),
    ),
    instrument(
        CANSAS_STAFF,
        cansas_staff_score,
        Measure(
            name="cansas_staff",
            title="Camberwell Assessment of Need, unmet needs, staff-rated",
            minimum=CANSAS_MINIMUM,
            maximum=CANSAS_MAXIMUM,
            items=22,
            rater=STAFF,
            blind=False,
            higher_is="more unmet needs",
            retest="cansas_retest",
            evidence="assumption",
            source="SD implied by the SE of the trial's difference; level not seen",
            note=NOT_BLIND
            + "Sources disagree on whether the trial's finding was staff-rated or user-rated.",
        ),
    ),
)
