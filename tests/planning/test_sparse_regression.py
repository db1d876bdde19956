"""The regression behind the worth of knowing, against SciPy and least squares."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from sim.planning.sparse_regression import Fit, fitted, normal_scores


def test_scores_of_five_values_are_those_of_a_table_of_the_normal_curve() -> None:
    found = normal_scores(np.array([[30.0], [10.0], [20.0], [50.0], [40.0]]))[:, 0]
    np.testing.assert_allclose(found, norm.ppf([0.5, 0.1, 0.3, 0.9, 0.7]), atol=1e-12)


@pytest.mark.parametrize(
    ("wave", "coefficient"),
    [
        (lambda x: x, 1.0),
        (lambda x: x**2 - 1.0, np.sqrt(2.0)),
        (lambda x: x**3 - 3.0 * x, np.sqrt(6.0)),
    ],
)
def test_each_hermite_polynomial_enters_alone_and_scaled_to_variance_one(
    wave: object, coefficient: float
) -> None:
    x = normal_scores(np.random.default_rng(1).random((400, 3)))
    assert callable(wave)
    found = fitted(2.0 + wave(x[:, 1]), x)
    np.testing.assert_allclose(found.coefficients, [2.0, coefficient], atol=1e-8)
    np.testing.assert_allclose(found.values, 2.0 + wave(x[:, 1]), atol=1e-8)


def test_a_degree_of_four_is_not_sought() -> None:
    x = normal_scores(np.random.default_rng(1).random((400, 1)))
    assert fitted(x[:, 0] ** 4, x).inputs.shape[1] < 5


def test_a_term_enters_from_the_price_of_the_criterion_on() -> None:
    """n ln(RSS0 / RSS1) against ln n + 2 ln(terms): just under and just over, by construction."""
    draws = 200
    x = normal_scores(np.random.default_rng(2).random((draws, 2)))
    powers = np.column_stack(
        [np.ones(draws), x, x**2, x**3, np.random.default_rng(3).random((draws, 1))]
    )
    basis = np.linalg.qr(powers)[0]
    noise = basis[:, -1]  # Goes with none of the terms
    price = np.log(draws) + 2.0 * np.log(6.0)
    line = x[:, 0] / np.sqrt(x[:, 0] @ x[:, 0])
    for extra, terms in ((-0.01, 1), (0.01, 2)):
        size = np.sqrt(np.exp((price + extra) / draws) - 1.0)
        assert len(fitted(noise + size * line, x).coefficients) == terms


def test_few_draws_let_one_term_in_for_every_ten() -> None:
    x = normal_scores(np.random.default_rng(4).random((39, 8)))
    outcome = x @ 3.0 ** -np.arange(8)
    assert len(fitted(outcome, x).coefficients) == 1 + 3
    assert fitted(outcome[:9], x[:9]).flat
    many = normal_scores(np.random.default_rng(4).random((400, 20)))
    assert len(fitted(many.sum(axis=1), many).coefficients) == 1 + 15


def test_a_constant_outcome_and_a_constant_input_let_nothing_in() -> None:
    x = normal_scores(np.random.default_rng(5).random((50, 2)))
    assert fitted(np.full(50, 3.0), x).flat
    assert fitted(np.arange(50.0), np.zeros((50, 1))).flat


def test_a_fit_on_some_draws_is_asked_about_all() -> None:
    x = normal_scores(np.random.default_rng(6).random((200, 2)))
    outcome = 1.0 + 2.0 * x[:, 0]
    half = np.arange(200) < 100
    spoilt = np.where(half, outcome, 99.0)
    found = fitted(spoilt, x, half)
    np.testing.assert_allclose(found.values, outcome, atol=1e-8)
    assert len(found.residual) == 100


def test_a_product_enters_after_both_of_its_inputs() -> None:
    x = normal_scores(np.random.default_rng(7).random((300, 2)))
    product = 3.0 * x[:, 0] + 2.0 * x[:, 1] + x[:, 0] * x[:, 1]
    found = fitted(product, x)
    np.testing.assert_allclose(found.coefficients, [0.0, 3.0, 2.0, 1.0], atol=1e-8)


def test_samples_have_the_covariance_of_least_squares() -> None:
    """Mean of four draws: SD of the residual over the root of 4, with 3 degrees of freedom."""
    ones = np.ones((4, 1))
    fit = Fit(ones, ones, np.array([5.0]), np.array([1.0, -1.0, 1.0, -1.0]))
    assert fit.free == 3
    found = fit.sampled(np.array([[1.0, 1.0, 1.0, 1.0], [2.0, 0.0, 0.0, 0.0]]))
    sd = np.sqrt(4.0 / 3.0)
    np.testing.assert_allclose(found, [[5.0 + sd] * 4, [5.0 + 0.5 * sd] * 4])
    assert Fit(ones[:1], ones[:1], np.array([5.0]), np.array([0.0])).free == 1
