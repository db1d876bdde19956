"""Hybrid type 2 trials: power to find both of two co-primary outcomes, or at least one.

With agents both outcomes are those of the same people in the same simulated trials, so that their
correlation comes from the mechanism and is no guess. Each trial is analysed twice by the same plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Unpack

import numpy as np

from sim.runs.pieces import How
from sim.trials.analyses.trial_result import TrialResult
from sim.trials.designs.design import arm_sizes
from sim.trials.designs.design_file import changed
from sim.trials.power.co_primary import CoPrimary, CoPrimaryPower, co_primary_power
from sim.trials.power.power_study import PowerResult, Study, simulate_power, study_of
from sim.trials.power.simulated_power import Rate, rate


@dataclass(frozen=True)
class BothOutcomes:
    """Power of simulated trials for two outcomes.

    Attributes
    ----------
    each : tuple of two Rates
        Power for each alone, two-sided at the full level.
    all_of : Rate
        Both are significant.
    at_least_one : Rate
        One or both at half the level (Bonferroni).
    correlation : float
        Of the two test statistics over trials; with posterior draws, of how effects go together
        too.
    effects : tuple of two floats
        True differences.
    """

    measures: tuple[str, str]
    each: tuple[Rate, Rate]
    all_of: Rate
    at_least_one: Rate
    correlation: float
    effects: tuple[float, float]


def both_simulated(first: PowerResult, draws: int | None, **how: Unpack[How]) -> BothOutcomes:
    """Analyse the trials of a result by their second outcome too.

    Parameters
    ----------
    first : PowerResult
        Of a design with [agents] and [co_primary].
    draws : int, optional
        Posterior draws, as the result had them.
    **how
        See `sim.runs.pieces.How`.
    """
    file = first.study.file
    assert file.agents is not None
    assert file.co_primary is not None
    other = str(file.co_primary.measure)
    # What it is beside would be itself.
    alone = file.model_copy(update={"co_primary": None})
    study = study_of(changed(alone, {"agents.measure": other}), draws)
    second = simulate_power(study, len(first.results), seed=first.seed, null=False, **how)
    found = together(first.results, second.results, first.study.plan.alpha)
    return BothOutcomes(
        (file.agents.measure, other),
        (first.performance.power, second.performance.power),
        *found,
        (first.performance.true_effect, second.performance.true_effect),
    )


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
    if second is None or s is None:
        return None
    clusters = min(arm_sizes(design))
    outcomes = CoPrimary(
        (s.effect, second.effect),
        (s.sd**2, second.sd**2),
        (s.icc, second.icc),
        second.between,
        second.within,
    )
    size = design.size * (1.0 - design.attrition.rate)
    return co_primary_power(outcomes, clusters, size, study.plan.alpha)


def both_lines(simulated: BothOutcomes | None, formula: CoPrimaryPower | None) -> list[str]:
    """Return the section on two co-primary outcomes as lines of text."""
    lines = ["two co-primary outcomes (hybrid type 2)"]
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
        lines += [
            f"  {name:<48}{one.value:>7.3f}  MC SE {one.monte_carlo_se:.4f}" for name, one in rows
        ]
        if isfinite(simulated.correlation):
            lines.append(
                f"  correlation of the two statistics over trials {simulated.correlation:.2f}, "
                "from the mechanism"
            )
    if formula is not None:
        named = {
            "first alone": formula.each[0],
            "second alone": formula.each[1],
            "both (all of), no adjustment": formula.all_of,
            "at least one, one test of two df": formula.at_least_one,
            "weighted mean of both, one df": formula.single,
            "sum of both": formula.combined,
        }
        named |= {f"each at the level of {name}": one for name, one in formula.adjusted.items()}
        lines.append(
            "  by formula, smaller arm on both sides, clusters - 4 df; correlation of the tests "
            f"{formula.correlation:.2f}"
        )
        lines += [f"  {name:<48}{one:>7.3f}" for name, one in named.items()]
    return lines
