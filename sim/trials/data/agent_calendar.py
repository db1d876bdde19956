"""When a trial in the agent-based model measures its people and starts its teams."""

from __future__ import annotations

import numpy as np

from sim.errors import InputError
from sim.trials.designs.design import CONTROL, TRANSITION, TREATED, Design


def takes_away(design: Design) -> bool:
    """Return whether a cluster is in control after it was treated."""
    for row in design.schedule:
        treated = np.flatnonzero(row == TREATED)
        if len(treated) and (row[treated[0] :] == CONTROL).any():
            return True
    return False


def refuse_taking_away(design: Design) -> None:
    """Refuse a design that takes the programme away again."""
    if takes_away(design):
        raise InputError(
            "schedule: returns treated clusters to control; training cannot be untaught, use "
            "the statistical source for crossover designs"
        )


def measured_weeks(design: Design) -> list[int]:
    """Return the week of each period's measurement.

    The first period is measured before anything happens when everybody is in control in it, else
    after one period. A run-in moves back every later measurement.
    """
    first = 0 if (design.by_cluster[:, 0] == CONTROL).all() else 1
    weeks = [(period + first) * design.period_weeks for period in range(design.periods)]
    return [week + design.readiness.run_in_weeks if week > 0 else 0 for week in weeks]


def start_weeks(design: Design) -> list[int | None]:
    """Return the week in which each sequence's run-in or programme starts; None for never."""
    times = measured_weeks(design)
    starts: list[int | None] = []
    for row in design.schedule:
        active = np.flatnonzero((row == TREATED) | (row == TRANSITION))
        lead = design.period_weeks + design.readiness.run_in_weeks
        starts.append(int(times[active[0]]) - lead if len(active) else None)
    return starts
