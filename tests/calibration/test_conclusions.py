"""Tables of the report: weights, information, bounds and indices with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.conclusions import bound_table, explanation_table, information_table
from calibration.recovery import binomial_interval
from calibration.report import markdown, number, table, to_html
from calibration.scenarios import COUNTERFACTUALS, EFFECTS


def toy(draws: int = 200) -> tuple[np.ndarray, np.ndarray]:
    effects = np.tile(np.linspace(0.0, 1.0, draws)[:, None], (1, len(EFFECTS) - 1))
    off = np.repeat(effects[:, :1], len(COUNTERFACTUALS), axis=1)
    return effects, off


def test_weights_are_shares_and_a_single_lift_has_all() -> None:
    effects, off = toy()
    off = off.copy()
    off[:, COUNTERFACTUALS.index("qpr_time_off_12")] += 2.0
    found = explanation_table(effects, off, None)
    weights = {row["explanation"]: row["weight"] for row in found["rows"]}
    assert weights["too short a time"] == pytest.approx(1.0)
    assert sum(weights.values()) == pytest.approx(1.0)
    row = next(row for row in found["rows"] if row["explanation"] == "too short a time")
    assert row["lift"][0] == pytest.approx(2.0)
    assert row["lifted_above"]["1"]["p"] == 1.0


def test_chance_is_what_was_expected_less_what_was_seen() -> None:
    effects, off = toy()
    found = explanation_table(effects, off, -1.0)
    chance = found["rows"][-1]
    assert chance["lift"][0] == pytest.approx(effects[:, 0].mean() + 1.0)
    assert chance["weight"] == pytest.approx(1.0)


def test_information_is_nil_for_noise_and_all_for_a_perfect_measurement() -> None:
    effects, off = toy(400)
    leading = np.random.default_rng(1).integers(0, 2, 400)
    effects = np.zeros_like(effects)
    effects[:, EFFECTS.index("qpr_full_12")] = 100.0 * leading
    rows = {row["measurement"]: row for row in information_table(effects, off * 0, leading, 1.0)}
    assert rows["repeat, fully implemented"]["bits"] == pytest.approx(1.0, abs=0.02)
    assert rows["repeat as it was"]["bits"] == pytest.approx(0.0, abs=0.02)


def test_bound_grows_as_fewer_teams_implement() -> None:
    rows = bound_table(0.68, 1.22)
    half = next(row for row in rows if row["p"] == 0.5)
    assert half["effect"] == pytest.approx(1.36)
    assert half["standard_error"] == pytest.approx(2.44)
    ends = [row["interval"][1] for row in rows]
    assert ends == sorted(ends, reverse=True)


def test_binomial_interval_has_known_ends() -> None:
    assert binomial_interval(0, 10) == (0.0, pytest.approx(0.3085, abs=1e-3))
    assert binomial_interval(45, 50)[0] == pytest.approx(0.7819, abs=1e-3)


def test_numbers_and_tables_read_as_written() -> None:
    assert number({"p": 0.25, "se": 0.01}) == "0.25 (MC SE 0.010)"
    assert number((1.0, -2.0, 3.0)) == "1.00 (-2.00 to 3.00)"
    assert number(float("nan")) == "-"
    text = table([{"a": 1.5}], (("title", "a"),))
    assert text == "| title |\n|---|\n| 1.50 |"
    assert "<td>1.50</td>" in to_html(text)
    assert "&lt;b&gt;" in to_html("<b>")
    assert callable(markdown)
