"""Tables of the report: weights, information, bounds and indices with known answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.findings.conclusions import (
    bound_table,
    detection,
    effect_row,
    explanation_table,
    information_table,
    interval,
    narrowing,
    pointwise,
    proportion,
    verdict,
    weakened,
)
from calibration.findings.posterior import flags
from calibration.sampling.scenarios import COUNTERFACTUALS, EFFECTS
from sim.parameters import registry
from sim.trials.studies.refocus_figures import AT


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


def test_a_central_interval_leaves_missing_draws_out() -> None:
    values = np.r_[np.arange(21.0), np.nan]
    assert interval(values) == pytest.approx((1.0, 19.0))
    assert interval(values, 0.5) == pytest.approx((5.0, 15.0))


def test_a_share_has_the_binomial_error_and_never_none() -> None:
    assert proportion(np.arange(100) < 20) == pytest.approx({"p": 0.2, "se": 0.04})
    # Of 25 none: as if half a hit, .25 / 25, stood in the place of the variance.
    assert proportion(np.zeros(25)) == pytest.approx({"p": 0.0, "se": 0.02})


@pytest.mark.parametrize(
    ("shifts", "contractions", "words"),
    [
        ((0.0, 0.0), (0.31, 0.9), "informed"),
        ((0.0, 0.0), (0.3, 0.9), "slightly informed"),
        ((0.0, 0.0), (0.9, 0.11), "slightly informed"),
        ((0.0, 0.0), (0.1, 0.9), "hardly moved: the prior speaks"),
        ((0.26, 0.9), (0.0, 0.0), "slightly informed"),
        ((-0.26, -0.9), (0.0, 0.0), "slightly informed"),
        ((0.25, 0.9), (0.0, 0.0), "hardly moved: the prior speaks"),
        ((-0.9, 0.9), (0.0, 0.0), "hardly moved: the prior speaks"),
    ],
)
def test_what_a_parameter_learned(
    shifts: tuple[float, float], contractions: tuple[float, float], words: str
) -> None:
    assert verdict(shifts, contractions) == words


def test_a_conclusion_rests_on_assumptions_below_a_quarter_narrower() -> None:
    prior = {"qpr_full_12": (0.0, -2.0, 2.0), "qpr_full_24": (0.0, -2.0, 2.0)}
    told = narrowing(prior, {"qpr_full_12": (0.0, -1.5, 1.5), "qpr_full_24": (0.0, -1.6, 1.5)})
    assert [one["narrowed"] for one in told] == pytest.approx([0.25, 0.225])
    assert told[0]["flag"] == "informed"
    assert told[1]["flag"].startswith("rests on assumptions")
    assert told[1]["flag"].endswith("beyond month 12: extrapolation")


def test_the_main_conclusions_are_means_intervals_and_shares() -> None:
    draws = np.zeros((21, len(EFFECTS)))
    draws[:, EFFECTS.index("qpr_full_12")] = np.arange(-2.0, 19.0)
    draws[:, EFFECTS.index("qpr_full_24")] = 4.0
    row = effect_row("here", draws, 3.0)
    assert (row["analysis"], row["log_evidence"]) == ("here", 3.0)
    assert row["qpr_full_12"] == pytest.approx((8.0, -1.0, 17.0))
    assert row["full_not_above_zero_12"]["p"] == pytest.approx(3 / 21)
    # Of 4 points or more: 4 to 18; of 2.7: 3 to 18.
    assert row["full_above_important_12"]["p"] == pytest.approx(15 / 21)
    assert row["full_above_lower_12"]["p"] == pytest.approx(16 / 21)
    assert row["full_above_important_24"]["p"] == 1.0
    assert row["full_not_above_zero_24"]["p"] == 0.0


def test_a_trial_is_significant_beyond_1_96_of_its_errors() -> None:
    figures = np.zeros((4, max(AT.difference, AT.log_se) + 1))
    figures[:, AT.log_se] = math.log(2.0)
    figures[:, AT.difference] = [3.91, 3.93, -3.93, np.nan]
    assert detection(figures)["p"] == pytest.approx(2 / 3)


def test_correlations_are_weakened_and_the_diagonal_is_kept() -> None:
    found = weakened(np.array([[1.0, 0.4], [0.4, 1.0]]), 0.5)
    np.testing.assert_allclose(found, [[1.0, 0.2], [0.2, 1.0]])


def test_information_is_the_ratio_of_densities_among_ones_own_kind() -> None:
    """Among the own kind 2 over one draw; among all 2 + 1 + 1 over three."""
    density = np.array(
        [[0.0, 2.0, 1.0, 1.0], [2.0, 0.0, 1.0, 1.0], [0.0, 4.0, 0.0, 2.0], [0.0, 0.0, 0.0, 0.0]]
    )
    found = pointwise(density, np.array([0, 0, 1, 1]))
    assert found[:2] == pytest.approx(math.log2(1.5))
    assert found[2] == pytest.approx(0.0)
    assert found[3] == 0.0
    alone = pointwise(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]), np.arange(3))
    assert alone.tolist() == [0.0, 0.0, 0.0]
    small = pointwise(
        np.array([[0.0, 2e-3, 0.0], [1e-3, 0.0, 0.0], [0.0, 0.0, 0.0]]), np.r_[0, 0, 1]
    )
    assert small[:2] == pytest.approx([1.0, 1.0])


def test_the_bound_of_randomisation_divides_by_the_share_that_implemented() -> None:
    rows = bound_table(1.0, 0.5)
    assert [one["p"] for one in rows] == [0.25, 0.4, 0.5, 0.6, 0.75, 1.0]
    half = rows[2]
    assert (half["effect"], half["standard_error"]) == (2.0, 1.0)
    assert half["interval"] == pytest.approx((2.0 - 1.959964, 2.0 + 1.959964))
