"""Power of a test of two arms with variances of their own, against fine integrals."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest
from scipy import special

from sim.trials.designs.correlation import VarianceComponents
from sim.trials.power.by_arm import by_arm_test, two_variance_power
from sim.trials.power.expected_test import ExpectedTest


def people(count: int) -> np.ndarray:
    return np.ones(count)


def test_people_alone_are_welchs() -> None:
    """12 and 30 people of variances 4 and 9, of which errors add up."""
    found = by_arm_test(
        (people(12), people(30)), (VarianceComponents(3.0, 1.0), VarianceComponents(9.0))
    )
    v0, v1 = 4.0 / 12.0, 9.0 / 30.0
    assert found.se == pytest.approx(sqrt(v0 + v1))
    assert found.model_se == pytest.approx(sqrt(v0 + v1))
    df = (v0 + v1) ** 2 / (v0**2 / 11.0 + v1**2 / 29.0)
    assert (found.df, found.spread_df) == pytest.approx((df, df))
    assert found.cost == 0.0
    assert [one.df for one in found.arms] == [11.0, 29.0]


def test_equal_clusters_are_welchs_of_their_means() -> None:
    """Eight clusters of 5 and twelve of 10, nobody in a ninth: variances of means .6 and 1.3."""
    own = (np.append(np.full(8, 5.0), 0.0), np.full(12, 10.0))
    found = by_arm_test(own, (VarianceComponents(1.0, 0.4), VarianceComponents(3.0, 1.0)))
    v0, v1 = 0.6 / 8, 1.3 / 12
    assert found.se == pytest.approx(sqrt(v0 + v1))
    assert found.df == pytest.approx((v0 + v1) ** 2 / (v0**2 / 7 + v1**2 / 11), rel=1e-3)


def fine(shifts: list[float], arms: list[ExpectedTest], level: float, both: bool) -> float:
    """Return the power over 200 by 200 quantiles of the arms' variances."""
    chances = (np.arange(200) + 0.5) / 200
    variances, dfs = [], []
    for arm in arms:
        squared = special.chdtri(arm.spread_df, 1.0 - chances) / arm.spread_df
        above = np.clip((squared - arm.floor**2) / (1.0 - arm.floor**2), 0.0, 1.0)
        there = arm.df if arm.floor_df == inf else arm.floor_df
        dfs.append(1.0 / (above / arm.df + (1.0 - above) / there))
        variances.append(arm.model_se**2 * np.maximum(squared, arm.floor**2))
    (v0, v1), (d0, d1) = np.ix_(*variances), np.ix_(*dfs)
    df = (v0 + v1) ** 2 / (v0**2 / d0 + v1**2 / d1)
    critical = -special.stdtrit(df, level)
    spread = sqrt(sum(one.se**2 + one.cost for one in arms))
    total = sum(special.ndtr(one - critical * np.sqrt(v0 + v1) / spread) for one in shifts)
    return float((np.maximum(total - 1.0, 0.0) if both else total).mean())


@pytest.mark.parametrize(
    "arms",
    [
        [ExpectedTest(1.0, 1.0, 7.0, 7.0), ExpectedTest(2.0, 2.0, 19.0, 19.0)],
        [
            ExpectedTest(1.0, 1.1, 7.0, 9.0, floor=0.8, floor_df=50.0),
            ExpectedTest(1.2, 1.0, 5.0, 5.0, floor=0.6, cost=0.3),
        ],
    ],
)
def test_power_is_that_of_a_fine_grid(arms: list[ExpectedTest]) -> None:
    for shifts, level, both in (
        ([2.5], 0.025, False),
        ([0.0], 0.05, False),
        ([2.5, -2.5], 0.025, False),
        ([3.0, 3.0], 0.05, True),
        ([1.0, 1.5], 0.05, True),
    ):
        got = two_variance_power(shifts, arms, level, both)
        assert got == pytest.approx(fine(shifts, arms, level, both), abs=1.2e-3)
