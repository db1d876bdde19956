"""Likelihood, sampler and emulator against known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from calibration.evidence.targets import load_targets
from calibration.sampling.emulator import (
    Emulator,
    fit_emulator,
    implausibility,
    plausible,
    quadratic,
)
from calibration.sampling.likelihood import (
    Data,
    conditioned,
    log_events,
    log_likelihood,
    log_normal,
    make_data,
    shrunk,
)
from calibration.sampling.smc import tempered_smc
from sim.errors import InputError
from sim.learning.weights import next_temperature


def covariance(size: int, seed: int = 1) -> np.ndarray:
    root = np.random.default_rng(seed).standard_normal((size, size))
    return root @ root.T + 0.5 * np.eye(size)


def test_log_density_is_that_of_scipy() -> None:
    cov = np.stack([covariance(3, 1), covariance(3, 2)])
    mean = np.array([[0.0, 1.0, 2.0], [1.0, 0.0, -1.0]])
    value = np.array([0.3, 0.2, 0.1])
    ours = log_normal(mean, cov, value)
    for i in range(2):
        assert ours[i] == pytest.approx(multivariate_normal(mean[i], cov[i]).logpdf(value))


def test_joint_density_is_marginal_times_conditional() -> None:
    cov, mean, value = covariance(4)[None], np.zeros((1, 4)), np.array([0.5, -1.0, 0.2, 0.8])
    given, wanted = np.array([0, 2]), np.array([1, 3])
    shifted, rest = conditioned(mean, cov, wanted, given, value[given])
    parts = log_normal(mean[:, given], cov[:, given[:, None], given], value[given])
    parts = parts + log_normal(shifted, rest, value[wanted])
    assert parts == pytest.approx(log_normal(mean, cov, value))


def test_probabilities_of_significant_tests() -> None:
    cov = np.array([[[1.0, 0.6, 0.2], [0.6, 1.0, -0.3], [0.2, -0.3, 1.0]]])
    mean = np.array([[0.8, -0.4, 0.5]])
    draws = np.random.default_rng(3).multivariate_normal(mean[0], cov[0], 400_000)
    small = np.abs(draws) < 1.96
    truths = {
        0: small.all(axis=1),
        2: ~small[:, :2].all(axis=1) & small[:, 2],
        3: ~small.all(axis=1),
    }
    for some, truth in truths.items():
        assert np.exp(log_events(mean, cov, some)[0]) == pytest.approx(truth.mean(), abs=0.012)


def one_selected(selection: bool) -> Data:
    return Data(
        ("participation", "z"),
        np.array([], int),
        np.array([]),
        0,
        1.6,
        np.array([1]),
        np.array([], int),
        selection,
    )


def test_selection_takes_away_what_significance_alone_says() -> None:
    # One contrast c and its test z = c / .56: without selection a larger mean is always better up
    # to 1.6; with it part of that is explained by being reported only when significant.
    means = np.linspace(0.0, 1.6, 5)
    mean = np.stack([means, means / 0.56], axis=1)
    cov = np.array([[0.3136, 0.559], [0.559, 1.0]])
    cov = np.repeat(cov[None], 5, axis=0)
    plain = log_likelihood(mean, cov, one_selected(False))
    selected = log_likelihood(mean, cov, one_selected(True))
    assert (np.diff(plain) > 0.0).all()
    reported = 1.0 - (norm.cdf(1.96 - mean[:, 1]) - norm.cdf(-1.96 - mean[:, 1]))
    assert selected - plain == pytest.approx(-np.log(reported), abs=0.15)
    assert selected[-1] - selected[0] < plain[-1] - plain[0]


def test_a_selected_figure_is_worth_what_it_says_among_trials_that_report_it() -> None:
    # The density of c among trials with |z| > 1.96, from a million trials, against the formula.
    draws = np.random.default_rng(9)
    y, noise, extra = draws.standard_normal((3, 1_000_000))
    c = 0.4 + 0.5 * y + noise
    z = c + 0.5 * extra
    kept = np.abs(z) > 1.96
    near = np.abs(y - 0.3) < 0.1
    cov = np.cov(np.stack([y, c, z]))[None]
    mean = np.array([[0.0, 0.4, 0.4]])
    value = 2.0
    data = Data(
        ("y", "c", "z"),
        np.array([0]),
        np.array([0.3]),
        1,
        value,
        np.array([2]),
        np.array([], int),
    )
    found = log_likelihood(mean, cov, data)[0] - norm.logpdf(0.3)
    among = c[kept & near]
    assert np.exp(found) == pytest.approx((np.abs(among - value) < 0.1).mean() / 0.2, rel=0.06)
    alone = log_likelihood(mean, cov, replace(data, alone=True))[0]
    both = (np.abs(c - value) < 0.1) & near
    assert np.exp(alone) == pytest.approx((both & kept).sum() / kept.sum() / 0.2 / 0.2, rel=0.06)


def test_published_standard_errors_do_not_enter_the_likelihood() -> None:
    targets = load_targets()
    other = {name: one.model_copy(update={"se": 100.0}) for name, one in targets.items()}
    for left, right in zip(
        make_data(targets).__dict__.values(), make_data(other).__dict__.values(), strict=True
    ):
        assert np.array_equal(left, right)


def test_leaving_out_a_pattern_leaves_out_its_figures() -> None:
    less = make_data(load_targets(), without=["P4"])
    assert less.selected == -1
    assert not [name for name in less.figures if name.startswith(("participation", "z_part"))]
    with pytest.raises(InputError, match="nothing to fit"):
        make_data(load_targets(), without=["P1", "P2", "P4", "P6", "P7", "P11", "P20"])


def test_monte_carlo_error_of_the_mean_is_added_and_nothing_else() -> None:
    draws = np.random.default_rng(5).standard_normal((4, 4000, 2))
    mean, cov = shrunk(draws, None)
    assert cov[0] == pytest.approx(np.cov(draws[0].T) * (1.0 + 1.0 / 4000), rel=1e-6, abs=1e-6)
    few = draws[:, :5]
    common = np.eye(2)
    _, pulled = shrunk(few, common)
    expected = (4 * np.cov(few[0].T) + 6.0 * common) / 10.0 * 1.2
    assert pulled[0] == pytest.approx(expected, abs=1e-6)


def gaussian(z: np.ndarray, stage: str) -> np.ndarray:
    # Two observations 1.5 and -1 of the first two coordinates, SD .5 and 1.
    first = norm.logpdf(1.5, z[:, 0], 0.5)
    return np.asarray(first + norm.logpdf(-1.0, z[:, 1], 1.0))


def test_sampler_finds_the_known_posterior_and_evidence() -> None:
    sample = tempered_smc(gaussian, 3, particles=4000, length=5, seed=2)
    assert sample.scores.mean(axis=0) == pytest.approx([1.2, -0.5, 0.0], abs=0.07)
    assert sample.scores.std(axis=0) == pytest.approx([0.2**0.5, 0.5**0.5, 1.0], rel=0.06)
    evidence = norm.logpdf(1.5, 0.0, 1.25**0.5) + norm.logpdf(-1.0, 0.0, 2.0**0.5)
    assert sample.log_evidence == pytest.approx(evidence, abs=0.08)


def test_sampler_keeps_the_spread_of_what_the_data_do_not_inform() -> None:
    # Particles that stay near few ancestors would make intervals too short.
    def informed(z: np.ndarray, stage: str) -> np.ndarray:
        return np.asarray(norm.logpdf(1.0, 2.5 * z[:, 0]) + norm.logpdf(2.0, z[:, 1], 0.3))

    spreads = [
        tempered_smc(informed, 12, particles=500, length=10, seed=seed).scores[:, 2:].var(axis=0)
        for seed in range(8)
    ]
    assert np.mean(spreads) > 0.92
    assert np.mean(spreads) < 1.04


def test_temperatures_keep_the_effective_sample_size() -> None:
    values = np.random.default_rng(0).normal(0.0, 20.0, 500)
    following = next_temperature(values, 0.0, 0.5)
    weights = np.exp(following * (values - values.max()))
    weights /= weights.sum()
    assert 1.0 / (weights**2).sum() == pytest.approx(250.0, rel=0.02)
    assert next_temperature(np.zeros(10), 0.3, 0.5) == 1.0


def emulated() -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(7)
    z = draws.standard_normal((3000, 3))
    first = 2.0 + z[:, 0] - 0.5 * z[:, 1] ** 2 + np.exp(0.3 * z[:, 2]) * draws.normal(size=3000)
    return z, np.stack([first, draws.normal(size=3000)], axis=1)


def test_emulator_finds_mean_and_changing_variance() -> None:
    z, figures = emulated()
    emulator = fit_emulator(z, figures)
    points = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.5, 0.0], [0.0, 0.0, 1.0]])
    assert emulator.means(points)[:, 0] == pytest.approx([2.0, 3.0, 0.875, 2.0], abs=0.12)
    ratio = emulator.spreads(points)[3, 0] / emulator.spreads(points)[0, 0]
    assert ratio == pytest.approx(np.exp(0.3), rel=0.1)
    assert emulator.spreads(points)[:, 1] == pytest.approx(np.ones(4), abs=0.05)
    assert np.abs(emulator.means(points)[:, 1]).max() < 0.12
    fresh = np.random.default_rng(8).standard_normal((2000, 3))
    mean, cov = emulator.distribution(fresh)
    assert (np.sqrt(cov[:, 0, 0]) >= emulator.spreads(fresh)[:, 0]).all()
    assert mean.shape == (2000, 2)


def test_implausible_points_are_ruled_out() -> None:
    z, figures = emulated()
    emulator = fit_emulator(z, figures)
    data = Data(
        ("a", "b"),
        np.array([0, 1]),
        np.array([12.0, 8.0]),
        -1,
        0.0,
        np.array([], int),
        np.array([], int),
    )
    points = np.zeros((1, 3))
    assert implausibility(emulator, points, data)[0] == pytest.approx([10.0, 8.0], rel=0.12)
    assert not plausible(emulator, points, data)[0]


def test_quadratic_terms_are_orthonormal() -> None:
    terms = quadratic(np.random.default_rng(1).standard_normal((200_000, 3)))
    assert terms.T @ terms / 200_000 == pytest.approx(np.eye(10), abs=0.03)


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
