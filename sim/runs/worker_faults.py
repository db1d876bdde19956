"""Notice that a process pool waits for a dead worker, and free it.

A pool of `concurrent.futures` notices workers that die, except those that die while they send a
result: the pool then reads for ever what will never be sent whole, and nobody else can send. The
memory killer of an operating system picks that moment readily, as a result takes memory.
"""

from __future__ import annotations

import time
from concurrent.futures import Executor
from contextlib import suppress
from multiprocessing.connection import wait
from typing import Any

GRACE_SECONDS = 5.0


class DeadWorkerWatch:
    """Watch over the workers of an executor; over none where it has no processes of its own.

    Parameters
    ----------
    executor : optional
        Any executor.
    grace : float
        Seconds that the pool has to notice a dead worker by itself.
    """

    def __init__(self, executor: Executor | Any, grace: float = GRACE_SECONDS) -> None:
        self.executor = executor
        self.grace = grace
        self.dead_since: float | None = None

    def stuck(self) -> bool:
        """Return whether a worker has been dead for longer than the pool needs to notice."""
        # There is no public name for a pool's processes. Their sentinels tell who is dead without
        # taking the exit code away from the pool.
        sentinels = [one.sentinel for one in _processes(self.executor)]
        if not sentinels or not wait(sentinels, timeout=0):
            self.dead_since = None
            return False
        if self.dead_since is None:
            self.dead_since = time.monotonic()
        return time.monotonic() - self.dead_since > self.grace

    def free(self) -> None:
        """Let the pool see that nothing more will come, so that it ends instead of waiting."""
        for process in _processes(self.executor):
            with suppress(OSError, ValueError):
                process.kill()
        results = getattr(self.executor, "_result_queue", None)
        writer = getattr(results, "_writer", None)
        if writer is not None:
            with suppress(OSError):
                writer.close()


def _processes(executor: Any) -> list[Any]:
    """Return the processes of a pool of `concurrent.futures`; of any other executor none."""
    found = getattr(executor, "_processes", None)
    return list(found.values()) if isinstance(found, dict) else []
