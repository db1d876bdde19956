"""Tables in files: their format, and that parts make the whole, in memory or out of it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sim.engines.ensemble import cut
from sim.errors import InputError
from sim.runs.simulate import simulate
from sim.runs.table_files import format_of, write_table
from tests.ensemble.small import in_small_chunks, small_request

TABLES = ("assessments", "team_weeks", "summaries")


def frame(rows: int) -> pd.DataFrame:
    number = pd.Series(range(rows))
    return pd.DataFrame({"team": "=A" + (number % 7).astype(str), "x": number / 3.0, "n": number})


@pytest.mark.parametrize(
    ("rows", "chosen", "wanted"),
    [
        (0, None, "csv"),
        (199_999, None, "csv"),
        (200_000, None, "parquet"),
        (10, "parquet", "parquet"),
        (10_000_000, "csv", "csv"),
    ],
)
def test_small_tables_are_csv(rows: int, chosen: str | None, wanted: str) -> None:
    assert format_of(rows, chosen) == wanted


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_parts_make_the_whole(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.runs.table_files.ROWS_OF_A_GROUP", 60)
    whole = frame(100)
    for name, size in (("whole", 100), ("parts", 17)):
        parts = (whole.iloc[first : first + size] for first in range(0, 100, size))
        write_table(tmp_path / f"{name}.{ending}", parts)
    if ending == "csv":
        contents = [(tmp_path / f"{one}.csv").read_bytes() for one in ("whole", "parts")]
        assert contents[0] == contents[1]
        assert b"'=A3" in contents[0]
    else:
        found = pd.read_parquet(tmp_path / "parts.parquet")
        pd.testing.assert_frame_equal(found, whole)
        assert found["x"].tolist() == whole["x"].tolist(), "all digits"


def test_a_table_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> object:
        yield frame(3)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        write_table(tmp_path / "x.csv", broken())  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_tables_left_in_the_folder_are_saved_as_if_they_had_been_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = small_request(replications=8, collect=TABLES)
    in_small_chunks(monkeypatch, request)
    chunks = tmp_path / "chunks"
    held = simulate(request, workers=1)
    left = simulate(request, workers=1, folder=chunks, left=TABLES[:2])
    assert set(left.arrays) == {"summaries"}
    assert left.tables == held.tables
    assert {name: table.rows for name, table in left.stored.items()} == {
        name: len(held.arrays[name]) for name in TABLES[:2]
    }
    # A chunk that has gone meanwhile is run again.
    assert len(cut(request)) > 3
    next(iter(chunks.glob("*/*.npz"))).unlink()
    for form in ("csv", "parquet"):
        for results, folder in ((held, tmp_path / "held"), (left, tmp_path / "left")):
            results.save(folder, form)
        for name in TABLES:
            one, other = (tmp_path / which / f"{name}.{form}" for which in ("held", "left"))
            assert one.read_bytes() == other.read_bytes(), name
    pd.testing.assert_frame_equal(left.table("assessments"), held.table("assessments"))


def test_tables_of_people_and_teams_are_one_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = simulate(small_request(replications=1, collect=TABLES), workers=1)
    people, weeks = (len(results.arrays[name]) for name in ("assessments", "team_weeks"))
    for limit, ending in ((people + weeks, "parquet"), (people + weeks + 1, "csv")):
        monkeypatch.setattr("sim.runs.table_files.MOST_ROWS_OF_CSV", limit)
        names = {path.name for path in results.save(tmp_path / ending)}
        assert {f"assessments.{ending}", f"team_weeks.{ending}", "runs.csv"} <= names


def test_tables_are_left_in_a_folder_only() -> None:
    with pytest.raises(InputError, match="left: tables .assessments. can be left in a folder only"):
        simulate(small_request(), left=["assessments"])


def test_a_format_that_does_not_exist_is_named(tmp_path: Path) -> None:
    results = simulate(small_request(replications=1), workers=1)
    with pytest.raises(InputError, match="unknown tables 'parket'; did you mean 'parquet'"):
        results.save(tmp_path, "parket")
