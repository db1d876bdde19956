"""How favourably a member of staff rates a service user, beyond what is there.

Staff of a trained team cannot be blind to it. Bias and benefit cannot be told apart in the trial's
staff-rated outcomes, so the bias is a parameter of its own, and 0 switches it off.
"""

from __future__ import annotations

from typing import Any

from sim.mechanisms.bounds import clamp


def staff_rater_bias(staff: Any, p: Any) -> float:
    """Return the rater's bias in SD of the rating scale; positive is favourable.

    Parameters
    ----------
    staff : record-like
        The rater: `sessions_attended`, `values` and `values_usual`. Nothing else is read: neither
        arm nor scenario, only what happened to this rater.
    p : record-like
        staff_rater_bias (SD at full training and a clear shift in values), staff_rater_sessions
        (sessions at which half of the training part is there), staff_rater_values_unit (shift that
        counts as clear) and staff_rater_training_share.

    Notes
    -----
    b = B [t n/(n + h) + (1 - t) clip((v - v0)/u, -1, 1)].
    """
    attended = float(staff.sessions_attended)
    trained = attended / (attended + p.staff_rater_sessions)
    shifted = clamp((staff.values - staff.values_usual) / p.staff_rater_values_unit, -1.0, 1.0)
    return p.staff_rater_bias * (
        p.staff_rater_training_share * trained + (1.0 - p.staff_rater_training_share) * shifted
    )
