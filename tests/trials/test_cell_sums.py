"""Reducing rows to cells and blocks loses nothing, and stops where a block is too large."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.fits.cell_sums import (
    LARGEST_BLOCK,
    Cells,
    CellSums,
    RandomEffect,
    blocks_of,
    cell_sums,
    contrast_matrix,
    merge_exchangeable,
    pooled,
    stack_blocks,
)


def test_rows_are_of_one_block_where_a_chain_of_levels_links_them() -> None:
    one = RandomEffect("a", np.array([0, 0, 1, 2, 2, 3]))
    other = RandomEffect("b", np.array([0, 1, 1, 2, 3, 4]))
    assert blocks_of([one]).tolist() == [0, 0, 1, 2, 2, 3]
    assert blocks_of([one, other]).tolist() == [0, 0, 0, 1, 1, 2]
    assert (one.n_levels, other.n_levels) == (4, 5)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_contrasts_are_orthogonal_and_the_first_is_the_mean(size: int) -> None:
    turn = contrast_matrix(size)
    assert turn @ turn.T == pytest.approx(np.eye(size), abs=1e-12)
    assert turn[0] == pytest.approx(np.full(size, size**-0.5))


def test_what_varies_in_a_cell_and_sums_over_it_by_hand() -> None:
    """Three people of one cluster and two of another: (2, 3, 4) and (7, 9)."""
    y = np.array([2.0, 7.0, 3.0, 9.0, 4.0])
    columns = np.column_stack([np.ones(5), y])
    found = cell_sums(columns, [RandomEffect("g", np.array([0, 1, 0, 1, 0]))])
    assert (found.n_obs, found.n_cells) == (5, 2)
    assert found.within == pytest.approx(np.diag([0.0, 2.0 + 2.0]))
    (stack,) = found.stacks
    assert stack.sums[:, 0] == pytest.approx(
        np.array([[3.0, 9.0], [2.0, 16.0]]) / np.sqrt([[3.0], [2.0]])
    )
    assert stack.kernels.reshape(-1).tolist() == pytest.approx([3.0, 2.0])
    assert stack.counts.tolist() == [1.0, 1.0]
    # Rows of other slopes are other cells: their effect is the slope times that of the level.
    slope = np.array([1.0, 2.0, 1.0, 0.5, 3.0])
    found = cell_sums(columns, [RandomEffect("s", np.array([0, 1, 0, 1, 0]), slope)])
    assert (found.n_obs, found.n_cells) == (5, 4)
    assert found.within == pytest.approx(np.diag([0.0, 0.5]))
    (stack,) = found.stacks
    root = np.sqrt(2.0)
    for kernel in stack.kernels[0]:
        want = [[2.0, 3.0 * root], [3.0 * root, 9.0]], [[0.25, 1.0], [1.0, 4.0]]
        assert any(kernel == pytest.approx(np.array(one)) for one in want)


def whole(found: CellSums, ratios: np.ndarray) -> tuple[np.ndarray, float]:
    """Return cross products by the inverse of the covariance, and its log determinant."""
    products, log = found.within.copy(), 0.0
    for sums, kernels, counts in found.stacks:
        for block in range(len(sums)):
            V = np.eye(sums.shape[1]) + np.tensordot(ratios, kernels[:, block], axes=1)
            products += sums[block].T @ np.linalg.solve(V, sums[block])
            log += counts[block] * np.linalg.slogdet(V)[1]
    return products, float(log)


def cohort() -> tuple[np.ndarray, list[RandomEffect]]:
    """Return columns and effects of clusters, cells, people and a slope, of unlike clusters."""
    rows = [
        (cluster, person, period)
        for cluster, people in enumerate((3, 3, 5, 1))
        for person in range(people)
        for period in range(3)
        if (cluster, person, period) not in {(0, 1, 2), (2, 0, 0), (2, 1, 0)}
    ]
    cluster, person, period = np.array(rows).T
    treated = (period > cluster % 2).astype(float)
    numbers = np.unique(10 * cluster + person, return_inverse=True)[1].reshape(-1)
    columns = np.random.default_rng(4).normal(size=(len(rows), 3))
    effects = [
        RandomEffect("cluster", cluster),
        RandomEffect("cell", 3 * cluster + period),
        RandomEffect("person", numbers),
        RandomEffect("slope", cluster, treated),
    ]
    return columns, effects


@pytest.mark.parametrize("kept", [[0], [0, 1], [0, 2], [0, 1, 2], [3], [0, 1, 2, 3]])
def test_products_and_determinants_are_those_of_all_rows(kept: list[int]) -> None:
    columns, effects = cohort()
    effects = [effects[one] for one in kept]
    ratios = np.array([0.7, 0.3, 1.6, 0.4])[kept]
    V = np.eye(len(columns))
    for effect, ratio in zip(effects, ratios, strict=True):
        z = np.ones(len(columns)) if effect.slope is None else effect.slope
        V += ratio * np.outer(z, z) * np.equal.outer(effect.codes, effect.codes)
    products, log = whole(cell_sums(columns, effects), ratios)
    assert products == pytest.approx(columns.T @ np.linalg.solve(V, columns))
    assert log == pytest.approx(np.linalg.slogdet(V)[1])


def test_people_measured_alike_leave_the_block_of_their_cluster() -> None:
    """Four people in three periods: their mean stays, 3 contrasts are blocks of their own."""
    person, period = np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4)
    columns = np.random.default_rng(2).normal(size=(12, 2))
    effects = [
        RandomEffect("cluster", 0 * person),
        RandomEffect("cell", period),
        RandomEffect("person", person),
    ]
    found = cell_sums(columns, effects)
    assert sum(float(one.counts.sum()) for one in found.stacks) == 4.0
    assert {one.sums.shape[1] for one in found.stacks} == {3}
    cells = Cells(np.zeros(4, int), columns[:4], np.array([[0, 0, 0, 0], [0, 1, 2, 3]]),
                  np.array([[1.0, 1.0, 2.0, 1.0], [1.0, 1.0, 2.0, 1.0]]))  # fmt: skip
    got = merge_exchangeable(cells)
    # Those of weight one are alike: their mean and the other stay, two contrasts are apart.
    assert np.bincount(got.block).tolist() == [2, 1, 1]
    assert (got.sums**2).sum() == pytest.approx((columns[:4] ** 2).sum())


def test_of_many_blocks_with_one_covariance_a_few_stand_for_all() -> None:
    rng = np.random.default_rng(3)
    sums = rng.normal(size=(20, 1, 2))
    kernels = np.ones((1, 20, 1, 1))
    kernels[0, 12:] = 4.0
    found = pooled(sums, kernels)
    assert found.counts.sum() == 20.0
    assert len(found.counts) == 4
    for value, many, own in ((1.0, 12, sums[:12]), (4.0, 8, sums[12:])):
        at = found.kernels[0, :, 0, 0] == value
        assert found.counts[at].tolist() == [many / 2] * 2
        products = found.sums[at, 0].T @ found.sums[at, 0]
        assert products == pytest.approx(own[:, 0].T @ own[:, 0])
    # As many blocks as their sums have numbers are left as they are.
    few = pooled(sums[:2], kernels[:, :2])
    assert few.sums is sums[:2] or np.array_equal(few.sums, sums[:2])
    assert few.counts.tolist() == [1.0, 1.0]
    of_each = pooled(sums[10:14], kernels[:, 10:14])
    assert (of_each.counts.tolist(), of_each.sums.shape) == ([1.0] * 4, (4, 1, 2))


def test_a_block_has_a_largest_size() -> None:
    assert LARGEST_BLOCK == 2500
    many = np.zeros(2501, int)
    cells = Cells(many, np.ones((2501, 2)), many[None], np.ones((1, 2501)))
    with pytest.raises(InputError, match=r"2501 groups hang together .*\(at most 2500\)"):
        stack_blocks(cells)
