"""Other allocations of clusters that the randomisation could have given: all of them, or a draw.

Clusters are exchanged within strata alone (pairs are strata of two). That is exact for simple
randomisation, whatever the strata; for randomisation within these strata or coarser ones; and for
minimisation on them, as clusters of one stratum are alike to it.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.intp]


def number_of_allocations(sequence: Codes, strata: Codes) -> int:
    """Return how many allocations have these numbers of each sequence in each stratum."""
    ways = 1
    for one in np.unique(strata):
        counts = [int(number) for number in np.bincount(sequence[strata == one])]
        ways *= math.factorial(sum(counts)) // math.prod(math.factorial(n) for n in counts)
    return ways


@lru_cache(maxsize=64)
def arrangements(counts: tuple[int, ...]) -> Codes:
    """Return every arrangement of so many clusters of each sequence, one a row."""
    rows: list[list[int]] = []

    def place(row: list[int], free: tuple[int, ...], number: int) -> None:
        if number == len(counts):
            rows.append(row)
            return
        for chosen in combinations(free, counts[number]):
            filled = row.copy()
            for one in chosen:
                filled[one] = number
            place(filled, tuple(one for one in free if one not in chosen), number + 1)

    total = sum(counts)
    place([0] * total, tuple(range(total)), 0)
    return np.array(rows, dtype=np.intp)


@lru_cache(maxsize=4)
def _listed(strata: tuple[int, ...], counts: tuple[tuple[int, ...], ...]) -> Codes:
    groups = np.array(strata)
    found = np.zeros((1, len(strata)), dtype=np.intp)
    for one, numbers in zip(np.unique(groups), counts, strict=True):
        own = arrangements(numbers)
        found = np.repeat(found, len(own), axis=0)
        found[:, groups == one] = np.tile(own, (len(found) // len(own), 1))
    found.setflags(write=False)
    return found


def all_allocations(sequence: Codes, strata: Codes) -> Codes:
    """Return every allocation with these numbers of each sequence in each stratum, one a row."""
    counts = tuple(
        tuple(int(number) for number in np.bincount(sequence[strata == one]))
        for one in np.unique(strata)
    )
    return _listed(tuple(int(one) for one in strata), counts)


def drawn_allocations(
    sequence: Codes, strata: Codes, count: int, rng: np.random.Generator
) -> Codes:
    """Return allocations in which sequences are shuffled within strata, one a row."""
    drawn = np.tile(sequence, (count, 1))
    for one in np.unique(strata):
        at = np.flatnonzero(strata == one)
        drawn[:, at] = rng.permuted(drawn[:, at], axis=1)
    return drawn
