"""Pieces of long work on a cluster: a Dask scheduler that the user names.

What comes out does not depend on who runs the pieces, so that all there is to do here is to find
the scheduler, to see that its workers have this version of the model, and to send what all pieces
share once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from typing import Any

from sim.errors import InputError
from sim.runs.chunk_store import source_version

SECONDS_TO_ANSWER = 10
SECONDS_FOR_A_WORKER = 60
PROTOCOLS = ("tcp://", "tls://")


def connect(address: str) -> Any:
    """Return a client of the scheduler at an address, whose workers can run this model.

    Parameters
    ----------
    address : str
        As ``tcp://host:8786``.

    Raises
    ------
    InputError
        When Dask is not installed, nobody answers, or workers have another version of the model.
    """
    given = f"cluster = '{address}'"
    if not address.startswith(PROTOCOLS):
        raise InputError(f"{given}: must be the address of a Dask scheduler as tcp://host:8786")
    try:
        import distributed
    except ImportError:
        raise InputError(
            f"{given}: needs Dask; install it with 'pip install refocus-simulation[cluster]'"
        ) from None
    try:
        client = distributed.Client(address, timeout=SECONDS_TO_ANSWER, set_as_default=False)
    except (OSError, ValueError, TimeoutError):
        raise InputError(f"{given}: no Dask scheduler answers there") from None
    try:
        client.wait_for_workers(1, timeout=SECONDS_FOR_A_WORKER)
        versions = client.run(source_version)
    except TimeoutError:
        client.close()
        raise InputError(f"{given}: the scheduler has no workers; start some") from None
    except Exception as error:
        client.close()
        raise InputError(f"{given}: a worker cannot run this model ({error})") from None
    other = [worker for worker, version in versions.items() if version != source_version()]
    if other:
        client.close()
        raise InputError(
            f"{given}: worker {other[0]} has another version of the model; install the same "
            "everywhere"
        )
    return client


def submitter(executor: Any, run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return what submits a piece to an executor.

    To a cluster, what all pieces share is sent once, as a task of its own, so that it can be made
    again where the worker that holds it dies.
    """
    if not is_cluster(executor):
        return lambda piece: executor.submit(run, piece)
    with warnings.catch_warnings():
        # A national roster weighs tens of megabytes; it is sent once.
        warnings.filterwarnings("ignore", "Sending large graph")
        shared = executor.submit(_same, run, pure=False)

    def send(piece: Any) -> Any:
        try:
            return executor.submit(_call, shared, piece, pure=False)
        except Exception as error:
            if lost(error):
                raise BrokenExecutor("the cluster takes no more pieces") from error
            raise

    return send


def is_cluster(executor: Any) -> bool:
    """Return whether an executor is a client of Dask."""
    return callable(getattr(executor, "ncores", None))


def lost(error: BaseException) -> bool:
    """Return whether an error says that a cluster gave up, not that a piece failed."""
    # A future of a scheduler that has gone is cancelled; a piece that took several workers with it
    # is given up.
    return type(error).__name__ in (
        "CancelledError",
        "FutureCancelledError",
        "KilledWorker",
        "CommClosedError",
        "ClosedClientError",
    )


def _same(run: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return run


def _call(run: Callable[[Any], Any], piece: Any) -> Any:
    return run(piece)
