"""Simulated REFOCUS trials: figures by independent arithmetic, where published ones fall."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.power.simulated_power import rate
from sim.trials.studies.published import published_figures
from sim.trials.studies.replication import (
    COLUMNS,
    fall,
    replication_summary,
    simulate_refocus,
)
from sim.trials.studies.replication_text import rate_text, replication_text


@pytest.fixture(scope="module")
def trials() -> pd.DataFrame:
    return simulate_refocus([{}], 12, seed=3)


def test_equal_seeds_give_equal_trials_and_chance_differs_between_them(
    trials: pd.DataFrame,
) -> None:
    again = simulate_refocus([{}], 12, seed=3)
    pd.testing.assert_frame_equal(trials, again)
    assert trials["difference"].nunique() == 12
    other = simulate_refocus([{}], 12, seed=4)
    assert not np.allclose(other["difference"], trials["difference"])


def test_trials_have_the_size_of_the_trial(trials: pd.DataFrame) -> None:
    assert list(trials.columns) == ["trial", *COLUMNS]
    assert trials["retention"].between(0.5, 0.95).all()
    # Shares of 403 people are multiples of 1 / 403.
    assert ((trials["retention"] * 403) % 1).round(6).isin([0.0, 1.0]).all()
    assert trials["df"].between(15, 40).all()
    assert trials["control_mean"].between(20, 55).all()


def test_figures_are_those_that_calibration_fits() -> None:
    """The same world, the same functions, by name."""
    from sim.parameters import resolve, to_record
    from sim.trials.studies.refocus_figures import AT
    from sim.trials.studies.refocus_trial import refocus_design, simulate_trial

    told = simulate_refocus([{}], 2, seed=3).iloc[1]
    figures = simulate_trial(refocus_design(3), to_record([resolve({})])[0], 1, False, {})
    for name, figure in COLUMNS.items():
        value = figures[getattr(AT, figure)]
        assert told[name] == (np.exp(value) if name == "pooled_sd" else value), name
    # Kenward and Roger's error is never below the model's, and t on its df gives p.
    from scipy.special import stdtr

    assert told["standard_error"] >= np.exp(figures[AT.log_se]) * (1.0 - 1e-9)
    t = told["difference"] / told["standard_error"]
    assert told["p"] == pytest.approx(2.0 * stdtr(told["df"], -abs(t)), rel=1e-6)
    assert told["participation_smallest_p"] <= told["participation_p"]


def test_retention_follows_loss_to_follow_up() -> None:
    kept = simulate_refocus([{"dropout_yearly": 0.05}], 4, seed=1)
    lost = simulate_refocus([{"dropout_yearly": 0.6}], 4, seed=1)
    assert kept["retention"].min() > lost["retention"].max()


def test_where_a_published_figure_falls() -> None:
    values = np.arange(1000) / 10.0
    figure = {"label": "x", "unit": "points", "value": 98.95}
    got = fall("x", figure, np.append(values, np.nan))
    assert got.below.value == pytest.approx(0.99)
    assert got.tail == pytest.approx(0.02)
    assert got.tail_monte_carlo_se == pytest.approx(2 * np.sqrt(0.01 * 0.99 / 1000))
    assert not got.inside
    assert (got.low, got.median, got.high) == pytest.approx((4.995, 49.95, 94.905))
    assert got.trials == 1000
    with pytest.raises(InputError, match="none has the figure"):
        fall("x", figure, np.array([np.nan]))


def test_summary_counts_failures_and_selection(trials: pd.DataFrame) -> None:
    many = pd.concat([trials] * 5, ignore_index=True)
    many.loc[:4, "difference"] = np.nan
    many.loc[:4, "p"] = np.nan
    many["participation_smallest_p"] = np.where(many.index < 20, 0.01, 0.5)
    got = replication_summary(many)
    assert got.failed.value == pytest.approx(5 / 60)
    assert got.significant.trials == 60, "failures count as not significant"
    assert got.selected is not None
    assert got.selected.trials == 20
    few = replication_summary(trials.assign(participation_smallest_p=0.5))
    assert few.selected is None
    assert "no such trials" in replication_text(few, "noise")


def test_every_published_figure_is_a_figure_of_a_trial() -> None:
    figures = published_figures()
    assert set(figures) <= set(COLUMNS)
    assert figures["retention"]["value"] == pytest.approx(297 / 403, abs=1e-6)
    for one in figures.values():
        assert {"label", "unit", "value", "evidence"} <= set(one)


def test_text_shows_monte_carlo_errors_and_what_intervals_cover(trials: pd.DataFrame) -> None:
    text = replication_text(replication_summary(trials), "replication noise only")
    assert text.count("MC SE") >= 9
    assert "replication noise only" in text
    assert "tests nothing" in text
    assert "sign of P4" in text


def test_a_share_of_none_or_all_shows_its_bound_and_not_an_error_of_zero(
    trials: pd.DataFrame,
) -> None:
    none = rate_text(rate(0, 40))
    assert "95% 0.0 to 8.8" in none
    assert "95%" not in rate_text(rate(20, 40))
    summary = replication_summary(trials)
    lines = replication_text(summary, "noise").splitlines()
    at = next(number for number, line in enumerate(lines) if "below (MC SE)" in line)
    for line, one in zip(lines[at + 1 :], summary.falls, strict=False):
        # Each of the two probabilities of a line has its error, or its bound, in brackets.
        assert line.count("(") - one.label.count("(") == 2
        if 0.0 < one.below.value < 1.0:
            error = f"{100 * one.below.monte_carlo_se:.1f}"
            assert f"{100 * one.below.value:.1f}% ({error})" in line
        else:
            assert "(<" in line


def test_what_cannot_be_simulated() -> None:
    with pytest.raises(InputError, match="at least one set"):
        simulate_refocus([], 5)
    with pytest.raises(InputError, match="trials = 0"):
        simulate_refocus([{}], 0)
