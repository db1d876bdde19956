"""What every linear mixed model answers, where analysis of variance has it in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.covariance_parts import Effects, Residual
from sim.trials.fits.linear_fit import LinearFit
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.fits.structured_model import Structure, fit_structured_model

CLUSTERS, PEOPLE = 9, 4
N = CLUSTERS * PEOPLE
CLUSTER = np.repeat(np.arange(CLUSTERS), PEOPLE)
ARM = np.arange(CLUSTERS) % 3
X = np.column_stack([np.ones(N), ARM[CLUSTER] == 1, ARM[CLUSTER] == 2]).astype(float)


def outcome() -> np.ndarray:
    """Return an outcome of three arms whose clusters differ."""
    rng = np.random.default_rng(5)
    level = 40.0 + 5.0 * ARM + 6.0 * rng.normal(size=CLUSTERS)
    return np.asarray(level[CLUSTER] + 4.0 * rng.normal(size=N))


Y = outcome()
MEANS = Y.reshape(CLUSTERS, PEOPLE).mean(axis=1)
OF_ARMS = np.array([MEANS[one == ARM].mean() for one in range(3)])
WITHIN = float(((Y - MEANS[CLUSTER]) ** 2).sum())
BETWEEN = float(PEOPLE * ((MEANS - OF_ARMS[ARM]) ** 2).sum())


@pytest.fixture(scope="module", params=["independent", "structured"])
def fit(request: pytest.FixtureRequest) -> LinearFit:
    """The model with a random intercept, in either form."""
    if request.param == "independent":
        return fit_mixed_model(X, Y, [RandomEffect("cluster", CLUSTER)])
    part = Effects(CLUSTER, np.ones((N, 1)), ("cluster",))
    residual = Residual(np.zeros(N, int), ("residual",), np.ones(N))
    return fit_structured_model(X, Y, Structure((part,), residual))


def deviance(fitted: np.ndarray) -> float:
    """Return -2 log likelihood at its maximum, for given means of clusters."""
    between = PEOPLE * float(((MEANS - fitted) ** 2).sum())
    free = CLUSTERS * (PEOPLE - 1)
    logs = free * np.log(WITHIN / free) + CLUSTERS * np.log(between / CLUSTERS)
    return float(logs + N * (np.log(2.0 * np.pi) + 1.0))


def test_the_likeliest_fit_with_contrasts_held(fit: LinearFit) -> None:
    free = fit.likeliest(np.zeros((0, 3)), np.zeros(0))
    assert free.deviance == pytest.approx(deviance(OF_ARMS[ARM]), abs=1e-6)
    assert free.coefficients == pytest.approx([OF_ARMS[0], *(OF_ARMS[1:] - OF_ARMS[0])], rel=1e-6)
    # The second arm held at 1.5 above the first: both tell the level of the first.
    level = (OF_ARMS[0] + OF_ARMS[1] - 1.5) / 2.0
    held = np.array([level, level + 1.5, OF_ARMS[2]])
    for near in (None, free):
        found = fit.likeliest(np.array([[0.0, 1.0, 0.0]]), np.array([1.5]), near)
        assert found.deviance == pytest.approx(deviance(held[ARM]), abs=1e-6)
        assert found.coefficients == pytest.approx([level, 1.5, held[2] - level], rel=1e-6)
    every = fit.likeliest(np.eye(3)[1:], np.zeros(2))
    assert every.deviance == pytest.approx(deviance(np.full(9, OF_ARMS.mean())), abs=1e-6)
    whole = fit.likeliest(np.eye(3), np.array([41.0, 2.0, 4.0]))
    assert whole.coefficients == pytest.approx([41.0, 2.0, 4.0])
    assert whole.deviance == pytest.approx(deviance(np.array([41.0, 43.0, 45.0])[ARM]), abs=1e-6)


def test_the_test_of_all_arms_is_the_f_test_of_cluster_means(fit: LinearFit) -> None:
    df = CLUSTERS - 3
    f = 3 * PEOPLE * float(((OF_ARMS - OF_ARMS.mean()) ** 2).sum()) / 2.0 / (BETWEEN / df)
    told = fit.joint_tests(np.eye(3)[1:])
    assert set(told) == {"kenward_roger", "satterthwaite"}
    for one in told.values():
        assert one.f == pytest.approx(f, rel=1e-6)
        assert (one.df1, one.df2) == (2, pytest.approx(df, rel=1e-4))
        assert one.p == pytest.approx(stats.f.sf(f, 2, df), rel=1e-4)


def test_contrasts_are_differences_of_arms(fit: LinearFit) -> None:
    (estimate, one), (level, other) = fit.contrasts(np.array([[0.0, -1.0, 1.0], [1.0, 0.5, 0.5]]))
    assert estimate == pytest.approx(OF_ARMS[2] - OF_ARMS[1])
    assert level == pytest.approx((OF_ARMS[1] + OF_ARMS[2]) / 2.0)
    square = BETWEEN / (CLUSTERS - 3) / (3 * PEOPLE)
    for found, variance in ((one, 2.0 * square), (other, square / 2.0)):
        assert (found.se, found.kenward_roger_se) == pytest.approx((variance**0.5,) * 2, rel=1e-5)
        assert found.satterthwaite_df == pytest.approx(6.0, rel=1e-4)
        assert found.kenward_roger_df == pytest.approx(6.0, rel=1e-4)


def test_clusters_of_other_sizes_have_the_coefficients_of_least_squares_by_their_covariance() -> (
    None
):
    """At the ratio of variances that is likeliest: by whole matrices, and no other is likelier."""
    kept = np.arange(N) % 7 != 2
    own = np.arange(N) % 7 > 3
    x = np.column_stack([X, own])[kept].astype(float)
    y, cluster = Y[kept], CLUSTER[kept]
    n = y.size

    def profiled(ratio: float, x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
        V = np.eye(n) + ratio * np.equal.outer(cluster, cluster)
        inverse = np.linalg.inv(V)
        beta = np.linalg.solve(x.T @ inverse @ x, x.T @ inverse @ y)
        left = y - x @ beta
        variance = left @ inverse @ left / n
        value = n * (1.0 + np.log(2.0 * np.pi * variance)) + np.linalg.slogdet(V)[1]
        return float(value), beta

    fit = fit_mixed_model(x, y, [RandomEffect("cluster", cluster)])
    for rows, held in ((np.zeros((0, 4)), []), (np.eye(4)[3:], [2.0])):
        found = fit.likeliest(rows, np.array(held))
        free = 4 - len(held)
        left = y - x[:, free:] @ np.array(held)
        ratio = float(found.at[0])
        value, beta = profiled(ratio, x[:, :free], left)
        assert found.coefficients == pytest.approx([*beta, *held])
        assert found.deviance == pytest.approx(value, abs=1e-8)
        assert min(profiled(ratio * f, x[:, :free], left)[0] for f in (0.99, 1.01)) > value
