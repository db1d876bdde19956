"""Fits of other covariances than independent effects, against whole matrices of the rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.fits import structured_model
from sim.trials.fits.covariance_parts import Decay, Effects, Residual
from sim.trials.fits.structured_model import Structure, StructuredFit, fit_structured_model

TEAM = np.repeat(np.arange(10), [5, 6, 4, 6, 5, 6, 6, 3, 6, 5])
N = TEAM.size
WAVE = np.concatenate([np.arange(float(one)) for one in np.bincount(TEAM)])
ARM = TEAM % 2
X = np.column_stack([np.ones(N), ARM, WAVE]).astype(float)
WEIGHT = 1.0 + np.arange(N) % 3
SAME = np.equal.outer(TEAM, TEAM)
LAG = np.abs(np.subtract.outer(WAVE, WAVE))
NOBODY = np.zeros(N, int)


def outcome() -> np.ndarray:
    """Return an outcome with every kind of covariance in it."""
    rng = np.random.default_rng(21)
    level = rng.normal(size=10)[TEAM] + 0.6 * rng.normal(size=10)[TEAM] * WAVE
    fading = np.linalg.cholesky(SAME * 0.5**LAG + 1e-9 * np.eye(N)) @ rng.normal(size=N)
    return np.asarray(30.0 + 3.0 * (level + 2.0 * fading + (1.0 + 0.6 * ARM) * rng.normal(size=N)))


Y = outcome()


def of_slopes(v: np.ndarray) -> np.ndarray:
    """Return the covariance of correlated intercepts and slopes."""
    z = np.column_stack([np.ones(N), WAVE])
    G = np.array([[v[0], v[1]], [v[1], v[2]]])
    return np.asarray(SAME * (z @ G @ z.T) + v[3] * np.eye(N))


def of_fading(v: np.ndarray) -> np.ndarray:
    """Return that of levels that fade, with weighed residuals of two groups."""
    residual = np.where(ARM == 0, v[2], v[3]) / WEIGHT
    return np.asarray(v[0] * SAME * v[1] ** LAG + np.diag(residual))


def of_ar1(v: np.ndarray) -> np.ndarray:
    """Return that of lasting levels and residuals correlated over time."""
    return np.asarray(SAME * (v[0] + v[1] * v[2] ** LAG))


PLAIN = Residual(NOBODY, ("residual",), np.ones(N))
STRUCTURES: dict[str, tuple[Structure, Callable[[np.ndarray], np.ndarray]]] = {
    "slopes": (
        Structure((Effects(TEAM, np.column_stack([np.ones(N), WAVE]), ("a", "b")),), PLAIN),
        of_slopes,
    ),
    "fading": (
        Structure((Decay(TEAM, WAVE, "team"),), Residual(ARM, ("none", "arm"), WEIGHT)),
        of_fading,
    ),
    "ar1": (
        Structure(
            (Effects(TEAM, np.ones((N, 1)), ("team",)),),
            Residual(NOBODY, ("residual",), np.ones(N), TEAM, WAVE, whole_lags=True),
        ),
        of_ar1,
    ),
}


def criterion(V: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Return -2 log restricted likelihood, coefficients and their covariance."""
    inverse = np.linalg.inv(V)
    covariance = np.linalg.inv(X.T @ inverse @ X)
    beta = covariance @ X.T @ inverse @ Y
    left = Y - X @ beta
    logs = np.linalg.slogdet(V)[1] - np.linalg.slogdet(covariance)[1]
    value = (N - 3) * np.log(2.0 * np.pi) + logs + left @ inverse @ left
    return float(value), beta, covariance


@pytest.fixture(scope="module", params=list(STRUCTURES))
def fitted(
    request: pytest.FixtureRequest,
) -> tuple[StructuredFit, Callable[[np.ndarray], np.ndarray]]:
    structure, covariance = STRUCTURES[request.param]
    return fit_structured_model(X, Y, structure, ("one", "arm", "wave")), covariance


def test_it_is_the_minimum_of_the_directly_written_criterion(
    fitted: tuple[StructuredFit, Callable[[np.ndarray], np.ndarray]],
) -> None:
    fit, covariance = fitted
    at = np.array(list(fit.variances.values()))
    value, beta, spread = criterion(covariance(at))
    assert fit.converged
    assert not fit.singular
    assert (fit.n_obs, fit.names, fit.n_levels[next(iter(fit.variances))]) == (
        N,
        ("one", "arm", "wave"),
        10,
    )
    assert fit.reml_criterion == pytest.approx(value, abs=1e-8)
    assert fit.coefficients == pytest.approx(beta)
    assert fit.covariance == pytest.approx(spread)
    whole = covariance(at)
    for rows, block in zip(fit.blocks, fit.covariances, strict=True):
        assert block == pytest.approx(whole[np.ix_(rows, rows)])
    for step in np.diag(0.01 * at):
        assert min(criterion(covariance(at + s * step))[0] for s in (-1, 1)) > value


def test_degrees_of_freedom_follow_from_differences_and_whole_matrices(
    fitted: tuple[StructuredFit, Callable[[np.ndarray], np.ndarray]],
) -> None:
    fit, covariance = fitted
    at = np.array(list(fit.variances.values()))
    K, steps = at.size, np.diag(1e-3 * np.abs(at))
    V = covariance(at)
    inverse = np.linalg.inv(V)
    C = criterion(V)[2]
    P = inverse - inverse @ X @ C @ X.T @ inverse
    slopes = [(covariance(at + one) - covariance(at - one)) / (2.0 * one.sum()) for one in steps]
    hessian = np.empty((K, K))
    for i, j in np.ndindex(K, K):
        a, b = steps[i], steps[j]
        corners = sum(s * t * criterion(covariance(at + s * a + t * b))[0]
                      for s in (1, -1) for t in (1, -1))  # fmt: skip
        hessian[i, j] = corners / (4.0 * a.sum() * b.sum())
    expected = np.array([[np.trace(P @ a @ P @ b) for b in slopes] for a in slopes])
    W = 2.0 * np.linalg.inv(expected)
    middle = sum(
        W[i, j] * X.T @ inverse @ slopes[i] @ P @ slopes[j] @ inverse @ X
        for i in range(K)
        for j in range(K)
    )
    adjusted = C + 2.0 * C @ middle @ C
    for k, one in enumerate(fit.inference):
        g = np.array([(C @ X.T @ inverse @ s @ inverse @ X @ C)[k, k] for s in slopes])
        assert one.se == pytest.approx(np.sqrt(C[k, k]))
        assert one.kenward_roger_se == pytest.approx(np.sqrt(adjusted[k, k]), rel=1e-4)
        wanted = C[k, k] ** 2 / (g @ np.linalg.inv(hessian) @ g)
        assert one.satterthwaite_df == pytest.approx(wanted, rel=5e-3)
        assert one.kenward_roger_df == pytest.approx(2.0 * C[k, k] ** 2 / (g @ W @ g), rel=1e-4)


def test_slopes_of_the_criterion_are_its_differences() -> None:
    structure = STRUCTURES["fading"][0]
    for restricted in (True, False):
        found = structured_model._Criterion(X, Y / 10.0, structure, restricted)
        free = np.array([0.7, 0.4, -0.2, 0.3])
        value, slope = found.free(free)
        ends = [found.free(free + s * one) for one in 1e-5 * np.eye(4) for s in (1, -1)]
        numeric = [(a[0] - b[0]) / 2e-5 for a, b in zip(ends[::2], ends[1::2], strict=True)]
        assert slope == pytest.approx(np.array(numeric), rel=1e-5, abs=1e-5)
        bends = [(a[1] - b[1]) / 2e-5 for a, b in zip(ends[::2], ends[1::2], strict=True)]
        some = np.array([True, True, False, True])
        got = found.curvature(free, some)
        assert got == pytest.approx(np.array(bends)[np.ix_(some, some)], rel=1e-4, abs=1e-4)
        # The criterion itself, of these parameters.
        V = of_fading(found.parameters(free))
        inverse = np.linalg.inv(V)
        information = X.T @ inverse @ X
        left = Y / 10.0 - X @ np.linalg.solve(information, X.T @ inverse @ (Y / 10.0))
        wanted = np.linalg.slogdet(V)[1] + left @ inverse @ left
        wanted += (N - 3 * restricted) * np.log(2.0 * np.pi)
        wanted += restricted * np.linalg.slogdet(information)[1]
        assert value == pytest.approx(wanted)
    # Where a covariance is not positive definite no search goes on.
    assert found.free(np.array([0.7, 40.0, -30.0, -30.0]))[0] == 1e300


def test_rows_that_no_part_links_are_blocks_of_their_own() -> None:
    alone = Structure((), PLAIN)
    assert [one.tolist() for one in alone.blocks()] == [[row] for row in range(N)]
    two = Structure((Effects(TEAM // 4, np.ones((N, 1)), ("site",)),), PLAIN)
    assert [one.size for one in two.blocks()] == [21, 20, 11]
    crossed = Residual(NOBODY, ("residual",), np.ones(N), WAVE.astype(int), 0.0 * WAVE)
    assert [one.size for one in Structure(two.effects, crossed).blocks()] == [N]


def test_too_many_rows_in_a_block_are_refused() -> None:
    many = np.zeros(2501, int)
    residual = Residual(many, ("residual",), np.ones(2501))
    effects = (Effects(many, np.ones((2501, 1)), ("site",)),)
    with pytest.raises(InputError, match=r"2501 rows hang together .*\(at most 2500"):
        Structure(effects, residual).blocks()
    most = Residual(many[1:], ("residual",), np.ones(2500))
    assert len(Structure((Effects(many[1:], np.ones((2500, 1)), ("g",)),), most).blocks()) == 1


def test_what_cannot_be_fitted_is_refused() -> None:
    few = Structure((), Residual(NOBODY[:4], ("residual",), np.ones(4)))
    with pytest.raises(InputError, match="4 complete rows are too few for 3 coefficients"):
        fit_structured_model(X[3:7], Y[3:7], few)
    seven = Structure((), Residual(NOBODY[:7], ("residual",), np.ones(7)))
    enough = Structure((), Residual(NOBODY[:5], ("residual",), np.ones(5)))
    fit = fit_structured_model(X[2:7], Y[2:7], enough)
    assert fit.variances["residual"] > 0.0
    assert fit.names == ("x1", "x2", "x3")
    with pytest.raises(InputError, match="does not vary beyond the fixed part"):
        fit_structured_model(X, 3.0 * ARM - WAVE, Structure((), PLAIN))
    twice = fit_structured_model(np.column_stack([X, 2.0 * ARM])[2:9], Y[2:9], seven)
    assert twice.dropped_columns == ("x4",)
