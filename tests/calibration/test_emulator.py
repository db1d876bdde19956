"""The emulator on figures whose mean, spread and correlation are known."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.sampling.emulator import (
    RIDGES,
    Emulator,
    fit_emulator,
    implausibility,
    plausible,
    quadratic,
)
from calibration.sampling.likelihood import Data

NONE = np.array([], int)


def test_the_terms_of_two_scores_by_hand() -> None:
    found = quadratic(np.array([[2.0, 3.0]]))
    root = np.sqrt(2.0)
    np.testing.assert_allclose(found, [[1.0, 2.0, 3.0, 3.0 / root, 8.0 / root, 6.0]])


def test_terms_are_orthonormal_over_the_prior() -> None:
    terms = quadratic(np.random.default_rng(1).standard_normal((200_000, 3)))
    np.testing.assert_allclose(terms.T @ terms / len(terms), np.eye(10), atol=0.03)


def simulated(n: int = 6000, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Two figures: 1 + 2 z1 + .5 He2(z2) and 3 - z2; SDs .5 exp(.2 z1) and 1, correlated at .6."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((n, 2))
    noise = rng.standard_normal((n, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    mean = np.column_stack([1.0 + 2.0 * z[:, 0] + 0.5 * quadratic(z)[:, 4], 3.0 - z[:, 1]])
    spread = np.column_stack([0.5 * np.exp(0.2 * z[:, 0]), np.ones(n)])
    return z, mean + spread * noise


@pytest.mark.parametrize("weighted", [True, False])
def test_mean_spread_and_correlation_are_found_again(weighted: bool) -> None:
    z, figures = simulated()
    found = fit_emulator(z, figures, weighted)
    expected = np.zeros((6, 2))
    expected[[0, 1, 4], 0] = [1.0, 2.0, 0.5]
    expected[[0, 2], 1] = [3.0, -1.0]
    np.testing.assert_allclose(found.mean_weights, expected, atol=0.05)
    np.testing.assert_allclose(
        found.spread_weights, [[np.log(0.5), 0.0], [0.2, 0.0], [0.0, 0.0]], atol=0.04
    )
    np.testing.assert_allclose(found.correlation, [[1.0, 0.6], [0.6, 1.0]], atol=0.03)
    # Variance of the mean 4.25 of 4.25 + .25 exp(2 x .2^2), and 1 of 2.
    np.testing.assert_allclose(
        found.explained, [4.25 / (4.25 + 0.25 * np.exp(0.08)), 0.5], atol=0.02
    )
    np.testing.assert_allclose(found.spreads(np.zeros((1, 2))), [[0.5, 1.0]], rtol=0.04)


def test_few_points_leave_the_spread_unbiased() -> None:
    """Sixty points for ten terms: the SD of what is left would be a tenth too small."""
    found = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((60, 3))
        outcome = (z @ [1.0, 1.0, 1.0] + rng.standard_normal(60))[:, None]
        found.append(fit_emulator(z, outcome).spreads(np.zeros((1, 3)))[0, 0])
    assert np.mean(found) == pytest.approx(1.0, abs=0.08)


def test_where_squares_and_products_do_nothing_they_are_shrunk() -> None:
    rng = np.random.default_rng(5)
    z = rng.standard_normal((200, 6))
    figures = (5.0 + 3.0 * z[:, 0] + rng.standard_normal(200))[:, None]
    found = fit_emulator(z, figures)
    plain = np.linalg.lstsq(quadratic(z), figures, rcond=None)[0]
    assert np.abs(found.mean_weights[7:]).max() < 0.5 * np.abs(plain[7:]).max()
    assert found.mean_weights[0, 0] == pytest.approx(5.0, abs=0.25)
    assert found.mean_weights[1, 0] == pytest.approx(3.0, abs=0.25)


def by_hat_matrix(z: np.ndarray, figure: np.ndarray, ridge: float) -> tuple[float, np.ndarray]:
    """Return the score of generalised cross-validation and the coefficients, by another way."""
    x = quadratic(z)
    curved = np.r_[np.zeros(1 + z.shape[1]), np.ones(x.shape[1] - 1 - z.shape[1])]
    unit = np.sum(x**2) / x.shape[1]
    # A ridge is so many more rows that say nought of each curved term.
    more = np.sqrt(ridge * unit) * np.diag(curved)
    coefficients = np.linalg.lstsq(
        np.vstack([x, more]), np.r_[figure, np.zeros(len(more))], rcond=None
    )[0]
    hat = x @ np.linalg.pinv(np.vstack([x, more]))[:, : len(x)]
    left = figure - hat @ figure
    return len(x) * float(left @ left) / np.trace(np.eye(len(x)) - hat) ** 2, coefficients


def test_the_ridge_is_that_of_generalised_cross_validation() -> None:
    """Figures of no, little and much curvature, each with its own ridge."""
    rng = np.random.default_rng(8)
    z = rng.standard_normal((70, 4))
    curves = quadratic(z)[:, 5:] @ rng.standard_normal((10, 24))
    figures = np.outer(z[:, 0], np.ones(24)) + np.linspace(0.0, 0.5, 24) * curves
    figures += rng.standard_normal((70, 24))
    found = fit_emulator(z, figures, weighted=False).mean_weights
    best = []
    for column in range(24):
        tried = [by_hat_matrix(z, figures[:, column], ridge) for ridge in RIDGES]
        best.append(int(np.argmin([score for score, _ in tried])))
        np.testing.assert_allclose(found[:, column], tried[best[-1]][1], atol=1e-6)
    assert len(set(best)) >= 5
    # From none to ten times what the data say, each ten times that two before it.
    assert RIDGES[0] == 0.0
    assert RIDGES[1:3] == (0.01, 0.03)
    assert RIDGES[3:] == pytest.approx([10.0 * one for one in RIDGES[1:-2]])


@pytest.mark.parametrize("weighted", [True, False])
def test_what_is_left_has_the_variance_of_its_degrees_of_freedom(weighted: bool) -> None:
    """Curves far above the noise need no ridge: ten terms of sixty points are lost."""
    rng = np.random.default_rng(9)
    z = rng.standard_normal((60, 3))
    figures = quadratic(z) @ (100.0 * rng.standard_normal((10, 2))) + rng.standard_normal((60, 2))
    found = fit_emulator(z, figures, weighted)
    left = (figures - found.means(z)) / found.spreads(z)
    assert (left**2).mean(axis=0) == pytest.approx(1.0 - 10.0 / 60.0, rel=1e-6)
    # Leverages of points that weigh alike sum to the number of terms.
    terms = quadratic(z)
    leverage = ((terms @ found.inverse) * terms).sum(axis=1)
    assert leverage.sum() == pytest.approx(10.0, rel=0.2 if weighted else 1e-6)


def test_the_units_of_one_figure_do_not_weigh_on_another() -> None:
    z, figures = simulated(300)
    found = fit_emulator(z, figures).mean_weights
    other = fit_emulator(z, figures * [1.0, 1000.0]).mean_weights
    np.testing.assert_allclose(other / [1.0, 1000.0], found, atol=1e-9)


def test_a_spread_that_grows_fast_is_followed() -> None:
    """An SD of exp(.8 z): half of the slope of the log of squares."""
    rng = np.random.default_rng(10)
    z = rng.standard_normal((6000, 1))
    figures = np.exp(0.8 * z) * rng.standard_normal((6000, 1))
    for weighted in (True, False):
        found = fit_emulator(z, figures, weighted).spread_weights[:, 0]
        assert found == pytest.approx([0.0, 0.8], abs=0.05)


def test_rows_with_a_missing_figure_are_left_out() -> None:
    z, figures = simulated(300)
    holed = np.concatenate([figures, [[np.nan, 1.0]]])
    found = fit_emulator(np.concatenate([z, [[9.0, 9.0]]]), holed)
    np.testing.assert_array_equal(found.mean_weights, fit_emulator(z, figures).mean_weights)


def by_hand(leverage: float = 0.0) -> Emulator:
    """Figures of mean z and 2, SD 1 and e, uncorrelated."""
    mean_weights = np.array([[0.0, 2.0], [1.0, 0.0], [0.0, 0.0]])
    spread_weights = np.array([[0.0, 1.0], [0.0, 0.0]])
    inverse = np.zeros((3, 3))
    inverse[0, 0] = leverage
    return Emulator(mean_weights, spread_weights, np.eye(2), inverse, np.ones(2))


def test_the_distribution_holds_the_uncertainty_of_the_mean() -> None:
    mean, cov = by_hand(3.0).distribution(np.array([[0.5], [1.0]]))
    np.testing.assert_allclose(mean, [[0.5, 2.0], [1.0, 2.0]])
    np.testing.assert_allclose(cov[0], [[4.0, 0.0], [0.0, 4.0 * np.e**2]])


def test_points_stay_below_three_standard_deviations() -> None:
    data = Data(("a", "b"), np.array([0]), np.array([0.0]), -1, 0.0, NONE, NONE)
    z = np.array([[2.9], [-2.9], [3.1], [-3.1]])
    np.testing.assert_allclose(implausibility(by_hand(), z, data)[:, 0], np.abs(z[:, 0]))
    assert plausible(by_hand(), z, data).tolist() == [True, True, False, False]
    # With a mean as unsure as a trial, distances are shorter by the root of two.
    assert plausible(by_hand(1.0), z, data).all()
    assert plausible(by_hand(), z, data, cut=2.0).tolist() == [False] * 4


def test_a_selected_contrast_counts_as_a_target() -> None:
    data = Data(("a", "b"), np.array([0]), np.array([0.0]), 1, 2.0 + 3.5 * np.e, NONE, NONE)
    found = implausibility(by_hand(), np.array([[1.0]]), data)
    np.testing.assert_allclose(found, [[1.0, 3.5]])
    assert not plausible(by_hand(), np.array([[1.0]]), data).any()
    first = Data(("a", "b"), np.array([1]), np.array([2.0]), 0, 4.0, NONE, NONE)
    np.testing.assert_allclose(implausibility(by_hand(), np.array([[1.0]]), first), [[0.0, 3.0]])


def test_many_points_are_looked_at_piece_by_piece_and_none_is_lost() -> None:
    data = Data(("a", "b"), np.array([0]), np.array([0.0]), -1, 0.0, NONE, NONE)
    z = np.linspace(0.0, 1.0, 10_003)[:, None]
    np.testing.assert_allclose(implausibility(by_hand(), z, data)[:, 0], z[:, 0], atol=1e-12)


def test_leverage_widens_what_the_emulator_says_worked_by_hand() -> None:
    # One score, terms 1, z, (z^2 - 1) / sqrt 2. At z = 1: leverage 0.1 + 0.2 = 0.3; the spread of a
    # trial is e^0.5, the mean 2 + 3.
    emulator = Emulator(
        mean_weights=np.array([[2.0], [3.0], [0.0]]),
        spread_weights=np.array([[0.2], [0.3]]),
        correlation=np.eye(1),
        inverse=np.diag([0.1, 0.2, 0.4]),
        explained=np.ones(1),
    )
    at = np.array([[1.0]])
    mean, cov = emulator.distribution(at)
    assert float(mean[0, 0]) == pytest.approx(5.0)
    assert float(cov[0, 0, 0]) == pytest.approx(np.e * 1.3)
    data = Data(
        ("a",), np.array([0]), np.array([6.0]), -1, 0.0, np.array([], int), np.array([], int)
    )
    assert float(implausibility(emulator, at, data)[0, 0]) == pytest.approx(
        1.0 / np.sqrt(np.e * 1.3)
    )
    # At z = 2 the square counts: (4 - 1)^2 / 2 = 4.5.
    _, further = emulator.distribution(np.array([[2.0]]))
    assert float(further[0, 0, 0]) == pytest.approx(np.exp(1.6) * (1.0 + 0.1 + 0.8 + 1.8))
