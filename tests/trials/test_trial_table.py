"""How fields of a table are taken: numbers, labels and marks of what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.data import trial_table as tables


def series(*fields: Any) -> pd.Series:
    return pd.Series(list(fields), dtype=object)


def read(tmp_path: Path, text: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return tables.read_trial_table(path)


def test_fields_are_the_text_that_they_are(tmp_path: Path) -> None:
    frame, notes = read(tmp_path, "team,y,z\na,01,x\nb,2.50,\n")
    assert frame.to_dict("list") == {"team": ["a", "b"], "y": ["01", "2.50"], "z": ["x", ""]}
    assert notes == ()
    frame, notes = read(tmp_path, "team,y\na,5%\nb,NA\nc,7%\n")
    assert frame["y"].tolist() == ["5", "NA", "7"]
    assert notes == ("column 'y': numbers as '5%' are read as 5; percent signs are left off",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,a\n1,2\n", "the column 'a' occurs twice"),
        ("a,b\n1,2\n3\n4,5\n", "line 3: has 1 fields, the headings 2"),
        ("a,b\n", "it has no rows"),
    ],
)
def test_a_table_that_cannot_be_read(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read(tmp_path, text)


def test_missing_fields() -> None:
    assert tables.is_missing(series("1", "", " NA ", None, "x")).tolist() == [
        *(False, True, True, True, False)
    ]
    assert tables.is_missing(pd.Series([1.0, np.nan])).tolist() == [False, True]
    assert [tables.is_text(one) for one in (series("a"), pd.Series([1.0]))] == [True, False]


def test_numbers() -> None:
    for must in (True, False):
        got = tables.as_numbers("y", series("1", " 2.5 ", "-3e2"), must)
        assert got is not None
        assert got.tolist() == [1.0, 2.5, -300.0]
    assert tables.as_numbers("y", series("a", "b", "1"), must=False) is None
    with pytest.raises(InputError, match="every value must be finite"):
        tables.as_numbers("y", series("1", "inf"), must=False)


@pytest.mark.parametrize(
    ("fields", "must", "told"),
    [
        (("1", "2", "x"), True, "'x' in row 3 is not a number.*--missing 'x' says so$"),
        (("1", "2", "x"), False, r"'x' in row 3.*write factor\(y\) if the column holds labels"),
        # Half of the fields: a mistake in numbers, not words.
        (("1", "x"), False, "'x' in row 2 is not a number"),
        (("a", "b", "a"), True, r"holds words \('a', 'b'\); write them as 0 and 1"),
        (("a", "b", "c", "d"), True, r"holds words \('a', 'b', 'c'\); it must hold numbers"),
        (("1,5", "2,5", "3"), False, "'1,5' is not a plain number"),
        (("x", "1,5", "2,5", "3"), True, "'1,5' is not a plain number"),
        (("x", "1,5", "3", "4"), True, "'x' in row 1 is not a number"),
    ],
)
def test_what_is_no_number(fields: tuple[str, ...], must: bool, told: str) -> None:
    with pytest.raises(InputError, match=f"^column 'y': {told}"):
        tables.as_numbers("y", series(*fields), must)


def test_rows_have_the_names_of_the_table() -> None:
    named = pd.Series(["1", "2", "x"], index=["p", "q", "r"], dtype=object)
    with pytest.raises(InputError, match="'x' in row r is not"):
        tables.as_numbers("y", named, must=True)


def test_labels_sort_as_numbers_then_as_words() -> None:
    got = tables.as_labels(series("b", "10", "A", "9", "a", "1.5"))
    assert list(got.categories) == ["1.5", "9", "10", "A", "a", "b"]
    assert list(got) == ["b", "10", "A", "9", "a", "1.5"]
    assert [tables.label_of(one) for one in (2.0, 2.5, " x ", np.float64(3))] == [
        *("2", "2.5", "x", "3")
    ]


@pytest.mark.parametrize(
    ("label", "whole"),
    [
        *(("01", "1"), ("1.0", "1"), ("+1", "1"), ("-02.", "-2"), ("0", "0"), ("00", "0")),
        *(("1.10", "1.10"), ("1E5", "1E5"), ("10", "10"), ("a1", "a1"), ("-0.00", "-0")),
    ],
)
def test_whole_numbers_are_written_in_one_way(label: str, whole: str) -> None:
    assert tables.whole_number(label) == whole


def test_columns_of_numbers_and_of_labels() -> None:
    frame = pd.DataFrame(
        {
            "same": series("1", "01", "1.0"),
            "apart": series("1.1", "1.10", "2"),
            "long": series("9007199254740992", "9007199254740993", "1"),
            "fits": series("9007199254740991", "1", "2"),
            "word": series("a", "1", "2"),
            "big": pd.Series([2.0**53, 1.0, 2.0]),
        }
    )
    got = tables.typed_columns(frame, list(frame), (), list(frame))
    assert got["same"].tolist() == [1.0, 1.0, 1.0]
    assert got["fits"].tolist() == [2.0**53 - 1, 1.0, 2.0]
    for name in ("apart", "long", "word", "big"):
        assert isinstance(got[name].dtype, pd.CategoricalDtype), name
    assert list(got["apart"]) == ["1.1", "1.10", "2"]
    assert list(tables.typed_columns(frame, ["same"], (), ())) == ["same"]
    # Named both: a number it must be, and so a word is refused.
    with pytest.raises(InputError, match="'a' in row 1"):
        tables.typed_columns(frame, ["word"], ["word"], ["word"])
