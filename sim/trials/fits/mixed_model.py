"""An exact linear mixed model by restricted maximum likelihood, for cluster trials.

Random effects are independent: intercepts of clusters, cluster-periods and individuals, and slopes
such as a treatment effect by cluster. The variances are found by `sim.trials.fits.reml`, standard
errors and degrees of freedom by `sim.trials.fits.small_sample`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.fits.cell_sums import CellSums, RandomEffect, cell_sums
from sim.trials.fits.design_columns import PreparedDesign, prepare_design
from sim.trials.fits.linear_fit import Likeliest, LinearFit
from sim.trials.fits.reml import LARGEST_RATIO, mean_square, minimise, profile
from sim.trials.fits.small_sample import (
    ContrastInference,
    Moments,
    contrast_inference,
    small_sample_moments,
)

Matrix = NDArray[np.float64]

# A variance this small beside the residual variance counts as zero when a fit is called singular.
SINGULAR_RATIO = 1e-8
# Information on a variance, beyond the others, below which data cannot tell them apart.
LEAST_INFORMATION = 1e-9


@dataclass(frozen=True)
class MixedModelFit(LinearFit):
    """A fitted mixed model with independent random effects."""

    sums: CellSums  # The data that the fit was made from, of an orthonormal basis of the columns
    has_slopes: bool  # Whether a random effect is a slope
    ratios: Matrix  # (K,) array: Variances of the random effects over that of the residual

    def moments(self) -> Moments:
        """Return what small-sample methods need, in units of the residual variance."""
        return small_sample_moments(self.sums, self.ratios, profile(self.sums, self.ratios))

    def _likeliest(self, turn: Matrix, near: Matrix | None) -> Likeliest:
        stacks = [one._replace(sums=one.sums @ turn) for one in self.sums.stacks]
        within = turn.T @ self.sums.within @ turn
        data = self.sums._replace(stacks=stacks, within=within)
        ratios, at, _ = minimise(data, restricted=False, near=near)
        return Likeliest(at.criterion, at.coefficients, ratios)

    @property
    def unit(self) -> float:
        """Variance that the moments are in units of."""
        return self.variances["residual"]


def fit_mixed_model(
    X: Matrix, y: Matrix, effects: list[RandomEffect], names: tuple[str, ...] = ()
) -> MixedModelFit:
    """Fit a linear mixed model by restricted maximum likelihood.

    Parameters
    ----------
    X : (n, q) array
        Columns of the fixed part, the intercept included. Columns that depend on columns before
        them are left out and named.
    y : (n,) array
        Response, without missing values.
    effects : list of RandomEffect
        Independent random effects, at least one.
    names : tuple of str, optional
        Names of the columns; ``x1, x2, ...`` by default.

    Raises
    ------
    InputError
        If the response does not vary, if no residual degrees of freedom are left, or if the data
        cannot tell the variances apart.
    """
    names = names or tuple(f"x{j + 1}" for j in range(X.shape[1]))
    X = np.asarray(X, dtype=float)
    y = np.asarray(y, dtype=float)
    design = prepare_design(X, y)
    kept = tuple(names[j] for j in design.kept)
    dropped = tuple(name for name in names if name not in kept)
    _check(design, y, effects)
    scale = float(np.sqrt(design.residual @ design.residual / y.size))
    data = cell_sums(np.column_stack([design.basis, design.residual / scale]), effects)
    _check_identified(data, effects)
    ratios, at, converged = minimise(data)
    if (ratios * mean_square(data) >= 0.1 * LARGEST_RATIO).any():
        raise InputError("response: it must vary within groups, the residual variance is zero")
    residual_variance = at.residual_variance * scale**2
    # The criterion of the given columns, from that of the orthonormal basis.
    n, p = design.basis.shape
    criterion = at.criterion + 2.0 * (n - p) * float(np.log(scale)) + design.log_determinant
    back = design.to_coefficients
    inference = tuple(
        ContrastInference(
            one.se * scale, one.satterthwaite_df, one.kenward_roger_se * scale, one.kenward_roger_df
        )
        for one in contrast_inference(data, ratios, at, back)
    )
    variances = {
        effect.name: float(ratio * residual_variance)
        for effect, ratio in zip(effects, ratios, strict=True)
    }
    return MixedModelFit(
        names=kept,
        dropped_columns=dropped,
        coefficients=design.least_squares + scale * (back @ at.coefficients),
        covariance=residual_variance * (back @ at.covariance @ back.T),
        inference=inference,
        variances={**variances, "residual": float(residual_variance)},
        reml_criterion=criterion,
        singular=bool((ratios * mean_square(data) <= SINGULAR_RATIO).any()),
        converged=converged,
        n_obs=n,
        n_levels={effect.name: effect.n_levels for effect in effects},
        sums=data,
        has_slopes=any(effect.slope is not None for effect in effects),
        ratios=ratios,
        to_coefficients=back,
        least_squares=design.least_squares,
        scale=scale,
    )


def _check(design: PreparedDesign, y: Matrix, effects: list[RandomEffect]) -> None:
    n, p = design.basis.shape
    if n <= p + 1:
        raise InputError(f"rows: {n} complete rows are too few for {p} coefficients")
    spread = float(np.abs(design.residual).max())
    if spread <= 1e-13 * float(np.abs(y).max()) or spread == 0.0:
        raise InputError("response: it does not vary beyond the fixed part of the model")
    for one in effects:
        if one.slope is None and one.n_levels >= n:
            raise InputError(
                f"random effect '{one.name}': it has {one.n_levels} levels for {n} rows; "
                "some levels must have more than one row"
            )


def _check_identified(data: CellSums, effects: list[RandomEffect]) -> None:
    """Check that the fixed part and the other effects leave information on each variance."""
    expected = profile(data, np.zeros(len(effects))).expected
    diagonal = np.diag(expected)
    largest = mean_square(data) ** 2
    for one, information, size in zip(effects, diagonal, largest, strict=False):
        if information <= LEAST_INFORMATION * max(size, 1e-300):
            raise InputError(
                f"random effect '{one.name}': the fixed part of the model leaves nothing "
                "to estimate its variance from"
            )
    roots = np.sqrt(diagonal)
    if np.linalg.eigvalsh(expected / np.outer(roots, roots))[0] <= LEAST_INFORMATION:
        listed = ", ".join(f"'{one.name}'" for one in effects)
        raise InputError(
            f"random effects {listed}: the data cannot tell their variances apart; leave one out"
        )
