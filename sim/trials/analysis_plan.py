"""How the data of a simulated trial are analysed: one pre-declared rule per design."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import Any

import numpy as np

from sim.errors import InputError, unknown
from sim.trials.data import TrialData
from sim.trials.design import Design

TESTS = ("kenward-roger", "satterthwaite", "between-within", "cluster-summary")
EFFECTS = ("cluster", "cluster-period", "person", "treatment")


@dataclass(frozen=True)
class AnalysisPlan:
    """The pre-declared analysis.

    Attributes
    ----------
    test : str
        The test whose rejections count as power: one of `TESTS`.
    random_effects : tuple of str
        Random intercepts for ``cluster``, ``cluster-period``, ``person``, and an uncorrelated
        random ``treatment`` effect by cluster. A parallel trial with one outcome per person has
        ``cluster`` alone.
    alpha : float
        Two-sided level.
    """

    test: str = TESTS[0]
    random_effects: tuple[str, ...] = ("cluster",)
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if self.test not in TESTS:
            raise unknown("test", self.test, TESTS)
        for one in self.random_effects:
            if one not in EFFECTS:
                raise unknown("random effect", one, EFFECTS)
        if "cluster" not in self.random_effects:
            raise InputError("random_effects: must name 'cluster'; teams were randomised")
        if not 0.0 < self.alpha < 1.0:
            raise InputError(f"alpha = {self.alpha}: must be between 0 and 1")


@dataclass(frozen=True)
class TrialResult:
    """What the analysis of one trial gave; numbers are NaN when it failed.

    Attributes
    ----------
    estimate, se : float
        Effect and the standard error of the plan's test.
    df, p : float
        Degrees of freedom and two-sided p of the plan's test.
    low, high : float
        Confidence limits at the plan's level.
    cluster_variance, residual_variance : float
        Variance components.
    singular, failed : bool
        Whether a variance was estimated as zero; whether no estimate could be had.
    analysed, clusters : int
        Rows and clusters in the analysis.
    """

    estimate: float
    se: float
    df: float
    p: float
    low: float
    high: float
    cluster_variance: float
    residual_variance: float
    singular: bool
    failed: bool
    analysed: int
    clusters: int


def failed_result(analysed: int, clusters: int) -> TrialResult:
    """Return the record of an analysis that gave no estimate."""
    return TrialResult(nan, nan, nan, nan, nan, nan, nan, nan, False, True, analysed, clusters)


def default_plan(design: Design) -> AnalysisPlan:
    """Return the plan that a design calls for.

    Cluster, and cluster-period when clusters are measured in several periods that are analysed
    together, and person when people are.
    """
    if design.is_parallel:
        return AnalysisPlan()
    effects = ["cluster", "cluster-period"]
    if design.sampling != "cross-sectional":
        effects.append("person")
    return AnalysisPlan(random_effects=tuple(effects))


def model_columns(data: TrialData, design: Design) -> tuple[np.ndarray, ...]:
    """Return response, columns (intercept, treatment, ...) and the rows' groups.

    A parallel trial is analysed at its last period, adjusted for baseline or as change when the
    design says so, and for strata; every other design with period effects.

    Returns
    -------
    tuple of numpy.ndarray
        ``(y, X, cluster, period, person)``, complete rows only.
    """
    if design.is_parallel:
        last = design.periods - 1
        if design.baseline == "none":
            kept = data.period == last
            cluster, arm, stratum = data.cluster[kept], data.arm[kept], data.stratum[kept]
            y, person = data.outcome[kept], data.person[kept]
            extra: list[np.ndarray] = []
        else:
            cluster, arm, stratum, base, y = data.pairs(0, last)
            person = np.arange(len(y))
            extra = [base] if design.baseline == "ancova" else []
            if design.baseline == "change":
                y = y - base
        columns = [np.ones(len(y)), arm.astype(float), *extra]
        columns += [(stratum == one).astype(float) for one in np.unique(stratum)[1:]]
        period = np.full(len(y), last)
    else:
        cluster, period, person, y = data.cluster, data.period, data.person, data.outcome
        columns = [np.ones(len(y)), data.treatment.astype(float)]
        columns += [(period == one).astype(float) for one in np.unique(period)[1:]]
    x = np.column_stack(columns)
    complete = ~(np.isnan(y) | np.isnan(x).any(axis=1))
    return y[complete], x[complete], cluster[complete], period[complete], person[complete]


def analyse_trial(data: TrialData, design: Design, plan: AnalysisPlan) -> TrialResult:
    """Analyse one trial by the plan; a failure is recorded, never dropped."""
    y, x, cluster, period, person = model_columns(data, design)
    _, codes = np.unique(cluster, return_inverse=True)
    number = int(codes.max()) + 1 if len(codes) else 0
    if number < 3 or np.ptp(x[:, 1]) == 0.0:
        return failed_result(len(y), number)
    if plan.test == "cluster-summary":
        return _summary(y, x, codes, number, plan)
    if plan.random_effects == ("cluster",):
        return _random_intercept(y, x, codes, number, plan)
    return _general(y, x, codes, period, person, number, plan)


def _result(
    plan: AnalysisPlan,
    estimate: float,
    se: float,
    df: float,
    variances: tuple[float, float],
    singular: bool,
    analysed: int,
    clusters: int,
) -> TrialResult:
    from scipy.special import stdtr, stdtrit

    if not (np.isfinite(estimate) and se > 0.0 and df > 0.0):
        return failed_result(analysed, clusters)
    half = float(stdtrit(df, 1.0 - plan.alpha / 2.0)) * se
    p = 2.0 * float(stdtr(df, -abs(estimate / se)))
    return TrialResult(
        estimate,
        se,
        df,
        p,
        estimate - half,
        estimate + half,
        variances[0],
        variances[1],
        singular,
        False,
        analysed,
        clusters,
    )


def _random_intercept(
    y: np.ndarray, x: np.ndarray, codes: np.ndarray, number: int, plan: AnalysisPlan
) -> TrialResult:
    from sim.trials.random_intercept_compiled import fit_random_intercept

    fit = fit_random_intercept(
        codes.astype(np.int64), number, np.ascontiguousarray(x), np.ascontiguousarray(y), 1
    )
    if fit.status != 0:
        return failed_result(len(y), number)
    se, df = fit.se, fit.satterthwaite_df
    if plan.test == "kenward-roger":
        se, df = fit.kenward_roger_se, fit.kenward_roger_df
    elif plan.test == "between-within":
        constant = sum(int(_constant(x[:, j], codes)) for j in range(x.shape[1]))
        df = number - constant
    return _result(
        plan,
        float(fit.estimate),
        float(se),
        float(df),
        (float(fit.cluster_variance), float(fit.residual_variance)),
        bool(fit.singular),
        len(y),
        number,
    )


def _constant(column: np.ndarray, codes: np.ndarray) -> bool:
    order = np.argsort(codes, kind="stable")
    same = np.diff(codes[order]) == 0
    return not bool((same & (np.diff(column[order]) != 0.0)).any())


def _summary(
    y: np.ndarray, x: np.ndarray, codes: np.ndarray, number: int, plan: AnalysisPlan
) -> TrialResult:
    """Compare cluster means of what covariates leave (two-stage t test, equal variances)."""
    treatment = np.bincount(codes, x[:, 1], minlength=number) / np.bincount(codes)
    if not np.isin(treatment, (0.0, 1.0)).all():
        raise InputError(
            "test = 'cluster-summary': needs clusters that are treated or not; use "
            "'kenward-roger' for designs in which clusters cross over"
        )
    others = np.delete(x, 1, axis=1)
    left = y - others @ np.linalg.lstsq(others, y, rcond=None)[0]
    means = np.bincount(codes, left, minlength=number) / np.bincount(codes)
    one, zero = means[treatment == 1.0], means[treatment == 0.0]
    if min(len(one), len(zero)) < 2:
        return failed_result(len(y), number)
    df = len(one) + len(zero) - 2
    pooled = (one.var(ddof=1) * (len(one) - 1) + zero.var(ddof=1) * (len(zero) - 1)) / df
    se = sqrt(pooled * (1.0 / len(one) + 1.0 / len(zero)))
    estimate = float(one.mean() - zero.mean())
    return _result(plan, estimate, se, float(df), (float(pooled), nan), False, len(y), number)


def _general(
    y: np.ndarray,
    x: np.ndarray,
    codes: np.ndarray,
    period: np.ndarray,
    person: np.ndarray,
    number: int,
    plan: AnalysisPlan,
) -> TrialResult:
    from sim.trials.cell_sums import RandomEffect
    from sim.trials.mixed_model import fit_mixed_model

    effects: list[Any] = [RandomEffect("cluster", codes)]
    if "cluster-period" in plan.random_effects:
        _, cell = np.unique(codes * (int(period.max()) + 1) + period, return_inverse=True)
        effects.append(RandomEffect("cluster-period", cell))
    if "person" in plan.random_effects:
        _, people = np.unique(person, return_inverse=True)
        effects.append(RandomEffect("person", people))
    if "treatment" in plan.random_effects:
        effects.append(RandomEffect("treatment", codes, slope=x[:, 1].astype(float)))
    try:
        fit = fit_mixed_model(x, y, effects, tuple(f"x{j}" for j in range(x.shape[1])))
    except (InputError, np.linalg.LinAlgError):
        return failed_result(len(y), number)
    if "x1" not in fit.names or not fit.converged:
        return failed_result(len(y), number)
    at = fit.names.index("x1")
    inference = fit.inference[at]
    se, df = inference.se, inference.satterthwaite_df
    if plan.test == "kenward-roger":
        se, df = inference.kenward_roger_se, inference.kenward_roger_df
    elif plan.test == "between-within":
        df = float(number * len(np.unique(period)) - number - x.shape[1] + 1)
    return _result(
        plan,
        float(fit.coefficients[at]),
        float(se),
        float(df),
        (fit.variances["cluster"], fit.variances["residual"]),
        fit.singular,
        fit.n_obs,
        number,
    )
