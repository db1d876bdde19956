"""Rows of a study come back as they were stored."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from benchmarks.stored_rows import loaded, saved


class Share(NamedTuple):
    """A row of each type."""

    name: str
    trials: int
    share: float


def test_rows_come_back_with_their_types(tmp_path: Path) -> None:
    rows = [Share("one, two", 400, 1 / 3), Share("", 0, 5e-324)]
    saved(Share, iter(rows), tmp_path / "shares.csv")
    found = loaded(Share, tmp_path / "shares.csv")
    assert found == rows
    assert [type(one) for one in found[0]] == [str, int, float]
    assert (tmp_path / "shares.csv").read_text(encoding="utf-8").startswith("name,trials,share\n")
