"""Rival models: known answers of the weights, and what each rival switches off."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import logsumexp

from calibration.findings import rival_trials
from calibration.findings.report import rival_text, survivors
from calibration.findings.rival_text import both_trials_text
from calibration.sampling import rivals
from calibration.sampling.rivals import AS_FITTED, rival_effects, rival_table
from calibration.sampling.scenarios import EXPLANATIONS, effect_design, scenario_effects
from sim.parameters import resolve, to_record

NOTHING = "theory failure"
OBSERVED, ERROR = 1.0, 2.0


def test_equal_predictions_leave_the_weights_equal() -> None:
    rows = rival_table(np.full((100, 5), 0.3), np.full(100, 0.3), 0.68, 1.22)
    assert [row["weight"] for row in rows[:5]] == pytest.approx([0.2] * 5)
    assert [row["factor"] for row in rows] == pytest.approx([1.0] * 6)
    assert "rules none of them out" in survivors(rows)


def test_a_rival_is_weighed_by_the_normal_density_of_the_difference() -> None:
    rivals = np.tile([0.68, 0.68, 0.68, 0.68, 0.68 + 3.0 * 1.22], (60, 1))
    rows = rival_table(rivals, np.zeros(60), 0.68, 1.22)
    assert rows[0]["factor"] == pytest.approx(np.exp(4.5))
    assert rows[4]["weight"] == pytest.approx(1.0 / (1.0 + 4.0 * np.exp(4.5)))
    assert sum(row["weight"] for row in rows[:5]) == pytest.approx(1.0)
    assert "speaks strongly against chance" in survivors(rows)


def test_the_evidence_is_the_mean_density_over_draws() -> None:
    """A normal rival under a normal error: the density of their sum."""
    draws = np.random.default_rng(3).normal(0.0, 2.0, 200_000)
    rivals = np.column_stack([draws] * 4 + [np.zeros(len(draws))])
    rows = rival_table(rivals, draws, 1.0, 1.0)
    expected = np.exp(-0.5 / 5.0) / np.sqrt(5.0) / np.exp(-0.5)
    assert rows[0]["factor"] == pytest.approx(expected, rel=0.02)
    assert rows[5]["factor"] == pytest.approx(expected, rel=0.02)


def test_theory_failure_alone_leaves_no_effect_and_chance_alone_the_largest() -> None:
    record = to_record([resolve({})])[0]
    found = dict(
        zip(
            EXPLANATIONS,
            rival_effects(effect_design(1), record, (1.0, 1.0), range(8), {}),
            strict=True,
        )
    )
    assert abs(found["theory failure"]) < 0.1
    assert found["chance"] == max(found.values())
    delivered = scenario_effects(effect_design(1), record, range(8), {})[0]
    assert found["chance"] > delivered > 0.0


def test_without_a_difference_nothing_is_weighed() -> None:
    assert rival_text([]) == ""
    assert "cannot be weighed" in survivors([])


def test_the_weights_after_both_trials_are_those_of_another_way() -> None:
    """Logarithms of products instead of products of densities; the file as it is shipped."""
    found = rival_trials.read()
    log = -0.5 * ((0.68 - found.delivered) / 1.22) ** 2 - 0.5 * ((3.7 - found.pulsar) / 1.61) ** 2
    evidence = np.exp(logsumexp(log, axis=0))
    by_hand = evidence / evidence.sum()
    shares, errors = rival_trials.weights(rival_trials.densities(found, "both"))
    assert shares == pytest.approx(by_hand)
    assert (errors > 0.0).all()
    assert (errors < 0.03).all()
    page = both_trials_text()
    printed = (Path(__file__).parents[2] / "docs" / "calibration.md").read_text(encoding="utf-8")
    assert page.strip() in printed


def test_what_pulsar_found_speaks_for_an_effect() -> None:
    found = rival_trials.read()
    alone, both = (
        rival_trials.weights(rival_trials.densities(found, one))[0][EXPLANATIONS.index(NOTHING)]
        for one in ("REFOCUS", "both")
    )
    assert both < 0.6 * alone
    assert np.all(found.delivered[:, EXPLANATIONS.index(NOTHING)] == 0.0)


def test_a_mean_given_reports_is_weighted_by_hand() -> None:
    one = rival_trials.expected(np.array([-1.0, 1.0, 3.0]), np.array([1.0, 1.0, 2.0]))
    assert (one["mean"], one["benefit"], one["low"], one["high"]) == (1.5, 0.75, -1.0, 3.0)
    assert one["effective"] == pytest.approx(1.0 / (0.0625 + 0.0625 + 0.25))


def density(effect: float) -> float:
    return math.exp(-0.5 * ((OBSERVED - effect) / ERROR) ** 2)


def test_weights_are_densities_of_what_was_reported_shared_among_rivals() -> None:
    effects = [0.0, 1.0, 2.0, 3.0, 5.0]
    rows = rival_table(np.tile(effects, (40, 1)), np.full(40, 4.0), OBSERVED, ERROR)
    assert [one["rival"] for one in rows] == [*EXPLANATIONS, AS_FITTED]
    total = sum(density(one) for one in effects)
    for row, effect in zip(rows, effects, strict=False):
        assert row["effect"] == (effect, effect, effect)
        assert row["factor"] == pytest.approx(density(effect) / density(5.0))
        assert row["weight"] == pytest.approx(density(effect) / total)
        assert row["factor_se"] == pytest.approx(0.0, abs=1e-12)
        assert row["weight_se"] == pytest.approx(0.0, abs=1e-12)
    assert rows[4]["factor"] == 1.0
    assert rows[5]["factor"] == pytest.approx(density(4.0) / density(5.0))
    assert (rows[5]["weight"], rows[5]["weight_se"]) == (None, None)


def test_errors_are_those_of_the_mean_over_draws() -> None:
    """Twenty draws, twenty groups of one: the jackknife of a mean is its standard error."""
    rivals = np.zeros((20, 5))
    rivals[:, 0] = np.arange(20.0) / 5.0
    rows = rival_table(rivals, rivals[:, 0], OBSERVED, ERROR)
    each = np.array([density(one) for one in rivals[:, 0]])
    factor = each / density(0.0)
    assert rows[0]["factor"] == pytest.approx(factor.mean())
    assert rows[0]["factor_se"] == pytest.approx(factor.std(ddof=1) / math.sqrt(20.0))
    assert rows[5]["factor_se"] == pytest.approx(rows[0]["factor_se"])
    assert rows[0]["weight_se"] > rows[1]["weight_se"] > 0.0
    low, high = np.quantile(rivals[:, 0], [0.05, 0.95])
    assert rows[0]["effect"] == pytest.approx((1.9, low, high))


def test_more_draws_are_left_out_in_twenty_groups() -> None:
    """Forty draws that repeat twenty: each group holds a draw and its twin."""
    rivals = np.zeros((20, 5))
    rivals[:, 0] = np.arange(20.0) / 5.0
    once = rival_table(rivals, rivals[:, 0], OBSERVED, ERROR)
    twice = rival_table(np.tile(rivals, (2, 1)), np.tile(rivals[:, 0], 2), OBSERVED, ERROR)
    assert twice[0]["factor_se"] == pytest.approx(once[0]["factor_se"])
    few = rival_table(rivals[:3], rivals[:3, 0], OBSERVED, ERROR)
    assert np.isfinite(few[0]["factor_se"])


def test_a_theory_that_fails_fails_completely(monkeypatch) -> None:
    """Of the rival that is theory failure nothing but lots reaches recovery; others keep theirs."""
    asked = []

    def effect(design, layout, record, changes, run, space) -> float:
        asked.append((layout, changes, list(run)))
        return float(len(asked))

    monkeypatch.setattr(rivals, "effect_of_record", effect)
    record = to_record([resolve({})])[0]
    design = SimpleNamespace(delivered="as delivered")
    found = rival_effects(design, record, (1.0, 1.0), range(3, 5), {})
    assert found.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert {(one[0], *one[2]) for one in asked} == {("as delivered", 3, 4)}
    nothing = {
        "theory_strength": 0.0,
        "expectations_to_empowerment": 0.0,
        "partnership_to_connectedness": 0.0,
    }
    for name, (_, changes, _) in zip(EXPLANATIONS, asked, strict=True):
        assert (changes.items() >= nothing.items()) == (name == NOTHING)
        assert ("implementation_gap" in changes) == (name != "incomplete implementation")
