"""Parts of a plan beside its test: random effects, imputed outcomes, an equal baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import Answer
from sim.trials.analyses.cluster_tests import constant_within
from sim.trials.analyses.trial_result import TrialResult, failed_result, tested_result

if TYPE_CHECKING:
    from sim.trials.analyses.analysis_plan import AnalysisPlan, AnalysisRows
    from sim.trials.data.data import TrialData
    from sim.trials.designs.design import Design

TESTED = 1


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
        effects.append(RandomEffect("treatment", codes, slope=rows.treated))
    return effects


def imputed(rows: AnalysisRows, codes: np.ndarray, plan: AnalysisPlan) -> TrialResult:
    """Impute missing outcomes within clusters, analyse and pool by Rubin's rules."""
    from sim.trials.analyses.imputation import impute_and_analyse
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept

    number = int(codes.max()) + 1
    seen = int(np.isfinite(rows.y).sum())
    effects = random_effects(rows, codes, plan)
    if len(effects) > 1:
        return _imputed_over_periods(rows, effects, plan, seen)
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
    answer = Answer(
        pooled.estimate,
        pooled.se,
        pooled.df,
        None,
        found.cluster_variance,
        found.residual_variance,
        found.singular > 0.5,
    )
    return tested_result(answer, plan.alpha, seen, number, plan.bounds)


def _imputed_over_periods(
    rows: AnalysisRows, effects: list[Any], plan: AnalysisPlan, seen: int
) -> TrialResult:
    """Impute with effects of groups within clusters too, and pool Kenward-Roger tests."""
    from sim.trials.analyses.further_analyses import pooled_mixed_models
    from sim.trials.analyses.rows_to_impute import RowsToImpute
    from sim.trials.fits.design_columns import prepare_design

    number = effects[0].n_levels
    kept = prepare_design(rows.x, np.arange(len(rows.y), dtype=float)).kept
    if list(kept[:2]) != [0, TESTED]:
        return failed_result(seen, number)
    names = tuple(f"x{j}" for j in kept)
    table = RowsToImpute(rows.x[:, kept], names, TESTED, rows.y, tuple(effects), None, (), {})
    try:
        pooled, singular = pooled_mixed_models(table, plan.imputations)
    except (InputError, np.linalg.LinAlgError):
        return failed_result(seen, number)
    answer = Answer(pooled.estimate, pooled.se, pooled.df, None, np.nan, np.nan, singular > 0.5)
    return tested_result(answer, plan.alpha, seen, number, plan.bounds)


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
    answer = Answer(
        float(fit.coefficients[at]),
        one.kenward_roger_se if kenward_roger else one.se,
        one.kenward_roger_df if kenward_roger else one.satterthwaite_df,
        None,
        fit.variances["cluster"],
        fit.variances["residual"],
        fit.singular,
    )
    return tested_result(answer, plan.alpha, analysed, number, plan.bounds)
