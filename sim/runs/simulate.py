"""The one door for long work.

`simulate` runs a request in chunks on any executor with the interface of `concurrent.futures`,
reports progress, can be cancelled, stores finished chunks, and goes on where it stopped. The result
does not depend on the executor, on how many workers there are, on their order, or on interruptions.
`simulate_reduced` does the same and keeps of every chunk only what is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from sim.engines.ensemble import Chunk, Request, cut, describe, run_chunk, run_chunk_on_mesa
from sim.engines.people import check_variables
from sim.errors import InputError
from sim.runs.chunk_store import ChunkStore, request_fingerprint, source_of
from sim.runs.pieces import Cancelled, How, Interrupted, Progress, run_pieces
from sim.runs.results import Results, StoredTable

if TYPE_CHECKING:
    import mesa

ENGINES = ("compiled", "mesa")
Reduce = Callable[[Request, Chunk, Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]


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
    left: Sequence[str] = (),
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
        Where finished chunks are stored as they finish. Chunks of the same request and version of
        the model found there are not run again; those of others are left alone.
    on_progress, should_cancel : callable, optional
        Called after each chunk with a `Progress`; asked between chunks whether to stop.
    metadata : mapping, optional
        Provenance to keep with the results.
    left : sequence of str
        Tables that are left in the folder's chunks, being too large for memory; the results save
        them part by part. Needs a folder.

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
        For an unknown engine, own agents on the compiled week, or a folder that cannot be written.
    """
    if engine not in ENGINES:
        raise InputError(f"engine = '{engine}': must be one of {', '.join(ENGINES)}")
    if agent_classes and engine != "mesa":
        raise InputError("agent_classes: own agents run with engine='mesa' only")
    if not agent_classes:
        check_variables(request.variables)
    run = (
        partial(run_chunk, request)
        if engine == "compiled"
        else partial(run_chunk_on_mesa, request, agent_classes=agent_classes)
    )
    if left and folder is None:
        raise InputError(f"left: tables ({', '.join(left)}) can be left in a folder only")
    identity = cache(lambda: request_fingerprint(request, engine, agent_classes))
    if agent_classes:
        metadata = {**(metadata or {}), "agent_classes": described_classes(agent_classes)}
    try:
        finished = run_pieces(
            cut(request),
            run,
            request.collect,
            identity=identity,
            told=describe(request),
            executor=executor,
            workers=workers,
            folder=folder,
            on_progress=on_progress,
            should_cancel=should_cancel,
            left=left,
        )
    except (Cancelled, Interrupted) as stopped:
        stopped.results = assemble(request, stopped.finished, engine, metadata, dict.fromkeys(left))
        raise
    stored = {}
    if folder is not None and left:
        store = ChunkStore(Path(folder), identity(), request.collect, describe(request))
        stored = {name: stored_table(store, cut(request), run, finished, name) for name in left}
    results = assemble(request, finished, engine, metadata, stored)
    if results is None:
        raise InputError("request: nothing to simulate")
    return results


def stored_table(
    store: ChunkStore,
    chunks: Sequence[Chunk],
    run: Callable[[Chunk], Mapping[str, np.ndarray]],
    finished: Mapping[int, Mapping[str, np.ndarray]],
    name: str,
) -> StoredTable:
    """Return a table that is read from chunks; one that has gone since is run again."""

    def parts() -> Iterator[np.ndarray]:
        for chunk in chunks:
            yield (store.read(chunk.number, chunk.worlds) or run(chunk))[name]

    return StoredTable(sum(len(finished[chunk.number][name]) for chunk in chunks), parts)


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
    **how: Unpack[How],
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
        not used.
    **how
        See `sim.runs.pieces.How`.

    Returns
    -------
    list of (Chunk, mapping)
        What was kept, in chunk order.

    Raises
    ------
    Cancelled, Interrupted, InputError
        As `simulate`, without results.
    """
    chunks = cut(request)
    finished = run_pieces(
        chunks,
        partial(run_and_reduce, reduce, request),
        names,
        identity=lambda: request_fingerprint(request, reduction=reduction),
        told=describe(request),
        **how,
    )
    return [(chunk, finished[chunk.number]) for chunk in chunks]


def run_and_reduce(reduce: Reduce, request: Request, chunk: Chunk) -> Mapping[str, np.ndarray]:
    """Run a chunk on the compiled week and return what is kept of it."""
    return reduce(request, chunk, run_chunk(request, chunk))


def assemble(
    request: Request,
    finished: Mapping[int, Mapping[str, np.ndarray]],
    engine: str,
    metadata: Mapping[str, Any] | None,
    stored: Mapping[str, StoredTable | None],
) -> Results | None:
    """Merge finished chunks in chunk order; None when there are none."""
    if not finished:
        return None
    order = sorted(finished)
    arrays = {
        name: np.concatenate([finished[number][name] for number in order])
        for name in request.collect
        if name not in stored
    }
    tables = {name: table for name, table in stored.items() if table is not None}
    return Results.of(request, arrays, engine, dict(metadata or {}), tables)
