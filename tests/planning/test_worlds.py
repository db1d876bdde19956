"""Claims about many worlds: what a chunk leaves behind is small."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from sim.ensemble import Chunk, Request
from sim.planning.worlds import ReducingExecutor


def test_a_chunk_that_was_reduced_does_not_keep_its_tables() -> None:
    kept: list[weakref.ref[np.ndarray]] = []
    sums: list[float] = []

    def run(request: Request, chunk: Chunk) -> dict[str, np.ndarray]:
        table = np.ones(1000, dtype=[("value", "f8")])
        kept.append(weakref.ref(table))
        return {"team_weeks": table}

    def reduce(request: Request, chunk: Chunk, tables: Mapping[str, np.ndarray]) -> None:
        sums.append(float(tables["team_weeks"]["value"].sum()))

    executor = ReducingExecutor(reduce, workers=1)
    left = executor.submit(run, cast(Any, None), cast(Any, None)).result()
    executor.shutdown()
    gc.collect()
    assert sums == [1000.0]
    assert left["team_weeks"].dtype.names == ("value",)
    assert len(left["team_weeks"]) == 0
    assert kept[0]() is None
