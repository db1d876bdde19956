"""Power by formula for a trial design: what a protocol would print without simulating."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, sqrt

import numpy as np

from sim.errors import InputError
from sim.trials.analyses.analysis_plan import (
    AnalysisPlan,
    default_plan,
    exposure_of_cells,
    tested_columns,
)
from sim.trials.analyses.exposure import CONSTANT, exposure_weights
from sim.trials.analyses.marginal_exposure import ERROR
from sim.trials.analyses.methods import by_arm
from sim.trials.analyses.registry import analysis_named
from sim.trials.analyses.several_arms import BONFERRONI, DUNNETT, HOLM, IN_WORDS
from sim.trials.analyses.standardised import chosen_error
from sim.trials.data.outcome_kind import CONTINUOUS
from sim.trials.data.statistical import exposure_shares
from sim.trials.designs.correlation import VarianceComponents, from_correlations
from sim.trials.designs.design import NOT_MEASURED, TRANSITION, TREATED, Design, arm_sizes
from sim.trials.fits.gee import EXCHANGEABLE, INDEPENDENCE
from sim.trials.power.by_arm import by_arm_test
from sim.trials.power.drawn_sizes import dealt_people, drawn_people
from sim.trials.power.drawn_variances import most_trials, with_draws
from sim.trials.power.expected_marginal import MarginalModel, marginal_over_cells
from sim.trials.power.expected_test import (
    EFFECTS,
    Cells,
    ExpectedTest,
    expected_tests,
    trial_cells,
)
from sim.trials.power.formula_power import FormulaPower, parallel_power, power_of_tests
from sim.trials.power.generalised_power import (
    over_cells,
    parallel_difference_se,
)
from sim.trials.power.multi_arm_power import ArmsPower, drawn_arms_power
from sim.trials.power.parallel_test import Outcome

# Cluster-periods up to which variances are drawn.
MOST_CELLS = 100
ANALYSES = {"none": "follow-up", "ancova": "ancova", "change": "change"}


@dataclass(frozen=True)
class Assumed:
    """What a formula takes as known."""

    # Effect and standard deviation in points; correlations.
    effect: float
    sd: float
    icc: float
    cac: float = 1.0
    iac: float = 0.0
    attrition: float = 0.0  # Share lost after the first measurement
    effect_sd: float = 0.0  # Standard deviation of the effect between clusters, in points
    # Of the cluster's autocorrelation, for each period between two measurements.
    cluster_decay: float = 1.0
    # Shares of the effect by period since a cluster began, where it builds up; `effect` is its
    # average over treated periods.
    exposure: tuple[float, ...] = ()
    outcome: str = CONTINUOUS  # Its kind; see `sim.trials.data.outcome_kind`
    mean: float = 0.0  # Under control, which matters for binary and count outcomes
    effect_correlation: float = 0.0  # Of effects with the lasting levels of clusters
    # Under treatment, where they are others.
    treated_sd: float | None = None
    treated_icc: float | None = None
    # Of each treated arm, where there are several; `effect` is then the first.
    arm_effects: tuple[float, ...] = ()

    @property
    def under_treatment(self) -> Assumed:
        """The values with the standard deviation and ICC under treatment."""
        return replace(
            self,
            sd=self.sd if self.treated_sd is None else self.treated_sd,
            icc=self.icc if self.treated_icc is None else self.treated_icc,
        )

    def within_bounds(self) -> Assumed:
        """Return the values moved into the range that correlations can have."""
        return replace(
            self,
            icc=min(max(self.icc if isfinite(self.icc) else 0.0, 0.0), 0.999),
            cac=min(max(self.cac if isfinite(self.cac) else 1.0, 0.0), 1.0),
            iac=min(max(self.iac if isfinite(self.iac) else 0.0, 0.0), 1.0),
        )


def design_power(
    design: Design,
    assumed: Assumed,
    alpha: float = 0.05,
    *,
    plan: AnalysisPlan | None = None,
    size: float | None = None,
) -> FormulaPower:
    """Return power by formula.

    Parameters
    ----------
    alpha : float
        Level: two-sided, or of each one-sided test.
    plan : AnalysisPlan, optional
        The analysis; the one that the design calls for when not given.
    size : float, optional
        People per cluster and period instead of the design's, such as very many.

    Returns
    -------
    FormulaPower
        Of the declared analysis, whatever the truth has in it beside: its estimate's expectation,
        its true and its own standard error, and the degrees of freedom that its test can be
        expected to have.

    Raises
    ------
    InputError
        When too few clusters leave no degrees of freedom, or outcomes do not vary.
    """
    plan = plan or default_plan(design)
    return _of_plan(design, assumed, plan, alpha, size).against(plan.bounds)


def _of_plan(
    design: Design, assumed: Assumed, plan: AnalysisPlan, alpha: float, size: float | None
) -> FormulaPower:
    """Return the power of the plan's two-sided test."""
    if design.treated_arms > 1:
        return _of_arms(design, assumed, plan, alpha, size)
    if plan.test == by_arm.ANALYSIS.name:
        return _by_arm(design, assumed, alpha, size)
    if arms_differ(design, assumed):
        raise InputError(
            f"formula: none where arms differ in their variances or clusters and the analysis "
            f"('{plan.test}') has one for both; simulate it, or use test = "
            f"'{by_arm.ANALYSIS.name}'"
        )
    if assumed.outcome != CONTINUOUS:
        return _of_risks_or_counts(design, assumed, plan, alpha, size)
    if design.is_parallel and plan.baseline != "constrained":
        control, treated = arm_sizes(design)
        strata = max(design.strata, design.readiness.strata)
        return parallel_power(
            assumed.effect,
            assumed.sd,
            (control, treated),
            design.size if size is None else size,
            assumed.icc,
            analysis=ANALYSES[design.baseline],
            cac=assumed.cac * assumed.cluster_decay ** (design.periods - 1),
            iac=assumed.iac,
            cv=design.size_variation if size is None else 0.0,
            attrition=assumed.attrition,
            cluster_covariates=strata - 1,
            effect_sd=assumed.effect_sd,
            effect_correlation=assumed.effect_correlation,
            listed=design.sizes if size is None else (),
            test=plan.test,
            alpha=alpha,
        )
    return _over_periods(design, assumed, plan, alpha, size)


def arms_differ(design: Design, assumed: Assumed) -> bool:
    """Return whether arms differ in their variances, or one is not in clusters."""
    own = assumed.treated_sd, assumed.treated_icc, design.unclustered
    return any(one is not None for one in own)


def _of_arms(
    design: Design, assumed: Assumed, plan: AnalysisPlan, alpha: float, size: float | None
) -> FormulaPower:
    """Return power of the first of several arms against control."""
    of_means = analysis_named(plan.test).needs_arms
    if design.baseline != "none" or of_means or arms_differ(design, assumed):
        raise InputError(
            "formula: none for several arms with a baseline, variances or clusters of their own, "
            "or a test of cluster means; simulate it"
        )
    together = plan.multiplicity in (HOLM, DUNNETT)
    if together and plan.bounds is not None:
        raise InputError(
            f"formula: none for {IN_WORDS[plan.multiplicity]} with hypothesis = "
            f"'{plan.hypothesis}'; simulate it, or use multiplicity = '{BONFERRONI}'"
        )
    count = design.treated_arms
    tests = arm_tests(design, assumed, plan, size)[0]
    level = alpha / count if plan.multiplicity == BONFERRONI else alpha
    rule = f"{design.total_clusters} clusters - {count + max(design.strata, 1)}, all arms"

    def at(effect: float) -> FormulaPower:
        found = power_of_tests(effect, tests, rule, level, at=at)
        if not together:
            return found
        others = replace(assumed, arm_effects=(effect, *assumed.arm_effects[1:]))
        return replace(found, power=joint_arms(design, others, plan, size).each[0])

    return at(assumed.effect)


def arm_tests(
    design: Design, assumed: Assumed, plan: AnalysisPlan, size: float | None = None
) -> list[list[ExpectedTest]]:
    """Return what the test of each treated arm can be expected to do, for sizes as they may be."""
    schedule = (design.by_cluster == TREATED).astype(float)
    number = np.repeat(np.arange(len(design.clusters)), design.clusters)
    strata = np.arange(design.total_clusters) % max(design.strata, 1)
    truth = components_of(design, assumed)
    truth = replace(truth, cluster=truth.cluster + truth.cluster_period, cluster_period=0.0)
    adapted = analysis_named(plan.test).formula
    free = float(design.total_clusters - design.treated_arms - max(design.strata, 1))
    df = free if plan.test == "between-within" else None
    people = _people(design, assumed, size)
    found = []
    for arm in range(design.treated_arms):
        others = [one for one in range(design.treated_arms) if one != arm]
        dummies = np.stack([number == one for one in (arm, *others)], axis=-1).astype(float)
        cells = [
            trial_cells(
                schedule, one, strata, shares=dummies[:, None, 0], by_exposure=dummies[:, None, :]
            )
            for one in people
        ]
        effects = ("cluster",)
        found.append(
            expected_tests(
                cells, [truth] * len(cells), effects, test=plan.test, df=df, adapted=adapted
            )
        )
    return found


def joint_arms(
    design: Design, assumed: Assumed, plan: AnalysisPlan, size: float | None = None
) -> ArmsPower:
    """Return power for each arm, any and all, by the joint distribution of their tests.

    The differences share control: with v_k the variance of one, clusters alike, that of control's
    mean is its share by number of clusters.
    """
    tests = arm_tests(design, assumed, plan, size)
    variances = [float(np.mean([one.spread**2 for one in own])) for own in tests]
    control = float(design.clusters[-1])
    shared = float(
        np.mean(
            [v * n / (n + control) for v, n in zip(variances, design.clusters[:-1], strict=True)]
        )
    )
    errors = [sqrt(max(v - shared, 1e-12 * v)) for v in variances]
    df = float(np.median([one.df for own in tests for one in own]))
    floor = float(np.mean([one.floor for own in tests for one in own]))
    return drawn_arms_power(
        assumed.arm_effects, errors, sqrt(shared), df, plan.multiplicity, plan.alpha, floor
    )


def _by_arm(design: Design, assumed: Assumed, alpha: float, size: float | None) -> FormulaPower:
    """Return power where each arm is analysed by itself."""
    outcomes = [assumed, assumed.under_treatment]
    slope = 1.0 if design.baseline == "change" else 0.0
    cac = assumed.cac * assumed.cluster_decay ** (design.periods - 1)
    control, treated = (Outcome(one.sd, one.icc, cac, one.iac).left(slope) for one in outcomes)
    effects = assumed.effect_sd**2
    crossed = assumed.effect_correlation * assumed.effect_sd * sqrt(control.cluster * cac)
    treated = replace(treated, cluster=max(treated.cluster + effects + 2.0 * crossed, 0.0))
    arm = (design.by_cluster[:, -1] == TREATED).astype(int)
    tests = []
    for people in _people(design, assumed, size):
        last = people[:, -1]
        tests.append(by_arm_test((last[arm == 0], last[arm == 1]), (control, treated)))
    return power_of_tests(assumed.effect, tests, "Satterthwaite's, of both arms'", alpha)


def _of_risks_or_counts(
    design: Design, assumed: Assumed, plan: AnalysisPlan, alpha: float, size: float | None
) -> FormulaPower:
    """Return power for binary and count outcomes: a t test on clusters - 2 degrees of freedom."""
    strata = max(design.strata, design.readiness.strata)
    lost = 1 + strata if design.is_parallel else 2
    df = float(design.total_clusters - lost)
    rule = f"clusters - {lost}"
    unequal = design.is_parallel and size is None and design.size_variation > 0.0
    if unequal and plan.test == "marginal" and plan.correlation != INDEPENDENCE:
        rule += "; clusters weighed by their people, as if the working correlation were none"
    people = _people(design, assumed, size)
    used = design.by_cluster
    schedule = np.where(np.isin(used, (TRANSITION, NOT_MEASURED)), np.nan, used == TREATED)
    components = components_of(design, replace(assumed, sd=1.0))
    shares = exposure_means(design, assumed.exposure)
    marginal = marginal_model(design, plan) if plan.test == "marginal" else None
    effects = None
    if plan.estimand != CONSTANT:
        effects = tested_columns(exposure_of_cells(design), plan)

    def at(effect: float) -> FormulaPower:
        means = assumed.mean, assumed.mean + effect
        if design.is_parallel:
            control, treated = arm_sizes(design)
            asked = design.size if size is None else size
            ses = [
                parallel_difference_se(
                    assumed.outcome,
                    means,
                    assumed.icc,
                    (control, treated),
                    asked * (1.0 - assumed.attrition),
                    design.size_variation if size is None else 0.0,
                )
            ]
            tests = [ExpectedTest(se, se, df, df) for se in ses]
        else:
            means_of = assumed.mean + effect * ((used == TREATED) if shares is None else shares)
            known = (assumed.outcome, means_of, schedule)
            taken = (components, assumed.mean, assumed.icc)
            tests = []
            for one in people:
                if marginal is None:
                    found = over_cells(*known, one, *taken, effects, shares)
                    tests.append(ExpectedTest(found.se, found.se, df, df, found.share))
                    continue
                model = marginal._replace(
                    error=marginal_error(plan, np.where(np.isnan(schedule), 0.0, one))
                )
                test = marginal_over_cells(*known, one, *taken, model)
                if not isfinite(test.model_se):
                    raise InputError(
                        f"analysis.estimand = '{plan.estimand}': one cluster alone tells an effect "
                        "that it needs, and without that cluster there is no error; give each "
                        "sequence at least 2 clusters"
                    )
                share = test.estimate / effect if effect != 0.0 else 1.0
                spread_df = min(test.spread_df, df)
                tests.append(ExpectedTest(test.se, test.model_se, df, spread_df, share))
        return power_of_tests(effect, tests, rule, alpha, at=at)

    return at(assumed.effect)


def marginal_model(design: Design, plan: AnalysisPlan) -> MarginalModel:
    """Return the marginal model that a plan declares over a design's periods."""
    working = plan.correlation or EXCHANGEABLE
    if plan.estimand == CONSTANT:
        treated = (design.by_cluster == TREATED).astype(float)[..., None]
        return MarginalModel(treated, np.ones(1), working, "KC")
    exposure = exposure_of_cells(design)
    levels = np.unique(exposure[exposure > 0])
    weights = exposure_weights(levels, plan.estimand, plan.exposure_period)
    columns = (exposure[..., None] == levels).astype(float)
    return MarginalModel(columns, np.asarray(weights), working, ERROR)


def marginal_error(plan: AnalysisPlan, people: np.ndarray) -> str:
    """Return which error for few clusters the marginal model reads; see `marginal.fitted`."""
    if plan.estimand != CONSTANT:
        return ERROR
    return chosen_error(people.sum(axis=1))


def period_effects(plan: AnalysisPlan) -> tuple[str, ...]:
    """Return the random effects of a plan over periods that a formula has."""
    if plan.baseline == "constrained":
        return ("cluster", "cluster-period", "person")
    return tuple(one for one in plan.random_effects if one in EFFECTS)


def _schedule(design: Design) -> np.ndarray:
    """Return treatment by cluster and period, NaN where no outcome is analysed."""
    used = design.by_cluster
    seen = ~np.isin(used, (TRANSITION, NOT_MEASURED))
    schedule = np.where(seen, used == TREATED, np.nan)
    if design.baseline == "ancova" and not design.is_parallel:
        schedule[:, 0] = np.nan
    return schedule


def period_cells(
    design: Design, assumed: Assumed, plan: AnalysisPlan, size: float | None = None
) -> list[Cells]:
    """Return the cells of a trial over periods, once for each draw of the sizes of its clusters."""
    schedule, truth = _schedule(design), components_of(design, assumed)
    by_exposure = None
    if plan.estimand != CONSTANT:
        by_exposure = tested_columns(exposure_of_cells(design), plan)
    shares = exposure_means(design, assumed.exposure)
    decay = truth.individual_decay if truth.individual > 0.0 else 1.0
    return [
        trial_cells(schedule, people, stay=decay, shares=shares, by_exposure=by_exposure)
        for people in _people(design, assumed, size)
    ]


def _over_periods(
    design: Design, assumed: Assumed, plan: AnalysisPlan, alpha: float, size: float | None
) -> FormulaPower:
    schedule, effects = _schedule(design), period_effects(plan)
    seen = ~np.isnan(schedule)
    truth = components_of(design, assumed)
    if design.baseline == "ancova" and not design.is_parallel:
        truth = after_baseline(truth, design)[0]
    df = None
    if plan.test == "between-within":
        df = by_rule(schedule, effects)
        if plan.estimand != CONSTANT:
            df -= float(exposure_of_cells(design).max() - 1)
    used = design.by_cluster
    if len(used) - len(set(map(bytes, used))) < 1 or seen.sum() - seen.any(axis=0).sum() < 2:
        raise InputError(
            f"clusters: {len(used)} over {design.periods} periods leave 0 degrees of freedom; "
            "add clusters or periods"
        )
    cells = period_cells(design, assumed, plan, size)
    # Where several variances may be put at zero, and means are few enough to draw them.
    few = len(effects) > 1 and len(used) * design.periods <= MOST_CELLS
    if few:
        cells = cells[: most_trials(len(effects))]
    builds_up = exposure_means(design, assumed.exposure) is not None
    rule = "expected for the design" if df is None else "between-within"
    adapted = analysis_named(plan.test).formula

    def at(effect: float) -> FormulaPower:
        truths = [truth] * len(cells)
        tests = expected_tests(cells, truths, effects, effect, plan.test, df, adapted)
        if few:
            by_rule_df = None if df is None else [df] * len(cells)
            tests = with_draws(tests, cells, truths, effects, effect, plan.test, by_rule_df)
        between = all(abs(one.df - (len(used) - 2)) < 1e-6 for one in tests)
        told = "clusters - 2" if between else rule
        return power_of_tests(effect, tests, told, alpha, at=at if builds_up else None)

    return at(assumed.effect)


def after_baseline(truth: VarianceComponents, design: Design) -> tuple[VarianceComponents, float]:
    """Return variances of outcomes less each person's baseline times the slope, and that slope.

    With y_t = c + p + e_t of a person, y_t - b y_0 = (1 - b) c + (1 - b) p - b e_0 + e_t: what the
    baseline had beyond cluster and person lasts. The slope is that within clusters and that between
    them, weighed by what they tell, as in a parallel trial.
    """
    if truth.cluster_decay < 1.0 and truth.cluster > 0.0:
        raise InputError(
            "formula: none for a baseline over periods where cluster_decay is below 1; simulate it"
        )
    t, n, clusters = design.periods - 1, design.size, design.total_clusters
    people = truth.individual + truth.residual
    within = truth.individual / people if people > 0.0 else 0.0
    means = truth.cluster + truth.cluster_period + people / n
    across = (truth.cluster + truth.individual / n) / means
    slope = within
    for _ in range(20):
        left = replace(
            truth,
            cluster=(1.0 - slope) ** 2 * truth.cluster + slope**2 * truth.cluster_period,
            individual=(1.0 - slope) ** 2 * truth.individual + slope**2 * truth.residual,
        )
        of_people = left.individual + left.residual / t
        told = clusters * (n - 1.0) * people / max(of_people, 1e-300)
        of_clusters = left.cluster + left.cluster_period / t + of_people / n
        between = clusters * means / max(of_clusters, 1e-300)
        slope = (told * within + between * across) / (told + between)
    return left, slope


def by_rule(schedule: np.ndarray, effects: tuple[str, ...]) -> float:
    """Return the between-within degrees of freedom of a treatment over periods."""
    seen = ~np.isnan(schedule)
    clusters, periods = int(seen.any(axis=1).sum()), int(seen.any(axis=0).sum())
    treated = np.nanmax(schedule, axis=1) != np.nanmin(schedule, axis=1)
    if not treated.any():
        return float(clusters - 2)
    if "cluster-period" in effects:
        return float(seen.sum() - clusters - periods)
    return np.inf


def exposure_means(design: Design, exposure: tuple[float, ...]) -> np.ndarray | None:
    """Return the mean of each cell for an average effect of one; None where it is one in all."""
    if not exposure:
        return None
    treated = design.by_cluster == TREATED
    shares = np.where(treated, exposure_shares(design.by_cluster, exposure), 0.0)
    average = float(shares[treated].mean())
    if np.ptp(shares[treated]) == 0.0 or average == 0.0:
        return None
    return shares / average


def _people(design: Design, assumed: Assumed, size: float | None) -> list[np.ndarray]:
    stay = np.full(design.periods, 1.0 - assumed.attrition)
    if design.sampling != "cross-sectional":
        stay[0] = 1.0
    single = np.repeat(np.arange(len(design.clusters)) == design.unclustered, design.clusters)
    if size is not None:
        return [np.outer(np.where(single, 1.0, size), stay)]
    if design.sizes:
        return dealt_people(design.sizes, np.zeros(design.total_clusters, int), stay)
    people = drawn_people(design.total_clusters, design.size, design.size_variation, stay)
    # Of single people those who stay are left, in number.
    for one in people:
        stays = np.cumsum(single)[:, None] <= np.rint(single.sum() * stay)
        one[single] = stays[single]
    return people


def components_of(design: Design, assumed: Assumed) -> VarianceComponents:
    """Return variance components; people count as others in each period of a cross-section."""
    cohort = design.sampling != "cross-sectional"
    found = from_correlations(
        assumed.sd**2, assumed.icc, assumed.cac, assumed.iac if cohort else 0.0
    )
    found = replace(
        found,
        treatment=assumed.effect_sd**2,
        treatment_correlation=assumed.effect_correlation,
        cluster_decay=assumed.cluster_decay,
    )
    if design.sampling == "open cohort":
        found = replace(found, individual_decay=1.0 - design.churn)
    return found
