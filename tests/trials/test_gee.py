"""Parts of marginal models: decays, and corrections by the definitions of their papers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

from sim.errors import InputError
from sim.trials.fits.gee import (
    DECAY,
    EXCHANGEABLE,
    FAMILIES,
    INDEPENDENCE,
    NESTED,
    GeeFit,
    Working,
    _start,
    fading,
    fit_gee,
)

CLUSTERS = np.repeat(np.arange(5), [3, 4, 2, 5, 4])
X = np.column_stack([np.ones(18), np.repeat([0.0, 1.0, 0.0, 1.0, 0.0], [3, 4, 2, 5, 4])])
COUNTS = np.array([2, 3, 1, 6, 4, 8, 5, 1, 0, 3, 2, 2, 1, 4, 3, 5, 2, 6], float)
CELLS = np.array([0, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 2, 2, 0, 0, 1, 1], float)
OFFSET = np.linspace(-0.4, 0.5, 18)


@pytest.mark.parametrize("first", [0.0, 0.5])
@pytest.mark.parametrize("factor", [0.3, 0.62, 0.97])
def test_a_decay_that_is_exact_is_found(first: float, factor: float) -> None:
    lags = np.array([first, 1.0, 2.0, 3.5])
    pairs = np.array([40.0, 10.0, 25.0, 3.0])
    assert fading(lags, pairs, 0.2 * factor**lags) == pytest.approx((0.2, factor), rel=1e-6)


def test_decays_at_their_ends() -> None:
    lags, pairs = np.array([0.0, 1.0]), np.array([10.0, 30.0])
    # Nothing beyond the cell; unlike people in it and beyond; a product that does not fade.
    assert fading(lags, pairs, np.array([0.3, 0.0]))[0] == pytest.approx(0.3, rel=1e-4)
    assert fading(lags, pairs, np.array([-0.3, -0.1])) == pytest.approx((-0.3, 0.0), abs=1e-5)
    assert fading(lags, pairs, np.array([0.3, 0.3])) == pytest.approx((0.3, 1.0))
    assert fading(lags + 1.0, pairs, np.array([-0.3, -0.1])) == (0.0, 0.0)
    # No correlation exceeds one: the level stays and the factor alone fits.
    means = 1.3 * 0.6 ** (lags + 1.0)
    best = optimize.minimize_scalar(
        lambda one: pairs @ (means - 0.999 * one ** (lags + 1.0)) ** 2, bounds=(0.5, 0.9)
    )
    assert fading(lags + 1.0, pairs, means) == pytest.approx((0.999, best.x), abs=1e-4)


def test_a_level_that_meets_its_cap_between_two_factors_tried_is_found() -> None:
    # A million pairs ask for level x factor = 0.5: no factor below 0.5 / 0.999 reaches it.
    lags, pairs, means = np.array([1.0, 2.0]), np.array([1e6, 1.0]), np.array([0.5, 0.01])
    assert fading(lags, pairs, means) == pytest.approx((0.999, 0.5 / 0.999), rel=1e-5)


def dense(fit: GeeFit, working: Working, values: tuple[float, ...]) -> dict[str, np.ndarray]:
    """Return the covariances by matrices of people, as the papers write them."""
    A, scores = [], []
    for one in range(5):
        own = one == CLUSTERS
        mean, x = fit.mean[own], X[own]
        apart = np.abs(CELLS[own][:, None] - CELLS[own])
        if working.kind == DECAY:
            R = values[0] * values[1] ** apart
        elif working.kind == NESTED:
            R = np.where(apart == 0.0, *values)
        else:
            R = np.full(apart.shape, values[0])
        np.fill_diagonal(R, 1.0)
        D = mean[:, None] * x
        V = np.sqrt(mean[:, None] * mean) * R
        A.append(D.T @ np.linalg.solve(V, D))
        scores.append(D.T @ np.linalg.solve(V, COUNTS[own] - mean))
    M = np.linalg.inv(sum(A))
    assert sum(scores) == pytest.approx(np.zeros(2), abs=1e-8)

    def sandwich(turned: list[Any]) -> np.ndarray:
        return np.asarray(M @ sum(np.outer(s, s) for s in turned) @ M)

    plain = sandwich(scores)
    jackknife = [np.linalg.solve(np.eye(2) - a @ M, s) for a, s in zip(A, scores, strict=True)]
    bounded = [
        s / np.sqrt(1.0 - np.minimum(0.75, np.diag(a @ M))) for a, s in zip(A, scores, strict=True)
    ]
    roots = []
    for a, s in zip(A, scores, strict=True):
        values_of, vectors = np.linalg.eig(np.eye(2) - a @ M)
        roots.append(vectors @ np.diag(values_of**-0.5) @ np.linalg.inv(vectors) @ s)
    spread = np.trace(M @ sum(np.outer(s, s) for s in scores)) / 2.0
    # (n - 1) / (n - p) k / (k - 1), and the least of 1/2 and p / (k - p).
    more = 0.5 * max(fit.phi, spread) * M
    return {
        "model": fit.phi * M,
        "LZ": plain,
        "MD": sandwich(jackknife),
        "FG": sandwich(bounded),
        "KC": sandwich(roots),
        "MBN": 17.0 / 16.0 * 5.0 / 4.0 * plain + more,
    }


@pytest.mark.parametrize(
    ("kind", "values"),
    [(EXCHANGEABLE, (0.15,)), (NESTED, (0.2, 0.08)), (DECAY, (0.25, 0.5)), (INDEPENDENCE, (0.0,))],
)
def test_covariances_are_those_of_whole_matrices(kind: str, values: tuple[float, ...]) -> None:
    cells = None if kind in (EXCHANGEABLE, INDEPENDENCE) else CELLS
    working = Working(kind, cells, values)
    fit = fit_gee(X, COUNTS, CLUSTERS, FAMILIES["poisson"], OFFSET, working=working)
    assert (fit.clusters, fit.alpha) == (5, values[0])
    assert fit.phi == pytest.approx(float(((COUNTS - fit.mean) ** 2 / fit.mean).mean()))
    assert fit.mean == pytest.approx(np.exp(X @ fit.coefficients + OFFSET))
    for name, own in dense(fit, working, values).items():
        assert fit.covariance[name] == pytest.approx(own, rel=1e-7), name


@pytest.mark.parametrize("kind", [EXCHANGEABLE, NESTED])
def test_working_correlations_are_means_of_products(kind: str) -> None:
    cells = None if kind == EXCHANGEABLE else CELLS
    fit = fit_gee(X, COUNTS, CLUSTERS, FAMILIES["poisson"], working=Working(kind, cells))
    r = (COUNTS - fit.mean) / np.sqrt(fit.mean * fit.phi)
    products: dict[bool, list[float]] = {False: [], True: []}
    for i, j in np.ndindex(18, 18):
        if i < j and CLUSTERS[i] == CLUSTERS[j]:
            products[kind == NESTED and CELLS[i] != CELLS[j]].append(r[i] * r[j])
    own = [float(np.mean(one)) for one in products.values() if one]
    assert fit.correlation == pytest.approx(own, rel=1e-6)


def test_people_alone_in_their_clusters_have_no_correlation() -> None:
    for kind, told in ((EXCHANGEABLE, (0.0,)), (NESTED, (0.0, 0.0))):
        fit = fit_gee(X, COUNTS, np.arange(18), FAMILIES["poisson"], working=Working(kind))
        assert fit.correlation == told
        assert fit.nearest == 0.0


def test_an_outcome_that_a_column_tells_has_no_solution() -> None:
    with pytest.raises(InputError, match="no finite solution"):
        fit_gee(X, X[:, 1], CLUSTERS, FAMILIES["binomial"])


def test_families_are_their_distributions() -> None:
    eta, y = np.array([-1.0, 0.3, 2.0]), np.array([0.0, 1.0, 1.0])
    yes, counts = FAMILIES["binomial"], FAMILIES["poisson"]
    p = 1.0 / (1.0 + np.exp(-eta))
    assert yes.mean(eta) == pytest.approx(p)
    assert yes.variance(p) == pytest.approx(p * (1.0 - p))
    assert yes.log_density(y, eta) == pytest.approx(stats.bernoulli.logpmf(y, p))
    y = np.array([0.0, 3.0, 5.0])
    assert counts.log_density(y, eta) == pytest.approx(stats.poisson.logpmf(y, np.exp(eta)))


def test_an_intercept_alone_is_the_log_odds() -> None:
    """6 of 18; its variance is 1 / (18 p q), where nobody is like another."""
    y = np.array([1.0] * 6 + [0.0] * 12)
    alone = Working(INDEPENDENCE)
    fit = fit_gee(X[:, :1], y, CLUSTERS, FAMILIES["binomial"], working=alone)
    assert fit.coefficients == pytest.approx([-np.log(2.0)])
    assert fit.phi == 1.0
    assert fit.covariance["model"] == pytest.approx(np.array([[0.25]]))


@pytest.mark.parametrize("kind", [INDEPENDENCE, EXCHANGEABLE])
def test_a_rare_outcome_that_a_few_people_have_often_has_a_solution(kind: str) -> None:
    """One of a hundred in four clusters, one of two in four others; R's geeglm has the same."""
    clusters = np.repeat(np.arange(8), [25, 2] * 4)
    y = np.zeros(clusters.size)
    y[np.append(0, np.unique(clusters, return_index=True)[1][1::2])] = 1.0
    x = np.column_stack([np.ones(y.size), clusters % 2])
    found = fit_gee(x, y, clusters, FAMILIES["binomial"], working=Working(kind))
    assert found.coefficients == pytest.approx([-np.log(99.0), np.log(99.0)])
    counts = fit_gee(x, 40.0 * y, clusters, FAMILIES["poisson"], working=Working(kind))
    assert counts.coefficients == pytest.approx([np.log(0.4), np.log(50.0)])


def test_a_first_step_is_from_means_near_each_outcome() -> None:
    """Large counts are near their means; of yes and no, 3/4 and 1/4: log 3 + (1/4) / (3/16)."""
    beta, offset = np.array([12.0, 0.5]), np.linspace(-1.0, 2.0, 18)
    start = _start(X, np.exp(X @ beta + offset), FAMILIES["poisson"], offset)
    assert start == pytest.approx(beta, abs=1e-3)
    yes, shift = np.repeat([1.0, 0.0], [12, 6]), np.full(18, 0.4)
    found = _start(X[:, :1], yes, FAMILIES["binomial"], shift)
    assert found == pytest.approx([(np.log(3.0) + 4.0 / 3.0) / 3.0 - 0.4])


def test_a_level_has_its_cap_however_near_two_people_stand() -> None:
    lags, pairs = np.array([0.004, 1.0]), np.array([10.0, 30.0])
    assert fading(lags, pairs, 1.3 * 0.6**lags)[0] == pytest.approx(0.999)
