"""The effect by other methods: weights, regression and summaries with known answers."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calibration.findings import second_method as module
from calibration.findings.second_method import (
    EFFECTS,
    by_weighting,
    columns,
    fitted,
    of_fit,
    read,
    regressed,
    summary,
    weighted,
    with_error,
)
from calibration.sampling.likelihood import Data
from sim.parameters import resolve, to_record
from sim.posterior import PRIOR
from sim.trials.studies.refocus_figures import FIGURES

NONE = np.array([], int)


def test_weights_are_normal_densities_of_both_reported_effects() -> None:
    """REFOCUS .68 (1.22), in points of an SD of 10.15; a draw that expects both has the most."""
    spread = np.array([0.0, 0.0, 0.3])
    exact = 0.68 / 10.15
    found = {
        "between_trials_sd": spread,
        "delivered": np.array([exact, exact + 1.22 / 10.15, exact]),
        "pulsar": np.array([3.7, 3.7, 3.7]),
    }
    weight = weighted(found)
    assert weight.sum() == pytest.approx(1.0)
    assert weight[1] / weight[0] == pytest.approx(math.exp(-0.5)), "one standard error away"
    assert 0.0 < weight[2] < weight[0], "a wide spread lowers the density at the middle"
    narrow = math.hypot(1.22, 0.3 * 10.15) / 1.22
    assert weight[2] / weight[0] < 1.0 / narrow, "of both trials"


def test_a_linear_relation_moves_draws_to_where_the_reported_figure_lies() -> None:
    """Effects 2 + 3 x figure without noise: all land on the value at the reported figure."""
    figure = np.linspace(-2.0, 2.0, 41)
    found = {
        "figure_a": figure,
        "effect_full": 2.0 + 3.0 * figure,
        "delivered": 1.0 - figure,
    }
    data = Data(("a",), np.array([0]), np.array([0.5]), -1, 0.0, NONE, NONE)
    moved, weight = regressed(found, data, 0.5)
    np.testing.assert_allclose(moved["effect_full"], 3.5)
    np.testing.assert_allclose(moved["delivered"], 0.5)
    assert weight.sum() == pytest.approx(1.0)
    # Half of the 41 draws lie within the edge; the one at it has no weight.
    assert 19 <= len(weight) <= 21


def test_weights_fall_with_the_square_of_the_distance() -> None:
    figure = np.array([0.0, 1.0, -1.0, 2.0, -2.0])
    found = {"figure_a": figure, "effect_full": figure, "delivered": figure}
    data = Data(("a",), np.array([0]), np.array([0.0]), -1, 0.0, NONE, NONE)
    weight = regressed(found, data, 1.0)[1]
    # Epanechnikov with its edge at 2: 1, 3/4 and 3/4; nothing at the edge.
    np.testing.assert_allclose(weight, np.array([1.0, 0.75, 0.75]) / 2.5)


def test_half_of_the_draws_are_kept_whatever_the_units_of_figures() -> None:
    rng = np.random.default_rng(4)
    found = {name: rng.standard_normal(200) for name in ("figure_a", "figure_b", *EFFECTS)}
    data = Data(("a", "b"), np.arange(2), np.array([0.1, 0.2]), -1, 0.0, NONE, NONE)
    moved, weight = regressed(found, data)
    assert len(weight) == 100
    other = {**found, "figure_b": 100.0 * found["figure_b"]}
    again, same = regressed(other, replace(data, observed=np.array([0.1, 20.0])))
    np.testing.assert_allclose(same, weight)
    np.testing.assert_allclose(again["effect_full"], moved["effect_full"])


def test_a_draw_without_a_figure_is_far() -> None:
    figure = np.r_[np.linspace(-1.0, 1.0, 9), np.nan]
    found = {"figure_a": figure, "effect_full": np.r_[np.zeros(9), 99.0], "delivered": figure * 0.0}
    data = Data(("a",), np.array([0]), np.array([0.0]), -1, 0.0, NONE, NONE)
    moved, _ = regressed(found, data, 0.5)
    np.testing.assert_allclose(moved["effect_full"], 0.0, atol=1e-12)


def test_a_weighted_summary_by_hand() -> None:
    # Fifty draws of 2%: the third is the first beyond 5%, the 48th that beyond 95%.
    values = np.arange(50.0)[::-1]
    mean, sd, low, high = summary(values, np.full(50, 0.02))
    assert mean == pytest.approx(24.5)
    assert sd == pytest.approx(math.sqrt((50**2 - 1) / 12.0))
    assert (low, high) == (2.0, 47.0)
    uneven = summary(np.array([1.0, 2.0, 3.0]), np.array([0.02, 0.94, 0.04]))
    assert uneven[0] == pytest.approx(2.02)
    assert uneven[2:] == (2.0, 2.0)


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    """Twenty groups of one: the classical error of the mean of 0 to 19."""
    values = np.arange(20.0)
    found = with_error(
        dict.fromkeys(EFFECTS, values),
        lambda one: {name: (float(one[name].mean()), 0.0) for name in EFFECTS},
    )
    whole, _, error = found["effect_full"]
    assert whole == 9.5
    assert error == pytest.approx(values.std(ddof=1) / math.sqrt(20.0))


def test_the_kept_file_has_the_figures_that_were_fitted_and_effects_to_weigh() -> None:
    simulated = read()
    assert {f"figure_{one}" for one in fitted().figures} < set(simulated)
    assert len(simulated["effect_full"]) == 800
    weight = weighted(simulated)
    found = by_weighting(simulated)
    assert set(found) == set(EFFECTS)
    for name in EFFECTS:
        mean = np.average(simulated[name], weights=weight)
        sd = math.sqrt(np.average((simulated[name] - mean) ** 2, weights=weight))
        assert found[name][:2] == pytest.approx((mean, sd))


def test_the_file_is_simulated_from_draws_of_the_prior_that_no_trial_has_seen(monkeypatch) -> None:
    """Each trial's effect and sampling error have lots of their own, added by hand."""
    asked: list[Any] = []
    moved: list[tuple[float, float]] = []
    record = to_record(resolve({"effect_full": 0.25, "between_trials_sd": 0.2}))[:1]

    def chosen(count: int, path: str) -> Any:
        asked.append((count, path))
        return SimpleNamespace(draws=[{"draw": float(one)} for one in range(30)])

    def pulsar(draws: list[dict[str, float]], seed: int) -> str:
        asked.append((len(draws), draws[-1]["draw"], seed))
        return "PULSAR"

    def effect(design: Any, given: Any, run: range, space: Any, count: int) -> np.ndarray:
        assert (list(run), count) == ([len(moved)], 1)
        return np.array([2.03])

    def trial(design: Any, here: Any, number: int, checks: bool, space: Any) -> np.ndarray:
        assert not checks
        return np.full(FIGURES, 0.5)

    monkeypatch.setattr(module, "chosen_draws", chosen)
    monkeypatch.setattr(module, "pulsar_reference", pulsar)
    for name in ("effect_design", "references", "Twins", "refocus_design", "resolve"):
        monkeypatch.setattr(module, name, lambda one: one)
    monkeypatch.setattr(module, "to_record", lambda draw: record.copy())
    monkeypatch.setattr(module, "solve", lambda given, twins: (1.0, 2.0))
    monkeypatch.setattr(module, "scenario_effects", effect)
    monkeypatch.setattr(module, "true_overall", lambda *given: 3.0)
    monkeypatch.setattr(module, "simulate_trial", trial)
    monkeypatch.setattr(module, "deviate", lambda p, gains, away: moved.append((gains[1], away)))
    head, *lines = module.anew().splitlines()
    assert asked == [(800, PRIOR), (24, 23.0, 1)]
    assert tuple(head.split(",")) == columns()
    found = np.array([[float(one) for one in line.split(",")] for line in lines])
    at = {name: place for place, name in enumerate(columns())}
    assert found[:, :4] == pytest.approx(np.tile([0.25, 0.2, 3.0, 0.2], (30, 1)))
    lots = np.array(
        [
            np.random.Generator(np.random.Philox(key=[1, 77_000 + number])).standard_normal(4)
            for number in range(30)
        ]
    )
    # The share of the full effect that is delivered is .365: spread is of what is delivered.
    assert [one[0] for one in moved] == [2.0] * 30
    assert [one[1] for one in moved] == pytest.approx(0.2 * lots[:, 0] / 0.365)
    assert found[:, at["figure_difference"]] == pytest.approx(0.5)
    extra = math.sqrt(1.0 / 117.0 - 1.0 / 400.0)
    assert found[:, at["figure_rsa_correlation"]] == pytest.approx(
        0.5 + extra * lots[:, 3], rel=1e-4
    )
    overall = 3.0 + 0.2 * 14.7 * lots[:, 1] + 1.61 * lots[:, 2]
    assert found[:, at["figure_pulsar_overall"]] == pytest.approx(overall, rel=1e-4, abs=1e-4)


def test_the_fit_is_summed_up_over_all_of_its_draws(monkeypatch) -> None:
    values = np.arange(1000.0)

    def chosen(count: int, path: str) -> Any:
        assert (count, path) == (1000, "mine")
        return SimpleNamespace(draws=[{"effect_full": one} for one in values])

    monkeypatch.setattr(module, "chosen_draws", chosen)
    mean, sd, low, high = of_fit("mine")
    assert (mean, sd) == pytest.approx((499.5, values.std()))
    assert (low, high) == pytest.approx((49.5, 949.5), abs=0.51)


@pytest.mark.parametrize(
    ("means", "told"),
    [
        ((0.3, 0.3), " agree with the fit on the effect to 0.00 of its SD"),
        ((0.3, 0.349), " agree with the fit on the effect to 0.24 of its SD"),
        ((0.2505, 0.31), " agree with the fit on the effect to 0.25 of its SD"),
        ((0.3, 0.352), " do not agree with the fit on the effect: up to 0.26 of its SD apart"),
        ((0.3, 0.36), " do not agree with the fit on the effect: up to 0.30 of its SD apart"),
        ((0.2, 0.3), " do not agree with the fit on the effect: up to 0.50 of its SD apart"),
    ],
)
def test_methods_agree_below_a_quarter_of_the_fits_sd(
    monkeypatch, means: tuple[float, float], told: str
) -> None:
    monkeypatch.setattr(module, "of_fit", lambda: (0.3, 0.2, 0.0, 0.6))
    ways = {module.by_weighting: means[0], module.by_regression: means[1]}

    def found(simulated: Any, way: Any) -> dict[str, tuple[float, ...]]:
        return dict.fromkeys(EFFECTS, (ways[way], 0.1, 0.15, 0.45, 0.012))

    monkeypatch.setattr(module, "with_error", found)
    text = module.second_method_text()
    assert told in text
    rows = [one for one in text.splitlines() if one.startswith("| ")][1:]
    assert rows[0] == "| the fit, as shipped | 0.30 (0.00 to 0.60) | 0.20 | - | - | - |"
    away = (means[0] - 0.3) / 0.2
    assert rows[2].endswith(
        f"| {means[0]:.2f} (0.15 to 0.45) | 0.10 | 0.012 | {away:+z.2f} | {means[0]:.2f} "
        "(0.15 to 0.45) |"
    )
    prior = read()["effect_full"]
    assert rows[1].startswith(f"| the priors, 800 draws | {prior.mean():.2f} (")
    assert f"| {prior.std():.2f} | - | " in rows[1]
    assert f"on all {len(fitted().figures)} estimates" in text
