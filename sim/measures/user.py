"""Everything measured on a service user, in fixed order: the row of a trial's data."""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.measures.bprs import bprs_score
from sim.measures.cansas import cansas_staff_score, cansas_user_score
from sim.measures.costs import service_cost
from sim.measures.csq import csq_score
from sim.measures.empowerment import empowerment_score
from sim.measures.gaf import gaf_score
from sim.measures.goal_attainment import goal_scores
from sim.measures.honos import honos_score
from sim.measures.hope import hope_score
from sim.measures.inspire import inspire_scores
from sim.measures.mansa import mansa_score
from sim.measures.purposes import Key
from sim.measures.qpr import qpr_scores
from sim.measures.recovery_fidelity import recovery_fidelity_score
from sim.measures.rsa import rsa_user_score
from sim.measures.wemwbs import wemwbs_score


class StaffRatings(NamedTuple):
    """What a member of staff says of a service user."""

    gaf: float
    honos: float
    cansas_staff: float


class UserScores(NamedTuple):
    """One service user's scores at one assessment; missing ones are not numbers."""

    qpr15: float
    qpr22: float
    qpr_intrapersonal: float
    qpr_interpersonal: float
    inspire_support: float
    inspire_relationship: float
    inspire_brief: float
    rsa_user: float
    csq: float
    bprs: float
    cansas_user: float
    hope: float
    empowerment: float
    wemwbs: float
    mansa: float
    recovery_fidelity: float
    goal_named: float
    goal_attainment: float
    goal_reached: float
    service_cost: float
    gaf: float
    honos: float
    cansas_staff: float


def staff_rating_scores(user: Any, rater_bias: float, p: Any, key: Key, week: int) -> StaffRatings:
    """Return the staff-rated scores of one service user.

    Parameters
    ----------
    user : record-like
        Service user.
    rater_bias : float
        Bias of the member of staff who rates, from `staff_rater_bias` (SD, 0 for none).
    p : record-like
        Parameters.
    key : tuple of int
        The service user's random-number key.
    week : int
        Week of the assessment.
    """
    return StaffRatings(
        gaf_score(user, rater_bias, p, key, week),
        honos_score(user, rater_bias, p, key, week),
        cansas_staff_score(user, rater_bias, p, key, week),
    )


def user_scores(user: Any, rater_bias: float, p: Any, key: Key, week: int) -> UserScores:
    """Return everything that is measured on one service user (same parameters)."""
    qpr = qpr_scores(user, p, key, week)
    inspire = inspire_scores(user, p, key, week)
    goal = goal_scores(user, p, key, week)
    rated = staff_rating_scores(user, rater_bias, p, key, week)
    return UserScores(
        qpr15=qpr.qpr15,
        qpr22=qpr.qpr22,
        qpr_intrapersonal=qpr.intrapersonal,
        qpr_interpersonal=qpr.interpersonal,
        inspire_support=inspire.support,
        inspire_relationship=inspire.relationship,
        inspire_brief=inspire.brief,
        rsa_user=rsa_user_score(user, p, key, week),
        csq=csq_score(user, p, key, week),
        bprs=bprs_score(user, p, key, week),
        cansas_user=cansas_user_score(user, p, key, week),
        hope=hope_score(user, p, key, week),
        empowerment=empowerment_score(user, p, key, week),
        wemwbs=wemwbs_score(user, p, key, week),
        mansa=mansa_score(user, p, key, week),
        recovery_fidelity=recovery_fidelity_score(user, p, key, week),
        goal_named=goal.named,
        goal_attainment=goal.attainment,
        goal_reached=goal.reached,
        service_cost=service_cost(user, p, key, week),
        gaf=rated.gaf,
        honos=rated.honos,
        cansas_staff=rated.cansas_staff,
    )
