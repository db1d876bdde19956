"""Other allocations of a trial's clusters, counted."""

from __future__ import annotations

from math import comb, factorial

import numpy as np

from sim.trials.analyses.allocations import (
    all_allocations,
    arrangements,
    drawn_allocations,
    number_of_allocations,
)


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
    drawn = drawn_allocations(sequence, strata, 40, np.random.default_rng(1))
    assert drawn.shape == (40, 7)
    assert (drawn[:, :3].sum(axis=1) == 2).all()
    assert (drawn[:, 3:].sum(axis=1) == 2).all()
    assert len(np.unique(drawn, axis=0)) > 10
    third = drawn_allocations(
        sequence, np.array([0, 0, 0, 5, 5, 7, 7]), 40, np.random.default_rng(1)
    )
    assert (third[:, 3:5].sum(axis=1) == 1).all()
