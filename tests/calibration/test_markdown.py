"""Numbers of the calibration's page, at the limits where their form changes."""

from __future__ import annotations

import pytest

from calibration.findings.markdown import generated, number, table


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (3, "3"),
        ("text", "text"),
        (0.126, "0.13"),
        (-0.001, "0.00"),
        (999.9, "999.90"),
        (1000.0, "1,000"),
        (-1234.6, "-1,235"),
        ([1.0, 0.5, 2.0], "1.00 (0.50 to 2.00)"),
        ((-0.004, -0.006, 0.0), "0.00 (-0.01 to 0.00)"),
        ((1.0, 2.0), "1.00 to 2.00"),
        ({"p": 0.25, "se": 0.0123}, "0.25 (MC SE 0.012)"),
    ],
)
def test_a_figure_as_a_reader_wants_it(value: object, shown: str) -> None:
    assert number(value) == shown


def test_a_table_has_a_rule_and_no_bar_of_its_cells() -> None:
    text = table([{"a": "x|y", "b": 1.0}], [("A", "a"), ("twice", lambda row: 2.0 * row["b"])])
    assert text.splitlines() == ["| A | twice |", "|---|---|", "| x/y | 2.00 |"]
    assert generated("part", " text\n") == "<!-- generated: part -->\ntext\n<!-- end of part -->"
