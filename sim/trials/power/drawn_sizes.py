"""People in clusters and periods, as sizes and losses may turn out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.trials.data.statistical import varied_sizes

Matrix = NDArray[np.float64]

DRAWS = 100
# Where fewer people than this are left of a cluster, how many are lost by lot counts.
FEW_PEOPLE = 6.0
# In all draws together; a mean over many clusters needs no other draws.
MOST_CLUSTERS = 10_000


def drawn_people(clusters: int, size: float, cv: float, stay: Matrix) -> list[Matrix]:
    """Return people with an outcome, in some draws that are the same at each call.

    Parameters
    ----------
    size : float
        People asked in each cluster and period, on average.
    cv : float
        Coefficient of variation of that number between clusters.
    stay : (J,) array
        Share of those asked in each period who have an outcome.

    Returns
    -------
    list of (clusters, J) arrays
        One, of means, where nothing varies.
    """
    few = (size * stay[stay < 1.0] < FEW_PEOPLE).any()
    if cv == 0.0 and not few:
        return [np.tile(size * stay, (clusters, 1))]
    found = []
    for number in range(min(DRAWS, max(1, MOST_CLUSTERS // clusters))):
        rng = np.random.Generator(np.random.Philox(key=[clusters, number]))
        asked = varied_sizes(clusters, size, cv, rng)
        found.append(rng.binomial(asked[:, None], stay[None, :]).astype(float))
    return found


def dealt_people(
    sizes: Sequence[float], strata: NDArray[np.intp], stay: Matrix
) -> list[NDArray[np.float64]]:
    """Return listed sizes as randomisation may deal them, in draws that are the same at each call.

    Parameters
    ----------
    sizes : sequence of float
        People asked in each cluster, stratum after stratum.
    strata : (clusters,) array of int
        Stratum of each cluster in the order in which they are returned.
    stay : (J,) array
        See `drawn_people`.
    """
    order, found = np.argsort(strata, kind="stable"), []
    for number in range(min(DRAWS, max(1, MOST_CLUSTERS // len(sizes)))):
        rng = np.random.Generator(np.random.Philox(key=[len(sizes), number]))
        asked, at = np.empty(len(sizes), int), 0
        for count in np.bincount(strata):
            asked[order[at : at + count]] = rng.permutation(sizes[at : at + count])
            at += count
        found.append(rng.binomial(asked[:, None], stay[None, :]).astype(float))
    return found
