"""What a pre-declared mixed-model test can be expected to do, for any design over cluster-periods.

The true covariance and the true means may have more in them than the analysis has: decay, effects
that differ between clusters or build up, a component that is left out. The analysis then estimates
the variances that are closest by restricted likelihood, its estimate has an expectation and a
spread of its own, and its standard error is not the true one. All of these follow from the cells'
sizes and the two covariances, without a simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import erfc, exp, inf, isnan, pi, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.designs.correlation import VarianceComponents

if TYPE_CHECKING:
    from sim.trials.power.drawn_variances import Drawn

Matrix = NDArray[np.float64]

# What another test makes of one, the cells and the analysis's covariance of their means.
Adapted = Callable[["ExpectedTest", "Cells", Matrix], "ExpectedTest"]

EFFECTS = ("cluster", "cluster-period", "person", "treatment")
# Share of information that is rounding.
NOTHING_TOLD = 1e-9


@dataclass(frozen=True)
class ExpectedTest:
    """What a test can be expected to do."""

    se: float  # True standard error of the estimate, the variances taken as known
    model_se: float  # Standard error that the test reckons with (root of its mean square)
    df: float  # Degrees of freedom of the test
    spread_df: float  # Those with which its standard error is in truth estimated
    share: float = 1.0  # Expected estimate for a true average effect of one
    # Lowest standard error that the test can reckon with, as a share of `model_se`: that of a
    # variance between clusters estimated at zero.
    floor: float = 0.0
    # Degrees of freedom of the test, and true standard error of the estimate, there.
    floor_df: float = inf
    floor_se: float = 0.0
    # Degrees of freedom within clusters, which are pooled with those between them there.
    pooled_df: float = inf
    cost: float = 0.0  # What the estimation of the variances adds to the variance of the estimate
    # Degrees of freedom of the test as the variance between clusters comes near zero, where they
    # jump there.
    near_df: float | None = None
    # Tests of the two arms' means, where each arm has variances of its own.
    arms: tuple[ExpectedTest, ...] = ()
    # Draws of what its trial may tell of the variances, which power is then averaged over.
    drawn: Drawn | None = field(default=None, repr=False, compare=False)

    @property
    def spread(self) -> float:
        """True standard error of the estimate, the variances estimated."""
        return sqrt(self.se**2 + self.cost)

    @property
    def reckoned_se(self) -> float:
        """Standard error that the test reckons with; of draws where there are any."""
        return self.model_se if self.drawn is None else sqrt(float((self.drawn.se**2).mean()))


@dataclass(frozen=True)
class Cells:
    """The fixed part and the sizes of a trial's cluster-periods.

    Those of several trials stand in one with `stacked`; all arrays then have a first axis more.
    """

    people: Matrix  # (I, J) array: 0 where nothing is measured
    treated: Matrix  # (I, J) array: Treatment; what stands where nothing is measured does not count
    columns: Matrix  # (I, J, p) array: Fixed part, the treatment last; 0 where nothing is measured
    means: Matrix  # (I, J) array: True means for an average effect of one
    times: Matrix  # (I,) array: How many clusters are like each of these
    # Correlation of a person's lasting effect in neighbouring periods; see `VarianceComponents`.
    stay: float = 1.0

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Which cells are measured."""
        return np.asarray(self.people > 0.0)

    @property
    def beyond_columns(self) -> bool:
        """Whether true means have something that the fixed part cannot have."""
        columns, means = self.columns[self.seen], self.means[self.seen]
        if (means == columns[:, -1]).all():
            return False
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


def stacked(cells: Sequence[Cells]) -> Cells:
    """Return the cells of trials that have the same periods and columns, as those of one.

    Clusters that a trial has fewer than another are there with no cell measured, no times.
    """
    return Cells(
        people=_padded([one.people for one in cells]),
        treated=_padded([one.treated for one in cells]),
        columns=_padded([one.columns for one in cells]),
        means=_padded([one.means for one in cells]),
        times=_padded([one.times for one in cells]),
        stay=cells[0].stay,
    )


def _padded(arrays: Sequence[Matrix]) -> Matrix:
    found = np.zeros((len(arrays), max(map(len, arrays)), *arrays[0].shape[1:]))
    for row, one in zip(found, arrays, strict=True):
        row[: len(one)] = one
    return found


def kernels(cells: Cells, effects: tuple[str, ...]) -> Matrix:
    """Return the covariance of cell means at variance one: the residual's, then each effect's.

    Returns
    -------
    (K + 1, I, J, J) array
    """
    n = np.where(cells.seen, cells.people, 1.0)
    both = cells.seen[..., :, None] & cells.seen[..., None, :]
    same = np.eye(n.shape[-1])
    t = cells.treated
    of = {
        "cluster": np.ones_like(same),
        "cluster-period": same,
        "person": _stays(cells) / np.maximum(n[..., :, None], n[..., None, :]),
        "treatment": t[..., :, None] * t[..., None, :],
    }
    found = [same / n[..., :, None], *(of[one] for one in effects)]
    return np.stack([np.where(both, one, 0.0) for one in found])


def _stays(cells: Cells) -> Matrix:
    periods = np.arange(cells.people.shape[-1])
    return np.asarray(cells.stay ** np.abs(np.subtract.outer(periods, periods)).astype(float))


class Told(NamedTuple):
    """What a design tells of the variances, and what they do to the variance of the effect."""

    information: Matrix  # (K + 1, K + 1) array: Expected, of restricted likelihood
    slope: Matrix  # (K + 1,) array: Derivatives of the variance of the effect
    variance: Matrix  # () array: That variance, the variances taken as known
    # (K + 1, K + 1) array: What the errors of two estimated variances, of covariance one,
    # add to that of the effect.
    bends: Matrix


class WorkingModel:
    """An analysis with its random effects, on the cells of a trial, or of trials that are stacked.

    What it takes and returns for one trial has a first axis more for several, and kernels a second.

    Parameters
    ----------
    effects : tuple of str
        Of `EFFECTS`.
    """

    def __init__(self, cells: Cells, effects: tuple[str, ...]) -> None:
        self.cells, self.effects = cells, effects
        self.kernels = kernels(cells, effects)
        self.hidden = np.eye(cells.people.shape[-1]) * ~cells.seen[..., None, :]
        counts = cells.seen.sum(axis=-1)
        contrasts = np.where(counts > 0, cells.people.sum(axis=-1) / np.maximum(counts, 1), 0.0)
        contrasts = np.maximum(contrasts - 1.0, 0.0) * cells.times
        rows = cells.seen.reshape(-1, cells.seen.shape[-1])
        patterns, which = np.unique(rows, axis=0, return_inverse=True)
        which = which.reshape(counts.shape)
        # What varies within cells: people's contrasts, in clusters that are measured alike.
        self.within = [
            (np.flatnonzero(one), np.where(which == number, contrasts, 0.0).sum(axis=-1))
            for number, one in enumerate(patterns)
            if one.any()
        ]

    @property
    def within_df(self) -> Matrix:
        """Degrees of freedom within cells."""
        return np.asarray(sum(len(at) * times for at, times in self.within))

    def variances(self, truth: VarianceComponents) -> Matrix:
        """Return the true variances of the residual and of the analysis's effects."""
        return _variances(truth, self.effects)

    def covariance(self, variances: Matrix) -> Matrix:
        """Return the covariances of the clusters' cell means; see `kernels`."""
        return np.asarray(np.einsum("...k,k...ijl->...ijl", variances, self.kernels))

    def inverse(self, variances: Matrix) -> Matrix:
        """Return the inverse covariances of the clusters' cell means; see `kernels`."""
        try:
            V = self.covariance(variances) + self.hidden
            return np.asarray(np.linalg.inv(V) * (1.0 - self.hidden))
        except np.linalg.LinAlgError:
            raise InputError("variances: with these, a cluster's means do not vary") from None

    def of_people(self, variances: Matrix, at: NDArray[np.intp]) -> Matrix:
        """Return the covariance of one person's contrasts over the periods `at`."""
        each = variances[..., None, None]
        found = each[..., 0, :, :] * np.eye(len(at))
        if "person" in self.effects:
            own = each[..., 1 + self.effects.index("person"), :, :]
            found = found + own * _stays(self.cells)[np.ix_(at, at)]
        return np.asarray(found)

    def bread(self, W: Matrix) -> tuple[Matrix, Matrix]:
        """Return the covariance of the coefficients, and W times the columns."""
        WZ = W @ self.cells.columns
        information = self._summed(self.cells.columns, WZ)
        unit = np.sqrt(np.diagonal(information, axis1=-2, axis2=-1))
        if not (unit > 0.0).all():
            raise InputError("schedule: no measured cell has the intervention")
        units = unit[..., :, None] * unit[..., None, :]
        scaled = information / units
        if np.linalg.eigvalsh(scaled).min() < 1e-11:
            raise InputError(
                "schedule: in every period all clusters have the same treatment, so the effect "
                "cannot be told from the periods"
            )
        return np.linalg.inv(scaled) / units, WZ

    def sandwich(self, WZ: Matrix, middle: Matrix) -> Matrix:
        """Return the sum over clusters of (W Z)' middle (W Z)."""
        return self._summed(WZ, middle @ WZ)

    def _summed(self, left: Matrix, right: Matrix) -> Matrix:
        """Return the sum over clusters of left' right."""
        return np.asarray(np.einsum("...i,...ijp,...ijq->...pq", self.cells.times, left, right))

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
        first = [self.sandwich(WZ, one) for one in G]
        WG = [W @ one for one in G]
        GWZ = [one @ WZ for one in G]
        found = self.information_within(variances)
        bends = np.zeros_like(found)
        for i in range(count):
            for j in range(i, count):
                second = self._summed(GWZ[i], W @ GWZ[j])
                both = first[i] @ M @ first[j]
                pairs = np.einsum("...i,...ijk,...ikj->...", times, WG[i], WG[j])
                told = 0.5 * (pairs - np.einsum("...pq,...qp->...", M, 2.0 * second - both))
                found[..., i, j] += told
                if i < j:
                    found[..., j, i] += told
                bends[..., i, j] = bends[..., j, i] = (M @ (second - both) @ M)[..., -1, -1]
        slope = np.stack([(M @ one @ M)[..., -1, -1] for one in first], axis=-1)
        return Told(found, slope, M[..., -1, -1], bends)

    def information_within(self, variances: Matrix) -> Matrix:
        """Return what people's contrasts tell of the variances."""
        found = np.zeros((*variances.shape, variances.shape[-1]))
        for at, times in self.within:
            inverse = np.linalg.inv(self.of_people(variances, at))
            parts = {0: inverse}
            if "person" in self.effects:
                k = 1 + self.effects.index("person")
                parts[k] = inverse @ _stays(self.cells)[np.ix_(at, at)]
            for i, one in parts.items():
                for j, other in parts.items():
                    found[..., i, j] += 0.5 * times * np.einsum("...pq,...qp->...", one, other)
        return found

    def df(self, variances: Matrix) -> float:
        """Return Satterthwaite's degrees of freedom of the effect; see `_df`."""
        return _df(self.told(variances))

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


def _df(told: Told, without: int | None = None) -> float:
    """Return Satterthwaite's degrees of freedom of the effect; 0 where nothing is told.

    Twice the square of the effect's variance over the variance of its estimate, the latter from the
    expected information on the variances, all of them or all but one.
    """
    keep = np.arange(len(told.slope)) != (-1 if without is None else without)
    spread = _spread(told.information[np.ix_(keep, keep)], told.slope[keep])
    return 2.0 * float(told.variance) ** 2 / spread if spread > 0.0 else 0.0


def covariance_of(information: Matrix) -> Matrix:
    """Return the covariance of estimated variances; 0 for those of which nothing is told."""
    unit = np.sqrt(np.maximum(np.diagonal(information, axis1=-2, axis2=-1), 1e-300))
    units = unit[..., :, None] * unit[..., None, :]
    return np.asarray(np.linalg.pinv(information / units, NOTHING_TOLD, hermitian=True) / units)


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


def _variances(truth: VarianceComponents, effects: tuple[str, ...]) -> Matrix:
    named = named_variances(truth)
    return np.array([truth.residual, *(named[one] for one in effects)])


def true_covariance(cells: Cells, truth: VarianceComponents) -> Matrix:
    """Return the true covariance of every cluster's cell means; 0 where nothing is measured."""
    n = np.where(cells.seen, cells.people, 1.0)
    both = cells.seen[..., :, None] & cells.seen[..., None, :]
    return np.where(both, truth.cell_covariance(cells.treated, n), 0.0)


def people_covariance(truth: VarianceComponents, cells: Cells, at: NDArray[np.intp]) -> Matrix:
    """Return the true covariance of one person's contrasts over the periods `at`."""
    own = truth.residual * np.eye(len(at))
    return np.asarray(own + truth.individual * _stays(cells)[np.ix_(at, at)])


def expected_test(
    cells: Cells,
    truth: VarianceComponents,
    effects: tuple[str, ...],
    effect: float = 1.0,
    test: str = "kenward-roger",
    df: float | None = None,
    adapted: Adapted | None = None,
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
    return expected_tests([cells], [truth], effects, effect, test, df, adapted)[0]


def expected_tests(
    cells: Sequence[Cells],
    truths: Sequence[VarianceComponents],
    effects: tuple[str, ...],
    effect: float = 1.0,
    test: str = "kenward-roger",
    df: float | Sequence[float] | None = None,
    adapted: Adapted | None = None,
) -> list[ExpectedTest]:
    """Return what the test of each of several trials can be expected to do; see above.

    Trials of the same periods, which are worked out together where none of them makes trouble.
    """
    by_rule = np.broadcast_to(np.nan if df is None else df, len(cells)).tolist()
    if len({one.columns.shape[-1] for one in cells}) == 1:
        try:
            return _expected(cells, truths, effects, effect, test, by_rule, adapted)
        except InputError:
            if len(cells) == 1:
                raise
    return [
        _expected([one], [truth], effects, effect, test, [own], adapted)[0]
        for one, truth, own in zip(cells, truths, by_rule, strict=True)
    ]


def _expected(
    cells: Sequence[Cells],
    truths: Sequence[VarianceComponents],
    effects: tuple[str, ...],
    effect: float,
    test: str,
    df: Sequence[float],
    adapted: Adapted | None,
) -> list[ExpectedTest]:
    """Return the same of trials with the same columns; `df` is NaN where there is no rule."""
    model = WorkingModel(stacked(cells), effects)
    pairs = list(zip(cells, truths, strict=True))
    variances = np.stack([_found_variances(*pair, effects, effect) for pair in pairs])
    true = _padded([true_covariance(*pair) for pair in pairs])
    W = model.inverse(variances)
    M, WZ = model.bread(W)
    along = np.einsum("...i,...ijp,...ij->...p", model.cells.times, WZ, model.cells.means)
    shares = np.einsum("...p,...p->...", M[..., -1, :], along)
    ses = np.sqrt((M @ model.sandwich(WZ, true) @ M)[..., -1, -1])
    told = model.told(variances)
    covariance = covariance_of(told.information)
    errors = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    driving = 1 + np.argmax((told.slope * errors)[:, 1:] ** 2, axis=-1)
    lowest = variances.copy()
    np.put_along_axis(lowest, driving[:, None], 0.0, axis=-1)
    floors: list[tuple[Told, float]] | None = None
    try:
        low = model.told(lowest)
        M_low, WZ_low = model.bread(model.inverse(lowest))
        floor_ses = np.sqrt((M_low @ model.sandwich(WZ_low, true) @ M_low)[..., -1, -1])
        floors = list(zip(_each(low), floor_ses.tolist(), strict=True))
    except InputError:
        if len(cells) > 1:
            raise
    steady = np.ones(len(cells))
    if truths[0].treatment > 0.0 and "treatment" not in effects:
        steady = _steadiness(model, W, true, told.slope, variances)
    within_df, V = model.within_df, model.covariance(variances)
    tests = []
    for k, (one, own) in enumerate(zip(_each(told), cells, strict=True)):
        floor = None if floors is None else floors[k]
        found = _reckoned(one, covariance[k], variances[k], int(driving[k]), floor, test, df[k])
        found = replace(
            found,
            se=float(ses[k]),
            spread_df=found.spread_df * float(steady[k]),
            share=float(shares[k]),
            pooled_df=float(within_df[k]),
        )
        tests.append(found if adapted is None else adapted(found, own, V[k, : len(own.times)]))
    return tests


def _each(told: Told) -> list[Told]:
    """Return what each of several trials tells."""
    parts = told.information, told.slope, told.variance, told.bends
    return [Told(*one) for one in zip(*parts, strict=True)]


def _found_variances(
    cells: Cells, truth: VarianceComponents, effects: tuple[str, ...], effect: float
) -> Matrix:
    """Return the variances that the analysis can be expected to find."""
    variances, named = _variances(truth, effects), named_variances(truth)
    known = not any(value > 0.0 for name, value in named.items() if name not in effects)
    known &= truth.cluster_decay == 1.0 or truth.cluster == 0.0
    known &= truth.treatment_correlation * truth.cluster * truth.treatment == 0.0
    if known and not cells.beyond_columns:
        return variances
    model = WorkingModel(cells, effects)
    people = [people_covariance(truth, cells, at) for at, _ in model.within]
    return model.closest(true_covariance(cells, truth), people, effect * cells.means, variances)


def _reckoned(
    told: Told,
    covariance: Matrix,
    variances: Matrix,
    driving: int,
    at_floor: tuple[Told, float] | None,
    test: str,
    df: float,
) -> ExpectedTest:
    """Return what a test reckons with, as if its model were right.

    Parameters
    ----------
    covariance : (K + 1, K + 1) array
        Of the estimated variances.
    driving : int
        Which of them decides, and may stop at zero.
    at_floor : tuple, optional
        What the design tells there, and the true standard error of the estimate.
    """
    from scipy.special import chdtr

    variance = float(told.variance)
    own_df = 2.0 * variance**2 / _spread(told.information, told.slope)
    # Weights that are estimated cost precision, which Kenward and Roger's standard error counts
    # and the plain one does not (Kackar and Harville 1984).
    cost = float((covariance * told.bends).sum())
    bottom, floor, floor_df, floor_se = 0.0, 0.0, inf, 0.0
    near_df: float | None = None
    counted = 0.0 if test in ("satterthwaite", "between-within") else 1.0
    if at_floor is not None:
        low, floor_se = at_floor
        bottom = min(float(low.variance) / variance, 1.0)
        floor_df = _df(low, driving if test == "satterthwaite" else None)
        near_df = max(_df(low), 1.0) if test == "satterthwaite" else None
    # A variance that stays at zero has no error.
    cost *= 1.0 - float(chdtr(own_df, own_df * bottom))
    errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    more = counted * cost + sum(
        float(told.slope[k]) * _lifted(float(variances[k]), float(errors[k]))
        for k in range(1, len(variances))
        if k != driving
    )
    model_variance = max(variance + more, 1e-3 * variance)
    if bottom > 0.0:
        floor = sqrt(min((bottom * variance + more) / model_variance, 1.0))
    return ExpectedTest(
        sqrt(variance),
        sqrt(model_variance),
        own_df if isnan(df) else df,
        own_df,
        floor=floor,
        floor_df=max(floor_df, 1.0) if isnan(df) else df,
        floor_se=floor_se,
        cost=cost,
        near_df=near_df,
    )


def _steadiness(
    model: WorkingModel, W: Matrix, true: Matrix, slope: Matrix, variances: Matrix
) -> Matrix:
    """Return the true degrees of freedom of an estimated variance as a share of the supposed.

    The spread of the score of the variances under the true and under the model's covariance, from
    clusters one by one.
    """
    within = model.information_within(variances)
    count, times = len(model.kernels), model.cells.times
    spreads = []
    for middle in (model.covariance(variances), true):
        turned = [W @ one @ W @ middle for one in model.kernels]
        spread = within.copy()
        for i in range(count):
            for j in range(count):
                pairs = np.einsum("...i,...ijk,...ikj->...", times, turned[i], turned[j])
                spread[..., i, j] += 0.5 * pairs
        spreads.append(spread)
    inverse = np.linalg.pinv(spreads[0], hermitian=True)
    along = np.einsum("...ij,...j->...i", inverse, slope)
    supposed, found = (np.einsum("...i,...ij,...j->...", along, one, along) for one in spreads)
    return np.asarray(supposed / found)
