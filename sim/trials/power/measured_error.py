"""How far power by formula was from simulated power, where both were found.

From 2,000 simulated trials of each of 205 designs (`docs/validation-power.md`, which
`make study-formula_check` writes). It stands beside the formula's answer: no formula is exact where
variances are estimated.
"""

from __future__ import annotations

from typing import NamedTuple

from sim.trials.analyses.analysis_plan import AnalysisPlan
from sim.trials.analyses.exposure import CONSTANT
from sim.trials.designs.design import Design


class Measured(NamedTuple):
    """Differences between formula and simulation, points of power, Monte Carlo error included."""

    designs: int  # How many were compared
    # Root mean square, and the largest.
    rms: float
    worst: float


PARALLEL = "parallel trials"
PERIODS = "trials over periods"
TREATMENT = "trials over periods analysed with a random treatment effect"
TESTS = ("kenward-roger", "between-within", "cluster-summary")
MEASURED = {
    PARALLEL: Measured(136, 1.4, 4.4),
    PERIODS: Measured(60, 1.5, 4.1),
    TREATMENT: Measured(9, 3.4, 7.4),
}


def kind_of(design: Design, plan: AnalysisPlan) -> str | None:
    """Return of which kind a design and its analysis are; None where none of its kind was."""
    if plan.test not in TESTS or plan.estimand != CONSTANT:
        return None
    if design.is_parallel:
        return PARALLEL
    return TREATMENT if "treatment" in plan.random_effects else PERIODS


def measured_line(design: Design, plan: AnalysisPlan) -> str:
    """Return in words how far off the formula may be for a design like this."""
    kind = kind_of(design, plan)
    if kind is None:
        return "how far off it may be was not measured for such an analysis: simulate it"
    found = MEASURED[kind]
    return (
        f"how far off it may be: in {found.designs} {kind} it differed from simulated power by "
        f"{found.rms:.1f} points (root mean square, at most {found.worst:.1f}; about 1 is Monte "
        "Carlo error)"
    )
