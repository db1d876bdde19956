"""The first simulation after installation or an edit: everything is compiled once, and shown.

Compiling takes longer than most simulations. It is done ahead of them, by one process at a time:
two that compile the same function for different types may lose each other's code.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from sim.engines.code_cache import cache_root, first_compilation, source_hash

EXPECTED_SECONDS = 60
"""Rough time of compiling the week; the bar soon says what it is here."""
PIECES = 29
"""Pieces of code that are kept once the week is compiled."""
LOOK_SECONDS = 0.2
COMPLETE = "complete"


def compile_week(on_piece: Callable[[int, int], None] | None = None) -> None:
    """Compile the week of the model unless all of it is kept already.

    Parameters
    ----------
    on_piece : callable, optional
        Called several times a second with the pieces compiled so far and their expected number.
    """
    folder = cache_root() / source_hash()
    complete = folder / COMPLETE
    if complete.exists():
        return
    with _watched(folder, on_piece), _alone(folder):
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
def _watched(folder: Path, on_piece: Callable[[int, int], None] | None) -> Iterator[None]:
    """Tell how many pieces of code have been kept, while others compile."""
    if on_piece is None:
        yield
        return
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            on_piece(min(sum(1 for _ in folder.rglob("*.nbc")), PIECES - 1), PIECES)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    on_piece(PIECES, PIECES)
