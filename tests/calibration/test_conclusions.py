"""Tables of the report: weights, information, bounds and indices with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.findings.agreement import (
    agreement_rows,
    agreement_summary,
    chain_error,
    jackknifed,
)
from calibration.findings.conclusions import (
    bound_table,
    explanation_table,
    information_table,
    narrowing,
    verdict,
    weakened,
)
from calibration.findings.posterior import flags
from calibration.findings.recovery import EFFECT_DRAWS, binomial_interval, central
from calibration.findings.report import consistent, miss_text, missed, number, table, write_blocks
from calibration.sampling.likelihood import Data
from calibration.sampling.scenarios import COUNTERFACTUALS, EFFECTS
from calibration.sampling.smc import Sample
from sim.parameters import registry
from sim.report.document import Document


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


def test_information_is_not_biased_below_nil_by_few_draws() -> None:
    draws = np.random.default_rng(5)
    off = np.zeros((150, len(COUNTERFACTUALS)))
    bits = []
    for _ in range(8):
        effects = draws.normal(0.0, 5.0, (150, len(EFFECTS) - 1))
        rows = information_table(effects, off, draws.integers(0, 4, 150), 0.5)
        bits.append(next(r["bits"] for r in rows if r["measurement"].startswith("repeat as")))
    error = np.std(bits, ddof=1) / np.sqrt(len(bits))
    assert abs(np.mean(bits)) < 3.0 * error


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


def test_few_draws_do_not_bias_the_coverage_of_ranks() -> None:
    for level in (0.5, 0.9):
        assert central(np.arange(EFFECT_DRAWS + 1), EFFECT_DRAWS, level).mean() == pytest.approx(
            level
        )
    draws = np.random.default_rng(6).standard_normal((20_000, EFFECT_DRAWS + 1))
    ranks = (draws[:, 1:] < draws[:, :1]).sum(axis=1)
    assert central(ranks, EFFECT_DRAWS, 0.9).mean() == pytest.approx(0.9, abs=0.008)


def test_numbers_and_tables_read_as_written() -> None:
    assert number({"p": 0.25, "se": 0.01}) == "0.25 (MC SE 0.010)"
    assert number((1.0, -2.0, 3.0)) == "1.00 (-2.00 to 3.00)"
    assert number(float("nan")) == "-"
    assert number((-0.004, -0.006, 0.0)) == "0.00 (-0.01 to 0.00)"
    text = table([{"a": 1.5}], (("title", "a"),))
    assert text == "| title |\n|---|\n| 1.50 |"
    document = Document("title")
    write_blocks(document, "heading", f"{text}\n\n### part\n\n* -1.5\n* <b>")
    table_of, heading, bullets = document.parts
    assert "<caption>heading</caption>" in table_of
    assert "<td>1.50</td>" in table_of
    assert heading == "<h3>part</h3>"
    assert bullets == "<ul><li>\N{MINUS SIGN}1.5</li><li>&lt;b&gt;</li></ul>"


def predicted(**changes: object) -> dict:
    row = {
        "name": "p16_goal_named",
        "pattern": "P16",
        "title": "Can name a goal",
        "use": "check",
        "kind": "estimate",
        "reported": 0.87,
        "median": 0.5,
        "interval": (0.25, 0.75),
        "tail": {"p": 0.01, "se": 0.003},
    }
    return row | changes


def test_a_miss_is_told_as_it_is() -> None:
    assert missed(predicted())
    text = miss_text(predicted())
    assert text.startswith("P16 Can name a goal: reported 0.87, above")
    assert "asked to name one" in text
    below = miss_text(predicted(reported=0.1))
    assert "below" in below
    assert "asked to name one" not in below, "the reason holds on one side only"


def test_only_what_lies_in_the_tail_is_a_miss() -> None:
    assert not missed(predicted(tail={"p": 0.93, "se": 0.03}))
    assert not missed(predicted(tail_selected={"p": 0.22, "se": 0.06}))
    assert "do not rely on the fit" in miss_text(predicted(use="fit", name="p1_control_mean"))
    assert "do not rely on the fit" not in miss_text(predicted())


def test_coverage_is_called_what_it_is() -> None:
    assert consistent(0.89, 0.9, 0.01) == "consistent with nominal"
    assert consistent(0.80, 0.9, 0.01) == "below nominal"
    assert consistent(0.95, 0.9, 0.01) == "above nominal"


def test_the_more_cautious_method_decides_what_a_parameter_learned() -> None:
    assert verdict((0.0, 0.0), (0.8, 0.7)) == "informed"
    assert verdict((0.0, 0.0), (0.8, 0.2)) == "slightly informed"
    assert verdict((0.5, 0.4), (0.0, 0.0)) == "slightly informed"
    assert verdict((0.5, -0.4), (0.6, 0.0)).startswith("hardly")


def test_conclusions_that_the_trial_does_not_narrow_are_flagged() -> None:
    prior = {"qpr_full_12": (0.5, 0.0, 2.0), "inspire_support_full_24": (5.0, 0.0, 10.0)}
    posterior = {"qpr_full_12": (0.5, 0.5, 1.0), "inspire_support_full_24": (5.0, 0.0, 9.0)}
    rows = {row["effect"]: row for row in narrowing(prior, posterior)}
    assert rows["qpr_full_12"]["narrowed"] == pytest.approx(0.75)
    assert rows["qpr_full_12"]["flag"] == "informed"
    flag = rows["inspire_support_full_24"]["flag"]
    assert flag.startswith("rests on assumptions")
    assert "not calibrated: no REFOCUS figure seen" in flag
    assert "extrapolation" in flag
    said = flags(
        {
            "contraction": [
                {"name": "dropout_yearly", "verdict": "hardly moved: the prior speaks"}
            ],
            "narrowing": list(rows.values()),
            "varying": 5,
            "calibrated": ["dropout_yearly", "qpr_alpha"],
        }
    )
    told = next(one for one in said if "rest on assumptions" in one)
    assert "INSPIRE Support fully implemented after 24 months" in told
    assert "QPR fully implemented after 12 months" not in told
    label = registry()["dropout_yearly"].label
    assert any(f"hardly moved: {label}" in one for one in said)
    assert any(one.startswith("3 of 5 parameters with a prior were not") for one in said)


def test_weaker_correlations_keep_the_diagonal() -> None:
    correlation = np.array([[1.0, 0.98], [0.98, 1.0]])
    other = weakened(correlation, 0.9)
    assert other[0].tolist() == pytest.approx([1.0, 0.882])
    assert np.linalg.cond(other) < np.linalg.cond(correlation)


def test_frozen_replications_move_the_posterior_as_far_as_the_jackknife_says() -> None:
    # One figure with mean z and SD 1, observed 0, prior standard normal: the posterior mean is half
    # of minus the mean noise of the replications, whose standard error is known.
    data = Data(
        ("a",), np.array([0]), np.array([0.0]), -1, 0.0, np.array([], int), np.array([], int)
    )
    replicates, found = 32, []
    for seed in range(12):
        draws = np.random.default_rng(seed)
        noise = draws.standard_normal(replicates)
        scores = -0.5 * noise.mean() + np.sqrt(0.5) * draws.standard_normal((2000, 1))
        figures = scores[:, None, :] + noise[None, :, None]
        found.append(jackknifed(figures, np.eye(1), scores, data)[0])
    assert np.mean(found) == pytest.approx(0.5 / np.sqrt(replicates), rel=0.2)


def test_chains_tell_the_error_of_the_sampler() -> None:
    draws = np.random.default_rng(2)
    chains = draws.standard_normal((50, 2))
    scores = np.tile(chains, (4, 1))
    sample = Sample(scores, np.zeros(200), [], [], [], [], 0.0, 0)
    expected = chains.std(axis=0, ddof=1) / np.sqrt(50)
    assert chain_error(sample, 4) == pytest.approx(expected)


def test_methods_that_differ_by_more_than_their_errors_are_seen() -> None:
    emulated = np.random.default_rng(1).standard_normal((4000, 2))
    direct = emulated + np.array([0.0, 0.5])
    errors = {
        name: np.array([0.05, 0.05]) for name in ("replicates", "direct chains", "emulated chains")
    }
    rows = agreement_rows(("a", "b"), direct, emulated, errors)
    assert rows[0]["gap"] == pytest.approx(0.0, abs=1e-9)
    assert rows[1]["in_errors"] == pytest.approx(0.5 / (0.05 * np.sqrt(3.0)), rel=0.01)
    assert agreement_summary(rows)["beyond_two_errors"] == 1


def test_the_jackknife_of_four_groups_worked_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without one group after the other the posterior mean is 1, 2, 3, 4: squares about 2.5 sum to
    # 5, times (4 - 1) / 4 makes 3.75.
    left_out = iter(np.eye(4))
    monkeypatch.setattr("calibration.findings.agreement.weights_of", lambda _: next(left_out))
    data = Data(
        ("a",), np.array([0]), np.array([0.0]), -1, 0.0, np.array([], int), np.array([], int)
    )
    scores = np.array([[1.0], [2.0], [3.0], [4.0]])
    found = jackknifed(np.zeros((4, 4, 1)), np.eye(1), scores, data)
    assert found == pytest.approx([np.sqrt(3.75)])
