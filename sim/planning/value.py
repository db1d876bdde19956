"""Value for money: cost-effectiveness plane, acceptability, and the value of knowing for sure.

The effect is points of QPR per person, for which no accepted willingness to pay exists: every
result is a function of it. All of this lies outside NICE's reference case.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.planning.comparison import Comparison
from sim.planning.outcomes import QPR
from sim.planning.uncertainty import Chance, chance_of, spread_of

POINTS = 41
LOWEST_TOP, HIGHEST_TOP = 200.0, 20000.0


@dataclass(frozen=True)
class Value:
    """Effects, costs, and what follows for every willingness to pay."""

    names: tuple[str, ...]  # Scenarios, the base first
    # Expected difference from base in QPR points and in cost per person, shape (scenarios, draws);
    # the base's are 0.
    effects: np.ndarray
    costs: np.ndarray
    willingness: np.ndarray  # Money for one QPR point for one person, shape (points,)
    # Share of draws in which a scenario has the highest net benefit, shape (scenarios, points).
    acceptability: np.ndarray
    best: np.ndarray  # Scenario with the highest expected net benefit, shape (points,)
    # Expected value of perfect information per person, shape (points,).
    perfect_information: np.ndarray


def net_benefit(effects: np.ndarray, costs: np.ndarray, willingness: np.ndarray) -> np.ndarray:
    """Return willingness x effect - cost, shape (points, scenarios, draws)."""
    return np.asarray(willingness[:, None, None] * effects - costs)


def acceptability_of(benefit: np.ndarray) -> np.ndarray:
    """Return the share of draws in which each scenario has the highest net benefit.

    Draws where several share the highest are parted equally, so that shares add up to 1.

    Parameters
    ----------
    benefit : numpy.ndarray
        Shape (points, scenarios, draws).

    Returns
    -------
    numpy.ndarray
        Shape (scenarios, points).
    """
    top = benefit >= benefit.max(axis=1, keepdims=True)
    return np.asarray((top / top.sum(axis=1, keepdims=True)).mean(axis=2).T)


def perfect_information(benefit: np.ndarray) -> np.ndarray:
    """Return E[max over scenarios] - max over scenarios of E, at least 0, shape (points,)."""
    return np.asarray(
        np.maximum(0.0, benefit.max(axis=1).mean(axis=1) - benefit.mean(axis=2).max(axis=1))
    )


def value_of(comparison: Comparison) -> Value:
    """Return the value for money of every scenario.

    Effects are expected values by draw with the replication noise taken out (see
    `sim.planning.uncertainty`), so that chance does not pass for something that could be known.
    """
    base = comparison.question.base
    names = (base, *(one for one in comparison.names if one != base))
    effects = np.stack([spread_of(comparison.difference(one, QPR)).expected for one in names])
    costs = np.stack([comparison.cost_per_person(one) for one in names])
    willingness = np.linspace(0.0, top_willingness(effects, costs), POINTS)
    benefit = net_benefit(effects, costs, willingness)
    return Value(
        names=names,
        effects=effects,
        costs=costs,
        willingness=willingness,
        acceptability=acceptability_of(benefit),
        best=benefit.mean(axis=2).argmax(axis=1),
        perfect_information=perfect_information(benefit),
    )


def top_willingness(effects: np.ndarray, costs: np.ndarray) -> float:
    """Return where curves end: thrice the highest cost per point of any scenario, rounded up."""
    ratios = [
        cost.mean() / effect.mean()
        for effect, cost in zip(effects, costs, strict=True)
        if effect.mean() > 0.0 and cost.mean() > 0.0
    ]
    top = min(max([3.0 * one for one in ratios], default=LOWEST_TOP), HIGHEST_TOP)
    step = 10.0 ** np.floor(np.log10(max(top, LOWEST_TOP)))
    return float(np.ceil(max(top, LOWEST_TOP) / step) * step)


@dataclass(frozen=True)
class Ratio:
    """Money for one unit of something."""

    value: float  # Ratio of mean cost to mean gain; NaN where there is no gain
    # Central 90% over draws; NaN where some draw has no gain, so that no interval exists.
    low: float
    high: float
    gain: Chance  # How often there is a gain at all


def ratio_of(money: np.ndarray, gained: np.ndarray) -> Ratio:
    """Return money per unit gained, both by draw, shape (draws,)."""
    chance = chance_of(gained > 0.0, "draws")
    mean = float(np.mean(gained))
    value = float(np.mean(money)) / mean if mean > 0.0 else float("nan")
    if chance.share < 1.0 or len(gained) < 2:
        return Ratio(value, float("nan"), float("nan"), chance)
    low, high = np.quantile(money / gained, [0.05, 0.95])
    return Ratio(value, float(low), float(high), chance)
