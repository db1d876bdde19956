"""Scores of forecasts: normal densities and their Monte Carlo error, by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from calibration.evidence import pulsar
from calibration.evidence.pulsar import STANDARD_ERROR
from calibration.findings.leave_one_out import log_score, summary, without_mechanism


def test_a_forecast_is_scored_as_the_normal_that_it_looks_like() -> None:
    values = np.array([-1.0, 1.0, np.nan, -1.0, 1.0] * 10)
    sd = math.sqrt(40.0 / 39.0)
    score, error = log_score(values, 0.5)
    assert score == pytest.approx(norm.logpdf(0.5, 0.0, sd))
    assert error > 0.0
    assert log_score(values, 9.0)[0] < score


def test_the_error_of_a_score_is_that_of_repeated_forecasts() -> None:
    rng = np.random.default_rng(1)
    many = [log_score(rng.standard_normal(300), 1.0) for _ in range(60)]
    seen = np.std([one for one, _ in many], ddof=1)
    assert np.mean([error for _, error in many]) == pytest.approx(seen, rel=0.3)


def test_mean_and_middle_90_percent() -> None:
    assert summary(np.arange(21.0)) == (10.0, 1.0, 19.0)


def test_forecasts_without_a_mechanism_by_hand() -> None:
    """PULSAR saw 3.7; a tenth of an SD of the QPR-22 goes with the place, and REFOCUS's error."""
    from calibration.sampling.fit import QPR22_SD

    none, carried = without_mechanism()
    moved = math.sqrt(STANDARD_ERROR**2 + (0.1 * QPR22_SD) ** 2)
    assert none["score"] == pytest.approx(norm.logpdf(3.7, 0.0, moved))
    mean, error = 0.68 / 10.15 * QPR22_SD, 1.22 / 10.15 * QPR22_SD
    wide = math.sqrt(moved**2 + error**2)
    assert carried["score"] == pytest.approx(norm.logpdf(3.7, mean, wide))


def test_what_pulsar_would_find_by_hand(monkeypatch) -> None:
    """Three effects, each of its step and wave; whoever is not asked does not count."""
    gained = np.array([[2.0, 50.0, 4.0, 9.0], [6.0, 8.0, 1.0, 3.0]])
    asked = np.array([[1, 0, 1, 1], [1, 1, 1, 1]])
    given = []

    class World:
        def __init__(self, layout, assessments) -> None:
            self.scores = {"qpr22": gained if layout.teams is teams else 0.0 * gained}
            self.flags = np.stack([0 * asked, asked], axis=2)
            assert assessments == (52, 104)

        def again(self, p, seed: int, replication: int):
            given.append((p["attendance_base"][0], p["turnover_yearly"][0], seed, replication))
            return self

        def run_to(self, week: int) -> None:
            assert week == 104

    teams = {"users": np.array([2, 2])}
    where = SimpleNamespace(
        treated=SimpleNamespace(teams=teams),
        untreated=SimpleNamespace(teams=None),
        design=SimpleNamespace(turnover=(0.2, 0.2)),
        coverage=SimpleNamespace(shift=0.5),
        seed=3,
    )
    monkeypatch.setattr(pulsar, "OneWorld", World)
    steps = np.array([pulsar.STEP_ONE, pulsar.STEP_TWO])
    monkeypatch.setattr(pulsar, "cluster_steps", lambda design: steps)
    record = np.array([(1.0, 0.9)], [("attendance_base", float), ("turnover_yearly", float)])
    found = pulsar.true_overall(where, record, 7, {})
    assert found == pytest.approx(2.0 - 0.24 * 7.0 + 0.24 * 2.0)
    assert given == [(1.5, pytest.approx(0.2), 3, 7)] * 2
    assert record["attendance_base"] == 1.0


def test_the_error_of_pulsar_is_that_of_its_interval() -> None:
    assert pytest.approx((6.8 - 0.5) / (2 * norm.ppf(0.975)), abs=0.005) == STANDARD_ERROR
