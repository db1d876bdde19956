"""Invented trials with a known truth: what they report, how they are drawn, and what is kept."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calibration.findings import known_truth
from calibration.findings.known_truth import (
    COLUMNS,
    INVENTED,
    anew,
    invented_design,
    invented_targets,
    known_truth_text,
)
from calibration.sampling.fit import TRUTH, WAVE, Solved
from calibration.sampling.likelihood import make_data
from calibration.sampling.priors import hypercube
from calibration.sampling.smc import generator

ROOT = Path(__file__).parents[2]


def test_an_invented_trial_has_equal_teams_and_half_of_them_the_programme() -> None:
    design = invented_design(6, 9, "refocus-full", 4)
    (layout,) = design.layouts
    assert design.seed == 4
    assert layout.teams["users"].tolist() == [9] * 6
    assert (layout.teams["programme"] > 0).tolist() == [False, True] * 3
    assert layout.teams["staff"].tolist() == [10] * 6
    # Five of ten have a caseload, of thirty each.
    assert layout.teams["coordinators"].tolist() == [5] * 6
    assert layout.teams["caseload_total"].tolist() == [150] * 6


def test_both_report_the_same_figures_each_its_own() -> None:
    targets = invented_targets()
    assert len(targets) == 10
    assert targets["south: difference"].pattern == "south A3"
    assert [one for one in targets if one.startswith("north: ")] == [
        f"north: {name}"
        for name in ("control_mean", "log_sd", "difference", "log_se", "logit_retention")
    ]
    observed = {name: one.observed for name, one in targets.items()}
    for trial in INVENTED:
        assert observed[f"{trial}: control_mean"] == 40.0
        assert observed[f"{trial}: difference"] == 0.0
        # On the scale of each: 10 points, 1.2 points, three of four people.
        assert observed[f"{trial}: log_sd"] == pytest.approx(math.log(10.0))
        assert observed[f"{trial}: log_se"] == pytest.approx(math.log(1.2))
        assert observed[f"{trial}: logit_retention"] == pytest.approx(math.log(3.0))
    assert set(invented_targets(("south",))) == {one for one in targets if one.startswith("south")}


def test_the_emulator_is_built_on_points_of_the_whole_prior_with_all_figures() -> None:
    asked: list[Any] = []
    shown = np.random.default_rng(1).normal(size=(60, 4))
    shown[3, 2] = np.nan

    def trials(stage: str, solved: Any, first: int) -> np.ndarray:
        asked.append((stage, first))
        return shown

    def records(stage: str, scores: np.ndarray, backgrounds: Any) -> Solved:
        np.testing.assert_array_equal(scores, hypercube(60, 2, 12))
        assert backgrounds == (WAVE, 60)
        return Solved(scores, scores)

    fit = SimpleNamespace(
        settings=SimpleNamespace(seed=5),
        space=SimpleNamespace(size=2),
        backgrounds=lambda first, count: (first, count),
        records=records,
        trials=trials,
        places={"a": 2, "b": 0},
        data=SimpleNamespace(figures=("a", "b")),
    )
    found = known_truth.emulated(fit, 60)  # type: ignore[arg-type]
    assert asked == [("known-points", 1_000_000)]
    good = np.isfinite(shown[:, 2])
    again = known_truth.fit_emulator(hypercube(60, 2, 12)[good], shown[good][:, [2, 0]])
    np.testing.assert_array_equal(found.mean_weights, again.mean_weights)


def test_each_set_of_data_leaves_out_the_trials_that_it_is_not_of(monkeypatch) -> None:
    targets = invented_targets()
    seen = []

    def sample(fit: Any, emulator: Any, data: Any, seed: int) -> Any:
        seen.append((data.figures, data.observed.tolist(), seed))
        return SimpleNamespace(scores=np.array([[1.0, len(seen)]]))

    monkeypatch.setattr(known_truth, "sample_emulated", sample)
    fit = SimpleNamespace(
        targets=targets,
        designs=dict.fromkeys(INVENTED),
        space=SimpleNamespace(calibrated=("other", "effect_full"), values=lambda scores: scores),
    )
    every = make_data(targets).figures
    figures = {name: float(place) for place, name in enumerate(every)}
    found = known_truth.posteriors_of(fit, None, figures, 8)  # type: ignore[arg-type]
    assert {name: draws.tolist() for name, draws in found.items()} == {
        "north": [1.0],
        "south": [2.0],
        "both together": [3.0],
    }
    for (names, observed, seed), trial in zip(seen, ("north", "south", ""), strict=True):
        assert seed == 8
        assert set(names) == {one for one in every if one.startswith(trial)}
        assert sorted(observed) == sorted(figures[one] for one in names)


def test_truths_are_drawn_from_the_prior_and_every_posterior_is_summed_up(monkeypatch) -> None:
    designs = {}

    def begin(targets: Any, settings: Any, **given: Any) -> Any:
        designs.update(given["designs"])
        assert (settings.emulated, settings.seed) == (400, 3)
        assert given["calibrated"] == known_truth.CALIBRATED
        return SimpleNamespace(
            space=SimpleNamespace(size=6),
            backgrounds=lambda first, count: (first, count),
            records=records,
            trials=lambda stage, solved, first: np.full((2, 3), float(first)),
            places={"a": 1},
            data=SimpleNamespace(figures=("a",)),
        )

    def records(stage: str, scores: np.ndarray, backgrounds: Any) -> Solved:
        assert backgrounds == (TRUTH, 2)
        np.testing.assert_array_equal(scores, generator(3, 41).standard_normal((2, 6)))
        return Solved(np.array([(0.1,), (0.2,)], [("effect_full", float)]), scores)

    def posteriors(fit: Any, emulator: Any, figures: Any, seed: int) -> Any:
        assert (emulator, figures) == (17, {"a": float(TRUTH)})
        return {"north": seed + np.arange(21.0)}

    monkeypatch.setattr(known_truth, "start", begin)
    monkeypatch.setattr(known_truth, "emulated", lambda fit, points: points)
    monkeypatch.setattr(known_truth, "posteriors_of", posteriors)
    rows = anew(17, 2, 3)
    sd = math.sqrt((21**2 - 1) / 12.0)
    for number, (row, truth) in enumerate(zip(rows, (0.1, 0.2), strict=True)):
        known = (truth, 10.0 + number, sd, 1.0 + number, 19.0 + number)
        assert (row["truth"], row["data"]) == (number, "north")
        assert tuple(row[name] for name in COLUMNS[2:]) == pytest.approx(known)
    # Each trial has chance of its own.
    assert [one.seed for one in designs.values()] == [3, 4]
    assert [len(one.layouts[0].teams) for one in designs.values()] == [20, 12]


def test_as_many_truths_and_points_as_the_page_says(monkeypatch) -> None:
    text = known_truth_text()
    assert "of 40 known truths" in text
    assert text.strip() in (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8")
    assert (known_truth.POINTS, known_truth.TRUTHS) == (700, 40)
    assert anew.__defaults__ == (700, 40, 1)
