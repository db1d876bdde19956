"""The standard runs give the numbers that are kept: what moves one says so in the changelog."""

from __future__ import annotations

import pytest

from tests.baselines.kept import (
    TOLERANCE,
    is_same_machine,
    moved,
    numbers_in,
    numbers_kept,
    numbers_now,
    numbers_of_table,
    runs,
)


@pytest.mark.parametrize("name", runs())
def test_a_standard_run_gives_the_numbers_that_are_kept(name: str) -> None:
    tolerance = 0.0 if is_same_machine() else TOLERANCE
    lines = moved(numbers_kept(name), numbers_now(name), tolerance)
    assert not lines, "\n".join(
        ["./test --renew-baselines keeps these numbers; CHANGELOG: Results change", *lines]
    )


def test_what_moved_is_told_with_its_size_the_largest_first() -> None:
    old = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 0.0, "gone": 5.0, "nan": float("nan")}
    new = {"a": 1.0, "b": 2.5, "c": 3.0 * (1 + 1e-12), "d": 1e-14, "new": 1.0, "nan": float("nan")}
    exact = moved(old, new)
    assert exact[:2] == ["new = 1.0: new", "gone = 5.0: gone"]
    assert exact[2].startswith("d: 0.0 -> 1e-14")
    assert exact[3] == "b: 2.0 -> 2.5 (20%)"
    assert exact[4].startswith("c: 3.0 -> ")
    assert moved(old, new, 1e-9)[2:] == ["b: 2.0 -> 2.5 (20%)"]


def test_numbers_are_found_by_their_path_or_row() -> None:
    found = dict(numbers_in({"a": [1, {"b": 2.5}], "c": True, "d": "3"}))
    assert found == {"a[0]": 1.0, "a[1].b": 2.5}
    rows = {
        "rows": [{"name": "x", "n": 1}, {"n": 2, "name": "y"}],
        "same": [{"k": "z", "n": 3}] * 2,
    }
    assert dict(numbers_in(rows)) == {
        "rows[x].n": 1.0,
        "rows[y].n": 2.0,
        "same[0].n": 3.0,
        "same[1].n": 3.0,
    }
    table = "who,week,mean,sd\nx,0,1.5,\ny,2,2.5,0.1\n"
    assert dict(numbers_of_table(table, ["who", "week"], ["mean", "sd"])) == {
        "x 0 mean": 1.5,
        "y 2 mean": 2.5,
        "y 2 sd": 0.1,
    }
