"""Type I error and coverage of every registered analysis with 8, 12, 20 and 40 clusters.

``make study-few_clusters`` writes the numbers beside this file; ``python -m
benchmarks.level_of_tests --page`` puts them into docs/validation-trials.md.
All analyses of a kind of trial are done on the same simulated trials, without an effect for the
type I error; binary outcomes also with one, for coverage.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.stored_rows import loaded, saved
from docs.marked import table
from sim.trials.analyses.analysis_plan import (
    AnalysisPlan,
    analysed_trial,
    analysis_rows,
    default_plan,
)
from sim.trials.analyses.exposure import AVERAGE
from sim.trials.analyses.registry import ANALYSES
from sim.trials.analyses.trial_result import tested_result
from sim.trials.data.outcome_kind import CONTINUOUS
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import Design, parallel, stepped_wedge

NUMBERS = Path(__file__).with_suffix(".csv")
CLUSTERS, SEED, ALPHA = (8, 12, 20, 40), 20261127, 0.05
TRIALS = 1000
LINEAR = ("two arms, equal sizes", "two arms, sizes with variation .6")
BINARY = ("two arms, binary", "two arms, binary, variation .6")
WEDGE, WEDGE_AVERAGE = "stepped wedge", "stepped wedge, time-averaged effect"
# Fits over periods cost more.
WEDGE_TRIALS = 400


class Row(NamedTuple):
    """How an analysis does in one kind of trial."""

    kind: str
    clusters: int
    analysis: str
    trials: int
    type_i_error: float
    coverage: float
    failed: float


@dataclass(frozen=True)
class Setting:
    """A kind of trial, with what is simulated of it."""

    kind: str
    design: Design
    plan: AnalysisPlan
    source: StatisticalSource
    analyses: tuple[str, ...]


def settings() -> Iterator[tuple[Setting, int]]:
    """Yield every kind of trial with every number of clusters, and how many trials of it."""
    linear = tuple(one for one in ANALYSES if one != "marginal")
    normal = StatisticalSource(40.0, 10.0, Correlations(0.05, 0.8), 4.0)
    risks = StatisticalSource(0.3, 0.5, Correlations(0.05), 0.15, kind="binary")
    for clusters in CLUSTERS:
        for kinds, source, analyses in ((LINEAR, normal, linear), (BINARY, risks, ("marginal",))):
            for kind, variation in zip(kinds, (0.0, 0.6), strict=True):
                design = parallel(clusters // 2, 20, size_variation=variation)
                yield Setting(kind, design, default_plan(design), source, analyses), TRIALS
        design = stepped_wedge(4, clusters // 4, 10)
        plan = default_plan(design)
        over = tuple(one for one in linear if not ANALYSES[one].needs_arms)
        yield Setting(WEDGE, design, plan, normal, over), WEDGE_TRIALS
        average = replace(plan, estimand=AVERAGE)
        over = tuple(one for one in over if not ANALYSES[one].of_constant)
        yield Setting(WEDGE_AVERAGE, design, average, normal, over), WEDGE_TRIALS


def studied(setting: Setting, trials: int, seed: int = SEED) -> list[Row]:
    """Return how each analysis of a setting does."""
    rejected, covered, failed = (dict.fromkeys(setting.analyses, 0) for _ in range(3))
    # An effect moves a linear estimate and its interval alike: a trial without one tells both.
    linear = setting.source.kind == CONTINUOUS
    effects = (0.0,) if linear else (0.0, setting.source.effect)
    for number in range(trials):
        for effect in effects:
            source = replace(setting.source, effect=effect)
            data = source.simulate(setting.design, seed + setting.design.total_clusters, number)
            rows = analysis_rows(data, setting.design, setting.plan)
            codes = np.unique(rows.cluster, return_inverse=True)[1]
            trial = analysed_trial(data, rows, codes, setting.plan)
            for name in setting.analyses:
                answer = None if trial is None else ANALYSES[name].test(trial)
                if answer is None:
                    failed[name] += effect == effects[-1]
                    continue
                found = tested_result(answer, ALPHA, 0, 0, None)
                rejected[name] += effect == 0.0 and found.p <= ALPHA + 1e-12
                covered[name] += effect == effects[-1] and found.low <= effect <= found.high
    count = setting.design.total_clusters
    return [
        Row(
            setting.kind,
            count,
            name,
            trials,
            rejected[name] / trials,
            covered[name] / max(trials - failed[name], 1),
            failed[name] / trials,
        )
        for name in setting.analyses
    ]


def shown(rows: Iterable[Row]) -> str:
    """Return the table of the documentation: type I error and coverage in percent."""
    rows = list(rows)
    found = {(one.kind, one.analysis, one.clusters): one for one in rows}
    lines = []
    for kind, analysis in dict.fromkeys((one.kind, one.analysis) for one in rows):
        cells = []
        for clusters in CLUSTERS:
            one = found.get((kind, analysis, clusters))
            if one is None:
                cells.append("")
                continue
            failed = f" ({100 * one.failed:.0f}% without an answer)" if one.failed > 0.005 else ""
            cells.append(f"{100 * one.type_i_error:.1f} / {100 * one.coverage:.1f}{failed}")
        lines.append((kind, ANALYSES[analysis].short, *cells))
    return table(("trial", "analysis", *(f"{one} clusters" for one in CLUSTERS)), lines)


def section() -> str:
    """Return the numbers saved, as they stand in the documentation."""
    rows = loaded(Row, NUMBERS)
    kinds = {one.kind: one.trials for one in rows}
    counts = sorted(set(kinds.values()), reverse=True)
    error = " and ".join(f"{100 * sqrt(ALPHA * (1 - ALPHA) / one):.1f}" for one in counts)
    told = " and ".join(f"{one:,}" for one in counts)
    return (
        f"Type I error / coverage of the 95% interval, in percent; {told} trials of each cell "
        f"(stepped wedges the smaller number), so that a true 5% has a Monte Carlo standard error "
        f"of {error} points.\n\n{shown(rows)}"
    )


def main() -> None:
    """Run the study and save its numbers."""
    rows: list[Row] = []
    for setting, trials in settings():
        rows += studied(setting, trials)
        print(shown(rows[-len(setting.analyses) :]).splitlines()[2:], file=sys.stderr, flush=True)
    saved(Row, rows, NUMBERS)


if __name__ == "__main__":
    main()
