"""What a planner waits for, and what common random numbers are worth to them."""

from __future__ import annotations

from benchmarks.comparison import DRAWS, timing, variance
from benchmarks.table import Row


def measure(quick: bool) -> list[Row]:
    """Return the variance ratio of a scenario difference and the time of a comparison."""
    return [variance(), timing(4 if quick else DRAWS)]
