"""Curves of exposure: a straight line by hand, splines by SciPy, and effects that lie on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial, fit_linear
from sim.trials.analyses.exposure_spline import (
    linear_spline,
    off_curve,
    spline_columns,
    spline_rows,
    told,
)
from sim.trials.fits.cell_sums import RandomEffect

# Eight clusters over four periods, two beginning in each but the first, two never.
CLUSTERS = np.repeat(np.arange(8), 12)
PERIODS = np.tile(np.repeat(np.arange(4), 3), 8)
EXPOSURE = np.maximum(PERIODS - CLUSTERS // 2, 0)
EFFECTS = (RandomEffect("cluster", CLUSTERS),)


@pytest.fixture(scope="module")
def wedge() -> AnalysedTrial:
    rng = np.random.default_rng(11)
    y = rng.normal(size=96) + rng.normal(size=8)[CLUSTERS] + 0.5 * EXPOSURE**2 + PERIODS
    periods = [one == PERIODS for one in (1, 2, 3)]
    x = np.column_stack([np.ones(96), EXPOSURE > 0, *periods]).astype(float)
    return AnalysedTrial(x, y, 1, CLUSTERS, EFFECTS, PERIODS)


def test_one_column_is_a_straight_line_through_nought() -> None:
    levels = np.array([1, 2, 4])
    rows = spline_rows(levels, 1)
    assert rows.shape == (3, 1)
    assert rows[:, 0] / rows[0, 0] == pytest.approx([1.0, 2.0, 4.0])


def test_two_columns_are_natural_splines_with_a_knot_half_way() -> None:
    levels = np.array([1, 2, 3, 4])
    rows = spline_rows(levels, 2)
    for middle, last in ((1.0, 0.0), (0.0, 1.0), (2.0, -1.0)):
        curve = CubicSpline([0, 2, 4], [0.0, middle, last], bc_type="natural")(levels)
        weights = np.linalg.lstsq(rows, curve, rcond=None)[0]
        assert rows @ weights == pytest.approx(curve)


def test_a_curve_has_fewer_columns_than_exposures() -> None:
    levels = np.array([1, 2, 4])
    assert spline_rows(levels, 2).shape == (3, 2)
    for df in (0, 3):
        with pytest.raises(InputError, match=f"spline = {df}: must be from 1 to 2, below .* .3.$"):
            spline_rows(levels, df)


def test_contrasts_off_a_curve_are_zero_on_it() -> None:
    rows = spline_rows(np.array([1, 2, 3, 4]), 2)
    off = off_curve(rows)
    assert off.shape == (2, 4)
    assert off @ rows == pytest.approx(np.zeros((2, 2)), abs=1e-12)
    assert np.linalg.matrix_rank(off) == 2


def test_answers_of_a_curve_are_weighted() -> None:
    rows = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 5.0]])
    found = told(np.array([1, 2, 4]), rows, lambda row: {"row": row.tolist()})
    assert found["by_exposure"][2] == {"exposure": 4, "row": [3.0, 5.0]}
    assert found["time_averaged_effect"] == {"row": [2.0, 2.0]}
    assert found["long_term_effect"] == {"row": [3.0, 5.0]}


def test_the_curve_is_last_among_the_columns(wedge: AnalysedTrial) -> None:
    x, levels, rows = spline_columns(wedge, 1)
    assert levels.tolist() == [1, 2, 3]
    assert (x[:, :4] == np.delete(wedge.x, 1, axis=1)).all()
    assert x[:, 4] == pytest.approx(rows[0, 0] * EXPOSURE)


def test_a_trial_without_exposure_or_a_curve_of_its_own_is_refused(wedge: AnalysedTrial) -> None:
    with pytest.raises(InputError, match="spline = 1: needs clusters that begin in different"):
        spline_columns(replace(wedge, periods=None), 1)
    twin = replace(wedge, x=np.column_stack([wedge.x, EXPOSURE]))
    with pytest.raises(InputError, match="the curve cannot be told from the rest"):
        spline_columns(twin, 1)


def fitted(trial: AnalysedTrial, columns: np.ndarray) -> Any:
    x = np.column_stack([np.delete(trial.x, 1, axis=1), columns])
    return fit_linear(x, trial.y, EFFECTS, tuple(f"x{j}" for j in range(x.shape[1])))


def test_a_straight_line_is_a_model_with_the_exposure_as_a_number(wedge: AnalysedTrial) -> None:
    found = linear_spline(wedge, 1)
    plain = fitted(wedge, EXPOSURE)
    slope, one = float(plain.coefficients[4]), plain.inference[4]
    assert found["df"] == 1
    for by, times in zip(found["by_exposure"], (1.0, 2.0, 3.0), strict=True):
        assert by["exposure"] == times
        assert by["kenward_roger"]["estimate"] == pytest.approx(times * slope)
        assert by["kenward_roger"]["se"] == pytest.approx(times * one.kenward_roger_se)
        assert by["satterthwaite"]["se"] == pytest.approx(times * one.se)
        assert by["kenward_roger"]["df"] == pytest.approx(one.kenward_roger_df)
        assert by["satterthwaite"]["df"] == pytest.approx(one.satterthwaite_df)
    assert found["time_averaged_effect"]["kenward_roger"]["estimate"] == pytest.approx(2.0 * slope)
    assert found["long_term_effect"]["satterthwaite"]["estimate"] == pytest.approx(3.0 * slope)
    zero = found["all_zero"]["satterthwaite"]
    assert (zero["df1"], zero["f"]) == pytest.approx((1, (slope / one.se) ** 2))


def test_effects_off_the_curve_are_tested_by_what_bends(wedge: AnalysedTrial) -> None:
    """On a line through nought the second effect is twice the first, and the third three times."""
    found = linear_spline(wedge, 1)["on_curve"]["kenward_roger"]
    each = fitted(wedge, EXPOSURE[:, None] == np.array([1, 2, 3]))
    rows = np.zeros((2, 7))
    rows[:, 4:] = [[2.0, -1.0, 0.0], [3.0, 0.0, -1.0]]
    want = each.joint_tests(rows)["kenward_roger"]
    assert (found["f"], found["df1"], found["df2"]) == pytest.approx(
        (want.f, 2, want.df2), rel=1e-6
    )
    two = linear_spline(wedge, 2)
    assert two["df"] == 2
    assert two["all_zero"]["kenward_roger"]["df1"] == 2
    assert two["on_curve"]["kenward_roger"]["df1"] == 1


def test_without_effects_by_exposure_nothing_says_that_they_lie_on_the_curve(
    wedge: AnalysedTrial,
) -> None:
    last = np.column_stack([wedge.x, EXPOSURE == 3])
    found = linear_spline(replace(wedge, x=last.astype(float)), 1)
    assert "on_curve" not in found
    assert found["by_exposure"][0]["exposure"] == 1
