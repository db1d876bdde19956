"""What a mixed-model test does, averaged over what its trial may tell of the variances.

Variances are estimated from the residuals of the best estimates of the fixed part, and of these
the two are independent. Given the residuals all else is known: which variances the analysis finds,
its standard error and degrees of freedom, and by how much its estimate differs from the best one,
which is normal. So power given them is a normal probability, and its mean over drawn residuals is
that of the test, however many variances stop at zero. The restricted likelihood is looked at on a
grid of variance ratios.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import TYPE_CHECKING

import numpy as np

from sim.trials.designs.correlation import VarianceComponents
from sim.trials.power.expected_test import (
    Cells,
    ExpectedTest,
    Matrix,
    Told,
    WorkingModel,
    covariance_of,
    named_variances,
    people_covariance,
    true_covariance,
)

if TYPE_CHECKING:
    from sim.trials.analyses.hypothesis import Bounds

# Tests of which the error and its degrees of freedom follow from the variances found.
TESTS = ("kenward-roger", "satterthwaite", "between-within")
# In all trials together, and most of one.
DRAWS, MOST_DRAWS = 16_000, 1000
# Ratios looked at for each variance, by how many there are; in all trials together so many points.
GRID = {1: 40, 2: 12, 3: 9, 4: 6}
MOST_POINTS = 30_000


@dataclass(frozen=True)
class Drawn:
    """What draws of the residuals make of a test."""

    # Of the best estimate, the true variances known: its expectation for a true average effect of
    # one, and its standard deviation.
    share: float
    sd: float
    # (N,) arrays: Estimate less the best one, its standard error, and degrees of freedom.
    shift: Matrix
    se: Matrix
    df: Matrix

    def after_baseline(self, variance: float, spent: float) -> Drawn:
        """Return the same where the slope of a baseline adds a variance, and spends df."""
        return replace(
            self,
            sd=sqrt(self.sd**2 + variance),
            se=np.sqrt(self.se**2 + variance),
            df=self.df - spent,
        )

    def scaled(self, spread: float, model_se: float, df: float) -> Drawn:
        """Return the same with estimates, their errors and degrees of freedom multiplied."""
        return replace(
            self,
            sd=self.sd * spread,
            shift=self.shift * spread,
            se=self.se * model_se,
            df=self.df * df,
        )

    def power(
        self, effect: float, alpha: float, sides: int, bounds: Bounds | None, moved: float = 0.0
    ) -> float:
        """Return how often the test of an effect rejects, its estimate moved by so much."""
        from scipy.special import ndtr, stdtrit

        level = alpha if bounds is not None else alpha / sides
        margin = -stdtrit(np.clip(self.df, 1.0, 1e6), level) * self.se
        at = effect * self.share + moved + self.shift
        if bounds is not None:
            apart = (at - bounds.lower, bounds.upper - at)
            beyond = [ndtr((one - margin) / self.sd) for one in apart if isfinite(one[0])]
            chance = np.maximum(sum(beyond) - (len(beyond) - 1.0), 0.0)
        else:
            turned = (at, -at) if sides == 2 else (np.sign(effect) * at,)
            chance = sum(ndtr((one - margin) / self.sd) for one in turned)
        return float(np.mean(chance))


def most_trials(variances: int) -> int:
    """Return of how many trials variances are drawn in a few seconds, by how many there are."""
    return MOST_POINTS // int(GRID[variances] ** variances)


def with_draws(
    tests: Sequence[ExpectedTest],
    cells: Sequence[Cells],
    truths: Sequence[VarianceComponents],
    effects: tuple[str, ...],
    effect: float,
    test: str,
    df: Sequence[float] | None = None,
) -> list[ExpectedTest]:
    """Return the tests of some trials with draws of what their variances may be found to be.

    As they are where the analysis has another error, or people do not vary.

    Parameters
    ----------
    df : sequence of float, optional
        Where a test counts them by a rule.
    """
    if test not in TESTS or any(not one.residual > 0.0 for one in truths):
        return list(tests)
    count = min(DRAWS // len(cells), MOST_DRAWS)
    rng = np.random.Generator(np.random.Philox(key=[len(cells), int(cells[0].times.sum())]))
    found = []
    for k, (one, truth) in enumerate(zip(cells, truths, strict=True)):
        share, sd, left = _residuals(one, truth, effects, effect, count, rng)
        # Clusters of which cells are alike count by their sums and their sums of products.
        first = np.cumsum(one.times.astype(int)) - one.times.astype(int)
        products = np.add.reduceat(left[..., :, None] * left[..., None, :], first, axis=1)
        totals = np.add.reduceat(left, first, axis=1).reshape(count, -1)
        model, points = WorkingModel(one, effects), _grid(one, truth, effects)
        w = model.inverse(points)
        M, wz = model.bread(w)
        at_point = -np.linalg.slogdet(M)[1]
        at_point -= np.linalg.slogdet(w + model.hidden)[1] @ one.times
        size, p = len(w), wz.shape[-1]
        sums = w.reshape(size, -1) @ products.reshape(count, -1).T
        along = np.moveaxis(wz, -1, 1).reshape(size * p, -1) @ totals.T
        along = along.reshape(size, p, count)
        root = np.linalg.cholesky(M)
        sums -= ((np.swapaxes(root, -1, -2) @ along) ** 2).sum(axis=1)
        free = float(one.times @ one.seen.sum(axis=1) - p)
        for at, times in model.within:
            contrasts = round(float(times))
            if contrasts > 0:
                own = model.of_people(points, at)
                people = people_covariance(truth, one, at)
                squares = _wishart(people, contrasts, count, rng).reshape(count, -1)
                sums += np.linalg.inv(own).reshape(size, -1) @ squares.T
                at_point += contrasts * np.linalg.slogdet(own)[1]
                free += contrasts * len(at)
        best = (at_point[:, None] + free * np.log(sums)).argmin(axis=0)
        numbers = np.arange(count)
        residual = sums[best, numbers] / free
        used, which = np.unique(best, return_inverse=True)
        variance, own_df = _reckoned(one, effects, points[used], test)
        drawn = Drawn(
            share,
            sd,
            np.einsum("np,np->n", M[best, -1], along[best, :, numbers]),
            np.sqrt(variance[which] * residual),
            own_df[which] if df is None else np.full(count, df[k]),
        )
        found.append(replace(tests[k], drawn=drawn))
    return found


def _residuals(
    cells: Cells,
    truth: VarianceComponents,
    effects: tuple[str, ...],
    effect: float,
    count: int,
    rng: np.random.Generator,
) -> tuple[float, float, Matrix]:
    """Return the best estimate's expectation and standard deviation, and drawn residuals."""
    hidden = np.eye(cells.people.shape[-1]) * ~cells.seen[:, None, :]
    true = true_covariance(cells, truth)
    model = WorkingModel(cells, effects)
    M, WZ = model.bread(np.linalg.inv(true + hidden) * (1.0 - hidden))
    root = np.linalg.cholesky(true + hidden)
    each = np.repeat(np.arange(len(cells.times)), cells.times.astype(int))
    drawn = rng.standard_normal((count, len(each), cells.people.shape[1]))
    means = (root[each] @ drawn[..., None])[..., 0] + effect * cells.means[each]
    means = np.where(cells.seen[each], means, 0.0)
    best = np.tensordot(means, WZ[each], 2) @ M
    along = np.einsum("i,ijp,ij->p", cells.times, WZ, cells.means)
    fitted = np.moveaxis(cells.columns[each] @ best.T, -1, 0)
    return float(M[-1] @ along), sqrt(float(M[-1, -1])), means - fitted


def _wishart(covariance: Matrix, df: int, count: int, rng: np.random.Generator) -> Matrix:
    """Return sums of squares and products of normal vectors, by Bartlett's decomposition."""
    m = len(covariance)
    if df < m:
        drawn = rng.standard_normal((count, m, df))
    else:
        drawn = np.tril(rng.standard_normal((count, m, m)), -1)
        at = np.arange(m)
        drawn[:, at, at] = np.sqrt(rng.chisquare(df - at, (count, m)))
    turned = np.linalg.cholesky(covariance) @ drawn
    return np.asarray(turned @ np.swapaxes(turned, -1, -2))


def _reckoned(
    cells: Cells, effects: tuple[str, ...], variances: Matrix, test: str
) -> tuple[Matrix, Matrix]:
    """Return squared standard errors and degrees of freedom at some variances."""
    told = WorkingModel(cells, effects).told(variances)
    errors = covariance_of(told.information)
    variance, df = told.variance, _df(told, errors)
    if test == "kenward-roger":
        variance = variance + 2.0 * (errors * told.bends).sum(axis=(-1, -2))
    if test == "satterthwaite":
        # It leaves variances at zero out.
        patterns, which = np.unique(variances > 0.0, axis=0, return_inverse=True)
        for number, kept in enumerate(patterns):
            own = which.reshape(-1) == number
            part = Told(
                told.information[own][:, kept][:, :, kept],
                told.slope[own][:, kept],
                told.variance[own],
                told.bends[own],
            )
            df[own] = _df(part, covariance_of(part.information))
    return variance, df


def _df(told: Told, errors: Matrix) -> Matrix:
    spread = np.einsum("...i,...ij,...j->...", told.slope, errors, told.slope)
    return np.asarray(2.0 * told.variance**2 / np.maximum(spread, 1e-300))


def _grid(cells: Cells, truth: VarianceComponents, effects: tuple[str, ...]) -> Matrix:
    """Return variances in units of the residual's, (points, K + 1), closest near zero."""
    unit = np.linspace(0.0, 1.0, GRID[len(effects)]) ** 2
    units = np.stack(np.meshgrid(*[unit] * len(effects), indexing="ij"), axis=-1)
    # As far as estimates from few clusters may go.
    spread = np.einsum("ijj->ij", true_covariance(cells, truth))[cells.seen].mean()
    own = named_variances(truth)
    largest = [
        2.0 * own[name] + 0.5 * truth.residual
        if name == "person"
        else 3.0 * own[name] + 2.5 * spread
        for name in effects
    ]
    ratios = units.reshape(-1, len(effects)) * np.array(largest) / truth.residual
    return np.column_stack([np.ones(len(ratios)), ratios])
