"""The scored forecast: its scores follow from the dated forecast and the published outcome."""

from __future__ import annotations

import re
from math import exp, log, pi
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
OUTCOME = 3.7
COLUMNS = ("mechanism", "no effect", "REFOCUS effect in SD units")


def forecast(effect: str, name: str) -> tuple[float, float]:
    """Return mean and SD of a line of the dated forecast, in points."""
    text = (DOCS / "prediction-pulsar.md").read_text("utf-8")
    found = re.search(
        rf"\| {effect} \| {name} \| points \| (-?[0-9.]+) \(MC SE [0-9.]+\) \| ([0-9.]+) \|", text
    )
    assert found is not None
    return float(found[1]), float(found[2])


def scored(effect: str) -> list[float]:
    """Return the scores that the page states, in its order of columns."""
    text = (DOCS / "prediction-pulsar-scored.md").read_text("utf-8")
    found = re.search(rf"\| {effect} \| (-[0-9.]+) \| (-[0-9.]+) \| (-[0-9.]+) \|", text)
    assert found is not None
    return [float(one) for one in found.groups()]


def log_score(mean: float, sd: float) -> float:
    return -log(sd) - 0.5 * log(2.0 * pi) - 0.5 * ((OUTCOME - mean) / sd) ** 2


@pytest.mark.parametrize("effect", ["overall", "year one"])
def test_the_scores_follow_from_the_forecast_and_the_outcome(effect: str) -> None:
    worked = [log_score(*forecast(effect, name)) for name in COLUMNS]
    assert scored(effect) == pytest.approx(worked, abs=0.006)


def test_the_verdict_is_the_one_that_the_rule_gives() -> None:
    mechanism, nothing, carried = (log_score(*forecast("overall", name)) for name in COLUMNS)
    assert nothing < mechanism < carried
    assert carried - mechanism == pytest.approx(0.50, abs=0.01)
    assert exp(carried - mechanism) == pytest.approx(1.6, abs=0.06)
    for name in COLUMNS:
        mean, sd = forecast("overall", name)
        assert abs(OUTCOME - mean) < 1.645 * sd, "the 90% interval holds the outcome"


def test_the_weights_of_the_overall_estimate_are_those_of_the_design() -> None:
    """1.00 e11 - .24 e12 + .24 e22, from the columns that the analysis itself uses."""
    import numpy as np

    from sim.trials.studies.pulsar import YEAR, cluster_steps, pulsar_design, sample_sizes
    from sim.trials.studies.pulsar_analysis import STEP_ONE, STEP_TWO, true_effects

    design = pulsar_design()
    sizes, step = sample_sizes(design), cluster_steps(design)
    team = np.repeat(np.arange(len(step)), sizes.sum(axis=1))
    period = np.concatenate([np.repeat([0, 1, 2], row) for row in sizes])
    assert YEAR == 52

    def overall(which: int, time: int) -> float:
        difference = ((step[team] == which) & (period == time)).astype(float)
        return true_effects(difference, team, period, step, 0.023 / 0.977).true_overall

    parts = overall(STEP_ONE, 1), overall(STEP_ONE, 2), overall(STEP_TWO, 2)
    assert parts == pytest.approx((1.0, -0.24, 0.24), abs=0.03)
