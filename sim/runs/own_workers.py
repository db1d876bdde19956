"""Worker threads of this process: as many as were asked for, and no more behind them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits

READ_WHEN_LOADED = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables from which a library of linear algebra takes its threads."""


class OwnWorkers(ThreadPoolExecutor):
    """Threads whose linear algebra takes no threads of its own.

    NumPy's and SciPy's libraries would take one for every processor in each worker: on two
    processors a simulation of mixed models was three times as dear.
    """

    def __init__(self, count: int) -> None:
        super().__init__(max_workers=count)
        # Of libraries that are loaded; SciPy's may be loaded by a worker, and reads a variable.
        self._held = threadpool_limits(1, user_api="blas")
        self._set = [name for name in READ_WHEN_LOADED if name not in os.environ]
        os.environ.update(dict.fromkeys(self._set, "1"))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads, and let linear algebra take as many as before."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        for name in self._set:
            os.environ.pop(name, None)
        self._held.restore_original_limits()
