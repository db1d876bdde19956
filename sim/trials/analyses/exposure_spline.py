"""Effects that grow with exposure along a natural cubic spline, nought before treatment.

Fewer coefficients than an indicator for each exposure: with few clusters a marginal model may have
no errors for those. Knots are spread evenly over the exposures from 0 to the last, as those of
``splines::ns(0:last, df)`` in R. What lies between may be wrong; the test that effects by exposure
lie on the curve stands beside it where they can be fitted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial, fit_linear
from sim.trials.analyses.cluster_tests import t_test
from sim.trials.analyses.exposure import AVERAGE, LONG_TERM, exposure_weights, exposures
from sim.trials.fits.natural_spline import ns

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]
NEEDS_EXPOSURE = (
    "needs clusters that begin in different periods and stay treated for more than one, with the "
    "period in the model, as factor(period)"
)


def spline_rows(levels: Codes, df: int) -> Matrix:
    """Return the curve's columns at each exposure, nought without treatment.

    Parameters
    ----------
    levels : (E,) array of int
        Periods of exposure that are analysed, rising.
    df : int
        Number of columns; 1 is a straight line.

    Raises
    ------
    InputError
        If there are as many columns as exposures: indicators say the same.
    """
    if not 1 <= df < len(levels):
        raise InputError(
            f"spline = {df}: must be from 1 to {len(levels) - 1}, below the number of exposures "
            f"({len(levels)})"
        )
    basis = ns(np.arange(int(levels[-1]) + 1), df).to_numpy()
    return np.asarray(basis[levels] - basis[0])


def off_curve(rows: Matrix) -> Matrix:
    """Return contrasts of effects by exposure that are zero where these lie on the curve."""
    return np.asarray(np.linalg.qr(rows, mode="complete")[0][:, rows.shape[1] :].T)


def spline_columns(trial: AnalysedTrial, df: int) -> tuple[Matrix, Codes, Matrix]:
    """Return a model's columns with the curve last, the exposures, and the curve at each.

    Raises
    ------
    InputError
        If treatment does not last, or the curve cannot be told from the rest of the model.
    """
    found = exposures(trial)
    if found is None:
        raise InputError(f"spline = {df}: {NEEDS_EXPOSURE}")
    exposure, levels = found
    rows = spline_rows(levels, df)
    curve = (exposure[:, None] == levels).astype(float) @ rows
    x = np.column_stack([np.delete(trial.x, trial.tested, axis=1), curve])
    if np.linalg.matrix_rank(x) < x.shape[1]:
        raise InputError(f"spline = {df}: the curve cannot be told from the rest of the model")
    return x, levels, rows


def told(levels: Codes, rows: Matrix, of: Callable[[Matrix], dict[str, Any]]) -> dict[str, Any]:
    """Return the curve's answers.

    Parameters
    ----------
    levels, rows
        Of `spline_columns`.
    of : callable
        From the weights of the curve's coefficients to an answer.
    """
    return {
        "by_exposure": [
            {"exposure": int(level), **of(row)} for level, row in zip(levels, rows, strict=True)
        ],
        "time_averaged_effect": of(exposure_weights(levels, AVERAGE) @ rows),
        "long_term_effect": of(exposure_weights(levels, LONG_TERM) @ rows),
    }


def linear_spline(trial: AnalysedTrial, df: int) -> dict[str, Any]:
    """Return the curve by a linear mixed model.

    Returns
    -------
    dict
        ``df``; ``by_exposure``, ``time_averaged_effect`` and ``long_term_effect``, each with
        ``kenward_roger`` and ``satterthwaite``; joint tests by method that the curve is
        ``all_zero`` and, where there are effects by exposure, that they lie ``on_curve``.

    Raises
    ------
    InputError
        If there is no such curve, or the model cannot be fitted.
    """
    x, levels, rows = spline_columns(trial, df)
    names = tuple(f"x{j}" for j in range(x.shape[1]))
    fit = fit_linear(x, trial.y, trial.effects, names, trial.structure)
    before = x.shape[1] - df

    def padded(weights: Matrix) -> Matrix:
        return np.concatenate([np.zeros(before), weights])

    def of(weights: Matrix) -> dict[str, Any]:
        estimate, one = fit.contrasts(padded(weights)[None])[0]
        tests = {
            "kenward_roger": t_test(estimate, one.kenward_roger_se, one.kenward_roger_df),
            "satterthwaite": t_test(estimate, one.se, one.satterthwaite_df),
        }
        return {name: {**test._asdict(), "ci95": list(test.ci95)} for name, test in tests.items()}

    each = np.array([padded(one) for one in np.eye(df)])
    joint = {name: one._asdict() for name, one in fit.joint_tests(each).items()}
    return {"df": df, **told(levels, rows, of), "all_zero": joint, **_on_curve(trial, rows)}


def _on_curve(trial: AnalysedTrial, rows: Matrix) -> dict[str, Any]:
    """Return the tests that effects by exposure lie on the curve; nothing where there are none."""
    found = exposures(trial)
    assert found is not None
    exposure, levels = found
    indicators = (exposure[:, None] == levels).astype(float)
    x = np.column_stack([np.delete(trial.x, trial.tested, axis=1), indicators])
    if np.linalg.matrix_rank(x) < x.shape[1]:
        return {}
    names = tuple(f"x{j}" for j in range(x.shape[1]))
    fit = fit_linear(x, trial.y, trial.effects, names, trial.structure)
    off = off_curve(rows)
    wide = np.column_stack([np.zeros((len(off), x.shape[1] - len(levels))), off])
    return {"on_curve": {name: one._asdict() for name, one in fit.joint_tests(wide).items()}}
