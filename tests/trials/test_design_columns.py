"""The fixed part prepared: its basis, its coefficients, and the columns that are left out."""

from __future__ import annotations

import numpy as np
import pytest

from sim.trials.fits.design_columns import constant_column, independent_columns, prepare_design


def columns(seed: int = 1, n: int = 12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.column_stack([np.ones(n), rng.normal(5.0, 2.0, n), rng.normal(size=n) - 40.0])


@pytest.mark.parametrize("level", [1.0, -3.0])
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (1, 2, 0)])
def test_coefficients_are_those_of_least_squares(order: tuple[int, ...], level: float) -> None:
    X = columns()[:, order]
    X[:, order.index(0)] *= level
    y = X @ np.array([2.0, -1.0, 0.5]) + np.random.default_rng(2).normal(size=12)
    found = prepare_design(X, y)
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    assert found.kept.tolist() == [0, 1, 2]
    assert found.least_squares == pytest.approx(beta, rel=1e-10)
    assert found.residual == pytest.approx(y - X @ beta, abs=1e-12)
    assert found.basis.T @ found.basis == pytest.approx(np.eye(3), abs=1e-15)
    assert X @ found.to_coefficients == pytest.approx(found.basis, abs=1e-12)
    assert found.log_determinant == pytest.approx(np.linalg.slogdet(X.T @ X)[1], abs=1e-9)


def test_without_a_constant_nothing_is_centred() -> None:
    X, y = columns()[:, 1:], np.arange(12.0) + 3.0
    found = prepare_design(X, y)
    assert found.least_squares == pytest.approx(np.linalg.lstsq(X, y, rcond=None)[0])
    assert found.log_determinant == pytest.approx(np.linalg.slogdet(X.T @ X)[1])
    assert X @ found.to_coefficients == pytest.approx(found.basis, abs=1e-13)


def test_the_digits_of_a_large_response_are_kept() -> None:
    """Dates as numbers, and an outcome of 1e9 that varies by one."""
    rng = np.random.default_rng(3)
    small, noise = rng.normal(size=40), rng.normal(size=40)
    X = np.column_stack([np.ones(40), 1e9 + small])
    found = prepare_design(X, 1e9 + noise)
    slope = np.polyfit(X[:, 1] - 1e9, (1e9 + noise) - 1e9, 1)[0]
    assert found.least_squares[1] == pytest.approx(slope, rel=1e-6)


def test_columns_that_add_nothing_are_left_out() -> None:
    X = columns()
    both = np.column_stack([X, X[:, 1] + X[:, 2], 2.0 * X[:, 1] - 7.0, np.zeros(12)])
    assert prepare_design(both, X[:, 1] ** 2).kept.tolist() == [0, 1, 2]
    # A column that repeats the constant gives way to it, wherever it stands, however it rounds.
    rounded = np.where(np.arange(12) % 2 == 0, 0.1 + 0.2, 0.3)
    assert prepare_design(np.column_stack([rounded, X]), X[:, 1] ** 2).kept.tolist() == [1, 2, 3]
    assert prepare_design(X[:, [1, 0, 0]], X[:, 1] ** 2).kept.tolist() == [0, 1]


@pytest.mark.parametrize(("share", "kept"), [(0.9e-7, [0]), (1.1e-7, [0, 1])])
def test_a_column_must_leave_a_ten_millionth(share: float, kept: list[int]) -> None:
    first, other = np.array([1.0, 0.0, 0.0]), np.array([0.0, 3.0, 0.0])
    column = 1e4 * (first + share * other / 3.0)
    assert independent_columns(np.column_stack([1e3 * first, column])).tolist() == kept
    assert independent_columns(np.column_stack([0.0 * first, column])).tolist() == [1]


def test_which_column_is_constant() -> None:
    X = columns()
    assert constant_column(X) == 0
    assert constant_column(X[:, [1, 2, 0]]) == 2
    assert constant_column(X[:, 1:]) == -1
    assert constant_column(np.zeros((3, 2))) == -1
    assert constant_column(np.array([[0.0, -1.0], [0.0, -1.0]])) == 1
    assert constant_column(X[:0]) == -1
