"""Binary and count outcomes with the correlations of a design file.

Each outcome is a quantile of its distribution at a standard normal number that is shared by people
of a cluster, a cluster's period and a person (a Gaussian copula), so that every design, loss and
correlation over time of continuous outcomes goes with it. The correlations of those numbers are
solved so that the outcomes under control have the ones that are asked for, on their own scale.

A count's clusters differ in their rates by a coefficient of variation k, and its variance is
m + (k m)^2 for a mean m: with ICC r under control, k^2 = r / ((1 - r) m).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError

Matrix = NDArray[np.float64]

CONTINUOUS, BINARY, COUNT = "continuous", "binary", "count"
# Upper tail of a count that is left out.
TAIL = 1e-12
NODES = 120
# Beyond it normal numbers of a cluster are one number.
CLOSEST = 0.995


class Latent(NamedTuple):
    """Correlations of the normal numbers, in the words of a design file."""

    icc: float
    cac: float
    iac: float
    cluster_decay: float


def variation_of_rates(mean: float, icc: float) -> float:
    """Return the coefficient of variation of clusters' rates that an ICC of counts means."""
    return float(np.sqrt(icc / ((1.0 - icc) * mean)))


def variance_of(kind: str, mean: float, variation: float = 0.0) -> float:
    """Return the variance of a binary outcome, or of a count whose clusters' rates vary."""
    return mean * (1.0 - mean) if kind == BINARY else mean + (variation * mean) ** 2


def check_mean(kind: str, mean: float, what: str = "mean") -> None:
    """Refuse a mean that an outcome of a kind cannot have.

    Raises
    ------
    InputError
    """
    if kind == BINARY and not 0.0 < mean < 1.0:
        raise InputError(
            f"{what} = {mean:g}: the probability of a binary outcome must lie between 0 and 1"
        )
    if kind == COUNT and not 0.0 < mean <= 1e4:
        raise InputError(f"{what} = {mean:g}: the mean of a count must be above 0, at most 10000")


def spread_words(kind: str, mean: float, sd: float) -> str:
    """Return in words what a calculation takes as known of an outcome beside its effect."""
    return {
        CONTINUOUS: f"a standard deviation of {sd:.3g}",
        BINARY: f"a probability under control of {mean:.3g}",
        COUNT: f"a mean count under control of {mean:.3g}",
    }[kind]


def cumulative(kind: str, mean: float, variation: float) -> Matrix:
    """Return the distribution function of an outcome at 0, 1, ..., less its last step."""
    from scipy.special import betainc, pdtr

    if kind == BINARY:
        return np.array([1.0 - mean])
    spread = np.sqrt(variance_of(COUNT, mean, variation))
    most = int(mean + 40.0 * spread + 40.0)
    at = np.arange(most, dtype=float)
    if variation > 0.0:
        size = 1.0 / variation**2
        found = betainc(size, at + 1.0, size / (size + mean))
    else:
        found = pdtr(at, mean)
    return np.asarray(found[found < 1.0 - TAIL])


def outcomes(kind: str, means: Matrix, normal: Matrix, variation: float) -> Matrix:
    """Return outcomes of people with some means, at their standard normal numbers."""
    from scipy.special import ndtr

    found = np.empty(len(normal))
    share = ndtr(normal)
    for mean in np.unique(means):
        own = means == mean
        steps = cumulative(kind, float(mean), variation)
        found[own] = np.searchsorted(steps, share[own], side="left")
    return found


class Outcome(NamedTuple):
    """An outcome by its distribution under control; of a continuous one the kind alone counts."""

    kind: str
    mean: float = 0.0
    variation: float = 0.0  # Of clusters' rates, of a count

    @property
    def variance(self) -> float:
        """Its variance; 1 of a continuous outcome."""
        if self.kind == CONTINUOUS:
            return 1.0
        return variance_of(self.kind, self.mean, self.variation)

    def expected(self, latent: float, at: Matrix) -> Matrix:
        """Return its mean given the part of its normal number that another outcome shares.

        `latent`: the part's variance, below 1; `at`: the part, in its standard deviations.
        """
        from scipy.special import ndtr, ndtri

        shared = np.sqrt(latent) * at
        if self.kind == CONTINUOUS:
            return np.asarray(shared)
        edges = ndtri(cumulative(self.kind, self.mean, self.variation))
        above = ndtr((shared[:, None] - edges) / np.sqrt(1.0 - latent))
        return np.asarray(above.sum(axis=1))


def correlation(latent: float, first: Outcome, second: Outcome | None = None) -> float:
    """Return the correlation of two outcomes, the same twice by default.

    `latent`: the correlation of their normal numbers, above -1 and below 1.
    """
    second = second or first
    nodes, weights = _normal_nodes()
    shared = abs(latent)
    one = first.expected(shared, nodes)
    other = second.expected(shared, nodes if latent >= 0.0 else -nodes)
    covariance = float(weights @ (one * other) - (weights @ one) * (weights @ other))
    return covariance / float(np.sqrt(first.variance * second.variance))


def latent_cross(
    first: Outcome, second: Outcome, wanted: float, name: str = "correlation"
) -> float:
    """Return the correlation of normal numbers that gives two outcomes the one that is wanted.

    `name`: what is wanted, for a refusal.

    Raises
    ------
    InputError
        If no two such outcomes have it.
    """
    from scipy.optimize import brentq

    if wanted == 0.0 or first.kind == second.kind == CONTINUOUS:
        return wanted
    end = CLOSEST if wanted > 0.0 else -CLOSEST
    if abs(correlation(end, first, second)) <= abs(wanted):
        raise InputError(
            f"{name} = {wanted:g}: a {first.kind} and a {second.kind} outcome with these means "
            "cannot go together so closely"
        )
    found = brentq(lambda r: correlation(r, first, second) - wanted, min(0.0, end), max(0.0, end))
    return float(found)


@lru_cache(maxsize=1)
def _normal_nodes() -> tuple[Matrix, Matrix]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return nodes, weights / weights.sum()


def outcome_of(kind: str, mean: float, icc: float) -> Outcome:
    """Return an outcome by what a design file says of it under control."""
    return Outcome(kind, mean, variation_of_rates(mean, icc) if kind == COUNT else 0.0)


@lru_cache(maxsize=256)
def latent_correlations(
    kind: str, mean: float, icc: float, cac: float, iac: float, cluster_decay: float
) -> Latent:
    """Return the correlations of the normal numbers that outcomes under control need.

    Parameters
    ----------
    kind : str
        `BINARY` or `COUNT`.
    mean : float
        Under control.
    icc, cac, iac, cluster_decay : float
        Of the outcomes; see `sim.trials.data.statistical.Correlations`. The decay is right for
        neighbouring periods and about so for others.

    Raises
    ------
    InputError
        If outcomes of this mean cannot be so alike.
    """
    from scipy.optimize import brentq

    outcome = outcome_of(kind, mean, icc)
    most = correlation(CLOSEST, outcome)

    def solved(wanted: float) -> float:
        if wanted <= 0.0:
            return 0.0
        if wanted >= most:
            raise InputError(f"icc = {icc:g}: outcomes with the mean {mean:g} cannot be so alike")
        return float(brentq(lambda r: correlation(r, outcome) - wanted, 0.0, CLOSEST))

    same = solved(icc)
    other = solved(icc * cac)
    neighbour = solved(icc * cac * cluster_decay)
    person = solved(icc * cac + (1.0 - icc) * iac)
    return Latent(
        same,
        other / same if same > 0.0 else 1.0,
        (person - other) / (1.0 - same),
        neighbour / other if other > 0.0 else 1.0,
    )
