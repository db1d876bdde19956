"""What PULSAR saw and would see: its standard error, and its effect as a mean of three."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import norm

from calibration.evidence import pulsar
from calibration.evidence.pulsar import STANDARD_ERROR, Coverage
from sim.trials.studies.pulsar import sample_sizes
from sim.trials.studies.pulsar_analysis import true_effects


def test_what_pulsar_would_find_by_hand(monkeypatch) -> None:
    """Three effects, each of its step and wave; whoever is not asked does not count."""
    gained = np.array([[2.0, 50.0, 4.0, 9.0], [6.0, 8.0, 1.0, 3.0]])
    asked = np.array([[1, 0, 1, 1], [1, 1, 1, 1]])
    given = []

    class World:
        def __init__(self, layout, assessments) -> None:
            self.scores = {"qpr22": (2.0 if layout.teams is teams else 1.0) * gained}
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


def test_pulsar_is_laid_out_with_twins_and_a_quarter_of_its_people(monkeypatch) -> None:
    """Fourteen clusters of 24, in two steps a year apart, and the same without any programme."""
    asked = []

    def coverage(draws, seed: int, design) -> Coverage:
        asked.append((draws, seed, design.clusters))
        return Coverage(-1.5, 0.7, 0.01)

    monkeypatch.setattr(pulsar, "coverage_shift", coverage)
    found = pulsar.pulsar_reference([{"attendance_base": 1.0}], 5)
    assert asked == [([{"attendance_base": 1.0}], 5, 14)]
    assert (found.seed, found.coverage.shift) == (5, -1.5)
    for layout in (found.treated, found.untreated):
        assert layout.teams["users"].tolist() == [24] * 14
        assert layout.actions.shape[1] == 104
    starts = found.treated.teams["start_week"]
    steps = pulsar.cluster_steps(found.design)
    assert sorted(starts) == [0] * 7 + [52] * 7
    assert set(starts[steps == pulsar.STEP_ONE]) == {0}
    assert found.treated.teams["programme"].min() > 0
    assert set(found.untreated.teams["programme"]) == {0}
    assert set(found.untreated.teams["start_week"]) == {-1}
    # Without a number the seed is 1.
    assert pulsar.pulsar_reference([]).seed == asked[-1][1] == 1


def test_turnover_is_drawn_anew_for_each_replication_from_the_range_of_the_trial() -> None:
    drawn = []

    class World:
        scores = {"qpr22": np.zeros((2, 2))}
        flags = np.ones((2, 2, 2))

        def again(self, p, seed: int, replication: int):
            drawn.append(float(p["turnover_yearly"]))
            return self

        def run_to(self, week: int) -> None:
            assert week == 104

    teams = {"users": np.array([1, 1])}
    where = SimpleNamespace(
        treated=SimpleNamespace(teams=teams),
        design=SimpleNamespace(clusters=2, turnover=(0.2, 0.4)),
        coverage=SimpleNamespace(shift=0.0),
        seed=3,
    )
    record = np.array([(1.0, 0.9)], [("attendance_base", float), ("turnover_yearly", float)])[0]
    space = {("pulsar", id(where)): [World(), World()]}
    for replication in range(200):
        pulsar.true_overall(where, record, replication, space)  # type: ignore[arg-type]
    # Both twins have the same.
    each = np.array(drawn).reshape(-1, 2)
    np.testing.assert_array_equal(each[:, 0], each[:, 1])
    assert len(set(each[:, 0])) == 200
    assert each.min() >= 0.2
    assert each.max() <= 0.4
    assert each.mean() == pytest.approx(0.3, abs=4.0 * 0.2 / np.sqrt(12 * 200))
    # Keyed apart from every other draw of the trial.
    lot = np.random.Generator(np.random.Philox(key=[3, 15_331 + 7])).uniform(0.2, 0.4)
    assert each[7, 0] == lot


def test_the_weights_are_those_of_the_analysis_of_the_trial() -> None:
    """What the overall analysis makes of one point in one step and year alone."""
    design = pulsar.pulsar_design()
    sizes, step = sample_sizes(design), pulsar.cluster_steps(design)
    cells = sizes.ravel()
    team, period = (
        np.repeat(np.arange(14).repeat(3), cells),
        np.repeat(np.tile(range(3), 14), cells),
    )
    parts = ((pulsar.STEP_ONE, 1), (pulsar.STEP_ONE, 2), (pulsar.STEP_TWO, 2))
    # A variance between clusters of a fiftieth of that within; with none, e11 alone would count.
    found = [
        true_effects(((step[team] == one) & (period == at)).astype(float), team, period, step, 0.02)
        for one, at in parts
    ]
    assert [one[0] for one in found] == pytest.approx(pulsar.WEIGHTS, abs=0.006)
