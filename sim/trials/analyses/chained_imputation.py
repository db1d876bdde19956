"""Multiple imputation of an outcome and of columns of the model, by chained equations.

Each column that lacks values is imputed in its turn from all the others and the outcome, with
effects of clusters and of groups within them, as the outcome is (see
`sim.trials.analyses.imputation`); a column of 0 and 1 by a probit model. So do mice's methods for
multilevel data (van Buuren 2018, Flexible Imputation of Missing Data, chapter 7).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.trials.analyses.imputation import imputed_outcomes

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

# Rounds before the first data set and between two.
ROUNDS_BEFORE, ROUNDS_BETWEEN = 10, 4
# A column's chain begins anew in each round: so many steps, and those that lead to its next draw.
STEPS = 20


def chained_imputation(
    y: Matrix,
    X: Matrix,
    incomplete: Sequence[int],
    groups: Sequence[Codes],
    count: int,
    rng: np.random.Generator,
    *,
    binary: bool = False,
) -> Iterator[tuple[Matrix, Matrix]]:
    """Yield columns and outcomes whose missing values were drawn.

    Parameters
    ----------
    y : (n,) array
        Outcome; NaN where missing.
    X : (n, p) array
        Columns, the intercept first; NaN where missing.
    incomplete : sequence of int
        Columns that lack values, each alone: none is made of another.
    groups : sequence of (n,) arrays of int
        Clusters, and groups within them.
    count : int
        Imputed data sets.
    binary : bool
        Whether the outcome is 0 or 1.

    Raises
    ------
    InputError
        If a column cannot be imputed.
    """
    clusters, *within = groups
    columns = {j: X[:, j].copy() for j in incomplete}
    X, outcome = X.copy(), y.copy()
    for j, known in columns.items():
        X[:, j] = _drawn(known, rng)
    outcome = _drawn(y, rng)
    for turn in range(1, ROUNDS_BEFORE + count * ROUNDS_BETWEEN + 1):
        for j, known in columns.items():
            others = np.column_stack([np.delete(X, j, axis=1), outcome])
            two = bool(np.isin(known[~np.isnan(known)], (0.0, 1.0)).all())
            X[:, j] = _one(known, others, clusters, within, rng, two)
        if np.isnan(y).any():
            outcome = _one(y, X, clusters, within, rng, binary)
        if turn > ROUNDS_BEFORE and (turn - ROUNDS_BEFORE) % ROUNDS_BETWEEN == 0:
            yield X.copy(), outcome.copy()


def _one(
    known: Matrix,
    others: Matrix,
    clusters: Codes,
    within: Sequence[Codes],
    rng: np.random.Generator,
    binary: bool,
) -> Matrix:
    """Return one imputation of a column."""
    chain = imputed_outcomes(
        known, others, clusters, 1, rng, within=within, binary=binary, burn_in=STEPS
    )
    return next(chain)


def _drawn(known: Matrix, rng: np.random.Generator) -> Matrix:
    """Return a column whose missing values are drawn from the others: a start."""
    gone = np.isnan(known)
    filled = known.copy()
    filled[gone] = rng.choice(known[~gone], int(gone.sum()))
    return filled
