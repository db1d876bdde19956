"""Randomisation, other allocations and who enters: rules that can be counted."""

from __future__ import annotations

from math import comb, factorial

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.allocations import (
    all_allocations,
    arrangements,
    drawn_allocations,
    number_of_allocations,
)
from sim.trials.designs.design import ReadinessEntry, parallel
from sim.trials.designs.randomise import minimised, restricted, simple, stratified
from sim.trials.designs.readiness_entry import (
    entering,
    entry,
    recruited,
    refuse_two_kinds_of_strata,
)
from sim.trials.designs.treatment_schedule import check_schedule


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def test_arrangements_are_counted_and_all_different() -> None:
    found = arrangements((2, 1, 2))
    assert len(found) == len(np.unique(found, axis=0)) == factorial(5) // (2 * 1 * 2)
    assert all(np.bincount(row).tolist() == [2, 1, 2] for row in found)


def test_allocations_multiply_over_strata() -> None:
    sequence, strata = np.array([0, 1, 1, 0, 1, 0, 1]), np.array([0, 0, 0, 5, 5, 5, 5])
    assert number_of_allocations(sequence, strata) == comb(3, 1) * comb(4, 2)
    found = all_allocations(sequence, strata)
    assert len(found) == len(np.unique(found, axis=0)) == 18
    assert (found[:, :3].sum(axis=1) == 2).all()
    assert (found[:, 3:].sum(axis=1) == 2).all()
    drawn = drawn_allocations(sequence, strata, 40, rng())
    assert drawn.shape == (40, 7)
    assert (drawn[:, :3].sum(axis=1) == 2).all()
    assert (drawn[:, 3:].sum(axis=1) == 2).all()
    assert len(np.unique(drawn, axis=0)) > 10
    third = drawn_allocations(sequence, np.array([0, 0, 0, 5, 5, 7, 7]), 40, rng())
    assert (third[:, 3:5].sum(axis=1) == 1).all()


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


@pytest.mark.parametrize(
    ("schedule", "told"),
    [
        ([["a"]], "matrix of numbers"),
        ([0.0, 1.0], "a matrix, clusters by periods"),
        (np.zeros((0, 2)), "a matrix, clusters by periods"),
        ([[np.nan, np.nan]], "finite number"),
        ([[0.0, np.inf]], "finite number"),
        ([[1.0, 1.0]], "every cell is 1, so"),
        ([[0.0, np.nan]], "every cell is 0, so"),
    ],
)
def test_schedules_that_compare_nothing(schedule: object, told: str) -> None:
    with pytest.raises(InputError, match=told):
        check_schedule(schedule)  # type: ignore[arg-type]


def test_a_small_dose_is_a_treatment() -> None:
    assert check_schedule([[0.0, 0.005]]).tolist() == [[0.0, 0.005]]  # type: ignore[arg-type]


SCORES = np.array([0.9, 0.1, 0.5, 0.7, 0.3, 0.6, 0.2, 0.8])


def entered(scores: np.ndarray = SCORES, **rules: float) -> tuple[list[int], float]:
    """Return who enters a trial of two arms by scores without error, and the share let in."""
    sure = ReadinessEntry(reliability=1.0, **rules)  # type: ignore[arg-type]
    found = recruited(parallel(2, 5, readiness=sure), scores, rng())
    return found.teams.tolist(), found.eligible


def test_the_first_teams_of_those_that_fit_enter() -> None:
    assert entered(minimum=0.6) == ([0, 3, 5, 7], 0.5)
    assert entered(minimum=0.2) == ([0, 2, 3, 4], 0.875)
    assert entered(minimum=0.61) == ([0, 3, 7], 0.375)
    assert entered(share=0.25) == ([0, 7], 0.25)
    assert entered(share=1.0) == ([0, 1, 2, 3], 1.0)
    assert entered() == ([0, 1, 2, 3], 1.0)
    assert entered(SCORES - 0.095) == ([0, 1, 2, 3], 1.0)
    assert entered(SCORES - 0.105) == ([0, 2, 3, 4], 0.875)


def test_strata_of_readiness_enter_in_turn() -> None:
    rules = ReadinessEntry(strata=2, reliability=1.0)
    found = recruited(parallel(2, 5, readiness=rules), SCORES, rng())
    assert found.stratum.tolist() == [1, 0, 0, 1, 0, 1, 0, 1]
    assert found.teams.tolist() == [0, 1, 2, 3]
    lopsided = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.3, 0.2, 0.1])
    found = recruited(parallel(2, 5, readiness=rules), lopsided, rng())
    assert found.teams.tolist() == [0, 1, 4, 5]


def test_error_of_the_score_has_the_variance_of_its_reliability() -> None:
    """With reliability 0.2 the error has four times the variance, and half a correlation of it."""
    truth = np.random.default_rng(2).normal(0.5, 0.1, 4000)
    rules = ReadinessEntry(share=0.5, reliability=0.2)
    found = recruited(parallel(2000, 5, readiness=rules), truth, rng())
    chosen = np.isin(np.arange(4000), found.teams)
    # Means of two halves by a score are 2 phi(0) / 0.5 standard deviations of it apart.
    apart = (truth[chosen].mean() - truth[~chosen].mean()) / 0.1
    assert apart == pytest.approx(np.sqrt(0.2) * 4.0 * 0.398942, abs=0.06)


def test_everybody_enters_where_readiness_is_not_asked_for() -> None:
    assert entering(parallel(2, 5), None, 4, 1, 0).teams.tolist() == [0, 1, 2, 3]
    assert entering(parallel(2, 5), None, 4, 1, 0).eligible == 1.0
    rules = ReadinessEntry(minimum=0.6, reliability=1.0)
    found = entering(parallel(2, 5, readiness=rules), SCORES, 8, 1, 0)
    assert found.teams.tolist() == [0, 3, 5, 7]
    assert entry(parallel(2, 5, readiness=rules))
    assert not entry(parallel(2, 5))


@pytest.mark.parametrize(
    ("own", "readiness", "refused"), [(2, 2, True), (2, 1, False), (1, 2, False)]
)
def test_a_trial_has_one_set_of_strata(own: int, readiness: int, refused: bool) -> None:
    method = "stratified" if own > 1 else "simple"
    rules = ReadinessEntry(strata=readiness)
    design = parallel(4, 5, strata=own, randomisation=method, readiness=rules)
    if not refused:
        refuse_two_kinds_of_strata(design)
        return
    with pytest.raises(InputError, match="already makes the 2 strata"):
        refuse_two_kinds_of_strata(design)
