"""Which parameters drive an answer: rank correlations over draws, and what chance would give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

FEWEST_DRAWS = 20


@dataclass(frozen=True)
class Driver:
    """A parameter or price and how an answer goes with it."""

    name: str  # Its name
    correlation: float  # Spearman's rank correlation with the answer over draws

    @property
    def share(self) -> float:
        """Share of the variance of ranks that goes with it alone, if it is like no other."""
        return self.correlation**2


def ranks(values: np.ndarray) -> np.ndarray:
    """Return ranks, ties sharing their mean rank."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values))


def varied(draws: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """Return the parameters that differ between draws, as arrays of shape (draws,)."""
    columns = {name: np.array([draw[name] for draw in draws], float) for name in draws[0]}
    return {name: column for name, column in columns.items() if np.ptp(column) > 0.0}


def drivers_of(answer: np.ndarray, inputs: Mapping[str, np.ndarray]) -> list[Driver]:
    """Return inputs by the size of their rank correlation with an answer, largest first.

    Parameters
    ----------
    answer : numpy.ndarray
        One value per draw.
    inputs : mapping of str to numpy.ndarray
        Values of parameters and prices, one per draw.

    Returns
    -------
    list of Driver
        Empty with fewer than `FEWEST_DRAWS` draws or an answer that never varies.
    """
    if len(answer) < FEWEST_DRAWS or np.ptp(answer) == 0.0:
        return []
    own = ranks(answer)
    found = [
        Driver(name, float(np.corrcoef(ranks(values), own)[0, 1]))
        for name, values in inputs.items()
        if np.ptp(values) > 0.0
    ]
    return sorted(found, key=lambda one: -abs(one.correlation))


def noise_level(draws: int, inputs: int) -> float:
    """Return the size that no correlation would pass in 95% of cases if no input mattered.

    Bonferroni's bound over all inputs, normal approximation with variance 1 / (draws - 1).
    """
    if inputs < 1 or draws < 2:
        return float("nan")
    return NormalDist().inv_cdf(1.0 - 0.025 / inputs) / float(np.sqrt(draws - 1))
