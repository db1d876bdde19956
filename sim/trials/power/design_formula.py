"""Power by formula for a trial design: what a protocol would print without simulating."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np

from sim.errors import InputError
from sim.trials.designs.correlation import VarianceComponents, from_correlations
from sim.trials.designs.design import (
    NOT_MEASURED,
    TRANSITION,
    TREATED,
    Design,
    arm_sizes,
    compares_clusters,
)
from sim.trials.power.expected_df import expected_df
from sim.trials.power.formula_power import FormulaPower, parallel_power, schedule_power

ANALYSES = {"none": "follow-up", "ancova": "ancova", "change": "change"}


@dataclass(frozen=True)
class Assumed:
    """What a formula takes as known.

    Attributes
    ----------
    effect, sd, icc, cac, iac : float
        Effect and standard deviation in points; correlations.
    attrition : float
        Share lost after the first measurement.
    effect_sd : float
        Standard deviation of the effect between clusters, in points.
    """

    effect: float
    sd: float
    icc: float
    cac: float = 1.0
    iac: float = 0.0
    attrition: float = 0.0
    effect_sd: float = 0.0

    def within_bounds(self) -> Assumed:
        """Return the values moved into the range that correlations can have."""
        return replace(
            self,
            icc=min(max(self.icc if isfinite(self.icc) else 0.0, 0.0), 0.999),
            cac=min(max(self.cac if isfinite(self.cac) else 1.0, 0.0), 1.0),
            iac=min(max(self.iac if isfinite(self.iac) else 0.0, 0.0), 1.0),
        )


def design_power(
    design: Design, assumed: Assumed, alpha: float = 0.05, *, random_treatment: bool = False
) -> FormulaPower:
    """Return power by formula.

    Parameters
    ----------
    design : Design
    assumed : Assumed
    alpha : float
        Two-sided level.
    random_treatment : bool
        Whether the analysis over periods has a random treatment effect. If not, effects that differ
        between clusters still spread the estimate, and the standard error says by how much.

    Returns
    -------
    FormulaPower
        Parallel trials: clusters less two, less one for a baseline, less one for each further
        stratum. Others: cluster-periods less clusters less periods, the degrees of freedom between
        periods within clusters; clusters less two where no cluster is measured under both
        conditions. With a random treatment effect at most those that the design can be expected to
        give on the variances; see `expected_df`.

    Raises
    ------
    InputError
        When too few clusters leave no degrees of freedom, or outcomes do not vary.
    """
    if design.is_parallel:
        control, treated = arm_sizes(design)
        strata = max(design.strata, design.readiness.strata)
        return parallel_power(
            assumed.effect,
            assumed.sd,
            (control, treated),
            design.size,
            assumed.icc,
            analysis=ANALYSES[design.baseline],
            cac=assumed.cac,
            iac=assumed.iac,
            cv=design.size_variation,
            attrition=assumed.attrition,
            cluster_covariates=strata - 1,
            effect_sd=assumed.effect_sd,
            alpha=alpha,
        )
    used = design.by_cluster
    seen = ~np.isin(used, (TRANSITION, NOT_MEASURED))
    schedule = np.where(seen, used == TREATED, np.nan)
    if compares_clusters(design):
        df, rule = float(seen.any(axis=1).sum() - 2), "clusters - 2"
    else:
        df = float(seen.sum() - len(used) - seen.any(axis=0).sum())
        rule = "cluster-periods - clusters - periods"
    if df < 1.0:
        raise InputError(
            f"clusters: {len(used)} over {design.periods} periods leave {df:g} degrees of freedom; "
            "add clusters or periods"
        )
    people, components = cell_people(design, assumed), components_of(design, assumed)
    if random_treatment:
        expected = expected_df(schedule, people, components)
        if expected < df:
            df, rule = max(expected, 1.0), "Satterthwaite's, expected"
    found = schedule_power(
        assumed.effect,
        schedule,
        people,
        components,
        df=df,
        modelled_treatment=random_treatment,
        alpha=alpha,
    )
    return replace(found, df_rule=rule)


def cell_people(design: Design, assumed: Assumed) -> np.ndarray:
    """Return people with an outcome in each cluster and period, sizes spread over sequences."""
    clusters, periods = design.total_clusters, design.periods
    sizes = np.full(clusters, float(design.size))
    if design.size_variation > 0.0:
        from scipy.special import gammaincinv

        shape = 1.0 / design.size_variation**2
        sizes = gammaincinv(shape, (np.arange(clusters) + 0.5) / clusters) * design.size / shape
        order = np.random.Generator(np.random.Philox(key=[clusters, 0])).permutation(clusters)
        sizes = np.maximum(1.0, sizes[order])
    stay = np.full(periods, 1.0 - assumed.attrition)
    if design.sampling != "cross-sectional":
        stay[0] = 1.0
    return np.outer(sizes, stay)


def components_of(design: Design, assumed: Assumed) -> VarianceComponents:
    """Return variance components; people count as others in each period of a cross-section."""
    cohort = design.sampling != "cross-sectional"
    found = from_correlations(
        assumed.sd**2, assumed.icc, assumed.cac, assumed.iac if cohort else 0.0
    )
    found = replace(found, treatment=assumed.effect_sd**2)
    if design.sampling == "open cohort":
        found = replace(found, individual_decay=1.0 - design.churn)
    return found
