"""The fast random intercept: equal to the general model, and right on average over many trials."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.fits.random_intercept import (
    COLUMNS_DEPEND,
    FITTED,
    NO_VARIATION,
    TOO_FEW_ROWS,
    fit_rows,
)
from sim.trials.fits.t_distribution import t_two_sided_p, two_sided_p

DATA = Path(__file__).parent / "data"
ANCHORS: dict[str, dict[str, float]] = json.loads(
    (DATA / "simulation_anchors.json").read_text("utf-8")
)


@pytest.fixture(scope="module")
def batch() -> Any:
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept_batch

    return fit_random_intercept_batch


@pytest.fixture(scope="module")
def unequal() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return clusters, columns and outcomes of 40 trials with unequal sizes and missing values."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(2, 25, 14)
    codes = np.repeat(np.arange(14), sizes)
    n = codes.size
    base = rng.normal(40, 10, n)
    X = np.column_stack([np.ones(n), codes % 2, base, codes % 3 == 0]).astype(float)
    spread = np.linspace(0, 4, 40)[:, None]
    Y = 10 + 0.6 * base + spread * rng.normal(size=(40, 14))[:, codes] + rng.normal(0, 8, (40, n))
    Y[rng.random(Y.shape) < 0.2] = np.nan
    return codes, X, Y


def test_every_number_equals_that_of_the_general_model(
    batch: Any, unequal: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    codes, X, Y = unequal
    fast = batch(codes, X, Y, 1)
    assert (fast["status"] == FITTED).all()
    assert 0 < fast["singular"].sum() < 40, "both kinds of fit are compared"
    for trial, y in enumerate(Y):
        used = ~np.isnan(y)
        cluster = np.unique(codes[used], return_inverse=True)[1]
        slow = fit_mixed_model(X[used], y[used], [RandomEffect("cluster", cluster)])
        one = slow.inference[1]
        expected = {
            "estimate": slow.coefficients[1],
            "se": one.se,
            "satterthwaite_df": one.satterthwaite_df,
            "kenward_roger_se": one.kenward_roger_se,
            "kenward_roger_df": one.kenward_roger_df,
            "cluster_variance": slow.variances["cluster"],
            "residual_variance": slow.variances["residual"],
            "reml_criterion": slow.reml_criterion,
            "n_obs": used.sum(),
        }
        for name, value in expected.items():
            assert fast[name][trial] == pytest.approx(value, rel=1e-8), (trial, name)
        assert fast["singular"][trial] == slow.singular


def test_one_compiled_fit_serves_arrays_of_every_kind(
    batch: Any, unequal: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    """Compiling takes longer than most analyses; what pandas gives may not be written."""
    from sim.trials.fits.random_intercept_compiled import fit_each, fit_random_intercept

    codes, X, Y = unequal
    every = batch(codes, X, Y, 1)
    fixed = Y[3].copy()
    fixed.flags.writeable = False
    for number, columns, y in (
        (codes.astype(np.int32), X, fixed),
        (codes, np.asfortranarray(X), np.asfortranarray(Y)[3]),
        (codes[::-1], X[::-1], Y[3, ::-1]),
    ):
        fit = fit_random_intercept(number, 14, columns, y, 1)
        assert fit.estimate == pytest.approx(every["estimate"][3], rel=1e-12)
        assert (fit.status, fit.n_obs) == (FITTED, every["n_obs"][3])
    assert len(fit_each.signatures) == 1


def test_compiled_and_plain_give_the_same(
    batch: Any, unequal: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    codes, X, Y = unequal
    fast = batch(codes, np.broadcast_to(X, (3, *X.shape)), Y[:3], 1)
    for trial in range(3):
        plain = fit_rows(codes, 14, X, Y[trial], 1)
        for name, value in plain._asdict().items():
            assert fast[name][trial] == pytest.approx(float(value), rel=1e-12), name
        for method, se in (("satterthwaite", plain.se), ("kenward_roger", plain.kenward_roger_se)):
            p = two_sided_p(plain.estimate / se, getattr(plain, f"{method}_df"))
            assert fast[f"{method}_p"][trial] == pytest.approx(float(p), rel=1e-9)


def test_a_far_response_keeps_its_digits(
    unequal: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    codes, X, Y = unequal
    near = fit_rows(codes, 14, X, Y[30], 1)
    far = fit_rows(codes, 14, X, 1e6 + 1e-3 * Y[30], 1)
    assert far.satterthwaite_df == pytest.approx(near.satterthwaite_df, rel=1e-6)
    assert far.estimate == pytest.approx(1e-3 * near.estimate, rel=1e-6)


def test_what_cannot_be_fitted_says_why(
    unequal: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    codes, X, Y = unequal
    y = np.nan_to_num(Y[0], nan=5.0)
    twice = np.column_stack([X, X[:, 2] * 2])
    assert fit_rows(codes, 14, twice, y, 1).status == COLUMNS_DEPEND
    assert fit_rows(codes, 14, X * [1, 0, 1, 1], y, 1).status == COLUMNS_DEPEND
    assert fit_rows(codes, 14, X, np.full(y.size, 3.3), 1).status == NO_VARIATION
    assert fit_rows(codes, 14, X, 2 * X[:, 2], 1).status == NO_VARIATION
    assert fit_rows(codes, 14, X, np.full(y.size, np.nan), 1).status == TOO_FEW_ROWS
    assert fit_rows(np.arange(y.size), y.size, X, y, 1).status == TOO_FEW_ROWS
    assert math.isnan(fit_rows(codes, 14, twice, y, 1).estimate)


@pytest.mark.parametrize("df", [0.7, 1.0, 2.5, 23.3, 79.0, 81.0, 443.0, 1e6, 1e18])
def test_p_values_of_t(df: float) -> None:
    for t in (0.0, 1e-6, 0.3, -2.1, 5.0, 12.0):
        want = 2 * stats.t.sf(abs(t), df)
        assert t_two_sided_p(t, df) == pytest.approx(want, rel=1e-8, abs=1e-300)
        assert float(two_sided_p(t, df)) == pytest.approx(want, rel=1e-8, abs=1e-300)
    assert math.isnan(t_two_sided_p(1.0, math.nan))
    assert math.isnan(t_two_sided_p(1.0, -1.0))


def refocus_trials(icc: float, effect: float, n_trials: int) -> dict[str, np.ndarray]:
    """Simulate and fit trials of the shape of D01: baseline and follow-up in 27 teams of 15."""
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept_batch

    team = (
        pd.read_csv(DATA / "D01_refocus_balanced.csv").groupby("cluster")[["arm", "site"]].first()
    )
    codes = np.repeat(np.arange(27), 15)
    arm = team["arm"].to_numpy(float)[codes]
    site = team["site"].to_numpy(float)[codes]
    cac, iac = 0.8, 0.6
    rng = np.random.default_rng(20)

    def normal(variance: float, columns: int) -> np.ndarray:
        return math.sqrt(variance) * rng.standard_normal((n_trials, columns))

    cluster = normal(icc * cac, 27)
    person = normal((1 - icc) * iac, 405)
    wave = [
        (cluster + normal(icc * (1 - cac), 27))[:, codes]
        + person
        + normal((1 - icc) * (1 - iac), 405)
        for _ in range(2)
    ]
    X = np.empty((n_trials, 405, 4))
    X[..., 0], X[..., 1], X[..., 2], X[..., 3] = 1.0, arm, wave[0], site
    return fit_random_intercept_batch(codes, X, wave[1] + effect * arm, 1)


def assert_rate(hits: np.ndarray, anchor: float, n_anchor: int = 40_000) -> None:
    """Check a rate within four Monte Carlo standard errors of ours and the anchor's together."""
    error = math.sqrt(anchor * (1 - anchor) * (1 / hits.size + 1 / n_anchor))
    assert abs(hits.mean() - anchor) < 4 * error, (hits.mean(), anchor, error)


@pytest.mark.parametrize("icc", ["0.0", "0.05"])
@pytest.mark.parametrize("effect", ["0.0", "0.3"])
def test_rejection_rates_of_the_refocus_design(icc: str, effect: str) -> None:
    anchor = ANCHORS[f"REFOCUS_balanced27x15_icc{icc}_cac0.8_iac0.6_eff{effect}"]
    fits = refocus_trials(float(icc), float(effect), 3000)
    assert (fits["status"] == FITTED).all()
    assert_rate(fits["singular"], anchor["singular"])
    assert_rate(fits["satterthwaite_p"] < 0.05, anchor["rej_satt"])
    assert_rate(fits["kenward_roger_p"] < 0.05, anchor["rej_kr"])
    fixed = two_sided_p(fits["estimate"] / fits["se"], anchor["fixed_df"])
    assert_rate(fixed < 0.05, anchor["rej_fixed_df"])
    error = anchor["emp_se"] / math.sqrt(3000)
    assert fits["estimate"].mean() == pytest.approx(anchor["mean_est"], abs=4 * error)
    assert fits["estimate"].std() == pytest.approx(anchor["emp_se"], rel=4 / math.sqrt(2 * 3000))
    assert fits["se"].mean() == pytest.approx(anchor["mean_model_se"], rel=0.015)
    assert np.median(fits["kenward_roger_df"]) == pytest.approx(anchor["median_kr_df"], rel=1e-3)


@pytest.mark.parametrize("effect", ["0.0", "0.3"])
def test_rejection_rates_of_a_stepped_wedge(batch: Any, effect: str) -> None:
    anchor = ANCHORS[f"SW14x3x18_icc0.05_cac1.0_eff{effect}_fitHH"]
    codes = np.repeat(np.arange(14), 54)
    period = np.tile(np.repeat(np.arange(3), 18), 14)
    treatment = (period > codes // 7).astype(float)
    X = np.column_stack([np.ones(756), treatment, period == 1, period == 2]).astype(float)
    rng = np.random.default_rng(6)
    n = 2000
    Y = (
        math.sqrt(0.05) * rng.standard_normal((n, 14))[:, codes]
        + math.sqrt(0.95) * rng.standard_normal((n, 756))
        + float(effect) * treatment
    )
    fits = batch(codes, X, Y, 1)
    assert_rate(fits["singular"], anchor["singular"])
    assert_rate(fits["satterthwaite_p"] < 0.05, anchor["rej_satt"])
    assert_rate(fits["kenward_roger_p"] < 0.05, anchor["rej_kr"])
    # The middle of the df moves with the estimated ICC; 5% is over four errors of its median.
    assert np.median(fits["satterthwaite_df"]) == pytest.approx(anchor["median_satt_df"], rel=0.05)
    assert np.median(fits["kenward_roger_df"]) == pytest.approx(anchor["median_kr_df"], rel=0.05)


def test_one_trial_is_a_batch_of_one(
    batch: Any, unequal: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept

    codes, X, Y = unequal
    many = batch(codes, X, Y, 2)
    singular = many["singular"].astype(bool)
    for k in (int(np.argmax(singular)), int(np.argmin(singular))):
        one = fit_random_intercept(codes, 14, X, Y[k], 2)
        assert one == tuple(many[name][k] for name in one._fields)
        assert one.singular is bool(singular[k])
        for rule, se in (("satterthwaite", one.se), ("kenward_roger", one.kenward_roger_se)):
            df = getattr(one, f"{rule}_df")
            wanted = 2.0 * stats.t.sf(abs(one.estimate / se), df)
            assert many[f"{rule}_p"][k] == pytest.approx(wanted, rel=1e-9)
    own = np.stack([X, X])
    own[1, :, 2] *= 2.0
    twice = batch(codes, own, Y[:1].repeat(2, axis=0), 2)
    assert twice["estimate"][1] == pytest.approx(twice["estimate"][0] / 2.0)
    # Units do not matter, however small an error is in them.
    small, whole = batch(codes, X, 1e-5 * Y[:2], 1), batch(codes, X, Y[:2], 1)
    for name in ("satterthwaite_p", "kenward_roger_p", "n_clusters"):
        assert small[name] == pytest.approx(whole[name], rel=1e-6)
    none = batch(codes, X, 0.0 * Y[:1], 1)
    assert none["status"][0] == NO_VARIATION
    assert np.isnan([none["satterthwaite_p"][0], none["kenward_roger_p"][0]]).all()
