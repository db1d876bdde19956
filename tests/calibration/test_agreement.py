"""Do two methods agree: standard errors of a jackknife and of chains, and gaps, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.findings.agreement import (
    agreement_rows,
    agreement_summary,
    chain_error,
    jackknifed,
)
from calibration.sampling.likelihood import Data
from calibration.sampling.smc import Sample

NONE = np.array([], int)


def test_the_error_of_chains_is_that_of_their_means() -> None:
    """Three chains of two states, with means 1, 2 and 6: SD sqrt(7), error sqrt(7 / 3)."""
    scores = np.array([[0.0], [1.0], [5.0], [2.0], [3.0], [7.0]])
    sample = Sample(scores, np.zeros(6), [], [], [], [], 0.0, 0)
    assert chain_error(sample, 2) == pytest.approx(math.sqrt(7.0 / 3.0))


def test_a_jackknife_over_replicates_by_hand() -> None:
    """Two particles, two replicates of one figure; a group left out leaves the other replicate."""
    data = Data(("a",), np.array([0]), np.array([0.0]), -1, 0.0, NONE, NONE)
    figures = np.array([[[0.5], [1.5]], [[-1.0], [2.0]]])
    common = np.array([[1.0]])
    scores = np.array([[0.0], [1.0]])

    def mean_without(replicate: int) -> float:
        # One replicate and a common covariance that counts as three: 3 / (0 + 3) = 1, times 2.
        kept = figures[:, 1 - replicate, 0]
        # All replicates: scatter .5 and 4.5, (scatter + 3) / 4, times 1.5.
        whole = np.array([1.0, 0.5]), np.array([0.875, 1.875]) * 1.5
        log = -0.5 * kept**2 / 2.0 - 0.5 * math.log(2.0)
        log = log - (-0.5 * whole[0] ** 2 / whole[1] - 0.5 * np.log(whole[1]))
        weight = np.exp(log)
        return float(weight[1] / weight.sum())

    means = [mean_without(0), mean_without(1)]
    by_hand = math.sqrt(0.5 * sum((one - np.mean(means)) ** 2 for one in means))
    assert jackknifed(figures, common, scores, data) == pytest.approx(by_hand, rel=1e-5)


def test_at_most_eight_groups_are_left_out() -> None:
    rng = np.random.default_rng(1)
    data = Data(("a",), np.array([0]), np.array([0.0]), -1, 0.0, NONE, NONE)
    base = rng.standard_normal((20, 8, 1))
    scores, common = rng.standard_normal((20, 2)), np.array([[1.0]])
    # Sixteen replicates in which the ninth is as the first, and so on, have the same groups.
    eight = jackknifed(np.repeat(base, 2, axis=1), common, scores, data)
    folded = jackknifed(np.concatenate([base, base], axis=1), common, scores, data)
    assert (folded != eight).all()
    assert folded.shape == (2,)


def test_gaps_are_in_posterior_sds_and_in_their_errors() -> None:
    direct = np.array([[1.0, 0.0], [3.0, 4.0]])
    emulated = np.array([[0.0, 0.0], [2.0, 2.0]])
    errors = {
        "replicates": np.array([0.3, 0.6]),
        "direct chains": np.array([0.4, 0.0]),
        "emulated chains": np.array([0.0, 0.8]),
    }
    first, second = agreement_rows(("a", "b"), direct, emulated, errors)
    assert first == pytest.approx(
        {
            "name": "a",
            "gap": 1.0,
            "standard_error": 0.5,
            "from_replicates": 0.3,
            "from_chains": 0.4,
            "in_errors": 2.0,
            "ratio": 1.0,
        }
    )
    assert second["gap"] == pytest.approx(1.0)
    assert second["standard_error"] == pytest.approx(1.0)
    assert second["from_chains"] == pytest.approx(0.8)
    assert second["ratio"] == pytest.approx(2.0)
    scaled = agreement_rows(("a", "b"), 2.0 * direct, 2.0 * emulated, errors)[0]
    assert (scaled["standard_error"], scaled["from_replicates"]) == pytest.approx((0.25, 0.15))
    assert scaled["from_chains"] == pytest.approx(0.2)


def test_the_summary_counts_gaps_beyond_two_errors() -> None:
    rows = [
        {"gap": -0.4, "in_errors": -2.1, "ratio": 0.9},
        {"gap": 0.2, "in_errors": 2.0, "ratio": 1.2},
    ]
    found = agreement_summary(rows)
    assert found == pytest.approx(
        {
            "largest_gap": 0.4,
            "mean_gap": 0.3,
            "largest_in_errors": 2.1,
            "beyond_two_errors": 1,
            "smallest_ratio": 0.9,
            "largest_ratio": 1.2,
            "root_mean_square_in_errors": math.sqrt((2.1**2 + 4.0) / 2.0),
        }
    )
