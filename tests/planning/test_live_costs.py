"""Costs as formulas: a term says what it comes to, and the account's rules run on terms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.planning.costs import cost_lines, kind_of
from sim.planning.live_costs import Term, live_lines
from sim.planning.prices import shipped_prices
from sim.planning.resources import RESOURCES
from sim.scenarios.library import load_scenario

A, B = Term("A1", 6.0), Term("B2", 4.0)


@pytest.mark.parametrize(
    ("found", "text", "value"),
    [
        (A + B, "(A1+B2)", 10.0),
        (A - B, "(A1-B2)", 2.0),
        (A * B, "(A1*B2)", 24.0),
        (A / B, "(A1/B2)", 1.5),
        (A + 1.5, "(A1+1.5)", 7.5),
        (1.5 + A, "(A1+1.5)", 7.5),
        (A - 2.0, "(A1-2.0)", 4.0),
        (10 - A, "(10.0-A1)", 4.0),
        (2.0 * A, "(A1*2.0)", 12.0),
        (3.0 / A, "(3.0/A1)", 0.5),
        (A / 3, "(A1/3.0)", 2.0),
        (A * 1.0, "(A1*1.0)", 6.0),
        ((A + B) * A, "((A1+B2)*A1)", 60.0),
    ],
)
def test_text_and_value_are_those_of_the_same_arithmetic(
    found: Term, text: str, value: float
) -> None:
    assert (found.text, found.value) == (text, value)


def test_nought_leaves_a_sum_alone_and_makes_a_product_nothing() -> None:
    assert A + 0.0 is A
    assert 0.0 + A is A
    assert (A * 0.0, 0.0 * A, 0.0 / A) == (0.0, 0.0, 0.0)
    assert (A + Term("C3", 0.0)).text == "(A1+C3)", "a cell may be filled in later"
    assert (A * Term("C3", 0.0)).text == "(A1*C3)"
    assert math.isnan((A / Term("C3", 0.0)).value)


def test_the_formulas_come_to_what_the_account_says() -> None:
    scenario = load_scenario("refocus-full")
    prices = shipped_prices().values()
    use = {name: 3.0 + number for number, name in enumerate(RESOURCES)}
    account = cost_lines({name: np.array(one) for name, one in use.items()}, prices, scenario)
    found = live_lines(
        {name: Term(name, one) for name, one in use.items()},
        {name: Term(name, float(one)) for name, one in prices.items()},
        scenario,
    )
    assert {name: term.value for name, _, term in found} == pytest.approx(
        {name: float(money) for name, money in account.items()}
    )
    assert all(kind == kind_of(name) for name, kind, _ in found)


def test_what_comes_to_less_than_a_millionth_is_no_line() -> None:
    scenario = load_scenario("refocus-as-delivered")
    prices = {name: Term(name, float(one)) for name, one in shipped_prices().values().items()}
    assert live_lines({}, prices, scenario) == []
    for days, lines in ((1e-12, 0), (1.0, 1)):
        found = live_lines({"trainer_days": Term("days", days)}, prices, scenario)
        assert len([one for one in found if one[0] == "trainers"]) == lines
    less = live_lines({"trainer_days": Term("days", -1.0)}, prices, scenario)
    assert any(term.value < 0.0 for _, _, term in less), "a saving is a line"
