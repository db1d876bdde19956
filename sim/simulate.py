"""The one door for long work.

`simulate` runs a request in chunks on any executor with the interface of `concurrent.futures`,
reports progress, can be cancelled, stores finished chunks, and goes on where it stopped. The result
does not depend on the executor, on how many workers there are, on their order, or on interruptions.
"""

from __future__ import annotations

import inspect
import json
import os
import time
import zlib
from collections.abc import Callable, Mapping
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
from zipfile import BadZipFile

import numpy as np

from sim.dead_workers import DeadWorkerWatch
from sim.ensemble import Chunk, Request, cut, describe, run_chunk, run_chunk_on_mesa
from sim.errors import InputError
from sim.files import write_whole
from sim.results import Results

if TYPE_CHECKING:
    import mesa

ENGINES = ("compiled", "mesa")
CHUNK_FOLDER = "chunks"
REQUEST_FILE = "request.json"
POLL_SECONDS = 0.2
# What decides tables beside the rules and the compiled week.
TABLE_SOURCES = ("ensemble.py", "summaries.py")
MESA_SOURCES = ("model.py", "agents/*.py")


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
    chunks = cut(request)
    store = ChunkStore(Path(folder), request, engine, agent_classes) if folder is not None else None
    finished: dict[int, dict[str, np.ndarray]] = {}
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
                raise Cancelled(assemble(request, finished, engine, metadata), done, total)
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
            assemble(request, finished, engine, metadata),
        ) from error
    except ChunkNotStoredError as error:
        raise Interrupted(
            str(error), assemble(request, finished, engine, metadata)
        ) from error.__cause__
    finally:
        if own is not None:
            own.shutdown(wait=True, cancel_futures=True)
    results = assemble(request, finished, engine, metadata)
    if results is None:
        raise InputError("request: nothing to simulate")
    return results


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


def request_fingerprint(
    request: Request, engine: str, agent_classes: Mapping[str, type[mesa.Agent]] | None = None
) -> str:
    """Return a hash of everything that decides the result of a request."""
    from sim import code_cache

    digest = blake2b(digest_size=16)
    digest.update(json.dumps(describe(request), sort_keys=True).encode())
    digest.update(f"{engine} {code_cache.source_hash()}".encode())
    for pattern in TABLE_SOURCES if engine == "compiled" else TABLE_SOURCES + MESA_SOURCES:
        for path in sorted(Path(__file__).parent.glob(pattern)):
            digest.update(path.read_bytes())
    for kind, own in sorted((agent_classes or {}).items()):
        digest.update(f"{kind} {own.__module__} {own.__qualname__} {source_of(own)}".encode())
    digest.update(np.ascontiguousarray(request.draws).tobytes())
    for name, layout in zip(request.names, request.layouts, strict=True):
        digest.update(name.encode())
        for array in (layout.trusts, layout.teams, layout.actions):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(
            repr(
                (
                    layout.selection_mode,
                    layout.selection_value,
                    layout.selection_reliability,
                    layout.assessment_weeks,
                    layout.team_names,
                    layout.arms,
                )
            ).encode()
        )
    return digest.hexdigest()


def source_of(own: type) -> str:
    """Return the source of a class, empty where it has none (typed in at a prompt)."""
    try:
        return inspect.getsource(own)
    except (OSError, TypeError):
        return ""


def stored_fingerprint(path: Path) -> str | None:
    """Return the fingerprint that a folder's request file names; None when it names none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    fingerprint = found.get("fingerprint") if isinstance(found, dict) else None
    return fingerprint if isinstance(fingerprint, str) else None


class ChunkNotStoredError(InputError):
    """A finished chunk could not be written."""


class ChunkStore:
    """Finished chunks in a folder, each written whole or not at all.

    Parameters
    ----------
    folder : Path
        The folder; created when missing.
    request : Request
        The request; a folder that holds another one is refused.
    engine : str
        The engine.
    agent_classes : mapping, optional
        Own agent classes.

    Raises
    ------
    InputError
        When the folder holds another request, or cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        request: Request,
        engine: str,
        agent_classes: Mapping[str, type[mesa.Agent]] | None = None,
    ) -> None:
        self.folder = folder / CHUNK_FOLDER
        self.tables = request.collect
        fingerprint = request_fingerprint(request, engine, agent_classes)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = folder / REQUEST_FILE
            if path.exists():
                if stored_fingerprint(path) != fingerprint:
                    raise InputError(
                        f"folder '{folder}': holds another request (or one of another version of "
                        "the model); choose another folder"
                    )
            else:
                text = json.dumps({"fingerprint": fingerprint, **describe(request)}, indent=1)
                write_whole(path, text.encode())
        except OSError as error:
            raise InputError(
                f"folder '{folder}': cannot be written ({error.strerror}); nothing was run"
            ) from error

    def path(self, chunk: Chunk) -> Path:
        """Return the file of a chunk."""
        return self.folder / f"{chunk.number:07d}.npz"

    def read(self, chunk: Chunk) -> dict[str, np.ndarray] | None:
        """Return a stored chunk, or None when it is not there or not readable."""
        from io import BytesIO

        try:
            # Read whole: a damaged file leaves `np.load` without having closed it.
            content = BytesIO(self.path(chunk).read_bytes())
            with np.load(content, allow_pickle=False) as stored:
                return {name: stored[name] for name in self.tables}
        except (OSError, ValueError, EOFError, KeyError, BadZipFile, zlib.error):
            return None

    def write(self, chunk: Chunk, tables: Mapping[str, np.ndarray]) -> None:
        """Store a finished chunk.

        Raises
        ------
        ChunkNotStoredError
            When the disk is full or the folder has gone; chunks stored before stay usable.
        """
        from io import BytesIO

        buffer = BytesIO()
        np.savez(buffer, **dict(tables))  # type: ignore[arg-type]
        try:
            write_whole(self.path(chunk), buffer.getvalue())
        except OSError as error:
            raise ChunkNotStoredError(
                f"folder '{self.folder}': chunk {chunk.number} could not be written "
                f"({error.strerror}); chunks stored before are kept, resume with the same folder"
            ) from error
