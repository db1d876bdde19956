"""Strategies ranked on the outcome that the planner chose, pair by pair, draw by draw.

Every strategy meets the same draws of the parameters and the same luck, so that two of them are
told apart by their paired difference. What is not told apart is called a tie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import unknown
from sim.planning.better import Better, better
from sim.planning.outcomes import QPR, WEEKLY
from sim.planning.uncertainty import NORMAL_95, Spread, spread_of
from sim.planning.value import acceptability_of, ratio_of
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from sim.planning.comparison import Comparison

FEWEST = 20
"""Draws below which no two strategies are told apart."""
MIXED = " mixed with "
"""Between the names of two strategies that together beat a third."""
TOLD = 0.95
"""Share of draws in which one of two has to be better to be told from the other."""


@dataclass(frozen=True)
class Aim:
    """What strategies may be ranked on."""

    name: str  # As the planner names it
    title: str  # What is gained, or paid, in words
    unit: str  # Unit of the values
    rounding: float  # Differences below this are a tie: smaller than what a reader is shown
    less: bool = False  # Whether less is better: a cost for each unit gained


RECOVERY, REACH, PRACTICE, SUPPORT = "recovery", "reach", "practice", "support"
COST_REACHED, COST_POINT = "cost-per-person-reached", "cost-per-qpr-point"
AIMS: tuple[Aim, ...] = (
    Aim(REACH, "Reach", "percent of people's time with a trained worker", 0.5),
    Aim(PRACTICE, "Practice", "of 100, mean over the time, against usual care", 0.1),
    Aim(SUPPORT, "Support people feel", "INSPIRE points, 0-100, against usual care", 0.1),
    Aim(RECOVERY, "Recovery", "QPR-15 points, 0-60, against usual care", 0.1),
    Aim(COST_REACHED, "Cost of a person reached", "GBP", 1.0, less=True),
    Aim(COST_POINT, "Cost of a QPR point for one person", "GBP", 1.0, less=True),
)


def aim_of(name: str) -> Aim:
    """Return an aim by name.

    Raises
    ------
    InputError
        For a name that is none, with the nearest one.
    """
    found = {one.name: one for one in AIMS}
    if name not in found:
        raise unknown("rank-by", name, found)
    return found[name]


@dataclass(frozen=True)
class Pair:
    """Two strategies, the one that stands higher first."""

    first: str
    second: str
    # First less second: mean and central 90% over draws; NaN limits where draws differ no more than
    # by chance, or where some draw has no gain to divide a cost by.
    difference: float
    low: float
    high: float
    better: Better  # In what share of draws the first is better
    # Whether they are not told apart: one better than the other in fewer than `TOLD` of the draws,
    # or a difference within the Monte Carlo error (95%) or below what is shown.
    tie: bool


@dataclass(frozen=True)
class Ranking:
    """Strategies in the order of an aim."""

    aim: Aim
    names: tuple[str, ...]  # Best mean first
    # Mean and central 90% over draws, in the order of `names`.
    means: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    # Share of draws in which each is best; draws with several are parted equally.
    best: tuple[float, ...]
    # Mean over draws of how much better the best one of that draw is; NaN where a draw has none.
    regrets: tuple[float, ...]
    pairs: tuple[Pair, ...]  # Every pair

    def pair(self, one: str, other: str) -> Pair:
        """Return the pair of two strategies."""
        return next(p for p in self.pairs if {p.first, p.second} == {one, other})

    @property
    def tied(self) -> tuple[str, ...]:
        """The first strategy, and those that are not told from it."""
        first, *rest = self.names
        return (first, *(one for one in rest if self.pair(first, one).tie))

    def at(self, name: str) -> int:
        """Return the place of a strategy, counted from 0."""
        return self.names.index(name)


def ranked(aim: Aim, names: Sequence[str], values: np.ndarray) -> Ranking:
    """Rank strategies on what they gain.

    Parameters
    ----------
    aim : Aim
        One of which more is better.
    values : numpy.ndarray
        Shape (strategies, draws, replications), on common random numbers.
    """
    spreads = [spread_of(one) for one in values]
    order = sorted(range(len(names)), key=lambda one: -spreads[one].mean)
    expected = np.stack([expected_of(one) for one in values])
    pairs = [
        _pair(aim, names[a], names[b], values[a], values[b])
        for place, a in enumerate(order)
        for b in order[place + 1 :]
    ]
    return Ranking(
        aim,
        tuple(names[one] for one in order),
        tuple(spreads[one].mean for one in order),
        tuple(spreads[one].low for one in order),
        tuple(spreads[one].high for one in order),
        tuple(acceptability_of(expected[None])[:, 0][order].tolist()),
        tuple((expected.max(axis=0) - expected).mean(axis=1)[order].tolist()),
        tuple(pairs),
    )


def expected_of(values: np.ndarray) -> np.ndarray:
    """Return the expected value of each draw, (draws,).

    Replication noise is taken out; where nothing would be left, means over replications stand.
    """
    spread = spread_of(values)
    return values.mean(axis=1) if np.isnan(spread.low) else spread.expected


def _pair(aim: Aim, first: str, second: str, one: np.ndarray, other: np.ndarray) -> Pair:
    spread: Spread = spread_of(one - other)
    found = better(one, other)
    told = (
        len(one) >= FEWEST
        and found.share_better >= TOLD
        and spread.mean >= aim.rounding
        and spread.mean > NORMAL_95 * spread.monte_carlo_se
    )
    return Pair(first, second, spread.mean, spread.low, spread.high, found, not told)


def ranked_by_cost(
    aim: Aim, names: Sequence[str], money: np.ndarray, gained: np.ndarray
) -> Ranking:
    """Rank strategies on money for each unit gained.

    Parameters
    ----------
    aim : Aim
        One of which less is better.
    money, gained : numpy.ndarray
        More than under usual care, shape (strategies, draws).

    Notes
    -----
    The mean is the ratio of means. A draw without any gain has no ratio: it counts as dearer than
    any that has one.
    """
    ratios = [ratio_of(cost, gain) for cost, gain in zip(money, gained, strict=True)]
    means = [np.inf if np.isnan(one.value) else one.value for one in ratios]
    order = sorted(range(len(names)), key=lambda one: means[one])
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(gained > 0.0, money / gained, np.inf)
    finite = np.where(np.isfinite(each), each, 1e15)
    with np.errstate(invalid="ignore"):
        regret = (each - each.min(axis=0)).mean(axis=1)
    pairs = []
    for place, a in enumerate(order):
        for b in order[place + 1 :]:
            found = better(-finite[a][:, None], -finite[b][:, None])
            difference = means[a] - means[b]
            with np.errstate(invalid="ignore"):
                low, high = np.quantile(each[a] - each[b], [0.05, 0.95])
            told = (
                each.shape[1] >= FEWEST
                and found.share_better >= TOLD
                and difference <= -aim.rounding
            )
            limits = (float(low), float(high)) if np.isfinite(low + high) else (np.nan, np.nan)
            pairs.append(Pair(names[a], names[b], difference, *limits, found, not told))
    return Ranking(
        aim,
        tuple(names[one] for one in order),
        tuple(ratios[one].value for one in order),
        tuple(ratios[one].low for one in order),
        tuple(ratios[one].high for one in order),
        tuple(acceptability_of(-finite[None])[:, 0][order].tolist()),
        tuple(np.where(np.isfinite(regret), regret, np.nan)[order].tolist()),
        tuple(pairs),
    )


def gains(comparison: Comparison, name: str, aim: str) -> np.ndarray:
    """Return what a strategy gains over the base on an aim, (draws, replications or 1)."""
    if aim == REACH:
        # Kept week by week as means over replications.
        at, base = (comparison.names.index(one) for one in (name, comparison.question.base))
        reach = comparison.worlds.weekly[:, :, 1:, WEEKLY.index("reach")].mean(axis=2)
        return np.asarray(100.0 * (reach[at] - reach[base]))[:, None]
    if aim == PRACTICE:
        return 100.0 * comparison.difference(name, "fidelity")
    return comparison.difference(name, "inspire_support" if aim == SUPPORT else QPR)


def ranking_of(comparison: Comparison, aim: Aim) -> Ranking:
    """Rank the strategies of a comparison; the base is one of them where more is better."""
    if not aim.less:
        return ranked(
            aim,
            comparison.names,
            np.stack([gains(comparison, one, aim.name) for one in comparison.names]),
        )
    people = comparison.prepared.covered.people
    names = comparison.others
    money = np.stack([comparison.cost_per_person(one) * people for one in names])
    if aim.name == COST_REACHED:
        gained = [comparison.difference(one, "people_reached").mean(axis=1) for one in names]
    else:
        gained = [spread_of(comparison.difference(one, QPR)).expected * people for one in names]
    return ranked_by_cost(aim, names, money, np.stack(gained))


def rankings_of(comparison: Comparison) -> dict[str, Ranking]:
    """Return the ranking on every aim, by its name."""
    return {aim.name: ranking_of(comparison, aim) for aim in AIMS}


def ranking_rows(rankings: Sequence[Ranking]) -> pd.DataFrame:
    """Return rankings as a table: a row for each aim and strategy, best first."""
    return data_frame(
        [
            {
                "aim": one.aim.name,
                "unit": one.aim.unit,
                "place": place + 1,
                "strategy": name,
                "mean": one.means[place],
                "5%": one.lows[place],
                "95%": one.highs[place],
                "chance that it is best": one.best[place],
                "regret": one.regrets[place],
                "not told from the first": name in one.tied,
            }
            for one in rankings
            for place, name in enumerate(one.names)
        ]
    )


def pair_rows(rankings: Sequence[Ranking]) -> pd.DataFrame:
    """Return every pair of every ranking as a table."""
    return data_frame(
        [
            {
                "aim": one.aim.name,
                "unit": one.aim.unit,
                "a": pair.first,
                "b": pair.second,
                "a less b": pair.difference,
                "5%": pair.low,
                "95%": pair.high,
                "share of draws in which a is better": pair.better.share_better,
                "Monte Carlo SE": pair.better.se,
                "tie": pair.tie,
            }
            for one in rankings
            for pair in one.pairs
        ]
    )


@dataclass(frozen=True)
class Efficient:
    """A strategy's place between cost and effect."""

    name: str
    # Mean cost and mean effect more than under usual care.
    cost: float
    effect: float
    beaten_by: str  # A strategy, or two mixed, that gives as much for less; empty on the frontier
    # Money for each unit more than the one below it on the frontier; NaN off the frontier, and for
    # the cheapest.
    step_cost: float


def frontier(
    names: Sequence[str], costs: Sequence[float], effects: Sequence[float]
) -> list[Efficient]:
    """Return which strategies no other, and no mix of two others, beats on cost and effect.

    Strategies are taken in the order of cost. One that costs as much as or more than another for
    no more effect is dominated; one below the line between two others is dominated by their mix
    (extended dominance; Drummond and others, Methods for the Economic Evaluation of Health Care
    Programmes).
    """
    order = sorted(range(len(names)), key=lambda one: (costs[one], -effects[one]))
    beaten: dict[int, str] = {}
    kept: list[int] = []
    for one in order:
        if kept and effects[one] <= effects[kept[-1]]:
            beaten[one] = names[kept[-1]]
            continue
        while len(kept) > 1 and _slope(costs, effects, kept[-2], kept[-1]) > _slope(
            costs, effects, kept[-1], one
        ):
            middle = kept.pop()
            beaten[middle] = f"{names[kept[-1]]}{MIXED}{names[one]}"
        kept.append(one)
    below = dict(zip(kept[1:], kept, strict=False))
    return [
        Efficient(
            names[one],
            float(costs[one]),
            float(effects[one]),
            beaten.get(one, ""),
            _slope(costs, effects, below[one], one) if one in below else float("nan"),
        )
        for one in order
    ]


def _slope(costs: Sequence[float], effects: Sequence[float], one: int, other: int) -> float:
    return float((costs[other] - costs[one]) / (effects[other] - effects[one]))


def frontier_rows(found: Sequence[Efficient]) -> pd.DataFrame:
    """Return a frontier as a table, cheapest first."""
    return data_frame(
        [
            {
                "strategy": one.name,
                "GBP more than usual care": one.cost,
                "QPR points gained, all people together": one.effect,
                "on the frontier": not one.beaten_by,
                "beaten by": one.beaten_by,
                "GBP for each point more than the one below": one.step_cost,
            }
            for one in found
        ]
    )


def frontier_of(comparison: Comparison) -> list[Efficient]:
    """Return the frontier of discounted cost and QPR points, all people together."""
    people = comparison.prepared.covered.people
    return frontier(
        comparison.names,
        [float(comparison.cost_per_person(one).mean()) * people for one in comparison.names],
        [spread_of(comparison.difference(one, QPR)).mean * people for one in comparison.names],
    )
