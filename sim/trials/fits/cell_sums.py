"""What a linear mixed model needs of its data: sums over cells, in independent blocks.

A cell holds the rows that share every random effect and every slope value. Its mean carries all
that the random effects see; what varies inside a cell has the residual variance alone. Blocks are
sets of cells that share no random effect with any other block, in a cluster trial the clusters.

People of a cluster who were measured alike are exchangeable, and so are cluster-periods of one
size: their mean stays in the block of the cluster, and their contrasts, which only their own random
effects reach, become small blocks of their own. Of many blocks with one covariance, as such
contrasts are, a few stand for all. Nothing is lost by any of these steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

# Cells of a block whose covariance is inverted as a whole.
LARGEST_BLOCK = 2500


@dataclass(frozen=True)
class RandomEffect:
    """One independent random effect: an intercept, or a slope, for each level of a grouping."""

    name: str  # Name of its variance
    codes: Codes  # (n,) array: Level of each row, from 0
    # (n,) array: What the effect is multiplied by; None for an intercept.
    slope: Matrix | None = None

    @property
    def n_levels(self) -> int:
        """Number of levels."""
        return int(self.codes.max()) + 1


class BlockStack(NamedTuple):
    """All blocks that have the same number of cells, stacked.

    Where many have the same covariance, a few with the same sums of products stand for them.
    """

    # (B, m, p + 1) array: Cell sums of the columns and the response over the root of the cell's
    # size, or contrasts of such sums.
    sums: Matrix
    # (K, B, m, m) array: Covariance of those sums for each random effect at variance one.
    kernels: Matrix
    # (B,) array: How many blocks each stands for; all together, as many as there are.
    counts: Matrix


class CellSums(NamedTuple):
    """The data of a fit, reduced without loss."""

    stacks: list[BlockStack]
    within: Matrix  # (p + 1, p + 1) array: Cross products of columns and response within cells
    n_obs: int
    n_cells: int


class Cells(NamedTuple):
    """Cells, or contrasts of cells, before they are stacked."""

    block: Codes  # (c,) array
    sums: Matrix  # (c, p + 1) array
    levels: Codes  # (K, c) array: Level of each random effect
    weights: Matrix  # (K, c) array: What each random effect is multiplied by


def blocks_of(effects: list[RandomEffect]) -> Codes:
    """Return the block of each row: rows share a block if any chain of effects links them."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = effects[0].codes.size
    starts = np.cumsum([n, *(one.n_levels for one in effects)])
    rows = np.tile(np.arange(n), len(effects))
    levels = np.concatenate([one.codes + at for one, at in zip(effects, starts, strict=False)])
    links = coo_matrix((np.ones(rows.size), (rows, levels)), shape=(starts[-1], starts[-1]))
    labels = connected_components(links, directed=False)[1][:n]
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=np.intp)


def cell_sums(columns: Matrix, effects: list[RandomEffect]) -> CellSums:
    """Reduce rows to cell sums.

    Parameters
    ----------
    columns : (n, p + 1) array
        Prepared columns of the fixed part, then the response.
    effects : list of RandomEffect
        At least one.
    """
    n, width = columns.shape
    keys = [blocks_of(effects).astype(float)]
    for one in effects:
        keys.append(one.codes.astype(float))
        if one.slope is not None:
            keys.append(one.slope)
    _, first, cell, sizes = np.unique(
        np.column_stack(keys), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    cell = cell.reshape(-1)
    totals = np.zeros((sizes.size, width))
    np.add.at(totals, cell, columns)
    inside = columns - (totals / sizes[:, None])[cell]
    roots = np.sqrt(sizes)
    levels = np.array([one.codes[first] for one in effects])
    weights = np.array(
        [roots if one.slope is None else roots * one.slope[first] for one in effects]
    )
    block = keys[0][first].astype(np.intp)
    cells = merge_exchangeable(Cells(block, totals / roots[:, None], levels, weights))
    return CellSums(stack_blocks(cells), inside.T @ inside, n, sizes.size)


def merge_exchangeable(cells: Cells) -> Cells:
    """Replace units that were measured alike by their mean and their contrasts.

    The units are the levels of the random effect that has most. Units of a block are alike if their
    cells agree in the levels of all effects that are not their own, and in all weights.

    Returns
    -------
    Cells
        As many as before; contrasts are in new blocks.
    """
    finest = int(np.argmax([np.unique(one).size for one in cells.levels]))
    unit = cells.levels[finest]
    own = np.array([np.array_equal(one, unit) for one in cells.levels])
    agree = np.vstack([cells.block, cells.levels[~own], cells.weights]).T
    # Cells in order of their unit, and within it of what they must agree in.
    order = np.lexsort((*agree.T, unit))
    ends = np.flatnonzero(np.diff(unit[order])) + 1
    alike: dict[bytes, list[Codes]] = {}
    for members in np.split(order, ends):
        alike.setdefault(agree[members].tobytes(), []).append(members)
    block, sums, levels, weights = [], [], [], []
    new = int(cells.block.max()) + 1
    for units in alike.values():
        one = units[0]
        g, m = len(units), one.size
        if g == 1:
            mixed = cells.sums[one][None]
        else:
            mixed = np.tensordot(contrast_matrix(g), cells.sums[np.array(units)], axes=1)
        # The mean of g units, times the root of g, feels what they share root-g-fold.
        shared = np.zeros(g)
        shared[0] = np.sqrt(g)
        factor = np.where(own[:, None], 1.0, shared[None, :])
        weights.append((factor[:, :, None] * cells.weights[:, None, one]).reshape(own.size, g * m))
        levels.append(np.tile(cells.levels[:, one], (1, g)))
        sums.append(mixed.reshape(g * m, -1))
        place = np.concatenate([[cells.block[one[0]]], np.arange(new, new + g - 1)])
        block.append(np.repeat(place, m))
        new += g - 1
    return Cells(
        np.concatenate(block).astype(np.intp),
        np.concatenate(sums),
        np.concatenate(levels, axis=1),
        np.concatenate(weights, axis=1),
    )


def contrast_matrix(size: int) -> Matrix:
    """Return an orthogonal matrix whose first row takes the mean times the root of the size."""
    direction = np.full(size, 1.0 / np.sqrt(size))
    direction[0] += 1.0
    reflection = np.eye(size) - 2.0 * np.outer(direction, direction) / (direction @ direction)
    reflection[0] *= -1.0
    return np.asarray(reflection)


def stack_blocks(cells: Cells) -> list[BlockStack]:
    """Return the blocks, those with the same number of cells together."""
    order = np.argsort(cells.block, kind="stable")
    _, starts, counts = np.unique(cells.block[order], return_index=True, return_counts=True)
    if counts.max() > LARGEST_BLOCK:
        raise InputError(
            f"random effects: {counts.max()} groups hang together through levels that they share "
            f"(at most {LARGEST_BLOCK}); if people or periods are numbered anew in each cluster, "
            "write (1|cluster/id)"
        )
    stacks = []
    for m in np.unique(counts):
        at = order[starts[counts == m][:, None] + np.arange(m)]
        kernels = np.empty((len(cells.levels), *at.shape, m))
        for k, (level, weight) in enumerate(zip(cells.levels, cells.weights, strict=True)):
            kernels[k] = weight[at][:, :, None] * weight[at][:, None, :]
            kernels[k] *= level[at][:, :, None] == level[at][:, None, :]
        stacks.append(pooled(cells.sums[at], kernels))
    return stacks


def pooled(sums: Matrix, kernels: Matrix) -> BlockStack:
    """Return a stack in which no covariance has more blocks than their sums of products need."""
    many, cells, width = sums.shape
    needed = cells * width
    if many <= needed:
        return BlockStack(sums, kernels, np.ones(many))
    _, kind = np.unique(np.moveaxis(kernels, 1, 0).reshape(many, -1), axis=0, return_inverse=True)
    found, first, counts = [], [], []
    for one in range(int(kind.max()) + 1):
        members = np.flatnonzero(kind == one)
        own = sums[members].reshape(members.size, needed)
        if members.size > needed:
            own = np.asarray(np.linalg.qr(own, mode="r"))
        found.append(own.reshape(-1, cells, width))
        first.append(np.repeat(members[0], len(own)))
        counts.append(np.full(len(own), members.size / len(own)))
    return BlockStack(
        np.concatenate(found), kernels[:, np.concatenate(first)], np.concatenate(counts)
    )
