"""A plain statistical source of outcomes: means, variances and correlations, no mechanism.

With it designs can be checked against formulas, and a statistician can see what the agent-based
source adds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import log, sqrt
from typing import NamedTuple

import numpy as np

from sim.errors import InputError
from sim.trials.data.data import TrialData
from sim.trials.data.outcome_kind import (
    CONTINUOUS,
    COUNT,
    check_mean,
    latent_correlations,
    outcomes,
    variation_of_rates,
)
from sim.trials.designs.design import CONTROL, NOT_MEASURED, TRANSITION, TREATED, Attrition, Design
from sim.trials.designs.randomise import minimised, restricted, simple, stratified
from sim.trials.designs.second_outcome import SharedDraws

# Added to a trial's number for what its second outcome has of its own.
SECOND = 2**41


@dataclass(frozen=True)
class Correlations:
    """How outcomes go together."""

    icc: float  # Correlation of two people of one cluster in the same period
    # Cluster autocorrelation: correlation of two people of one cluster in different periods, as a
    # share of the ICC.
    cac: float = 1.0
    # Individual autocorrelation: correlation of one person's outcomes in two periods beyond what
    # the cluster explains, as a share of what remains (cohorts).
    iac: float = 0.0
    # Factor on what `cac` says for each period beyond the same one: 1 for no decay.
    cluster_decay: float = 1.0

    def __post_init__(self) -> None:
        for name in ("icc", "cac", "iac", "cluster_decay"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise InputError(f"{name} = {value}: must be from 0 to 1")
        if self.icc >= 1.0:
            raise InputError("icc = 1: everybody in a cluster would answer alike; must be below 1")


@dataclass(frozen=True)
class StatisticalSource:
    """Outcomes from means and variances."""

    # Mean and standard deviation of the outcome under control.
    mean: float
    sd: float
    correlations: Correlations  # ICC, CAC, IAC
    effect: float  # Mean difference that treatment makes
    effect_sd: float = 0.0  # Standard deviation of the effect between clusters
    period_effects: tuple[float, ...] = ()  # Added in each period; none when empty
    # Share of the effect that is there in a cluster's first, second ... period since it began,
    # transition periods included; the last one stays. All of it at once when empty.
    exposure: tuple[float, ...] = ()
    kind: str = CONTINUOUS  # Of `sim.trials.data.outcome_kind.KINDS`
    effect_correlation: float = 0.0  # Of a cluster's effect with its lasting level
    # Under treatment, where they are others.
    treated_sd: float | None = None
    treated_icc: float | None = None
    # Effect of each treated arm, where there are several; `effect` is then the first.
    effects: tuple[float, ...] = ()
    # Added to the effect of a cluster for each mean size that it has more; see `effect_of_size`.
    effect_by_size: float = 0.0
    # Of a second outcome of the same people: how far its draws are those of the first, which has
    # the same seed.
    beside: SharedDraws | None = None

    def __post_init__(self) -> None:
        if self.kind != CONTINUOUS:
            for level in (0.0, *self.period_effects):
                check_mean(self.kind, self.mean + level)
                check_mean(self.kind, self.mean + level + self.effect, "mean + effect")
        if not self.sd > 0.0:
            raise InputError(f"sd = {self.sd}: must be above 0")
        if self.effect_sd < 0.0:
            raise InputError(f"effect_sd = {self.effect_sd}: must be 0 or more")

    @property
    def components(self) -> tuple[float, float, float, float]:
        """Standard deviations of cluster, cluster-period, person and rest."""
        variance, c = self.sd * self.sd, self.correlations
        if self.kind != CONTINUOUS:
            variance, c = 1.0, self.drawn
        within = variance * (1.0 - c.icc)
        return (
            sqrt(variance * c.icc * c.cac),
            sqrt(variance * c.icc * (1.0 - c.cac)),
            sqrt(within * c.iac),
            sqrt(within * (1.0 - c.iac)),
        )

    @property
    def under_treatment(self) -> StatisticalSource:
        """The source with the standard deviation and ICC under treatment."""
        icc = self.correlations.icc if self.treated_icc is None else self.treated_icc
        return replace(
            self,
            sd=self.sd if self.treated_sd is None else self.treated_sd,
            correlations=replace(self.correlations, icc=icc),
        )

    @property
    def drawn(self) -> Correlations:
        """Correlations of what is drawn: of binary and count outcomes, those of normal numbers."""
        if self.kind == CONTINUOUS:
            return self.correlations
        c = self.correlations
        found = latent_correlations(self.kind, self.mean, c.icc, c.cac, c.iac, c.cluster_decay)
        return Correlations(*found)

    def simulate(self, design: Design, seed: int, replication: int) -> TrialData:
        """Return the data of one trial.

        Parameters
        ----------
        design : Design
            The trial.
        seed, replication : int
            Key of all draws; effects of different size share their draws.
        """
        rng = np.random.Generator(np.random.Philox(key=[seed, replication]))
        strata = np.arange(design.total_clusters) * design.strata // design.total_clusters
        allocation = allocate(design, strata, rng)
        schedule = design.schedule[allocation]
        sizes = cluster_sizes(design, rng)
        if design.unclustered is not None:
            sizes[allocation == design.unclustered] = 1
        spreads = np.array([self.components, self.under_treatment.components])
        clusters, periods = schedule.shape
        z_cluster = rng.standard_normal(clusters)
        z_effect = rng.standard_normal(clusters)
        if self.effect_correlation:
            r = self.effect_correlation
            z_effect = r * z_cluster + sqrt(1.0 - r * r) * z_effect
        z_period = rng.standard_normal((clusters, periods))
        levels = np.zeros(periods)
        if self.period_effects:
            given = np.array(self.period_effects, float)
            levels[: len(given)] = given[:periods]
        cluster = np.repeat(np.arange(clusters), sizes)
        total = len(cluster)
        number = np.arange(total)
        person_z = rng.standard_normal(total)
        rest = rng.standard_normal((total, periods))
        replaced = rng.random((total, periods))
        newcomers = rng.standard_normal((total, periods))
        missing = rng.random((total, periods))
        lasting = decaying(z_cluster, periods, self.drawn.cluster_decay, rng)
        if self.beside is not None:
            own = np.random.Generator(np.random.Philox(key=[seed, replication + SECOND]))
            alone = decaying(own.standard_normal(clusters), periods, self.drawn.cluster_decay, own)
            lasting = mixed(lasting, alone, self.beside.clusters)
            z_period = mixed(z_period, own.standard_normal(z_period.shape), self.beside.clusters)
            person_z, rest, newcomers = (
                mixed(one, own.standard_normal(one.shape), self.beside.people)
                for one in (person_z, rest, newcomers)
            )
        ever = (schedule == TREATED).any(axis=1).astype(int)
        effect = np.full(clusters, self.effect)
        if design.treated_arms > 1:
            ever *= allocation + 1
            effect = np.array([*(self.effects or (self.effect,) * design.treated_arms), 0.0])
            effect = effect[allocation]
        effect = effect + effect_of_size(design, self.effect_by_size, sizes)
        shares = exposure_shares(schedule, self.exposure)
        intercept = loss_intercept(design, self)
        variation = 0.0
        if self.kind == COUNT:
            variation = variation_of_rates(self.mean, self.correlations.icc)
        parts: list[tuple[np.ndarray, ...]] = []
        first_values = np.full(total, np.nan)
        identity = number.copy()
        for period in range(periods):
            if design.sampling == "cross-sectional":
                person_z = newcomers[:, period]
                identity = number + period * total
            elif design.sampling == "open cohort" and period > 0:
                changed = replaced[:, period] < design.churn
                first_values = np.where(changed, np.nan, first_values)
                person_z = np.where(changed, newcomers[:, period], person_z)
                identity = np.where(changed, number + period * total, identity)
            state = schedule[cluster, period]
            treated = state == TREATED
            sd_cluster, sd_period, sd_person, sd_rest = spreads[treated.astype(int)].T
            value = (
                self.mean
                + levels[period]
                + sd_cluster * lasting[cluster, period]
                + sd_period * z_period[cluster, period]
                + sd_person * person_z
                + sd_rest * rest[:, period]
                + treated
                * shares[cluster, period]
                * (effect[cluster] + self.effect_sd * z_effect[cluster])
            )
            if self.kind != CONTINUOUS:
                normal = (
                    sd_cluster * lasting[cluster, period]
                    + sd_period * z_period[cluster, period]
                    + sd_person * person_z
                    + sd_rest * rest[:, period]
                )
                level = self.mean + levels[period]
                means = level + treated * shares[cluster, period] * self.effect
                value = outcomes(self.kind, means, normal, variation)
            driver = np.zeros(total)
            if design.attrition.mechanism == "not at random":
                driver = (value - self.mean) / self.sd
            elif design.attrition.mechanism == "at random":
                # Whoever has just come, or was not reached then, has no baseline to depend on.
                driver = np.nan_to_num((first_values - self.mean) / self.sd)
            lost = loss(design, intercept, driver, treated, missing[:, period], period)
            outcome = np.where(lost, np.nan, value)
            kept = (state != NOT_MEASURED) & (state != TRANSITION)
            if period == 0:
                first_values = outcome
            elif design.sampling == "open cohort":
                first_values = np.where(changed & kept, outcome, first_values)
            parts.append(
                (
                    cluster[kept],
                    np.full(kept.sum(), period),
                    identity[kept],
                    treated[kept].astype(int),
                    ever[cluster[kept]].astype(int),
                    outcome[kept],
                    strata[cluster[kept]],
                )
            )
        return TrialData(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def effect_of_size(design: Design, slope: float, sizes: np.ndarray) -> np.ndarray:
    """Return what the effect has beyond that of a cluster of mean size: slope (size / mean - 1)."""
    mean = float(np.mean(design.sizes)) if design.sizes else design.size
    return np.asarray(slope * (sizes / mean - 1.0))


def mixed(first: np.ndarray, own: np.ndarray, correlation: float) -> np.ndarray:
    """Return standard normal numbers with a correlation with the first of two kinds of them."""
    return np.asarray(correlation * first + sqrt(1.0 - correlation * correlation) * own)


def decaying(first: np.ndarray, periods: int, decay: float, rng: np.random.Generator) -> np.ndarray:
    """Return standard normal effects of clusters by period, correlated by decay^lag.

    `first` (clusters,): effects in the first period; `decay`: 1 draws nothing.
    """
    effects = np.repeat(first[:, None], periods, axis=1)
    if decay < 1.0:
        fresh = sqrt(1.0 - decay * decay) * rng.standard_normal(effects.shape)
        for period in range(1, periods):
            effects[:, period] = decay * effects[:, period - 1] + fresh[:, period]
    return effects


def exposure_shares(schedule: np.ndarray, exposure: tuple[float, ...]) -> np.ndarray:
    """Return the share of the effect in every cluster and period, shape as the schedule's.

    A cluster's first period of transition or treatment is its first period of exposure; a period
    back in control starts the count anew.
    """
    if not exposure:
        return np.ones(schedule.shape)
    begun = np.isin(schedule, (TREATED, TRANSITION, NOT_MEASURED))
    shares = np.zeros(schedule.shape)
    count = np.zeros(len(schedule), int)
    for period in range(schedule.shape[1]):
        on = begun[:, period] & ((count > 0) | (schedule[:, period] != NOT_MEASURED))
        count = np.where(on, count + 1, 0)
        at = np.clip(count - 1, 0, len(exposure) - 1)
        shares[:, period] = np.where(count > 0, np.array(exposure)[at], 0.0)
    return shares


def allocate(design: Design, strata: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the sequence of every cluster under the design's randomisation."""
    if design.randomisation == "stratified":
        return stratified(design.clusters, strata, rng)
    if design.randomisation == "minimised":
        return minimised(design.clusters, strata[:, None], rng)
    if design.randomisation == "restricted":
        return restricted(design.clusters, strata[:, None].astype(float), rng)
    return simple(design.clusters, rng)


def cluster_sizes(design: Design, rng: np.random.Generator) -> np.ndarray:
    """Return people per cluster: as listed, or gamma with the mean and variation, at least 1."""
    if design.sizes:
        return np.array(design.sizes, int)
    return varied_sizes(design.total_clusters, design.size, design.size_variation, rng)


def varied_sizes(count: int, size: float, variation: float, rng: np.random.Generator) -> np.ndarray:
    """Return so many whole numbers with a mean and a coefficient of variation; see above."""
    if variation == 0.0:
        whole = int(size)
        extra = rng.random(count) < size - whole
        return whole + extra.astype(int)
    shape = 1.0 / variation**2
    drawn = rng.gamma(shape, size / shape, count)
    return np.maximum(1, np.rint(drawn)).astype(int)


def sizes_of_all(design: Design) -> np.ndarray:
    """Return the sizes of all clusters as listed, or 10,000 that stand for their distribution."""
    if design.sizes:
        return np.array(design.sizes, float)
    from scipy.special import gammaincinv

    shape = 1.0 / design.size_variation**2
    drawn = gammaincinv(shape, (np.arange(10_000) + 0.5) / 10_000) * design.size / shape
    return np.maximum(1.0, np.rint(drawn))


def loss(
    design: Design,
    intercept: float,
    driver: np.ndarray,
    treated: np.ndarray,
    uniform: np.ndarray,
    period: int,
) -> np.ndarray:
    """Return who is lost in a period: logit = intercept + slope z + arm difference x treated.

    Parameters
    ----------
    intercept : float
        See `loss_intercept`.
    driver : (n,) array
        z, the standardised baseline (at random) or outcome (not at random); 0 where there is none.
    treated : (n,) array of bool
    uniform : (n,) array
        Chance, uniform from 0 to 1.
    period : int
        The people of a cohort are not lost in its first period.
    """
    attrition: Attrition = design.attrition
    if attrition.rate <= 0.0 or not can_be_lost(design, period):
        return np.zeros(len(driver), bool)
    logit = intercept + attrition.slope * driver + attrition.arm_difference * treated
    lost: np.ndarray = uniform < 1.0 / (1.0 + np.exp(-logit))
    return lost


def can_be_lost(design: Design, period: int) -> bool:
    """Return whether anybody can be lost in a period: in all but a cohort's first of several."""
    return period > 0 or design.periods == 1 or design.sampling == "cross-sectional"


def loss_intercept(design: Design, source: StatisticalSource) -> float:
    """Return the intercept that makes the mean loss of a design its declared rate.

    The mean is over all people asked in periods in which they can be lost, in both arms, and over
    the normal distribution of what loss depends on.
    """
    a = design.attrition
    if a.rate <= 0.0:
        return -np.inf
    if a.slope == 0.0 and a.arm_difference == 0.0:
        return log(a.rate / (1.0 - a.rate))
    return _intercept(
        a,
        source,
        design.sampling,
        design.churn,
        design.clusters,
        tuple(tuple(int(one) for one in row) for row in design.schedule),
    )


@lru_cache(maxsize=256)
def _intercept(
    attrition: Attrition,
    source: StatisticalSource,
    sampling: str,
    churn: float,
    clusters: tuple[int, ...],
    schedule: tuple[tuple[int, ...], ...],
) -> float:
    """Return the intercept, found by halving over a mixture of normal distributions."""
    rows = np.array(schedule)
    periods = rows.shape[1]
    treated = rows == TREATED
    given = np.zeros(periods)
    levels = np.array(source.period_effects, float)[:periods]
    given[: len(levels)] = levels
    shares = treated * exposure_shares(rows, source.exposure)
    mean = (given + shares * source.effect) / source.sd
    spread = np.sqrt(1.0 + (shares * source.effect_sd / source.sd) ** 2)
    groups: list[_Group] = []
    for row, period in np.argwhere(np.isin(rows, (CONTROL, TREATED))):
        if period == 0 and periods > 1 and sampling != "cross-sectional":
            continue
        weight, on = float(clusters[row]), bool(treated[row, period])
        if attrition.mechanism == "not at random":
            groups.append(_Group(weight, mean[row, period], spread[row, period], on))
        elif attrition.mechanism == "at random":
            came_when = _arrivals(churn if sampling == "open cohort" else 0.0, int(period))
            for came, share in enumerate(came_when):
                known = (mean[row, came], spread[row, came])
                part, at = weight * share, bool(treated[row, came])
                if came == 0:
                    groups.append(_Group(part, *known, on))
                elif came == period or rows[row, came] not in (CONTROL, TREATED):
                    groups.append(_Group(part, 0.0, 0.0, on))
                else:
                    groups.append(_Group(part, *known, on, at, 1.0))
                    groups.append(_Group(part, 0.0, 0.0, on, at, -1.0))
        else:
            groups.append(_Group(weight, 0.0, 0.0, on))
    weights, centres, sds, arms, arms_then, reached = np.array(groups, float).T
    nodes, chances = np.polynomial.hermite_e.hermegauss(61)
    chances = chances / chances.sum()
    fixed = attrition.slope * (centres[:, None] + sds[:, None] * nodes)
    fixed += attrition.arm_difference * arms[:, None]
    low, high = -200.0, 200.0
    for _ in range(60):
        middle = (low + high) / 2.0
        then = _share_lost(middle + attrition.arm_difference * arms_then)
        parts = weights * np.where(reached > 0.0, 1.0 - then, np.where(reached < 0.0, then, 1.0))
        if parts @ (_share_lost(middle + fixed) @ chances) < attrition.rate * parts.sum():
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


class _Group(NamedTuple):
    """People of a sequence and period whose loss depends on one normal distribution."""

    weight: float  # Clusters, times the share of the period's people
    # Of what loss depends on, standardised.
    mean: float
    sd: float
    # Now, and when they came.
    treated: bool
    treated_then: bool = False
    # 1 and -1 for those who were and were not reached when they came; 0 where it is all one.
    reached: float = 0.0


def _share_lost(logit: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -500.0, 500.0))))


def _arrivals(churn: float, period: int) -> list[float]:
    """Return the share of a period's people who came in each period up to it."""
    first = (1.0 - churn) ** period
    return [first] + [churn * (1.0 - churn) ** (period - came) for came in range(1, period + 1)]
