"""How the data of a simulated trial are analysed: one pre-declared rule per design."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sim.errors import InputError, unknown
from sim.trials.analyses import trial_analyses
from sim.trials.analyses.analysed_trial import AnalysedTrial, ByExposure
from sim.trials.analyses.exposure import (
    AT_EXPOSURE,
    AVERAGE,
    CONSTANT,
    ESTIMANDS,
    LONG_TERM,
    exposure_columns,
    exposure_of,
    exposure_weights,
    weighted,
)
from sim.trials.analyses.hypothesis import TWO_SIDED, Bounds
from sim.trials.analyses.methods.marginal import ANALYSIS as OF_MARGINAL
from sim.trials.analyses.registry import ANALYSES, analysis_named
from sim.trials.analyses.several_arms import DUNNETT, RULES, adjusted, shares_of
from sim.trials.analyses.trial_result import TrialResult, failed_result, tested_result
from sim.trials.data.data import TrialData
from sim.trials.designs.design import CONTROL, TREATED, Design, one_each
from sim.trials.fits.design_columns import prepare_design
from sim.trials.fits.gee import CORRELATIONS, DECAY, EXCHANGEABLE, NESTED

__all__ = ["AnalysisPlan", "TrialResult", "analyse_trial", "default_plan", "failed_result"]

TESTS = tuple(ANALYSES)
MARGINAL = OF_MARGINAL.name
OF_BASELINE = ("kenward-roger", "satterthwaite")
EFFECTS = ("cluster", "cluster-period", "person", "worker", "treatment")
MISSING_VALUES = ("complete cases", "multiple imputation")
BASELINE_USES = ("as designed", "constrained")
# The column of the treatment; the intercept stands before it.
TESTED = 1


@dataclass(frozen=True)
class AnalysisPlan:
    """The pre-declared analysis."""

    # The test whose rejections count as power: see `sim.trials.analyses.registry`.
    test: str = TESTS[0]
    # Random intercepts for ``cluster``, ``cluster-period``, ``person``, ``worker`` (member of staff
    # within the cluster, for ratings of a relationship), and an uncorrelated random ``treatment``
    # effect by cluster. A parallel trial with one outcome per person has ``cluster`` alone.
    random_effects: tuple[str, ...] = ("cluster",)
    alpha: float = 0.05  # Level: two-sided, or of each one-sided test
    # One of `MISSING_VALUES`. Imputation respects clusters and has Barnard and Rubin's degrees of
    # freedom, whatever the test.
    missing: str = MISSING_VALUES[0]
    imputations: int = 20  # Imputed data sets
    # {'as designed', 'constrained'}: ``constrained`` takes baseline and follow-up of a parallel
    # trial as outcomes with equal baseline means.
    baseline: str = BASELINE_USES[0]
    # One of `sim.trials.analyses.exposure.ESTIMANDS`: a constant effect, or one of effects by
    # exposure, which the model then has an indicator for each of.
    estimand: str = CONSTANT
    exposure_period: int | None = None  # Of ``"effect at exposure"``
    hypothesis: str = TWO_SIDED  # One of `sim.trials.analyses.hypothesis.HYPOTHESES`
    # Between which the effect is to be shown to lie; None for the two-sided hypothesis.
    bounds: Bounds | None = None
    # Rule for several arms: one of `sim.trials.analyses.several_arms.RULES`.
    multiplicity: str = RULES[0]
    # Of a marginal model's people: one of `sim.trials.fits.gee.CORRELATIONS`; None for others.
    correlation: str | None = None

    @property
    def confidence(self) -> float:
        """Level of the confidence interval."""
        return 1.0 - self.alpha * (1.0 if self.bounds is None else 2.0)

    def __post_init__(self) -> None:
        for name, value, valid in (
            ("test", self.test, TESTS),
            ("missing", self.missing, MISSING_VALUES),
            ("baseline", self.baseline, BASELINE_USES),
            ("estimand", self.estimand, ESTIMANDS),
            ("correlation", self.correlation or EXCHANGEABLE, CORRELATIONS),
        ):
            if value not in valid:
                raise unknown(name, value, valid)
        if self.correlation is not None and self.test != MARGINAL:
            raise InputError(
                f"analysis.correlation = '{self.correlation}': goes with test = '{MARGINAL}', a "
                "binary outcome or a count; leave it out"
            )
        for one in self.random_effects:
            if one not in EFFECTS:
                raise unknown("random effect", one, EFFECTS)
        if "cluster" not in self.random_effects:
            raise InputError("random_effects: must name 'cluster'; teams were randomised")
        if (self.estimand == AT_EXPOSURE) != (self.exposure_period is not None):
            raise InputError(
                f"analysis.exposure_period: goes with estimand = '{AT_EXPOSURE}' and only with it"
            )
        if not 0.0 < self.alpha < 1.0:
            raise InputError(f"alpha = {self.alpha}: must be between 0 and 1")
        if self.bounds is not None and self.test == "permutation":
            raise InputError(
                f"analysis.hypothesis = '{self.hypothesis}': a permutation test is of no effect at "
                f"all; use test = '{TESTS[0]}'"
            )
        if not 2 <= self.imputations <= 1000:
            raise InputError(f"imputations = {self.imputations}: must be from 2 to 1000")
        if self.missing != MISSING_VALUES[0] and "treatment" in self.random_effects:
            raise InputError(
                "missing = 'multiple imputation': imputes with random intercepts alone; leave "
                "'treatment' out of random_effects, or use complete cases, which a mixed model "
                "takes as missing at random"
            )
        if self.missing != MISSING_VALUES[0] and self.test == MARGINAL:
            raise InputError(
                f"missing = 'multiple imputation': is not done with test = '{MARGINAL}'; use "
                f"complete cases, or the linear model of test = '{TESTS[0]}'"
            )
        if self.baseline == "constrained":
            if self.missing != MISSING_VALUES[0]:
                raise InputError(
                    "baseline = 'constrained': uses people with one measurement as they are; set "
                    "missing = 'complete cases'"
                )
            if self.test not in OF_BASELINE:
                listed = " or ".join(f"'{one}'" for one in OF_BASELINE)
                raise InputError(f"baseline = 'constrained': needs test = {listed}")


def default_plan(design: Design) -> AnalysisPlan:
    """Return the plan that a design calls for.

    Cluster, and cluster-period when clusters are measured in several periods that are analysed
    together, and person when people are. Where each cluster-period is one person, cluster alone:
    the others cannot be told from the rest.
    """
    if design.is_parallel or one_each(design):
        return AnalysisPlan()
    effects = ["cluster", "cluster-period"]
    if design.sampling != "cross-sectional":
        effects.append("person")
    return AnalysisPlan(random_effects=tuple(effects))


def average_meant(design: Design, plan: AnalysisPlan) -> str:
    """Return which average of an effect a difference between groups is."""
    if design.is_parallel:
        return "at the last measurement"
    return {
        CONSTANT: "as the mean over the treated periods that are analysed",
        AVERAGE: "averaged over the periods of exposure, each of which counts the same "
        "(time-averaged effect)",
        LONG_TERM: "in the last analysed period of exposure (long-term effect)",
        AT_EXPOSURE: f"in analysed period {plan.exposure_period} of exposure",
    }[plan.estimand]


class AnalysisRows(NamedTuple):
    """What enters an analysis, one row for each outcome asked for."""

    y: np.ndarray  # (n,) array: Outcome; NaN where missing
    x: np.ndarray  # (n, p) array: Intercept, treatment, and what is adjusted for
    # (n,) array.
    cluster: np.ndarray
    period: np.ndarray
    person: np.ndarray
    worker: np.ndarray | None  # (n,) array
    treated: np.ndarray  # (n,) array: Treatment, of which the tested column may be a part

    def kept(self, keep: np.ndarray) -> AnalysisRows:
        """Return some of the rows."""
        return AnalysisRows(
            self.y[keep],
            self.x[keep],
            self.cluster[keep],
            self.period[keep],
            self.person[keep],
            None if self.worker is None else self.worker[keep],
            self.treated[keep],
        )


def analysis_rows(
    data: TrialData, design: Design, plan: AnalysisPlan, arm: int = 1
) -> AnalysisRows:
    """Return the rows of an analysis, missing outcomes included.

    Of several treated arms the one with number `arm` is tested, beside the others.

    A parallel trial is analysed at its last period, adjusted for baseline or as change when the
    design says so, and for strata; every other design with period effects.
    """
    worker = data.worker
    if not design.is_parallel:
        treated = data.treatment.astype(float)
        tested = treated[:, None]
        if plan.estimand != CONSTANT:
            exposure = exposure_of(data.cluster, data.period, data.treatment == 1)
            assert exposure is not None
            tested = tested_columns(exposure, plan)
        columns = [np.ones(len(data.outcome)), *tested.T]
        adjusted = design.baseline == "ancova"
        columns += [
            (data.period == one).astype(float) for one in np.unique(data.period)[1 + adjusted :]
        ]
        if adjusted:
            columns.append(own_baseline(data))
        x = np.column_stack(columns)
        every = AnalysisRows(
            data.outcome, x, data.cluster, data.period, data.person, worker, treated
        )
        return every.kept(data.period > 0) if adjusted else every
    last = design.periods - 1
    extra: list[np.ndarray] = []
    if design.baseline == "none":
        rows = np.flatnonzero(data.period == last)
        y = data.outcome[rows]
    else:
        before, rows = data.pair_rows(0, last)
        base, y = data.outcome[before], data.outcome[rows]
        if design.baseline == "change":
            y = y - base
        else:
            extra = [base]
    stratum = data.stratum[rows]
    numbers = [arm, *(one for one in range(1, design.treated_arms + 1) if one != arm)]
    arms = [(data.arm[rows] == one).astype(float) for one in numbers]
    columns = [np.ones(len(y)), *arms, *extra]
    columns += [(stratum == one).astype(float) for one in np.unique(stratum)[1:]]
    return AnalysisRows(
        y,
        np.column_stack(columns),
        data.cluster[rows],
        data.period[rows],
        data.person[rows],
        None if worker is None else worker[rows],
        (data.arm[rows] > 0).astype(float),
    )


def own_baseline(data: TrialData) -> np.ndarray:
    """Return each row's person's outcome in the first period; NaN where there was none."""
    first = np.flatnonzero(data.period == 0)
    first = first[np.argsort(data.person[first], kind="stable")]
    at = np.minimum(np.searchsorted(data.person[first], data.person), len(first) - 1)
    known = data.person[first][at] == data.person
    return np.where(known, data.outcome[first][at], np.nan)


def tested_columns(exposure: np.ndarray, plan: AnalysisPlan) -> np.ndarray:
    """Return the columns of effects by exposure, the plan's estimand first."""
    levels = np.unique(exposure[exposure > 0])
    weights = exposure_weights(levels, plan.estimand, plan.exposure_period)
    return exposure_columns(exposure, levels, weights)


def _weighted(rows: AnalysisRows, plan: AnalysisPlan) -> ByExposure | None:
    """Return what the columns of effects by exposure stand for."""
    if plan.estimand == CONSTANT:
        return None
    exposure = exposure_of(rows.cluster, rows.period, rows.treated == 1.0)
    if exposure is None:
        return None
    levels = np.unique(exposure[exposure > 0])
    return weighted(levels, exposure_weights(levels, plan.estimand, plan.exposure_period))


def exposure_of_cells(design: Design) -> np.ndarray:
    """Return the analysed exposure of each cluster-period, 0 without treatment.

    Raises
    ------
    InputError
        If treatment ends in some cluster.
    """
    used = design.by_cluster
    clusters, periods = np.nonzero(np.isin(used, (CONTROL, TREATED)))
    found = np.zeros(used.shape, int)
    exposure = exposure_of(clusters, periods, used[clusters, periods] == TREATED)
    if exposure is None:
        raise InputError("analysis.estimand: effects by exposure need teams that stay treated")
    found[clusters, periods] = exposure
    return found


def analyse_trial(data: TrialData, design: Design, plan: AnalysisPlan, arm: int = 1) -> TrialResult:
    """Analyse one trial by the plan; a failure is recorded, never dropped.

    Raises
    ------
    InputError
        If the plan asks for what the design or the source of outcomes does not have.
    """
    check_plan(plan, design, data)
    if plan.baseline == "constrained":
        return trial_analyses.constrained(data, design, plan)
    rows = analysis_rows(data, design, plan, arm)
    present = np.isfinite(rows.x).all(axis=1)
    if plan.missing == MISSING_VALUES[0]:
        present &= np.isfinite(rows.y)
    rows = rows.kept(present)
    seen = np.isfinite(rows.y)
    _, codes = np.unique(rows.cluster, return_inverse=True)
    number = len(np.unique(rows.cluster[seen]))
    if number < 3 or np.ptp(rows.x[seen, 1]) == 0.0:
        return failed_result(int(seen.sum()), number)
    if plan.missing != MISSING_VALUES[0]:
        return trial_analyses.imputed(rows, codes, plan)
    trial = analysed_trial(data, rows, codes, plan)
    answer = None if trial is None else analysis_named(plan.test).test(trial)
    if answer is None:
        return failed_result(len(rows.y), number)
    return tested_result(answer, plan.alpha, len(rows.y), number, plan.bounds)


def analysed_trial(
    data: TrialData, rows: AnalysisRows, codes: np.ndarray, plan: AnalysisPlan
) -> AnalysedTrial | None:
    """Return complete rows as every analysis takes them; None where the effect cannot be told."""
    # Whatever the method of randomisation, clusters of one stratum were alike to it.
    own = np.unique(rows.cluster)
    numbers, first = np.unique(data.cluster, return_index=True)
    strata = data.stratum[first[np.searchsorted(numbers, own)]]
    x, effects = rows.x, trial_analyses.random_effects(rows, codes, plan)
    if len(effects) > 1:
        kept = prepare_design(x, rows.y).kept
        if list(kept[:2]) != [0, TESTED]:
            return None
        x = x[:, kept]
    periods = np.unique(rows.period, return_inverse=True)[1]
    trial = AnalysedTrial(x, rows.y, TESTED, codes, effects, periods, strata)
    if analysis_named(plan.test).of_model:
        return trial
    own_effects = _weighted(rows, plan)
    if own_effects is not None and x.shape[1] < rows.x.shape[1]:
        # Some effect by exposure may be a combination of other columns.
        return None
    return replace(trial, by_exposure=own_effects, correlation=plan.correlation)


def analyse_arms(data: TrialData, design: Design, plan: AnalysisPlan) -> list[TrialResult]:
    """Return the test of each treated arm against control, p values by the plan's rule.

    Intervals are each at the plan's level and not adjusted.
    """
    results = [analyse_trial(data, design, plan, arm) for arm in range(1, design.treated_arms + 1)]
    p = np.array([1.0 if one.failed else one.p for one in results])
    df = np.array([1.0 if one.failed else one.df for one in results])
    of_rule = adjusted(p, plan.multiplicity, df, shares_of(design.clusters))
    return [
        one if one.failed else replace(one, p=float(own))
        for one, own in zip(results, of_rule, strict=True)
    ]


def check_plan(plan: AnalysisPlan, design: Design, data: TrialData) -> None:
    """Refuse a plan that does not go with the design or the data."""
    check_plan_of_design(plan, design)
    if "worker" in plan.random_effects and data.worker is None:
        raise InputError(
            "random_effects: 'worker' needs staff; this source of outcomes has none, use the "
            "agent-based source"
        )


def check_plan_of_design(plan: AnalysisPlan, design: Design) -> None:
    """Refuse a plan that does not go with the design."""
    if plan.baseline == "constrained" and (not design.is_parallel or design.baseline == "none"):
        raise InputError(
            "baseline = 'constrained': needs a parallel trial with a baseline; set the design's "
            "baseline = 'ancova'"
        )
    several = design.treated_arms > 1
    plain = plan.missing == MISSING_VALUES[0] and plan.baseline == BASELINE_USES[0]
    if several and (not plain or analysis_named(plan.test).arms_alone):
        raise InputError(
            f"design.arms = {design.treated_arms + 1}: is analysed by one model of complete cases; "
            f"leave imputation and a constrained baseline out, and use test = '{TESTS[0]}'"
        )
    if not several and plan.multiplicity != RULES[0]:
        raise InputError(
            f"analysis.multiplicity = '{plan.multiplicity}': is a rule for the tests of several "
            "arms; leave it out, or set design.arms above 2"
        )
    two_sided = plan.bounds is None and plan.test != "permutation"
    if several and plan.multiplicity == DUNNETT and not two_sided:
        raise InputError(
            f"analysis.multiplicity = '{DUNNETT}': is a rule for two-sided t tests; "
            f"use '{RULES[0]}'"
        )
    if plan.correlation in (NESTED, DECAY) and design.is_parallel:
        raise InputError(
            f"analysis.correlation = '{plan.correlation}': needs a trial analysed over its "
            f"periods; use '{EXCHANGEABLE}'"
        )
    if plan.estimand != CONSTANT:
        if design.is_parallel:
            raise InputError(
                f"analysis.estimand = '{plan.estimand}': needs a trial analysed over its periods, "
                "as a stepped wedge"
            )
        exposure = exposure_of_cells(design)
        if exposure.max() > 1:
            tested_columns(exposure, plan)
        else:
            raise InputError(
                f"analysis.estimand = '{plan.estimand}': no team is treated for more than one "
                f"analysed period; leave it at '{CONSTANT}'"
            )
        columns, clusters = len(np.unique(exposure)) - 1 + design.periods, design.total_clusters
        if plan.test == MARGINAL and columns >= clusters - 2:
            raise InputError(
                f"analysis.estimand = '{plan.estimand}': a marginal model of {columns} "
                f"coefficients has errors from at least {columns + 3} clusters, not {clusters}"
            )
        if analysis_named(plan.test).of_constant:
            raise InputError(
                f"analysis.test = '{plan.test}': tests a constant effect alone; use '{TESTS[0]}'"
            )
    adjusted = design.baseline == "ancova" or max(design.strata, design.readiness.strata) > 1
    if analysis_named(plan.test).arms_alone and (adjusted or plan.missing != MISSING_VALUES[0]):
        raise InputError(
            f"analysis.test = '{plan.test}': takes each arm by itself and has no baseline, strata "
            f"or imputation; leave them out, or use '{TESTS[0]}'"
        )
    if analysis_named(plan.test).needs_arms and not design.is_parallel:
        raise InputError(
            f"analysis.test = '{plan.test}': compares arms of whole clusters and needs a parallel "
            f"trial; use '{TESTS[0]}'"
        )
