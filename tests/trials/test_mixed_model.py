"""The exact mixed model: known answers, invariances, brute force, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from sim.errors import InputError
from sim.trials.fits.cell_sums import RandomEffect, cell_sums
from sim.trials.fits.design_columns import prepare_design
from sim.trials.fits.mixed_model import MixedModelFit, fit_mixed_model
from sim.trials.fits.reml import START_RATIOS, descend, mean_square, minimise, profile


class Trial:
    """A small stepped wedge cohort with all four random effects."""

    def __init__(self, seed: int, clusters: int = 8, people: int = 5, periods: int = 4) -> None:
        rng = np.random.default_rng(seed)
        n = clusters * people * periods
        self.cluster = np.repeat(np.arange(clusters), people * periods)
        self.person = np.repeat(np.arange(clusters * people), periods)
        self.period = np.tile(np.arange(periods), clusters * people)
        self.cell = self.cluster * periods + self.period
        self.treatment = (self.period > self.cluster % (periods - 1)).astype(float)
        self.X = np.column_stack(
            [np.ones(n), self.treatment, *[self.period == j for j in range(1, periods)]]
        ).astype(float)
        self.y = (
            5.0
            + self.treatment
            + rng.normal(0, 1.5, clusters)[self.cluster]
            + rng.normal(0, 0.8, clusters * periods)[self.cell]
            + rng.normal(0, 1.2, clusters * people)[self.person]
            + rng.normal(0, 0.9, clusters)[self.cluster] * self.treatment
            + rng.normal(0, 1.0, n)
        )
        self.effects = {
            "cluster": RandomEffect("cluster", self.cluster),
            "cell": RandomEffect("cell", self.cell),
            "person": RandomEffect("person", self.person),
            "slope": RandomEffect("slope", self.cluster, self.treatment),
        }


STRUCTURES = [
    ("cluster",),
    ("cluster", "cell"),
    ("cluster", "person"),
    ("cluster", "cell", "person"),
    ("cluster", "slope"),
    ("cluster", "cell", "person", "slope"),
]


def dense(effects: list[RandomEffect], variances: np.ndarray) -> np.ndarray:
    V = variances[-1] * np.eye(effects[0].codes.size)
    for one, variance in zip(effects, variances, strict=False):
        z = np.ones(one.codes.size) if one.slope is None else one.slope
        V += variance * np.outer(z, z) * np.equal.outer(one.codes, one.codes)
    return V


def criterion(X: np.ndarray, y: np.ndarray, V: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return -2 log restricted likelihood, coefficients and their covariance, written directly."""
    solved = np.linalg.solve(V, np.column_stack([X, y]))
    covariance = np.linalg.inv(X.T @ solved[:, :-1])
    beta = covariance @ X.T @ solved[:, -1]
    squares = (y - X @ beta) @ (solved[:, -1] - solved[:, :-1] @ beta)
    value = (
        (y.size - X.shape[1]) * np.log(2.0 * np.pi)
        + np.linalg.slogdet(V)[1]
        - np.linalg.slogdet(covariance)[1]
        + squares
    )
    return float(value), beta, covariance


def variances_of(fit: MixedModelFit) -> np.ndarray:
    return np.array(list(fit.variances.values()))


@pytest.mark.parametrize("names", STRUCTURES, ids="+".join)
def test_fit_is_the_minimum_of_the_directly_written_criterion(names: tuple[str, ...]) -> None:
    trial = Trial(seed=3)
    effects = [trial.effects[name] for name in names]
    fit = fit_mixed_model(trial.X, trial.y, effects)
    at = variances_of(fit)
    value, beta, covariance = criterion(trial.X, trial.y, dense(effects, at))
    assert fit.reml_criterion == pytest.approx(value, abs=1e-8)
    assert fit.coefficients == pytest.approx(beta, rel=1e-9)
    assert fit.covariance == pytest.approx(covariance, rel=1e-8, abs=1e-12)
    for k in range(at.size):
        for factor in (0.98, 1.02):
            moved = at.copy()
            moved[k] = moved[k] * factor if moved[k] > 0 else 1e-3
            assert criterion(trial.X, trial.y, dense(effects, moved))[0] > value


def test_a_search_ends_at_the_best_of_several_minima() -> None:
    """Of Cauchy responses the first start finds a minimum that is 28 worse than a later one's."""
    rng = np.random.default_rng(1_000_114)
    clusters, periods, people = (int(rng.integers(*ends)) for ends in ((3, 7), (2, 4), (1, 4)))
    n = clusters * periods * people
    cluster = np.repeat(np.arange(clusters), periods * people)
    cell = np.repeat(np.arange(clusters * periods), people)
    x = np.where(rng.random(n) < 0.5, rng.standard_normal(n), 0.0) * 5.0
    y = rng.standard_t(1.0, n) + rng.choice([0, 3, 30]) * rng.standard_normal(clusters)[cluster] * x
    design = prepare_design(np.column_stack([np.ones(n), cluster % 2, x]), y)
    effects = [RandomEffect("cluster", cluster), RandomEffect("slope", cluster, x)]
    effects.append(RandomEffect("cell", cell))
    data = cell_sums(np.column_stack([design.basis, design.residual]), effects)
    whole = [descend(data, one / mean_square(data)) for one in START_RATIOS]
    found = minimise(data)
    assert whole[0][2], "it is a minimum"
    assert whole[0][1].criterion > found[1].criterion + 20.0
    assert found[1].criterion <= min(one[1].criterion for one in whole) + 1e-9
    # A search ends at the minimum that it joins, and not at one that it does not.
    assert descend(data, START_RATIOS[0] / mean_square(data), known=found) is not found
    assert descend(data, 1.01 * found[0], known=found) is found


@pytest.mark.parametrize("names", STRUCTURES[1:5], ids="+".join)
def test_degrees_of_freedom_follow_from_numerical_derivatives(names: tuple[str, ...]) -> None:
    trial = Trial(seed=5, clusters=6, people=4, periods=3)
    effects = [trial.effects[name] for name in names]
    fit = fit_mixed_model(trial.X, trial.y, effects)
    at = variances_of(fit)
    assert (at > 0).all(), "the claim is about an inner minimum"
    step = 1e-3 * at

    def value(theta: np.ndarray) -> float:
        return criterion(trial.X, trial.y, dense(effects, theta))[0]

    def variance(theta: np.ndarray) -> float:
        return float(criterion(trial.X, trial.y, dense(effects, theta))[2][1, 1])

    K = at.size
    hessian = np.empty((K, K))
    gradient = np.empty(K)
    e = np.diag(step)
    for i in range(K):
        gradient[i] = (variance(at + e[i]) - variance(at - e[i])) / (2 * step[i])
        for j in range(K):
            hessian[i, j] = (
                value(at + e[i] + e[j])
                - value(at + e[i] - e[j])
                - value(at - e[i] + e[j])
                + value(at - e[i] - e[j])
            ) / (4 * step[i] * step[j])
    df = variance(at) ** 2 / (gradient @ np.linalg.inv(hessian) @ gradient)
    assert fit.inference[1].satterthwaite_df == pytest.approx(df, rel=1e-3)


@pytest.mark.parametrize("names", STRUCTURES, ids="+".join)
@pytest.mark.parametrize("seed", [5, 6])
def test_small_sample_methods_follow_from_full_matrices(names: tuple[str, ...], seed: int) -> None:
    """Both methods, written with n x n matrices, at the variances that were found."""
    trial = Trial(seed=seed, clusters=6, people=4, periods=3)
    drop = np.arange(trial.y.size) % 7 != 3
    effects = [
        RandomEffect(
            one.name,
            np.unique(one.codes[drop], return_inverse=True)[1],
            None if one.slope is None else one.slope[drop],
        )
        for one in (trial.effects[name] for name in names)
    ]
    X, y = trial.X[drop], trial.y[drop]
    fit = fit_mixed_model(X, y, effects)
    at = variances_of(fit)
    K = at.size
    parts = [dense(effects, row) for row in np.eye(K)]
    inverse = np.linalg.inv(dense(effects, at))
    covariance = np.linalg.inv(X.T @ inverse @ X)
    P = inverse - inverse @ X @ covariance @ X.T @ inverse
    expected = np.array([[np.trace(P @ a @ P @ b) for b in parts] for a in parts])
    twice = np.array([[y @ P @ a @ P @ b @ P @ y for b in parts] for a in parts])
    observed = 2.0 * twice - expected
    slopes = np.array(
        [(covariance @ X.T @ inverse @ a @ inverse @ X @ covariance)[1, 1] for a in parts]
    )
    free = np.append(at[:-1] > 0.0, True)
    cut = np.ix_(free, free)
    variance = covariance[1, 1]
    satterthwaite = variance**2 / (slopes[free] @ np.linalg.inv(observed[cut]) @ slopes[free])
    W = 2.0 * np.linalg.inv(expected)
    middle = sum(
        W[i, j] * X.T @ inverse @ parts[i] @ P @ parts[j] @ inverse @ X
        for i in range(K)
        for j in range(K)
    )
    adjusted = covariance + 2.0 * covariance @ middle @ covariance
    one = fit.inference[1]
    assert one.se == pytest.approx(np.sqrt(variance), rel=1e-8)
    assert one.satterthwaite_df == pytest.approx(satterthwaite, rel=1e-6)
    assert one.kenward_roger_se == pytest.approx(np.sqrt(adjusted[1, 1]), rel=1e-8)
    assert one.kenward_roger_df == pytest.approx(2 * variance**2 / (slopes @ W @ slopes), rel=1e-6)


@pytest.mark.parametrize("names", STRUCTURES, ids="+".join)
@pytest.mark.parametrize("seed", [11, 12])
def test_no_start_finds_a_lower_criterion(names: tuple[str, ...], seed: int) -> None:
    trial = Trial(seed=seed, clusters=6, people=3, periods=3)
    effects = [trial.effects[name] for name in names]
    fit = fit_mixed_model(trial.X, trial.y, effects)
    design = prepare_design(trial.X, trial.y)
    data = cell_sums(np.column_stack([design.basis, design.residual]), effects)
    ours = profile(data, variances_of(fit)[:-1] / fit.variances["residual"]).criterion
    rng = np.random.default_rng(seed)
    for _ in range(4):
        start = 10.0 ** rng.uniform(-3, 1, len(effects))
        other = minimize(
            lambda r: profile(data, np.abs(r)).criterion,
            start,
            method="Nelder-Mead",
            options={"maxiter": 120},
        )
        assert other.fun > ours - 1e-7


def test_balanced_clusters_give_the_analysis_of_variance() -> None:
    rng = np.random.default_rng(1)
    k, n = 12, 7
    cluster = np.repeat(np.arange(k), n)
    arm = (cluster < k // 2).astype(float)
    y = arm + rng.normal(size=k)[cluster] + rng.normal(size=k * n)
    fit = fit_mixed_model(
        np.column_stack([np.ones(k * n), arm]), y, [RandomEffect("cluster", cluster)]
    )
    means = y.reshape(k, n).mean(axis=1)
    within = ((y.reshape(k, n) - means[:, None]) ** 2).sum() / (k * (n - 1))
    upper, lower = means[: k // 2], means[k // 2 :]
    between = (((upper - upper.mean()) ** 2).sum() + ((lower - lower.mean()) ** 2).sum()) / (k - 2)
    assert fit.variances["residual"] == pytest.approx(within, rel=1e-10)
    assert fit.variances["cluster"] == pytest.approx(between - within / n, rel=1e-10)
    one = fit.inference[1]
    assert one.se == pytest.approx(np.sqrt(4 * between / k), rel=1e-10)
    # The t test on cluster means is exact here, and all methods know it.
    assert one.satterthwaite_df == pytest.approx(k - 2, rel=1e-8)
    assert one.kenward_roger_df == pytest.approx(k - 2, rel=1e-8)
    assert one.kenward_roger_se == pytest.approx(one.se, rel=1e-10)


@pytest.mark.parametrize("names", STRUCTURES, ids="+".join)
def test_units_origin_and_order_of_rows_do_not_matter(names: tuple[str, ...]) -> None:
    trial = Trial(seed=7)
    effects = [trial.effects[name] for name in names]
    fit = fit_mixed_model(trial.X, trial.y, effects)
    far = fit_mixed_model(trial.X, 1e6 + 1e-2 * trial.y, effects)
    assert far.coefficients[1:] == pytest.approx(1e-2 * fit.coefficients[1:], rel=1e-6)
    for ours, theirs in zip(far.inference, fit.inference, strict=True):
        assert ours.se == pytest.approx(1e-2 * theirs.se, rel=1e-6)
        assert ours.satterthwaite_df == pytest.approx(theirs.satterthwaite_df, rel=1e-5)
        assert ours.kenward_roger_df == pytest.approx(theirs.kenward_roger_df, rel=1e-5)
    order = np.random.default_rng(2).permutation(trial.y.size)
    mixed = [
        RandomEffect(one.name, one.codes[order], None if one.slope is None else one.slope[order])
        for one in effects
    ]
    shuffled = fit_mixed_model(trial.X[order], trial.y[order], mixed)
    assert shuffled.coefficients == pytest.approx(fit.coefficients, rel=1e-9)
    assert variances_of(shuffled) == pytest.approx(variances_of(fit), rel=1e-7, abs=1e-9)


def test_a_far_covariate_is_kept_and_changes_only_the_intercept() -> None:
    trial = Trial(seed=9)
    covariate = np.random.default_rng(4).normal(size=trial.y.size)
    effects = [trial.effects["cluster"]]
    near = fit_mixed_model(np.column_stack([trial.X, covariate]), trial.y, effects)
    far = fit_mixed_model(np.column_stack([trial.X, 1e6 + 1e-2 * covariate]), trial.y, effects)
    assert far.dropped_columns == ()
    assert far.coefficients[1:5] == pytest.approx(near.coefficients[1:5], rel=1e-6)
    assert far.coefficients[5] == pytest.approx(100 * near.coefficients[5], rel=1e-6)


def test_dependent_columns_are_dropped_and_named() -> None:
    trial = Trial(seed=9)
    X = np.column_stack([trial.X, 2 * trial.treatment - 3, np.zeros(trial.y.size)])
    names = ("one", "treatment", "p2", "p3", "p4", "copy", "nothing")
    effects = [trial.effects["cluster"], trial.effects["cell"]]
    fit = fit_mixed_model(X, trial.y, effects, names)
    plain = fit_mixed_model(trial.X, trial.y, effects)
    assert fit.dropped_columns == ("copy", "nothing")
    assert fit.coefficients == pytest.approx(plain.coefficients, rel=1e-10)
    assert fit.reml_criterion == pytest.approx(plain.reml_criterion, abs=1e-9)


def test_no_difference_between_clusters_is_reported_as_singular() -> None:
    rng = np.random.default_rng(8)
    k, n = 10, 6
    cluster = np.repeat(np.arange(k), n)
    y = np.tile(rng.normal(size=n), k) + 1e-3 * rng.normal(size=k * n)
    arm = (cluster % 2).astype(float)
    fit = fit_mixed_model(
        np.column_stack([np.ones(k * n), arm]), y, [RandomEffect("cluster", cluster)]
    )
    assert fit.variances["cluster"] == 0.0
    assert fit.singular
    assert fit.inference[1].satterthwaite_df == pytest.approx(k * n - 2)
    assert fit.inference[1].kenward_roger_df < k


def test_what_cannot_be_estimated_is_refused() -> None:
    trial = Trial(seed=2)
    cluster, person = trial.effects["cluster"], trial.effects["person"]
    n = trial.y.size
    with pytest.raises(InputError, match="nothing to estimate its variance"):
        fit_mixed_model(np.eye(8)[trial.cluster], trial.y, [cluster])
    with pytest.raises(InputError, match="cannot tell their variances apart"):
        fit_mixed_model(trial.X, trial.y, [cluster, RandomEffect("again", trial.cluster)])
    with pytest.raises(InputError, match="levels for"):
        fit_mixed_model(trial.X, trial.y, [cluster, RandomEffect("row", np.arange(n))])
    with pytest.raises(InputError, match="does not vary"):
        fit_mixed_model(trial.X, 3 * trial.treatment, [cluster])
    with pytest.raises(InputError, match="must vary within groups"):
        fit_mixed_model(trial.X, trial.person * 1.0, [cluster, person])
    with pytest.raises(InputError, match="too few"):
        fit_mixed_model(trial.X[:5], trial.y[:5], [RandomEffect("c", np.array([0, 0, 1, 1, 1]))])
