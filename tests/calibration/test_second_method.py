"""The effect by other methods: weights, regression and summaries with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.findings.second_method import (
    EFFECTS,
    by_weighting,
    fitted,
    read,
    regressed,
    summary,
    weighted,
    with_error,
)
from calibration.sampling.likelihood import Data

NONE = np.array([], int)


def test_weights_are_normal_densities_of_both_reported_effects() -> None:
    """REFOCUS .68 (1.22), in points of an SD of 10.15; a draw that expects both has the most."""
    spread = np.array([0.0, 0.0, 0.3])
    exact = 0.68 / 10.15
    found = {
        "between_trials_sd": spread,
        "delivered": np.array([exact, exact + 1.22 / 10.15, exact]),
        "pulsar": np.array([3.7, 3.7, 3.7]),
    }
    weight = weighted(found)
    assert weight.sum() == pytest.approx(1.0)
    assert weight[1] / weight[0] == pytest.approx(math.exp(-0.5)), "one standard error away"
    assert 0.0 < weight[2] < weight[0], "a wide spread lowers the density at the middle"
    narrow = math.hypot(1.22, 0.3 * 10.15) / 1.22
    assert weight[2] / weight[0] < 1.0 / narrow, "of both trials"


def test_a_linear_relation_moves_draws_to_where_the_reported_figure_lies() -> None:
    """Effects 2 + 3 x figure without noise: all land on the value at the reported figure."""
    figure = np.linspace(-2.0, 2.0, 41)
    found = {
        "figure_a": figure,
        "effect_full": 2.0 + 3.0 * figure,
        "delivered": 1.0 - figure,
    }
    data = Data(("a",), np.array([0]), np.array([0.5]), -1, 0.0, NONE, NONE)
    moved, weight = regressed(found, data, 0.5)
    np.testing.assert_allclose(moved["effect_full"], 3.5)
    np.testing.assert_allclose(moved["delivered"], 0.5)
    assert weight.sum() == pytest.approx(1.0)
    # Half of the 41 draws lie within the edge; the one at it has no weight.
    assert 19 <= len(weight) <= 21


def test_weights_fall_with_the_square_of_the_distance() -> None:
    figure = np.array([0.0, 1.0, -1.0, 2.0, -2.0])
    found = {"figure_a": figure, "effect_full": figure, "delivered": figure}
    data = Data(("a",), np.array([0]), np.array([0.0]), -1, 0.0, NONE, NONE)
    weight = regressed(found, data, 1.0)[1]
    # Epanechnikov with its edge at 2: 1, 3/4 and 3/4; nothing at the edge.
    np.testing.assert_allclose(weight, np.array([1.0, 0.75, 0.75]) / 2.5)


def test_a_draw_without_a_figure_is_far() -> None:
    figure = np.r_[np.linspace(-1.0, 1.0, 9), np.nan]
    found = {"figure_a": figure, "effect_full": np.r_[np.zeros(9), 99.0], "delivered": figure * 0.0}
    data = Data(("a",), np.array([0]), np.array([0.0]), -1, 0.0, NONE, NONE)
    moved, _ = regressed(found, data, 0.5)
    np.testing.assert_allclose(moved["effect_full"], 0.0, atol=1e-12)


def test_a_weighted_summary_by_hand() -> None:
    # Fifty draws of 2%: the third is the first beyond 5%, the 48th that beyond 95%.
    values = np.arange(50.0)[::-1]
    mean, sd, low, high = summary(values, np.full(50, 0.02))
    assert mean == pytest.approx(24.5)
    assert sd == pytest.approx(math.sqrt((50**2 - 1) / 12.0))
    assert (low, high) == (2.0, 47.0)
    uneven = summary(np.array([1.0, 2.0, 3.0]), np.array([0.02, 0.94, 0.04]))
    assert uneven[0] == pytest.approx(2.02)
    assert uneven[2:] == (2.0, 2.0)


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    """Twenty groups of one: the classical error of the mean of 0 to 19."""
    values = np.arange(20.0)
    found = with_error(
        dict.fromkeys(EFFECTS, values),
        lambda one: {name: (float(one[name].mean()), 0.0) for name in EFFECTS},
    )
    whole, _, error = found["effect_full"]
    assert whole == 9.5
    assert error == pytest.approx(values.std(ddof=1) / math.sqrt(20.0))


def test_the_kept_file_has_the_figures_that_were_fitted_and_effects_to_weigh() -> None:
    simulated = read()
    assert {f"figure_{one}" for one in fitted().figures} < set(simulated)
    assert len(simulated["effect_full"]) == 800
    weight = weighted(simulated)
    found = by_weighting(simulated)
    assert set(found) == set(EFFECTS)
    for name in EFFECTS:
        mean = np.average(simulated[name], weights=weight)
        sd = math.sqrt(np.average((simulated[name] - mean) ** 2, weights=weight))
        assert found[name][:2] == pytest.approx((mean, sd))
