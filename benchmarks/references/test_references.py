"""The small models are one model: ``python -m pytest benchmarks/references``."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.references import numpy_arrays, plain_mesa
from benchmarks.references.constants import Weekly
from benchmarks.references.mesa_frames import MesaFrames, interpreter

TEAMS, USERS, WEEKS = 3, 25, 14


def test_the_references_are_one_model() -> None:
    """Means over seeds agree within what chance explains, field by field."""
    array = np.array([numpy_arrays.run(TEAMS, USERS, WEEKS, seed) for seed in range(40)])
    plain = np.array([plain_mesa.run(TEAMS, USERS, WEEKS, seed) for seed in range(16)])
    error = np.sqrt(array.var(axis=0, ddof=1) / 40 + plain.var(axis=0, ddof=1) / 16)
    apart = (array.mean(axis=0) - plain.mean(axis=0)) / error
    assert dict(zip(Weekly._fields, np.abs(apart) < 4.0, strict=True)) == dict.fromkeys(
        Weekly._fields, True
    )


def test_mesa_frames_is_the_same_model() -> None:
    if interpreter() is None:
        pytest.skip("mesa-frames has no environment; make bench sets it up")
    array = np.array([numpy_arrays.run(TEAMS, USERS, WEEKS, seed) for seed in range(40)])
    with MesaFrames() as frames:
        runs = [frames.run(TEAMS, USERS, WEEKS, seed) for seed in range(12)]
    assert all(seconds > 0.0 for seconds, _ in runs)
    other = np.array([recorded for _, recorded in runs])
    error = np.sqrt(array.var(axis=0, ddof=1) / 40 + other.var(axis=0, ddof=1) / 12)
    assert np.abs((array.mean(axis=0) - other.mean(axis=0)) / error).max() < 4.0


def test_training_works_in_the_references() -> None:
    """Sessions change staff: a reference in which nothing happens would cost nothing."""
    before = numpy_arrays.run(TEAMS, USERS, 1)
    after = numpy_arrays.run(TEAMS, USERS, 30)
    assert after.knowledge > before.knowledge + 0.05
    assert after.behaviour > before.behaviour
    assert after.in_service < before.in_service
