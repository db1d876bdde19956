"""Where figures of made-up REFOCUS trials fall, and how trials are shared out."""

from __future__ import annotations

from math import nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.runs.pieces import Span
from sim.trials.studies import refocus_figures, refocus_trial, replication
from sim.trials.studies.published import published_figures
from sim.trials.studies.replication import COLUMNS, fall, replication_summary, simulate_refocus

FIGURE = {"label": "x", "unit": "points", "value": 3.0}


def trials(**changes: Any) -> pd.DataFrame:
    """Return twenty trials that are the published one, some of their figures changed."""
    own = {name: published_figures().get(name, {"value": 1.0})["value"] for name in COLUMNS}
    own |= {"participation_smallest_p": 0.01, "p": 0.5, "singular": 0.0}
    return pd.DataFrame({**{name: [one] * 20 for name, one in own.items()}, **changes})


def test_a_figure_among_equal_ones() -> None:
    """1, 2, 3, 3, 7 and one unknown: two of five are smaller, one is larger."""
    found = fall("x", FIGURE, np.array([1.0, 2.0, 3.0, 3.0, 7.0, nan]))
    assert (found.below.value, found.trials) == (0.4, 5)
    assert found.tail == pytest.approx(0.4)
    assert found.tail_monte_carlo_se == pytest.approx(2.0 * sqrt(0.2 * 0.8 / 5))
    assert found.median == 3.0
    assert (found.low, found.high) == pytest.approx((1.2, 6.2))
    even = fall("x", {**FIGURE, "value": 2.5}, np.array([1.0, 2.0, 3.0, 4.0]))
    assert (even.tail, even.median) == (1.0, 2.5)
    assert even.inside
    assert fall("x", FIGURE, np.array([5.0, nan])).trials == 1
    for edge in (1.0, 2.0):
        same = fall("x", {**FIGURE, "value": edge}, np.array([edge] * 3))
        assert same.inside, "an end of the interval is inside"
        assert same.below.value == 0.0


def test_shares_of_trials_and_those_that_would_report_a_contrast() -> None:
    contrast = np.array([1.0] * 8 + [0.0, -1.0, nan] + [0.005] * 9)
    smallest = np.array([0.05] * 2 + [0.049] * 18)
    published = published_figures()["difference"]["value"]
    difference = np.array([published] * 5 + [published - 1.0] * 13 + [nan] * 2)
    p = np.array([0.05] * 2 + [0.049] * 3 + [0.5] * 13 + [nan] * 2)
    singular = np.array([1.0] * 4 + [0.0] * 14 + [nan] * 2)
    found = replication_summary(
        trials(
            participation=contrast,
            participation_smallest_p=smallest,
            difference=difference,
            p=p,
            singular=singular,
        )
    )
    assert (found.higher_participation.value, found.higher_participation.trials) == (17 / 19, 19)
    assert (found.higher_selected.value, found.higher_selected.trials) == (15 / 17, 17)
    assert found.selected is not None
    assert found.selected.trials == 17
    assert found.significant.value == 0.15
    assert found.at_least_published.value == 0.25
    assert (found.singular.value, found.failed.value) == (0.2, 0.1)
    assert {one.name for one in found.falls} == set(published_figures())


@pytest.mark.parametrize(("count", "told"), [(9, False), (10, True)])
def test_ten_trials_that_report_a_contrast_have_a_place(count: int, told: bool) -> None:
    smallest = np.array([0.01] * count + [0.9] * (20 - count))
    assert (
        replication_summary(trials(participation_smallest_p=smallest)).selected is not None
    ) == (told)


def test_draws_are_taken_in_turn_and_trials_by_tens(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def simulate(design: Any, record: Any, number: int, checks: bool, space: Any) -> np.ndarray:
        asked.append((design, record, number, checks))
        return np.arange(float(len(refocus_figures.PLACE)))

    def simulated(
        trial: str, pieces: list[Span], figures_of: Any, columns: Any, seed: int, decides: Any
    ) -> pd.DataFrame:
        rows = [row for piece in pieces for row in figures_of(piece)]
        assert [(one.first, one.last) for one in pieces] == [(0, 10), (10, 12)]
        assert (trial, seed) == ("refocus", 3)
        return pd.DataFrame(rows, columns=list(columns))

    monkeypatch.setattr(refocus_trial, "refocus_design", lambda seed: f"design {seed}")
    monkeypatch.setattr(refocus_trial, "simulate_trial", simulate)
    monkeypatch.setattr(replication, "resolved_records", lambda draws: ["one", "two", "three"])
    monkeypatch.setattr(replication, "simulated_trials", simulated)
    frame = simulate_refocus([{}, {}, {}], 12, seed=3)
    assert asked == [
        ("design 3", ("one", "two", "three")[number % 3], number, False) for number in range(12)
    ]
    for name, figure in COLUMNS.items():
        value = float(refocus_figures.PLACE[figure])
        wanted = np.exp(value) if name == "pooled_sd" else value
        assert frame[name].tolist() == pytest.approx([wanted] * 12)
