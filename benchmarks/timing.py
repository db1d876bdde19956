"""Times taken side by side: A B A B ..., and the median of each.

Processor time of the calling thread, so that a machine that is busy with other things spoils
comparisons less. What runs in several threads or processes is timed by the wall clock instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.thread_time) -> float:
    """Return how long one call takes; what it says itself when it returns seconds (a float)."""
    start = clock()
    said = work()
    return said if isinstance(said, float) else clock() - start


def median_seconds_in_turns(
    works: Mapping[str, Callable[[], object]],
    rounds: int,
    clock: Callable[[], float] = time.thread_time,
) -> dict[str, float]:
    """Return the median seconds of each work, taken in turns.

    Taking turns lets a busy minute fall on all of them alike. Each work is called once before,
    so that compiling and first touches of memory are left out.
    """
    for work in works.values():
        work()
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            taken[name].append(seconds(work, clock))
    return {name: median(values) for name, values in taken.items()}
