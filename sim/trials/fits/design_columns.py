"""The fixed part of a linear model, prepared so that no digits are lost.

Columns are centred before any sum of squares is formed, columns that add nothing are left out, and
what is left is replaced by an orthonormal basis. A response of size 1e6 that varies by 1e-2 keeps
its digits this way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

# Share of a column's own spread that must be left beyond the columns before it (1e-7, as in R).
COLLINEAR = 1e-7
# Spread over size below which a column counts as constant: a few units in the last place.
CONSTANT = 1e-13


class PreparedDesign(NamedTuple):
    """An orthonormal basis of the kept columns, and the way back to their coefficients."""

    basis: Matrix  # (n, p) array: Orthonormal columns that span the kept columns
    residual: Matrix  # (n,) array: The response less its least-squares fit
    # (p, p) array: Coefficients of the kept columns = `least_squares` + `to_coefficients` @
    # (coefficients of the basis for `residual`).
    to_coefficients: Matrix
    least_squares: Matrix  # (p,) array: Least-squares coefficients of the kept columns
    log_determinant: float  # ``log |X'X|`` of the kept columns
    kept: NDArray[np.intp]  # (p,) array: Which of the given columns were kept, in their order


def constant_column(X: Matrix) -> int:
    """Return the first column that is constant and not zero, or -1."""
    if X.shape[0] == 0:
        return -1
    first = X[0]
    same = (first == X).all(axis=0) & (first != 0.0)
    return int(np.argmax(same)) if same.any() else -1


def independent_columns(X: Matrix) -> NDArray[np.intp]:
    """Return the columns that are not, to about 1e-7, combinations of columns before them.

    `X` has its constant column, if any, taken out of the others already.
    """
    directions: list[Matrix] = []
    kept = []
    for j in range(X.shape[1]):
        column = X[:, j].copy()
        size = np.linalg.norm(column)
        # Twice, because one pass leaves rounding behind.
        for _ in range(2):
            for one in directions:
                column -= one * (one @ column)
        left = np.linalg.norm(column)
        if size > 0.0 and left > COLLINEAR * size:
            directions.append(column / left)
            kept.append(j)
    return np.array(kept, dtype=np.intp)


def prepare_design(X: Matrix, y: Matrix) -> PreparedDesign:
    """Centre, drop dependent columns, and replace the rest by an orthonormal basis.

    Parameters
    ----------
    X : (n, q) array
        Columns of the fixed part, in the order in which they have precedence.
    y : (n,) array
        Response.
    """
    constant = constant_column(X)
    if constant >= 0:
        level = X[0, constant]
        means = X.mean(axis=0)
        centred = X - means
        # A column that is constant but for rounding has nothing left.
        centred[:, np.abs(centred).max(axis=0) <= CONSTANT * np.abs(means)] = 0.0
        centred[:, constant] = level
        # What rounding of the mean left behind.
        shift = centred.mean(axis=0)
        shift[constant] = 0.0
        centred -= shift
        means = means + shift
        means[constant] = 0.0
        offset = float(y.mean())
    else:
        level, means, centred, offset = 1.0, np.zeros(X.shape[1]), X, 0.0
    if constant > 0:
        # The constant takes precedence over a column that only repeats it.
        order = np.r_[constant, np.delete(np.arange(X.shape[1]), constant)]
    else:
        order = np.arange(X.shape[1])
    kept = np.sort(order[independent_columns(centred[:, order])])
    chosen = centred[:, kept]
    scales = np.linalg.norm(chosen, axis=0)
    basis, upper = np.linalg.qr(chosen / scales)
    # A second turn makes the basis orthonormal to the last digit.
    basis, correction = np.linalg.qr(basis)
    upper = correction @ upper
    to_coefficients = np.linalg.inv(upper) / scales[:, None]
    centred_y = y - offset
    scores = basis.T @ centred_y
    residual = centred_y - basis @ scores
    more = basis.T @ residual
    residual = residual - basis @ more
    least_squares = to_coefficients @ (scores + more)
    if constant >= 0:
        at = int(np.flatnonzero(kept == constant)[0])
        shifts = means[kept] / level
        to_coefficients[at] -= shifts @ to_coefficients
        least_squares[at] += offset / level - shifts @ least_squares
    diagonal = np.abs(np.diag(upper)) * scales
    return PreparedDesign(
        basis,
        residual,
        to_coefficients,
        least_squares,
        float(2.0 * np.log(diagonal).sum()),
        kept,
    )
