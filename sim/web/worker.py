"""A worker process: loaded and compiled once, then one job after another.

The server speaks to it through a pipe; it reads settings that the server has checked and writes
files in the folder it is given.
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from sim.errors import InputError


class Told(Protocol):
    """How a task tells how far it is, and hears whether to stop."""

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Tell how far the task is."""

    def cancelled(self) -> bool:
        """Return whether the task is to stop."""


class Stopped(Exception):  # noqa: N818 (it is no error)
    """The task noticed that it is to stop."""


Task = Callable[[dict[str, Any], Path, Told], None]
"""Does a job: its settings, the folder that it writes into, and whom it tells of its progress.

It raises `Stopped`, or `Cancelled` of what it runs, when it noticed that it is to stop.
"""


class Line:
    """The worker's end of the pipe."""

    def __init__(self, pipe: Connection, stop: Any) -> None:
        self.pipe = pipe
        self.stop = stop

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Tell the server how far the task is."""
        self.pipe.send(("progress", done, total, what))

    def cancelled(self) -> bool:
        """Return whether the server wants the task to stop."""
        return bool(self.stop.is_set())


def task_named(place: str) -> Task:
    """Return the function that ``module:name`` stands for."""
    module, _, name = place.partition(":")
    found: Task = getattr(importlib.import_module(module), name)
    return found


def work(pipe: Connection, stop: Any, warm_up: str) -> None:
    """Do jobs until the server hangs up.

    Parameters
    ----------
    pipe : Connection
        Receives ``(task, settings, folder)``; sends ``("ready",)``, progress, and then one of
        ``("done",)``, ``("stopped",)``, ``("refused", line)``, ``("failed", line)``.
    stop : multiprocessing.Event
        Set while the running job is to stop.
    warm_up : str
        Function that loads and compiles what jobs need, as ``module:name``; none when empty.
    """
    # Ctrl-C in the server's terminal reaches this process too; the server decides when it ends.
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = Line(pipe, stop)
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        if warm_up:
            try:
                task_named(warm_up)({}, Path(), line)
            except (InputError, Stopped) as error:
                print(f"refocus: the worker could not warm up: {error}", file=sys.stderr)
        pipe.send(("ready",))
        while True:
            place, settings, folder = pipe.recv()
            pipe.send(outcome(place, settings, Path(folder), line))


def outcome(place: str, settings: dict[str, Any], folder: Path, line: Told) -> tuple[str, ...]:
    """Do one job and return how it ended."""
    from sim.runs.pieces import Cancelled

    try:
        task_named(place)(settings, folder, line)
    except (Stopped, Cancelled):
        return ("stopped",)
    except InputError as error:
        return ("refused", str(error))
    except (BrokenPipeError, ConnectionResetError):
        raise
    except MemoryError:
        return ("refused", "run: too large for this machine's memory; ask for less")
    except Exception as error:
        traceback.print_exc()
        return ("failed", f"unexpected {type(error).__name__}; this is an error of the software")
    return ("done",)
