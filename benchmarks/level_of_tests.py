"""How often every test that `refocus analyse` prints rejects at 5% when there is no effect.

Pairs, strata, few clusters, unequal sizes, a covariate of clusters: one table, 10,000 trials a row.
Run from the project's folder: ``python -m benchmarks.level_of_tests`` (some minutes) writes the
numbers beside this file and into docs/validation-trials.md; ``--trials N`` prints a smaller study.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from benchmarks.studies import correlation_intervals, few_clusters, informative_size, mediation
from docs.marked import table, write
from sim.trials.analyses.allocations import all_allocations, drawn_allocations
from sim.trials.analyses.cluster_tests import between_within_df, t_test
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.design_columns import prepare_design
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.fits.t_distribution import two_sided_p

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

NUMBERS = Path(__file__).with_suffix(".csv")
PAGE = Path(__file__).resolve().parents[1] / "docs" / "validation-trials.md"
TRIALS, SEED, ALPHA = 10_000, 1, 0.05
# A mixed model with a random effect in one arm has no compiled fit.
PARTIAL, PARTIAL_TRIALS = "12 clusters of 8 and 96 single people", 2_500
ICCS = (0.02, 0.1)
BATCH = 500

KENWARD_ROGER, SATTERTHWAITE, BETWEEN = "Kenward-Roger", "Satterthwaite", "between-within"
SUMMARY, PERMUTATION = "cluster summary", "permutation"
PRINTED = (KENWARD_ROGER, SATTERTHWAITE, BETWEEN, SUMMARY, PERMUTATION)
# What the first release printed: covariates of clusters out in the first stage, one permutation.
FORMER = ("cluster summary, all in the first stage", "permutation over all clusters")


@dataclass(frozen=True)
class Setting:
    """A trial without an effect."""

    name: str
    sizes: tuple[int, ...]  # People of each cluster
    arms: tuple[int, ...]  # 1 for an intervention cluster
    strata: tuple[int, ...] = ()  # Pair or stratum of each cluster
    between_strata: float = 0.5  # Standard deviation between pairs or strata, that within being 1
    in_model: bool = True  # Whether the mixed model has the strata; if not, they are declared
    # Whether the model has a quantity of clusters that predicts the outcome.
    covariate: bool = False


EQUAL = (10,) * 16
UNEQUAL = (2, 4, 25, 9, 3, 14, 6, 17, 5, 30, 8, 2, 20, 4, 10, 1)
TURNS = (0, 1) * 8
PAIRS = tuple(at // 2 for at in range(16))
STRATA = tuple(at // 4 for at in range(16))
SETTINGS = (
    Setting("8 and 8 clusters of 10", EQUAL, TURNS),
    Setting("8 and 8 clusters, sizes 1 to 30", UNEQUAL, TURNS),
    Setting("4 and 12 clusters, sizes 1 to 30", UNEQUAL, (1, 0, 0, 0) * 4),
    Setting("4 and 4 clusters of 10", EQUAL[:8], TURNS[:8]),
    Setting("4 and 4 clusters, sizes 2 to 25", UNEQUAL[:8], TURNS[:8]),
    Setting("8 pairs of clusters of 10", EQUAL, TURNS, PAIRS),
    Setting("8 pairs, sizes 1 to 30", UNEQUAL, TURNS, PAIRS),
    Setting("8 pairs of 10, declared, not in the mixed model", EQUAL, TURNS, PAIRS, in_model=False),
    Setting("4 strata of 4 clusters of 10", EQUAL, TURNS, STRATA),
    Setting("4 strata of 4, sizes 1 to 30", UNEQUAL, TURNS, STRATA),
    Setting("8 and 8 clusters of 10, a covariate of clusters", EQUAL, TURNS, covariate=True),
)


class Trials(NamedTuple):
    """Trials of one setting."""

    clusters: Codes  # (n,) array: Cluster of each person
    strata: Codes  # (k,) array
    arms: Matrix  # (T, k) array
    covariates: Matrix  # (k, q) array: Strata and quantity of clusters, of the tests of clusters
    modelled: Matrix  # (k, r) array: Those of the mixed model
    outcomes: Matrix  # (T, n) array


@dataclass(frozen=True)
class Level:
    """Rejection rates of one setting, in trials."""

    setting: str
    icc: float  # Variance between clusters of a stratum, over that and the variance within clusters
    trials: int
    rates: dict[str, float]  # By test; a failed fit counts as not rejected
    singular: float  # Share of mixed models with no variance between clusters
    failed: float


def drawn(setting: Setting, icc: float, count: int, rng: np.random.Generator) -> Trials:
    """Return trials whose arms are drawn within strata, with normal outcomes and no effect."""
    k = len(setting.sizes)
    clusters = np.repeat(np.arange(k), setting.sizes)
    strata = np.array(setting.strata or (0,) * k, dtype=np.intp)
    arms = drawn_allocations(np.array(setting.arms), strata, count, rng).astype(float)
    of_clusters = sqrt(icc) * rng.standard_normal((count, k))
    of_clusters += setting.between_strata * rng.standard_normal((count, k))[:, strata]
    indicators = (strata[:, None] == np.unique(strata)[1:]).astype(float)
    covariates = indicators
    if setting.covariate:
        quantity = rng.standard_normal(k)
        of_clusters += quantity
        covariates = np.column_stack([indicators, quantity])
    people = sqrt(1.0 - icc) * rng.standard_normal((count, len(clusters)))
    modelled = covariates if setting.in_model else covariates[:, len(indicators[0]) :]
    return Trials(clusters, strata, arms, covariates, modelled, of_clusters[:, clusters] + people)


def mixed_model_rejections(trials: Trials) -> dict[str, NDArray[np.bool_]]:
    """Return which tests of the mixed model reject, and which fits are singular or failed."""
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept_batch

    count, n = trials.outcomes.shape
    columns = np.ones((count, n, 2 + trials.modelled.shape[1]))
    columns[..., 1] = trials.arms[:, trials.clusters]
    columns[..., 2:] = trials.modelled[trials.clusters]
    fits = fit_random_intercept_batch(trials.clusters, columns, trials.outcomes, 1)
    df, _ = between_within_df(columns[0], 1, [trials.clusters])
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            KENWARD_ROGER: fits["kenward_roger_p"] < ALPHA,
            SATTERTHWAITE: fits["satterthwaite_p"] < ALPHA,
            BETWEEN: two_sided_p(fits["estimate"] / fits["se"], df) < ALPHA,
            "singular": fits["singular"] == 1.0,
            "failed": fits["status"] != 0.0,
        }


def cluster_rejections(trials: Trials) -> dict[str, NDArray[np.bool_]]:
    """Return which tests of clusters reject, those of the first release among them."""
    k = trials.arms.shape[1]
    nothing, together = np.empty((k, 0)), np.zeros(k, dtype=np.intp)
    members = np.eye(k)[trials.clusters]
    means = trials.outcomes @ members / members.sum(axis=0)
    basis = basis_of(trials.covariates[trials.clusters])
    residual = trials.outcomes - trials.outcomes @ basis @ basis.T
    former = residual @ members / members.sum(axis=0)
    p_values = (
        summary_p(means, trials.arms, trials.covariates),
        permutation_p(means, trials.arms, trials.covariates, trials.strata),
        summary_p(former, trials.arms, nothing),
        permutation_p(former, trials.arms, nothing, together),
    )
    # A permutation test can reach the level; a t test does so with probability 0.
    names = (*PRINTED[3:], *FORMER)
    return {name: p <= ALPHA + 1e-12 for name, p in zip(names, p_values, strict=True)}


def basis_of(covariates: Matrix) -> Matrix:
    """Return orthonormal columns that span an intercept and covariates."""
    columns = np.column_stack([np.ones(len(covariates)), covariates])
    return prepare_design(columns, np.zeros(len(columns))).basis


def summary_p(means: Matrix, arms: Matrix, covariates: Matrix) -> Matrix:
    """Return p values of `cluster_summary_test` for means and arms of many trials, one a row."""
    basis = basis_of(covariates)
    arm = arms - arms @ basis @ basis.T
    size = (arm**2).sum(axis=1)
    estimate = (arm * means).sum(axis=1) / size
    left = means - means @ basis @ basis.T - estimate[:, None] * arm
    df = means.shape[1] - 1 - basis.shape[1]
    return two_sided_p(estimate / np.sqrt((left**2).sum(axis=1) / df / size), float(df))


def permutation_p(means: Matrix, arms: Matrix, covariates: Matrix, strata: Codes) -> Matrix:
    """Return p values of `cluster_permutation_test`, all allocations listed."""
    basis = basis_of(covariates)
    every = all_allocations(arms[0].astype(np.intp), strata).astype(float)
    weights = every / (every.sum(axis=1) - ((every @ basis) ** 2).sum(axis=1))[:, None]
    left = means - means @ basis @ basis.T
    found = np.abs(left @ weights.T)
    own = np.abs((arms * left).sum(axis=1) / (arms.sum(axis=1) - ((arms @ basis) ** 2).sum(axis=1)))
    return np.asarray((found >= (own - 1e-10)[:, None]).mean(axis=1))


def studied(setting: Setting, icc: float, trials: int, seed: int = SEED) -> Level:
    """Return how often each test rejects.

    `icc`: within strata.
    """
    own = crc32(f"{setting.name}, {icc}".encode())
    rng = np.random.Generator(np.random.Philox(key=[seed, own]))
    hits = dict.fromkeys((*PRINTED, *FORMER, "singular", "failed"), 0)
    for first in range(0, trials, BATCH):
        batch = drawn(setting, icc, min(BATCH, trials - first), rng)
        for name, which in {**mixed_model_rejections(batch), **cluster_rejections(batch)}.items():
            hits[name] += int(which.sum())
    shares = {name: number / trials for name, number in hits.items()}
    singular, failed = shares.pop("singular"), shares.pop("failed")
    return Level(setting.name, icc, trials, shares, singular, failed)


def partially_nested(icc: float, trials: int, seed: int = SEED) -> Level:
    """Return how often the tests of a partially nested trial reject.

    `icc`: of the arm with clusters; single people have the same total variance.
    """
    clusters = np.r_[np.repeat(np.arange(12), 8), np.arange(12, 108)]
    arm = (clusters < 12).astype(float)
    columns = np.column_stack([np.ones_like(arm), arm])
    effects = [RandomEffect("cluster.arm", clusters, arm)]
    rng = np.random.Generator(np.random.Philox(key=[seed, crc32(f"{PARTIAL}, {icc}".encode())]))
    hits = dict.fromkeys((KENWARD_ROGER, SATTERTHWAITE, "singular"), 0)
    for _ in range(trials):
        y = sqrt(icc) * rng.standard_normal(108)[clusters] * arm
        y += np.sqrt(1.0 - icc * arm) * rng.standard_normal(len(arm))
        fit = fit_mixed_model(columns, y, effects, ("intercept", "arm"))
        one, estimate = fit.inference[1], fit.coefficients[1]
        test = t_test(estimate, one.kenward_roger_se, one.kenward_roger_df)
        hits[KENWARD_ROGER] += test.p < ALPHA
        hits[SATTERTHWAITE] += t_test(estimate, one.se, one.satterthwaite_df).p < ALPHA
        hits["singular"] += fit.singular
    shares = {name: number / trials for name, number in hits.items()}
    return Level(PARTIAL, icc, trials, shares, shares.pop("singular"), 0.0)


def saved(levels: Iterable[Level], path: Path = NUMBERS) -> None:
    """Write the numbers as a table; a test that a setting does not have is left empty."""
    names = (*PRINTED, *FORMER)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["setting", "icc", "trials", *names, "singular", "failed"])
        for one in levels:
            rates = [f"{one.rates[name]:.4f}" if name in one.rates else "" for name in names]
            more = (f"{one.singular:.4f}", f"{one.failed:.4f}")
            writer.writerow([one.setting, one.icc, one.trials, *rates, *more])


def loaded(path: Path = NUMBERS) -> list[Level]:
    """Return the numbers that were saved."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Level(
                row["setting"],
                float(row["icc"]),
                int(row["trials"]),
                {name: float(row[name]) for name in (*PRINTED, *FORMER) if row[name]},
                float(row["singular"]),
                float(row["failed"]),
            )
            for row in csv.DictReader(file)
        ]


def shown(levels: Iterable[Level]) -> str:
    """Return the table of the documentation, in percent."""

    def percent(one: Level, name: str) -> str:
        if name not in one.rates:
            return "not printed"
        rate = one.rates[name]
        return f"{100 * rate:.1f} ({100 * sqrt(rate * (1 - rate) / one.trials):.1f})"

    heading = ("setting", "ICC", "trials", *PRINTED, *FORMER, "singular fits")
    rows = [
        (
            one.setting,
            f"{one.icc:g}",
            f"{one.trials:,}",
            *(percent(one, name) for name in (*PRINTED, *FORMER)),
            f"{100 * one.singular:.0f}",
        )
        for one in levels
    ]
    return table(heading, rows)


def in_words(levels: Sequence[Level]) -> str:
    """Return the range of each test over the settings, and of what the first release printed."""

    def span(name: str, of: Sequence[Level]) -> str:
        rates = [100 * one.rates[name] for one in of if name in one.rates]
        return f"{min(rates):.1f}% to {max(rates):.1f}%"

    stratified = [one for one in levels if "pairs" in one.setting or "strata" in one.setting]
    lines = [f"{name} {span(name, levels)}" for name in PRINTED]
    before = [f"the {name.split(',')[0]} {span(name, stratified)}" for name in FORMER]
    return (
        f"Over these settings: {'; '.join(lines)}. What version 0.1.0 printed, with pairs "
        f"or strata: {'; '.join(before)}. A permutation test has a level "
        "of its own where allocations are few: with 4 and 4 clusters 2 of 70, 2.9%, the next 5.7%."
    )


def section() -> str:
    """Return the numbers saved, as they stand in the documentation."""
    levels = loaded()
    return f"{in_words(levels)}\n\n{shown(levels)}"


PARTS = {
    "level-of-tests": section,
    "few-clusters": few_clusters.section,
    "informative-size": informative_size.section,
    "correlation-intervals": correlation_intervals.section,
    "mediation": mediation.section,
}


def main() -> None:
    """Run the whole study and write it, or print a smaller one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, help="print a study of so many trials a row")
    parser.add_argument("--page", action="store_true", help="write the page from saved numbers")
    given = parser.parse_args()
    if given.page:
        write(PAGE, PARTS)
        return
    levels = []
    for setting in SETTINGS:
        for icc in ICCS:
            levels.append(studied(setting, icc, given.trials or TRIALS))
            print(shown(levels[-1:]).splitlines()[-1], flush=True)
    levels += [partially_nested(icc, given.trials or PARTIAL_TRIALS) for icc in ICCS]
    print(shown(levels[-len(ICCS) :]))
    if given.trials is None:
        saved(levels)
        write(PAGE, PARTS)


if __name__ == "__main__":
    main()
