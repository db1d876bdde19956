"""The permutation test over schedules: by brute force, equal to simpler tests, right level."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.cluster_tests import cluster_permutation_test
from sim.trials.analyses.permutation import (
    all_allocations,
    drawn_allocations,
    schedule_permutation_test,
    sequences_of,
)


def wedge(seed: int, effect: float = 0.0, heavy: bool = False) -> tuple[np.ndarray, ...]:
    """Return outcome, other columns, clusters, periods and treatment of a small stepped wedge."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(6), 12)
    period = np.tile(np.repeat(np.arange(3), 4), 6)
    start = rng.permutation([1, 1, 1, 2, 2, 2])
    treatment = (period >= start[cluster]).astype(float)
    u = rng.standard_t(2, 6) if heavy else rng.normal(size=6)
    y = u[cluster] + 0.5 * period + effect * treatment + rng.normal(size=72)
    others = np.column_stack([np.ones(72), period == 1, period == 2]).astype(float)
    return y, others, cluster, period, treatment


def test_every_allocation_by_brute_force() -> None:
    y, others, cluster, period, treatment = wedge(1)
    ratio = 0.4
    schedule, sequence = sequences_of(cluster, period, treatment)
    V = np.eye(72) + ratio * np.equal.outer(cluster, cluster)

    def estimate(allocation: np.ndarray) -> float:
        X = np.column_stack([schedule[allocation[cluster], period], others])
        solved = np.linalg.solve(V, X)
        return float(np.linalg.solve(X.T @ solved, solved.T @ y)[0])

    every = set(permutations(sequence))
    found = np.array([estimate(np.array(one)) for one in every])
    got = schedule_permutation_test(y, others, cluster, period, treatment, ratio=ratio)
    assert got.exact
    assert got.n_allocations == len(every) == 20
    assert got.estimate == pytest.approx(estimate(sequence), rel=1e-9)
    share = (np.abs(found) >= abs(got.estimate) - 1e-9).mean()
    assert got.p == pytest.approx(share)


def test_a_parallel_trial_gives_the_test_of_cluster_means() -> None:
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(8), 5)
    arm = (cluster % 2).astype(float)
    y = rng.normal(size=8)[cluster] + rng.normal(size=40) + 0.5 * arm
    got = schedule_permutation_test(y, np.ones((40, 1)), cluster, np.zeros(40, int), arm, ratio=0.3)
    want = cluster_permutation_test(y.reshape(8, 5).mean(axis=1), np.arange(8) % 2 == 1)
    assert (got.estimate, got.p) == pytest.approx((want.estimate, want.p))


@pytest.mark.parametrize("heavy", [False, True])
def test_level_holds_for_any_distribution(heavy: bool) -> None:
    n = 600
    hits = sum(
        schedule_permutation_test(*wedge(seed, heavy=heavy), ratio=1.0).p <= 0.1001
        for seed in range(n)
    )
    assert abs(hits / n - 0.1) < 4 * np.sqrt(0.09 / n), "exactly 2 of 20 allocations"


def test_a_large_effect_is_found_and_shifts_of_the_outcome_do_not_matter() -> None:
    y, others, cluster, period, treatment = wedge(3, effect=4.0)
    got = schedule_permutation_test(y, others, cluster, period, treatment, ratio=1.0)
    # Where few clusters cross at once, the mirror image is not an allocation: one of 20.
    assert got.p <= 0.1
    far = schedule_permutation_test(1e6 + y, others, cluster, period, treatment, ratio=1.0)
    assert far.p == got.p
    assert far.estimate == pytest.approx(got.estimate, rel=1e-6)
    more = np.column_stack([others, 2 * others[:, 1]])
    again = schedule_permutation_test(y, more, cluster, period, treatment, ratio=1.0)
    assert again.estimate == pytest.approx(got.estimate)


def test_many_allocations_are_drawn_within_strata() -> None:
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(24), 6)
    strata = np.arange(24) // 12
    sequence = np.tile([0, 1], 12)
    arm = sequence[cluster].astype(float)
    y = 3.0 * strata[cluster] + rng.normal(size=24)[cluster] + rng.normal(size=144) + arm
    others = np.column_stack([np.ones(144), strata[cluster]])
    period = np.zeros(144, int)
    got = schedule_permutation_test(y, others, cluster, period, arm, strata=strata, seed=1)
    assert not got.exact
    assert got.monte_carlo_se > 0
    assert got == schedule_permutation_test(y, others, cluster, period, arm, strata=strata, seed=1)
    drawn = drawn_allocations(sequence, strata, 50, rng)
    assert (drawn[:, :12].sum(axis=1) == 6).all()
    assert len(np.unique(drawn, axis=0)) > 40


def test_all_allocations_are_all() -> None:
    found = all_allocations(np.array([0, 2, 1, 0, 2]), np.zeros(5, int))
    assert len(np.unique(found, axis=0)) == len(found) == 30
    assert (np.sort(found, axis=1) == [0, 0, 1, 2, 2]).all()
    within = all_allocations(np.array([0, 2, 1, 0, 2]), np.array([0, 1, 0, 1, 1]))
    assert len(np.unique(within, axis=0)) == len(within) == 2 * 3
    assert (np.sort(within[:, [0, 2]], axis=1) == [0, 1]).all()
    assert (np.sort(within[:, [1, 3, 4]], axis=1) == [0, 2, 2]).all()


def test_what_cannot_be_exchanged() -> None:
    y, others, cluster, period, treatment = wedge(5)
    kept = ~((cluster == 2) & (period == 1))
    with pytest.raises(InputError, match="every period"):
        schedule_permutation_test(*(one[kept] for one in (y, others, cluster, period, treatment)))
    split = treatment.copy()
    split[0] = 1 - split[0]
    with pytest.raises(InputError, match="same for a cluster and period"):
        schedule_permutation_test(y, others, cluster, period, split)
    with pytest.raises(InputError, match="same sequence"):
        schedule_permutation_test(y, others, cluster, period, (period > 0) * 1.0)
