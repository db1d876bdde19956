"""Claims about means over worlds: two runs of chance of one draw are not two draws."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

import sim
from sim.api.mediation import Mediation
from sim.api.sweep import Sweep
from sim.runs.results_shown import outcome
from sim.runs.world_spread import world_spread


def test_runs_of_one_draw_count_once() -> None:
    # Draws have means 1 and 3: SD sqrt(2), divided by sqrt(2). Four worlds would have given .577.
    spread = world_spread(np.array([1.0, 1.0, 3.0, 3.0]), np.array([0, 0, 1, 1]))
    assert spread.mean == 2.0
    assert spread.monte_carlo_se == pytest.approx(1.0)
    assert (spread.low, spread.high) == (1.0, 3.0)


def test_of_one_draw_each_run_counts_and_of_one_world_nothing_is_told() -> None:
    assert world_spread(np.array([1.0, 3.0]), np.array([4, 4])).monte_carlo_se == pytest.approx(1.0)
    assert isnan(world_spread(np.array([1.0]), np.array([0])).monte_carlo_se)
    assert isnan(world_spread(np.zeros(0), np.zeros(0)).mean)


def test_every_draw_counts_once_though_one_has_more_worlds() -> None:
    # Means 2 (of 1, 2 and 3) and 6: SD sqrt(8), divided by sqrt(2).
    spread = world_spread(np.array([1.0, 2.0, 3.0, 6.0]), np.array([0, 0, 0, 1]))
    assert spread.monte_carlo_se == pytest.approx(2.0)


@pytest.fixture(scope="module")
def results() -> sim.Results:
    return sim.run(
        ["usual-care", "refocus-full"], weeks=20, draws=3, replications=2, collect=("summaries",)
    )


def test_a_notebook_shows_the_error_of_draws(results: sim.Results) -> None:
    gained = results.differences()["refocus-full"].to_numpy().reshape(3, 2)
    by_hand = gained.mean(axis=1).std(ddof=1) / np.sqrt(3)
    assert gained.std(ddof=1) / np.sqrt(6) != pytest.approx(by_hand, rel=0.01)
    assert outcome(results)["Monte Carlo SE"].iloc[1] == pytest.approx(by_hand, rel=1e-12)


def test_a_sweep_tells_the_error_of_draws(results: sim.Results) -> None:
    gained = results.differences()["refocus-full"].to_numpy().reshape(3, 2)
    swept = Sweep([{"vacancy_weeks": 13.0}], [results]).differences()
    by_hand = gained.mean(axis=1).std(ddof=1) / np.sqrt(3)
    assert swept["monte_carlo_se"].iloc[0] == pytest.approx(by_hand, rel=1e-12)


def test_mediation_tells_the_error_of_draws() -> None:
    told = {"scenario": "a", "base": "b", "measure": "qpr15", "week": 52, "draws": [0, 0, 1, 1]}
    paths = Mediation(np.array([1.0, 1.0, 3.0, 3.0]), {}, told, "both").tables["paths"]
    assert paths["monte_carlo_se"].iloc[0] == pytest.approx(1.0)
