"""How fields of a table are taken: numbers, labels, marks of what is missing, and guesses told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses.model_columns import MANY_LABELS, check_factors, column_guesses
from sim.trials.analyses.model_columns import columns_of_model as taken
from sim.trials.data import trial_table as tables
from sim.trials.fits.model_formula import parse_formula


def series(*fields: Any) -> pd.Series:
    return pd.Series(list(fields), dtype=object)


# -- A table -------------------------------------------------------------------------------------


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


# -- Numbers -------------------------------------------------------------------------------------


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


# -- Labels --------------------------------------------------------------------------------------


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


# -- Columns of a model --------------------------------------------------------------------------

FIELDS = pd.DataFrame(
    {
        "y": series("1", "2", "3", "4"),
        "site": series("1", "02", "2", "10"),
        "dose": series("0.5", "1", "1", "2"),
        "arm": series("a", "a", "b", "b"),
        "team": series("7", "8", "9", "7"),
        "t": series("0", "1", "0", "1"),
        "n": series("3", "4", "5", "6"),
    }
)


def kinds(formula: str, *used: str, numbers: tuple[str, ...] = ()) -> dict[str, bool]:
    """Return which columns are numbers."""
    got = taken(parse_formula(formula), FIELDS, used, numbers)
    return {name: got[name].dtype == float for name in got}


def test_a_column_is_a_number_or_labels_as_the_formula_takes_it() -> None:
    odd = FIELDS.assign(site=series("1.1", "1.10", "2", "3"))
    for formula, number in (
        ("y ~ site + (1|team)", True),
        ("y ~ factor(site) + (1|team)", False),
        ("y ~ factor(site) + site + (1|team)", True),
        ("y ~ arm + (site|team)", True),
        ("y ~ arm + (1|site)", False),
    ):
        got = taken(parse_formula(formula), odd, ["y", "site"])
        assert (got["site"].dtype == float) == number, formula
    assert kinds("y ~ dose + arm + (1|team)", "y", "dose", "arm", "team") == {
        "y": True,
        "dose": True,
        "arm": False,
        "team": True,
    }
    with pytest.raises(InputError, match="column 'arm': holds words"):
        kinds("y ~ dose + (1|team)", "y", "arm", numbers=("arm",))
    with pytest.raises(InputError, match="column 'arm': holds words"):
        kinds("arm ~ dose + (1|team)", "arm", "dose")


def guesses(formula: str, **columns: Any) -> list[str]:
    return column_guesses(parse_formula(formula), pd.DataFrame(columns))


def test_numbers_that_could_be_labels_are_told() -> None:
    (told,) = guesses("y ~ site + (1|team)", site=[1.0, 2.0, 3.0])
    assert told == (
        "column 'site' is taken as a number, from 1 to 3, with one coefficient; factor(site) gives "
        "each value its own"
    )
    assert guesses("y ~ site + (1|team)", site=[1.0, 2.0, 2.0]) == []
    assert guesses("y ~ site + (1|team)", site=[1.0, 2.0, 2.5]) == []
    assert guesses("y ~ dose + (1|team)", dose=[1.0, 2.0, 3.0]) == []
    assert guesses("y ~ factor(site) + (1|team)", site=[1.0, 2.0, 3.0]) == []


def test_labels_that_could_be_numbers_are_told() -> None:
    mixed = pd.Categorical(["1", "2", "x", "inf"])
    (told,) = guesses("y ~ dose + (1|team)", dose=mixed)
    assert told == (
        "column 'dose' is taken as labels: 2 of its 4 values are numbers, the others words"
    )
    words = [f"w{one}" for one in range(MANY_LABELS + 1)]
    assert guesses("y ~ dose + (1|team)", dose=pd.Categorical(words[:12])) == []
    (told,) = guesses("y ~ dose + (1|team)", dose=pd.Categorical(words))
    assert told.startswith("column 'dose' holds words and is taken as 13 labels")


def test_a_factor_needs_two_labels() -> None:
    formula = parse_formula("y ~ dose + arm + (1|team)")
    two = pd.DataFrame({"dose": [1.0, 1.0], "arm": pd.Categorical(["a", "b"])})
    check_factors(formula, two, None)
    one = pd.DataFrame({"dose": [1.0, 1.0], "arm": pd.Categorical(["a", "a"])})
    for visits, more in ((None, "out of the model$"), ("3 at 2", "out of the model; 3 at 2$")):
        with pytest.raises(InputError, match=f"'arm': it has the label 'a'.*{more}"):
            check_factors(formula, one, visits)
