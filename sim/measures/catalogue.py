"""Every instrument described as data: what it is, who rates it, how far it can be trusted."""

from __future__ import annotations

from math import inf
from typing import NamedTuple

from sim.errors import unknown
from sim.measures.bprs import BPRS_MAXIMUM, BPRS_MINIMUM
from sim.measures.cansas import CANSAS_MAXIMUM, CANSAS_MINIMUM
from sim.measures.csq import CSQ_MAXIMUM, CSQ_MINIMUM
from sim.measures.empowerment import EMPOWERMENT_MAXIMUM, EMPOWERMENT_MINIMUM
from sim.measures.gaf import GAF_MAXIMUM, GAF_MINIMUM
from sim.measures.goal_attainment import GOAL_MAXIMUM, GOAL_MINIMUM
from sim.measures.honos import HONOS_MAXIMUM, HONOS_MINIMUM
from sim.measures.hope import HOPE_MAXIMUM, HOPE_MINIMUM
from sim.measures.inspire import BRIEF_ITEMS, RELATIONSHIP_ITEMS, SUPPORT_ITEMS
from sim.measures.inspire import MAXIMUM as INSPIRE_MAXIMUM
from sim.measures.mansa import MANSA_ITEMS, MANSA_MAXIMUM, MANSA_MINIMUM
from sim.measures.qpr import (
    INTERPERSONAL_ITEMS,
    INTERPERSONAL_MAXIMUM,
    INTRAPERSONAL_ITEMS,
    INTRAPERSONAL_MAXIMUM,
    ITEMS,
    QPR15_MAXIMUM,
    QPR22_MAXIMUM,
    SHORT_ITEMS,
)
from sim.measures.recovery_fidelity import RECOVERY_FIDELITY_MAXIMUM, RECOVERY_FIDELITY_MINIMUM
from sim.measures.rsa import RSA_MAXIMUM, RSA_MINIMUM
from sim.measures.staff_knowledge import STAFF_SCORE_MAXIMUM, STAFF_SCORE_MINIMUM
from sim.measures.wemwbs import WEMWBS_MAXIMUM, WEMWBS_MINIMUM

USER = "service user"
STAFF = "staff"
RESEARCHER = "researcher"
TEAM = "team"


class Measure(NamedTuple):
    """One score.

    Attributes
    ----------
    name : str
        Name of the score, as in `UserScores` and `StaffScores`.
    title : str
        Name of the instrument, spelled out.
    minimum, maximum : float
        Range of the score.
    items : int
        Number of items; 0 where it was not seen or the score is not made of items.
    rater : str
        Who rates.
    blind : bool
        Whether, in the model, the rater's own training cannot colour the rating.
    higher_is : str
        What a higher score means.
    retest : str
        Parameter that sets the retest correlation; empty if there is none.
    evidence : str
        Grade of the level and spread: trial, literature or assumption.
    source : str
        Where level, spread and retest come from.
    important : float or None
        Smallest difference between groups that matters, where one was published.
    important_source : str
    note : str
        What to know before reading the score; unverified parts are named here.
    """

    name: str
    title: str
    minimum: float
    maximum: float
    items: int
    rater: str
    blind: bool
    higher_is: str
    retest: str
    evidence: str
    source: str
    note: str
    important: float | None = None
    important_source: str = ""


# Anchor-based, between groups; which form of the questionnaire the abstract does not say.
QPR15_IMPORTANT = 4.0
_IMPORTANT = (
    "anchor-based in four psychosis trials, N = 681 (Psychosis 2021; 13: 220), taken for 15 items"
)

_NO_FIGURE = "no figure seen"
_NORWAY = "Norway, psychosis, n = 318 (Skar-Fröding 2022); retest assumed"
_QPR = "REFOCUS controls at one year 40.0 (SD 10.2); retest .74, alpha .89 (Williams 2015)"
_ONE_SET = "All QPR scores come from one set of 22 answers. "
_ASSIGNED = "Which process an item asks about is an assumption."
_INSPIRE = "SD from PULSAR planning (about 16); Relationship retest .75 (Williams 2015)"
_LENGTH = (
    "Unverified: 20 + 7 items as published are modelled, the trial's web page names 21 + 8; scores "
    "may not be comparable. Scoring recalled. Not calibrated: no REFOCUS figure seen."
)
_NOT_BLIND = "Staff of trained teams cannot be blind: bias and benefit are not separable. "
_UNVERIFIED = "Unverified: scoring not seen, 0-100 is an assumption. "


CATALOGUE: tuple[Measure, ...] = (
    Measure(
        "qpr15",
        "Questionnaire about the Process of Recovery, 15 items",
        0.0,
        QPR15_MAXIMUM,
        SHORT_ITEMS,
        USER,
        True,
        "more recovery",
        "qpr_retest",
        "trial",
        _QPR,
        _ONE_SET
        + "Which 15 of the 22 make the short form is an assumption (15 of the 17 intrapersonal). "
        + _ASSIGNED
        + " Baseline level not seen.",
        QPR15_IMPORTANT,
        _IMPORTANT,
    ),
    Measure(
        "qpr22",
        "Questionnaire about the Process of Recovery, 22 items",
        0.0,
        QPR22_MAXIMUM,
        ITEMS,
        USER,
        True,
        "more recovery",
        "qpr_retest",
        "literature",
        _QPR,
        _ONE_SET + "The minimum important difference of 4 is never applied to this form.",
    ),
    Measure(
        "qpr_intrapersonal",
        "QPR Intrapersonal",
        0.0,
        INTRAPERSONAL_MAXIMUM,
        INTRAPERSONAL_ITEMS,
        USER,
        True,
        "more recovery",
        "qpr_retest",
        "assumption",
        _QPR,
        _ONE_SET + _ASSIGNED,
    ),
    Measure(
        "qpr_interpersonal",
        "QPR Interpersonal",
        0.0,
        INTERPERSONAL_MAXIMUM,
        INTERPERSONAL_ITEMS,
        USER,
        True,
        "more recovery in relationships",
        "qpr_retest",
        "assumption",
        "underperforms (Williams 2015, direction); level not seen",
        _ONE_SET + "Asks about connectedness and the relationship with the worker: an assumption.",
    ),
    Measure(
        "inspire_support",
        "INSPIRE Support",
        0.0,
        INSPIRE_MAXIMUM,
        SUPPORT_ITEMS,
        USER,
        True,
        "more support",
        "inspire_retest",
        "assumption",
        _INSPIRE,
        "Mean of the items judged important; missing when none is. " + _LENGTH,
    ),
    Measure(
        "inspire_relationship",
        "INSPIRE Relationship",
        0.0,
        INSPIRE_MAXIMUM,
        RELATIONSHIP_ITEMS,
        USER,
        True,
        "better relationship",
        "inspire_retest",
        "assumption",
        _INSPIRE,
        _LENGTH,
    ),
    Measure(
        "inspire_brief",
        "Brief INSPIRE",
        0.0,
        INSPIRE_MAXIMUM,
        BRIEF_ITEMS,
        USER,
        True,
        "more support",
        "inspire_retest",
        "assumption",
        "weights of INSPIRE Support; own figures not seen",
        "One item for each recovery process. Less reliable than Support. " + _LENGTH,
    ),
    Measure(
        "rsa_user",
        "Recovery Self Assessment, service users",
        RSA_MINIMUM,
        RSA_MAXIMUM,
        0,
        USER,
        True,
        "more recovery-oriented team",
        "rsa_retest",
        "assumption",
        _NO_FIGURE,
        "Item range 1-5 recalled; number of items not seen.",
    ),
    Measure(
        "rsa_staff",
        "Recovery Self Assessment, staff and leaders",
        RSA_MINIMUM,
        RSA_MAXIMUM,
        0,
        STAFF,
        False,
        "more recovery-oriented team",
        "rsa_retest",
        "assumption",
        "leaders rate higher: Wald(2) = 7.0, p = .03 (national survey); size not seen",
        "Item range 1-5 recalled. A rater's own values colour the rating.",
    ),
    Measure(
        "csq",
        "Client Satisfaction Questionnaire (CSQ-8)",
        CSQ_MINIMUM,
        CSQ_MAXIMUM,
        8,
        USER,
        True,
        "more satisfied",
        "csq_retest",
        "assumption",
        _NO_FIGURE,
        "Follows experienced support and relationship.",
    ),
    Measure(
        "bprs",
        "Brief Psychiatric Rating Scale",
        BPRS_MINIMUM,
        BPRS_MAXIMUM,
        18,
        RESEARCHER,
        True,
        "more symptoms",
        "bprs_retest",
        "assumption",
        _NO_FIGURE,
        "Unverified: which version the trial used (18 items assumed); whether researchers were "
        "masked was not seen.",
    ),
    Measure(
        "cansas_user",
        "Camberwell Assessment of Need, unmet needs, service-user-rated",
        CANSAS_MINIMUM,
        CANSAS_MAXIMUM,
        22,
        USER,
        True,
        "more unmet needs",
        "cansas_retest",
        "assumption",
        "SD implied by the SE of the trial's difference; level not seen",
        "Sources disagree on whether the trial's finding was staff-rated (paper) or user-rated.",
    ),
    Measure(
        "hope",
        "Hope (Herth-like index)",
        HOPE_MINIMUM,
        HOPE_MAXIMUM,
        12,
        USER,
        True,
        "more hope",
        "hope_retest",
        "assumption",
        _NO_FIGURE,
        "Unverified: which hope scale the trial used; range 12-48 recalled.",
    ),
    Measure(
        "empowerment",
        "Empowerment",
        EMPOWERMENT_MINIMUM,
        EMPOWERMENT_MAXIMUM,
        0,
        USER,
        True,
        "more empowered",
        "empowerment_retest",
        "assumption",
        _NO_FIGURE,
        _UNVERIFIED + "Which scale the trial used was not seen.",
    ),
    Measure(
        "wemwbs",
        "Warwick-Edinburgh Mental Well-being Scale",
        WEMWBS_MINIMUM,
        WEMWBS_MAXIMUM,
        14,
        USER,
        True,
        "more wellbeing",
        "wemwbs_retest",
        "assumption",
        "SD 10 from PULSAR planning; level and retest not seen",
        "Follows quality of life and hope.",
    ),
    Measure(
        "mansa",
        "Manchester Short Assessment of Quality of Life",
        MANSA_MINIMUM,
        MANSA_MAXIMUM,
        int(MANSA_ITEMS),
        USER,
        True,
        "better quality of life",
        "mansa_retest",
        "assumption",
        _NO_FIGURE,
        "Mean of twelve items.",
    ),
    Measure(
        "recovery_fidelity",
        "Recovery Fidelity Scale",
        RECOVERY_FIDELITY_MINIMUM,
        RECOVERY_FIDELITY_MAXIMUM,
        0,
        USER,
        True,
        "more of the intervention experienced",
        "recovery_fidelity_retest",
        "assumption",
        _NO_FIGURE,
        _UNVERIFIED + "Follows the four working practices as experienced.",
    ),
    Measure(
        "goal_named",
        "Individualised goal: named",
        0.0,
        1.0,
        1,
        USER,
        True,
        "a goal was named",
        "",
        "literature",
        "87% can name a goal (n = 92): a check, not an input",
        "Share of people, 0 or 1 for one person.",
    ),
    Measure(
        "goal_attainment",
        "Individualised goal attainment",
        GOAL_MINIMUM,
        GOAL_MAXIMUM,
        1,
        USER,
        True,
        "closer to the goal",
        "",
        "assumption",
        _NO_FIGURE,
        _UNVERIFIED + "Missing while no goal has been named; 100 once a goal was reached.",
    ),
    Measure(
        "goal_reached",
        "Individualised goal: reached or exceeded",
        0.0,
        1.0,
        1,
        USER,
        True,
        "the goal was reached",
        "",
        "literature",
        "47% reach or exceed it in 3 months (n = 92): a check, not an input",
        "Missing while no goal has been named; 0 or 1 for one person.",
    ),
    Measure(
        "service_cost",
        "Service costs in the follow-up year (CSRI), pounds",
        0.0,
        inf,
        0,
        USER,
        True,
        "more costly",
        "",
        "assumption",
        "128 pounds per contact (2013/14); SD implied by the interval of the trial's difference",
        "Without the programme's own cost. `cost_stability` links two years.",
    ),
    Measure(
        "gaf",
        "Global Assessment of Functioning",
        GAF_MINIMUM,
        GAF_MAXIMUM,
        1,
        STAFF,
        False,
        "better functioning",
        "gaf_retest",
        "literature",
        _NORWAY,
        _NOT_BLIND + "The printed interval of the trial's difference is not symmetric.",
    ),
    Measure(
        "honos",
        "Health of the Nation Outcome Scale",
        HONOS_MINIMUM,
        HONOS_MAXIMUM,
        12,
        STAFF,
        False,
        "more social disability",
        "honos_retest",
        "literature",
        _NORWAY,
        _NOT_BLIND,
    ),
    Measure(
        "cansas_staff",
        "Camberwell Assessment of Need, unmet needs, staff-rated",
        CANSAS_MINIMUM,
        CANSAS_MAXIMUM,
        22,
        STAFF,
        False,
        "more unmet needs",
        "cansas_retest",
        "assumption",
        "SD implied by the SE of the trial's difference; level not seen",
        _NOT_BLIND
        + "Sources disagree on whether the trial's finding was staff-rated or user-rated.",
    ),
    Measure(
        "staff_knowledge",
        "Staff knowledge of recovery",
        STAFF_SCORE_MINIMUM,
        STAFF_SCORE_MAXIMUM,
        0,
        STAFF,
        False,
        "more knowledge",
        "staff_knowledge_retest",
        "assumption",
        _NO_FIGURE,
        _UNVERIFIED,
    ),
    Measure(
        "staff_attitudes",
        "Staff attitudes to recovery (values)",
        STAFF_SCORE_MINIMUM,
        STAFF_SCORE_MAXIMUM,
        0,
        STAFF,
        False,
        "more pro-recovery",
        "staff_attitudes_retest",
        "assumption",
        _NO_FIGURE,
        _UNVERIFIED,
    ),
    Measure(
        "staff_behaviour",
        "Staff-rated pro-recovery behaviour",
        STAFF_SCORE_MINIMUM,
        STAFF_SCORE_MAXIMUM,
        0,
        STAFF,
        False,
        "more pro-recovery behaviour reported",
        "staff_behaviour_retest",
        "assumption",
        "self-report unrelated to observed skill (trial of training methods, n = 140)",
        _UNVERIFIED + "Inflated, and nearly unrelated to observed behaviour.",
    ),
    Measure(
        "team_readiness",
        "Team readiness score",
        0.0,
        1.0,
        0,
        TEAM,
        False,
        "more ready",
        "",
        "assumption",
        _NO_FIGURE,
        "Reliability and range are chosen with the scenario; 0-1 unless another range is given.",
    ),
)

_BY_NAME = {one.name: one for one in CATALOGUE}


def measure(name: str) -> Measure:
    """Return the description of one score.

    Raises
    ------
    InputError
        When there is no score of that name; the nearest valid name is given.
    """
    if name not in _BY_NAME:
        raise unknown("measure", name, _BY_NAME)
    return _BY_NAME[name]
