"""What can happen that is worth a row in the table of events."""

from __future__ import annotations

EVENT_FIELDS = ("week", "team", "kind", "place", "generation")

STAFF_LEFT = 0
STAFF_ARRIVED = 1
STAFF_MOVED_IN = 2
SESSION_HELD = 3
SESSION_CANCELLED = 4
WORKER_CHANGED = 5
USER_DISCHARGED = 6
USER_REFERRED = 7
LOST_TO_RESEARCH = 8
GOAL_REACHED = 9

EVENT_NAMES = (
    "staff left",
    "staff arrived",
    "staff moved in from another team",
    "training session held",
    "training session cancelled",
    "key worker changed",
    "service user discharged",
    "service user referred",
    "lost to research follow-up",
    "goal reached",
)
