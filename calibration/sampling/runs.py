"""Many simulated trials: the rows of a stage, run and stored like all long work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from sim.runs.chunk_store import source_version
from sim.runs.pieces import How, Span, run_pieces, spans

# Rows of a piece.
BLOCK = 16
_local = threading.local()


def code_version() -> str:
    """Return a hash of the model's source and of the calibration's own."""
    return source_version(Path(__file__).parents[1])


def thread_space() -> dict[Any, Any]:
    """Return the calling thread's own dictionary of workspaces."""
    if not hasattr(_local, "space"):
        _local.space = {}
    space: dict[Any, Any] = _local.space
    return space


def run_rows(
    stage: str, rows: int, one: Callable[[int], np.ndarray], identity: str, **how: Unpack[How]
) -> np.ndarray:
    """Compute `one(row)` for every row and return them stacked.

    `stage`: name, for people who look at what is stored; `rows`: number of rows; `one`: pure
    function of the row's number; `identity`: fingerprint of everything that decides the rows;
    `how`: see `sim.runs.pieces.How`. Raises Cancelled, Interrupted, InputError as
    `sim.runs.pieces.run_pieces`.
    """

    def run(span: Span) -> dict[str, np.ndarray]:
        return {"rows": np.array([one(row) for row in range(span.first, span.last)])}

    pieces = spans(0, rows, BLOCK)
    found = run_pieces(
        pieces,
        run,
        ("rows",),
        identity=lambda: identity,
        told={"stage": stage, "rows": rows},
        unit="rows",
        **how,
    )
    return np.concatenate([found[piece.number]["rows"] for piece in pieces])
