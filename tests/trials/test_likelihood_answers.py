"""Where a profile of the likelihood crosses the limit of its interval."""

from __future__ import annotations

from math import sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.likelihood_answers import MOST_REFITS, crossing, likelihood_answers
from sim.trials.fits.linear_fit import Likeliest


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("unit", [1e-3, 1.0])
def test_a_profile_crosses_where_it_is_zero(side: float, unit: float) -> None:
    asked = []

    def bent(distance: float) -> float:
        asked.append(distance)
        x = abs(distance) / unit
        return x + 0.1 * x**2 - 2.4

    found = crossing(bent, side * 1.5 * unit, -2.4, 1e-9 * unit)
    assert found == pytest.approx(side * 2.0 * unit, rel=1e-8)
    assert len(asked) < 10


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_crossing_is_found_from_too_near_and_too_far(side: float) -> None:
    # Flat at first, it is looked for further out.
    far = crossing(lambda d: max(abs(d) - 5.0, -1.0), side * 0.5, -1.0, 1e-9)
    assert far == pytest.approx(side * 5.0)
    # Too far at first, so that the line points back beyond zero.
    back = crossing(lambda d: sqrt(abs(d)) - 1.0, side * 9.0, -1.0, 1e-9)
    assert back == pytest.approx(side)


def test_a_profile_that_never_crosses_is_refused() -> None:
    with pytest.raises(InputError, match="the likelihood is too flat for an interval"):
        crossing(lambda _: -1.0, 1.0, -1.0, 1e-6)


def test_a_profile_is_looked_for_in_sixty_places() -> None:
    asked: list[float] = []

    def flat(distance: float) -> float:
        asked.append(distance)
        return -1.0

    with pytest.raises(InputError, match="too flat"):
        crossing(flat, 1.0, -1.0, 1e-6)
    assert len(asked) == MOST_REFITS == 60
    assert asked[:3] == [1.0, 2.0, 3.0], "on as it began"


def quadratic_fit(bend: float = 0.0) -> Any:
    """Return a fit whose deviance rises with squares: estimates 2 and 5, errors 0.5 and 2."""
    estimate, se = np.array([2.0, 5.0]), np.array([0.5, 2.0])

    def likeliest(rows: np.ndarray, values: np.ndarray, near: Any = None) -> Likeliest:
        found = estimate.copy()
        for row, value in zip(rows, values, strict=True):
            found[row == 1.0] = value
        z = (found - estimate) / se
        return Likeliest(100.0 + float((z**2 + bend * z**4).sum()), found, found)

    # The error that a search begins with need not be that of the likelihood.
    inference = [SimpleNamespace(se=0.8 * one) for one in se]
    return SimpleNamespace(names=("a", "b"), likeliest=likeliest, inference=inference)


@pytest.mark.parametrize("confidence", [0.95, 0.9])
def test_a_quadratic_likelihood_has_the_tests_and_intervals_of_a_normal(confidence: float) -> None:
    found = likelihood_answers(quadratic_fit(), ["b"], confidence)
    ratio = found["ratio_test"]
    assert (ratio["chi2"], ratio["df"]) == pytest.approx((6.25, 1))
    assert ratio["p"] == pytest.approx(2.0 * stats.norm.sf(2.5))
    assert (ratio["with"], ratio["without"]) == pytest.approx((-50.0, -53.125))
    assert found["confidence"] == confidence
    z = stats.norm.ppf(0.5 + confidence / 2.0)
    for name, estimate, se in (("a", 2.0, 0.5), ("b", 5.0, 2.0)):
        one = found["intervals"][name]
        assert one["estimate"] == estimate
        assert one["interval"] == pytest.approx([estimate - z * se, estimate + z * se], abs=1e-5)


def test_several_coefficients_are_tested_together_and_a_bent_profile_is_followed() -> None:
    found = likelihood_answers(quadratic_fit(0.1), ["b", "a"])
    # z = 4 and 2.5: 16 + 25.6 and 6.25 + 3.90625.
    assert found["ratio_test"]["chi2"] == pytest.approx(51.75625)
    assert found["ratio_test"]["p"] == pytest.approx(stats.chi2.sf(51.75625, 2))
    # z^2 + 0.1 z^4 = 3.84.
    z = sqrt((sqrt(1.0 + 0.4 * stats.chi2.ppf(0.95, 1)) - 1.0) / 0.2)
    assert found["intervals"]["b"]["interval"] == pytest.approx([5 - 2 * z, 5 + 2 * z], abs=1e-5)
