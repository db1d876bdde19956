"""Clusters, draws and people of the PULSAR trial, and the coverage it is brought to."""

from __future__ import annotations

from math import sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.parameters import registry
from sim.trials.studies import pulsar
from sim.trials.studies.pulsar import (
    WEEKS,
    cluster_steps,
    coverage_shift,
    interviewed,
    pulsar_design,
    pulsar_roster,
    sample_sizes,
    settled_draws,
    simulate_pulsar,
)

DESIGN = pulsar_design()


def test_clusters_in_their_organisations() -> None:
    assert WEEKS == (0, 52, 104), "before, and a year and two years later"
    assert cluster_steps(DESIGN).tolist() == [1, 2] * 7
    sizes = sample_sizes(DESIGN)
    assert sizes[:, 0].tolist() == [22] * 7 + [21] * 7
    assert sizes[:, 1].tolist() == [24] * 12 + [23] * 2
    assert sizes[:, 2].tolist() == [22] * 13 + [21]
    rows = pulsar_roster(DESIGN, 120).rows
    assert [row.team for row in rows[:2]] == ["cluster-01", "cluster-02"]
    assert rows[-1].team == "cluster-14"
    numbers = [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 1, 1]
    assert [row.trust for row in rows] == [f"organisation-{one}" for one in numbers]
    assert rows[0].start_week == 0
    one = rows[1]
    assert (one.staff, one.coordinators, one.caseload, one.sampled) == (27, 12, 300, 120)
    assert one.start_week == 52
    assert pulsar_roster(DESIGN, 400).rows[0].caseload == 400


def test_draws_are_taken_in_turn_within_bounds() -> None:
    low, high = registry()["attendance_base"].bounds
    usual = registry()["attendance_base"].default
    given = [{"attendance_base": 0.3, "x": 1.0}, {}]
    settled = settled_draws(given, 5, 1, DESIGN, 0.2)
    assert [one["attendance_base"] for one in settled[:3]] == pytest.approx([0.5, usual + 0.2, 0.5])
    assert [one.get("x") for one in settled] == [1.0, None, 1.0, None, 1.0]
    assert settled_draws([{}], 1, 1, DESIGN, 99.0)[0]["attendance_base"] == high
    assert settled_draws([{}], 1, 1, DESIGN, -99.0)[0]["attendance_base"] == low
    assert settled[0]["turnover_yearly"] != settled[1]["turnover_yearly"]
    other = settled_draws(given, 5, 2, DESIGN, 0.2)
    assert other[0]["turnover_yearly"] != settled[0]["turnover_yearly"]


def test_who_is_interviewed() -> None:
    """Two places a sample: the first serves the first, the next two the second; by place."""
    kinds = [(name, "i4") for name in ("week", "team", "place", "in_service")]
    seen = [
        *((0, 0, 1, 1), (0, 0, 0, 1), (0, 0, 2, 1), (0, 1, 0, 0), (0, 1, 1, 1)),
        *((52, 0, 1, 1), (52, 0, 3, 1), (52, 0, 2, 1), (52, 1, 2, 1)),
        *((104, 0, 4, 1), (104, 1, 5, 1), (104, 1, 4, 0), (104, 1, 6, 1)),
    ]
    rows = np.array(seen, kinds)
    sizes = np.array([[1, 2, 0], [1, 0, 2]])
    assert interviewed(rows, sizes, 2).tolist() == [1, 4, 6, 7, 10]


class Pilot:
    """Pilot runs in which a fifth fewer of the staff are reached with each step of the shift."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def build_request(self, scenarios: Any, roster: Any, **how: Any) -> dict[str, Any]:
        assert [one.assessment.weeks for one in scenarios] == [(0,)]
        assert {row.sampled for row in roster.rows} == {1}, "as few as can be"
        self.asked.append(how)
        return how

    def simulate(self, request: dict[str, Any], **_: Any) -> Any:
        draw, team, week = np.meshgrid(
            np.arange(len(request["draws"])), np.arange(14), [0, 52], indexing="ij"
        )
        kinds = [("draw", "i8"), ("team", "i8"), ("week", "i8"), ("adoption", "f8")]
        rows = np.zeros(draw.size, kinds)
        rows["draw"], rows["team"], rows["week"] = draw.ravel(), team.ravel(), week.ravel()
        reached = 0.95 - 0.2 * len(self.asked) + 0.05 * rows["draw"]
        rows["adoption"] = np.where((rows["team"] % 2 == 0) & (rows["week"] == 52), reached, 0.0)
        return SimpleNamespace(arrays={"team_weeks": rows})


@pytest.fixture
def pilot(monkeypatch: pytest.MonkeyPatch) -> Pilot:
    made = Pilot()
    monkeypatch.setattr("sim.runs.request.build_request", made.build_request)
    monkeypatch.setattr("sim.runs.simulate.simulate", made.simulate)
    return made


def test_attendance_is_lowered_to_the_designs_coverage(pilot: Pilot) -> None:
    """Of 3 draws .8, .6, .4 and .2 are reached: half at a shift of one and a half."""
    found = coverage_shift([{"attendance_base": 1.4}] * 3, 1, DESIGN)
    assert found.shift == pytest.approx(-1.5)
    assert found.before == pytest.approx(0.8)
    assert found.before_se == pytest.approx(0.05 / sqrt(3))
    shifts = [one["draws"][0]["attendance_base"] - 1.4 for one in pilot.asked]
    assert shifts == pytest.approx([0.0, -1.0, -2.0, -3.0])
    assert {(one["weeks"], one["replications"], one["seed"]) for one in pilot.asked} == {(52, 1, 1)}


def test_sixty_draws_at_most_are_piloted_spread_evenly(pilot: Pilot) -> None:
    coverage_shift([{"number": float(one)} for one in range(120)], 1, DESIGN)
    assert [one["number"] for one in pilot.asked[0]["draws"]] == list(range(1, 120, 2))
    pilot.asked.clear()
    assert np.isnan(coverage_shift([{}], 1, DESIGN).before_se)


def test_a_piece_analyses_each_trial_beside_its_untreated_twin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Places stand ready for 1.8 times the largest sample, 24 people: 44 each year."""
    asked: list[Any] = []
    kinds = [(name, "i4") for name in ("draw", "scenario", "week", "team", "place", "in_service")]
    grid = np.meshgrid([0, 1], [0, 1], WEEKS, np.arange(14), np.arange(132), indexing="ij")
    rows = np.ones(grid[0].size, [*kinds, ("qpr22", "f8")])
    for name, values in zip(("draw", "scenario", "week", "team", "place"), grid, strict=True):
        rows[name] = values.ravel()
    # In the twin everybody has as much less as the number of the draw and the year say.
    rows["qpr22"] = 50.0 + rows["place"] - rows["scenario"] * (rows["draw"] + 1.0 + rows["week"])
    rng = np.random.default_rng(1)

    def build_request(scenarios: Any, roster: Any, **how: Any) -> Any:
        asked.append((scenarios, roster, how))
        return "request"

    def simulate(_request: Any, workers: int) -> Any:
        assert workers == 1, "pieces run side by side"
        return SimpleNamespace(arrays={"assessments": rng.permutation(rows)})

    def figures(y: Any, team: Any, period: Any, step: Any) -> Any:
        asked.append((y, team, period, step))
        return SimpleFigures(7.0)

    def effects(difference: Any, _team: Any, period: Any, _step: Any, ratio: float) -> Any:
        asked.append((difference, period, ratio))
        return (8.0,)

    monkeypatch.setattr("sim.runs.request.build_request", build_request)
    monkeypatch.setattr("sim.runs.simulate.simulate", simulate)
    monkeypatch.setattr(pulsar, "pulsar_figures", figures)
    monkeypatch.setattr(pulsar, "true_effects", effects)
    draws = [{"a": 1.0}, {"a": 2.0}]
    assert pulsar._batch(DESIGN, draws, 25, 9) == [(7.0, 8.0)] * 2
    scenarios, roster, how = asked[0]
    assert [one.name for one in scenarios] == ["refocus-as-delivered", "usual-care"]
    assert roster.rows[0].sampled == 132
    assert (how["draws"], how["weeks"], how["seed"]) == (draws, 104, 9)
    assert (how["replications"], how["first_run"], how["own_chance"]) == (1, 25, True)
    for draw in (0, 1):
        y, team, period, step = asked[1 + 2 * draw]
        difference, _, ratio = asked[2 + 2 * draw]
        assert len(y) == 301 + 334 + 307
        assert np.bincount(period).tolist() == [301, 334, 307]
        assert step.tolist() == [1, 2] * 7
        # The first places of each year's own.
        assert y.min() == 50.0
        assert y[period == 1].min() == 94.0
        assert difference.tolist() == (draw + 1.0 + 52.0 * period).tolist()
        assert ratio == 0.4
        assert np.bincount(team[period == 0]).tolist() == [22] * 7 + [21] * 7


class SimpleFigures(tuple):  # type: ignore[type-arg]
    """Figures of which one is looked at."""

    variance_ratio = 0.4

    def __new__(cls, *values: float) -> SimpleFigures:
        return super().__new__(cls, values)


def test_trials_are_stored_by_twenty_five(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def simulated(trial: str, pieces: Any, figures_of: Any, *rest: Any, **_: Any) -> Any:
        asked.append((trial, [(one.first, one.last) for one in pieces], rest[1]))
        return [figures_of(one) for one in pieces]

    monkeypatch.setattr(pulsar, "simulated_trials", simulated)
    monkeypatch.setattr(
        pulsar, "_batch", lambda _design, draws, first, seed: (len(draws), first, seed)
    )
    usual = {"attendance_base": 0.5}
    found: Any = simulate_pulsar([usual], 30, 4, shift=-0.25)
    assert found == [(25, 0, 4), (5, 25, 4)]
    assert asked == [("pulsar", [(0, 25), (25, 30)], 4)]
    shifts: list[float] = []
    monkeypatch.setattr(pulsar, "settled_draws", lambda *given: shifts.append(given[-1]) or [usual])
    simulate_pulsar([usual], 1)
    assert shifts == [0.0]
