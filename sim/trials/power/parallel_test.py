"""What the test of a parallel cluster trial can be expected to do, for given cluster sizes.

A baseline is used with one slope for all people. The slope that a mixed model finds is mostly that
within clusters, and what it leaves of a cluster's mean is not what the best slope of cluster means
would: with b the slope and r the correlation of a cluster's means, the variance of a cluster's mean
is multiplied by 1 + b^2 - 2 b r, which exceeds 1 where clusters change more than people do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.registry import analysis_named
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.power.drawn_variances import with_draws
from sim.trials.power.expected_test import ExpectedTest, expected_tests, trial_cells

Matrix = NDArray[np.float64]

# The slope of the baseline and the weights of clusters depend on each other.
SLOPE_STEPS, SLOPE_ERROR = 30, 1e-12


@dataclass(frozen=True)
class Outcome:
    """An outcome at follow-up, and its correlation with the baseline."""

    # Standard deviation; ICC; cluster and individual autocorrelation.
    sd: float
    icc: float
    cac: float
    iac: float
    effect_sd: float = 0.0  # Standard deviation of the effect between clusters
    effect_correlation: float = 0.0  # Of that effect with the lasting level of the cluster

    def left(self, slope: float) -> VarianceComponents:
        """Return the variances of what is left of the outcome after the baseline times a slope."""
        between, within = self.sd**2 * self.icc, self.sd**2 * (1.0 - self.icc)
        cluster = between * max(1.0 + slope**2 - 2.0 * slope * self.cac, 0.0)
        # An effect goes with what lasts of a cluster, of which the baseline takes its slope.
        shared = self.effect_correlation * (1.0 - slope) * sqrt(self.cac * between)
        return VarianceComponents(
            residual=within * max(1.0 + slope**2 - 2.0 * slope * self.iac, 0.0),
            cluster=cluster,
            treatment=self.effect_sd**2,
            treatment_correlation=shared / sqrt(cluster) if cluster > 0.0 else 0.0,
        )


@dataclass(frozen=True)
class Slope:
    """Slope of the baseline in an analysis."""

    value: float
    variance: float = 0.0  # Of its estimate
    between: float = 0.0  # Share of the information on it that lies between clusters


def parallel_tests(
    arm: Matrix,
    draws: Sequence[Matrix],
    strata: NDArray[np.intp],
    outcome: Outcome,
    analysis: str = "follow-up",
    test: str = "kenward-roger",
) -> list[ExpectedTest]:
    """Return what the test can be expected to do, for each draw of the people analysed.

    Parameters
    ----------
    arm : (I,) array
        0 or 1.
    draws : sequence of (I,) arrays
        People analysed in each cluster; clusters without any are left out.
    strata : (I,) array of int
    analysis : {'follow-up', 'ancova', 'change'}
    test : str
        As in an analysis plan.

    Raises
    ------
    InputError
        When clusters without anybody leave no arms to compare.
    """
    of_means = test == "cluster-summary"
    kept, slopes, free = [], [], []
    for people in draws:
        seen = people > 0.0
        own, people, blocks = arm[seen], people[seen], strata[seen]
        free.append(float(len(own) - 1 - len(set(blocks.tolist()))))
        if free[-1] < 1.0 or own.min() == own.max():
            raise nobody_left()
        kept.append((own, people, blocks))
        slope = Slope(1.0 if analysis == "change" else 0.0)
        if analysis == "ancova":
            slope = _pooled_slope(people, outcome) if of_means else _slope(own, people, outcome)
        slopes.append(slope)
    left = [outcome.left(slope.value) for slope in slopes]
    if of_means:
        tests = [
            _of_means(own, people, one, df)
            for (own, people, _), one, df in zip(kept, left, free, strict=True)
        ]
    else:
        cells = [trial_cells(own[:, None], people[:, None], one) for own, people, one in kept]
        by_rule = free if test == "between-within" else None
        adapted = analysis_named(test).formula
        tests = expected_tests(cells, left, ("cluster",), test=test, df=by_rule, adapted=adapted)
        if any(np.ptp(people) > 0.0 for _, people, _ in kept):
            tests = with_draws(tests, cells, left, ("cluster",), 1.0, test, by_rule)
    spends = test not in ("between-within", "cluster-summary")
    found = []
    for one, slope, (own, people, _) in zip(tests, slopes, kept, strict=True):
        # Arms differ by chance in the baseline, by a multiple of which the slope's error counts.
        baseline = outcome.sd**2 * (outcome.icc + (1.0 - outcome.icc) / people)
        apart = sum(float(baseline[own == a].mean()) / (own == a).sum() for a in (0.0, 1.0))
        more = slope.variance * apart
        spent = slope.between if spends else 0.0
        if one.df <= spent and len(own) < len(arm):
            raise nobody_left()
        found.append(
            replace(
                one,
                se=sqrt(one.se**2 + more),
                model_se=sqrt(one.model_se**2 + more),
                df=one.df - spent,
                spread_df=one.spread_df - slope.between,
                floor_df=one.floor_df - spent,
                near_df=None if one.near_df is None else one.near_df - spent,
                drawn=None if one.drawn is None else one.drawn.after_baseline(more, spent),
            )
        )
    return found


def nobody_left() -> InputError:
    """Return the error for losses that leave whole clusters without anybody."""
    return InputError(
        "size: of so few people some trials keep nobody in so many clusters that arms cannot be "
        "compared; give more people or clusters, or fewer losses"
    )


def _slope(arm: Matrix, people: Matrix, outcome: Outcome) -> Slope:
    """Return the slope that a mixed model with a random intercept finds."""
    between, within = outcome.sd**2 * outcome.icc, outcome.sd**2 * (1.0 - outcome.icc)
    inside = float((people - 1.0).clip(0.0).sum()) * within
    kept = 1.0 - 2.0 / len(arm)
    slope, told, across = outcome.iac, 1.0, 0.0
    for _ in range(SLOPE_STEPS):
        left = outcome.left(slope)
        weight = kept / np.maximum(left.cluster + left.residual / people, 1e-300)
        across = float((weight * (between + within / people)).sum())
        shared = float((weight * (between * outcome.cac + within * outcome.iac / people)).sum())
        information = inside / max(left.residual, 1e-300)
        told = information + across
        before, slope = slope, (information * outcome.iac + shared) / told
        if abs(slope - before) < SLOPE_ERROR:
            break
    return Slope(slope, 1.0 / told, across / told)


def _pooled_slope(people: Matrix, outcome: Outcome) -> Slope:
    """Return the slope over all people, clusters ignored, of the first of two stages."""
    between, within = outcome.sd**2 * outcome.icc, outcome.sd**2 * (1.0 - outcome.icc)
    total = float(people.sum())
    # Between clusters the sum of squares of the mean of n people counts n-fold.
    across = between * (total - float((people**2).sum()) / total)
    inside = within * (total - 1.0)
    slope = (across * outcome.cac + inside * outcome.iac) / (across + inside)
    left = outcome.left(slope)
    return Slope(slope, left.residual / (across + inside))


def _of_means(arm: Matrix, people: Matrix, left: VarianceComponents, df: float) -> ExpectedTest:
    """Return what a t test of cluster means with one variance can be expected to do."""
    crossed = left.treatment_correlation * sqrt(left.cluster * left.treatment)
    more = left.treatment + 2.0 * crossed
    variances = [
        float((left.cluster + more * one + left.residual / people[arm == one]).mean())
        for one in (0.0, 1.0)
    ]
    counts = [int((arm == one).sum()) for one in (0.0, 1.0)]
    se = sqrt(sum(v / k for v, k in zip(variances, counts, strict=True)))
    weights = [max(k - 1, 0) for k in counts]
    pooled = sum(w * v for w, v in zip(weights, variances, strict=True)) / max(sum(weights), 1)
    model_se = sqrt(pooled * sum(1.0 / k for k in counts))
    # Means of clusters of few people vary more: Satterthwaite over all clusters.
    each = left.cluster + more * arm + left.residual / people
    steady = float(each.mean()) ** 2 / float((each**2).mean())
    return ExpectedTest(se, model_se, df, max(df * steady, 1.0))
