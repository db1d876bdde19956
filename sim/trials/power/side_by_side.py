"""Independent trials worked on side by side, handed on in their order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Made = TypeVar("Made")

# Trials that may wait finished for each thread, so that memory stays flat.
AHEAD = 4


def side_by_side(
    make: Callable[[int], Made], numbers: Iterable[int], workers: int | None = None
) -> Iterator[Made]:
    """Yield ``make(number)`` for each number, in order, several at a time.

    Parameters
    ----------
    make : callable
        Must depend on its number alone, so that the number of threads changes nothing.
    numbers : iterable of int
    workers : int, optional
        Threads; all processors by default.
    """
    threads = workers or os.cpu_count() or 1
    if threads == 1:
        yield from map(make, numbers)
        return
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for number in numbers:
                waiting.append(pool.submit(make, number))
                if len(waiting) >= threads * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()
