"""The basis of a natural spline: what it spans, and its columns in R."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from sim.errors import InputError
from sim.trials.fits.natural_spline import ns

X = np.array([3.0, 1.0, 2.0, 12.0, 5.0, 9.0, 7.0, 8.0])


@pytest.mark.parametrize("df", [1, 2, 3, 5])
def test_it_spans_the_natural_splines_with_knots_at_the_quantiles(df: int) -> None:
    """A line if df is 1; else curves with no bend at the ends, one height for each knot."""
    basis = ns(X, df)
    assert list(basis.columns) == list(range(1, df + 1))
    columns = np.column_stack([np.ones(8), basis])
    assert np.linalg.matrix_rank(columns) == df + 1
    knots = np.quantile(X, np.arange(df + 1) / df)
    for heights in np.eye(df + 1):
        if df == 1:
            curve = np.interp(X, knots, heights)
        else:
            curve = CubicSpline(knots, heights, bc_type="natural")(X)
        near = columns @ np.linalg.lstsq(columns, curve, rcond=None)[0]
        assert near == pytest.approx(curve, abs=1e-10)


def test_the_number_of_columns_is_whole_and_below_that_of_values() -> None:
    assert ns(X, 7).shape == (8, 7)
    assert ns([1.0, 1.0, 4.0, 2.0], np.int64(2)).shape == (4, 2)
    for wrong in (0, -1, 8, 2.0):
        with pytest.raises(InputError, match=rf"ns\(x, {wrong}\): needs a whole number from 1"):
            ns(X, wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="below the number of values"):
        ns([1.0, 1.0, 4.0, 2.0], 3)
