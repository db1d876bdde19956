"""What was observed in the first months of a rollout: attendance, audits, turnover, outcomes."""

from __future__ import annotations

from sim.inputs.registers.observed import (
    ALL_TEAMS,
    Audit,
    Mean,
    Observed,
    Session,
    Turnover,
    read_observed,
)
from sim.inputs.registers.templates import (
    audit_template,
    outcomes_template,
    register_template,
    turnover_template,
)

__all__ = [
    "ALL_TEAMS",
    "Audit",
    "Mean",
    "Observed",
    "Session",
    "Turnover",
    "audit_template",
    "outcomes_template",
    "read_observed",
    "register_template",
    "turnover_template",
]
