"""Power of t tests against the noncentral t of another library, floors against a grid."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special, stats

from sim.trials.analyses.hypothesis import Bounds
from sim.trials.power.noncentral_t import (
    Floor,
    critical_value,
    floored_power,
    noncentral_t_sf,
    power_shifted_t,
    power_t,
    power_z,
    shifts_to,
)


@pytest.mark.parametrize("df", [1.0, 4.0, 18.0, 300.0])
def test_power_is_that_of_the_noncentral_t(df: float) -> None:
    for z in (0.1, 1.0, 3.0):
        for alpha in (0.05, 0.1):
            half, whole = stats.t.ppf(1 - alpha / 2, df), stats.t.ppf(1 - alpha, df)
            right, wrong = stats.nct.sf(half, df, z), stats.nct.cdf(-half, df, z)
            for effect in (2.0 * z, -2.0 * z):
                assert power_t(effect, 2.0, df, alpha) == pytest.approx(right + wrong, rel=1e-6)
                alone = power_t(effect, 2.0, df, alpha, wrong_direction=False)
                assert alone == pytest.approx(right, rel=1e-6)
                one = power_t(effect, 2.0, df, alpha, sides=1)
                assert one == pytest.approx(stats.nct.sf(whole, df, z), rel=1e-6)
    assert power_t(0.0, 1.0, df, 0.05) == pytest.approx(0.05, abs=1e-9)
    # What the test divides by is not the true error, and has other degrees of freedom.
    got = power_t(3.0, 1.0, df, model_se=1.2, spread_df=df + 5, wrong_direction=False)
    assert got == pytest.approx(stats.nct.sf(1.2 * stats.t.ppf(0.975, df), df + 5, 3.0), rel=1e-6)


def test_normal_tests() -> None:
    """Quantiles 1.9600 and 1.6449 and, of 0.8, 0.8416: their sums; and of t, as tabled."""
    assert power_z(2.8015852, 1.0, wrong_direction=False) == pytest.approx(0.8, abs=1e-7)
    assert power_z(2.4864749, 1.0, sides=1) == pytest.approx(0.8, abs=1e-7)
    assert power_z(0.0, 1.0, 0.1) == pytest.approx(0.1)
    assert noncentral_t_sf(1.0, math.inf, 0.5) == pytest.approx(stats.norm.sf(0.5))
    assert noncentral_t_sf(40.0, 60.0, -30.0) == 0.0
    assert critical_value(math.inf, 0.05) == pytest.approx(1.9599640)
    assert critical_value(10.0, 0.05) == pytest.approx(2.2281389)
    assert critical_value(10.0, 0.05, 1) == pytest.approx(1.8124611)


def test_a_shifted_t_is_the_other_calculators() -> None:
    wanted = stats.t.cdf(3.0 - stats.t.ppf(0.975, 7), 7)
    assert power_shifted_t(6.0, 2.0, 7.0) == pytest.approx(wanted)
    assert power_shifted_t(-6.0, 2.0, 7.0) == pytest.approx(wanted)
    one = stats.t.cdf(3.0 - stats.t.ppf(0.95, 7), 7)
    both = power_shifted_t(0.0, 1.0, 7.0, bounds=Bounds(-3.0, 3.0))
    assert both == pytest.approx(2.0 * one - 1.0)
    assert power_shifted_t(0.0, 1.0, 7.0, bounds=Bounds(-3.0, math.inf)) == pytest.approx(one)
    assert power_shifted_t(0.0, 1.0, 7.0, bounds=Bounds(-1.0, 1.0)) == 0.0


def test_bounds() -> None:
    """Non-inferiority is one test; equivalence needs two, of 200,000 drawn standard errors."""
    assert shifts_to(Bounds(-2.0, 3.0), 1.0, 0.5) == (6.0, 4.0)
    assert shifts_to(Bounds(-2.0, math.inf), 1.0, 0.5) == (6.0,)
    assert shifts_to(Bounds(-math.inf, 3.0), 1.0, 0.5) == (4.0,)
    one = power_t(0.0, 1.0, 20.0, bounds=Bounds(-2.5, math.inf))
    assert one == pytest.approx(stats.nct.sf(stats.t.ppf(0.95, 20), 20, 2.5), rel=1e-6)
    assert power_z(0.0, 1.0, bounds=Bounds(-3.0, 3.0)) == pytest.approx(
        2.0 * stats.norm.cdf(3.0 - 1.6448536) - 1.0
    )
    assert power_z(0.0, 1.0, bounds=Bounds(-1.0, 1.0)) == 0.0
    rng = np.random.default_rng(1)
    se = np.sqrt(rng.chisquare(10.0, 200_000) / 10.0)
    apart = 2.6 - stats.t.ppf(0.95, 10.0) * se
    drawn = np.maximum(2.0 * stats.norm.cdf(apart) - 1.0, 0.0)
    got = power_t(0.0, 1.0, 10.0, bounds=Bounds(-2.6, 2.6))
    assert got == pytest.approx(drawn.mean(), abs=4 * drawn.std() / math.sqrt(200_000))


@pytest.mark.parametrize("df", [1.0, 2.5, 12.0, 200.0])
def test_a_floor_of_nothing_is_no_floor(df: float) -> None:
    for level in (0.025, 0.05):
        t = stats.t.ppf(1 - level, df)
        for ncp in (0.0, 2.0):
            got = floored_power([ncp], 1.0, df, df, level, Floor(0.0, df))
            assert got == pytest.approx(stats.nct.sf(t, df, ncp), abs=2e-6)
    got = floored_power([2.0], 1.1, df, df + 3, 0.05, Floor(0.0, df))
    wanted = stats.nct.sf(1.1 * stats.t.ppf(0.95, df), df + 3, 2.0)
    assert got == pytest.approx(wanted, abs=2e-6)


def gridded_power(ncp: float, df: float, level: float, floor: Floor, ratio: float) -> float:
    """Return the power of a test whose standard error has a floor, over a fine grid of both."""

    def mean_squares(of: float, count: int) -> np.ndarray:
        return special.chdtri(of, 1.0 - (np.arange(count) + 0.5) / count) / of

    squared, lowest, share = mean_squares(df, 4000), np.array([[floor.share**2]]), 0.0
    if math.isfinite(floor.pooled_df):
        lowest = lowest * mean_squares(floor.pooled_df, 9)[:, None]
        share = df / (df + floor.pooled_df)
    found = np.where(squared >= lowest, squared, share * squared + (1 - share) * lowest)
    above = np.clip((squared - lowest) / (1.0 - lowest).clip(1e-12), 0.0, 1.0)
    near = floor.df if floor.near_df is None else floor.near_df
    critical = -special.stdtrit(1.0 / (above / df + (1.0 - above) / near), level)
    if floor.near_df is not None:
        critical = np.where(squared >= lowest, critical, -special.stdtrit(floor.df, level))
    spread = np.sqrt(above + (1.0 - above) * floor.se**2)
    return float(special.ndtr((ncp - ratio * critical * np.sqrt(found)) / spread).mean())


@pytest.mark.parametrize(
    "floor",
    [
        Floor(0.8, 4.0),
        Floor(0.8, 90.0),
        Floor(0.7, 60.0, 0.85),
        Floor(0.9, 60.0, 0.9, 40.0),
        Floor(0.9, 60.0, 0.9, 99.0),
        Floor(0.8, 200.0, 0.9, near_df=5.0),
        Floor(0.8, 1e6, 0.9, 30.0, near_df=3.0),
    ],
)
def test_a_floor_is_what_a_fine_grid_says(floor: Floor) -> None:
    for ncp, level, ratio in ((2.5, 0.025, 1.0), (0.0, 0.05, 1.1)):
        got = floored_power([ncp], ratio, 8.0, 8.0, level, floor)
        assert got == pytest.approx(gridded_power(ncp, 8.0, level, floor, ratio), abs=1e-4)


def test_more_than_a_hundred_within_do_not_move_the_floor() -> None:
    at = [
        floored_power([2.5], 1.0, 8.0, 8.0, 0.025, Floor(0.9, 60.0, 0.9, one))
        for one in (99.9, 100.0, 100.1)
    ]
    assert abs(at[1] - at[0]) > 1e-4 > 5e-5 > abs(at[2] - at[1])


def test_two_sides_are_added_and_bounds_on_both_taken_together() -> None:
    two = floored_power([2.0, -2.0], 1.0, 8.0, 8.0, 0.025, Floor(0.9, 60.0))
    each = [floored_power([one], 1.0, 8.0, 8.0, 0.025, Floor(0.9, 60.0)) for one in (2.0, -2.0)]
    assert two == pytest.approx(sum(each))
    both = floored_power([5.0, 5.0], 1.0, 8.0, 8.0, 0.025, Floor(0.9, 60.0), both=True)
    one = floored_power([5.0], 1.0, 8.0, 8.0, 0.025, Floor(0.9, 60.0))
    assert both == pytest.approx(2.0 * one - 1.0, abs=1e-3)
    assert power_t(2.5, 1.0, 8.0, floor=Floor(0.9, 60.0), wrong_direction=False) == pytest.approx(
        floored_power([2.5], 1.0, 8.0, 8.0, 0.025, Floor(0.9, 60.0))
    )
    assert power_t(2.5, 1.0, math.inf, floor=Floor(0.9, 60.0)) == power_z(2.5, 1.0)
