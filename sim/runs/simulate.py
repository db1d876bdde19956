"""The one door for long work.

`simulate` runs a request in chunks on any executor with the interface of `concurrent.futures`,
reports progress, can be cancelled, stores finished chunks, and goes on where it stopped. The result
does not depend on the executor, on how many workers there are, on their order, or on interruptions.
`simulate_reduced` does the same and keeps of every chunk only what is asked for.
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
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.engines.ensemble import Chunk, Request, cut, run_chunk, run_chunk_on_mesa
from sim.errors import InputError
from sim.runs.chunk_store import ChunkNotStoredError, ChunkStore, request_fingerprint, source_of
from sim.runs.results import Results
from sim.runs.worker_faults import DeadWorkerWatch

if TYPE_CHECKING:
    import mesa

ENGINES = ("compiled", "mesa")
POLL_SECONDS = 0.2
Reduce = Callable[[Request, Chunk, Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Progress:
    """How far a simulation is.

    Attributes
    ----------
    done, total : int
        Worlds finished and to run.
    seconds : float
        Seconds since this call began.
    seconds_left : float
        Estimate from the pace of this call; NaN before the first chunk.
    """

    done: int
    total: int
    seconds: float
    seconds_left: float


class Cancelled(Exception):  # noqa: N818 (it is no error)
    """The simulation was cancelled; `results` holds the finished chunks.

    Attributes
    ----------
    results : Results or None
        What was finished, in chunk order; None when nothing was.
    """

    def __init__(self, results: Results | None, done: int, total: int) -> None:
        super().__init__(f"cancelled after {done} of {total} worlds")
        self.results = results
        self.done = done
        self.total = total


class Interrupted(InputError):  # noqa: N818 (named like Cancelled)
    """The simulation could not go on; `results` holds the finished chunks.

    Attributes
    ----------
    results : Results or None
        What was finished, in chunk order; None when nothing was.
    """

    def __init__(self, message: str, results: Results | None) -> None:
        super().__init__(message)
        self.results = results


def simulate(
    request: Request,
    *,
    engine: str = "compiled",
    agent_classes: Mapping[str, type[mesa.Agent]] | None = None,
    executor: Executor | Any = None,
    workers: int | None = None,
    folder: Path | str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Results:
    """Run a request and return its tables.

    Parameters
    ----------
    request : Request
        Scenarios x draws x replications.
    engine : {'compiled', 'mesa'}
        The compiled week, or the Mesa model (slower; for own agents).
    agent_classes : mapping, optional
        Own agent classes; they run on the Mesa model only.
    executor : optional
        Anything with `submit` that returns futures with `done`, `result` and `cancel`: an executor
        of `concurrent.futures`, or a client of Dask Distributed, which runs the chunks of a worker
        that dies again elsewhere. Threads when not given. Processes must be spawned, not forked.
    workers : int, optional
        How many chunks run at once; by default as many as the executor can, and as many threads as
        there are processors when no executor is given.
    folder : path, optional
        Where finished chunks are stored as they finish. Chunks of the same request found there are
        not run again.
    on_progress, should_cancel : callable, optional
        Called after each chunk with a `Progress`; asked between chunks whether to stop.
    metadata : mapping, optional
        Provenance to keep with the results.

    Returns
    -------
    Results
        Tables in chunk order.

    Raises
    ------
    Cancelled
        When `should_cancel` said so; finished chunks are in it and in the folder.
    Interrupted
        When a finished chunk could not be stored or a worker process died; an `InputError` that
        holds what was finished.
    InputError
        For an unknown engine, own agents on the compiled week, or a folder that holds another
        request or cannot be written.
    """
    if engine not in ENGINES:
        raise InputError(f"engine = '{engine}': must be one of {', '.join(ENGINES)}")
    if agent_classes and engine != "mesa":
        raise InputError("agent_classes: own agents run with engine='mesa' only")
    run = (
        run_chunk
        if engine == "compiled"
        else partial(run_chunk_on_mesa, agent_classes=agent_classes)
    )
    if agent_classes:
        metadata = {**(metadata or {}), "agent_classes": described_classes(agent_classes)}
    store = None
    if folder is not None:
        fingerprint = request_fingerprint(request, engine, agent_classes)
        store = ChunkStore(Path(folder), request, fingerprint, request.collect)
    finished = run_chunks(
        request,
        run,
        lambda done: assemble(request, done, engine, metadata),
        executor=executor,
        workers=workers,
        store=store,
        on_progress=on_progress,
        should_cancel=should_cancel,
    )
    results = assemble(request, finished, engine, metadata)
    if results is None:
        raise InputError("request: nothing to simulate")
    return results


def described_classes(agent_classes: Mapping[str, type[mesa.Agent]]) -> dict[str, Any]:
    """Return the name of every own agent class and a hash of its source, by kind of agent."""
    return {
        kind: {
            "class": f"{own.__module__}.{own.__qualname__}",
            "source": blake2b(source_of(own).encode(), digest_size=8).hexdigest(),
        }
        for kind, own in sorted(agent_classes.items())
    }


def simulate_reduced(
    request: Request,
    reduce: Reduce,
    names: Sequence[str],
    *,
    reduction: str = "",
    workers: int | None = None,
    folder: Path | str | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
) -> list[tuple[Chunk, Mapping[str, np.ndarray]]]:
    """Run a request on the compiled week and keep of every chunk only what is asked for.

    Parameters
    ----------
    request : Request
        Scenarios x draws x replications.
    reduce : callable
        Called with request, chunk and tables, in the thread that ran the chunk; returns the arrays
        to keep, none of them a view of a table.
    names : sequence of str
        Names of the arrays that `reduce` returns.
    reduction : str, optional
        What decides what `reduce` makes of the tables; stored chunks of another reduction are
        refused.
    workers, folder, on_progress, should_cancel
        As in `simulate`.

    Returns
    -------
    list of (Chunk, mapping)
        What was kept, in chunk order.

    Raises
    ------
    Cancelled, Interrupted, InputError
        As `simulate`, without results.
    """
    store = None
    if folder is not None:
        fingerprint = request_fingerprint(request, reduction=reduction)
        store = ChunkStore(Path(folder), request, fingerprint, names)
    finished = run_chunks(
        request,
        partial(run_and_reduce, reduce),
        lambda done: None,
        workers=workers,
        store=store,
        on_progress=on_progress,
        should_cancel=should_cancel,
    )
    return [(chunk, finished[chunk.number]) for chunk in cut(request)]


def run_and_reduce(reduce: Reduce, request: Request, chunk: Chunk) -> Mapping[str, np.ndarray]:
    """Run a chunk on the compiled week and return what is kept of it."""
    return reduce(request, chunk, run_chunk(request, chunk))


def run_chunks(
    request: Request,
    run: Callable[[Request, Chunk], Mapping[str, np.ndarray]],
    gathered: Callable[[Mapping[int, Mapping[str, np.ndarray]]], Results | None],
    *,
    executor: Executor | Any = None,
    workers: int | None = None,
    store: ChunkStore | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_cancel: Callable[[], bool] | None = None,
) -> dict[int, Mapping[str, np.ndarray]]:
    """Run those chunks of a request that are not stored, and return the arrays of all by number.

    Parameters
    ----------
    request : Request
        What is run.
    run : callable
        Runs a chunk and returns its arrays.
    gathered : callable
        Makes results of finished chunks, for those who catch `Cancelled` or `Interrupted`.
    executor, workers, on_progress, should_cancel
        As in `simulate`.
    store : ChunkStore, optional
        Where finished chunks are.

    Raises
    ------
    Cancelled, Interrupted
        As `simulate`.
    """
    chunks = cut(request)
    finished: dict[int, Mapping[str, np.ndarray]] = {}
    if store is not None:
        for chunk in chunks:
            kept = store.read(chunk)
            if kept is not None:
                finished[chunk.number] = kept
    total = request.worlds
    done = sum(chunks[number].worlds for number in finished)
    before = done
    start = time.monotonic()

    def report() -> None:
        if on_progress is not None:
            seconds = time.monotonic() - start
            pace = (done - before) / seconds if seconds > 0.0 else 0.0
            left = (total - done) / pace if pace > 0.0 else float("nan")
            on_progress(Progress(done, total, seconds, left))

    waiting = [chunk for chunk in chunks if chunk.number not in finished]
    at_once = max(1, workers if workers is not None else capacity(executor))
    own = None
    if executor is None:
        own = executor = ThreadPoolExecutor(max_workers=at_once)
    watch = DeadWorkerWatch(executor)
    running: dict[Any, Chunk] = {}
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
                    running[executor.submit(run, request, following)] = following
            if cancelled:
                for future in running:
                    future.cancel()
                raise Cancelled(gathered(finished), done, total)
            if not running:
                break
            ready = _finished(running)
            if not ready and watch.stuck():
                watch.free()
                raise BrokenExecutor("a worker died while it sent a result")
            for future in ready:
                chunk = running.pop(future)
                finished[chunk.number] = future.result()
                done += chunk.worlds
                if store is not None:
                    store.write(chunk, finished[chunk.number])
                report()
    except BrokenExecutor as error:
        advice = "resume with the same folder" if store is not None else "nothing was stored"
        raise Interrupted(
            f"executor: a worker process died after {done} of {total} worlds; {advice}",
            gathered(finished),
        ) from error
    except ChunkNotStoredError as error:
        raise Interrupted(str(error), gathered(finished)) from error.__cause__
    finally:
        if own is not None:
            own.shutdown(wait=True, cancel_futures=True)
    return finished


def capacity(executor: Any) -> int:
    """Return how many chunks an executor can run at once, as far as it says so."""
    cores = getattr(executor, "ncores", None)
    if callable(cores):
        return int(sum(cores().values()))
    # Pools of `concurrent.futures` know, but have no public name for it.
    return int(getattr(executor, "_max_workers", os.cpu_count() or 1))


def _finished(running: Mapping[Any, Chunk]) -> list[Any]:
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


def assemble(
    request: Request,
    finished: Mapping[int, Mapping[str, np.ndarray]],
    engine: str,
    metadata: Mapping[str, Any] | None,
) -> Results | None:
    """Merge finished chunks in chunk order; None when there are none."""
    if not finished:
        return None
    order = sorted(finished)
    arrays = {
        name: np.concatenate([finished[number][name] for number in order])
        for name in request.collect
    }
    return Results.of(request, arrays, engine, dict(metadata or {}))
