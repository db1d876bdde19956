"""How far power by formula was from simulated power, where both were found.

From 2,000 simulated trials of each of 214 designs and 1,000 of each of 8 marginal models
(`docs/validation-power.md`, which `make study-formula_check` writes). It stands beside the
formula's answer: no formula is exact where variances are estimated.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.trials.analyses.analysis_plan import AnalysisPlan
from sim.trials.analyses.exposure import CONSTANT
from sim.trials.designs.design import TREATED, Design


class Measured(NamedTuple):
    """Differences between formula and simulation, points of power, Monte Carlo error included."""

    designs: int  # How many were compared
    # Root mean square, and the largest.
    rms: float
    worst: float


PARALLEL = "parallel trials"
PERIODS = "trials over periods"
FEW = "stepped wedges of two sequences and at most 8 teams"
MARGINAL = "stepped wedges with a marginal model of a binary outcome or count"
TREATMENT = "trials over periods analysed with a random treatment effect"
FEW_TEAMS = 8
TESTS = ("kenward-roger", "between-within", "cluster-summary")
MEASURED = {
    PARALLEL: Measured(136, 1.3, 3.4),
    PERIODS: Measured(56, 1.2, 3.2),
    TREATMENT: Measured(9, 1.2, 2.1),
    MARGINAL: Measured(8, 1.7, 3.8),
    FEW: Measured(13, 1.0, 1.9),
}


def kind_of(design: Design, plan: AnalysisPlan) -> str | None:
    """Return of which kind a design and its analysis are; None where none of its kind was."""
    if plan.test == "marginal" and not design.is_parallel:
        return MARGINAL
    if plan.test not in TESTS or plan.estimand != CONSTANT:
        return None
    if design.is_parallel:
        return PARALLEL
    if "treatment" in plan.random_effects:
        return TREATMENT
    return FEW if _is_small_wedge(design) and "cluster-period" in plan.random_effects else PERIODS


def _is_small_wedge(design: Design) -> bool:
    """Return whether a trial has few teams and two sequences, both treated in the end."""
    treated = design.schedule == TREATED
    return (
        len(treated) == 2
        and design.total_clusters <= FEW_TEAMS
        and bool(treated[:, -1].all() and (np.diff(treated.astype(int), axis=1) >= 0).all())
    )


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
