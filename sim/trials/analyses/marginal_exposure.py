"""Effects by period of exposure on a binary or count outcome, by a marginal model.

As `sim.trials.analyses.exposure` for linear models: a constant effect is no average of effects that
grow. Errors are Mancl and DeRouen's with clusters - 2 degrees of freedom, joint tests Hotelling's:
with 12 and 24 clusters they keep their level, where Kauermann and Carroll's reject too often and
Morel, Bokossa and Neerchal's (which Ouyang and others 2026, arXiv 2604.18323, take) too seldom; see
docs/validation-cases.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial
from sim.trials.analyses.cluster_tests import t_test
from sim.trials.analyses.exposure import AVERAGE, LONG_TERM, exposure_weights, exposures
from sim.trials.analyses.exposure_spline import off_curve, spline_columns, told
from sim.trials.fits.gee import Family, GeeFit, Working, fit_gee
from sim.trials.fits.small_sample import FTest

Matrix = NDArray[np.float64]
ERROR = "MD"


def marginal_exposure(
    trial: AnalysedTrial,
    family: Family,
    offset: Matrix | None,
    working: Working,
    error: str = ERROR,
) -> dict[str, Any] | str | None:
    """Return effects by exposure, logarithms of ratios.

    Parameters
    ----------
    trial : AnalysedTrial
        With a treatment of two values as its tested column, and the periods of rows.
    error : str
        Of `sim.trials.fits.gee.CORRECTIONS`.

    Returns
    -------
    dict, str or None
        ``by_exposure``, ``time_averaged_effect``, ``long_term_effect``, ``all_equal`` and
        ``all_zero``; a sentence why there is none; None where treatment does not last.
    """
    found = exposures(trial)
    if found is None:
        return None
    levels = found[1]
    count, df = len(levels), float(trial.number - 2)
    fit = _by_exposure(trial, family, offset, working)
    if isinstance(fit, str):
        return fit
    beta, covariance = fit.coefficients[-count:], fit.covariance[error][-count:, -count:]

    def of(weights: Matrix) -> dict[str, Any]:
        one = t_test(float(weights @ beta), float(np.sqrt(weights @ covariance @ weights)), df)
        return {**one._asdict(), "ci95": list(one.ci95)}

    each = np.eye(count)
    return {
        "error": error,
        "by_exposure": [{"exposure": int(level), **of(each[j])} for j, level in enumerate(levels)],
        "time_averaged_effect": of(exposure_weights(levels, AVERAGE)),
        "long_term_effect": of(exposure_weights(levels, LONG_TERM)),
        "all_equal": hotelling(each[1:] - each[0], beta, covariance, df)._asdict(),
        "all_zero": hotelling(each, beta, covariance, df)._asdict(),
    }


def marginal_spline(
    trial: AnalysedTrial, family: Family, offset: Matrix | None, working: Working, df: int
) -> dict[str, Any]:
    """Return effects by exposure along a spline, logarithms of ratios.

    Parameters
    ----------
    trial, family, offset, working
        See `marginal_exposure`.
    df : int
        Columns of the spline.

    Returns
    -------
    dict
        As `sim.trials.analyses.exposure_spline.linear_spline`, each a t test.

    Raises
    ------
    InputError
        If there is no such curve, or too few clusters for its errors.
    """
    x, levels, rows = spline_columns(trial, df)
    if x.shape[1] >= trial.number - 2:
        raise InputError(
            f"spline = {df}: {trial.number} clusters are too few for {x.shape[1]} coefficients"
        )
    fit = fit_gee(x, trial.y, trial.clusters, family, offset, working=working)
    beta, covariance = fit.coefficients[-df:], fit.covariance[ERROR][-df:, -df:]
    clusters_less = float(trial.number - 2)

    def of(weights: Matrix) -> dict[str, Any]:
        se = float(np.sqrt(weights @ covariance @ weights))
        one = t_test(float(weights @ beta), se, clusters_less)
        return {**one._asdict(), "ci95": list(one.ci95)}

    zero = hotelling(np.eye(df), beta, covariance, clusters_less)
    found = {"df": df, "error": ERROR, **told(levels, rows, of), "all_zero": zero._asdict()}
    free = _by_exposure(trial, family, offset, working)
    if not isinstance(free, str):
        by, error = free.coefficients[-len(levels) :], free.covariance[ERROR]
        error = error[-len(levels) :, -len(levels) :]
        found["on_curve"] = hotelling(off_curve(rows), by, error, clusters_less)._asdict()
    return found


def _by_exposure(
    trial: AnalysedTrial, family: Family, offset: Matrix | None, working: Working
) -> GeeFit | str:
    """Return the model with an indicator of each exposure last, or why it has no errors."""
    found = exposures(trial)
    assert found is not None
    exposure, levels = found
    indicators = (exposure[:, None] == levels).astype(float)
    x = np.column_stack([np.delete(trial.x, trial.tested, axis=1), indicators])
    if x.shape[1] >= trial.number - 2 or np.linalg.matrix_rank(x) < x.shape[1]:
        return (
            f"effects by exposure: {trial.number} clusters are too few for {x.shape[1]} "
            "coefficients; a curve has fewer (--spline 2); the constant effect is no average of "
            "effects that grow, and may have the other sign"
        )
    try:
        return fit_gee(x, trial.y, trial.clusters, family, offset, working=working)
    except (InputError, np.linalg.LinAlgError):
        return "effects by exposure: their model has no finite solution"


def hotelling(contrasts: Matrix, beta: Matrix, covariance: Matrix, df: float) -> FTest:
    """Return the test that all contrasts are zero, with a covariance of some degrees of freedom."""
    from scipy.special import fdtrc

    values = contrasts @ beta
    q = len(values)
    squared = float(values @ np.linalg.solve(contrasts @ covariance @ contrasts.T, values))
    f, df2 = squared * (df - q + 1.0) / (df * q), df - q + 1.0
    return FTest(f, q, df2, float(fdtrc(q, df2, f)))
