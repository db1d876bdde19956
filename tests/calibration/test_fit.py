"""Stages of the fit on trials that are made up: keys, shares, and what is added to a trial."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calibration.evidence.targets import load_targets
from calibration.sampling import fit as module
from calibration.sampling.emulator import Emulator
from calibration.sampling.fit import (
    DELIVERED_SHARE,
    FULL,
    QPR22_SD,
    QUICK,
    RSA_EXTRA_ERROR,
    Direct,
    Fit,
    Settings,
    Solved,
    effects_again,
    emulate,
    emulated_particles,
    explain,
    rivals,
    screen,
    screened,
    start,
)
from calibration.sampling.likelihood import Data, log_likelihood, shrunk
from calibration.sampling.priors import hypercube
from calibration.sampling.scenarios import COUNTERFACTUALS, EFFECTS, PLACES
from calibration.sampling.smc import generator
from sim.errors import InputError
from sim.trials.studies.refocus_figures import AT, FIGURES
from tests.calibration.conftest import small_space

NONE = np.array([], int)


def test_no_two_uses_share_a_draw() -> None:
    """Each has a million replications, or a part of them that no other stage reaches."""
    firsts = (
        module.WAVE,
        module.PREDICTIVE,
        module.EFFECT,
        module.SCREEN,
        module.TRUTH,
        module.UNSEEN,
        module.RECOVERED,
    )
    assert firsts == (10**6, 2 * 10**6, 3 * 10**6, 4 * 10**6, 5 * 10**6, 6 * 10**6, 20 * 10**6)


def test_what_was_seen_in_other_studies() -> None:
    """RSA and QPR of 120 people, simulated in 403: variances 1 / (n - 3) on the Fisher scale."""
    assert pytest.approx(math.sqrt(1.0 / (120 - 3) - 1.0 / (403 - 3))) == RSA_EXTRA_ERROR
    assert (DELIVERED_SHARE, QPR22_SD) == (0.365, 14.7)


def test_how_much_work_a_full_and_a_quick_fit_do() -> None:
    full = replace(FULL)
    assert full == Settings(1300, 2000, 700, 96, 16, 4, 4000, 600, 200, 200, 1000, 1)
    assert Settings(600, 1200, 300, 64, 12, 4, 2000, 200, 60, 50, 1000, 1) == QUICK


@pytest.mark.parametrize(
    ("emulated", "share", "particles"),
    [(4000, 1.0, 4000), (4000, 0.375, 1500), (10, 1.0, 80), (96, 1.0, 100), (94, 1.0, 90)],
)
def test_particles_are_a_whole_number_of_ten_states_and_eight_chains_at_least(
    emulated: int, share: float, particles: int
) -> None:
    assert emulated_particles(Settings(emulated=emulated), share) == particles


class Made:
    """A fit whose trials are a linear rule of the scores, with all stages in memory."""

    def __init__(self, size: int = 2, **settings: int) -> None:
        self.settings = Settings(**settings)  # type: ignore[arg-type]
        self.space = SimpleNamespace(
            size=size, names=("a", "b", "c"), places=np.arange(size), calibrated=("a", "b")
        )
        self.data = Data(("x", "y"), np.array([0]), np.array([0.0]), -1, 0.0, NONE, NONE)
        self.places = {"x": 1, "y": 0}
        self.effects = "effects"
        self.asked: list[Any] = []

    def say(self, text: str) -> None:
        self.asked.append(text)

    def backgrounds(self, first: int, count: int) -> np.ndarray:
        self.asked.append(("backgrounds", first, count))
        return np.full((count, 3), float(first))

    def records(self, stage: str, scores: np.ndarray, backgrounds: np.ndarray) -> Solved:
        return Solved(scores, backgrounds)

    def rows(self, stage: str, count: int, one: Any, *parts: Any) -> np.ndarray:
        self.asked.append((stage, count))
        return np.array([one(row) for row in range(count)])

    def trials(self, stage: str, solved: Solved, first: int, checks: bool = False) -> np.ndarray:
        self.asked.append((stage, first, checks))
        z = solved.records
        noise = generator(1, first).standard_normal(len(z))
        return np.column_stack([noise, 6.0 * z[:, 0] + noise, np.zeros(len(z))])


def test_the_screen_is_a_hypercube_of_everything_that_varies() -> None:
    fit = Made(screen=30, seed=4)
    scores, figures = screen(fit)  # type: ignore[arg-type]
    np.testing.assert_array_equal(scores, hypercube(30, 3, 4))
    assert fit.asked == [("screen", 4_000_000, True)]
    assert figures.shape == (30, 3)


def test_coefficients_are_slopes_in_standard_deviations_of_the_figure() -> None:
    """y = 3 a - 4 b: of an SD of 5, .6 and -.8; a missing figure is left out."""
    scores = np.random.default_rng(1).standard_normal((400, 3))
    y = 2.0 + 3.0 * scores[:, 0] - 4.0 * scores[:, 1]
    figures = np.column_stack([y, np.r_[np.full(13, np.nan), y[13:]], np.full(400, 7.0)])
    found = screened(None, scores, figures)  # type: ignore[arg-type]
    np.testing.assert_allclose(found[:, 0], np.array([3.0, -4.0, 0.0]) / y.std(), atol=1e-9)
    np.testing.assert_allclose(found[:, 1], np.array([3.0, -4.0, 0.0]) / y[13:].std(), atol=1e-9)
    assert np.isnan(found[:, 2]).all(), "a figure that never varies"
    # Ten more trials than parameters are enough, and needed.
    for count, known in ((13, True), (12, False)):
        few = np.where(np.arange(400) < count, y, np.nan)[:, None]
        assert np.isfinite(screened(None, scores, few)).all() == known  # type: ignore[arg-type]


def test_two_waves_and_the_second_where_the_first_rules_nothing_out() -> None:
    """A figure of 6 z + noise, reported 0: with an SD of 1, |z| below half is left."""
    fit = Made(waves=200, seed=2)
    waves = emulate(fit)  # type: ignore[arg-type]
    assert [one for one in fit.asked if one[0] != "backgrounds"] == [
        ("wave-1", 1_000_000, False),
        ("wave-2", 1_000_200, False),
    ]
    assert [one for one in fit.asked if one[0] == "backgrounds"] == [
        ("backgrounds", 1_000_000, 200),
        ("backgrounds", 1_000_200, 200),
    ]
    # Two thirds of half a standard normal: P(|z| < .5) = .38.
    assert waves.kept == pytest.approx([0.383, 0.383], abs=0.05)
    first = hypercube(200, 2, 9)
    inside = np.abs(first[:, 0]) < 0.55
    assert len(waves.scores) == pytest.approx(200 + inside.sum(), abs=8)
    assert np.abs(waves.scores[:, 0]).max() < 0.65
    pool = generator(2, 777).standard_normal((50_000, 2))
    assert {tuple(one) for one in waves.scores[-200:]} <= {tuple(one) for one in pool}
    assert {tuple(one) for one in waves.scores[:-200]} <= {tuple(one) for one in first}
    # Figures in the order of the data, not of the row.
    assert waves.emulator.mean_weights[1] == pytest.approx([6.0, 0.0], abs=0.5)
    fit.data = replace(fit.data, observed=np.array([60.0]))
    with pytest.raises(InputError, match="too little of the prior"):
        emulate(fit)  # type: ignore[arg-type]


def test_effects_again_are_of_the_first_eighth_and_of_forty_at_least(monkeypatch) -> None:
    monkeypatch.setattr(
        module, "full_effects", lambda effects, record, run, space: np.array([*record, *run])
    )
    for count, again in ((800, 100), (321, 40), (100, 40)):
        fit = Made()
        scores = np.arange(2.0 * count).reshape(-1, 2)
        found = effects_again(fit, scores)  # type: ignore[arg-type]
        np.testing.assert_array_equal(found[:, :2], scores[:again])
        # Other chance than the first time, the same background.
        assert found[:, 2].tolist() == [3_700_000 + row for row in range(again)]
        assert ("backgrounds", 3_000_000, again) in fit.asked


def test_effects_are_emulated_over_a_hypercube(monkeypatch) -> None:
    def effects(where: Any, record: Any, run: range, space: Any) -> np.ndarray:
        assert len(run) == 1
        return np.array([record[0] + 0.1 * (run[0] % 7), record[1]])

    monkeypatch.setattr(module, "full_effects", effects)
    fit = Made(effects=60, seed=3)
    emulator, scores, found = module.emulate_effects(fit)  # type: ignore[arg-type]
    np.testing.assert_array_equal(scores, hypercube(60, 2, 14))
    again = module.fit_emulator(scores, found, weighted=False)
    np.testing.assert_array_equal(emulator.mean_weights, again.mean_weights)
    assert ("backgrounds", 3_000_000, 60) in fit.asked
    of = module.effects_of(fit, "here", scores[:3], 50)  # type: ignore[arg-type]
    assert of[:, 0] == pytest.approx(scores[:3, 0] + 0.1 * np.array([1, 2, 3]))


def test_explanations_are_scenarios_and_counterfactuals_of_the_same_chance(monkeypatch) -> None:
    def scenarios(effects: Any, record: Any, run: range, space: Any) -> np.ndarray:
        assert len(run) == 1
        return np.full(len(PLACES), float(run[0]))

    def counterfactuals(
        effects: Any, record: Any, gains: Any, run: range, space: Any
    ) -> np.ndarray:
        return np.full(len(COUNTERFACTUALS), -float(run[0]))

    monkeypatch.setattr(module, "scenario_effects", scenarios)
    monkeypatch.setattr(module, "counterfactual_effects", counterfactuals)
    solved = Solved(np.zeros((3, 2)), np.zeros((3, 2)))
    effects, off = explain(Made(), solved)  # type: ignore[arg-type]
    assert effects.shape == (3, len(PLACES))
    assert off.shape == (3, len(COUNTERFACTUALS))
    assert effects[:, 0].tolist() == (-off[:, 0]).tolist() == [2e6, 2e6 + 1, 2e6 + 2]
    few = solved.first(2)
    assert (len(few.records), len(few.gains)) == (2, 2)


def test_rivals_are_of_draws_of_the_priors(monkeypatch) -> None:
    def alone(effects: Any, record: Any, gains: Any, run: range, space: Any) -> np.ndarray:
        assert len(run) == 1
        return np.array([*record, run[0]])

    def whole(effects: Any, record: Any, run: range, space: Any) -> np.ndarray:
        assert len(run) == 1
        return np.where(np.arange(8) == EFFECTS.index("qpr_delivered_12"), run[0] + 0.5, np.nan)

    monkeypatch.setattr(module, "rival_effects", alone)
    monkeypatch.setattr(module, "full_effects", whole)
    fit = Made(seed=5)
    found, fitted = rivals(fit, 3)  # type: ignore[arg-type]
    np.testing.assert_array_equal(found[:, :2], generator(5, 33).standard_normal((3, 2)))
    assert found[:, 2].tolist() == [6e6, 6e6 + 1, 6e6 + 2]
    assert fitted.tolist() == [6e6 + 0.5, 6e6 + 1.5, 6e6 + 2.5]


class Trials(Made):
    """A fit whose single trials tell what they were asked."""

    def __init__(self, **settings: int) -> None:
        super().__init__(**settings)
        self.space = SimpleNamespace(
            size=2,
            names=("a", "b", "c"),
            records=lambda scores, background: np.c_[scores, background],
        )
        self.told: list[Any] = []

    def twins(self) -> None:
        return None

    def pulsar_truth(self, record: np.ndarray, replication: int) -> float:
        return float(10 * record[0] + replication)

    def every_trial(
        self, record: np.ndarray, gains: Any, replication: int, checks: bool, truth: float
    ) -> np.ndarray:
        self.told.append((replication, truth, checks))
        return np.array([record[2], record[0] + replication, truth])


def test_the_direct_likelihood_repeats_chance_and_backgrounds(monkeypatch) -> None:
    monkeypatch.setattr(module, "BACKGROUNDS", 4)
    monkeypatch.setattr(module, "solve", lambda record, twins: (1.0, 2.0))
    fit = Trials(replicates=6, seed=3)
    direct = Direct(fit, first=40)  # type: ignore[arg-type]
    scores = np.array([[1.0, 2.0], [5.0, 6.0]])
    found = direct.figures(scores, "here")
    background = hypercube(4, 3, 3 + 31 + 40)
    assert found.shape == (2, 6, 2)
    for row in range(2):
        np.testing.assert_array_equal(found[row, :, 0], scores[row, 0] + 40 + np.arange(6))
        np.testing.assert_array_equal(found[row, :, 1], background[np.arange(6) % 4, 0])
    # What PULSAR is expected to give is simulated once a background, and used again.
    assert [one[1] for one in fit.told[:6]] == [50.0, 51.0, 52.0, 53.0, 50.0, 51.0]
    assert not any(one[2] for one in fit.told)
    assert Direct(fit, replicates=3).figures(scores, "here").shape == (2, 3, 2)  # type: ignore[arg-type]


def test_the_first_stage_gives_the_covariance_that_all_are_shrunk_to(monkeypatch) -> None:
    figures = np.random.default_rng(1).normal(size=(3, 5, 2))
    fit = Trials()
    direct = Direct(fit)  # type: ignore[arg-type]
    monkeypatch.setattr(direct, "figures", lambda scores, stage: figures)
    common = shrunk(figures, None)[1].mean(axis=0)
    known = log_likelihood(*shrunk(figures, common), fit.data)
    np.testing.assert_allclose(direct(np.zeros((3, 2)), "first"), known)
    figures = figures * 2.0
    np.testing.assert_allclose(
        direct(np.zeros((3, 2)), "second"),
        log_likelihood(*shrunk(figures, common), fit.data),
    )


def test_samplers_are_run_as_the_settings_say(monkeypatch) -> None:
    asked: list[Any] = []

    def sampler(log: Any, size: int, **how: Any) -> str:
        asked.append((size, how["particles"], how["length"], how["seed"]))
        how.get("report", str)("told")
        asked.append(log)
        return "sample"

    monkeypatch.setattr(module, "tempered_smc", sampler)
    fit = Trials(particles=24, length=3, seed=8, emulated=200)
    assert module.sample_directly(fit) == "sample"  # type: ignore[arg-type, comparison-overlap]
    assert asked[0] == (2, 24, 3, 8)
    assert isinstance(asked[1], Direct)
    assert fit.asked == ["sampler: told"]
    emulator = Emulator(
        np.array([[1.0, 2.0], [1.0, 0.0], *[[0.0, 0.0]] * 4]),
        np.zeros((3, 2)),
        np.eye(2),
        np.zeros((6, 6)),
        np.ones(2),
    )
    module.sample_emulated(fit, emulator, share=0.5, seed=4)  # type: ignore[arg-type]
    assert asked[2] == (2, 100, 10, 1012)
    module.sample_emulated(fit, emulator)  # type: ignore[arg-type]
    assert asked[4] == (2, 200, 10, 1008)
    # Figures of the data that are asked for, wherever they stand among those emulated.
    other = Data(("y",), np.array([0]), np.array([3.0]), -1, 0.0, NONE, NONE)
    module.sample_emulated(fit, emulator, other)  # type: ignore[arg-type]
    z = np.zeros((1, 2))
    half_log = 0.5 * math.log(2.0 * math.pi)
    assert asked[5](z, "") == pytest.approx(-0.5 * (0.0 - 1.0) ** 2 - half_log)
    assert asked[7](z, "") == pytest.approx(-0.5 * (3.0 - 2.0) ** 2 - half_log)


SPACE = small_space()


@pytest.fixture
def refocus(monkeypatch) -> Any:
    """Return a fit of both trials whose worlds are not run."""
    told: list[Any] = []

    def reference(draws: Any, seed: int) -> str:
        told.append((len(draws), seed, sorted({round(one["effect_full"], 9) for one in draws})))
        return "PULSAR"

    monkeypatch.setattr(module, "pulsar_reference", reference)
    monkeypatch.setattr(module, "true_overall", lambda where, *given: 5.0)
    monkeypatch.setattr(module, "references", lambda seed: ("services", seed))
    monkeypatch.setattr(module, "effect_design", lambda seed: ("effects", seed))
    monkeypatch.setattr(module, "refocus_design", lambda seed: ("REFOCUS", seed))
    monkeypatch.setattr(module, "make_space", {("effect_full",): SPACE}.__getitem__)
    fit = start(load_targets(), Settings(seed=6), calibrated=("effect_full",), quiet=True)
    return fit, told


def test_pulsars_attendance_is_found_over_backgrounds_of_the_prior(refocus: Any) -> None:
    fit, ((draws, seed, effects),) = refocus
    assert (draws, seed, len(effects)) == (60, 6, 1)
    assert fit.pulsar == "PULSAR"
    assert not fit.own
    assert fit.designs == {"": ("REFOCUS", 6)}
    assert fit.places["difference"] == AT.difference
    first = fit.backgrounds(module.SCREEN, 2)
    np.testing.assert_array_equal(first[1], fit.space.background(6, 4_000_001))


def simulated(refocus: Any, monkeypatch: Any, own: bool = False) -> tuple[Fit, Any, list[float]]:
    fit, _ = refocus
    fit.own = own
    moved: list[float] = []
    monkeypatch.setattr(module, "deviate", lambda p, gains, away: moved.append(away))
    monkeypatch.setattr(module, "simulate_trial", lambda *given: np.full(FIGURES, 0.5))
    record = np.zeros((), [("between_trials_sd", float)])
    record["between_trials_sd"] = 0.2
    return fit, record, moved


def test_both_trials_have_effects_and_errors_of_their_own(refocus: Any, monkeypatch: Any) -> None:
    fit, record, moved = simulated(refocus, monkeypatch)
    figures = fit.every_trial(record, np.zeros(2), 3, False)
    lots = generator(6, 9, 3).standard_normal(4)
    assert moved == pytest.approx([0.2 * lots[0] / 0.365])
    assert figures[AT.pulsar_overall] == pytest.approx(5.0 + 0.2 * 14.7 * lots[1] + 1.61 * lots[2])
    assert figures[AT.rsa_correlation] == pytest.approx(0.5 + RSA_EXTRA_ERROR * lots[3])
    assert figures[AT.difference] == 0.5
    given = fit.every_trial(record, np.zeros(2), 3, False, truth=0.0)
    assert figures[AT.pulsar_overall] - given[AT.pulsar_overall] == pytest.approx(5.0)


def test_a_trial_of_ones_own_gets_no_error_of_another_study(refocus: Any, monkeypatch: Any) -> None:
    fit, record, _ = simulated(refocus, monkeypatch, own=True)
    fit.pulsar = None
    assert set(fit.every_trial(record, np.zeros(2), 3, False)) == {0.5}
    assert math.isnan(fit.pulsar_truth(record, 3))


def test_trials_have_consecutive_replications(refocus: Any, monkeypatch: Any) -> None:
    fit, _ = refocus
    asked: list[Any] = []

    def every(record: Any, gains: Any, replication: int, checks: bool) -> np.ndarray:
        asked.append((replication, checks))
        return np.array([record, gains])

    monkeypatch.setattr(fit, "identity", lambda *parts: "here")
    monkeypatch.setattr(fit, "every_trial", every)
    found = fit.trials("here", Solved(np.arange(3.0), np.arange(3.0) + 5.0), 70, True)
    assert found.tolist() == [[0.0, 5.0], [1.0, 6.0], [2.0, 7.0]]
    assert sorted(asked) == [(70, True), (71, True), (72, True)]


def test_what_is_printed_can_be_kept_quiet(refocus: Any, capsys: Any) -> None:
    fit, _ = refocus
    fit.say("hidden")
    fit.quiet = False
    fit.say("shown")
    assert capsys.readouterr().out == "shown\n"
