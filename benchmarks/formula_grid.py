"""Random trial designs, and what simulated trials of each say, for the check of the formula."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from benchmarks.period_fits import EFFECTS, fit_cells, sums_of
from sim.trials.analyses.analysed_trial import Answer
from sim.trials.analyses.analysis_plan import AnalysisPlan, analyse_trial
from sim.trials.analyses.trial_result import TrialResult, failed_result, tested_result
from sim.trials.data.statistical import StatisticalSource
from sim.trials.designs.correlation import design_effect, from_correlations
from sim.trials.designs.design import Design
from sim.trials.designs.design_file import (
    analysis_plan,
    design_from_table,
    measured_schedule,
    trial_design,
)
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power.gls_power import gls_standard_error
from sim.trials.power.measured_error import FEW, kind_of
from sim.trials.power.power_study import statistical_source
from sim.trials.power.simulated_power import Performance, performance

SEED = 20261126
# Later numbers are those of designs of one kind alone.
DRAWN = 200
MATRICES = (
    [[0, 1, 1], [0, 0, 1]],
    [[0, 0, 1], [0, 1, 0]],
    [[0, 1], [0, 0]],
    [[0, 1, 1, 1], [0, 0, 0, 0]],
    [[0, 1, 3, 3], [3, 0, 1, 3], [3, 3, 0, 1]],
    [[0, 0, 2, 1], [0, 2, 1, 1], [0, 0, 0, 0]],
)

AVERAGE = {"estimand": "time-averaged effect"}
LONG_TERM = {"estimand": "long-term effect"}
ALONE = {"correlation": "independence"}
MARGINAL: tuple[tuple[str, float, float, dict[str, str]], ...] = (
    ("binary, constant", 0.3, 0.15, {}),
    ("binary, constant, independence", 0.3, 0.15, ALONE),
    ("binary, time-averaged", 0.3, 0.3, AVERAGE),
    ("binary, long-term", 0.3, 0.3, LONG_TERM),
    ("count, constant", 2.0, -0.5, {}),
    ("count, time-averaged", 2.0, -0.9, AVERAGE),
    ("count, rising, time-averaged", 0.8, 0.7, AVERAGE),
    ("count, long-term", 2.0, -1.0, LONG_TERM),
)


def random_designs(count: int) -> list[DesignFile]:
    """Return designs drawn over all shapes, sizes, correlations and analyses that have a formula.

    Effects are drawn so that power by a plain formula lies between about 30 and 95%.
    """
    return [random_design(number) for number in range(count)]


def marginal_wedges() -> dict[str, DesignFile]:
    """Return stepped wedges with binary outcomes and counts, by outcome and what is estimated."""
    return {
        name: design_from_table(
            {
                "design": {"type": "stepped wedge", "clusters": 16, "steps": 4, "size": 15},
                "statistical": {
                    "outcome": name.split(",")[0],
                    "mean": mean,
                    "effect": effect,
                    "icc": 0.05,
                    "cac": 0.8,
                    **({"exposure": [0.25, 0.5, 0.75, 1.0]} if "estimand" in analysis else {}),
                },
                "analysis": analysis,
            },
            name,
        )
        for name, mean, effect, analysis in MARGINAL
    }


def small_wedges(count: int) -> list[DesignFile]:
    """Return stepped wedges of two sequences, of which the first designs have few.

    They are drawn as those are, from later numbers, and kept where there is an effect of
    cluster-periods and none of treatment.
    """
    found: list[DesignFile] = []
    number = DRAWN
    while len(found) < count:
        file = random_design(number)
        design = trial_design(file)
        number += 1
        few = kind_of(design, analysis_plan(file, design)) == FEW
        if few and file.design.type == "stepped wedge":
            found.append(file)
    return found


def random_design(number: int) -> DesignFile:
    """Return the design of a number; its title is the next."""
    rng = np.random.Generator(np.random.Philox(key=[SEED, number]))
    while True:
        table = _parallel(rng) if rng.random() < 0.55 else _over_periods(rng)
        table["statistical"]["effect"] = 1.0
        first = design_from_table(table, f"{number + 1:03d}")
        effect = float(rng.uniform(1.6, 3.6)) * plain_se(first)
        table["statistical"]["effect"] = round(effect, 3)
        file = design_from_table(table, f"{number + 1:03d}")
        design = trial_design(file)
        if design.is_parallel or design.total_clusters - design.periods >= 3:
            return file


def _pick(rng: np.random.Generator, *values: Any) -> Any:
    return values[int(rng.integers(len(values)))]


def _parallel(rng: np.random.Generator) -> dict[str, Any]:
    baseline = _pick(rng, "none", "none", "ancova", "ancova", "ancova", "change")
    clusters = int(2 * rng.integers(4, 16))
    treated = clusters // 2
    if rng.random() < 0.25:
        treated = max(3, round(clusters * rng.uniform(0.3, 0.7)))
    strata = _pick(rng, 1, 1, 1, 2, 3)
    test = _pick(
        rng, *["kenward-roger"] * 6, "cluster-summary", "cluster-summary", "between-within"
    )
    table: dict[str, Any] = {
        "design": {
            "type": "parallel",
            "clusters_by_sequence": [treated, clusters - treated],
            "size": float(_pick(rng, 3, 5, 8, 10, 15, 25)),
            "size_variation": _pick(rng, 0.0, 0.0, 0.0, 0.3, 0.6, 1.0, 1.5, 2.0),
            "baseline": baseline,
        },
        "randomisation": {"method": "stratified", "strata": strata} if strata > 1 else {},
        "attrition": {"rate": _pick(rng, 0.0, 0.0, 0.15, 0.26, 0.4)},
        "statistical": {
            "mean": 0.0,
            "sd": 1.0,
            "icc": _pick(rng, 0.0, 0.01, 0.02, 0.05, 0.1, 0.2),
            "cac": round(float(rng.uniform(0.2, 1.0)), 2),
            "iac": round(float(rng.uniform(0.2, 0.85)), 2),
            "effect_heterogeneity": _pick(rng, 0.0, 0.0, 0.0, 0.0, 0.15),
        },
        "analysis": {"test": test},
    }
    return table


def _over_periods(rng: np.random.Generator) -> dict[str, Any]:
    kind = _pick(rng, "stepped wedge", "stepped wedge", "stepped wedge", "crossover", "matrix")
    cohort = rng.random() < 0.25
    design: dict[str, Any] = {"type": kind, "size": float(_pick(rng, 3, 5, 8, 12))}
    if kind == "stepped wedge":
        design["steps"] = int(rng.integers(2, 6))
        design["clusters"] = design["steps"] * int(rng.integers(2, 4))
        design["transition_periods"] = _pick(rng, 0, 0, 0, 1) if design["steps"] > 2 else 0
    elif kind == "crossover":
        design |= {"clusters": int(2 * rng.integers(3, 10)), "periods": int(rng.integers(2, 5))}
    else:
        rows = _pick(rng, *MATRICES)
        design |= {"schedule": rows, "clusters": len(rows) * int(rng.integers(3, 7))}
    design["sampling"] = "closed cohort" if cohort else "cross-sectional"
    loss = 0.0
    if cohort:
        design["transition_periods"] = 0
        if kind == "matrix":
            design["schedule"] = MATRICES[0]
            design["clusters"] = 2 * int(rng.integers(4, 10))
    else:
        design["size_variation"] = _pick(rng, 0.0, 0.0, 0.4, 0.8, 1.5)
        loss = _pick(rng, 0.0, 0.0, 0.2)
    one = not cohort and rng.random() < 0.08
    if one:
        design |= {"size": 1.0, "size_variation": 0.0, "clusters": 2 * design["clusters"]}
        loss = 0.0
    if kind != "stepped wedge":
        design.pop("transition_periods", None)
    statistical: dict[str, Any] = {
        "mean": 0.0,
        "sd": 1.0,
        "icc": _pick(rng, 0.0, 0.02, 0.05, 0.1, 0.2),
        "cac": round(float(rng.uniform(0.3, 1.0)), 2),
        "iac": round(float(rng.uniform(0.2, 0.8)), 2),
        "cluster_decay": _pick(rng, 1.0, 1.0, 1.0, 1.0, 0.8),
        "effect_heterogeneity": _pick(rng, 0.0, 0.0, 0.0, 0.0, 0.2),
    }
    if kind == "stepped wedge" and rng.random() < 0.35:
        statistical["exposure"] = _pick(rng, [0.5, 1.0], [0.19, 1.0], [0.2, 0.6])
    analysis: dict[str, Any] = {}
    if not one and rng.random() < 0.15:
        analysis["random_effects"] = ["cluster"]
    elif not one and statistical["effect_heterogeneity"] and rng.random() < 0.5:
        analysis["random_effects"] = ["cluster", "cluster-period", "treatment"]
        if cohort:
            analysis["random_effects"].append("person")
    return {
        "design": design,
        "attrition": {"rate": loss},
        "statistical": statistical,
        "analysis": analysis,
    }


def plain_se(file: DesignFile) -> float:
    """Return a rough standard error, from which effects are drawn: equal sizes, nothing lost."""
    s, design = file.statistical, trial_design(file)
    assert s is not None
    if design.is_parallel:
        size = design.size * (1.0 - file.attrition.rate)
        variance = design_effect(size, s.icc, min(design.size_variation, 1.0)) / size
        return sqrt(variance * sum(1.0 / one for one in design.clusters))
    iac = s.iac if design.sampling != "cross-sectional" else 0.0
    components = from_correlations(1.0, s.icc, s.cac, iac)
    return gls_standard_error(measured_schedule(design), design.size, components)


def simulated(file: DesignFile, trials: int, seed: int = 1) -> Performance:
    """Return what simulated trials of a design find; see `fits`."""
    design, source = trial_design(file), statistical_source(file)
    plan = analysis_plan(file, design)
    return performance(fits(source, design, plan, trials, seed), plan.alpha)


def fits(
    source: StatisticalSource, design: Design, plan: AnalysisPlan, trials: int, seed: int
) -> list[TrialResult]:
    """Return the analyses of simulated trials.

    By the program's own where one period is analysed, and by `benchmarks.period_fits` over periods,
    which takes Kenward and Roger's test and is much quicker.
    """
    if design.is_parallel:
        return [
            analyse_trial(source.simulate(design, seed, number), design, plan)
            for number in range(trials)
        ]
    chosen = np.array([EFFECTS.index(one) for one in plan.random_effects])
    return [
        _over_cells(source, design, chosen, seed, number, plan.alpha) for number in range(trials)
    ]


def _over_cells(
    source: StatisticalSource,
    design: Design,
    chosen: np.ndarray,
    seed: int,
    number: int,
    alpha: float,
) -> TrialResult:
    data = source.simulate(design, seed, number)
    cohort = design.sampling != "cross-sectional"
    cells = sums_of(data, design.total_clusters, design.periods, cohort)
    y, n, treated, within = cells
    seen = ~np.isnan(data.outcome)
    total = float(data.outcome[seen].var())
    start = np.full(len(chosen) + 1, 0.1 * total)
    start[0] = total
    if (within[:, 0] == 0.0).all():
        start[1:] = total
    try:
        estimate, se, df, _, variances, status = fit_cells(y, n, treated, chosen, within, start)
    except np.linalg.LinAlgError:
        return failed_result(int(seen.sum()), design.total_clusters)
    if status != 0 or not (se > 0.0 and df > 0.0):
        return failed_result(int(seen.sum()), design.total_clusters)
    answer = Answer(
        float(estimate),
        float(se),
        float(df),
        None,
        float(variances[1]),
        float(variances[0]),
        bool((variances[1:] <= 0.0).any()),
    )
    return tested_result(answer, alpha, int(seen.sum()), design.total_clusters, None)
