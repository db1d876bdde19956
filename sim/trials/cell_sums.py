"""What a linear mixed model needs of its data: sums over cells, in independent blocks.

A cell holds the rows that share every random effect and every slope value. Its mean carries all
that the random effects see; what varies inside a cell has the residual variance alone. Blocks are
sets of cells that share no random effect with any other block, in a cluster trial the clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True)
class RandomEffect:
    """One independent random effect: an intercept, or a slope, for each level of a grouping.

    Attributes
    ----------
    name : str
        Name of its variance.
    codes : (n,) array of int
        Level of each row, from 0.
    slope : (n,) array or None
        What the effect is multiplied by; None for an intercept.
    """

    name: str
    codes: Codes
    slope: Matrix | None = None

    @property
    def n_levels(self) -> int:
        """Number of levels."""
        return int(self.codes.max()) + 1


class BlockStack(NamedTuple):
    """All blocks that have the same number of cells, stacked.

    Attributes
    ----------
    sums : (B, m, p + 1) array
        Cell sums of the columns and the response over the root of the cell's size.
    kernels : (K, B, m, m) array
        Covariance of those sums for each random effect at variance one.
    """

    sums: Matrix
    kernels: Matrix


class CellSums(NamedTuple):
    """The data of a fit, reduced without loss.

    Attributes
    ----------
    stacks : list of BlockStack
    within : (p + 1, p + 1) array
        Cross products of columns and response within cells.
    n_obs, n_cells, n_blocks : int
    """

    stacks: list[BlockStack]
    within: Matrix
    n_obs: int
    n_cells: int
    n_blocks: int


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

    Returns
    -------
    CellSums
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
    scaled = totals / roots[:, None]
    block = keys[0][first].astype(np.intp)
    per_block = np.bincount(block)
    stacks = []
    for m in np.unique(per_block):
        chosen = np.flatnonzero(per_block == m)
        # Cells are sorted by block, so each block's cells lie side by side.
        cells = np.flatnonzero(np.isin(block, chosen)).reshape(chosen.size, m)
        kernels = np.empty((len(effects), chosen.size, m, m))
        for k, one in enumerate(effects):
            level = one.codes[first][cells]
            weight = roots[cells]
            if one.slope is not None:
                weight = weight * one.slope[first][cells]
            kernels[k] = weight[:, :, None] * weight[:, None, :]
            kernels[k] *= level[:, :, None] == level[:, None, :]
        stacks.append(BlockStack(scaled[cells], kernels))
    return CellSums(stacks, inside.T @ inside, n, sizes.size, per_block.size)
