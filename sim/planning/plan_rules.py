"""Rules of a plan: a sum over the teams that start lies between two limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sim.planning.packages import NOTHING, TeamPlan


class Rule(NamedTuple):
    """A linear condition on a plan: a sum over the teams that start lies between two limits."""

    words: str  # What it asks for
    low: float
    high: float
    # From package, team and start week to what a start adds.
    amount: Callable[[int, int, int], float]


def broken(rules: Sequence[Rule], plan: TeamPlan) -> list[str]:
    """Return the conditions that a plan does not keep, in words."""
    started = np.flatnonzero(plan.package != NOTHING)
    found = []
    for rule in rules:
        sums = sum(
            rule.amount(int(plan.package[team]), int(team), int(plan.start[team]))
            for team in started
        )
        if not rule.low * (1 - 1e-6) - 1e-6 <= sums <= rule.high * (1 + 1e-6) + 1e-6:
            found.append(rule.words)
    return found
