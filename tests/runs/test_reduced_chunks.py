"""Chunks that are reduced one by one: nothing of their tables stays, each reduction has its own."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from sim.engines.ensemble import Chunk, Request, cut
from sim.runs.simulate import simulate_reduced
from tests.ensemble.small import in_small_chunks, small_request


@pytest.fixture
def request_(monkeypatch: pytest.MonkeyPatch) -> Request:
    request = small_request(replications=4)
    in_small_chunks(monkeypatch, request)
    return request


def last_weeks(_: Request, chunk: Chunk, tables: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {"rows": np.array([len(tables["team_weeks"]), chunk.number])}


def test_a_chunk_that_was_reduced_does_not_keep_its_tables(request_: Request) -> None:
    tables_seen: list[weakref.ref[np.ndarray]] = []

    def reduce(
        asked: Request, chunk: Chunk, tables: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        tables_seen.append(weakref.ref(tables["team_weeks"]))
        return last_weeks(asked, chunk, tables)

    kept = simulate_reduced(request_, reduce, ("rows",))
    gc.collect()
    assert len(kept) == len(tables_seen) > 1
    assert [one["rows"][1] for _, one in kept] == [chunk.number for chunk, _ in kept]
    assert all(one["rows"][0] > 0 for _, one in kept)
    assert all(seen() is None for seen in tables_seen)


def test_chunks_of_another_reduction_are_not_used(request_: Request, tmp_path: Path) -> None:
    for reduction, times in (("one", 1), ("two", 2), ("one", 2)):
        simulate_reduced(request_, last_weeks, ("rows",), reduction=reduction, folder=tmp_path)
        assert len(list(tmp_path.glob("*/*.npz"))) == times * len(cut(request_))
