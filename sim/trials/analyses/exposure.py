"""Effects that grow with exposure: one effect for each period since a cluster began.

A constant effect in a stepped wedge is no average of effects that grow: later exposures have
negative weights in it, so that it can have the other sign. With an indicator for each exposure
every average has the weights that its name says (Kenny et al. 2022; Maleyeff et al. 2023).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial, ByExposure, fit_linear
from sim.trials.fits.small_sample import FTest

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]

CONSTANT = "constant effect"
AVERAGE, LONG_TERM, AT_EXPOSURE = "time-averaged effect", "long-term effect", "effect at exposure"
# Below this a test of equal effects by exposure is told beside the constant one.
UNEQUAL = 0.1
ESTIMANDS = (CONSTANT, AVERAGE, LONG_TERM, AT_EXPOSURE)


def exposure_weights(levels: Codes, estimand: str, at: int | None = None) -> Matrix:
    """Return the weight of each exposure in an estimand.

    Parameters
    ----------
    levels : (E,) array of int
        Periods of exposure that are analysed, rising.
    estimand : str
        ``"time-averaged effect"`` weighs each the same, ``"long-term effect"`` is the last.
    at : int, optional
        Of ``"effect at exposure"``.

    Raises
    ------
    InputError
        If no cluster is analysed at that exposure.
    """
    if estimand == AVERAGE:
        return np.full(len(levels), 1.0 / len(levels))
    wanted = int(levels[-1]) if estimand == LONG_TERM else at
    found = (levels == wanted).astype(float)
    if not found.any():
        listed = ", ".join(str(one) for one in levels)
        raise InputError(
            f"analysis.exposure_period = {at}: no team is analysed then; must be one of {listed}"
        )
    return found


def exposure_columns(exposure: Codes, levels: Codes, weights: Matrix) -> Matrix:
    """Return columns of which the first has the weighted effect as its coefficient.

    Parameters
    ----------
    exposure : (...) array of int
        Period of exposure; 0 without treatment.
    levels, weights : (E,) arrays

    Returns
    -------
    (..., E) array
        They span the indicators of all exposures.
    """
    indicators = (exposure[..., None] == levels).astype(float)
    # The effect of the exposure with the largest weight is what the average leaves of the others.
    key = int(np.argmax(weights))
    tested = indicators[..., key] / weights[key]
    others = [j for j in range(len(levels)) if j != key]
    rest = indicators[..., others] - tested[..., None] * weights[others]
    return np.concatenate([tested[..., None], rest], axis=-1)


def exposure_of(clusters: Codes, periods: Codes, treated: NDArray[np.bool_]) -> Codes | None:
    """Return how many periods of treatment each row's cluster has had, that one included.

    Parameters
    ----------
    clusters, periods : (n,) arrays of int
        Periods in their order, from 0.
    treated : (n,) array of bool

    Returns
    -------
    (n,) array of int or None
        0 before treatment; None where a cluster's treatment ends, or differs within a period.
    """
    number = int(clusters.max()) + 1
    never = int(periods.max()) + 1
    first = np.full(number, never)
    np.minimum.at(first, clusters[treated], periods[treated])
    if (treated != (periods >= first[clusters])).any():
        return None
    return np.where(treated, periods - first[clusters] + 1, 0)


class Curve(NamedTuple):
    """Effects by exposure of a trial beside its constant one."""

    levels: tuple[int, ...]  # Periods of exposure, the first treated one is 1
    # The answer of each analysis by exposure: ``{level: {analysis: TTest}}``.
    effects: dict[int, dict[str, Any]]
    averages: dict[str, dict[str, Any]]  # Likewise of the time-averaged and the long-term effect
    # Joint tests by method; the first says whether a constant effect may stand for all.
    all_equal: dict[str, FTest]
    all_zero: dict[str, FTest]


def exposures(trial: AnalysedTrial) -> tuple[Codes, Codes] | None:
    """Return each row's exposure and the exposures that occur.

    None where treatment is no column of two values, does not last, or lasts one period.
    """
    treated = trial.x[:, trial.tested]
    if trial.periods is None or np.unique(treated).size != 2:
        return None
    exposure = exposure_of(trial.clusters, trial.periods, treated == treated.max())
    if exposure is None or exposure.max() < 2 or not (exposure == 0).any():
        return None
    # Where no cluster is seen to begin, the first row with treatment tells no begin unless it is of
    # the first period: a date in a trial of two arms is no exposure.
    begins, late = _begins(trial.clusters, trial.periods, exposure)
    if not begins.any() and late.any():
        return None
    return exposure, np.unique(exposure[exposure > 0])


def _begins(
    clusters: Codes, periods: Codes, exposure: Codes
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which clusters are seen to begin, and which may have begun before they are seen to.

    Parameters
    ----------
    clusters, periods, exposure : (n,) arrays of int

    Returns
    -------
    begins : (clusters,) array of bool
        Those with rows before and after.
    late : (clusters,) array of bool
        Those with no row in the period before their first treated one, if there is one.
    """
    number, none = int(clusters.max()) + 1, -2
    first = np.full(number, none)
    treated = exposure > 0
    first[clusters[treated]] = periods[treated] - exposure[treated] + 1
    last = np.full(number, -1)
    np.maximum.at(last, clusters[~treated], periods[~treated])
    return (last >= 0) & (first >= 0), (first >= 0) & (last < first - 1)


def begun_unseen(trial: AnalysedTrial) -> int:
    """Return how many clusters may have begun in periods that they have no rows in."""
    found = exposures(trial)
    if found is None or trial.periods is None:
        return 0
    return int(_begins(trial.clusters, trial.periods, found[0])[1].sum())


def trial_of(
    trial: AnalysedTrial, exposure: Codes, levels: Codes, weights: Matrix
) -> AnalysedTrial:
    """Return a trial with effects by exposure, their weighted effect the tested column."""
    others = np.delete(trial.x, trial.tested, axis=1)
    effects = exposure_columns(exposure, levels, weights)
    x = np.column_stack([others[:, :1], effects, others[:, 1:]])
    return replace(trial, x=x, tested=1, whole=None, by_exposure=weighted(levels, weights))


def weighted(levels: Codes, weights: Matrix) -> ByExposure:
    """Return what the columns of `exposure_columns` have at each exposure."""
    return ByExposure(exposure_columns(levels, levels, weights), weights)


def trial_of_estimand(trial: AnalysedTrial, estimand: str, at: int | None) -> AnalysedTrial:
    """Return a trial with the estimand's effect as its tested column.

    Raises
    ------
    InputError
        If there are no effects by exposure.
    """
    if estimand == CONSTANT:
        return trial
    found = exposures(trial)
    if found is None:
        raise InputError(
            f"estimand '{estimand}': these data have no clusters that begin in different periods "
            "and stay treated for more than one"
        )
    return trial_of(trial, *found, exposure_weights(found[1], estimand, at))


def exposure_curve(
    trial: AnalysedTrial, tests: Callable[[AnalysedTrial], dict[str, Any]]
) -> Curve | None:
    """Return effects by exposure; None where treatment does not last, or lasts one period.

    Parameters
    ----------
    trial : AnalysedTrial
        With a treatment of two values as its tested column, and the periods of rows.
    tests : callable
        From a trial to the tests that are shown of it.

    Raises
    ------
    InputError
        If the mixed model cannot be fitted.
    """
    found = exposures(trial)
    if found is None:
        return None
    exposure, levels = found
    others = np.delete(trial.x, trial.tested, axis=1)

    def of(weights: Matrix) -> dict[str, Any]:
        return tests(trial_of(trial, exposure, levels, weights))

    indicators = (exposure[:, None] == levels).astype(float)
    names = tuple(f"x{j}" for j in range(others.shape[1] + len(levels)))
    fit = fit_linear(
        np.column_stack([others, indicators]), trial.y, trial.effects, names, trial.structure
    )
    if len(fit.names) < len(names):
        return None
    count = len(levels)
    each = np.zeros((count, len(names)))
    each[:, -count:] = np.eye(count)
    unit = {int(one): np.eye(count)[j] for j, one in enumerate(levels)}
    return Curve(
        tuple(unit),
        {level: of(weights) for level, weights in unit.items()},
        {one: of(exposure_weights(levels, one)) for one in (AVERAGE, LONG_TERM)},
        fit.joint_tests(each[1:] - each[0]),
        fit.joint_tests(each),
    )
