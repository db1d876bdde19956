"""CANSAS, Camberwell Assessment of Need: unmet needs, 0-22, by service user and by staff.

Two separate ratings of the same latent. The published abstract calls the trial's finding
staff-rated, its summary for the public service-user-rated: the model keeps both apart. Higher is
worse.
"""

from __future__ import annotations

from typing import Any

from sim.measures.purposes import CANSAS_STAFF_DAY, CANSAS_USER_DAY, Key
from sim.measures.scales import one_normal, scale_score

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
