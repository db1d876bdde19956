"""What PULSAR saw and would see: its standard error, and its effect as a mean of three."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from calibration.evidence import pulsar
from calibration.evidence.pulsar import STANDARD_ERROR


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
