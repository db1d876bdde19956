"""The model that all references share: sizes, weekly chances and weights.

The numbers are round and illustrate nothing but work to do; no result of theirs is reported.
"""

from __future__ import annotations

from typing import NamedTuple

STAFF_PER_TEAM = 20
COORDINATORS = 11
FIRST_COORDINATOR = 1
TIES = 3
PRACTICES = 4
PROCESSES = 5
SESSION_WEEKS = frozenset({2, 5, 8, 12, 18, 26})

# Weekly chances.
LEAVING = 0.0028
FILLING = 1.0 / 12.0
SICKNESS = 0.045
CONTACT_RATE = 0.8
DISCHARGE = 0.003
WORKER_CHANGE = 0.005
HANDOVER = 0.25
DROPOUT = 0.0057
STAGE_RATE = 0.02

# Usual levels on arrival and the spread around them.
USUAL_READINESS, USUAL_VALUES, USUAL_KNOWLEDGE = 0.5, 0.6, 0.45
USUAL_SKILL, USUAL_BEHAVIOUR, USUAL_INTENT = 0.45, 0.35, 0.5
USUAL_RELATIONSHIP, USUAL_SUPPORT, USUAL_EXPECTATIONS = 0.65, 0.6, 0.5
SPREAD = 0.1

# Shares of a gap that close in a week, and weights.
READINESS_PACE, TEAM_TO_STAFF, VALUES_TO_READINESS = 0.1, 0.5, 0.3
ATTENDANCE_BASE, ATTENDANCE_FROM_READINESS = 1.0, 3.0
KNOWLEDGE_GAIN, VALUES_GAIN, SKILL_GAIN, SESSION_FELT = 0.2, 0.1, 0.15, 0.4
LEARNING_SD = 0.3
PEER_WEIGHT, LEADER_WEIGHT = 0.02, 0.02
FADING, FORGETTING, PROTECTION, BY_DOING = 0.1, 0.02, 0.8, 0.02
INTENT_PACE, BEHAVIOUR_PACE, HABIT_PACE = 0.1, 0.1, 0.05
INTENT_FROM_VALUES, INTENT_FROM_NORMS, INTENT_FROM_KNOWLEDGE, INTENT_FROM_SKILL = 0.5, 0.3, 0.3, 0.5
TRANSFER, TRANSFER_REINFORCED, HABIT_WEIGHT = 0.3, 0.5, 0.3
NORMS_PACE = 0.05
EXPERIENCE_PACE, RELATIONSHIP_PACE, SUPPORT_PACE, EXPECTATIONS_PACE = 0.1, 0.05, 0.05, 0.02
RAPPORT_WEIGHT, EXPERIENCE_WEIGHT, SUPPORT_FROM_RELATIONSHIP = 0.1, 0.3, 0.5
RELATIONSHIP_FADING, RELATIONSHIP_LOSS = 0.01, 0.3
GOAL_NAMING, GOAL_STEP = 0.2, 0.3
RESPONSE_PACE, RECOVERY_PACE, HEALTH_PACE = 0.03, 0.1, 0.05
RESPONSE = 0.1
RESPONSE_BY_STAGE = (0.6, 0.9, 1.2, 1.2, 1.0)
FLUCTUATION = 0.25
OWN_FLUCTUATION, SHARED_FLUCTUATION = 0.8, 0.6
SYMPTOMS_TO_RECOVERY, RECOVERY_TO_HEALTH = 0.1, 0.2
DISCHARGE_FROM_RECOVERY = 0.2


class Weekly(NamedTuple):
    """What a reference records every week: means over all staff and over all service users."""

    staff_present: float
    values: float
    knowledge: float
    skill: float
    behaviour: float
    relationship: float
    support: float
    recovery: float
    in_service: float
    in_research: float
