"""Methods of randomisation: what each balances, and what it leaves to chance."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.allocations import (
    all_allocations,
)
from sim.trials.designs.randomise import minimised, restricted, simple, stratified


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def test_each_sequence_gets_its_clusters() -> None:
    assert np.bincount(simple((3, 2, 4), rng())).tolist() == [3, 2, 4]
    assert {tuple(simple((1, 2), rng(seed))) for seed in range(30)} == {
        (0, 1, 1),
        (1, 0, 1),
        (1, 1, 0),
    }


@pytest.mark.parametrize("seed", range(8))
def test_strata_are_balanced_within_one_cluster(seed: int) -> None:
    strata = np.array([0] * 5 + [1] * 3 + [2] * 4)
    found = stratified((6, 6), strata, rng(seed))
    assert np.bincount(found).tolist() == [6, 6]
    for one in range(3):
        counts = np.bincount(found[strata == one], minlength=2)
        assert np.ptp(counts) <= 1
    pairs = np.repeat([0, 1, 2], 2)
    found = stratified((2, 2, 2), pairs, rng(seed))
    assert all(len({*found[pairs == one]}) == 2 for one in range(3))
    # An empty sequence gets nobody, and twice the places twice the clusters of a stratum.
    found = stratified((4, 0, 8), np.repeat([0, 1], 6), rng(seed))
    assert np.bincount(found).tolist() == [4, 0, 8]
    assert [int((found[at] == 0).sum()) for at in (slice(0, 6), slice(6, 12))] == [2, 2]


def test_within_a_stratum_chance_decides() -> None:
    found = {tuple(stratified((2, 2), np.array([0, 0, 1, 1]), rng(seed))) for seed in range(60)}
    assert found == {(0, 1, 0, 1), (0, 1, 1, 0), (1, 0, 0, 1), (1, 0, 1, 0)}


def test_every_cluster_has_its_stratum_and_factors() -> None:
    with pytest.raises(InputError, match="strata: 3 given for 4 clusters"):
        stratified((2, 2), np.zeros(3, int), rng())
    with pytest.raises(InputError, match="factors: 3 rows given for 4 clusters"):
        minimised((2, 2), np.zeros((3, 1), int), rng())


@pytest.mark.parametrize("seed", range(10))
def test_minimisation_without_chance_balances_every_factor(seed: int) -> None:
    factors = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 4)
    found = minimised((8, 8), factors, rng(seed), probability=1.0)
    assert np.bincount(found).tolist() == [8, 8]
    for factor in factors.T:
        for level in (0, 1):
            assert np.ptp(np.bincount(found[factor == level], minlength=2)) <= 2
    # Twice the places: a level's clusters are shared as the places are.
    found = minimised((4, 8), np.repeat([[0], [1]], 6, axis=0), rng(seed), probability=1.0)
    assert [int((found[at] == 0).sum()) for at in (slice(0, 6), slice(6, 12))] == [2, 2]


def test_minimisation_prefers_with_its_probability() -> None:
    """Of two clusters alike the second goes apart, but for half of the times chance is asked.

    That would be 0.9 by default; places that run out towards the end cost some of it.
    """
    factors, draws = np.repeat([[one] for one in range(30)], 2, axis=0), rng(3)

    def apart(**given: float) -> float:
        found = [minimised((30, 30), factors, draws, **given) for _ in range(30)]
        return float(np.mean([one[::2] != one[1::2] for one in found]))

    assert apart(probability=1.0) > 0.98
    assert apart() == pytest.approx(0.87, abs=0.02)
    assert apart(probability=0.0) == pytest.approx(0.5, abs=0.05)


def test_restricted_takes_the_best_tenth() -> None:
    """Of twenty allocations of six clusters the best two are drawn, and no other."""
    covariates = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.01]])
    found = {tuple(restricted((3, 3), covariates, rng(seed))) for seed in range(40)}

    def apart(one: tuple[int, ...]) -> float:
        arm = np.array(one) == 1
        return abs(covariates[arm].mean() - covariates[~arm].mean())

    best = sorted(apart(tuple(one)) for one in all_allocations(np.repeat([0, 1], 3), np.zeros(6)))
    assert max(apart(one) for one in found) <= best[5] + 1e-12
    assert len(found) > 1


def test_restricted_weighs_covariates_alike_and_suffers_constant_ones() -> None:
    covariates = np.column_stack([1e6 * np.arange(8.0), np.arange(8.0) % 2, np.full(8, 4.0)])
    found = [restricted((4, 0, 4), covariates, rng(seed)) for seed in range(20)]
    assert all(np.bincount(one, minlength=3).tolist() == [4, 0, 4] for one in found)
    # Of all allocations half have two of the four in each arm.
    assert np.mean([covariates[one == 0, 1].sum() == 2.0 for one in found]) > 0.8


def test_one_place_is_as_likely_to_be_dealt_first_as_two() -> None:
    """Shares of places left are 1 of 1 and 2 of 2: the first cluster may go to either."""
    found = [stratified((1, 2), np.array([0, 1, 1]), rng(seed))[0] for seed in range(30)]
    assert set(found) == {0, 1}


def test_restricted_draws_200_and_takes_one_of_the_20_most_balanced() -> None:
    """Balance of three sequences over covariates in units of their own spread, counted anew."""
    covariates = np.column_stack([1e-5 * np.arange(9.0) ** 2, np.arange(9) % 2, np.full(9, 3.0)])
    unit = covariates[:, :2].std(axis=0)
    for seed in range(6):
        again = rng(seed)
        drawn = [simple((2, 3, 4), again) for _ in range(200)]
        scores = []
        for one in drawn:
            means = [(covariates[one == k, :2] / unit).mean(axis=0) for k in range(3)]
            scores.append(round(float(np.var(means, axis=0).sum()), 12))
        best = np.argsort(scores, kind="stable")[:20]
        found = restricted((2, 3, 4), covariates, rng(seed))
        assert scores[[tuple(one) for one in drawn].index(tuple(found))] <= scores[best[-1]]
        assert found.tolist() == drawn[again.choice(best)].tolist()
