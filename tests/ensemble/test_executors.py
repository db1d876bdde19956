"""The result does not depend on who runs the chunks, in which order, or who dies meanwhile."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

from sim.engines.ensemble import Request, cut
from sim.runs.pieces import Interrupted, Progress, capacity
from sim.runs.results import Results
from sim.runs.simulate import simulate
from tests.ensemble.small import assert_identical, in_small_chunks, small_request


@pytest.fixture
def request_(monkeypatch: pytest.MonkeyPatch) -> Request:
    request = small_request(replications=20)
    in_small_chunks(monkeypatch, request)
    return request


@pytest.fixture(scope="module")
def serial() -> Results:
    """Return the result of one chunk after another."""
    request = small_request(replications=20)
    with pytest.MonkeyPatch.context() as patched:
        in_small_chunks(patched, request)
        return simulate(request, workers=1)


@pytest.fixture
def spawned() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:
        yield pool


class Backwards(Executor):
    """An executor that finishes what it was given in the opposite order."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Future[Any], Any]] = []

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: work(*given, **named)))
        if len(self.waiting) == 4:
            while self.waiting:
                last, call = self.waiting.pop()
                last.set_result(call())
        return future


def test_threads_give_the_serial_result(request_: Request, serial: Results) -> None:
    assert len(cut(request_)) == 16
    assert_identical(simulate(request_, workers=3), serial)
    with ThreadPoolExecutor(max_workers=2) as pool:
        assert_identical(simulate(request_, executor=pool), serial)


def test_the_order_in_which_chunks_finish_does_not_matter(
    request_: Request, serial: Results
) -> None:
    assert_identical(simulate(request_, executor=Backwards(), workers=2), serial)


def test_spawned_processes_give_the_serial_result(
    request_: Request, serial: Results, spawned: ProcessPoolExecutor
) -> None:
    assert_identical(simulate(request_, executor=spawned), serial)


def test_a_pool_whose_worker_dies_says_so_and_keeps_what_is_finished(
    request_: Request, serial: Results, spawned: ProcessPoolExecutor, tmp_path: Any
) -> None:
    killed: list[int] = []

    def kill_one(progress: Progress) -> None:
        if 0 < progress.done < progress.total and not killed:
            killed.append(next(iter(spawned._processes)))
            os.kill(killed[0], signal.SIGKILL)

    with pytest.raises(Interrupted, match="a worker process died .* resume with the same folder"):
        simulate(request_, executor=spawned, folder=tmp_path, on_progress=kill_one)
    assert list(tmp_path.glob("*/*.npz"))
    assert_identical(simulate(request_, workers=1, folder=tmp_path), serial)


def dies_while_sending() -> None:
    """Begin to send a result as a worker of a pool does, and die of it."""
    frame: Any = sys._getframe()
    while "result_queue" not in frame.f_locals:
        frame = frame.f_back
    queue = frame.f_locals["result_queue"]
    queue._wlock.acquire()
    os.write(queue._writer.fileno(), (1_000_000).to_bytes(4, "big") + b"a piece of a result")
    os.kill(os.getpid(), signal.SIGKILL)


class OneWorkerDies(ProcessPoolExecutor):
    """A pool of which one worker dies while it sends its third result."""

    submitted = 0

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        self.submitted += 1
        if self.submitted == 3:
            return super().submit(dies_while_sending)
        return super().submit(work, *given, **named)


@pytest.mark.skipif(os.name == "nt", reason="results are sent in another way on Windows")
def test_a_worker_that_dies_while_it_sends_a_result_leaves_nobody_waiting(
    request_: Request, serial: Results, tmp_path: Any
) -> None:
    context = multiprocessing.get_context("spawn")
    with (
        OneWorkerDies(max_workers=2, mp_context=context) as pool,
        pytest.raises(Interrupted, match="a worker process died .* resume with the same folder"),
    ):
        simulate(request_, executor=pool, folder=tmp_path)
    assert_identical(simulate(request_, workers=1, folder=tmp_path), serial)


def test_how_much_runs_at_once_is_what_the_executor_can() -> None:
    class Cluster:
        def ncores(self) -> dict[str, int]:
            return {"a": 4, "b": 12}

    assert capacity(Cluster()) == 16
    assert capacity(ThreadPoolExecutor(max_workers=7)) == 7
    assert capacity(None) == (os.cpu_count() or 1)


def test_a_cluster_gives_the_serial_result_though_a_worker_is_killed() -> None:
    distributed = pytest.importorskip("distributed")
    # Long enough that a chunk is running on the worker that is killed.
    request = small_request(replications=500, weeks=60, collect=("summaries", "trajectories"))
    assert len(cut(request)) == 8
    killed: list[int] = []
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        workers = client.run(os.getpid)

        def kill_one(progress: Progress) -> None:
            if progress.done > 0 and not killed:
                busy = {worker for worker, tasks in client.processing().items() if tasks}
                killed.append(next(pid for worker, pid in workers.items() if worker in busy))
                os.kill(killed[0], signal.SIGKILL)

        on_cluster = simulate(request, executor=client, on_progress=kill_one)
        after = set(client.run(os.getpid).values())
    assert len(set(workers.values())) == 2
    assert len(killed) == 1
    assert killed[0] not in after
    assert_identical(on_cluster, simulate(request, workers=2))
