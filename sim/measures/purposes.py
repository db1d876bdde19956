"""Which random draws belong to which instrument.

An instrument with number n owns the purposes MEASURE_FIRST + 100 n to MEASURE_FIRST + 100 n + 99.
Blocks 0-49 are drawn anew at every assessment, blocks 50-99 once for each person (week 0). A number
is never given to another instrument: results depend on it.
"""

from __future__ import annotations

from sim.streams import MEASURE_FIRST

Key = tuple[int, int, int, int, int, int]

INSTRUMENT_NUMBERS = {
    "qpr": 1,
    "inspire": 2,
    "rsa_user": 3,
    "rsa_staff": 4,
    "csq": 5,
    "bprs": 6,
    "gaf": 7,
    "honos": 8,
    "cansas_user": 9,
    "cansas_staff": 10,
    "hope": 11,
    "empowerment": 12,
    "wemwbs": 13,
    "mansa": 14,
    "recovery_fidelity": 15,
    "goal_attainment": 16,
    "costs": 17,
    "staff_knowledge": 18,
    "staff_attitudes": 19,
    "staff_behaviour": 20,
    "team_readiness": 21,
}


def _purpose(instrument: str, block: int) -> int:
    """Return the purpose of one block of an instrument."""
    return MEASURE_FIRST + 100 * INSTRUMENT_NUMBERS[instrument] + block


QPR_DAY = _purpose("qpr", 0)
QPR_PERSON = _purpose("qpr", 50)
INSPIRE_SUPPORT_DAY = _purpose("inspire", 0)
INSPIRE_OTHER_DAY = _purpose("inspire", 10)
INSPIRE_SUPPORT_PERSON = _purpose("inspire", 50)
INSPIRE_IMPORTANCE = _purpose("inspire", 60)
INSPIRE_OTHER_PERSON = _purpose("inspire", 70)
RSA_USER_DAY = _purpose("rsa_user", 0)
RSA_STAFF_DAY = _purpose("rsa_staff", 0)
CSQ_DAY = _purpose("csq", 0)
BPRS_DAY = _purpose("bprs", 0)
GAF_DAY = _purpose("gaf", 0)
HONOS_DAY = _purpose("honos", 0)
CANSAS_USER_DAY = _purpose("cansas_user", 0)
CANSAS_STAFF_DAY = _purpose("cansas_staff", 0)
HOPE_DAY = _purpose("hope", 0)
EMPOWERMENT_DAY = _purpose("empowerment", 0)
WEMWBS_DAY = _purpose("wemwbs", 0)
MANSA_DAY = _purpose("mansa", 0)
RECOVERY_FIDELITY_DAY = _purpose("recovery_fidelity", 0)
GOAL_ATTAINMENT_DAY = _purpose("goal_attainment", 0)
COSTS_DAY = _purpose("costs", 0)
COSTS_PERSON = _purpose("costs", 50)
STAFF_KNOWLEDGE_DAY = _purpose("staff_knowledge", 0)
STAFF_ATTITUDES_DAY = _purpose("staff_attitudes", 0)
STAFF_BEHAVIOUR_DAY = _purpose("staff_behaviour", 0)
STAFF_BEHAVIOUR_PERSON = _purpose("staff_behaviour", 50)
TEAM_READINESS_DAY = _purpose("team_readiness", 0)
