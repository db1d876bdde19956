"""Everything measured on a member of staff, in fixed order."""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.measures.purposes import Key
from sim.measures.staff_attitudes import staff_attitudes_score
from sim.measures.staff_behaviour import staff_behaviour_score
from sim.measures.staff_knowledge import staff_knowledge_score


class StaffScores(NamedTuple):
    """Self-completed scores of a member of staff, 0-100 each."""

    staff_knowledge: float
    staff_attitudes: float
    staff_behaviour: float


def staff_scores(staff: Any, p: Any, key: Key, week: int) -> StaffScores:
    """Return knowledge, attitudes and self-reported behaviour of one member of staff.

    Parameters
    ----------
    staff : record-like
        Member of staff: `knowledge`, `values` and the four `behaviour_` variables.
    p : record-like
        Parameters.
    key : tuple of int
        The member of staff's random-number key.
    week : int
        Week of the assessment.
    """
    return StaffScores(
        staff_knowledge_score(staff, p, key, week),
        staff_attitudes_score(staff, p, key, week),
        staff_behaviour_score(staff, p, key, week),
    )
