"""The fixed part of a formula as columns, named as R names them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.fits.fixed_part import (
    Part,
    factor_names,
    fixed_columns,
    is_factor,
    offset_column,
    response_column,
)
from sim.trials.fits.model_formula import parse_formula

TABLE = pd.DataFrame(
    {
        "y": [1.0, 4.0, 9.0, 16.0],
        "x": [1.0, 2.0, 3.0, 5.0],
        "zero": [0.0, 1.0, 1.0, 0.0],
        "arm": ["b", "a", "b", "a"],
        "the site": ["2", "10", "1", "2"],
    }
)
ARM_B = [1.0, 0.0, 1.0, 0.0]


def columns(fixed: str, **references: str) -> dict[str, list[float]]:
    """Return the columns by their names."""
    found = fixed_columns(parse_formula(f"y ~ {fixed} + (1|g)"), TABLE, references)
    assert found.X.shape == (4, len(found.names)) == (4, len(found.parts))
    return dict(zip(found.names, found.X.T.tolist(), strict=True))


def test_labels_numbers_and_their_products() -> None:
    assert columns("arm * x") == {
        "(Intercept)": [1.0] * 4,
        "armb": ARM_B,
        "x": [1.0, 2.0, 3.0, 5.0],
        "armb:x": [1.0, 0.0, 3.0, 0.0],
    }
    # Labels that are numbers are in their order; each but the first has a column.
    assert columns("factor(`the site`) + as.factor(arm)") == {
        "(Intercept)": [1.0] * 4,
        "factor(the site)2": [1.0, 0.0, 0.0, 1.0],
        "factor(the site)10": [0.0, 1.0, 0.0, 0.0],
        "factor(arm)b": ARM_B,
    }
    assert columns("`the site`:x - 1") == {
        "the site1:x": [0.0, 0.0, 3.0, 0.0],
        "the site2:x": [1.0, 0.0, 0.0, 5.0],
        "the site10:x": [0.0, 2.0, 0.0, 0.0],
    }


def test_another_reference_may_be_chosen() -> None:
    assert columns("arm", arm="b") == {"(Intercept)": [1.0] * 4, "arma": [0.0, 1.0, 0.0, 1.0]}
    assert list(columns("`the site`", **{"the site": "2"})) == [
        "(Intercept)",
        "the site1",
        "the site10",
    ]
    assert list(columns("0 + arm", arm="b")) == ["armb", "arma"]


def test_computed_columns() -> None:
    got = columns("I(x^2) + log(x):arm + sqrt(x + 1) + I(x > 2)")
    assert got["I(x^2)"] == [1.0, 4.0, 9.0, 25.0]
    assert got["sqrt(x + 1)"] == pytest.approx(np.sqrt([2.0, 3.0, 4.0, 6.0]))
    assert got["log(x):armb"] == pytest.approx([0.0, 0.0, np.log(3.0), 0.0])
    curved = columns("poly(x, 2) + ns(x, 2)")
    assert list(curved) == [
        "(Intercept)",
        "poly(x, 2)1",
        "poly(x, 2)2",
        "ns(x, 2)1",
        "ns(x, 2)2",
    ]
    basis = np.array([curved["poly(x, 2)1"], curved["poly(x, 2)2"], [0.5] * 4])
    assert basis @ basis.T == pytest.approx(np.eye(3), abs=1e-12)


def test_what_each_column_is_made_of() -> None:
    model = parse_formula("y ~ arm + x:factor(arm) + poly(x, 2) + I(x^2):arm + (1|g)")
    found = fixed_columns(model, TABLE)
    parts = dict(zip(found.names, found.parts, strict=True))
    assert parts["(Intercept)"] == ()
    assert parts["armb"] == (Part("arm", "arm", "b", "a"),)
    assert parts["poly(x, 2)2"] == (Part("poly(x, 2)", "", None, None, "2"),)
    number = Part("x", "x", None, None)
    assert parts["x:factor(arm)b"] == (number, Part("factor(arm)", "arm", "b", None))
    (power,) = [one for name, one in parts.items() if name.startswith("I(x^2):") and "b" in name]
    assert power == (Part("I(x^2)", "", None, None), Part("arm", "arm", "b", None))
    # Where every label has its column, none is compared with another.
    alone = fixed_columns(parse_formula("y ~ 0 + arm + (1|g)"), TABLE)
    assert alone.parts == (
        (Part("arm", "arm", "a", None),),
        (Part("arm", "arm", "b", None),),
    )


def test_columns_that_are_taken_as_factors() -> None:
    def of(fixed: str) -> dict[str, tuple[str, ...]]:
        return factor_names(parse_formula(f"y ~ {fixed} + (1|g)"), TABLE)

    assert of("factor(zero) + x + log(y)") == {"zero": ("0", "1")}
    assert of("x + factor( `the site` ) * arm") == {
        "the site": ("1", "2", "10"),
        "arm": ("a", "b"),
    }
    assert of("x + I(y) + 2") == {}
    assert is_factor(TABLE, "arm")
    assert not is_factor(TABLE, "x")


def test_operators_in_an_outcome_or_offset_are_arithmetic() -> None:
    def outcome(text: str) -> list[float]:
        return response_column(parse_formula(f"{text} ~ arm + (1|g)"), TABLE).tolist()

    assert outcome("y") == [1.0, 4.0, 9.0, 16.0]
    assert outcome("y - x") == [0.0, 2.0, 6.0, 11.0]
    assert outcome("y + x") == [2.0, 6.0, 12.0, 21.0]
    assert outcome("sqrt(y)") == pytest.approx([1.0, 2.0, 3.0, 4.0])

    def offset(text: str) -> list[float] | None:
        found = offset_column(parse_formula(f"y ~ arm{text} + (1|g)"), TABLE)
        return None if found is None else found.tolist()

    assert offset("") is None
    assert offset(" + offset(log(x))") == pytest.approx(np.log([1.0, 2.0, 3.0, 5.0]))
    assert offset(" + offset(x + y)") == [2.0, 6.0, 12.0, 21.0]


@pytest.mark.parametrize(
    ("formula", "told"),
    [
        ("y ~ 0 + (1|g)", "its fixed part has no column"),
        ("y ~ arm + log(zero) + (1|g)", r"'log\(zero\)' is not finite in every row"),
        ("y ~ x + ns(x, 9) + (1|g)", r"'x \+ ns\(x, 9\)' cannot be used \(.*ns\(x, 9\): needs"),
        ("y ~ x + poly(x, 2, 3, 4, 5) + (1|g)", "cannot be used"),
    ],
)
def test_what_has_no_columns_is_refused(formula: str, told: str) -> None:
    model = parse_formula(formula)
    with pytest.raises(InputError, match=told) as error:
        fixed_columns(model, TABLE)
    assert "v0__" not in str(error.value)


def test_an_outcome_and_an_offset_are_finite_numbers() -> None:
    for text, told in (
        ("arm", "the outcome 'arm' must be numeric"),
        ("log(zero)", r"'log\(zero\)' is not finite in every row"),
    ):
        with pytest.raises(InputError, match=told):
            response_column(parse_formula(f"{text} ~ x + (1|g)"), TABLE)
    with pytest.raises(InputError, match=r"'1 / zero' is not finite"):
        offset_column(parse_formula("y ~ x + offset(1 / zero) + (1|g)"), TABLE)
