"""Rivals before both trials: what each switches off, its weight, and the file, by hand."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from calibration.findings import rival_trials as module
from calibration.findings.rival_trials import (
    COLUMNS,
    RIVALS,
    RivalEffects,
    densities,
    expected,
    read,
    rival_changes,
    shipped,
    simulated,
    weights,
)
from calibration.sampling.scenarios import EXPLANATIONS, explanations_off
from calibration.sampling.solve import ROADS
from sim.parameters import resolve, to_record

GAINS = (1.0, 2.0)


def test_each_rival_has_all_other_explanations_switched_off() -> None:
    record = to_record(resolve({"effect_full": 0.1}))[0]
    off = explanations_off(record, GAINS)
    changes = rival_changes(record, GAINS)
    assert tuple(changes) == EXPLANATIONS
    for name, own in changes.items():
        for other, switched in off.items():
            for key, value in switched.items():
                if other != name:
                    assert own[key] == value
                elif name != "theory failure":
                    assert key not in own
    # Where theory failure is the explanation it is complete.
    theory = changes["theory failure"]
    for key in ("theory_strength", *ROADS[:2]):
        assert theory[key] == 0.0
    assert set(changes["chance"]) == {key for one in off.values() for key in one}


def test_a_draw_is_simulated_in_the_services_of_both_trials(monkeypatch) -> None:
    seen: list[Any] = []

    def effect(design: Any, layout: str, record: Any, own: Any, run: range, space: Any) -> float:
        seen.append((layout, own["who"], list(run)))
        return 1.0 if layout == "as delivered" else 2.0

    def overall(where: str, changed: Any, number: int, space: Any) -> float:
        seen.append((where, float(changed["effect_full"]), number))
        return 3.0

    monkeypatch.setattr(module, "solve", lambda record, twins: (twins, 0.0))
    monkeypatch.setattr(
        module,
        "rival_changes",
        lambda record, gains: {"chance": {"effect_full": 0.5, "who": gains[0]}},
    )
    monkeypatch.setattr(module, "effect_of_record", effect)
    monkeypatch.setattr(module, "true_overall", overall)
    record = np.zeros(1, [("effect_full", float), ("between_trials_sd", float), ("who", "U9")])
    record["between_trials_sd"] = 0.2
    monkeypatch.setattr(module, "to_record", lambda sets: record)
    design = SimpleNamespace(delivered="as delivered", full="in full")
    rows = simulated(design, "PULSAR", "twins", {}, 4)  # type: ignore[arg-type]
    assert rows == [
        dict(zip(COLUMNS, (4, "chance", 1.0, 2.0, 3.0, 0.2), strict=True)),
    ]
    assert seen == [
        ("as delivered", "twins", [4]),
        ("in full", "twins", [4]),
        ("PULSAR", 0.5, 4),
    ]
    assert float(record["effect_full"][0]) == 0.0, "the draw itself stays"


def test_densities_are_those_of_what_both_trials_reported() -> None:
    """REFOCUS .68 (1.22) of an SD of 10.15, PULSAR 3.7 (1.61) of one of 14.7."""
    delivered, pulsar = np.array([[0.0, 2.0], [1.0, -1.0]]), np.array([[3.0, 1.0], [0.0, 4.0]])
    spread = np.array([0.1, 0.3])
    effects = RivalEffects(delivered, delivered * 2.0, pulsar, spread)
    for between in (False, True):
        first = densities(effects, "REFOCUS", between)
        second = densities(effects, "PULSAR", between)
        for draw, rival in np.ndindex(2, 2):
            away = float(between) * spread[draw]
            errors = np.sqrt(1.22**2 + (away * 10.15) ** 2), np.sqrt(1.61**2 + (away * 14.7) ** 2)
            known = norm.pdf(0.68, delivered[draw, rival], errors[0])
            assert first[draw, rival] == pytest.approx(known)
            known = norm.pdf(3.7, pulsar[draw, rival], errors[1])
            assert second[draw, rival] == pytest.approx(known)
        np.testing.assert_allclose(densities(effects, "both", between), first * second)


def test_weights_are_mean_densities_and_their_errors_a_jackknife_of_twenty_groups() -> None:
    """Forty draws: the second rival always 1, the first 0 or 2 by group; a classical error.

    The share a / (a + 1) of a mean a about 1 moves by a quarter of what a does.
    """
    values = np.where(np.arange(40) % 2 == 0, 1.02, 0.98)
    shares, errors = weights(np.column_stack([values, np.ones(40)]))
    assert shares == pytest.approx([0.5, 0.5])
    # Twenty group means, whose error is their SD over the root of twenty.
    groups = values[:20]
    assert errors == pytest.approx([0.25 * groups.std(ddof=1) / np.sqrt(20.0)] * 2, rel=1e-3)
    assert errors == pytest.approx([0.25 * 0.02 / np.sqrt(19.0)] * 2, rel=1e-3)


def test_the_middle_90_percent_of_weighted_effects() -> None:
    """A hundred equal draws of 0 to 99: the fifth-smallest hundredths end at 4 and 94."""
    found = expected(np.arange(100.0)[::-1], np.ones(100))
    assert found["mean"] == pytest.approx(49.5)
    assert (found["low"], found["high"]) == (pytest.approx(4.5, abs=0.5), pytest.approx(94.5, 0.5))
    # Nought is no benefit.
    assert found["benefit"] == pytest.approx(0.99)
    assert found["effective"] == pytest.approx(100.0)
    uneven = expected(np.array([1.0, 2.0, 3.0]), np.array([0.04, 0.92, 0.04]))
    assert (uneven["low"], uneven["high"]) == (2.0, 2.0)
    wide = expected(np.array([1.0, 2.0, 3.0]), np.array([0.06, 0.88, 0.06]))
    assert (wide["low"], wide["high"]) == (1.0, 3.0)


def test_the_file_has_two_hundred_draws_of_the_prior_and_five_rivals_each(
    monkeypatch, tmp_path: Path
) -> None:
    asked: list[Any] = []

    def chosen(count: int, path: str) -> Any:
        asked.append((count, path))
        return SimpleNamespace(draws=[{"draw": float(one)} for one in range(30)])

    def pulsar(draws: list[dict[str, float]], seed: int) -> str:
        asked.append((len(draws), seed))
        return "PULSAR"

    def rows(design: Any, where: Any, twins: Any, draw: Any, number: int) -> list[dict[str, Any]]:
        assert (design, where, twins, draw) == (1, "PULSAR", 1, {"draw": float(number)})
        values = (number + 0.123456, 2.0, 3.0, 0.1)
        return [dict(zip(COLUMNS, (number, name, *values), strict=True)) for name in EXPLANATIONS]

    monkeypatch.setattr(module, "chosen_draws", chosen)
    monkeypatch.setattr(module, "pulsar_reference", pulsar)
    monkeypatch.setattr(module, "effect_design", lambda seed: seed)
    monkeypatch.setattr(module, "references", lambda seed: seed)
    monkeypatch.setattr(module, "Twins", lambda where: where)
    monkeypatch.setattr(module, "simulated", rows)
    path = tmp_path / "rivals.csv"
    path.write_text(module.anew(), encoding="utf-8")
    # Attendance is brought to PULSAR's with a tenth of the draws or so: 24.
    assert asked == [(200, "prior"), (24, 1)]
    found = read(path)
    assert found.delivered.shape == (30, 5)
    np.testing.assert_array_equal(found.delivered[:, 0], found.delivered[:, 4])
    assert found.delivered[12, 0] == 12.123, "five digits"
    assert (found.full[3, 3], found.pulsar[3, 3]) == (2.0, 3.0)
    assert found.spread.tolist() == [0.1] * 30


def test_the_file_that_is_shipped_is_as_long_and_its_weights_are_those_that_verdicts_read() -> None:
    assert read().delivered.shape == (200, 5)
    assert shipped() == RIVALS.read_text(encoding="utf-8")
    for name, trials in module.TRIALS_OF.items():
        exact = weights(densities(read(), trials))[0]
        told = list(json.loads(shipped())[name].values())
        assert told == pytest.approx(exact, abs=0.00501)
        assert all(one == round(one, 2) for one in told)
