"""What a pre-declared mixed-model test can be expected to do, for any design over cluster-periods.

The true covariance and the true means may have more in them than the analysis has: decay, effects
that differ between clusters or build up, a component that is left out. The analysis then estimates
the variances that are closest by restricted likelihood, its estimate has an expectation and a
spread of its own, and its standard error is not the true one. All of these follow from the cells'
sizes and the two covariances, without a simulation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import erfc, exp, inf, pi, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.designs.correlation import VarianceComponents

Matrix = NDArray[np.float64]

EFFECTS = ("cluster", "cluster-period", "person", "treatment")
# Share of information that is rounding.
NOTHING_TOLD = 1e-9


@dataclass(frozen=True)
class ExpectedTest:
    """What a test can be expected to do.

    Attributes
    ----------
    se : float
        True standard error of the estimate, the variances taken as known.
    model_se : float
        Standard error that the test reckons with (root of its mean square).
    df : float
        Degrees of freedom of the test.
    spread_df : float
        Those with which its standard error is in truth estimated.
    share : float
        Expected estimate for a true average effect of one.
    floor : float
        Lowest standard error that the test can reckon with, as a share of `model_se`: that of a
        variance between clusters estimated at zero.
    floor_df, floor_se : float
        Degrees of freedom of the test, and true standard error of the estimate, there.
    near_df : float or None
        Degrees of freedom of the test as that variance comes near zero, where they jump there.
    pooled_df : float
        Degrees of freedom within clusters, which are pooled with those between them there.
    cost : float
        What the estimation of the variances adds to the variance of the estimate.
    arms : tuple of ExpectedTest
        Tests of the two arms' means, where each arm has variances of its own.
    """

    se: float
    model_se: float
    df: float
    spread_df: float
    share: float = 1.0
    floor: float = 0.0
    floor_df: float = inf
    floor_se: float = 0.0
    pooled_df: float = inf
    cost: float = 0.0
    near_df: float | None = None
    arms: tuple[ExpectedTest, ...] = ()

    @property
    def spread(self) -> float:
        """True standard error of the estimate, the variances estimated."""
        return sqrt(self.se**2 + self.cost)


@dataclass(frozen=True)
class Cells:
    """The fixed part and the sizes of a trial's cluster-periods.

    Attributes
    ----------
    people : (I, J) array
        0 where nothing is measured.
    treated : (I, J) array
        Treatment; what stands where nothing is measured does not count.
    columns : (I, J, p) array
        Fixed part, the treatment last; 0 where nothing is measured.
    means : (I, J) array
        True means for an average effect of one.
    times : (I,) array
        How many clusters are like each of these.
    stay : float
        Correlation of a person's lasting effect in neighbouring periods; see `VarianceComponents`.
    """

    people: Matrix
    treated: Matrix
    columns: Matrix
    means: Matrix
    times: Matrix
    stay: float = 1.0

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which cells are measured."""
        return np.asarray(self.people > 0.0)

    @property
    def beyond_columns(self) -> bool:
        """Whether true means have something that the fixed part cannot have."""
        columns, means = self.columns[self.seen], self.means[self.seen]
        fitted = columns @ np.linalg.lstsq(columns, means, rcond=None)[0]
        return bool(np.abs(means - fitted).max() > NOTHING_TOLD * max(np.abs(means).max(), 1.0))


def trial_cells(
    schedule: Matrix,
    people: Matrix,
    strata: NDArray[np.intp] | None = None,
    stay: float = 1.0,
    shares: Matrix | None = None,
    by_exposure: Matrix | None = None,
) -> Cells:
    """Return the cells of a trial with an effect for each period and for each stratum of clusters.

    Parameters
    ----------
    schedule : (I, J) array
        Treatment, NaN where nothing is measured.
    people : (I, J) array
    strata : (I,) array of int, optional
    stay : float
        See `Cells`.
    shares : (I, J) array, optional
        True means for an average effect of one, where they are not the treatment.
    by_exposure : (I, J, E) array, optional
        Columns of effects by exposure instead of the treatment's, the tested one first.
    """
    people = np.where(np.isnan(schedule), 0.0, people)
    treated = np.where(people > 0.0, np.nan_to_num(schedule), 0.0)
    block = np.zeros(len(people)) if strata is None else np.asarray(strata, float)
    means = treated if shares is None else np.where(people > 0.0, shares, 0.0)
    effects = treated[..., None] if by_exposure is None else by_exposure[..., ::-1]
    effects = np.where((people > 0.0)[..., None], effects, 0.0)
    alike = np.column_stack([block, people, means, effects.reshape(len(people), -1)])
    alike, first, times = np.unique(alike, axis=0, return_index=True, return_counts=True)
    people, treated, block, means = people[first], treated[first], block[first], means[first]
    effects = effects[first]
    seen = people > 0.0
    periods = np.flatnonzero(seen.any(axis=0))
    parts = [np.where(seen & (np.arange(seen.shape[1]) == one), 1.0, 0.0) for one in periods]
    parts += [np.where(seen & (block == one)[:, None], 1.0, 0.0) for one in np.unique(block)[1:]]
    parts += list(np.moveaxis(effects, -1, 0))
    return Cells(people, treated, np.stack(parts, axis=-1), means, times.astype(float), stay)


def kernels(cells: Cells, effects: tuple[str, ...]) -> Matrix:
    """Return the covariance of cell means at variance one: the residual's, then each effect's.

    Returns
    -------
    (K + 1, I, J, J) array
    """
    n = np.where(cells.seen, cells.people, 1.0)
    both = cells.seen[:, :, None] & cells.seen[:, None, :]
    same = np.eye(n.shape[1])
    t = cells.treated
    of = {
        "cluster": np.ones_like(same)[None],
        "cluster-period": same[None],
        "person": _stays(cells) / np.maximum(n[:, :, None], n[:, None, :]),
        "treatment": t[:, :, None] * t[:, None, :],
    }
    found = [same / n[:, :, None], *(of[one] for one in effects)]
    return np.stack([np.where(both, one, 0.0) for one in found])


def _stays(cells: Cells) -> Matrix:
    periods = np.arange(cells.people.shape[1])
    return np.asarray(cells.stay ** np.abs(np.subtract.outer(periods, periods)).astype(float))


class Told(NamedTuple):
    """What a design tells of the variances, and what they do to the variance of the effect.

    Attributes
    ----------
    information : (K + 1, K + 1) array
        Expected, of restricted likelihood.
    slope : (K + 1,) array
        Derivatives of the variance of the effect.
    variance : float
        That variance, the variances taken as known.
    bends : (K + 1, K + 1) array
        What the errors of two estimated variances, of covariance one, add to it.
    """

    information: Matrix
    slope: Matrix
    variance: float
    bends: Matrix


class WorkingModel:
    """An analysis with its random effects, on the cells of a trial.

    Parameters
    ----------
    effects : tuple of str
        Of `EFFECTS`.
    """

    def __init__(self, cells: Cells, effects: tuple[str, ...]) -> None:
        self.cells, self.effects = cells, effects
        self.kernels = kernels(cells, effects)
        self.hidden = np.eye(cells.people.shape[1]) * ~cells.seen[:, None, :]
        counts = cells.seen.sum(axis=1)
        contrasts = np.where(counts > 0, cells.people.sum(axis=1) / np.maximum(counts, 1), 0.0)
        contrasts = np.maximum(contrasts - 1.0, 0.0) * cells.times
        patterns, which = np.unique(cells.seen, axis=0, return_inverse=True)
        # What varies within cells: people's contrasts, in clusters that are measured alike.
        self.within = [
            (np.flatnonzero(one), float(contrasts[which.reshape(-1) == number].sum()))
            for number, one in enumerate(patterns)
            if one.any()
        ]

    @property
    def within_df(self) -> float:
        """Degrees of freedom within cells."""
        return sum(len(at) * times for at, times in self.within)

    def variances(self, truth: VarianceComponents) -> Matrix:
        """Return the true variances of the residual and of the analysis's effects."""
        named = named_variances(truth)
        return np.array([truth.residual, *(named[one] for one in self.effects)])

    def inverse(self, variances: Matrix) -> Matrix:
        """Return the inverse covariances of the clusters' cell means; see `kernels`."""
        try:
            V = np.tensordot(variances, self.kernels, axes=1) + self.hidden
            return np.asarray(np.linalg.inv(V) * (1.0 - self.hidden))
        except np.linalg.LinAlgError:
            raise InputError("variances: with these, a cluster's means do not vary") from None

    def of_people(self, variances: Matrix, at: NDArray[np.intp]) -> Matrix:
        """Return the covariance of one person's contrasts over the periods `at`."""
        found = variances[0] * np.eye(len(at))
        if "person" in self.effects:
            found += (
                variances[1 + self.effects.index("person")] * _stays(self.cells)[np.ix_(at, at)]
            )
        return found

    def bread(self, W: Matrix) -> tuple[Matrix, Matrix]:
        """Return the covariance of the coefficients, and W times the columns."""
        WZ = W @ self.cells.columns
        information = np.einsum("i,ijp,ijq->pq", self.cells.times, self.cells.columns, WZ)
        unit = np.sqrt(np.diag(information))
        if not (unit > 0.0).all():
            raise InputError("schedule: no measured cell has the intervention")
        scaled = information / np.outer(unit, unit)
        if np.linalg.eigvalsh(scaled)[0] < 1e-11:
            raise InputError(
                "schedule: in every period all clusters have the same treatment, so the effect "
                "cannot be told from the periods"
            )
        return np.linalg.inv(scaled) / np.outer(unit, unit), WZ

    def sandwich(self, WZ: Matrix, middle: Matrix) -> Matrix:
        """Return the sum over clusters of (W Z)' middle (W Z)."""
        return np.asarray(np.einsum("i,ijp,ijq->pq", self.cells.times, WZ, middle @ WZ))

    def criterion(
        self, variances: Matrix, true: Matrix, people: list[Matrix], mean: Matrix
    ) -> float:
        """Return the expectation of -2 log restricted likelihood.

        Parameters
        ----------
        variances : (K + 1,) array
        true : (I, J, J) array
            True covariance of cell means.
        people : list of array
            True covariance of people's contrasts, for each part of `within`.
        mean : (I, J) array
            True means that the fixed part need not have.
        """
        W, times = self.inverse(variances), self.cells.times
        M, WZ = self.bread(W)
        found = -float(np.linalg.slogdet(W + self.hidden)[1] @ times)
        found -= float(np.linalg.slogdet(M)[1])
        found += float(times @ (W * true).sum(axis=(1, 2)))
        found -= float(np.trace(M @ self.sandwich(WZ, true)))
        along = np.einsum("i,ijp,ij->p", times, WZ, mean)
        found += float(np.einsum("i,ij,ijk,ik->", times, mean, W, mean) - along @ M @ along)
        for (at, count), C in zip(self.within, people, strict=True):
            if count > 0.0:
                own = self.of_people(variances, at)
                found += count * float(np.linalg.slogdet(own)[1])
                found += count * float(np.trace(np.linalg.solve(own, C)))
        return found

    def told(self, variances: Matrix) -> Told:
        """Return what the design tells of the variances, and what they do to the effect's."""
        W = self.inverse(variances)
        M, WZ = self.bread(W)
        G = self.kernels
        count = len(G)
        times = self.cells.times
        first = np.stack([self.sandwich(WZ, one) for one in G])
        WG = [W @ one for one in G]
        GWZ = [one @ WZ for one in G]
        found = np.zeros((count, count))
        bends = np.zeros((count, count))
        for i in range(count):
            for j in range(i, count):
                second = np.einsum("i,ijp,ijq->pq", times, GWZ[i], W @ GWZ[j])
                pairs = float(times @ (WG[i] * WG[j].transpose(0, 2, 1)).sum(axis=(1, 2)))
                found[i, j] = found[j, i] = 0.5 * (
                    pairs - 2.0 * np.trace(M @ second) + np.trace(M @ first[i] @ M @ first[j])
                )
                bends[i, j] = bends[j, i] = float(
                    M[-1] @ (second - first[i] @ M @ first[j]) @ M[-1]
                )
        found += self._information_within(variances)
        slope = np.array([(M @ one @ M)[-1, -1] for one in first])
        return Told(found, slope, float(M[-1, -1]), bends)

    def _information_within(self, variances: Matrix) -> Matrix:
        found = np.zeros((len(self.kernels),) * 2)
        for at, times in self.within:
            inverse = np.linalg.inv(self.of_people(variances, at))
            parts = {0: inverse}
            if "person" in self.effects:
                k = 1 + self.effects.index("person")
                parts[k] = inverse @ _stays(self.cells)[np.ix_(at, at)]
            for i, one in parts.items():
                for j, other in parts.items():
                    found[i, j] += 0.5 * times * float(np.trace(one @ other))
        return found

    def df(self, variances: Matrix, without: int | None = None) -> float:
        """Return Satterthwaite's degrees of freedom of the effect; 0 where nothing is told.

        Twice the square of the effect's variance over the variance of its estimate, the latter from
        the expected information on the variances, all of them or all but one.
        """
        told = self.told(variances)
        keep = np.arange(len(told.slope)) != (-1 if without is None else without)
        spread = _spread(told.information[np.ix_(keep, keep)], told.slope[keep])
        return 2.0 * told.variance**2 / spread if spread > 0.0 else 0.0

    def closest(self, true: Matrix, people: list[Matrix], mean: Matrix, start: Matrix) -> Matrix:
        """Return the variances that the analysis can be expected to find."""
        from scipy.optimize import minimize

        spread = np.einsum("ijj->ij", true)[self.cells.seen]
        unit = float(start[0] + np.mean(spread))
        lowest = np.full(len(start), 0.0)
        lowest[0] = 1e-6

        def value(x: Matrix) -> float:
            return self.criterion(np.maximum(x, lowest) * unit, true, people, mean)

        begin = np.append(
            start[0] / unit, np.full(len(start) - 1, float(np.mean(spread)) / unit / 2)
        )
        begin = np.maximum(begin, 0.01)
        found = minimize(
            value,
            begin,
            method="L-BFGS-B",
            bounds=[(low, None) for low in lowest],
            options={"ftol": 1e-13, "gtol": 1e-7},
        )
        x = np.maximum(found.x, lowest)
        x[1:][x[1:] < 1e-7] = 0.0
        return np.asarray(x * unit)


def _covariance(information: Matrix) -> Matrix:
    """Return the covariance of estimated variances; 0 for those of which nothing is told."""
    unit = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(unit, unit)
    return np.asarray(
        np.linalg.pinv(scaled, rcond=NOTHING_TOLD, hermitian=True) / np.outer(unit, unit)
    )


def _lifted(variance: float, error: float) -> float:
    """Return by how much a normal estimate is too high on average when it stops at zero."""
    if not error > 0.0:
        return 0.0
    z = variance / error
    return error * float(exp(-0.5 * z * z) / sqrt(2.0 * pi) - z * 0.5 * erfc(z / sqrt(2.0)))


def _spread(information: Matrix, slope: Matrix) -> float:
    """Return the variance of the effect's estimated variance; infinity where nothing is told."""
    unit = np.sqrt(np.maximum(np.diag(information), 0.0))
    told = unit > 0.0
    if (np.abs(slope[~told]) > 0.0).any():
        return inf
    slope, unit = slope[told] / unit[told], unit[told]
    # Variances that a design cannot tell apart leave the effect's own variance known all the same.
    scaled = information[np.ix_(told, told)] / np.outer(unit, unit)
    values, vectors = np.linalg.eigh(scaled)
    along = vectors.T @ slope
    lost = values <= NOTHING_TOLD * values.max()
    if (along[lost] ** 2 > NOTHING_TOLD * float(slope @ slope)).any():
        return inf
    return float((along[~lost] ** 2 / values[~lost]).sum())


def named_variances(truth: VarianceComponents) -> dict[str, float]:
    """Return the variance of every effect of `EFFECTS`."""
    own = truth.cluster, truth.cluster_period, truth.individual, truth.treatment
    return dict(zip(EFFECTS, own, strict=True))


def true_covariance(cells: Cells, truth: VarianceComponents) -> Matrix:
    """Return the true covariance of every cluster's cell means; 0 where nothing is measured."""
    n = np.where(cells.seen, cells.people, 1.0)
    both = cells.seen[:, :, None] & cells.seen[:, None, :]
    found = np.stack([truth.cell_covariance(t, m) for t, m in zip(cells.treated, n, strict=True)])
    return np.where(both, found, 0.0)


def expected_test(
    cells: Cells,
    truth: VarianceComponents,
    effects: tuple[str, ...],
    effect: float = 1.0,
    test: str = "kenward-roger",
    df: float | None = None,
    adapted: Callable[[ExpectedTest, Cells, Matrix], ExpectedTest] | None = None,
) -> ExpectedTest:
    """Return what a mixed-model test can be expected to do.

    Parameters
    ----------
    truth : VarianceComponents
        True variances.
    effects : tuple of str
        Random effects of the analysis.
    effect : float
        True average effect, which counts where it builds up: what the fixed part does not have of
        it is taken for variance.
    test : str
        A ``"satterthwaite"`` test leaves a variance at zero out of its degrees of freedom, others
        do not.
    df : float, optional
        Degrees of freedom that the test takes by a rule of its own.
    adapted : callable, optional
        What another test makes of this one, the cells and the analysis's covariance of their means.

    Raises
    ------
    InputError
        If the schedule cannot separate the treatment from the periods.
    """
    from scipy.special import chdtr

    model = WorkingModel(cells, effects)
    named, variances = named_variances(truth), model.variances(truth)
    true = true_covariance(cells, truth)
    builds_up = cells.beyond_columns
    known = not any(value > 0.0 for name, value in named.items() if name not in effects)
    known &= truth.cluster_decay == 1.0 or truth.cluster == 0.0
    known &= truth.treatment_correlation * truth.cluster * truth.treatment == 0.0
    if not known or builds_up:
        stays = _stays(cells)
        people = [
            truth.residual * np.eye(len(at)) + truth.individual * stays[np.ix_(at, at)]
            for at, _ in model.within
        ]
        variances = model.closest(true, people, effect * cells.means, variances)
    W = model.inverse(variances)
    M, WZ = model.bread(W)
    share = float(M[-1] @ np.einsum("i,ijp,ij->p", cells.times, WZ, cells.means))
    told = model.told(variances)
    own_df = 2.0 * told.variance**2 / _spread(told.information, told.slope)
    covariance = _covariance(told.information)
    # Weights that are estimated cost precision, which Kenward and Roger's standard error counts
    # and the plain one does not (Kackar and Harville 1984).
    cost = float((covariance * told.bends).sum())
    lowest, floor, floor_df, floor_se = variances.copy(), 0.0, inf, 0.0
    near_df: float | None = None
    counted = 0.0 if test in ("satterthwaite", "between-within") else 1.0
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    driving = 1 + int(np.argmax((told.slope * errors)[1:] ** 2))
    lowest[driving] = 0.0
    try:
        bottom = min(model.told(lowest).variance / told.variance, 1.0)
        M_low, WZ_low = model.bread(model.inverse(lowest))
        floor_se = sqrt(float(M_low[-1] @ model.sandwich(WZ_low, true) @ M_low[-1]))
        floor_df = model.df(lowest, driving if test == "satterthwaite" else None)
        near_df = max(model.df(lowest), 1.0) if test == "satterthwaite" else None
    except InputError:
        bottom = 0.0
    # A variance that stays at zero has no error.
    cost *= 1.0 - float(chdtr(own_df, own_df * bottom))
    more = counted * cost + sum(
        told.slope[k] * _lifted(variances[k], errors[k])
        for k in range(1, len(variances))
        if k != driving
    )
    model_variance = max(told.variance + more, 1e-3 * told.variance)
    model_se = sqrt(model_variance)
    se = sqrt(float(M[-1] @ model.sandwich(WZ, true) @ M[-1]))
    spread_df = own_df
    if truth.treatment > 0.0 and "treatment" not in effects:
        spread_df *= _steadiness(model, W, true, told.slope, variances)
    if bottom > 0.0:
        floor = sqrt(min((bottom * told.variance + more) / model_variance, 1.0))
    found = ExpectedTest(
        se,
        model_se,
        own_df if df is None else df,
        spread_df,
        share,
        floor,
        max(floor_df, 1.0) if df is None else df,
        floor_se,
        model.within_df,
        cost,
        near_df,
    )
    if adapted is None:
        return found
    return adapted(found, cells, np.tensordot(variances, model.kernels, axes=1))


def _steadiness(
    model: WorkingModel, W: Matrix, true: Matrix, slope: Matrix, variances: Matrix
) -> float:
    """Return the true degrees of freedom of an estimated variance as a share of the supposed.

    The spread of the score of the variances under the true and under the model's covariance, from
    clusters one by one.
    """
    own = np.tensordot(variances, model.kernels, axes=1)
    within = model._information_within(variances)
    count, times = len(model.kernels), model.cells.times
    spreads = []
    for middle in (own, true):
        turned = [W @ one @ W @ middle for one in model.kernels]
        spreads.append(
            np.array(
                [
                    [
                        0.5 * float(times @ (turned[i] * turned[j].transpose(0, 2, 1)).sum((1, 2)))
                        for j in range(count)
                    ]
                    for i in range(count)
                ]
            )
            + within
        )
    inverse = np.linalg.pinv(spreads[0], hermitian=True)
    along = inverse @ slope
    return float(along @ spreads[0] @ along) / float(along @ spreads[1] @ along)
