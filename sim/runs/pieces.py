"""Pieces of long work on an executor: stored as they finish, ended early, gone on with.

All that simulates long runs through `run_pieces`: requests, trials of a power calculation or of a
study, rows of a calibration. A piece is a pure function of its place, so that what comes out does
not depend on the executor, on how many workers there are, on their order, or on interruptions.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    wait,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypedDict, TypeVar

import numpy as np

from sim.errors import InputError
from sim.files import NotWrittenError
from sim.runs.chunk_store import ChunkStore
from sim.runs.cluster import is_cluster, lost, submitter
from sim.runs.own_workers import OwnWorkers
from sim.runs.worker_faults import DeadWorkerWatch

POLL_SECONDS = 0.2
Arrays = Mapping[str, np.ndarray]


class Piece(Protocol):
    """A part of long work: its number, which no other part has, and how much it is."""

    @property
    def number(self) -> int:
        """Its number."""

    @property
    def worlds(self) -> int:
        """How much it is, in the unit of progress."""


PieceT = TypeVar("PieceT", bound=Piece)


@dataclass(frozen=True)
class Span:
    """A piece of work on numbered rows: those from `first` to `last - 1`."""

    first: int
    last: int

    @property
    def number(self) -> int:
        """Its number: that of its first row."""
        return self.first

    @property
    def worlds(self) -> int:
        """How many rows it has."""
        return self.last - self.first


def spans(first: int, last: int, size: int) -> list[Span]:
    """Cut the rows from `first` to `last - 1` into pieces of `size`."""
    return [Span(one, min(one + size, last)) for one in range(first, last, size)]


@dataclass(frozen=True)
class Progress:
    """How far long work is."""

    # Worlds (trials, rows) finished and to run.
    done: int
    total: int
    seconds: float  # Seconds since this call began
    seconds_left: float  # Estimate from the pace of this call; NaN before the first chunk


class How(TypedDict, total=False):
    """How long work is run. What comes out does not depend on it."""

    # Anything with `submit` that returns futures with `done`, `result` and `cancel`: an executor of
    # `concurrent.futures`, or a client of Dask Distributed, which runs the pieces of a worker that
    # dies again elsewhere. Threads when not given. Processes must be spawned, not forked.
    executor: Any
    # How many pieces run at once; by default as many as the executor can, and as many threads as
    # there are processors when no executor is given.
    workers: int | None
    # Where finished pieces are stored as they finish. Pieces of the same work found there are not
    # run again; those of other work are left alone.
    folder: Path | str | None
    # Called after each piece with a `Progress`; asked between pieces whether to stop.
    on_progress: Callable[[Progress], None] | None
    should_cancel: Callable[[], bool] | None


class Cancelled(Exception):  # noqa: N818 (it is no error)
    """The work was cancelled.

    Attributes
    ----------
    finished : dict
        The arrays of finished pieces by number.
    done, total : int
        Worlds (trials, rows) finished and asked for.
    results : Results or None
        Of `simulate`: what was finished, in chunk order; None when nothing was.
    """

    def __init__(self, finished: Mapping[int, Arrays], done: int, total: int, unit: str) -> None:
        super().__init__(f"cancelled after {done} of {total} {unit}")
        self.finished = finished
        self.done = done
        self.total = total
        self.results: Any = None


class Interrupted(InputError):  # noqa: N818 (named like Cancelled)
    """The work could not go on; `finished` and `results` are as in `Cancelled`."""

    def __init__(self, message: str, finished: Mapping[int, Arrays]) -> None:
        super().__init__(message)
        self.finished = finished
        self.results: Any = None


def run_pieces(
    pieces: Sequence[PieceT],
    run: Callable[[PieceT], Arrays],
    names: Sequence[str],
    *,
    identity: Callable[[], str] = str,
    told: Mapping[str, Any] | None = None,
    unit: str = "worlds",
    executor: Executor | Any = None,
    workers: int | None = None,
    folder: Path | str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
    left: Sequence[str] = (),
) -> dict[int, Arrays]:
    """Run those pieces that are not stored, and return the arrays of all by number.

    Parameters
    ----------
    pieces : sequence of Piece
        What is run, in this order as far as workers are free.
    run : callable
        Runs a piece and returns its arrays.
    names : sequence of str
        Names of the arrays.
    identity : callable
        Returns a fingerprint of everything that decides the arrays; asked with a folder only.
    told : mapping, optional
        What a stored work is, for people who look into the folder.
    unit : str
        What progress counts.
    executor, workers, folder, on_progress, should_cancel
        See `How`.
    left : sequence of str
        Names of arrays that are left in the folder, being too large for memory: what is returned of
        them has their shape, and takes no room.

    Raises
    ------
    Cancelled
        When `should_cancel` said so.
    Interrupted
        When a finished piece could not be stored, or a worker process died.
    InputError
        When the folder cannot be written; nothing was run then.
    """
    store = None
    if folder is not None:
        store = ChunkStore(Path(folder), identity(), names, told or {})
    finished: dict[int, Arrays] = {}
    if store is not None:
        for piece in pieces:
            kept = store.read(piece.number, piece.worlds)
            if kept is not None:
                finished[piece.number] = without(kept, left)
    total = sum(piece.worlds for piece in pieces)
    done = sum(piece.worlds for piece in pieces if piece.number in finished)
    before = done
    start = time.monotonic()

    def report() -> None:
        if on_progress is not None:
            seconds = time.monotonic() - start
            pace = (done - before) / seconds if seconds > 0.0 else 0.0
            left = (total - done) / pace if pace > 0.0 else float("nan")
            on_progress(Progress(done, total, seconds, left))

    waiting = [piece for piece in pieces if piece.number not in finished]
    at_once = max(1, workers if workers is not None else capacity(executor))
    own = None
    if executor is None:
        own = executor = OwnWorkers(at_once)
    watch = DeadWorkerWatch(executor)
    submit = submitter(executor, run)
    running: dict[Any, PieceT] = {}
    queue = iter(waiting)
    try:
        report()
        exhausted = False
        while running or not exhausted:
            cancelled = should_cancel is not None and should_cancel()
            while not exhausted and not cancelled and len(running) < 2 * at_once:
                following = next(queue, None)
                if following is None:
                    exhausted = True
                else:
                    running[submit(following)] = following
            if cancelled:
                for future in running:
                    future.cancel()
                raise Cancelled(finished, done, total, unit)
            if not running:
                break
            ready = _finished(running)
            if not ready and watch.stuck():
                watch.free()
                raise BrokenExecutor("a worker died while it sent a result")
            for future in ready:
                piece = running.pop(future)
                finished[piece.number] = _result(future, executor)
                done += piece.worlds
                if store is not None:
                    store.write(piece.number, piece.worlds, finished[piece.number])
                    finished[piece.number] = without(finished[piece.number], left)
                report()
    except BrokenExecutor as error:
        advice = "resume with the same folder" if store is not None else "nothing was stored"
        raise Interrupted(
            f"executor: a worker process died after {done} of {total} {unit}; {advice}", finished
        ) from error
    except NotWrittenError as error:
        raise Interrupted(str(error), finished) from error
    finally:
        if own is not None:
            own.shutdown(wait=True, cancel_futures=True)
    return finished


def without(arrays: Arrays, left: Sequence[str]) -> Arrays:
    """Return arrays, some of them as empty shells of the same shape."""
    shells = {
        name: np.broadcast_to(np.zeros((), arrays[name].dtype), arrays[name].shape) for name in left
    }
    return {**arrays, **shells}


def capacity(executor: Any) -> int:
    """Return how many pieces an executor can run at once, as far as it says so."""
    if is_cluster(executor):
        return max(1, int(sum(executor.ncores().values())))
    # Pools of `concurrent.futures` know, but have no public name for it.
    return int(getattr(executor, "_max_workers", os.cpu_count() or 1))


def _result(future: Any, executor: Any) -> Arrays:
    """Return what a piece gave; a cluster that gave it up is as a pool that broke."""
    try:
        found: Arrays = future.result()
    except BaseException as error:
        if is_cluster(executor) and lost(error):
            raise BrokenExecutor(f"the cluster gave up a piece ({type(error).__name__})") from error
        raise
    return found


def _finished(running: Mapping[Any, Any]) -> list[Any]:
    """Return futures that are done; waits for the first, but never long."""
    if all(isinstance(future, Future) for future in running):
        ready, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        return list(ready)
    end = time.monotonic() + POLL_SECONDS
    while True:
        ready_now = [future for future in running if future.done()]
        if ready_now or time.monotonic() > end:
            return ready_now
        time.sleep(0.01)
