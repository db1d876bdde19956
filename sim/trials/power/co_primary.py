"""Hybrid type 2 trials: power for two co-primary outcomes, by five methods.

Two continuous outcomes of the same people, as fidelity or reach and recovery. In parallel arms with
m people in each of K clusters an arm, the standardised statistic of outcome q has the noncentrality
``effect_q / sqrt(2 sd_q^2 (1 + (m - 1) icc_q) / (K m))``, and the two statistics the correlation
``(within + (m - 1) between) / sqrt(prod (1 + (m - 1) icc_q))``, where `within` is the correlation
of one person's two outcomes and `between` that of two people of a cluster.

All-of (conjunctive): both are significant; no adjustment is needed. At least one (disjunctive): a
test of both with two degrees of freedom. Adjusted p values: one of two at an adjusted level.
Combined: the sum of both outcomes. Single: a weighted mean of both statistics with one degree of
freedom (Owen and others 2025, doi 10.1002/sim.70015; Yang and others 2022, doi 10.1111/biom.13692).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import isinf, sqrt

import numpy as np

from sim.errors import InputError
from sim.trials.designs.correlation import check_positive, check_share

NODES = 200
# Where three estimates of spread are integrated over.
FEW_NODES = 16
# Normal numbers beyond it do not occur.
FURTHEST = 9.0
BONFERRONI, SIDAK, DAP = "Bonferroni", "Sidak", "D/AP"


@dataclass(frozen=True)
class CoPrimary:
    """Two outcomes of the same people."""

    # True difference, total variance and ICC of each outcome.
    effects: tuple[float, float]
    variances: tuple[float, float]
    iccs: tuple[float, float]
    between: float  # Correlation of the two outcomes of two people of a cluster
    within: float  # Correlation of the two outcomes of one person

    def __post_init__(self) -> None:
        for variance in self.variances:
            check_positive("variance", variance)
        for icc in self.iccs:
            check_share("icc", icc)
        clusters = np.array([[self.iccs[0], self.between], [self.between, self.iccs[1]]])
        rest = self.within - self.between
        people = np.array([[1.0 - self.iccs[0], rest], [rest, 1.0 - self.iccs[1]]])
        for matrix in (clusters, people):
            if np.linalg.eigvalsh(matrix)[0] < -1e-12:
                raise InputError(
                    f"between = {self.between:g}, within = {self.within:g}: no two outcomes have "
                    f"these correlations with the ICCs {self.iccs[0]:g} and {self.iccs[1]:g}"
                )

    def correlation_of_means(self, size: float) -> float:
        """Return the correlation of two outcomes' means over clusters of some people each."""
        vif = [1.0 + (size - 1.0) * icc for icc in self.iccs]
        return (self.within + (size - 1.0) * self.between) / sqrt(vif[0] * vif[1])


@dataclass(frozen=True)
class CoPrimaryPower:
    """Power by each method."""

    correlation: float  # Of the two test statistics
    df: float  # Degrees of freedom of the tests
    each: tuple[float, float]  # Two-sided power for each outcome alone at the full level
    all_of: float  # Both are significant, each two-sided at the full level
    # The same with one-sided tests at the full level, as some programs have it.
    all_of_one_sided: float
    # `all_of` where each outcome's error is estimated by itself, as analyses do; the published
    # method, which is a little too high, has one estimate for both.
    all_of_own_errors: float
    # One or both, each two-sided at half the level (Bonferroni), with errors of their own.
    any_of: float
    at_least_one: float  # Two degrees of freedom, one test of both
    single: float  # One degree of freedom, the weighted mean of both statistics
    combined: float  # The sum of both outcomes
    # By name of the adjustment: the smaller power of the two at an adjusted level.
    adjusted: dict[str, float]


def power_of_both(
    effects: Sequence[float],
    variances: Sequence[float],
    rho: float,
    df: float,
    alpha: float,
    within: float,
    shared: float = 1.0,
) -> CoPrimaryPower:
    """Return the power for two co-primary outcomes from their estimates' variances, by each method.

    Parameters
    ----------
    effects, variances : two floats
        Expected estimates, and their variances.
    rho : float
        Correlation of the two estimates.
    df : float
        Degrees of freedom of the tests; infinite where variances count as known.
    alpha : float
    within : float
        Correlation of one person's two outcomes, for the level adjusted by it.
    shared : float
        See `both_significant`.
    """
    from scipy.special import chdtri, chndtr, fdtri, ncfdtr

    z = np.array([e / sqrt(v) for e, v in zip(effects, variances, strict=True)])
    mixed = sqrt(variances[0] * variances[1]) * rho

    def beyond(numerator: float, ncp: float, level: float) -> float:
        if isinf(df):
            return float(1.0 - chndtr(chdtri(numerator, level), numerator, ncp))
        return float(1.0 - ncfdtr(numerator, df, ncp, fdtri(numerator, df, 1.0 - level)))

    both = float((z[0] ** 2 + z[1] ** 2 - 2.0 * rho * z[0] * z[1]) / (1.0 - rho**2))
    combined = sum(effects) ** 2 / (sum(variances) + 2.0 * mixed)
    single = float(z.sum()) ** 2 / (2.0 * (1.0 + rho))
    return CoPrimaryPower(
        correlation=rho,
        df=df,
        each=(beyond(1.0, z[0] ** 2, alpha), beyond(1.0, z[1] ** 2, alpha)),
        all_of=both_significant(z, rho, df, alpha, 2),
        all_of_own_errors=both_significant(z, rho, df, alpha, 2, shared),
        all_of_one_sided=both_significant(z, rho, df, alpha, 1),
        any_of=sum(beyond(1.0, float(q) ** 2, alpha / 2.0) for q in z)
        - both_significant(z, rho, df, alpha / 2.0, 2, shared),
        at_least_one=beyond(2.0, both, alpha),
        single=beyond(1.0, single, alpha),
        combined=beyond(1.0, combined, alpha),
        adjusted={
            name: min(beyond(1.0, float(q) ** 2, level) for q in z)
            for name, level in adjusted_levels(alpha, within).items()
        },
    )


def adjusted_levels(alpha: float, correlation: float) -> dict[str, float]:
    """Return the level of each of two tests: Bonferroni's, Sidak's, and by their correlation.

    The last (Dubey and Armitage-Parmar) counts ``2^(1 - correlation)`` tests.
    """
    tests = 2.0 ** (1.0 - correlation)
    return {
        BONFERRONI: alpha / 2.0,
        SIDAK: 1.0 - sqrt(1.0 - alpha),
        DAP: 1.0 - (1.0 - alpha) ** (1.0 / tests),
    }


def both_significant(
    z: np.ndarray, rho: float, df: float, alpha: float, sides: int, shared: float = 1.0
) -> float:
    """Return the chance that both statistics are beyond their critical value.

    With two sides each must be beyond in the direction of its effect or in the other.

    Parameters
    ----------
    z : (2,) array
        Means of the statistics.
    shared : float
        Share of the degrees of freedom that the two estimates of spread have in common: one in the
        published methods (one chi squared, Kshirsagar's t). Two outcomes with an estimate each,
        which is what is analysed, have the square of their correlation: variances estimated from
        two normal outcomes correlate by so much.
    """
    from scipy.special import ndtri, stdtrit

    level = 1.0 - alpha / sides
    if isinf(df):
        own = np.full((2, 1), ndtri(level))
        return float(_beyond(z, rho, own, sides)[0])
    spread, weights = _spreads(df, shared)
    return float(weights @ _beyond(z, rho, float(stdtrit(df, level)) * spread, sides))


def _spreads(df: float, shared: float) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of estimated over true standard errors, (2, n), and their weights."""
    from scipy.special import chdtri

    def squares(part: float, count: int) -> tuple[np.ndarray, np.ndarray]:
        if part <= 0.0:
            return np.zeros(1), np.ones(1)
        nodes, weights = _legendre(count)
        return np.asarray(chdtri(part, 0.5 - 0.5 * nodes)), weights / 2.0

    if shared >= 1.0:
        found, weights = squares(df, NODES)
        return np.sqrt(np.stack([found, found]) / df), weights
    both, first = squares(df * shared, FEW_NODES)
    own, second = squares(df * (1.0 - shared), FEW_NODES)
    pairs = np.stack(
        [
            (both[:, None, None] + each).ravel()
            for each in np.broadcast_arrays(own[:, None], own[None, :])
        ]
    )
    products = first[:, None, None] * second[:, None] * second
    return np.sqrt(pairs / df), products.ravel()


def _beyond(z: np.ndarray, rho: float, critical: np.ndarray, sides: int) -> np.ndarray:
    """Return the chances that both normal statistics are beyond each of some pairs of values."""
    signs = [(1.0, 1.0)] if sides == 1 else [(s, t) for s in (1.0, -1.0) for t in (1.0, -1.0)]
    found = np.zeros(critical.shape[1])
    for s, t in signs:
        found += _both_above(critical[0] - s * z[0], critical[1] - t * z[1], s * t * rho)
    return found


def _both_above(a: np.ndarray, b: np.ndarray, r: float) -> np.ndarray:
    """Return P(Z1 > a, Z2 > b) with correlation r, by integration over the first."""
    from scipy.special import ndtr

    nodes, weights = _legendre(64)
    low = np.clip(a, -FURTHEST, FURTHEST)[:, None]
    x = low + (FURTHEST - low) * 0.5 * (nodes + 1.0)
    density = np.exp(-0.5 * x**2) / sqrt(2.0 * np.pi)
    inner = ndtr((r * x - b[:, None]) / sqrt(1.0 - r**2))
    return np.asarray((FURTHEST - low[:, 0]) * 0.5 * ((density * inner) @ weights))


@lru_cache
def _legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(count)
