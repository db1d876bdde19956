"""Value for money: net benefit, acceptability, ratios and the worth of perfect information."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.planning.value import (
    acceptability_of,
    net_benefit,
    perfect_information,
    ratio_of,
    top_willingness,
    value_of,
)


def test_perfect_information_of_two_normal_options() -> None:
    """Known answer: E max(0, X) - max(0, E X) for X normal."""
    mean, sd = 0.4, 1.3
    x = mean + sd * np.random.default_rng(4).standard_normal(400_000)
    benefit = np.stack([np.zeros_like(x), x])[None]
    z = mean / sd
    density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    below = 0.5 * math.erfc(z / math.sqrt(2.0))
    assert perfect_information(benefit)[0] == pytest.approx(sd * density - mean * below, abs=0.004)


def test_acceptability_adds_up_to_one_and_ties_are_shared() -> None:
    rng = np.random.default_rng(2)
    effects, costs = rng.normal(size=(4, 80)), rng.normal(size=(4, 80))
    benefit = net_benefit(effects, costs, np.linspace(0.0, 9.0, 7))
    np.testing.assert_allclose(acceptability_of(benefit).sum(axis=0), 1.0)
    assert (perfect_information(benefit) >= 0.0).all()
    same = np.zeros((1, 2, 5))
    np.testing.assert_allclose(acceptability_of(same), 0.5)
    np.testing.assert_allclose(perfect_information(same), 0.0)


def test_at_no_willingness_to_pay_the_cheapest_is_best() -> None:
    effects, costs = np.array([[0.0, 0.0], [5.0, 6.0]]), np.array([[0.0, 0.0], [9.0, 8.0]])
    curves = acceptability_of(net_benefit(effects, costs, np.array([0.0, 1000.0])))
    np.testing.assert_allclose(curves, [[1.0, 0.0], [0.0, 1.0]])
    assert top_willingness(effects, costs) >= 3 * 8.5 / 5.5


def test_no_gain_has_no_ratio() -> None:
    assert math.isnan(ratio_of(np.ones(5), np.zeros(5)).value)
    mixed = ratio_of(np.ones(4), np.array([1.0, 2.0, -1.0, 2.0]))
    assert math.isnan(mixed.low)
    assert mixed.value == 1.0
    assert mixed.gain.share == 0.75
    assert ratio_of(np.array([2.0, 4.0]), np.array([1.0, 2.0])).value == 2.0


class Comparison:
    """A base and two strategies, with QPR differences and costs a person written in by hand."""

    names = ("a", "usual", "b")
    question = SimpleNamespace(base="usual")

    def difference(self, name: str, measure: str) -> np.ndarray:
        assert measure == "qpr15"
        return np.array([[{"usual": 0.0, "a": 1.0, "b": 2.0}[name]]] * 4)

    def cost_per_person(self, name: str) -> np.ndarray:
        return np.full(4, {"usual": 0.0, "a": 100.0, "b": 300.0}[name])


def test_value_for_money_of_a_comparison_by_hand() -> None:
    comparison: Any = Comparison()
    found = value_of(comparison)
    assert found.names == ("usual", "a", "b")
    # Ratios are 100 and 150 a point: curves end at 450, rounded up to whole hundreds.
    assert (found.willingness[0], found.willingness[-1]) == (0.0, 500.0)
    steps = np.diff(found.willingness)
    assert steps == pytest.approx(12.5), "forty steps"
    # Nothing below 100 a point, a up to 200 for b's second point, b from there on.
    places = np.searchsorted(found.willingness, [90, 110, 190, 210])
    assert found.best[places].tolist() == [0, 1, 1, 2]
    assert (found.acceptability[found.best, np.arange(41)] >= 0.5).all()
    assert (found.perfect_information == 0.0).all()


@pytest.mark.parametrize(
    ("effects", "costs", "top"),
    [
        ([1.0], [400.0], 2000.0),
        ([1.0], [30.0], 200.0),
        ([1.0], [70.0], 300.0),
        ([0.005], [0.005], 200.0),
        ([1.0, 1.0], [100.0, 320.0], 1000.0),
        ([1.0], [1e6], 20_000.0),
        ([-1.0], [400.0], 200.0),
        ([1.0], [-400.0], 200.0),
        ([0.005], [3.0], 2000.0),
        ([100.0], [0.005], 200.0),
        ([1e-6], [0.005], 20_000.0),
        ([0.0], [400.0], 200.0),
    ],
)
def test_curves_end_at_thrice_the_dearest_point_rounded_up(
    effects: list[float], costs: list[float], top: float
) -> None:
    columns = [np.array(one)[:, None] for one in (effects, costs)]
    assert top_willingness(*columns) == top


def test_perfect_information_worked_by_hand() -> None:
    """Two draws, +3 and -1 against nothing: E max = 1.5, max E = 1."""
    assert perfect_information(np.array([[[0.0, 0.0], [3.0, -1.0]]])).tolist() == [0.5]


def test_a_ratio_has_the_middle_90_percent_of_its_draws() -> None:
    found = ratio_of(np.arange(21.0), np.ones(21))
    assert (found.value, found.low, found.high) == pytest.approx((10.0, 1.0, 19.0))
    two = ratio_of(np.array([2.0, 6.0]), np.array([2.0, 2.0]))
    assert (two.low, two.high) == pytest.approx((1.1, 2.9))
    assert math.isnan(ratio_of(np.array([2.0]), np.array([2.0])).low)
    little = ratio_of(np.full(3, 1.0), np.full(3, 0.005))
    assert (little.value, little.high, little.gain.share) == pytest.approx((200.0, 200.0, 1.0))
    assert math.isnan(ratio_of(np.ones(2), np.array([1.0, -1.0])).value)
