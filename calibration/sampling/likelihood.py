"""Synthetic likelihood: the density of what was reported under the simulated sampling distribution.

For each parameter set the figures of trial-sized simulations have a mean and a covariance. They
contain the trial's own sampling noise, the ways in which participation may have been judged, and
the parameters that are not calibrated. The published standard errors are not added on top. With R
replicates the mean is itself uncertain by covariance / R: that, and nothing else, is added.

With y the estimates, c the selected contrast and its tests S, and N the tests that were not
significant:

    L = p(y) x p(c | y) x P(one of S and none of N significant | y, c) / P(one of S significant | y)

which is p(y) times the density of c among trials that would have reported it. All under one normal
distribution for the parameter set. The probabilities are averages over a fixed low-discrepancy
sample, so that they are smooth in the parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from calibration.evidence.extractors import EXTRACTORS, figure_name
from calibration.evidence.targets import Target
from sim.errors import InputError
from sim.trials.studies.refocus_figures import CRITICAL

POINTS = 256
SMALLEST = 1e-6
RAMP = 0.1


@dataclass(frozen=True)
class Data:
    """What was reported, as the likelihood reads it."""

    # Figures that the likelihood needs (`Target.figure`); the order of means and covariances.
    figures: tuple[str, ...]
    # Places of plain estimates and their values.
    estimates: np.ndarray
    observed: np.ndarray
    # Place and value of the selected contrast (-1 for none) and places of the tests behind it.
    selected: int
    selected_value: float
    selectors: np.ndarray
    null: np.ndarray  # Places of tests that were not significant
    # Whether the selected contrast is divided by the probability of being reported.
    selection: bool = True
    # Whether that probability is the one over all trials, not the one given the other estimates:
    # for synthetic trials, of which only those that would have reported the contrast are kept.
    alone: bool = False


def make_data(
    targets: Mapping[str, Target], *, without: Iterable[str] = (), selection: bool = True
) -> Data:
    """Return the fit targets as data for the likelihood.

    `targets`: all targets; `without`: names of targets or patterns to leave out; `selection`:
    whether a selected figure enters as such. Raises InputError when nothing is left to fit, or
    two selected figures are fitted.
    """
    left_out = set(without)
    fit = [
        one
        for one in targets.values()
        if one.use == "fit" and one.name not in left_out and one.pattern not in left_out
    ]
    if not any(one.kind in ("estimate", "selected") for one in fit):
        raise InputError("targets: no estimate with use = 'fit'; there is nothing to fit")
    chosen = [one for one in fit if one.kind == "selected"]
    if len(chosen) > 1:
        raise InputError(f"target '{chosen[1].name}': only one selected figure can be fitted")
    wanted = {name for one in fit for name in (one.figure, *one.tests)}
    every = (figure_name(t, e) for t in dict.fromkeys(o.trial for o in fit) for e in EXTRACTORS)
    figures = tuple(name for name in every if name in wanted)
    place = {name: index for index, name in enumerate(figures)}
    plain = [one for one in fit if one.kind == "estimate"]
    return Data(
        figures=figures,
        estimates=np.array([place[one.figure] for one in plain], dtype=int),
        observed=np.array([one.observed for one in plain], dtype=float),
        selected=place[chosen[0].figure] if chosen else -1,
        selected_value=float(chosen[0].observed or 0.0) if chosen else 0.0,
        selectors=np.array([place[s] for s in chosen[0].tests] if chosen else [], dtype=int),
        null=np.array([place[o.figure] for o in fit if o.kind == "interval"], dtype=int),
        selection=selection,
    )


@lru_cache(maxsize=16)
def normal_points(dimensions: int) -> np.ndarray:
    """Return the fixed low-discrepancy standard normal sample, shape (POINTS, dimensions)."""
    uniform = qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(20111125)).random(
        POINTS
    )
    return np.asarray(ndtri(np.clip(uniform, 1e-9, 1.0 - 1e-9)))


def conditioned(
    mean: np.ndarray, cov: np.ndarray, wanted: np.ndarray, known: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of some figures given others, for n normal distributions."""
    if len(known) == 0:
        return mean[:, wanted], cov[:, wanted[:, None], wanted[None]]
    across = cov[:, wanted[:, None], known[None]]
    inside = cov[:, known[:, None], known[None]]
    gain = np.swapaxes(np.linalg.solve(inside, np.swapaxes(across, 1, 2)), 1, 2)
    shifted = mean[:, wanted] + np.einsum("nwg,ng->nw", gain, values - mean[:, known])
    rest = cov[:, wanted[:, None], wanted[None]] - gain @ np.swapaxes(across, 1, 2)
    return shifted, 0.5 * (rest + np.swapaxes(rest, 1, 2))


def log_normal(mean: np.ndarray, cov: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return the log density of `values` under n normal distributions."""
    lower = np.linalg.cholesky(cov)
    scaled = np.linalg.solve(lower, (values - mean)[..., None])[..., 0]
    size = mean.shape[1]
    return np.asarray(
        -0.5 * (scaled**2).sum(axis=1)
        - np.log(np.diagonal(lower, axis1=1, axis2=2)).sum(axis=1)
        - 0.5 * size * np.log(2.0 * np.pi)
    )


def log_events(mean: np.ndarray, cov: np.ndarray, some: int) -> np.ndarray:
    """Return the log probability that a z of the first `some` is significant and none of the rest.

    With `some` = 0 only the rest counts. A step is replaced by a normal ramp of width .1, so that
    the average over the fixed sample is smooth in the parameters.

    `mean`, `cov`: of the z, shape (n, z) and (n, z, z); `some`: how many of them, from the
    first, are those of which one must be significant.
    """
    size = mean.shape[1]
    values, vectors = np.linalg.eigh(cov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    z = mean[:, None, :] + np.einsum("nij,pj->npi", root, normal_points(size))
    inside = ndtr((CRITICAL - np.abs(z)) / RAMP)
    held = inside[:, :, some:].prod(axis=2)
    if some:
        held = held * (1.0 - inside[:, :, :some].prod(axis=2))
    return np.log(np.maximum(held.mean(axis=1), SMALLEST))


def log_likelihood(mean: np.ndarray, cov: np.ndarray, data: Data) -> np.ndarray:
    """Return the log synthetic likelihood for n parameter sets.

    `mean`, `cov`: mean (n, figures) and covariance (n, figures, figures) of the simulated
    figures; `data`: what was reported.
    """
    plain = data.estimates
    total = np.zeros(len(mean))
    if len(plain):
        total += log_normal(mean[:, plain], cov[:, plain[:, None], plain[None]], data.observed)
    known, values, some = plain, data.observed, np.array([], int)
    if data.selected >= 0:
        at = np.array([data.selected])
        shifted, rest = conditioned(mean, cov, at, plain, data.observed)
        total += log_normal(shifted, rest, np.array([data.selected_value]))
        known = np.append(plain, data.selected)
        values = np.append(data.observed, data.selected_value)
        if data.selection:
            some = data.selectors
            given = plain[:0] if data.alone else plain
            shifted, rest = conditioned(mean, cov, some, given, data.observed[: len(given)])
            total -= log_events(shifted, rest, len(some))
    if len(some) or len(data.null):
        tests = np.append(some, data.null)
        shifted, rest = conditioned(mean, cov, tests, known, values)
        total += log_events(shifted, rest, len(some))
    return total


def shrunk(figures: np.ndarray, common: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of replicates, shrunk towards a common covariance.

    Parameters
    ----------
    figures : numpy.ndarray
        Shape (n, replicates, figures); NaN where a figure could not be computed (replaced by the
        mean of the others).
    common : numpy.ndarray, optional
        Covariance pooled over many parameter sets. With k figures it counts as 3 k replicates, as
        the prior of an inverse-Wishart estimate; without it nothing is shrunk.

    Returns
    -------
    mean : numpy.ndarray
    covariance : numpy.ndarray
        Times 1 + 1/R, for the Monte Carlo error of the mean.
    """
    centre = np.nanmean(figures, axis=1)
    filled = np.where(np.isnan(figures), centre[:, None, :], figures)
    away = filled - centre[:, None, :]
    replicates, size = figures.shape[1], figures.shape[2]
    scatter = np.einsum("nri,nrj->nij", away, away)
    if common is None:
        cov = scatter / (replicates - 1)
    else:
        weight = 3.0 * size
        cov = (scatter + weight * common[None]) / (replicates - 1 + weight)
    cov = cov + 1e-9 * np.eye(size)
    return centre, cov * (1.0 + 1.0 / replicates)
