"""Small rules of the conclusions, each at both sides of its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.findings.conclusions import (
    bound_table,
    detection,
    effect_row,
    interval,
    narrowing,
    pointwise,
    proportion,
    verdict,
    weakened,
)
from calibration.sampling.scenarios import EFFECTS
from sim.trials.studies.refocus_figures import AT


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
