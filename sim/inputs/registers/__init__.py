"""What was planned and observed of a rollout: a plan, attendance, audits, turnover, outcomes."""

from __future__ import annotations

from sim.inputs.registers.observed import (
    ALL_TEAMS,
    Audit,
    Mean,
    Observed,
    Planned,
    Session,
    Turnover,
    read_observed,
    read_planned,
)
from sim.inputs.registers.templates import (
    audit_template,
    outcomes_template,
    plan_template,
    register_template,
    turnover_template,
)

__all__ = [
    "ALL_TEAMS",
    "Audit",
    "Mean",
    "Observed",
    "Planned",
    "Session",
    "Turnover",
    "audit_template",
    "outcomes_template",
    "plan_template",
    "read_observed",
    "read_planned",
    "register_template",
    "turnover_template",
]
