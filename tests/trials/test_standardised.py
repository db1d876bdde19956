"""Standardised rates and risks by the delta method, worked by hand."""

from __future__ import annotations

from math import inf, log, sqrt

import numpy as np
import pytest
from scipy import stats

from sim.trials.analyses.standardised import chosen_error, standardised, weighted_difference
from sim.trials.fits.gee import FAMILIES


def test_error_is_chosen_by_number_and_variation_of_clusters() -> None:
    """Fewer than ten clusters, or sizes with a coefficient of variation above 0.6."""
    assert chosen_error(np.full(9, 20.0)) == "FG"
    assert chosen_error(np.full(10, 20.0)) == "KC"
    # Half of sizes 1 - c and half 1 + c of ten: variation c sqrt(10 / 9).
    for variation, error in ((0.59, "KC"), (0.61, "FG")):
        c = variation * sqrt(0.9)
        assert chosen_error(np.repeat([1.0 - c, 1.0 + c], 5)) == error


BETA, COVARIANCE = np.array([log(0.25), log(2.0)]), np.array([[0.04, -0.03], [-0.03, 0.07]])
ON, OFF = np.array([[1.0, 1.0]] * 3), np.array([[1.0, 0.0]] * 3)


def test_rates_and_their_contrasts_by_the_delta_method() -> None:
    found = standardised(BETA, COVARIANCE, ON, OFF, FAMILIES["poisson"], inf)
    assert found["mean_treated"] == pytest.approx({"estimate": 0.5, "se": 0.5 * sqrt(0.05)})
    assert found["mean_control"] == pytest.approx({"estimate": 0.25, "se": 0.25 * 0.2})
    z = stats.norm.ppf(0.975)
    ratio = found["ratio"]
    assert (ratio["estimate"], ratio["se"]) == pytest.approx((2.0, sqrt(0.07)))
    assert ratio["low"] == pytest.approx(2.0 * np.exp(-z * sqrt(0.07)))
    assert ratio["high"] == pytest.approx(2.0 * np.exp(z * sqrt(0.07)))
    gradient = np.array([0.25, 0.5])
    se = sqrt(gradient @ COVARIANCE @ gradient)
    difference = found["difference"]
    assert (difference["estimate"], difference["se"]) == pytest.approx((0.25, se))
    assert difference["low"] == pytest.approx(0.25 - z * se)
    assert "odds_ratio" not in found
    shifted = standardised(
        BETA, COVARIANCE, ON, OFF, FAMILIES["poisson"], 8.0, np.log([1.0, 2.0, 3.0])
    )
    assert shifted["mean_treated"]["estimate"] == pytest.approx(1.0)
    assert shifted["ratio"]["high"] == pytest.approx(
        2.0 * np.exp(stats.t.ppf(0.975, 8) * sqrt(0.07))
    )


def test_risks_and_their_odds() -> None:
    """Odds 1/4 and 1/2: risks 1/5 and 1/3."""
    found = standardised(BETA, COVARIANCE, ON, OFF, FAMILIES["binomial"], 12.0)
    assert found["mean_control"]["estimate"] == pytest.approx(1 / 5)
    assert found["mean_treated"]["estimate"] == pytest.approx(1 / 3)
    assert found["mean_control"]["se"] == pytest.approx(0.16 * 0.2)
    odds = found["odds_ratio"]
    assert (odds["estimate"], odds["se"]) == pytest.approx((2.0, sqrt(0.07)))
    gradient = np.array([2 / 9 - 0.16, 2 / 9])
    se = sqrt(gradient @ COVARIANCE @ gradient)
    whole, error = weighted_difference(BETA, COVARIANCE, [(1.0, ON, OFF)], FAMILIES["binomial"])
    assert (whole, error) == pytest.approx((1 / 3 - 1 / 5, se))
    twice = [(0.5, ON, OFF), (1.5, ON, OFF)]
    assert weighted_difference(BETA, COVARIANCE, twice, FAMILIES["binomial"]) == pytest.approx(
        (2.0 * whole, 2.0 * error)
    )


def test_a_random_intercept_is_integrated_over() -> None:
    """The mean of a lognormal rate grows by exp(sd^2 / 2), and its logarithm with sd."""
    covariance = np.zeros((3, 3))
    covariance[:2, :2] = COVARIANCE
    covariance[2, 2] = 0.01
    found = standardised(BETA, covariance, ON, OFF, FAMILIES["poisson"], inf, sd=0.8)
    mean = 0.25 * np.exp(0.32)
    assert found["mean_control"]["estimate"] == pytest.approx(mean)
    assert found["mean_control"]["se"] == pytest.approx(mean * sqrt(0.04 + 0.8**2 * 0.01))
    assert found["ratio"]["se"] == pytest.approx(sqrt(0.07))
