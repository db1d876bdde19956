"""Everything measured on a member of staff, in fixed order."""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

from sim.measures.purposes import Key
from sim.measures.rsa import rsa_staff_score
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


class StaffRow(NamedTuple):
    """One member of staff at one assessment: who they are, and their scores."""

    present: float
    leader: float
    generation: float
    sessions_offered: float
    sessions_attended: float
    staff_knowledge: float
    staff_attitudes: float
    staff_behaviour: float
    rsa_staff: float


def staff_row(staff: Any, team: Any, p: Any, key: Key, week: int) -> StaffRow:
    """Return the row of the staff table at an assessment; scores of a vacant post are missing."""
    if staff.present == 0:
        missing = nan
        return StaffRow(
            present=0.0,
            leader=float(staff.leader),
            generation=float(staff.generation),
            sessions_offered=0.0,
            sessions_attended=0.0,
            staff_knowledge=missing,
            staff_attitudes=missing,
            staff_behaviour=missing,
            rsa_staff=missing,
        )
    scores = staff_scores(staff, p, key, week)
    return StaffRow(
        present=1.0,
        leader=float(staff.leader),
        generation=float(staff.generation),
        sessions_offered=float(staff.sessions_offered),
        sessions_attended=float(staff.sessions_attended),
        staff_knowledge=scores.staff_knowledge,
        staff_attitudes=scores.staff_attitudes,
        staff_behaviour=scores.staff_behaviour,
        rsa_staff=rsa_staff_score(staff, team, p, key, week),
    )
