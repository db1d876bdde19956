"""Columns as a formula takes them, numbers or labels, and guesses told."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses.model_columns import MANY_LABELS, check_factors, column_guesses
from sim.trials.analyses.model_columns import columns_of_model as taken
from sim.trials.fits.model_formula import parse_formula

FIELDS = pd.DataFrame(
    {
        "y": ["1", "2", "3", "4"],
        "site": ["1", "02", "2", "10"],
        "dose": ["0.5", "1", "1", "2"],
        "arm": ["a", "a", "b", "b"],
        "team": ["7", "8", "9", "7"],
        "t": ["0", "1", "0", "1"],
        "n": ["3", "4", "5", "6"],
    },
    dtype=object,
)


def kinds(formula: str, *used: str, numbers: tuple[str, ...] = ()) -> dict[str, bool]:
    """Return which columns are numbers."""
    got = taken(parse_formula(formula), FIELDS, used, numbers)
    return {name: got[name].dtype == float for name in got}


def test_a_column_is_a_number_or_labels_as_the_formula_takes_it() -> None:
    odd = FIELDS.assign(site=["1.1", "1.10", "2", "3"])
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
