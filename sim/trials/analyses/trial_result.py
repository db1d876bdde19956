"""What the analysis of one simulated trial gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from math import nan

import numpy as np

from sim.trials.analyses.analysed_trial import Answer
from sim.trials.analyses.hypothesis import Bounds


@dataclass(frozen=True)
class TrialResult:
    """What the analysis of one trial gave; numbers are NaN when it failed."""

    # Effect and the standard error of the plan's test.
    estimate: float
    se: float
    # Degrees of freedom and p of the plan's test.
    df: float
    p: float
    # Confidence limits at the plan's level.
    low: float
    high: float
    # Variance components.
    cluster_variance: float
    residual_variance: float
    # Whether a variance was estimated as zero; whether no estimate could be had.
    singular: bool
    failed: bool
    # Rows and clusters in the analysis.
    analysed: int
    clusters: int


def as_table(results: Sequence[TrialResult]) -> np.ndarray:
    """Return results as numbers, one row each, to be stored."""
    return np.array([astuple(one) for one in results], float).reshape(-1, len(fields(TrialResult)))


def from_table(table: np.ndarray) -> list[TrialResult]:
    """Return the results that `as_table` made numbers of."""
    kinds = [
        {"bool": bool, "int": int, "float": float}[str(one.type)] for one in fields(TrialResult)
    ]
    return [
        TrialResult(*(kind(value) for kind, value in zip(kinds, row, strict=True)))
        for row in table.tolist()
    ]


def failed_result(analysed: int, clusters: int) -> TrialResult:
    """Return the record of an analysis that gave no estimate."""
    return TrialResult(nan, nan, nan, nan, nan, nan, nan, nan, False, True, analysed, clusters)


def tested_result(
    answer: Answer, alpha: float, analysed: int, clusters: int, bounds: Bounds | None
) -> TrialResult:
    """Return the record of a test, or of a failure where there is no number.

    With bounds, p is that of the effect outside them, and the interval of level 1 - 2 alpha.
    """
    from scipy.special import stdtr, stdtrit

    estimate, se, df = answer.estimate, answer.se, answer.df
    if not (np.isfinite(estimate) and se > 0.0 and df > 0.0):
        return failed_result(analysed, clusters)
    half = float(stdtrit(df, 1.0 - (alpha / 2.0 if bounds is None else alpha))) * se
    p = answer.p
    if bounds is not None:
        p = bounds.p(estimate, se, df)
    elif p is None:
        p = 2.0 * float(stdtr(df, -abs(estimate / se)))
    return TrialResult(
        estimate,
        se,
        df,
        p,
        estimate - half,
        estimate + half,
        answer.between,
        answer.residual,
        answer.singular,
        False,
        analysed,
        clusters,
    )
