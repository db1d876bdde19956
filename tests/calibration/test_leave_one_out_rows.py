"""Each trial alone: which data are left out, and what is scored, with fits that are made up."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from calibration.evidence.targets import load_targets
from calibration.findings import leave_one_out as module
from calibration.findings.leave_one_out import (
    FIRST,
    PULSAR,
    REFOCUS,
    Posterior,
    leave_one_out,
    log_score,
    posteriors,
)
from calibration.sampling.fit import Solved
from calibration.sampling.scenarios import EFFECTS
from calibration.sampling.smc import generator
from sim.trials.studies.refocus_figures import AT, FIGURES


def test_every_posterior_is_of_its_own_data_and_the_shipped_ones_are_whole(monkeypatch) -> None:
    asked, drawn = [], []

    def sample(fit: Any, emulator: Any, data: Any, seed: int) -> Any:
        asked.append((emulator, {one.split(": ")[-1] for one in data.figures}, seed))
        return SimpleNamespace(scores=np.full((9, 2), float(seed)))

    def draws(fit: Any, scores: np.ndarray, count: int, stage: str) -> Any:
        drawn.append((stage, count))
        return scores[:count], Solved(scores[:count], scores[:count])

    monkeypatch.setattr(module, "sample_emulated", sample)
    monkeypatch.setattr(module, "draws_of", draws)
    fit = SimpleNamespace(
        targets=load_targets(),
        settings=SimpleNamespace(seed=4),
        space=SimpleNamespace(size=2),
    )
    scores = np.zeros((400, 2))
    both = Posterior("both-trials", scores, Solved(scores, scores))
    prior, refocus, pulsar, last = posteriors(fit, SimpleNamespace(emulator="it"), both)  # type: ignore[arg-type]
    assert last is both
    np.testing.assert_array_equal(prior.scores, generator(4, 31).standard_normal((400, 2)))
    assert (refocus.scores[0, 0], pulsar.scores[0, 0]) == (901.0, 902.0)
    # PULSAR alone is looked at in three hundred draws; the others are shipped.
    assert drawn == [
        ("draws-prior", 400),
        ("draws-refocus-alone", 400),
        ("draws-pulsar-alone", 300),
    ]
    (_, without_pulsar, first), (_, without_refocus, second) = asked
    assert (first, second) == (901, 902)
    assert "pulsar_overall" not in without_pulsar
    assert "difference" in without_pulsar
    assert "pulsar_overall" in without_refocus
    assert (
        not {"difference", "participation", "z_intrapersonal", "gaf_difference"} & without_refocus
    )
    # What is not of the effect stays.
    assert {"control_mean", "log_sd", "log_se", "logit_retention"} <= without_refocus
    assert PULSAR == "P20"


def test_a_row_has_the_effects_of_its_draws_and_the_scores_of_both_trials(monkeypatch) -> None:
    size, rng = 320, np.random.default_rng(2)
    names = ("effect_full", "practice_change", "between_trials_sd")
    records = np.zeros(size, [(name, float) for name in names])
    for name in names:
        records[name] = rng.random(size)
    figures = rng.normal(2.0, 3.0, (size, FIGURES))
    delivered = rng.normal(1.0, 1.0, size)
    asked = []

    def effects(fit: Any, stage: str, given: np.ndarray, first: int) -> np.ndarray:
        asked.append((stage, len(given), first))
        found = np.full((len(given), len(EFFECTS)), np.nan)
        found[:, EFFECTS.index("qpr_delivered_12")] = delivered[: len(given)]
        return found

    def trials(stage: str, solved: Solved, first: int) -> np.ndarray:
        asked.append((stage, len(solved.records), first))
        return figures[: len(solved.records)]

    monkeypatch.setattr(module, "effects_of_records", effects)
    fit = SimpleNamespace(trials=trials, settings=SimpleNamespace(seed=6))
    fitted = [
        Posterior(name, np.zeros((size, 1)), Solved(records, np.zeros((size, 2))))
        for name in ("prior", "both")
    ]
    rows = leave_one_out(fit, fitted)  # type: ignore[arg-type]
    # No two posteriors share chance, with each other or with another stage.
    assert asked == [
        (f"left-out-{part}{name}", 300, 2_400_000 + 10_000 * number)
        for number, name in enumerate(("prior", "both"))
        for part in ("", "effects-")
    ]
    assert FIRST == 2_400_000
    few = slice(0, 300)
    for number, row in enumerate(rows):
        lots = generator(6, 32, number).standard_normal(300)
        new = delivered[few] / 10.15 + records["between_trials_sd"][few] * lots
        for label, values in (
            ("delivered", delivered[few] / 10.15),
            ("full", records["effect_full"][few]),
            ("practice", records["practice_change"][few]),
            ("spread", records["between_trials_sd"][few]),
            ("new_trial", new),
        ):
            known = (values.mean(), *np.quantile(values, [0.05, 0.95]))
            assert row[label] == pytest.approx(known)
        assert row["new_trial_negative"] == pytest.approx((new < 0.0).mean())
        assert row["pulsar_score"] == log_score(figures[few, AT.pulsar_overall], 3.7)
        assert row["refocus_score"] == log_score(figures[few, AT.difference], 0.68)
    assert REFOCUS == (0.68, 1.22)
