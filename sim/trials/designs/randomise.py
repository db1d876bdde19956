"""Randomisation: which cluster gets which sequence.

Draws come from a NumPy generator that the caller keys by seed and replication; the same generator
state gives the same allocation.
"""

from __future__ import annotations

import numpy as np

from sim.errors import InputError

RESTRICTED_CANDIDATES = 200
RESTRICTED_SHARE = 0.1
MINIMISATION_PROBABILITY = 0.8


def sequence_labels(clusters: tuple[int, ...]) -> np.ndarray:
    """Return the sequence of every cluster before it is shuffled."""
    return np.repeat(np.arange(len(clusters)), clusters)


def simple(clusters: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Return an allocation in which every one with these numbers per sequence is equally likely."""
    return rng.permutation(sequence_labels(clusters))


def stratified(
    clusters: tuple[int, ...], strata: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return an allocation balanced within strata as nearly as whole clusters allow.

    Clusters are put in a random order within strata and then dealt in turn: each to a sequence with
    the largest share of its places left, of these to one with the fewest of the stratum, of these
    to one by chance. The totals are those asked for, and with as many clusters in each sequence
    their numbers within a stratum differ by at most one.
    """
    total = sum(clusters)
    if len(strata) != total:
        raise InputError(f"strata: {len(strata)} given for {total} clusters")
    order = np.lexsort((rng.random(total), strata))
    left = np.array(clusters)
    allocation = np.empty(total, int)
    own = np.zeros(len(clusters), int)
    stratum = None
    for position in order:
        if strata[position] != stratum:
            stratum = strata[position]
            own[:] = 0
        share = left / np.maximum(clusters, 1)
        best = np.flatnonzero(share == share.max())
        best = best[own[best] == own[best].min()]
        chosen = int(rng.choice(best))
        allocation[position] = chosen
        left[chosen] -= 1
        own[chosen] += 1
    return allocation


def minimised(
    clusters: tuple[int, ...],
    factors: np.ndarray,
    rng: np.random.Generator,
    probability: float = MINIMISATION_PROBABILITY,
) -> np.ndarray:
    """Return an allocation by minimisation (Pocock and Simon 1975).

    Clusters arrive in random order. Each goes, with the given probability, to the sequence (with
    places left) that makes the marginal totals over all factors least unequal, else to one at
    random.

    Parameters
    ----------
    clusters : tuple of int
        Places per sequence.
    factors : numpy.ndarray
        Whole numbers of shape (clusters, factors), such as trust and team type.
    rng : numpy.random.Generator
        Source of draws.
    probability : float
        Probability of the preferred sequence.
    """
    total, sequences = sum(clusters), len(clusters)
    if factors.shape[0] != total:
        raise InputError(f"factors: {factors.shape[0]} rows given for {total} clusters")
    left = np.array(clusters)
    weight = 1.0 / np.maximum(np.array(clusters, float), 1.0)
    allocation = np.full(total, -1)
    for cluster in rng.permutation(total):
        imbalance = np.full(sequences, np.inf)
        for sequence in np.flatnonzero(left > 0):
            score = 0.0
            for factor in range(factors.shape[1]):
                same = (factors[:, factor] == factors[cluster, factor]) & (allocation >= 0)
                counts = np.bincount(allocation[same], minlength=sequences).astype(float)
                counts[sequence] += 1.0
                score += float(np.ptp(counts * weight))
            imbalance[sequence] = score
        open_places = np.flatnonzero(left > 0)
        best = np.flatnonzero(imbalance == imbalance.min())
        chosen = int(rng.choice(best if rng.random() < probability else open_places))
        allocation[cluster] = chosen
        left[chosen] -= 1
    return allocation


def restricted(
    clusters: tuple[int, ...], covariates: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return an allocation drawn from the best balanced tenth of many random ones.

    Balance is the sum over covariates of the variance of sequence means, each covariate
    standardised (Raab and Butcher 2001 in spirit).
    """
    spread = covariates.std(axis=0)
    scaled = (covariates - covariates.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    candidates = np.array([simple(clusters, rng) for _ in range(RESTRICTED_CANDIDATES)])
    means = []
    for sequence in np.flatnonzero(clusters):
        # The clusters of each candidate that have this sequence, as many in all.
        own = np.nonzero(candidates == sequence)[1].reshape(RESTRICTED_CANDIDATES, -1)
        means.append(scaled[own].mean(axis=1))
    scores = np.var(means, axis=0).sum(axis=1)
    kept = np.argsort(scores, kind="stable")[: int(RESTRICTED_CANDIDATES * RESTRICTED_SHARE)]
    return candidates[int(rng.choice(kept))]
