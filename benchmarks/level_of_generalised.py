"""How often the tests of a binary outcome reject where there is no effect.

``python -m benchmarks.level_of_generalised CLUSTERS VARIATION [TRIALS]`` prints a row of the table
in docs/validation-cases.md: probability .3, ICC .05 on the scale of proportions (beta-binomial), on
average 25 people a cluster. ``... wedge CLUSTERS binomial|poisson [TRIALS]``: effects by exposure
in a stepped wedge of 5 periods with 10 people a cluster and period.
"""

from __future__ import annotations

import sys
from math import sqrt

import numpy as np
from scipy.special import stdtrit

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial
from sim.trials.analyses.marginal_exposure import marginal_exposure
from sim.trials.fits.gee import CORRECTIONS, FAMILIES, NESTED, Working, fit_gee

TESTED = ("time_averaged_effect", "long_term_effect", "all_equal", "all_zero")
RISK, ICC, SIZE, SEED = 0.3, 0.05, 25.0, 20261126


def trial(clusters: int, variation: float, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return columns, outcomes and clusters of a trial without an effect."""
    sizes = np.full(clusters, SIZE)
    if variation > 0.0:
        sizes = rng.gamma(1.0 / variation**2, SIZE * variation**2, clusters)
    sizes = np.maximum(np.round(sizes), 2.0).astype(int)
    strength = (1.0 - ICC) / ICC
    risks = rng.beta(RISK * strength, (1.0 - RISK) * strength, clusters)
    code = np.repeat(np.arange(clusters), sizes)
    y = (rng.random(code.size) < risks[code]).astype(float)
    return np.column_stack([np.ones(code.size), code % 2]), y, code


def rates(clusters: int, variation: float, trials: int) -> dict[str, float]:
    """Return the share of trials in which each test rejects at 5%."""
    rng = np.random.Generator(np.random.Philox(key=[SEED, clusters * 100 + round(variation * 10)]))
    critical = float(stdtrit(clusters - 2, 0.975))
    rejected = dict.fromkeys(("LZ, z", *CORRECTIONS), 0)
    for _ in range(trials):
        x, y, code = trial(clusters, variation, rng)
        try:
            fit = fit_gee(x, y, code, FAMILIES["binomial"])
        except (InputError, np.linalg.LinAlgError):
            continue
        for name in CORRECTIONS:
            t = abs(fit.coefficients[1]) / sqrt(fit.covariance[name][1, 1])
            rejected[name] += t > critical
            if name == "LZ":
                rejected["LZ, z"] += t > 1.96
    return {name: count / trials for name, count in rejected.items()}


def wedge(clusters: int, family: str, trials: int) -> dict[str, list[float]]:
    """Return the share of wedges without effects in which each error rejects, by what is tested."""
    rng = np.random.Generator(np.random.Philox(key=[SEED, clusters]))
    periods, people = 5, 10
    cell = np.repeat(np.arange(clusters * periods), people)
    cluster, period = np.divmod(cell, periods)
    treated = (period > cluster % (periods - 1)).astype(float)
    x = np.column_stack([np.ones(cell.size), treated, period[:, None] == range(1, periods)])
    working, kind = Working(NESTED, cell.astype(float)), FAMILIES[family]
    errors = ("MBN", "MD", "FG", "KC")
    rejected = {error: np.zeros(len(TESTED)) for error in errors}
    for _ in range(trials):
        level = 0.42 * rng.standard_normal(clusters)[cluster]
        level += 0.2 * rng.standard_normal(clusters * periods)[cell] + 0.1 * period - 0.9
        mean = kind.mean(level)
        drawn = rng.random(cell.size) < mean if family == "binomial" else rng.poisson(mean)
        trial = AnalysedTrial(x, drawn.astype(float), 1, cluster, [], period)
        for error in errors:
            found = marginal_exposure(trial, kind, None, working, error)
            if isinstance(found, dict):
                rejected[error] += [found[one]["p"] < 0.05 for one in TESTED]
    return {error: (count / trials).tolist() for error, count in rejected.items()}


if __name__ == "__main__" and sys.argv[1] == "wedge":
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 400
    for name, shares in wedge(int(sys.argv[2]), sys.argv[3], count).items():
        told = " | ".join(f"{100 * one:.1f}" for one in shares)
        print(f"| {sys.argv[2]} | {sys.argv[3]} | {name} | {told} |")
elif __name__ == "__main__":
    number, cv = int(sys.argv[1]), float(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    row = [f"{100 * one:.1f}" for one in rates(number, cv, count).values()]
    print(f"| {number} | {cv:g} | {' | '.join(row)} |")
