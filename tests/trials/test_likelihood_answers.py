"""Where a profile of the likelihood crosses the limit of its interval."""

from __future__ import annotations

from math import sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

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


def test_a_straight_line_takes_two_looks_and_a_plateau_is_halved() -> None:
    asked: list[float] = []

    def line(distance: float) -> float:
        asked.append(distance)
        return 1000.0 * distance - 2.0

    assert crossing(line, 0.001, -2.0, 1e-12) == pytest.approx(0.002)
    assert asked == pytest.approx([0.001, 0.002])
    asked.clear()

    def plateau(distance: float) -> float:
        asked.append(distance)
        return min(10.0 * distance - 1.0, 1.0 + 0.001 * distance)

    assert crossing(plateau, 9.0, -1.0, 1e-9) == pytest.approx(0.1)
    assert asked[2] == pytest.approx(0.5 * asked[1])
    assert asked[3] == pytest.approx(0.5 * asked[2])


class Known:
    """A fit whose deviance rises with z^2 (1 + skew z): estimates 2, 5 and 0, three errors."""

    names = ("a", "b", "c")
    estimate, se = np.array([2.0, 5.0, 0.0]), np.array([0.001, 2.0, 300.0])

    def __init__(self, skew: float = 0.0) -> None:
        self.skew, self.refits = skew, 0
        self.inference = [SimpleNamespace(se=one) for one in self.se]

    def likeliest(self, rows: np.ndarray, values: np.ndarray, near: Any = None) -> Likeliest:
        self.refits += 1
        found = self.estimate.copy()
        for row, value in zip(rows, values, strict=True):
            found[row == 1.0] = value
        z = (found - self.estimate) / self.se
        return Likeliest(100.0 + float((z**2 * (1.0 + self.skew * z)).sum()), found, found)


def answers(fit: Known, tested: list[str], confidence: float = 0.95) -> dict[str, Any]:
    whole: Any = fit
    return likelihood_answers(whole, tested, confidence)


@pytest.mark.parametrize("confidence", [0.95, 0.9])
def test_a_quadratic_likelihood_has_the_tests_and_intervals_of_a_normal(confidence: float) -> None:
    fit = Known()
    found = answers(fit, ["b"], confidence)
    ratio = found["ratio_test"]
    assert (ratio["chi2"], ratio["df"]) == pytest.approx((6.25, 1))
    assert ratio["p"] == pytest.approx(2.0 * stats.norm.sf(2.5))
    assert (ratio["with"], ratio["without"]) == pytest.approx((-50.0, -53.125))
    assert found["confidence"] == confidence
    z = stats.norm.ppf(0.5 + confidence / 2.0)
    for name, estimate, se in zip(fit.names, fit.estimate, fit.se, strict=True):
        one = found["intervals"][name]
        assert one["estimate"] == estimate
        want = [estimate - z * se, estimate + z * se]
        assert one["interval"] == pytest.approx(want, abs=1e-6 * se)
    # With and without the term, and each end where a normal has it.
    assert fit.refits == 2 + 6


def test_terms_are_tested_together_and_one_of_nothing_has_no_chi_squared() -> None:
    both = answers(Known(), ["b", "c"])["ratio_test"]
    assert (both["chi2"], both["df"]) == pytest.approx((6.25, 2))
    assert both["p"] == pytest.approx(stats.chi2.sf(6.25, 2))
    nothing = answers(Known(), ["c"])["ratio_test"]
    assert (nothing["chi2"], nothing["p"]) == (0.0, 1.0)


def test_a_skewed_profile_is_followed_on_both_sides() -> None:
    fit = Known(skew=0.1)
    found = answers(fit, ["b"])["intervals"]
    limit = stats.chi2.ppf(0.95, 1)
    ends = [
        optimize.brentq(lambda z: z**2 * (1.0 + 0.1 * z) - limit, *sides, xtol=1e-12)
        for sides in ((-4.0, 0.0), (0.0, 4.0))
    ]
    for name, estimate, se in zip(fit.names, fit.estimate, fit.se, strict=True):
        want = [estimate + one * se for one in ends]
        assert found[name]["interval"] == pytest.approx(want, abs=1e-6 * se)
