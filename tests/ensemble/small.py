"""Small requests, cut into many chunks, and their results compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.engines import ensemble
from sim.engines.ensemble import COLLECTABLE, Request
from sim.parameters import resolve, to_record
from sim.runs.results import Results
from tests.worlds import toy_layout, usual_care

WORLDS_PER_CHUNK = 5


def small_request(replications: int = 20, weeks: int = 8, **changed: Any) -> Request:
    """Return two scenarios and two draws of four teams, with everything collected."""
    layout = toy_layout(weeks=weeks, assessment_weeks=(0, weeks))
    values: dict[str, Any] = {
        "names": ("programme", "usual care"),
        "layouts": (layout, usual_care(layout)),
        "draws": to_record([resolve({}), resolve({"turnover_yearly": 0.5})]),
        "replications": replications,
        "seed": 11,
        "weeks": weeks,
        "collect": COLLECTABLE,
    }
    return Request(**(values | changed))


def in_small_chunks(monkeypatch: pytest.MonkeyPatch, request: Request) -> None:
    """Let chunks hold few worlds, so that a small request has many."""
    layout = request.layouts[0]
    work = (layout.staff + layout.users) * request.weeks * WORLDS_PER_CHUNK
    monkeypatch.setattr(ensemble, "WORK_PER_CHUNK", work)


def tables_of(results: Results) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in results.arrays.items()}


def assert_identical(one: Results, other: Results) -> None:
    """Two results are the same in every bit of every table."""
    assert set(one.arrays) == set(other.arrays)
    for name, array in one.arrays.items():
        assert len(array) > 0, name
        assert array.dtype == other.arrays[name].dtype, name
        assert array.tobytes() == other.arrays[name].tobytes(), name


def rows_of(results: Results, name: str, **where: int) -> np.ndarray:
    rows = results.arrays[name]
    for column, value in where.items():
        rows = rows[rows[column] == value]
    return rows
