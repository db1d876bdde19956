"""Rows of a stage: stacked in their order, stored in pieces of sixteen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration.sampling.runs import run_rows, thread_space


@pytest.mark.parametrize(("rows", "pieces"), [(1, 1), (16, 1), (17, 2), (33, 3)])
def test_rows_are_stacked_in_order_and_stored_sixteen_a_piece(
    tmp_path: Path, rows: int, pieces: int
) -> None:
    found = run_rows("s", rows, lambda row: np.array([row, row**2.0]), "a", folder=tmp_path)
    np.testing.assert_array_equal(found, [[row, row**2.0] for row in range(rows)])
    assert len(list(tmp_path.glob("*/*.npz"))) == pieces


def test_a_thread_keeps_its_workspace() -> None:
    thread_space()["here"] = 1
    assert thread_space().pop("here") == 1
