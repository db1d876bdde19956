"""The first simulation after installation or an edit: everything is compiled once, and shown.

Compiling takes longer than most simulations. It is done ahead of them, by one process at a time:
two that compile the same function for different types may lose each other's code.
"""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sim.engines.code_cache import cache_root, first_compilation, source_hash

EXPECTED_SECONDS = 30
"""Rough processor seconds of compiling the week."""
SHARES = (0.97, 1.0)
"""Share of the time that has passed when so many pieces of code are kept: 1, 2, ..."""
LOOK_SECONDS = 0.2
COMPLETE = "complete"


def compile_week(on_share: Callable[[float], None] | None = None) -> None:
    """Compile the week of the model unless all of it is kept already.

    Parameters
    ----------
    on_share : callable, optional
        Called several times a second with the share that is done, from 0 to 1.
    """
    folder = cache_root() / source_hash()
    complete = folder / COMPLETE
    if complete.exists():
        return
    with _watched(folder, on_share), _alone(folder), _without_collection():
        if not complete.exists():
            _smallest_run()
            # Where nothing can be kept, the code lives as long as this process.
            if not first_compilation():
                with contextlib.suppress(OSError):
                    complete.touch()


def is_compiled() -> bool:
    """Return whether all code of the week is kept, so that nothing will be compiled."""
    return (cache_root() / source_hash() / COMPLETE).exists()


def _smallest_run() -> None:
    from sim.engines.ensemble import COLLECTABLE
    from sim.inputs.roster import Roster, TeamRow
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate
    from sim.scenarios.library import load_scenario

    roster = Roster(
        tuple(
            TeamRow(team=arm, arm=arm, staff=3, coordinators=2, caseload=8, sampled=4)
            for arm in ("intervention", "control")
        )
    )
    request = build_request(
        [load_scenario("refocus-as-delivered")],
        roster,
        weeks=1,
        replications=1,
        collect=COLLECTABLE,
    )
    simulate(request, workers=1)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process compiles into the folder, where the system can tell."""
    try:
        import fcntl

        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "compiling").open("w")
    except (ImportError, OSError):
        yield
        return
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _without_collection() -> Iterator[None]:
    """Leave Python's search for cycles out: compiling makes little that it could free."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def share_done(kept: int, seconds: float) -> float:
    """Return the share of compiling that is done.

    `kept`: pieces of code that are kept, by whichever process; `seconds`: processor seconds
    that this process has worked, whose share counts between two pieces.
    """
    low, high = (0.0, *SHARES)[min(kept, len(SHARES))], SHARES[min(kept, len(SHARES) - 1)]
    return max(low, min(seconds / EXPECTED_SECONDS, high - 0.01))


@contextlib.contextmanager
def _watched(folder: Path, on_share: Callable[[float], None] | None) -> Iterator[None]:
    """Tell how far compiling is, while it goes on here or in another process."""
    if on_share is None:
        yield
        return
    ended = threading.Event()
    began = time.process_time()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            kept = sum(1 for _ in folder.rglob("*.nbc"))
            on_share(min(share_done(kept, time.process_time() - began), 0.99))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    on_share(1.0)
