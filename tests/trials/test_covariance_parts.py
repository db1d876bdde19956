"""Parts of a covariance: worked by hand, and their derivatives by differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.trials.fits.covariance_parts import Decay, Effects, Residual, _powers

TEAM = np.array([0, 0, 1, 1, 1])
TIMES = np.array([0.0, 2.0, 0.0, 1.0, 3.0])
EVERY = np.arange(5)
PARTS: dict[str, tuple[Any, list[float]]] = {
    "intercept and slope": (
        Effects(TEAM, np.column_stack([np.ones(5), TIMES]), ("team", "team.time")),
        [0.8, -0.3, 0.5],
    ),
    "decay": (Decay(TEAM, TIMES, "team"), [0.8, 0.4]),
    "residual": (Residual(TEAM, ("a", "b"), np.array([1.0, 2, 1, 4, 1])), [-0.2, 0.3]),
    "ar1": (
        Residual(TEAM, ("a", "b"), np.ones(5), TEAM, TIMES, whole_lags=True),
        [-0.2, 0.3, -0.6],
    ),
    "half lags": (Residual(0 * TEAM, ("a",), np.ones(5), TEAM, TIMES / 2.0), [-0.2, 0.5]),
}


def differences(function: Any, at: np.ndarray) -> np.ndarray:
    """Return derivatives by the last axis, by central differences."""
    steps = 1e-6 * np.eye(len(at))
    each = [(function(at + one) - function(at - one)) / 2e-6 for one in steps]
    return np.stack(each, axis=-1)


@pytest.mark.parametrize("name", list(PARTS))
def test_derivatives_are_those_of_what_they_are_of(name: str) -> None:
    part, given = PARTS[name]
    free = np.array(given)
    values = part.parameters(free)
    assert len(part.names) == len(part.start(0.3)) == len(part.lower()) == len(free)
    assert part.jacobian(free) == pytest.approx(differences(part.parameters, free), abs=1e-8)
    slopes = differences(lambda one: part.covariance(one, EVERY)[0], values)
    for k, slope in enumerate(part.covariance(values, EVERY)[1]):
        assert slope == pytest.approx(slopes[..., k], abs=1e-8)
    # Some rows have the covariance that they have among all.
    some = np.array([3, 0, 4])
    whole = part.covariance(values, EVERY)[0]
    assert part.covariance(values, some)[0] == pytest.approx(whole[np.ix_(some, some)])
    upright = part.upright(free)
    assert part.parameters(upright) == pytest.approx(values)


def test_correlated_effects() -> None:
    part = PARTS["intercept and slope"][0]
    assert part.names == ("team", "team ~ team.time", "team.time")
    V, _ = part.covariance(np.array([2.0, 0.5, 0.25]), EVERY)
    assert V[0, 0] == 2.0
    assert V[0, 1] == 2.0 + 0.5 * 2
    assert V[4, 3] == 2.0 + 0.5 * (1 + 3) + 0.25 * 3
    assert V[0, 2] == 0.0
    # A start of .3: .15 for each, on columns of mean square one.
    start = part.parameters(part.start(0.3))
    assert start == pytest.approx([0.15, 0.0, 0.15 / np.mean(TIMES**2)])
    assert part.lower().tolist() == [0.0, -np.inf, 0.0]
    # The sign of a column of the factor says nothing: its diagonal is made positive.
    assert part.upright(np.array([-0.8, 0.3, 0.5])).tolist() == [0.8, -0.3, 0.5]
    assert part.upright(np.array([0.8, 0.3, -0.5])).tolist() == [0.8, 0.3, 0.5]
    assert part.upright(np.array([0.0, 0.3, 0.5])).tolist() == [0.0, 0.3, 0.5]


def test_effects_that_fade() -> None:
    part = PARTS["decay"][0]
    assert part.names == ("team", "team decay")
    assert part.parameters(part.start(0.25)) == pytest.approx([0.25, 0.7])
    assert part.parameters(part.lower())[1] == pytest.approx(1.0 / (1.0 + np.exp(12.0)))
    assert part.lower()[0] == 0.0
    assert part.upright(np.array([-0.4, -1.0])).tolist() == [0.4, -1.0]
    V, slopes = part.covariance(np.array([2.0, 0.5]), EVERY)
    assert V[0].tolist() == [2.0, 0.5, 0.0, 0.0, 0.0]
    assert V[4].tolist() == [0.0, 0.0, 0.25, 0.5, 2.0]
    # 2 rho^2 has slope 4 rho; nothing fades within a period.
    assert slopes[1][0].tolist() == [0.0, 2.0, 0.0, 0.0, 0.0]
    none = part.covariance(np.array([2.0, 0.0]), EVERY)
    assert none[0].tolist() == np.diag(np.full(5, 2.0)).tolist()
    assert none[1][1][2].tolist() == [0.0, 0.0, 0.0, 2.0, 0.0], "the slope of 2 rho at zero is 2"


def test_residuals_by_group_and_weight() -> None:
    part = PARTS["residual"][0]
    assert part.names == ("a", "b")
    assert part.upright(np.array([-1.0, 2.0])).tolist() == [-1.0, 2.0]
    assert np.diag(part.covariance(np.array([2.0, 3.0]), EVERY)[0]) == pytest.approx(
        [2.0, 1.0, 3.0, 0.75, 3.0]
    )
    # Harmonic mean of the weights is 1.333..: rows then have mean variance .6.
    start = part.parameters(part.start(0.6))
    assert np.diag(part.covariance(start, EVERY)[0]).mean() == pytest.approx(0.6)
    assert start[0] == start[1]
    assert part.lower().tolist() == [-np.inf, -np.inf]


def test_residuals_correlated_over_time() -> None:
    part = PARTS["ar1"][0]
    assert part.names == ("a", "b", "residual ar1")
    V = part.covariance(np.array([4.0, 1.0, -0.5]), EVERY)[0]
    assert V[0] == pytest.approx([4.0, 1.0, 0.0, 0.0, 0.0])
    assert V[4] == pytest.approx([0.0, 0.0, -0.125, 0.25, 1.0])
    assert part.parameters(part.start(0.5)) == pytest.approx([0.5, 0.5, 0.3])
    assert part.lower()[2] == -6.0
    half = PARTS["half lags"][0]
    assert half.parameters(half.lower())[1] == pytest.approx(1e-4), "a root needs a sign"
    # rho^(1/2) has slope 1 / (2 root rho).
    V, slopes = half.covariance(np.array([1.0, 0.25]), EVERY)
    assert (V[2, 3], V[3, 4], V[2, 4]) == pytest.approx((0.5, 0.25, 0.125))
    assert (slopes[1][2, 3], slopes[1][3, 4]) == pytest.approx((1.0, 1.0))


def test_lags_of_any_size_and_columns_of_any_unit() -> None:
    """rho^lag has the slope lag rho^(lag - 1), at small lags and those near one too."""
    lags = np.array([0.0, 0.004, 0.5, 1.0, 1.05])
    shape, slope = _powers(0.25, lags)
    assert shape == pytest.approx(0.25**lags)
    assert slope == pytest.approx(lags * 0.25 ** (lags - 1.0))
    small = Effects(TEAM, 1e-3 * TIMES[:, None], ("team.time",))
    assert small.parameters(small.start(0.3)) == pytest.approx([0.3e6 / np.mean(TIMES**2)])
