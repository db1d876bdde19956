"""Hybrid type 2 trials: power to find both of two co-primary outcomes, or at least one.

Both outcomes are those of the same people in the same simulated trials, each of which is analysed
twice by the same plan. With agents their correlation comes from the mechanism and is no guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import Unpack

import numpy as np

from sim.errors import InputError
from sim.runs.pieces import How
from sim.trials.analyses.declared_analysis import outcome_column
from sim.trials.analyses.trial_result import TrialResult
from sim.trials.data.counterfactual import AgentTwins, StatisticalTwins, statistical_truth
from sim.trials.data.outcome_kind import spread_words
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.designs.design_file import analysis_plan
from sim.trials.designs.design_schema import DesignFile
from sim.trials.designs.second_outcome import (
    second_column,
    second_file,
    shared_draws,
    shared_of_outcomes,
)
from sim.trials.power.co_primary import (
    CoPrimary,
    CoPrimaryPower,
    power_of_both,
)
from sim.trials.power.design_formula import components_of, period_cells, period_effects
from sim.trials.power.expected_test import Cells, Matrix, WorkingModel, true_covariance
from sim.trials.power.formula_power import FormulaPower
from sim.trials.power.power_study import (
    PowerResult,
    Study,
    assumed_of,
    formula_of,
    simulate_power,
    statistical_source,
)
from sim.trials.power.simulated_power import Rate, rate, rate_line


@dataclass(frozen=True)
class BothOutcomes:
    """Power of simulated trials for two outcomes."""

    measures: tuple[str, str]
    each: tuple[Rate, Rate]  # Power for each alone, two-sided at the full level
    all_of: Rate  # Both are significant
    at_least_one: Rate  # One or both at half the level (Bonferroni)
    # Of the two test statistics over trials; with posterior draws, of how effects go together too.
    correlation: float
    effects: tuple[float, float]  # True differences
    origin: str  # Where the correlation comes from


def both_simulated(first: PowerResult, **how: Unpack[How]) -> BothOutcomes:
    """Analyse the trials of a result by their second outcome too.

    Parameters
    ----------
    first : PowerResult
        Of a design with [co_primary].
    **how
        See `sim.runs.pieces.How`.
    """
    file = first.study.file
    study = second_study(first.study)
    second = simulate_power(study, len(first.results), seed=first.seed, null=False, **how)
    found = together(first.results, second.results, first.study.plan.alpha)
    return BothOutcomes(
        outcome_names(file),
        (first.performance.power, second.performance.power),
        *found,
        (first.performance.true_effect, second.performance.true_effect),
        "from the mechanism" if file.statistical is None else "as the design states it",
    )


def outcome_names(file: DesignFile) -> tuple[str, str]:
    """Return what the two outcomes are called in the trial's table."""
    return outcome_column(file), second_column(file)


def second_study(study: Study) -> Study:
    """Return the study of a design's second outcome, of the same people as the first's."""
    file = second_file(study.file)
    if file.agents is not None:
        assert isinstance(study.source, AgentTwins)
        agents = replace(study.source.source, measure=file.agents.measure)
        return replace(study, file=file, source=replace(study.source, source=agents))
    source = replace(statistical_source(file), beside=shared_draws(study.file))
    plan = analysis_plan(file, study.design)
    return replace(study, file=file, plan=plan, source=StatisticalTwins(source))


def together(
    first: Sequence[TrialResult], second: Sequence[TrialResult], alpha: float
) -> tuple[Rate, Rate, float]:
    """Return how often both outcomes of a trial are found, at least one, and the correlation.

    Parameters
    ----------
    first, second : sequences of TrialResult
        The same trials, by either outcome; a failed fit finds nothing.
    """
    pairs = list(zip(first, second, strict=True))
    p = np.array([[one.p for one in pair] for pair in pairs])
    p = np.where(np.isfinite(p), p, 1.0)
    z = np.array([[one.estimate / one.se for one in pair] for pair in pairs])
    known = np.isfinite(z).all(axis=1)
    correlation = float(np.corrcoef(z[known].T)[0, 1]) if known.sum() > 2 else np.nan
    both = int((p < alpha).all(axis=1).sum())
    one_of = int((p < alpha / 2.0).any(axis=1).sum())
    return rate(both, len(pairs)), rate(one_of, len(pairs)), correlation


def both_by_formula(study: Study) -> CoPrimaryPower | None:
    """Return power by five published methods; None where a design has no such formula."""
    file, design = study.file, study.design
    second, s = file.co_primary, file.statistical
    if second is None or s is None or design.baseline != "none":
        return None
    if not design.is_parallel:
        return _over_periods(study)
    # Each estimate has the variance by which its own formula reckons; their correlation is that of
    # outcomes under control.
    size = design.size * (1.0 - design.attrition.rate)
    try:
        found = [
            formula_of(one, assumed_of(one.file, effect))
            for one, effect in ((study, s.effect), (second_study(study), second.effect))
        ]
        alike = CoPrimary(
            (0.0, 0.0), (1.0, 1.0), (s.icc, second.icc), second.between, second.within
        )
        rho = alike.correlation_of_means(size)
    except InputError:
        return None
    return power_of_both(
        [one.expected for one in found],
        [one.spread**2 for one in found],
        rho,
        float(design.total_clusters - 4),
        study.plan.alpha,
        second.within,
        shared=rho**2,
    )


def second_inputs(file: DesignFile) -> str:
    """Return in words what is taken as known of the second outcome, with statistical outcomes."""
    second = file.co_primary
    assert second is not None
    spread = spread_words(second.outcome, second.mean, second.sd)
    return (
        f"a true difference of {second.effect:g} once it is fully there, {spread} and an "
        f"intracluster correlation of {second.icc:g}, and correlations of the two outcomes of "
        f"{second.within:g} in one person and {second.between:g} between two people of a team"
    )


def one_unit(file: DesignFile) -> bool:
    """Return whether both outcomes are of one kind: points and probabilities have no sum."""
    second, s = file.co_primary, file.statistical
    return second is None or s is None or second.outcome == s.outcome


def _over_periods(study: Study) -> CoPrimaryPower | None:
    """Return power over periods: two generalised least squares estimates and their correlation."""
    file, design, plan = study.file, study.design, study.plan
    assert file.co_primary is not None
    studies = (study, second_study(study))
    assumed = []
    for one in studies:
        truth = statistical_truth(statistical_source(one.file), design)
        assumed.append(assumed_of(one.file, truth.participant_average))
    try:
        found = [formula_of(one, known) for one, known in zip(studies, assumed, strict=True)]
    except InputError:
        return None
    # The fixed part and the people are the same; so are the cells, then, of either outcome.
    cells = period_cells(design, replace(assumed[0], exposure=()), plan)[0]
    rho = _correlation(cells, [components_of(design, one) for one in assumed], study)
    df = min(one.df for one in found)
    return power_of_both(
        [one.expected for one in found],
        [_variance(one, df) for one in found],
        rho,
        df,
        plan.alpha,
        file.co_primary.within,
        shared=rho**2,
    )


def _variance(found: FormulaPower, df: float) -> float:
    """Return the variance with which a plain t test has the power that the formula found.

    The formula knows more than the variance: what estimated variances cost, and those at zero.
    """
    from scipy.optimize import brentq
    from scipy.special import fdtri, ncfdtr

    critical = fdtri(1.0, df, 1.0 - found.alpha)

    def missing(z: float) -> float:
        return float(1.0 - ncfdtr(1.0, df, z * z, critical) - found.power)

    # Beyond it the noncentral F is not computed, and power is one.
    far = abs(found.expected) / found.spread + 4.0
    if far > 20.0 or missing(1e-6) >= 0.0 or missing(far) <= 0.0:
        return found.spread**2
    return float((found.expected / brentq(missing, 1e-6, far)) ** 2)


def _correlation(cells: Cells, truths: list[VarianceComponents], study: Study) -> float:
    """Return the correlation of two outcomes' generalised least squares estimates."""
    weights = []
    for truth in truths:
        model = WorkingModel(cells, period_effects(study.plan))
        M, WZ = model.bread(model.inverse(model.variances(truth)))
        weights.append(WZ @ M[-1])

    def covariance(one: Matrix, middle: Matrix, two: Matrix) -> float:
        return float(np.einsum("i,ij,ijk,ik->", cells.times, one, middle, two))

    def crossed(*kept: str) -> Matrix:
        """Return the covariance of cell means were the draws of some components the same."""
        zeros = dict.fromkeys(("residual", "cluster", "cluster_period", "individual"), 0.0)
        own = {one: sqrt(getattr(truths[0], one) * getattr(truths[1], one)) for one in kept}
        shared = replace(truths[0], treatment=0.0, treatment_correlation=0.0, **(zeros | own))
        return true_covariance(cells, shared)

    shared = shared_of_outcomes(study.file)
    middle: Matrix = np.asarray(
        shared.clusters * crossed("cluster", "cluster_period")
        + shared.people * crossed("individual", "residual")
    )
    own = [
        covariance(w, true_covariance(cells, t), w) for w, t in zip(weights, truths, strict=True)
    ]
    return covariance(weights[0], middle, weights[1]) / sqrt(own[0] * own[1])


def both_lines(
    study: Study, simulated: BothOutcomes | None, formula: CoPrimaryPower | None
) -> list[str]:
    """Return the section on two co-primary outcomes as lines of text; none where there is one."""
    if study.file.co_primary is None:
        return []
    names = outcome_names(study.file)
    lines = ["two co-primary outcomes (hybrid type 2)"]
    if study.file.statistical is not None:
        lines.append(f"  it takes as known of {names[1]}: {second_inputs(study.file)}")
    if simulated is not None:
        rows = [
            (f"{name} alone (true effect {effect:.3g})", one)
            for name, one, effect in zip(
                simulated.measures, simulated.each, simulated.effects, strict=True
            )
        ]
        rows += [
            ("both (all of), no adjustment", simulated.all_of),
            ("at least one, each at half the level", simulated.at_least_one),
        ]
        lines += [rate_line(*one) for one in rows]
        if isfinite(simulated.correlation):
            lines.append(
                f"  correlation of the two statistics over trials {simulated.correlation:.2f}, "
                f"{simulated.origin}"
            )
    if formula is not None:
        named = {
            f"{names[0]} alone": formula.each[0],
            f"{names[1]} alone": formula.each[1],
            "both (all of), no adjustment": formula.all_of,
            "the same, each with an error of its own": formula.all_of_own_errors,
            "at least one, each at half the level": formula.any_of,
            "at least one, one test of two df": formula.at_least_one,
            "weighted mean of both, one df": formula.single,
            "sum of both": formula.combined,
        }
        if not one_unit(study.file):
            del named["sum of both"]
        named |= {f"each at the level of {name}": one for name, one in formula.adjusted.items()}
        lines.append(
            f"  by formula, {formula.df:.1f} degrees of freedom; correlation of the tests "
            f"{formula.correlation:.2f}"
        )
        lines += [f"  {name:<48}{one:>7.3f}" for name, one in named.items()]
    elif study.file.statistical is not None:
        lines.append("  by formula: none for such a design; simulate it")
    return lines
