"""Which of two strategies is better, and in what share of what the parameters may be.

All strategies meet the same draws of the parameters and the same luck, so that any two of them can
be compared draw by draw. The share of draws in which one is better says more than a ranking: the
best of many may be hardly better than the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from sim.planning.outcomes import QPR, TITLES
from sim.planning.uncertainty import chance_above
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from sim.planning.comparison import Comparison

COST = "cost"
BETTER_BY: Mapping[str, str] = {
    QPR: TITLES[QPR],
    "inspire_support": TITLES["inspire_support"],
    "fidelity": TITLES["fidelity"],
    COST: "Programme cost, discounted (less is better)",
}
"""Outcomes by which strategies are compared, with their titles."""
SAME, EVEN = "=", "≈"
MATRIX_SAYS = (
    "In how many of a hundred draws is the strategy of a row better than that of a column? "
    f"'{EVEN}' behind a number: so many draws do not tell which is better more often; '{SAME}': "
    "the same in every draw."
)


@dataclass(frozen=True)
class Better:
    """How one strategy stands to another in one outcome."""

    share_better: float  # Share of draws in which the first is better in expectation
    same: float  # Share of draws in which the two are the same to the last bit
    # Monte Carlo standard error of `share_better`, from finite numbers of draws and replications.
    se: float
    # Whether the simulation does not tell which is better more often: of the draws in which they
    # differ, the 95% limits of the Monte Carlo error hold one half.
    tie: bool

    def mirrored(self) -> Better:
        """Return how the other stands to this one."""
        return Better(1.0 - self.same - self.share_better, self.same, self.se, self.tie)


def better(first: np.ndarray, second: np.ndarray) -> Better:
    """Return in what share of draws the first is better, more being better.

    Parameters
    ----------
    first, second : numpy.ndarray
        Values of two strategies on common random numbers, shape (draws, replications).

    Notes
    -----
    Of the draws that differ the share is that of `sim.planning.uncertainty.chance_above`: of
    expected values with the replication noise taken out. With one draw, replications take the
    place of draws. The standard error joins that of this share and that of differing at all.
    """
    gained = np.asarray(first, float) - np.asarray(second, float)
    gained = gained[np.all(np.isfinite(gained), axis=1)]
    gained = gained.T if len(gained) == 1 else gained
    count = len(gained)
    if count == 0:
        return Better(float("nan"), float("nan"), float("nan"), True)
    equal = np.all(gained == 0.0, axis=1)
    same = float(equal.mean())
    if same == 1.0:
        return Better(0.0, 1.0, 0.0, True)
    chance = chance_above(gained[~equal], 0.0)
    differ = 1.0 - same
    share = differ * chance.share
    spread = (differ * chance.monte_carlo_se) ** 2 + chance.share**2 * same * differ / count
    # A share of 0 or 1 is not known for sure from so many draws.
    return Better(share, same, max(sqrt(spread), 0.5 / count), chance.low <= 0.5 <= chance.high)


def _values(comparison: Comparison, name: str, outcome: str) -> np.ndarray:
    """Return values of a strategy such that more is better, shape (draws, replications or 1)."""
    if outcome == COST:
        return -comparison.cost(name, discounted=True).sum(axis=1)[:, None]
    return comparison.level(name, outcome)


def better_than(comparison: Comparison, outcomes: Sequence[str] = tuple(BETTER_BY)) -> pd.DataFrame:
    """Return for every pair of strategies, base included, how often one is better than the other.

    Parameters
    ----------
    outcomes : sequence of str
        Of `BETTER_BY`, or any measure of `Comparison.level`, at the last assessment.

    Returns
    -------
    pandas.DataFrame
        A row for each ordered pair and outcome: `a`, `b`, `outcome`, `share_better` (share of draws
        in which `a` is better than `b`), `se`, `same` (share in which they are exactly equal),
        `even` (`Better.tie`). The rows of a pair and of its mirror image add up with `same` to 1.
    """
    rows = []
    for outcome in outcomes:
        values = {name: _values(comparison, name, outcome) for name in comparison.names}
        for a, b in combinations(comparison.names, 2):
            found = better(values[a], values[b])
            for one, other, told in ((a, b, found), (b, a, found.mirrored())):
                rows.append(
                    {
                        "a": one,
                        "b": other,
                        "outcome": outcome,
                        "share_better": told.share_better,
                        "se": told.se,
                        "same": told.same,
                        "even": told.tie,
                    }
                )
    return data_frame(rows)


def better_matrix(table: pd.DataFrame, outcome: str = QPR) -> pd.DataFrame:
    """Return the pairs of one outcome as a matrix of texts, in percent.

    Parameters
    ----------
    table : pandas.DataFrame
        As `better_than` returns it.
    outcome : str
        One of its outcomes.

    Returns
    -------
    pandas.DataFrame
        A row for each strategy, in columns numbered as the rows are; see `MATRIX_SAYS`.
    """
    own = table[table["outcome"] == outcome]
    names = list(dict.fromkeys(own["a"]))
    cells = {
        (one["a"], one["b"]): SAME
        if one["same"] == 1.0
        else f"{100.0 * one['share_better']:.0f}%{EVEN if one['even'] else ''}"
        for one in own.to_dict("records")
    }
    return data_frame(
        [
            {"better than": f"{number} {row}"}
            | {f"{at}": cells.get((row, column), "") for at, column in enumerate(names, 1)}
            for number, row in enumerate(names, 1)
        ]
    )
