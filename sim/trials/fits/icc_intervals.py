"""Intracluster correlation and its kin from a fitted mixed model, with intervals.

In the words of a design file: the ICC is that within one period, (cluster + cluster-period) over
the total; the cluster autocorrelation CAC is cluster / (cluster + cluster-period); the individual
autocorrelation IAC is person / (person + residual) (Hooper and others 2016).

With one random effect the interval is exact: Wald (1940) inverts an F test of the variance ratio
that holds for clusters of any size and any columns of the fixed part (Seely and El-Bassiouni 1983),
and whose lower end may be below zero. With more, it is the profile of the restricted likelihood.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from sim.trials.fits.cell_sums import CellSums
from sim.trials.fits.reml import LARGEST_RATIO, criterion_and_gradient, moments

Matrix = NDArray[np.float64]

EXACT, PROFILE, NO_INTERVAL = "Wald's exact", "REML profile", "none"
# 95% point of chi squared with one degree of freedom.
CHI2_95 = 3.841458820694124
RESIDUAL = -1
# Root of the largest variance ratio that is searched over.
LARGEST_ROOT = 1e3


def share_of(ratios: Matrix, part: Sequence[int], whole: Sequence[int]) -> float | None:
    """Return the share that some variances have in others; None where those are all zero.

    Parameters
    ----------
    ratios : (K,) array
        Variance of each random effect over that of the residual.
    part, whole : sequences of int
        Random effects, by position; -1 is the residual.
    """
    all_ratios = np.append(ratios, 1.0)
    total = float(all_ratios[list(whole)].sum())
    return float(all_ratios[list(part)].sum()) / total if total > 0.0 else None


def exact_interval(data: CellSums) -> tuple[float, float] | None:
    """Return Wald's exact 95% interval for the ICC of a model with one random intercept.

    The restricted residual sum of squares at variance ratio r, less that within clusters, over the
    residual variance has chi squared's distribution at the true r, independent of that within
    clusters: their ratio is an F that falls in r.

    Parameters
    ----------
    data : CellSums
        Of an orthonormal basis of the columns, and the response.

    Returns
    -------
    tuple of float or None
        None if nothing is left between or within clusters, or clusters are more alike than any
        ratio makes likely.
    """
    from scipy.optimize import brentq
    from scipy.special import fdtri

    p = data.within.shape[0] - 1
    columns, crossed = data.within[:p, :p], data.within[:p, p]
    # Columns are orthonormal over all rows: those that vary within clusters keep some of it there.
    sizes, directions = np.linalg.eigh(columns)
    kept = sizes > 1e-10
    varying = int(kept.sum())
    fitted = ((directions[:, kept].T @ crossed) ** 2 / sizes[kept]).sum()
    within = float(data.within[p, p] - fitted)
    between_df = data.n_cells + varying - p
    within_df = data.n_obs - data.n_cells - varying
    if between_df < 1 or within_df < 1 or not within > 0.0:
        return None

    def f(ratio: float) -> float:
        first = moments(data, np.array([ratio])).first
        left = first[p, p] - first[p, :p] @ np.linalg.solve(first[:p, :p], first[:p, p])
        return float(left - within) / between_df / (within / within_df)

    largest = max(float(one.kernels[0].max()) for one in data.stacks)
    ends = []
    for tail in (0.975, 0.025):
        wanted = float(fdtri(between_df, within_df, tail))
        low, high = -(1.0 - 1e-9) / largest, 1.0
        while f(high) > wanted and high < LARGEST_RATIO:
            low, high = high, high * 10.0
        if f(low) > wanted > f(high):
            ratio = float(brentq(lambda r, w=wanted: f(r) - w, low, high, xtol=1e-15, rtol=1e-12))
        elif tail == 0.975 and f(low) <= wanted:
            # Columns may fit the largest cluster: then no ratio is low enough to be excluded.
            ratio = low
        else:
            return None
        ends.append(ratio / (1.0 + ratio))
    return ends[0], ends[1]


def profile_interval(
    data: CellSums, ratios: Matrix, part: Sequence[int], whole: Sequence[int]
) -> tuple[float, float] | None:
    """Return the 95% profile-likelihood interval of a share of variance.

    The share is held at a value, the restricted likelihood is maximised over all else, and the
    interval holds the values at which twice its logarithm falls short by less than 3.84.

    Parameters
    ----------
    ratios : (K,) array
        The estimates: variance of each random effect over that of the residual.
    part, whole : sequences of int
        Random effects, by position; -1 is the residual. `part` lies in `whole`.

    Returns
    -------
    tuple of float or None
        Ends that the data do not exclude are 0 or 1. None if the share is 0 / 0.
    """
    from scipy.optimize import brentq

    estimate = share_of(ratios, part, whole)
    if estimate is None:
        return None
    held = _HeldShare(data, ratios, part, whole)
    limit = held.best + CHI2_95

    def beyond(value: float) -> float:
        # At the estimate nothing is to be found, and a search may stop short of it.
        return -CHI2_95 if value == estimate else held.criterion(value) - limit

    ends = []
    for edge in (0.0, 1.0):
        last = edge
        if edge == 1.0 and RESIDUAL in whole:
            # A share of all but the residual can come near one only.
            last = estimate
            while 1.0 - last > 1e-6 and beyond(last) <= 0.0:
                last = 1.0 - 0.5 * (1.0 - last)
        if abs(last - estimate) < 1e-9 or beyond(last) <= 0.0:
            ends.append(edge)
            continue
        ends.append(
            float(brentq(beyond, min(estimate, last), max(estimate, last), xtol=1e-5, rtol=1e-5))
        )
    return ends[0], ends[1]


class _HeldShare:
    """The restricted likelihood with a share of variance held at a value.

    What is free are the ratios of effects outside the share, the sum of those in the rest of the
    whole, and how each sum is cut among its effects, both as roots or cuts of one after the other.
    """

    def __init__(
        self, data: CellSums, ratios: Matrix, part: Sequence[int], whole: Sequence[int]
    ) -> None:
        self.data = data
        self.part = list(part)
        self.rest = [one for one in whole if one not in part and one != RESIDUAL]
        self.open = RESIDUAL in whole
        self.others = [
            one for one in range(ratios.size) if one not in self.part and one not in self.rest
        ]
        self.cuts = [max(len(one) - 1, 0) for one in (self.part, self.rest)]
        self.best = criterion_and_gradient(data, ratios)[0]
        cuts = [*_cuts(ratios[self.part]), *_cuts(ratios[self.rest])]
        inside = self.rest if self.open else self.part + self.rest
        sizes = [float(ratios[inside].sum())] if self.rest else []
        sizes += [float(ratios[one]) for one in self.others]
        self.start = np.array([*cuts, *(max(one, 1e-3) ** 0.5 for one in sizes)])
        self.bounds = [(0.0, 1.0)] * len(cuts) + [(0.0, LARGEST_ROOT)] * len(sizes)

    def criterion(self, value: float) -> float:
        """Return -2 log restricted likelihood, least over all that is free."""
        from scipy.optimize import minimize

        if not self.start.size:
            return self._criterion(self.start, value)[0]
        starts = [self.start]
        count = sum(self.cuts)
        # A sum that is cut has more than one valley where one of its effects is near zero.
        for ends in product((0.05, 0.95), repeat=count) if count else ():
            if np.abs(self.start[:count] - ends).max() > 0.5:
                starts.append(np.concatenate([ends, self.start[count:]]))
        found = [
            minimize(
                self._criterion,
                start,
                args=(value,),
                jac=True,
                method="TNC",
                bounds=self.bounds,
                options={"ftol": 1e-7, "maxfun": 200},
            )
            for start in starts
        ]
        least = min(found, key=lambda one: float(one.fun))
        # The next value held is near this one; at a root of zero there is no slope.
        self.start = np.maximum(least.x, [0.02] * count + [0.03] * (least.x.size - count))
        return max(float(least.fun), self.best)

    def _criterion(self, free: Matrix, value: float) -> tuple[float, Matrix]:
        ratios, slopes = self._ratios(free, value)
        found, gradient = criterion_and_gradient(self.data, ratios)
        return found, slopes.T @ gradient

    def _ratios(self, free: Matrix, value: float) -> tuple[Matrix, Matrix]:
        """Return the ratios, and their derivatives by what is free."""
        count = free.size
        ratios, slopes = np.zeros(self._effects), np.zeros((self._effects, count))
        at = sum(self.cuts)
        size, slope = 0.0, np.zeros(count)
        if self.rest:
            size, slope[at] = free[at] ** 2, 2.0 * free[at]
            at += 1
        if self.open:
            odds = value / (1.0 - value)
            totals = ((1.0 + size) * odds, odds * slope), (size, slope)
        else:
            totals = (size * value, value * slope), (size * (1.0 - value), (1.0 - value) * slope)
        first = 0
        for effects, cuts, (left, by) in zip(
            (self.part, self.rest), self.cuts, totals, strict=True
        ):
            for k, effect in enumerate(effects):
                cut = free[first + k] if k < cuts else 1.0
                ratios[effect], slopes[effect] = left * cut, by * cut
                if k < cuts:
                    unit = np.zeros(count)
                    unit[first + k] = left
                    slopes[effect] = slopes[effect] + unit
                    left, by = left * (1.0 - cut), by * (1.0 - cut) - unit
            first += cuts
        for k, effect in enumerate(self.others):
            ratios[effect], slopes[effect, at + k] = free[at + k] ** 2, 2.0 * free[at + k]
        return ratios, slopes

    @property
    def _effects(self) -> int:
        return len(self.part) + len(self.rest) + len(self.others)


def _cuts(values: Matrix) -> list[float]:
    """Return the share of each value but the last in what the ones before it leave."""
    left = float(values.sum())
    found = []
    for one in values[:-1]:
        found.append(float(np.clip(one / left, 0.02, 0.98)) if left > 0.0 else 0.5)
        left -= float(one)
    return found
