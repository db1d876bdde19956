"""Tables of results for the terminal: digits, columns and what stands beside them."""

from __future__ import annotations

from typing import Any

from sim.trials.analyses.result_tables import (
    coefficient_lines,
    contrast_lines,
    imputed_lines,
    likelihood_lines,
    mean_lines,
    number_text,
    p_text,
    spline_rows,
    spline_words,
    table_lines,
)

TEST: dict[str, Any] = {"se": 0.25, "se_adj": 0.25, "df": 9.96, "t": 2.0, "p": 0.07346}
TEST["ci95"] = [-0.05678, 1.0567891]


def cells(line: str) -> list[str]:
    """Return the cells of a line of a table."""
    return [one.strip() for one in line.split("  ") if one.strip()]


def test_numbers_have_four_digits_and_small_p_a_bound() -> None:
    assert number_text(1.23456) == "1.235"
    assert p_text(1e-4) == "0.0001"
    assert p_text(0.99e-4) == "<.0001"
    assert p_text(0.04996) == "0.0500"
    assert table_lines([["", "df"], ["arm", "9"]]) == ["       df", "  arm   9"]


def test_coefficients_and_variances() -> None:
    each = {"estimate": 0.5, "kenward_roger": TEST, "direction": "new minus old"}
    result = {
        "coef": {"(Intercept)": each, "arm": each},
        "variance": {"team": 0.123456, "residual": 2.0},
        "reml_criterion": 123.4567891,
    }
    lines = coefficient_lines(result)
    assert cells(lines[2]) == ["(Intercept)", "0.5", "0.25", "10.0", "2.000", "0.0735"]
    assert cells(lines[3])[-1] == "new minus old"
    assert cells(lines[6]) == ["team", "0.1235"]
    assert lines[-1] == "  REML criterion 123.456789"


def test_a_likelihood_ratio_and_profiles() -> None:
    assert likelihood_lines({"term": "arm"}) == []
    ratio = {"chi2": 3.84146, "df": 1, "p": 0.05, "with": -10.5, "without": -12.42}
    intervals = {"arm": {"estimate": 0.5, "interval": (0.0001234, 1.0)}}
    found = {"ratio_test": ratio, "confidence": 0.9, "intervals": intervals}
    lines = likelihood_lines({"term": "arm", "likelihood": found})
    assert "of arm: chi squared 3.841 on 1 df, p 0.0500 (log likelihood -10.500 with" in lines[0]
    assert cells(lines[1])[-1] == "90% profile interval"
    assert cells(lines[2]) == ["arm", "0.5", "0.0001234 to 1"]


def test_contrasts_and_the_test_of_all() -> None:
    assert contrast_lines({}) == []
    one = {"contrast": "a - b", "estimate": 0.5, "kenward_roger": TEST}
    one["satterthwaite"] = {**TEST, "df": 12.34, "p": 0.00001}
    lines = contrast_lines({"contrasts": {"each": [one]}})
    row = ["a - b", "0.5", "0.25", "10.0", "0.0735", "-0.05678 to 1.057", "12.3", "<.0001"]
    assert cells(lines[1]) == row
    assert len(lines) == 3
    f = {"f": 4.5678, "df1": 2, "df2": 10.26, "p": 0.038}
    joint = {"kenward_roger": f, "satterthwaite": {**f, "df2": 11.0}}
    lines = contrast_lines({"contrasts": {"each": [one], "joint": joint}})
    assert lines[2] == "  All of them zero: Kenward-Roger F 4.568 on 2 and 10.3 df, p 0.0380"
    assert lines[3].endswith("Satterthwaite F 4.568 on 2 and 11.0 df, p 0.0380")


def test_what_was_imputed_and_left_out() -> None:
    assert imputed_lines({"imputed_columns": {}, "left_out": {}}) == []
    lines = imputed_lines({"imputed_columns": {"base": 4, "sexm": 2}, "left_out": {"hub": 20}})
    assert lines[0].endswith("by chained equations: base 4, sexm 2")
    assert "is not imputed: hub 20 (" in lines[1]


def test_a_spline_in_words_and_rows() -> None:
    assert spline_words({"df": 1}) == "a straight line"
    assert spline_words({"df": 2}) == "2 columns"
    average, last = {"v": 1}, {"v": 2}
    found = {
        "by_exposure": [{"exposure": 3}],
        "time_averaged_effect": average,
        "long_term_effect": last,
    }
    assert spline_rows(found) == [
        ("exposure 3", {"exposure": 3}),
        ("time-averaged effect", average),
        ("long-term effect (the last)", last),
    ]


def test_adjusted_means() -> None:
    assert mean_lines({}) == []
    mean = {"estimate": 1.23456, "se": 0.1, "df": 7.77, "ci95": [1.0, 1.5]}
    lines = mean_lines({"adjusted_means": {"new": mean}})
    assert cells(lines[1]) == ["new", "1.235", "0.1", "7.8", "1 to 1.5"]
    assert "labels of other factors equally frequent" in lines[2]
