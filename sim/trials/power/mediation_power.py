"""Power to see that a mediator carries an effect: service, team or worker, and service user.

Treatment is given to whole clusters (level 3), the mediator is measured on units inside them (level
2) and the outcome on people (level 1). Path a is the effect of treatment on the mediator, path B
that of the mediator on the outcome, between clusters and units taken together, both for total
variances of one. Joint test: both paths are significant; Sobel's: the product, as if normal (Kelcey
and others 2017). Both take the paths' estimates as independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from sim.errors import InputError
from sim.trials.designs.correlation import check_share
from sim.trials.power.noncentral_t import power_t, power_z


@dataclass(frozen=True)
class Mediation:
    """The paths and what is left unexplained."""

    # Treatment on the mediator, and mediator on the outcome, in standard deviations.
    a: float
    b: float
    mediator_icc: float  # Share of the mediator's variance between clusters
    # Shares of the outcome's variance between units in clusters, and between clusters.
    unit_icc: float
    cluster_icc: float
    # Shares of the mediator's variance that covariates explain: between units, between clusters.
    mediator_explained: tuple[float, float] = (0.0, 0.0)
    # The same for the outcome: between people, units and clusters.
    explained: tuple[float, float, float] = (0.0, 0.0, 0.0)
    # Columns between clusters in the mediator's and the outcome's model: the treatment, and in the
    # second the mediator, are among them.
    covariates: tuple[int, int] = (1, 2)

    def __post_init__(self) -> None:
        shares = (self.mediator_icc, self.unit_icc, self.cluster_icc)
        for share in (*shares, *self.mediator_explained, *self.explained):
            check_share("share of variance", share)
        if self.unit_icc + self.cluster_icc > 1.0:
            raise InputError(
                f"unit_icc + cluster_icc = {self.unit_icc + self.cluster_icc:g}: at most 1"
            )


@dataclass(frozen=True)
class MediationPower:
    """Power to see mediation."""

    # Standard errors and degrees of freedom of the paths.
    se_a: float
    se_b: float
    df_a: float
    df_b: float
    # Two-sided t tests of each path.
    power_a: float
    power_b: float
    joint: float
    sobel: float


def mediation_power(
    paths: Mediation,
    clusters: int,
    units: float,
    size: float,
    treated: float = 0.5,
    alpha: float = 0.05,
) -> MediationPower:
    """Return the power of a trial to see that the mediator carries the effect.

    Parameters
    ----------
    clusters : int
        In all.
    units, size : float
        Units in a cluster, and people in a unit.
    treated : float
        Share of clusters treated.

    Raises
    ------
    InputError
        If too few clusters are left.
    """
    df_a, df_b = (float(clusters - one - 1) for one in paths.covariates)
    if min(df_a, df_b) < 1.0:
        raise InputError(f"clusters = {clusters}: too few for these covariates")
    of_units, of_clusters = (1.0 - one for one in paths.mediator_explained)
    mediator = paths.mediator_icc * of_clusters + (1.0 - paths.mediator_icc) * of_units / units
    people, unit, cluster = (1.0 - one for one in paths.explained)
    rest = 1.0 - paths.unit_icc - paths.cluster_icc
    outcome = (
        paths.cluster_icc * cluster + paths.unit_icc * unit / units + rest * people / (units * size)
    )
    se_a = sqrt(mediator / (treated * (1.0 - treated) * df_a))
    se_b = sqrt(outcome / (mediator * df_b))
    power_a = power_t(paths.a, se_a, df_a, alpha, 2)
    power_b = power_t(paths.b, se_b, df_b, alpha, 2)
    product_se = sqrt((paths.a * se_b) ** 2 + (paths.b * se_a) ** 2)
    sobel = power_z(paths.a * paths.b, product_se, alpha, 2)
    return MediationPower(se_a, se_b, df_a, df_b, power_a, power_b, power_a * power_b, sobel)
