"""Workers take no more threads than were asked for."""

from __future__ import annotations

import os

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sim.runs.own_workers import OwnWorkers


def threads_of_linear_algebra() -> list[int]:
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def test_linear_algebra_has_one_thread_in_a_worker_and_afterwards_as_many_as_before() -> None:
    with threadpool_limits(2, user_api="blas"):
        before = threads_of_linear_algebra()
        with OwnWorkers(2) as workers:
            within = workers.submit(threads_of_linear_algebra).result()
        assert within == [1] * len(before)
        assert threads_of_linear_algebra() == before


def test_a_library_that_a_worker_loads_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "4")
    with OwnWorkers(1) as workers:
        found = workers.submit(os.environ.copy).result()
    assert (found["OPENBLAS_NUM_THREADS"], found["MKL_NUM_THREADS"]) == ("1", "4")
    assert "OPENBLAS_NUM_THREADS" not in os.environ
