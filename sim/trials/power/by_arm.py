"""What a test of two arms with variances of their own can be expected to do.

Each arm's variance is estimated by itself, so that power is an integral over two estimated
variances instead of one; the critical value has Satterthwaite's degrees of freedom of that pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from sim.trials.designs.correlation import VarianceComponents
from sim.trials.power.expected_test import Cells, ExpectedTest, expected_test

Matrix = NDArray[np.float64]

NODES = 48


def by_arm_test(
    people: tuple[Matrix, Matrix], truths: tuple[VarianceComponents, VarianceComponents]
) -> ExpectedTest:
    """Return what the test can be expected to do, with the two arms in `arms`.

    Parameters
    ----------
    people : two arrays
        People analysed in each cluster of control and treatment; ones throughout where an arm is
        not clustered.
    truths : two of VarianceComponents
        Between clusters and within.
    """
    arms = tuple(_mean(one[one > 0.0], truth) for one, truth in zip(people, truths, strict=True))
    variances = [one.model_se**2 for one in arms]
    df, spread_df = (
        sum(variances) ** 2
        / sum(v**2 / max(getattr(one, name), 1e-9) for v, one in zip(variances, arms, strict=True))
        for name in ("df", "spread_df")
    )
    return ExpectedTest(
        sqrt(sum(one.se**2 for one in arms)),
        sqrt(sum(variances)),
        df,
        spread_df,
        cost=sum(one.cost for one in arms),
        arms=arms,
    )


def _mean(people: Matrix, truth: VarianceComponents) -> ExpectedTest:
    """Return what the test of an arm's mean can be expected to do."""
    if people.size and (people == 1.0).all():
        se, df = sqrt((truth.cluster + truth.residual) / people.size), people.size - 1.0
        return ExpectedTest(se, se, df, df)
    sizes, times = np.unique(people, return_counts=True)
    ones = np.ones((sizes.size, 1))
    cells = Cells(sizes[:, None], 0.0 * ones, ones[..., None], ones, times.astype(float))
    return expected_test(cells, truth, ("cluster",))


def two_variance_power(
    shifts: Sequence[float], arms: Sequence[ExpectedTest], level: float, both: bool
) -> float:
    """Return the power of the test.

    Parameters
    ----------
    shifts : sequence of float
        As for `sim.trials.power.noncentral_t.floored_power`.
    level : float
        Of one tail.
    both : bool
        Whether all one-sided tests must reject.
    """
    from scipy.special import ndtr, stdtrit

    nodes, weights = _nodes()
    found = [_estimated(one, nodes) for one in arms]
    (v0, d0), (v1, d1) = found
    variance = v0[:, None] + v1[None, :]
    df = variance**2 / (v0[:, None] ** 2 / d0[:, None] + v1[None, :] ** 2 / d1[None, :])
    # The critical value is smooth in one over the degrees of freedom.
    inverse = 1.0 / df
    table = np.linspace(inverse.min(), inverse.max(), 65)
    critical = np.interp(inverse, table, -stdtrit(1.0 / np.maximum(table, 1e-6), level))
    spread = sqrt(sum(one.spread**2 for one in arms))
    total = sum(ndtr(one - critical * np.sqrt(variance) / spread) for one in shifts)
    if both:
        total = np.maximum(total - (len(shifts) - 1.0), 0.0)
    return float(weights @ total @ weights)


def _estimated(arm: ExpectedTest, chances: Matrix) -> tuple[Matrix, Matrix]:
    """Return an arm's variance as it may be estimated, and its degrees of freedom then."""
    from scipy.special import chdtri

    squared = chdtri(arm.spread_df, 1.0 - chances) / arm.spread_df
    lowest = arm.floor**2
    above = np.clip((squared - lowest) / max(1.0 - lowest, 1e-12), 0.0, 1.0)
    there = arm.df if arm.floor_df == inf else arm.floor_df
    df = 1.0 / (above / arm.df + (1.0 - above) / there)
    return arm.model_se**2 * np.maximum(squared, lowest), df


@cache
def _nodes() -> tuple[Matrix, Matrix]:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return (nodes + 1.0) / 2.0, weights / 2.0
