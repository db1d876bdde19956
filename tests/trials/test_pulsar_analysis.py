"""The analysis of a PULSAR trial beside whole matrices and means of its people."""

from __future__ import annotations

import numpy as np
import pytest

from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.studies.pulsar_analysis import (
    pulsar_columns,
    pulsar_figures,
    se_by_period,
    treated_at,
    true_effects,
)


def people() -> tuple[np.ndarray, ...]:
    """Six clusters of unequal samples at three times."""
    rng = np.random.default_rng(6)
    step = np.array([1, 2, 1, 2, 1, 2])
    team = rng.integers(0, 6, 150)
    period = rng.integers(0, 3, 150)
    y = 50 + 3 * rng.normal(size=6)[team] + 2 * period + 4 * rng.normal(size=150)
    return y, team, period, step


def test_who_is_treated_when() -> None:
    step, period = np.array([1, 1, 1, 2, 2, 2]), np.array([0, 1, 2, 0, 1, 2])
    assert treated_at(step, period).tolist() == [0, 1, 1, 0, 0, 1]
    columns = pulsar_columns(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2]), np.array([1, 2]))
    assert columns.tolist() == [[1, 0, 0, 0], [1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 1]]


def test_figures_of_a_trial() -> None:
    y, team, period, step = people()
    got = pulsar_figures(y, team, period, step)

    def mean(one: int, time: int) -> float:
        return float(y[(step[team] == one) & (period == time)].mean())

    for name, one, time in (
        ("step_one_change", 1, 1),
        ("step_two_change", 2, 1),
        ("step_one_change_two", 1, 2),
        ("step_two_change_two", 2, 2),
    ):
        assert getattr(got, name) == pytest.approx(mean(one, time) - mean(one, 0))
    assert got.sd == pytest.approx(y[period == 0].std(ddof=1))
    X = pulsar_columns(team, period, step)
    fit = fit_mixed_model(X, y, [RandomEffect("cluster", team)])
    between, within = fit.variances["cluster"], fit.variances["residual"]
    assert got.overall == pytest.approx(fit.coefficients[1])
    assert got.overall_df == pytest.approx(fit.inference[1].kenward_roger_df, rel=1e-4)
    assert got.icc == pytest.approx(between / (between + within), rel=1e-5)
    assert got.variance_ratio == pytest.approx(between / within, rel=1e-5)
    assert got.singular == 0.0
    assert got.interviews == 150.0
    early = period <= 1
    year = fit_mixed_model(
        pulsar_columns(team[early], period[early], step), y[early], [RandomEffect("c", team[early])]
    )
    assert got.year_one == pytest.approx(year.coefficients[1])
    cells = RandomEffect("cell", np.unique(3 * team + period, return_inverse=True)[1])
    both = fit_mixed_model(X, y, [RandomEffect("cluster", team), cells])
    assert got.overall_se_by_period == pytest.approx(both.inference[1].kenward_roger_se)
    # One person a cell: nothing tells the cells' variance.
    alone = np.arange(18)
    assert np.isnan(se_by_period(y[:18], X[:18], alone // 3, alone % 3))


def test_true_effects_have_the_weights_of_the_analysis() -> None:
    y, team, period, step = people()
    for ratio in (0.0, 0.4):
        found = true_effects(y, team, period, step, ratio)
        X = pulsar_columns(team, period, step)
        V = np.eye(150) + ratio * (team[:, None] == team)
        inverse = np.linalg.inv(V)
        wanted = np.linalg.solve(X.T @ inverse @ X, X.T @ inverse @ y)[1]
        assert found.true_overall == pytest.approx(wanted)
    for name, one, time in (
        ("true_year_one", 1, 1),
        ("true_year_two", 1, 2),
        ("true_second_step", 2, 2),
    ):
        rows = (step[team] == one) & (period == time)
        assert getattr(found, name) == pytest.approx(y[rows].mean())
