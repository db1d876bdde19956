"""Power by formula for binary and count outcomes: the difference of risks or of mean counts.

Parallel arms: Donner and Klar's design effect with each arm's own variance, and for counts Hayes
and Bennett's variance between clusters, (k rate)^2. Over periods: each cell's own
variance; what a marginal model (GEE) does with it is in `sim.trials.power.expected_marginal`. Tests
are t tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from sim.trials.data.outcome_kind import COUNT, check_mean, variance_of, variation_of_rates
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.power.gls_power import KnownVariances, known_variances

Matrix = NDArray[np.float64]


def arm_variance(kind: str, mean: float, icc: float, control: float) -> tuple[float, float]:
    """Return the variance of an outcome with some mean, and its ICC.

    `icc`: under control; a binary outcome's is the same in both arms, a count's clusters vary
    by the same coefficient of variation; `control`: mean under control.
    """
    if kind != COUNT:
        return variance_of(kind, mean), icc
    variation = variation_of_rates(control, icc)
    total = variance_of(COUNT, mean, variation)
    return total, (variation * mean) ** 2 / total


def difference_se(
    variances: Sequence[float],
    iccs: Sequence[float],
    clusters: Sequence[float],
    size: float,
    cv: float = 0.0,
) -> float:
    """Return the standard error of a difference of two arms' means.

    `variances`, `iccs`, `clusters`: variance of an outcome, ICC and number of clusters of each
    arm; `size`, `cv`: people in a cluster, on average, and the coefficient of variation of that
    number.
    """
    return sqrt(
        sum(
            variance * (1.0 + ((cv**2 + 1.0) * size - 1.0) * icc) / (count * size)
            for variance, icc, count in zip(variances, iccs, clusters, strict=True)
        )
    )


def parallel_difference_se(
    kind: str,
    means: tuple[float, float],
    icc: float,
    clusters: tuple[float, float],
    size: float,
    cv: float = 0.0,
) -> float:
    """Return the standard error of the difference of control and treated arms; see above."""
    for mean in means:
        check_mean(kind, mean, "mean under control or treatment")
    found = [arm_variance(kind, one, icc, means[0]) for one in means]
    return difference_se([one[0] for one in found], [one[1] for one in found], clusters, size, cv)


def spread_over_cells(
    kind: str, means: Matrix, seen: NDArray[np.bool_], control: float, icc: float
) -> Matrix:
    """Return the standard deviation of an outcome in each cell that is seen, elsewhere one.

    Raises
    ------
    InputError
        If a mean is one that no outcome has.
    """
    spread = np.ones(means.shape)
    for mean in np.unique(means[seen]):
        check_mean(kind, float(mean), "mean of a period")
        spread[means == mean] = sqrt(arm_variance(kind, float(mean), icc, control)[0])
    return spread


def over_cells(
    kind: str,
    means: Matrix,
    schedule: Matrix,
    people: Matrix,
    components: VarianceComponents,
    control: float,
    icc: float,
    effects: Matrix | None = None,
    shares: Matrix | None = None,
) -> KnownVariances:
    """Return what is known of the difference over periods.

    Parameters
    ----------
    means, schedule, people : (I, J) arrays
        Of each cluster-period; the schedule is NaN where nothing is measured.
    components : VarianceComponents
        Of an outcome with variance one.
    control, icc : float
        Mean and ICC under control.
    effects, shares : arrays, optional
        See `sim.trials.power.gls_power.known_variances`; `shares` are its `means`.
    """
    spread = spread_over_cells(kind, means, ~np.isnan(schedule), control, icc)
    return known_variances(
        schedule, people, components, 1.0 / spread, effects=effects, means=shares
    )
