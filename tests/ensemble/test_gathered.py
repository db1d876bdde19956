"""Rows copied in blocks and gathered world by world are the rows that were there."""

from __future__ import annotations

import numpy as np
import pytest

from sim.engines.ensemble import Gathered
from sim.engines.summaries import fill

DTYPE = np.dtype([("world", "i4"), ("a", "f8"), ("b", "f8"), ("week", "i4"), ("c", "i4")])


def rows(number: int, length: int) -> np.ndarray:
    found = np.zeros(length, DTYPE)
    found["world"] = number
    found["a"] = np.arange(length) + 0.5
    return found


@pytest.mark.parametrize("lengths", [(3, 3, 3), (2, 5, 2, 2), (0, 4, 0), (4, 0), (0, 0), (1,)])
def test_gathered_rows_are_the_concatenation(lengths: tuple[int, ...]) -> None:
    gathered = Gathered(len(lengths))
    parts = [rows(number, length) for number, length in enumerate(lengths)]
    for part in parts:
        gathered.add(part)
    assert gathered.table().tobytes() == np.concatenate(parts).tobytes()


def test_gathered_rows_do_not_change_with_the_array_they_came_from() -> None:
    gathered = Gathered(2)
    one = rows(0, 3)
    gathered.add(one)
    one["a"] = -1.0
    gathered.add(one)
    assert gathered.table()["a"].tolist() == [0.5, 1.5, 2.5, -1.0, -1.0, -1.0]


def test_nothing_gathered_is_an_error() -> None:
    with pytest.raises(ValueError, match="no world"):
        Gathered(1).table()


def test_a_block_is_filled_like_its_fields_and_nothing_else_changes() -> None:
    values = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    found = np.ones((1, 2), DTYPE)
    fill(found, ("a", "b"), values)
    assert found["a"].tolist() == [[1.0, 3.0]]
    assert found["b"].tolist() == [[2.0, 4.0]]
    assert (found["world"] == 1).all()
    assert (found["week"] == 1).all()
    fill(found, ("week", "c"), np.array([[[7, 8], [9, 10]]]))
    assert found["c"].tolist() == [[8, 10]]


@pytest.mark.parametrize("names", [("b", "a"), ("b", "week"), ("a", "c")])
def test_fields_that_are_no_block_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError):
        fill(rows(0, 2), names, np.zeros((2, 2)))
