"""What the pipeline passes from stage to stage, with stages that are made up."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calibration import pipeline as module
from calibration.evidence.targets import load_targets
from calibration.pipeline import Outcome, calibrate_fit, emulator_rows, store, without_selected
from calibration.sampling.fit import EMULATED_LENGTH, QUICK, Solved
from calibration.sampling.scenarios import EFFECTS
from calibration.sampling.smc import Sample
from sim.parameters import resolve, to_record
from sim.trials.studies.refocus_figures import AT, FIGURES
from tests.calibration.conftest import small_space

MADE = [
    "screen",
    "screened",
    "Direct",
    "sample_directly",
    "emulate",
    "sample_emulated",
    "emulate_effects",
    "effects_again",
    "recover",
    "draws_of",
    "explain",
    "rivals",
    "effect_draws",
    "overall",
    "recovery_table",
    "rival_table",
    "posteriors",
    "leave_one_out",
    "without_mechanism",
    "without_selected",
    "emulator_rows",
]
CONCLUSIONS = [
    "effect_model",
    "explanation_table",
    "effect_row",
    "sensitivity_table",
    "predictive_table",
    "detection",
    "contraction_table",
    "screen_rows",
    "implausibility_table",
    "narrowing",
    "sobol_table",
    "main_effects",
    "information_table",
    "bound_table",
    "condition_rows",
]
AGREEMENT = ("replicate_error", "chain_error", "agreement_rows", "agreement_summary")
SETTINGS = SimpleNamespace(
    seed=1, draws=30, predictive=12, explained=5, replicates=7, length=4, truths=3
)
SAMPLE = Sample(np.arange(4.0)[:, None], np.zeros(4), [1.0], [2.0], [0.3], [4.0], -5.0, 11)
EMULATED = Sample(np.ones((8, 1)), np.zeros(8), [], [], [], [], -6.0, 0)


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Replace every stage by one that says its name and remembers what it was given."""
    given: dict[str, list[Any]] = {}
    said: dict[str, Any] = {
        "screen": ("scores", "prior figures"),
        "sample_directly": SAMPLE,
        "emulate": SimpleNamespace(
            emulator=SimpleNamespace(correlation="correlation"), kept=[0.5, 0.25]
        ),
        "sample_emulated": EMULATED,
        "emulate_effects": (1, 2, 3),
        "effect_model": SimpleNamespace(
            emulator="of effects",
            residuals="residuals",
            scores="points",
            effects=np.array([[1.0, 2.0], [3.0, 8.0], [5.0, 5.0]]),
        ),
        # Differences of 0 and 2, and of 3 and -4: half of their mean squares are 2.25 and 5.
        "effects_again": np.array([[1.0, 4.0], [6.0, 4.0]]),
        "draws_of": (np.arange(30.0)[:, None], Solved(np.arange(30.0), np.arange(30.0))),
        "explain": ("effects", "counterfactuals"),
        "rivals": ("alone", "whole"),
        "explanation_table": {"rows": [], "leading": [1, 0]},
        "sensitivity_table": ["other"],
        "posteriors": [
            SimpleNamespace(name=name, solved=Solved(name, name))
            for name in ("prior", "refocus-alone", "pulsar-alone", "both-trials")
        ],
    }

    def made(name: str) -> Any:
        def stage(*words: Any, **others: Any) -> Any:
            given.setdefault(name, []).append((*words, *others.values()))
            return said.get(name, name)

        return stage

    for owner, names in (
        (module, MADE),
        (module.conclusions, CONCLUSIONS),
        (module.agreement, AGREEMENT),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, made(name))
    return given


def made_fit(**changed: Any) -> Any:
    layout = SimpleNamespace(teams=np.array([(3,), (4,)], [("users", int)]))
    figures = np.full((12, FIGURES), np.nan)
    # Half below and half above: the median of the log is that of 2.
    figures[:, AT.log_se] = np.log([1.0] * 5 + [2.0] * 2 + [9.0] * 5)
    figures[0, AT.log_se] = np.nan
    figures[11, AT.log_se] = np.nan
    asked: list[Any] = []

    def trials(*words: Any) -> np.ndarray:
        asked.append(words)
        return figures

    return SimpleNamespace(
        settings=SETTINGS,
        targets=load_targets(),
        designs={"": SimpleNamespace(layouts=[layout])},
        space=SimpleNamespace(calibrated=("a",), names=("a", "b", "c")),
        places={},
        data=None,
        own=False,
        pulsar="PULSAR",
        trials=trials,
        asked=asked,
        say=lambda text: None,
        **changed,
    )


def test_every_stage_gets_what_the_one_before_it_found(stages: dict[str, list[Any]]) -> None:
    fit = made_fit()
    found = calibrate_fit(fit)
    results = found.results
    # As many draws as the file holds, of which the first are looked at.
    assert stages["draws_of"] == [(fit, EMULATED.scores, 30)]
    ((stage, predicted, first, checks),) = fit.asked
    assert (stage, len(predicted.records), first, checks) == ("predictive", 12, 2_000_000, True)
    assert len(stages["explain"][0][1].records) == 5
    assert stages["rivals"][0][1] == 5
    assert stages["emulator_rows"][0][2].shape == (12, 1)
    assert stages["without_selected"][0][2].shape == (5, 1)
    assert stages["sobol_table"][0][2].tolist() == [2.25, 5.0]
    assert stages["chain_error"] == [(SAMPLE, 4), (EMULATED, EMULATED_LENGTH)]
    assert stages["effect_draws"][0][2].tolist() == np.repeat(SAMPLE.scores, 6, axis=0).tolist()
    assert stages["effect_draws"][0][3] == 2
    assert results["diagnostics"]["simulated_trials"] == 11 * 7
    assert results["diagnostics"]["not_ruled_out"] == [0.5, 0.25]
    assert results["trial"] == {"names": [""], "teams": 2, "sampled": 7, "own": False}
    assert results["varying"] == 3
    assert results["sensitivity"] == ["effect_row"] * 3 + ["other"]
    assert stages["information_table"][0][2].tolist() == [1, 0]
    assert "leading" not in results["explanations"]
    assert set(found.beside) == {"prior", "refocus-alone"}
    assert len(found.records) == 30
    json.dumps(results, default=str)


def test_the_reported_difference_and_its_error_are_weighed(stages: dict[str, list[Any]]) -> None:
    calibrate_fit(made_fit())
    assert stages["explanation_table"][0][2] == 0.68
    assert stages["rival_table"][0][2:] == (0.68, 1.22)
    assert stages["bound_table"][0] == (0.68, 1.22)
    assert stages["information_table"][0][3] == 1.22


@pytest.mark.parametrize("reported", [True, False])
def test_without_an_error_a_new_trial_is_as_precise_as_the_simulated_one(
    stages: dict[str, list[Any]], reported: bool
) -> None:
    fit = made_fit()
    for name, one in load_targets().items():
        if one.extractor == "difference" and not reported:
            del fit.targets[name]
        elif one.extractor == "difference":
            fit.targets[name] = one.model_copy(update={"se": None})
    results = calibrate_fit(fit).results
    assert stages["information_table"][0][3] == pytest.approx(2.0)
    assert stages["explanation_table"][0][2] == (0.68 if reported else None)
    assert results["rivals"] == ("rival_table" if reported else [])
    assert results["bound"] == ("bound_table" if reported else [])


@pytest.mark.parametrize(("kind", "use"), [("selected", "check"), ("estimate", "fit")])
def test_only_what_was_fitted_as_selected_is_left_out_again(
    stages: dict[str, list[Any]], kind: str, use: str
) -> None:
    fit = made_fit()
    fit.pulsar = None
    for name, one in load_targets().items():
        if one.kind == "selected":
            fit.targets[name] = one.model_copy(update={"kind": kind, "use": use})
    found = calibrate_fit(fit)
    assert "without_selected" not in found.results
    assert "leave_one_out" not in found.results
    assert found.beside == {}
    assert "posteriors" not in stages


def test_draws_without_the_selected_figure_are_reweighted(monkeypatch) -> None:
    """Three quarters of the weight on the second draw."""

    def weights(fit: Any, waves: Any, scores: Any, effects: Any, pattern: str) -> Any:
        assert pattern == "P4"
        return np.array([0.25, 0.75]), 0.4

    monkeypatch.setattr(module.conclusions, "without_pattern", weights)
    fit = SimpleNamespace(targets=load_targets(), settings=SimpleNamespace(seed=2))
    effects = np.array([[0.0, 5.0], [1.0, 5.0]])
    first, second = without_selected(fit, None, None, effects)  # type: ignore[arg-type]
    assert (first["effect"], second["effect"]) == EFFECTS[:2]
    assert first["with"] == pytest.approx((0.5, 0.05, 0.95))
    assert first["without"] == pytest.approx((0.75, 0.0, 1.0), abs=0.01)
    # Twenty thousand of them.
    assert (20_000 * first["without"][0]) % 1.0 == pytest.approx(0.0, abs=1e-6)
    picked = np.random.default_rng(2).choice(2, 20_000, p=[0.25, 0.75])
    assert first["without"][0] == pytest.approx(picked.mean())
    assert second["without"] == (5.0, 5.0, 5.0)
    assert first["effective_share"] == 0.4


def test_a_selected_figure_that_is_only_checked_is_not_the_one(monkeypatch) -> None:
    asked = []

    def weights(fit: Any, waves: Any, scores: Any, effects: Any, pattern: str) -> Any:
        asked.append(pattern)
        return np.ones(1), 1.0

    monkeypatch.setattr(module.conclusions, "without_pattern", weights)
    chosen = next(one for one in load_targets().values() if one.kind == "selected")
    checked = chosen.model_copy(update={"use": "check", "pattern": "other"})
    targets = {"other": checked, "level": load_targets()["p1_control_mean"], "mine": chosen}
    fit = SimpleNamespace(targets=targets, settings=SimpleNamespace(seed=2))
    without_selected(fit, None, None, np.zeros((1, 1)))  # type: ignore[arg-type]
    assert asked == ["P4"]


def test_errors_of_the_emulator_are_of_the_fitted_figures(monkeypatch) -> None:
    def check(waves: Any, scores: Any, figures: np.ndarray) -> dict[str, list[float]]:
        assert figures.tolist() == [[3.0, 1.0]]
        return {"mean": [0.1, 0.2], "sd": [1.1, 1.2]}

    monkeypatch.setattr(module.conclusions, "emulator_check", check)
    fit = SimpleNamespace(places={"x": 2, "y": 0}, data=SimpleNamespace(figures=("x", "y")))
    rows = emulator_rows(fit, None, None, np.array([[1.0, 2.0, 3.0]]))  # type: ignore[arg-type]
    assert rows == [
        {"figure": "x", "mean": 0.1, "sd": 1.1},
        {"figure": "y", "mean": 0.2, "sd": 1.2},
    ]


def test_a_finished_fit_is_stored_with_the_draws_under_other_data(tmp_path: Path) -> None:
    fit = SimpleNamespace(
        targets=load_targets(), settings=QUICK, space=small_space(), version="here"
    )
    results: dict[str, Any] = {
        "diagnostics": {"x": 0.5},
        "contraction": [],
        "narrowing": [],
        "rivals": [],
        "varying": 3,
        "calibrated": [],
    }
    records = np.repeat(to_record([resolve({})]), 3)
    beside = {"prior": records[:2], "refocus-alone": records[:1]}
    for _ in range(2):
        store(fit, Outcome(results, records, beside), tmp_path / "new")  # type: ignore[arg-type]
    folder = tmp_path / "new"
    text = (folder / "results.json").read_text("utf-8")
    assert text.startswith('{\n "diagnostics": {\n  "x": 0.5\n }')
    assert text.endswith("}\n")
    told = {one: json.loads((folder / f"{one}.json").read_text("utf-8")) for one in beside}
    assert told["prior"]["targets"]["fitted"] == []
    assert "p20_pulsar" not in told["refocus-alone"]["targets"]["fitted"]
    assert told["refocus-alone"]["targets"]["fitted"]
    assert [told[one]["draws"] for one in beside] == [2, 1]
    assert json.loads((folder / "posterior.json").read_text("utf-8"))["draws"] == 3
    assert len((folder / "posterior.csv").read_text("utf-8").splitlines()) == 4
