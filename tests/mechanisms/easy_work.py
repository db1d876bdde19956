"""Parameters at which practice is easy to work by hand."""

from __future__ import annotations

from sim.mechanisms.practice import PRACTICES

NO_PRESSURE = {f"opportunity_from_{one}": 0.0 for one in ("staff", "trust", "workload")}
"""Nothing takes room from recovery work."""

EASY_WORK = {
    **NO_PRESSURE,
    **{f"intent_mean_{one}": 0.4 for one in PRACTICES},
    "staff_priorities_mean": 0.5,
    "trust_priorities_mean": 0.5,
    "skill_mean": 0.4,
    "delivery_without_skill": 1.0,
}
"""What is done is delivered, and usual is .4."""
