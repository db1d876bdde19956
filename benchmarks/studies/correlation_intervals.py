"""Coverage of the intervals for ICC, CAC and IAC, as `analyse` prints them over periods.

``make study-correlation_intervals`` writes the numbers beside this file; ``python -m
benchmarks.level_of_tests --page`` puts them into docs/validation-trials.md.
"""

from __future__ import annotations

import sys
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.stored_rows import loaded, saved
from docs.marked import table
from sim.trials.analyses.analysis_plan import analysed_trial, analysis_rows, default_plan
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import stepped_wedge
from sim.trials.fits.icc_intervals import RESIDUAL, profile_interval, share_of
from sim.trials.fits.mixed_model import fit_mixed_model

NUMBERS = Path(__file__).with_suffix(".csv")
ICCS, SEED, TRIALS = (0.05, 0.15), 20261129, 400
CAC, IAC, STEPS, SIZE = 0.8, 0.6, 4, 10
# Clusters of each kind of people; intervals of cohorts cost most.
CLUSTERS = {"cross-sectional": (8, 20), "closed cohort": (8,)}


class Row(NamedTuple):
    """How often intervals of a correlation hold its true value."""

    sampling: str
    clusters: int
    icc: float
    correlation: str
    true: float
    trials: int
    covered: float
    # Medians over trials.
    estimate: float
    width: float
    # Share of intervals that exclude nothing from 0 to 1, and of estimates that are 0 / 0.
    whole: float
    undefined: float


def studied(sampling: str, clusters: int, icc: float, trials: int = TRIALS) -> list[Row]:
    """Return how the intervals do in stepped wedges of so many clusters."""
    design = stepped_wedge(STEPS, clusters // STEPS, SIZE, sampling=sampling)
    plan = default_plan(design)
    source = StatisticalSource(40.0, 10.0, Correlations(icc, CAC, IAC), 0.0)
    cohort = sampling != "cross-sectional"
    # Of the model's effects: cluster, cluster-period and, in a cohort, person.
    whole = [0, 1, *([2] if cohort else []), RESIDUAL]
    wanted = {"ICC": (icc, [0, 1], whole), "CAC": (CAC, [0], [0, 1])}
    if cohort:
        wanted["IAC"] = (IAC, [2], [2, RESIDUAL])
    found: dict[str, list[tuple[float, float, float]]] = {one: [] for one in wanted}
    for number in range(trials):
        data = source.simulate(design, SEED + clusters, number)
        rows = analysis_rows(data, design, plan)
        codes = np.unique(rows.cluster, return_inverse=True)[1]
        trial = analysed_trial(data, rows, codes, plan)
        assert trial is not None
        fit = fit_mixed_model(trial.x, trial.y, trial.effects)
        for name, (_, part, of) in wanted.items():
            try:
                ends = profile_interval(fit.sums, fit.ratios, part, of)
            except (ArithmeticError, ValueError):
                # `analyse` prints no interval there.
                ends = None
            estimate = share_of(fit.ratios, part, of)
            if ends is not None and estimate is not None:
                found[name].append((estimate, *ends))
    rows_of = []
    for name, (true, _, _) in wanted.items():
        got = np.array(found[name])
        rows_of.append(
            Row(
                sampling,
                clusters,
                icc,
                name,
                true,
                trials,
                float(((got[:, 1] <= true) & (true <= got[:, 2])).mean()),
                float(np.median(got[:, 0])),
                float(np.median(got[:, 2] - got[:, 1])),
                float(((got[:, 1] <= 0.0) & (got[:, 2] >= 1.0)).mean()),
                1.0 - len(got) / trials,
            )
        )
    return rows_of


def section() -> str:
    """Return the numbers saved, as they stand in the documentation."""
    rows = loaded(Row, NUMBERS)
    error = 100 * sqrt(0.95 * 0.05 / rows[0].trials)
    lines = [
        (
            one.sampling,
            str(one.clusters),
            f"{one.correlation} {one.true:g}" + (f", ICC {one.icc:g}" * (one.correlation != "ICC")),
            f"{100 * one.covered:.1f}",
            f"{one.estimate:.2f}",
            f"{one.width:.2f}",
            f"{100 * one.whole:.0f}",
            f"{100 * one.undefined:.0f}",
        )
        for one in rows
    ]
    head = (
        "people",
        "clusters",
        "true",
        "covered, %",
        "median estimate",
        "median width",
        "intervals from 0 to 1, %",
        "no interval, %",
    )
    return (
        f"{rows[0].trials:,} trials of each cell, in which 95% has a Monte Carlo standard error of "
        f"{error:.1f} points; coverage is of the trials that have an interval.\n\n"
        + table(head, lines)
    )


def main() -> None:
    """Run the study and save its numbers."""
    rows: list[Row] = []
    for sampling, numbers in CLUSTERS.items():
        for clusters in numbers:
            for icc in ICCS:
                rows += studied(sampling, clusters, icc)
                print(*rows[-3:], sep="\n", file=sys.stderr, flush=True)
    saved(Row, rows, NUMBERS)


if __name__ == "__main__":
    main()
