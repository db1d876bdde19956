"""What an analysis is given, and what it answers: a simulated trial and a user's table alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.small_sample import ContrastInference

if TYPE_CHECKING:
    from sim.trials.fits.linear_fit import LinearFit
    from sim.trials.fits.structured_model import Structure
    from sim.trials.power.expected_test import Cells, ExpectedTest

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]
PARTICIPANTS, CLUSTERS, NEITHER = "participant average", "cluster average", "neither average"


class Fitted(NamedTuple):
    """The tested coefficient of a mixed model."""

    estimate: float
    inference: ContrastInference
    variances: Matrix  # (K,) array: Of the random effects, in their order
    residual_variance: float
    singular: bool  # Whether a variance is estimated as zero
    fit: LinearFit | None = None  # The whole fit, where there is one


class ByExposure(NamedTuple):
    """Effects by period of exposure, of which a weighted one is tested."""

    # (E, E) array: What the tested column and those after it have at each exposure.
    columns: Matrix
    weights: Matrix  # (E,) array


class Answer(NamedTuple):
    """A test of one coefficient."""

    estimate: float
    se: float
    df: float
    p: float | None  # Two-sided; None for that of the t test
    # Variances between clusters and within.
    between: float
    residual: float
    singular: bool = False


def fit_linear(
    x: Matrix,
    y: Matrix,
    effects: Sequence[RandomEffect],
    names: tuple[str, ...],
    structure: Structure | None = None,
) -> LinearFit:
    """Return the fit of independent random effects, or of a covariance with more structure."""
    if structure is not None:
        from sim.trials.fits.structured_model import fit_structured_model

        return fit_structured_model(x, y, structure, names)
    from sim.trials.fits.mixed_model import fit_mixed_model

    return fit_mixed_model(x, y, list(effects), names)


@dataclass(frozen=True)
class AnalysedTrial:
    """The complete rows of a trial and the model of its outcome."""

    x: Matrix  # (n, p) array: Independent columns of the fixed part, the intercept first
    y: Matrix  # (n,) array
    tested: int  # Which column
    clusters: Codes  # (n,) array: The randomised cluster of each row, from 0
    effects: Sequence[RandomEffect]
    periods: Codes | None = None  # (n,) array: Period of each row, where the model has periods
    strata: Codes | None = None  # (k,) array: Stratum of each cluster; None takes the model's
    # A fit of this model that is there already, of all columns in their order.
    whole: LinearFit | None = None
    # The covariance, where it is not that of independent random effects.
    structure: Structure | None = None
    by_exposure: ByExposure | None = None  # Where the tested column is one of several effects
    # Of a marginal model's people: one of `sim.trials.fits.gee.CORRELATIONS`.
    correlation: str | None = None

    @property
    def number(self) -> int:
        """Number of clusters."""
        return int(self.clusters.max()) + 1

    @cached_property
    def fitted(self) -> Fitted | None:
        """The mixed model's answer; None where it cannot be fitted."""
        alone = len(self.effects) == 1 and self.effects[0].slope is None
        alone &= self.structure is None
        if self.whole is None and alone and self.tested > 0 and (self.x[:, 0] == 1.0).all():
            return self._by_random_intercept()
        return self._by_mixed_model()

    def _by_random_intercept(self) -> Fitted | None:
        from sim.trials.fits.random_intercept_compiled import fit_random_intercept

        codes = self.effects[0].codes
        fit = fit_random_intercept(codes, int(codes.max()) + 1, self.x, self.y, self.tested)
        if fit.status != 0:
            return None
        inference = ContrastInference(
            fit.se, fit.satterthwaite_df, fit.kenward_roger_se, fit.kenward_roger_df
        )
        between = np.array([fit.cluster_variance])
        return Fitted(fit.estimate, inference, between, fit.residual_variance, bool(fit.singular))

    def _by_mixed_model(self) -> Fitted | None:
        fit, name = self.whole, f"x{self.tested}"
        if fit is None:
            names = tuple(f"x{j}" for j in range(self.x.shape[1]))
            try:
                fit = fit_linear(self.x, self.y, self.effects, names, self.structure)
            except (InputError, np.linalg.LinAlgError):
                return None
            if name not in fit.names or not fit.converged:
                return None
        at = self.tested if self.whole is not None else fit.names.index(name)
        variances = np.array([fit.variances[one.name] for one in self.effects])
        return Fitted(
            float(fit.coefficients[at]),
            fit.inference[at],
            variances,
            fit.variances.get("residual", np.nan),
            fit.singular,
            fit,
        )

    def answer(self, se: float, df: float, p: float | None = None) -> Answer | None:
        """Return the mixed model's estimate with a standard error and degrees of freedom."""
        found = self.fitted
        if found is None:
            return None
        return Answer(
            found.estimate,
            float(se),
            float(df),
            p,
            float(found.variances[0]),
            float(found.residual_variance),
            found.singular,
        )


@dataclass(frozen=True)
class Analysis:
    """One analysis: what `refocus power` simulates and `refocus analyse` does."""

    name: str  # In design files and results
    short: str  # In tables
    title: str  # In words, as part of a sentence
    estimates: str  # What its estimate is an estimate of
    # From a trial to its answer; None where it cannot be had.
    test: Callable[[AnalysedTrial], Answer | None]
    # Lines of R that give the same numbers; the data are called d, and `{formula}`, `{fixed}`,
    # `{response}`, `{coefficient}`, `{group}`, `{within}` and others are filled in, see
    # `sim.trials.analyses.r_code`.
    r_code: str
    needs_arms: bool = False  # Whether it compares arms of whole clusters
    arms_alone: bool = False  # Whether the model may have nothing beside the arms
    of_model: bool = True  # Whether it tests a coefficient of the mixed model
    # Whether it tests a constant effect alone, and none of effects by exposure.
    of_constant: bool = False
    # Whether its standard error is that of the mixed model's likelihood.
    of_likelihood: bool = False
    counts_clusters: bool = False  # Whether it takes clusters for what was randomised, in both arms
    # Of which average its estimate is where effects go with the size of clusters; `NEITHER` where
    # clusters are weighed by what they tell.
    aims: str = NEITHER
    # What it changes of the test that the mixed model can be expected to give, see
    # `sim.trials.power.expected_test`; None for nothing.
    formula: Callable[[ExpectedTest, Cells, Matrix], ExpectedTest] | None = None

    @property
    def key(self) -> str:
        """Name of its answer among results."""
        return self.name.replace("-", "_")
