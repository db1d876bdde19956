"""The basis of a natural cubic spline, column for column that of R's ``splines::ns``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def ns(x: Any, df: int) -> pd.DataFrame:
    """Return the basis without an intercept, knots at the quantiles of `x`.

    Parameters
    ----------
    x : (n,) array
    df : int
        Number of columns, from 1.

    Returns
    -------
    DataFrame
        Columns 1 to df.
    """
    import pandas as pd
    from scipy.interpolate import BSpline

    values = np.asarray(x, dtype=float)
    if not (isinstance(df, int | np.integer) and 1 <= df < np.unique(values).size):
        raise InputError(f"ns(x, {df}): needs a whole number from 1, below the number of values")
    ends = values.min(), values.max()
    inner = np.quantile(values, np.linspace(0.0, 1.0, int(df) + 1)[1:-1])
    knots = np.concatenate([np.repeat(ends[0], 4), inner, np.repeat(ends[1], 4)])
    count = len(knots) - 4
    each = [BSpline(knots, np.eye(count)[j], 3) for j in range(1, count)]
    basis = np.column_stack([one(values) for one in each])
    bends = np.column_stack([one.derivative(2)(np.array(ends)) for one in each])
    # What has no curvature at the ends: beyond the first two directions of the constraints.
    turned = np.linalg.qr(bends.T, mode="complete")[0]
    return pd.DataFrame((basis @ turned)[:, 2:], columns=range(1, int(df) + 1))
