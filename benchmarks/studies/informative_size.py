"""Bias, coverage and power of each estimator where large teams respond otherwise.

``make study-informative_size`` writes the numbers beside this file; ``python -m
benchmarks.level_of_tests --page`` puts them into docs/validation-trials.md.
All analyses are done on the same simulated trials.
"""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.stored_rows import loaded, saved
from docs.marked import table
from sim.trials.analyses.analysis_plan import analysed_trial, analysis_rows, default_plan
from sim.trials.analyses.registry import ANALYSES
from sim.trials.analyses.trial_result import tested_result
from sim.trials.data.counterfactual import statistical_truth
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import parallel

NUMBERS = Path(__file__).with_suffix(".csv")
CLUSTERS, SEED, TRIALS = (20, 60), 20261128, 1000
SIZE, VARIATION = 20, 0.8
SOURCE = StatisticalSource(40.0, 10.0, Correlations(0.05), 3.0, effect_by_size=3.0)
STUDIED = ("kenward-roger", "cluster-robust", "participant-average", "cluster-summary")


class Row(NamedTuple):
    """How an analysis does; coverage is of the participant's and of the cluster's average."""

    clusters: int
    analysis: str
    trials: int
    participants: float
    cluster_mean: float
    mean: float
    sd: float
    power: float
    covers_participants: float
    covers_clusters: float


def studied(clusters: int, trials: int = TRIALS) -> list[Row]:
    """Return how each analysis does with so many clusters."""
    design = parallel(clusters // 2, SIZE, size_variation=VARIATION)
    plan, truth = default_plan(design), statistical_truth(SOURCE, design)
    found: dict[str, list[tuple[float, float, float, float]]] = {one: [] for one in STUDIED}
    for number in range(trials):
        data = SOURCE.simulate(design, SEED + clusters, number)
        rows = analysis_rows(data, design, plan)
        codes = np.unique(rows.cluster, return_inverse=True)[1]
        trial = analysed_trial(data, rows, codes, plan)
        for name in STUDIED:
            answer = None if trial is None else ANALYSES[name].test(trial)
            if answer is not None:
                one = tested_result(answer, 0.05, 0, 0, None)
                found[name].append((one.estimate, one.low, one.high, one.p))
    lines = []
    averages = truth.participant_average, truth.cluster_average
    for name in STUDIED:
        estimate, low, high, p = np.array(found[name]).T
        covered = [float(np.mean((low <= one) & (one <= high))) for one in averages]
        spread = float(estimate.std(ddof=1))
        power = float(np.mean(p < 0.05))
        mean = float(estimate.mean())
        lines.append(Row(clusters, name, len(p), *averages, mean, spread, power, *covered))
    return lines


def section() -> str:
    """Return the part of the documentation."""
    rows = loaded(Row, NUMBERS)
    first = rows[0]
    lines = [
        (
            str(one.clusters),
            ANALYSES[one.analysis].short,
            ANALYSES[one.analysis].aims,
            f"{one.mean:.2f} ({one.sd / sqrt(one.trials):.2f})",
            f"{one.mean - one.participants:+.2f}",
            f"{one.mean - one.cluster_mean:+.2f}",
            f"{100 * one.covers_participants:.1f}",
            f"{100 * one.covers_clusters:.1f}",
            f"{one.power:.3f}",
        )
        for one in rows
    ]
    heading = (
        "clusters",
        "analysis",
        "aims at",
        "mean estimate (MC SE)",
        "bias for participants",
        "bias for clusters",
        "covers participants, %",
        "covers clusters, %",
        "power",
    )
    return (
        f"True effect: participant average {first.participants:.2f}, cluster average "
        f"{first.cluster_mean:.2f}; {first.trials:,} trials of each number of clusters, in which "
        "95% has a Monte Carlo standard error of 0.7 points.\n\n" + table(heading, lines)
    )


def main() -> None:
    """Simulate, and write the numbers."""
    rows = (row for clusters in CLUSTERS for row in studied(clusters))
    saved(Row, rows, NUMBERS)


if __name__ == "__main__":
    main()
