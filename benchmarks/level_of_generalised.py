"""How often the tests of a binary outcome reject where there is no effect.

``python -m benchmarks.level_of_generalised CLUSTERS VARIATION [TRIALS]`` prints a row of the table
in docs/validation-cases.md: probability .3, ICC .05 on the scale of proportions (beta-binomial), on
average 25 people a cluster. ``... wedge CLUSTERS binomial|poisson [TRIALS]``: effects by exposure
in a stepped wedge of 5 periods with 10 people a cluster and period; ``... spline CLUSTERS FAMILY``
along a curve. ``... counts CLUSTERS [TRIALS]``: a marginal model of negative binomial counts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from math import sqrt

import numpy as np
from scipy.special import stdtrit

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial
from sim.trials.analyses.marginal_exposure import marginal_exposure, marginal_spline
from sim.trials.fits.gee import CORRECTIONS, FAMILIES, NESTED, Family, Working, fit_gee

OF_SPLINE = ("time_averaged_effect", "long_term_effect", "all_zero", "on_curve")
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


def wedges(
    clusters: int, family: str, trials: int
) -> Iterator[tuple[AnalysedTrial, Family, Working]]:
    """Yield stepped wedges without an effect and the model that they are analysed by."""
    rng = np.random.Generator(np.random.Philox(key=[SEED, clusters]))
    periods, people = 5, 10
    cell = np.repeat(np.arange(clusters * periods), people)
    cluster, period = np.divmod(cell, periods)
    treated = (period > cluster % (periods - 1)).astype(float)
    x = np.column_stack([np.ones(cell.size), treated, period[:, None] == range(1, periods)])
    working, kind = Working(NESTED, cell.astype(float)), FAMILIES[family]
    for _ in range(trials):
        level = 0.42 * rng.standard_normal(clusters)[cluster]
        level += 0.2 * rng.standard_normal(clusters * periods)[cell] + 0.1 * period - 0.9
        mean = kind.mean(level)
        drawn = rng.random(cell.size) < mean if family == "binomial" else rng.poisson(mean)
        yield AnalysedTrial(x, drawn.astype(float), 1, cluster, [], period), kind, working


def wedge(clusters: int, family: str, trials: int) -> dict[str, list[float]]:
    """Return the share of wedges in which each error rejects, by what is tested."""
    errors = ("MBN", "MD", "FG", "KC")
    rejected = {error: np.zeros(len(TESTED)) for error in errors}
    for trial, kind, working in wedges(clusters, family, trials):
        for error in errors:
            found = marginal_exposure(trial, kind, None, working, error)
            if isinstance(found, dict):
                rejected[error] += [found[one]["p"] < 0.05 for one in TESTED]
    return {error: (count / trials).tolist() for error, count in rejected.items()}


def spline(clusters: int, family: str, trials: int) -> list[float]:
    """Return the share of wedges in which tests of a curve of two columns reject."""
    rejected = np.zeros(len(OF_SPLINE))
    for trial, kind, working in wedges(clusters, family, trials):
        found = marginal_spline(trial, kind, None, working, 2)
        rejected += [found[one]["p"] < 0.05 for one in OF_SPLINE]
    return (rejected / trials).tolist()


def counts(clusters: int, trials: int) -> float:
    """Return the share of trials of negative binomial counts without an effect that are rejected.

    People's rates vary as an exponential number, clusters' with variance .1; 20 people a cluster
    are observed for 3 to 12 months. The error is Kauermann and Carroll's.
    """
    rng = np.random.Generator(np.random.Philox(key=[SEED, 7 * clusters]))
    code = np.repeat(np.arange(clusters), 20)
    x = np.column_stack([np.ones(code.size), code % 2])
    rejected = 0
    for _ in range(trials):
        years = rng.integers(3, 13, code.size) / 12.0
        rate = 1.5 * rng.gamma(10.0, 0.1, clusters)[code] * rng.exponential(size=code.size)
        y = rng.poisson(years * rate).astype(float)
        fit = fit_gee(x, y, code, FAMILIES["poisson"], np.log(years))
        t = abs(fit.coefficients[1]) / sqrt(fit.covariance["KC"][1, 1])
        rejected += t > float(stdtrit(clusters - 2, 0.975))
    return rejected / trials


if __name__ == "__main__" and sys.argv[1] == "counts":
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    print(f"{100 * counts(int(sys.argv[2]), count):.1f}")
elif __name__ == "__main__" and sys.argv[1] == "spline":
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 400
    told = " | ".join(f"{100 * one:.1f}" for one in spline(int(sys.argv[2]), sys.argv[3], count))
    print(f"| {sys.argv[2]} | {sys.argv[3]} | {told} |")
elif __name__ == "__main__" and sys.argv[1] == "wedge":
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 400
    for name, shares in wedge(int(sys.argv[2]), sys.argv[3], count).items():
        told = " | ".join(f"{100 * one:.1f}" for one in shares)
        print(f"| {sys.argv[2]} | {sys.argv[3]} | {name} | {told} |")
elif __name__ == "__main__":
    number, cv = int(sys.argv[1]), float(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    row = [f"{100 * one:.1f}" for one in rates(number, cv, count).values()]
    print(f"| {number} | {cv:g} | {' | '.join(row)} |")
