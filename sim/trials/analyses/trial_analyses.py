"""The analyses that a plan may name, each from rows to the record of one trial."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError
from sim.trials.analyses.cluster_level import cluster_level
from sim.trials.analyses.cluster_tests import between_within_df, constant_within
from sim.trials.analyses.trial_result import TrialResult, failed_result, tested_result

if TYPE_CHECKING:
    from sim.trials.analyses.analysis_plan import AnalysisPlan, AnalysisRows
    from sim.trials.data.data import TrialData
    from sim.trials.designs.design import Design

TESTED = 1


def random_intercept(rows: AnalysisRows, codes: np.ndarray, plan: AnalysisPlan) -> TrialResult:
    """Fit a random intercept for the cluster by the compiled method."""
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept

    number = int(codes.max()) + 1
    fit = fit_random_intercept(
        codes.astype(np.int64),
        number,
        np.ascontiguousarray(rows.x),
        np.ascontiguousarray(rows.y),
        TESTED,
    )
    if fit.status != 0:
        return failed_result(len(rows.y), number)
    se, df = fit.kenward_roger_se, fit.kenward_roger_df
    if plan.test == "satterthwaite":
        se, df = fit.se, fit.satterthwaite_df
    elif plan.test == "between-within":
        se, df = fit.se, between_within_df(rows.x, TESTED, [codes])[0]
    return tested_result(
        plan.alpha,
        float(fit.estimate),
        float(se),
        float(df),
        (float(fit.cluster_variance), float(fit.residual_variance)),
        bool(fit.singular),
        len(rows.y),
        number,
    )


def summary(rows: AnalysisRows, codes: np.ndarray, plan: AnalysisPlan) -> TrialResult:
    """Compare clusters by the two-stage t test of `sim.trials.analyses.cluster_level`."""
    number = int(codes.max()) + 1
    level = cluster_level(rows.x, TESTED, codes)
    if level is None or min(level.treated.sum(), (~level.treated).sum()) < 2:
        return failed_result(len(rows.y), number)
    try:
        test = level.summary_test(rows.y)
    except InputError:
        return failed_result(len(rows.y), number)
    share = 1.0 / level.treated.sum() + 1.0 / (~level.treated).sum()
    variances = (test.se**2 / share, nan)
    return tested_result(
        plan.alpha, test.estimate, test.se, test.df, variances, False, len(rows.y), number
    )


def general(rows: AnalysisRows, codes: np.ndarray, plan: AnalysisPlan) -> TrialResult:
    """Fit a mixed model with any of the plan's random effects."""
    from sim.trials.fits.mixed_model import fit_mixed_model

    number = int(codes.max()) + 1
    effects = random_effects(rows, codes, plan)
    try:
        fit = fit_mixed_model(
            rows.x, rows.y, effects, tuple(f"x{j}" for j in range(rows.x.shape[1]))
        )
    except (InputError, np.linalg.LinAlgError):
        return failed_result(len(rows.y), number)
    if f"x{TESTED}" not in fit.names or not fit.converged:
        return failed_result(len(rows.y), number)
    at = fit.names.index(f"x{TESTED}")
    inference = fit.inference[at]
    se, df = inference.kenward_roger_se, inference.kenward_roger_df
    if plan.test == "satterthwaite":
        se, df = inference.se, inference.satterthwaite_df
    elif plan.test == "between-within":
        kept = [int(name[1:]) for name in fit.names]
        groupings = [one.codes for one in effects if one.slope is None]
        se, df = inference.se, between_within_df(rows.x[:, kept], at, groupings)[0]
    return tested_result(
        plan.alpha,
        float(fit.coefficients[at]),
        float(se),
        float(df),
        (fit.variances["cluster"], fit.variances["residual"]),
        fit.singular,
        fit.n_obs,
        number,
    )


def random_effects(rows: AnalysisRows, codes: np.ndarray, plan: AnalysisPlan) -> list[Any]:
    """Return the random effects that a plan names, for these rows."""
    from sim.trials.fits.cell_sums import RandomEffect

    def numbered(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.unique(values, return_inverse=True)[1])

    effects = [RandomEffect("cluster", codes)]
    if "cluster-period" in plan.random_effects:
        cell = codes * (int(rows.period.max()) + 1) + rows.period
        effects.append(RandomEffect("cluster-period", numbered(cell)))
    if "person" in plan.random_effects:
        effects.append(RandomEffect("person", numbered(rows.person)))
    if "worker" in plan.random_effects and rows.worker is not None:
        effects.append(RandomEffect("worker", numbered(rows.worker)))
    if "treatment" in plan.random_effects:
        effects.append(RandomEffect("treatment", codes, slope=rows.x[:, TESTED].astype(float)))
    return effects


def permuted(
    rows: AnalysisRows, codes: np.ndarray, result: TrialResult, strata: np.ndarray
) -> TrialResult:
    """Replace the p value by that of allocating sequences to other clusters of their stratum.

    Arms of whole clusters are compared by the test of `sim.trials.analyses.cluster_level`; of other
    schedules the working correlation comes from a fit without the treatment.
    """
    from sim.trials.analyses.permutation import DRAWN_ALLOCATIONS, schedule_permutation_test
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept

    level = cluster_level(rows.x, TESTED, codes, strata)
    if level is not None:
        return replace(result, p=level.permutation_test(rows.y, DRAWN_ALLOCATIONS).p)
    others = np.ascontiguousarray(np.delete(rows.x, TESTED, axis=1))
    number = int(codes.max()) + 1
    ratio = 0.05
    if others.shape[1] > 1:
        null = fit_random_intercept(codes.astype(np.int64), number, others, rows.y, 1)
        if null.status == 0:
            ratio = float(null.cluster_variance / null.residual_variance)
    periods = np.unique(rows.period, return_inverse=True)[1]
    test = schedule_permutation_test(
        rows.y, others, codes, periods, rows.x[:, TESTED], ratio=ratio, strata=strata
    )
    return replace(result, p=test.p)


def imputed(rows: AnalysisRows, codes: np.ndarray, plan: AnalysisPlan) -> TrialResult:
    """Impute missing outcomes within clusters, analyse and pool by Rubin's rules."""
    from sim.trials.analyses.imputation import impute_and_analyse
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept

    number = int(codes.max()) + 1
    seen = int(np.isfinite(rows.y).sum())
    complete_df = number - float(constant_within(rows.x, codes).sum())
    try:
        found = impute_and_analyse(
            rows.y,
            rows.x,
            codes,
            TESTED,
            complete_df,
            count=plan.imputations,
            fit=fit_random_intercept,
        )
    except InputError:
        return failed_result(seen, number)
    pooled = found.pooled
    return tested_result(
        plan.alpha,
        pooled.estimate,
        pooled.se,
        pooled.df,
        (found.cluster_variance, found.residual_variance),
        found.singular > 0.5,
        seen,
        number,
    )


def constrained(data: TrialData, design: Design, plan: AnalysisPlan) -> TrialResult:
    """Take baseline and follow-up as outcomes, with equal baseline means."""
    from sim.trials.analyses.constrained_baseline import fit_constrained_baseline, long_trial

    cluster, arm, stratum, base, follow_up = data.pairs(0, design.periods - 1)
    levels = np.unique(stratum)[1:]
    covariates = np.column_stack([stratum == one for one in levels]) if len(levels) else None
    trial = long_trial(cluster, arm.astype(float), base, follow_up, covariates)
    analysed, number = len(trial.y), len(np.unique(cluster))
    try:
        fit = fit_constrained_baseline(trial)
    except (InputError, np.linalg.LinAlgError):
        return failed_result(analysed, number)
    if "arm at follow-up" not in fit.names or not fit.converged:
        return failed_result(analysed, number)
    at = fit.names.index("arm at follow-up")
    one = fit.inference[at]
    kenward_roger = plan.test == "kenward-roger"
    return tested_result(
        plan.alpha,
        float(fit.coefficients[at]),
        one.kenward_roger_se if kenward_roger else one.se,
        one.kenward_roger_df if kenward_roger else one.satterthwaite_df,
        (fit.variances["cluster"], fit.variances["residual"]),
        fit.singular,
        analysed,
        number,
    )
