"""The chain of imputation without noise: it ends in the equations of the mixed model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.imputation import (
    BETWEEN_IMPUTATIONS,
    BURN_IN,
    IMPUTATIONS,
    _latent,
    impute_and_analyse,
    imputed_outcomes,
)
from sim.trials.fits.random_intercept import NOT_CONVERGED, RandomInterceptFit, no_fit

SIZES = [40, 50, 36, 60, 44, 56]
CLUSTERS = np.repeat(np.arange(6), SIZES)
ROWS = CLUSTERS.size
BASE = np.sin(np.arange(ROWS) * 1.7)
X = np.column_stack([np.ones(ROWS), BASE])
CELLS = 2 * CLUSTERS + np.arange(ROWS) % 2
Y = 3.0 * np.cos(CLUSTERS * 2.0) + 2.0 * BASE + np.sin(CELLS * 1.3) + np.sin(np.arange(ROWS) * 2.3)
GONE = np.arange(5, ROWS, 9)
SEEN = ~np.isin(np.arange(ROWS), GONE)
LOST = np.where(SEEN, Y, np.nan)


class Silent:
    """A generator that draws means alone; of so many normal values as asked, one each."""

    def __init__(self, loud: int = -1) -> None:
        self.loud, self.steps = loud, 0

    def standard_normal(self, count: int) -> np.ndarray:
        return np.full(count, float(count == self.loud))

    def chisquare(self, df: int) -> float:
        self.steps += df == SEEN.sum()
        return float(df)

    def random(self, count: int) -> np.ndarray:
        return np.full(count, 0.5)


def chain(rng: Any, count: int = 1, y: np.ndarray = LOST, **more: Any) -> list[np.ndarray]:
    return list(imputed_outcomes(y, X, CLUSTERS, count, rng, **more))


def solved(*groups: np.ndarray) -> tuple[np.ndarray, float]:
    """Return what each row is expected to be, and the residual variance, by Henderson's equations.

    Variances are those of the effects and residuals that they give.
    """
    z = [(one[SEEN][:, None] == np.unique(one)).astype(float) for one in groups]
    whole = np.column_stack([X[SEEN], *z])
    variance, between = 0.1, [1.0] * len(groups)
    for _ in range(600):
        ridge = [np.full(one.shape[1], variance / b) for one, b in zip(z, between, strict=True)]
        ridge = np.concatenate([np.zeros(2), *ridge])
        found = np.linalg.solve(whole.T @ whole + np.diag(ridge), whole.T @ Y[SEEN])
        rest = Y[SEEN] - whole @ found
        variance = float(rest @ rest) / SEEN.sum()
        at = 2
        for j, one in enumerate(z):
            own = found[at : at + one.shape[1]]
            between[j] = float(own @ own) / (one.shape[1] - 1)
            at += one.shape[1]
    every = np.column_stack([X, *((g[:, None] == np.unique(g)).astype(float) for g in groups)])
    return every @ found, variance


def test_without_noise_the_chain_solves_the_mixed_model() -> None:
    want, variance = solved(CLUSTERS)
    (found,) = chain(Silent())
    assert (found[SEEN] == Y[SEEN]).all()
    assert found[GONE] == pytest.approx(want[GONE], abs=5e-4)
    # Each missing value has the residual's noise besides.
    (noisy,) = chain(Silent(loud=GONE.size))
    assert noisy[GONE] - found[GONE] == pytest.approx(
        np.full(GONE.size, np.sqrt(variance)), rel=1e-3
    )


def test_effects_of_clusters_are_drawn_with_the_error_of_their_means() -> None:
    """Clusters lie far apart, so that the mean of each has its own error alone."""
    _, variance = solved(CLUSTERS)
    ((still,), (moved,)) = (chain(Silent(loud=loud)) for loud in (-1, 6))
    want = np.sqrt(variance / np.bincount(CLUSTERS[SEEN]))[CLUSTERS[GONE]]
    assert moved[GONE] - still[GONE] == pytest.approx(want, rel=0.1)


def test_clusters_that_are_alike_have_no_effects() -> None:
    y = np.where(SEEN, 2.0 * BASE + np.sin(np.arange(ROWS) * 2.3), np.nan)
    line = np.linalg.lstsq(X[SEEN], y[SEEN], rcond=None)[0]
    (found,) = chain(Silent(), y=y)
    assert found[GONE] == pytest.approx(X[GONE] @ line, abs=1e-5)


def test_groups_within_clusters_have_effects_beside_theirs() -> None:
    want, _ = solved(CLUSTERS, CELLS)
    (found,) = chain(Silent(), within=(CELLS,), burn_in=600)
    assert found[GONE] == pytest.approx(want[GONE], abs=1e-3)


def test_data_sets_are_so_many_steps_apart() -> None:
    """A seed gives the same data sets in every version."""
    rng = Silent()
    assert len(chain(rng, 3)) == 3
    assert rng.steps == BURN_IN + 3 * BETWEEN_IMPUTATIONS == 260
    short = Silent()
    chain(short, burn_in=7)
    assert short.steps == 27
    assert IMPUTATIONS == 20


def test_a_cluster_without_outcomes_has_the_mean_of_clusters() -> None:
    lost = np.where(CLUSTERS == 3, np.nan, LOST)
    filled = chain(Silent(), y=lost, burn_in=2000)[0]
    # Its values lie on one line of the baseline, that of the fixed part alone.
    rows = np.flatnonzero(CLUSTERS == 3)
    line = np.linalg.lstsq(X[rows], filled[rows], rcond=None)[0]
    assert X[rows] @ line == pytest.approx(filled[rows])
    other = np.flatnonzero(CLUSTERS == 5)
    same = other[np.isin(other, GONE)]
    assert (filled[same[1]] - filled[same[0]]) == pytest.approx(
        line[1] * (BASE[same[1]] - BASE[same[0]])
    )


def test_a_binary_outcome_is_one_where_its_latent_mean_is_above_zero() -> None:
    """In three clusters most are 1, in three most are 0, and so are who is imputed."""
    often = np.array([1, 0, 1, 0, 0, 1])[CLUSTERS]
    y = np.where(np.arange(ROWS) % 10 == 0, 1 - often, often).astype(float)
    (found,) = chain(Silent(), y=np.where(SEEN, y, np.nan), binary=True)
    assert (found[GONE] == often[GONE]).all()


def test_latent_values_by_hand() -> None:
    """The middle of the part of a standard normal above zero is at .6745, as below."""
    found = _latent(np.zeros(2), np.array([True, False]), Silent())  # type: ignore[arg-type]
    assert found == pytest.approx([0.6744897501960817, -0.6744897501960817])
    unlikely = _latent(np.array([-3.0]), np.array([True]), Silent())  # type: ignore[arg-type]
    assert unlikely == pytest.approx(stats.truncnorm.median(3.0, np.inf, loc=-3.0))
    far = _latent(np.array([-50.0]), np.array([True]), Silent())  # type: ignore[arg-type]
    assert np.isfinite(far).all()


def test_the_fewest_rows_and_clusters_that_can_be_imputed() -> None:
    """Three rows more than columns, and four clusters."""
    few = np.full(ROWS, np.nan)
    rows = [0, 41, 91, 127]
    few[rows] = Y[rows]
    with pytest.raises(InputError, match="at least 4 clusters and more rows than columns"):
        chain(Silent(), y=few)
    few[187] = Y[187]
    assert np.isfinite(chain(Silent(), y=few)[0]).all()
    assert chain(Silent(), y=np.where(CLUSTERS < 4, Y, np.nan))
    three = np.where(CLUSTERS < 3, Y, np.nan)
    with pytest.raises(InputError, match="too few outcomes"):
        chain(Silent(), y=three)
    infinite = X.copy()
    infinite[0, 1] = np.inf
    with pytest.raises(InputError, match="must be complete"):
        next(imputed_outcomes(LOST, infinite, CLUSTERS, 1, Silent()))  # type: ignore[arg-type]
    near = np.column_stack([X, BASE + 1e-12 * np.arange(ROWS)])
    with pytest.raises(InputError, match="depend on each other"):
        next(imputed_outcomes(LOST, near, CLUSTERS, 1, Silent()))  # type: ignore[arg-type]
    apart = np.column_stack([X, BASE + 1e-6 * np.arange(ROWS)])
    assert next(imputed_outcomes(LOST, apart, CLUSTERS, 1, Silent())).size == ROWS  # type: ignore[arg-type]


def test_analyses_of_data_sets_are_pooled() -> None:
    made: list[np.ndarray] = []

    def fit(codes: np.ndarray, k: int, *given: Any) -> RandomInterceptFit:
        columns, filled, column = given
        assert (k, column, columns.shape) == (6, 1, X.shape)
        made.append(filled)
        at = float(len(made))
        return RandomInterceptFit(
            at, 2.0 * at, 3.0, 4.0, 5.0, 10.0 * at, 20.0 * at, 6.0, at == 1.0, 0, ROWS, 6
        )

    found = impute_and_analyse(LOST, X, CLUSTERS, 1, 4.0, count=4, fit=fit)
    assert len(made) == 4
    # Estimates 1 to 4 with variances 4, 16, 36 and 64: 30 within, 5/3 between.
    assert found.pooled.estimate == pytest.approx(2.5)
    assert found.pooled.se == pytest.approx(np.sqrt(30.0 + 1.25 * 5.0 / 3.0))
    assert found.pooled.complete_df == 4.0
    assert (found.cluster_variance, found.residual_variance) == (25.0, 50.0)
    assert found.singular == 0.25
    made.clear()
    assert impute_and_analyse(LOST, X, CLUSTERS, 1, 4.0, count=2, fit=fit).pooled.imputations == 2
    with pytest.raises(InputError, match="imputations = 1"):
        impute_and_analyse(LOST, X, CLUSTERS, 1, 4.0, count=1, fit=fit)
    with pytest.raises(InputError, match="an imputed data set cannot be analysed"):
        impute_and_analyse(
            LOST, X, CLUSTERS, 1, 4.0, count=2, fit=lambda *_: no_fit(NOT_CONVERGED, ROWS, 6)
        )
