"""Correlation within clusters, in the two ways a protocol states it.

Correlations: ICC of people of one cluster-period; CAC, the share of the cluster variance that stays
from period to period; IAC, the share of the individual variance that stays. Variances: of clusters,
cluster-periods, individuals and the residual, and of treatment effects between clusters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError

Matrix = NDArray[np.float64]


def check_share(name: str, value: float) -> None:
    """Raise InputError unless a value lies in [0, 1]."""
    if not 0.0 <= value <= 1.0:
        raise InputError(f"{name}: {value!r} must lie between 0 and 1")


def check_positive(name: str, value: float) -> None:
    """Raise InputError unless a value is positive and finite."""
    if not (value > 0.0 and np.isfinite(value)):
        raise InputError(f"{name}: {value!r} must be greater than 0")


def design_effect(size: float, icc: float, cv: float = 0.0) -> float:
    """Return the factor by which clustering inflates the variance of a mean.

    Parameters
    ----------
    size : float
        Mean cluster size.
    cv : float
        Coefficient of variation of cluster sizes (Eldridge, Ashby and Kerry 2006).
    """
    return 1.0 + ((1.0 + cv**2) * size - 1.0) * icc


@dataclass(frozen=True)
class VarianceComponents:
    """Variances of an outcome measured in clusters over periods."""

    residual: float  # Of one measurement, beyond all else
    # Of cluster, cluster-period and person intercepts.
    cluster: float = 0.0
    cluster_period: float = 0.0
    individual: float = 0.0
    treatment: float = 0.0  # Of the treatment effect between clusters
    treatment_correlation: float = 0.0  # Between a cluster's intercept and its treatment effect
    # Correlation of the cluster's, and the person's, effect in neighbouring periods; 1 for no
    # decay. In an open cohort, the second is the share of people who stay.
    cluster_decay: float = 1.0
    individual_decay: float = 1.0

    def __post_init__(self) -> None:
        for name in ("residual", "cluster", "cluster_period", "individual", "treatment"):
            value = getattr(self, name)
            if not (value >= 0.0 and np.isfinite(value)):
                raise InputError(f"variance '{name}': {value!r} must be 0 or greater")
        check_share("cluster_decay", self.cluster_decay)
        check_share("individual_decay", self.individual_decay)
        if not -1.0 <= self.treatment_correlation <= 1.0:
            raise InputError(
                f"treatment_correlation: {self.treatment_correlation!r} must lie between -1 and 1"
            )

    def cell_covariance(self, treatment: Matrix, sizes: Matrix) -> Matrix:
        """Return the covariance of the cell means of one cluster, or of each of several.

        Parameters
        ----------
        treatment : (..., J) array
            Treatment in each period.
        sizes : (..., J) array
            People measured in each period, all positive. The larger cell is taken to contain the
            people of the smaller where people are measured repeatedly.
        """
        J = sizes.shape[-1]
        lag = np.abs(np.subtract.outer(np.arange(J), np.arange(J))).astype(float)
        one, two = treatment[..., :, None], treatment[..., None, :]
        shared = self.individual / np.maximum(sizes[..., :, None], sizes[..., None, :])
        crossed = self.treatment_correlation * np.sqrt(self.cluster * self.treatment)
        return np.asarray(
            self.cluster * self.cluster_decay**lag
            + np.eye(J) * (self.cluster_period + self.residual / sizes)[..., None]
            + shared * self.individual_decay**lag
            + self.treatment * (one * two)
            + crossed * (one + two)
        )


def from_correlations(
    variance: float, icc: float, cac: float = 1.0, iac: float = 0.0
) -> VarianceComponents:
    """Return the variances for a total variance, ICC, CAC and IAC.

    Parameters
    ----------
    variance : float
        Total variance of one measurement.
    icc : float
        Correlation of two people in a cluster-period.
    cac : float
        Cluster autocorrelation: share of the cluster variance that is constant over periods.
    iac : float
        Individual autocorrelation: share of the other variance that is constant over periods; 0 if
        different people are measured in each period.
    """
    check_positive("variance", variance)
    for name, value in (("icc", icc), ("cac", cac), ("iac", iac)):
        check_share(name, value)
    return VarianceComponents(
        residual=variance * (1.0 - icc) * (1.0 - iac),
        cluster=variance * icc * cac,
        cluster_period=variance * icc * (1.0 - cac),
        individual=variance * (1.0 - icc) * iac,
    )
