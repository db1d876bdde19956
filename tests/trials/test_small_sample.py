"""Satterthwaite's and Kenward and Roger's methods: by hand, by whole matrices, and as in R."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.trials.fits.cell_sums import RandomEffect, cell_sums
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.fits.reml import mean_square, minimise, profile
from sim.trials.fits.small_sample import (
    Moments,
    contrast_inference,
    inference_of,
    inverse_of,
    joint_tests,
    small_sample_moments,
)

HAND = Moments(
    covariance=np.diag([4.0, 1.0]),
    adjusted=np.diag([9.0, 1.0]),
    derivatives=np.array([[[0.5, 0.0], [0.0, 0.0]], [[0.25, 0.0], [0.0, 1.0]]]),
    active=np.array([True, True]),
    observed=np.diag([2.0, 1.0]),
    expected=np.diag([3.0, 8.0]),
)


def test_a_contrast_by_hand() -> None:
    """Variance 4; its slopes 16 / 2 and 16 / 4, spreads 2 x 64 + 16 and 3 x 64 + 8 x 16."""
    (one,) = inference_of(HAND, np.array([[1.0, 0.0]]), 9.0)
    assert one.se == pytest.approx(6.0)
    assert one.satterthwaite_df == pytest.approx(16.0 / 144.0)
    assert one.kenward_roger_se == pytest.approx(9.0)
    assert one.kenward_roger_df == pytest.approx(2.0 * 16.0 / 320.0)
    # A variance of zero is left out of the first method alone.
    some = HAND._replace(active=np.array([True, False]), observed=np.array([[2.0]]))
    (one,) = inference_of(some, np.array([[1.0, 0.0]]), 1.0)
    assert one.satterthwaite_df == pytest.approx(16.0 / 128.0)
    assert one.kenward_roger_df == pytest.approx(0.1)
    # However well variances are known.
    sure = HAND._replace(observed=HAND.observed * 1e-9, expected=HAND.expected * 1e-9)
    (one,) = inference_of(sure, np.array([[1.0, 0.0]]), 9.0)
    assert one.satterthwaite_df == pytest.approx(1e9 * 16.0 / 144.0)
    assert one.kenward_roger_df == pytest.approx(1e8)
    two = inference_of(HAND, np.array([[0.0, 2.0], [1.0, 1.0]]), 1.0)
    assert [found.se for found in two] == pytest.approx([2.0, 5.0**0.5])


def test_nothing_that_varies_has_no_degrees_of_freedom() -> None:
    flat = HAND._replace(derivatives=np.zeros((2, 2, 2)), adjusted=np.diag([-1.0, 1.0]))
    (one,) = inference_of(flat, np.array([[1.0, 0.0]]), 9.0)
    assert np.isnan([one.satterthwaite_df, one.kenward_roger_df]).all()
    assert (one.se, one.kenward_roger_se) == (6.0, 0.0)


def test_inverses_do_not_depend_on_units() -> None:
    near = np.array([[1.0, 0.999], [0.999, 1.0]])
    units = np.diag([1e-9, 1e6])
    assert inverse_of(near) @ near == pytest.approx(np.eye(2), abs=1e-10)
    back = np.diag([1e9, 1e-6])
    wanted = back @ np.linalg.inv(near) @ back
    assert inverse_of(units @ near @ units) == pytest.approx(wanted, rel=1e-9)
    assert inverse_of(np.diag([-1e-20, 1.0])) == pytest.approx(np.diag([-1e20, 1.0]))
    assert inverse_of(np.ones((2, 2))) == pytest.approx(np.full((2, 2), 0.25))
    assert inverse_of(np.diag([4.0, 0.0])).tolist() == [[0.25, 0.0], [0.0, 0.0]]


def of_dfs(*dfs: float) -> Moments:
    """Return moments whose contrasts have these degrees of freedom, and variances 1, 2, ..."""
    count = len(dfs)
    sizes = np.arange(1.0, count + 1.0)
    slopes = np.zeros((count, count, count))
    for k in range(count):
        slopes[k, k, k] = 1.0
    # g = size^2 in its own component: df = size^2 / (size^4 v), so v = 1 / (size^2 df).
    spread = np.diag(1.0 / (sizes**2 * np.array(dfs)))
    every = np.ones(count, bool)
    return Moments(np.diag(sizes), np.diag(sizes), slopes, every, spread, 2.0 * spread)


@pytest.mark.parametrize(
    ("dfs", "df"),
    [
        # The sum of df / (df - 2): 2 + 1.25; 21 + 1.25; 2 and 1.5 + 1.25 + 1.2 of three.
        ((4.0, 10.0), 6.5 / 1.25),
        ((2.1, 10.0), 44.5 / 20.25),
        ((6.0, 10.0, 12.0), 7.9 / 0.95),
        ((1.5, 10.0), np.nan),
        ((1.5, 4.0), np.nan),
    ],
)
def test_fai_and_cornelius_by_hand(dfs: tuple[float, ...], df: float) -> None:
    q = len(dfs)
    found = joint_tests(of_dfs(*dfs), np.arange(q) + 2.0, np.eye(q))["satterthwaite"]
    f = sum((one + 2.0) ** 2 / (one + 1.0) for one in range(q)) / q
    assert (found.f, found.df1) == (pytest.approx(f), q)
    assert found.df2 == pytest.approx(df, nan_ok=True)
    assert found.p == pytest.approx(stats.f.sf(f, q, df), nan_ok=True)
    # Other contrasts of the same space ask the same.
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(q, q)))[0]
    same = joint_tests(of_dfs(*dfs), np.arange(q) + 2.0, turn)["satterthwaite"]
    assert same == pytest.approx(found, nan_ok=True)


def test_one_contrast_is_the_square_of_its_t_test() -> None:
    row = np.array([[1.0, -0.5]])
    calm = HAND._replace(expected=np.diag([0.003, 0.008]), observed=np.diag([0.002, 0.001]))
    estimates = np.array([3.0, 1.0])
    (one,) = inference_of(calm, row, 1.0)
    found = joint_tests(calm, estimates, row)
    t = 2.5 / one.kenward_roger_se
    assert found["kenward_roger"][:3] == pytest.approx((t**2, 1, one.kenward_roger_df))
    assert found["kenward_roger"].p == pytest.approx(2.0 * stats.t.sf(t, one.kenward_roger_df))
    assert found["satterthwaite"][:3] == pytest.approx(
        ((2.5 / one.se) ** 2, 1, one.satterthwaite_df)
    )


CLUSTER = np.repeat(np.arange(7), [4, 6, 5, 3, 8, 4, 6])
CELL = np.unique(np.column_stack([CLUSTER, np.arange(36) % 2]), axis=0, return_inverse=True)[1]
KIND = CLUSTER % 3
X = np.column_stack([np.ones(36), KIND == 1, KIND == 2, np.arange(36) % 2]).astype(float)
Y = np.round(
    np.array([1.0, 3.0, -2.0, 0.5, 2.0, -1.0, 0.0])[CLUSTER]
    + 2.0 * np.sin(7.0 * CELL)
    + 3.0 * np.cos(5.0 * np.arange(36) ** 2),
    2,
)
EFFECTS = [RandomEffect("cluster", CLUSTER), RandomEffect("cell", CELL.reshape(-1))]


def test_moments_are_those_of_whole_matrices() -> None:
    """Of two variances, of which one may be zero, in units of the residual's."""
    basis = np.linalg.qr(X)[0]
    data = cell_sums(np.column_stack([basis, Y]), EFFECTS)
    parts = [np.equal.outer(one.codes, one.codes).astype(float) for one in EFFECTS]
    parts.append(np.eye(36))
    for ratios in (np.array([0.4, 0.005]), np.array([0.0, 0.5])):
        at = profile(data, ratios)
        V = ratios[0] * parts[0] + ratios[1] * parts[1] + parts[2]
        inverse = np.linalg.inv(V)
        covariance = np.linalg.inv(basis.T @ inverse @ basis)
        P = inverse - inverse @ basis @ covariance @ basis.T @ inverse
        expected = np.array([[np.trace(P @ a @ P @ b) for b in parts] for a in parts])
        variance = Y @ P @ Y / 32.0
        twice = np.array([[Y @ P @ a @ P @ b @ P @ Y for b in parts] for a in parts])
        observed = 2.0 * twice / variance - expected
        W = 2.0 * np.linalg.inv(expected)
        middle = sum(
            W[i, j] * basis.T @ inverse @ parts[i] @ P @ parts[j] @ inverse @ basis
            for i in range(3)
            for j in range(3)
        )
        free = np.append(ratios > 0.0, True)
        found = small_sample_moments(data, ratios, at)
        assert found.covariance == pytest.approx(covariance)
        assert found.adjusted == pytest.approx(covariance + 2 * covariance @ middle @ covariance)
        slopes = np.array([basis.T @ inverse @ one @ inverse @ basis for one in parts])
        assert found.derivatives == pytest.approx(slopes, abs=1e-12)
        assert found.active.tolist() == free.tolist()
        assert found.observed == pytest.approx(np.linalg.inv(observed[np.ix_(free, free)]))
        assert found.expected == pytest.approx(W)
        rows = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 1.0, -1.0, 0.5]])
        told = contrast_inference(data, ratios, at, rows)
        assert [one.se for one in told] == pytest.approx(
            [np.sqrt(variance * row @ covariance @ row) for row in rows]
        )


@pytest.mark.parametrize(
    ("last", "kenward_roger", "satterthwaite"),
    [
        (
            3,
            (1.226411823, 3.927186154, 0.3856494124),
            (1.227594532, 3.906189936, 0.3857789793),
        ),
        (
            4,
            (0.7452207791, 5.077299668, 0.5691027830),
            (0.8332986435, 4.347011918, 0.5370478084),
        ),
    ],
)
def test_joint_tests_are_those_of_r(
    last: int, kenward_roger: tuple[float, ...], satterthwaite: tuple[float, ...]
) -> None:
    """R 4.2.2: pbkrtest's KRmodcomp and lmerTest's contestMD, of two and of three contrasts."""
    found = fit_mixed_model(X, Y, EFFECTS).joint_tests(np.eye(4)[1:last])
    for name, wanted in (("kenward_roger", kenward_roger), ("satterthwaite", satterthwaite)):
        one = found[name]
        assert one.df1 == last - 1
        assert (one.f, one.df2, one.p) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("restricted", [True, False])
def test_the_profile_and_its_derivatives(restricted: bool) -> None:
    """The criterion by whole matrices, its slopes and bends by differences."""
    data = cell_sums(np.column_stack([X, Y]), EFFECTS)
    at = np.array([0.6, 0.2])
    found = profile(data, at, restricted)
    V = np.eye(36) + sum(
        ratio * np.equal.outer(one.codes, one.codes) for ratio, one in zip(at, EFFECTS, strict=True)
    )
    inverse = np.linalg.inv(V)
    information = X.T @ inverse @ X
    left = Y - X @ np.linalg.solve(information, X.T @ inverse @ Y)
    df = 32 if restricted else 36
    variance = left @ inverse @ left / df
    value = df * (1.0 + np.log(2.0 * np.pi * variance)) + np.linalg.slogdet(V)[1]
    value += restricted * np.linalg.slogdet(information)[1]
    assert found.criterion == pytest.approx(value)
    assert found.residual_variance == pytest.approx(variance)
    steps = 1e-5 * np.eye(2)
    ends = [[profile(data, at + sign * one, restricted) for sign in (1, -1)] for one in steps]
    slopes = [(a.criterion - b.criterion) / 2e-5 for a, b in ends]
    assert found.gradient == pytest.approx(slopes, rel=1e-5, abs=1e-6)
    bends = np.array([(a.gradient - b.gradient) / 2e-5 for a, b in ends])
    assert found.hessian == pytest.approx(bends, rel=1e-5)


def test_a_search_keeps_its_maximum_of_likelihood_and_its_bounds() -> None:
    """Near a known minimum it ends there; clusters that are all alike end at a ratio of zero."""
    data = cell_sums(np.column_stack([X, Y]), EFFECTS)
    ratios, at, converged = minimise(data)
    assert converged
    assert at.gradient == pytest.approx(np.zeros(2), abs=1e-6)
    assert (np.linalg.eigvalsh(at.hessian) > 0.0).all()
    near = minimise(data, near=ratios * 1.5)
    assert near[0] == pytest.approx(ratios, rel=1e-6)
    flat = np.tile([1.0, -1.0, 2.0, -2.0], 9)
    alike = cell_sums(
        np.column_stack([np.ones(36), flat]), [RandomEffect("g", np.repeat(np.arange(9), 4))]
    )
    zero, there, converged = minimise(alike)
    assert (zero.tolist(), converged) == ([0.0], True)
    assert there.gradient[0] > 0.0
    assert mean_square(alike) == pytest.approx([1.0])
    slope = RandomEffect("s", np.repeat(np.arange(9), 4), np.tile([0.0, 1.0, 2.0, 5.0], 9))
    assert mean_square(cell_sums(np.ones((36, 2)), [slope])) == pytest.approx([7.5])
