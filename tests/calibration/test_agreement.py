"""Do two methods agree: standard errors of a jackknife and of chains, and gaps, by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from calibration.findings.agreement import (
    agreement_rows,
    agreement_summary,
    chain_error,
    jackknifed,
    replicate_error,
)
from calibration.sampling.likelihood import Data
from calibration.sampling.smc import Sample

NONE = np.array([], int)


def test_the_error_of_chains_is_that_of_their_means() -> None:
    """Three chains of two states, with means 1, 2 and 6: SD sqrt(7), error sqrt(7 / 3)."""
    scores = np.array([[0.0], [1.0], [5.0], [2.0], [3.0], [7.0]])
    sample = Sample(scores, np.zeros(6), [], [], [], [], 0.0, 0)
    assert chain_error(sample, 2) == pytest.approx(math.sqrt(7.0 / 3.0))


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
    # Gaps and ratios are the same on any scale.
    assert (scaled["gap"], scaled["ratio"]) == pytest.approx((1.0, 1.0))


def test_the_summary_counts_gaps_beyond_two_errors() -> None:
    rows = [
        {"gap": -0.4, "in_errors": -2.1, "ratio": 0.9},
        {"gap": 0.2, "in_errors": 2.0, "ratio": 1.2},
        {"gap": 0.3, "in_errors": 1.0, "ratio": 1.0},
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
            "root_mean_square_in_errors": math.sqrt((2.1**2 + 4.0 + 1.0) / 3.0),
        }
    )


ONE_FIGURE = Data(("a",), np.array([0]), np.array([0.0]), -1, 0.0, NONE, NONE)
"""A trial that reported nought."""
UNIT = np.eye(1)


def log_density(kept: np.ndarray) -> np.ndarray:
    """Return how likely nought is, by particle, from replicates of its one figure.

    A common variance of 1 counts as three degrees of freedom, and the mean has an error of its own.
    """
    n = kept.shape[1]
    mean = kept.mean(axis=1)
    scatter = ((kept - mean[:, None]) ** 2).sum(axis=1)
    variance = (scatter + 3.0) / (n - 1 + 3.0) * (1.0 + 1.0 / n)
    return -0.5 * mean**2 / variance - 0.5 * np.log(variance)


def left_out(figures: np.ndarray, scores: np.ndarray, groups: int) -> float:
    """Return the jackknife's error where every `groups`-th replicate is left out together."""
    means = []
    for group in range(groups):
        others = np.arange(figures.shape[1]) % groups != group
        weight = np.exp(log_density(figures[:, others]) - log_density(figures))
        means.append(weight @ scores / weight.sum())
    return math.sqrt((groups - 1) * np.var(means))


@pytest.mark.parametrize(("replicates", "groups"), [(2, 2), (8, 8), (9, 8), (16, 8)])
def test_a_jackknife_leaves_out_a_replicate_or_one_of_eight_groups(
    replicates: int, groups: int
) -> None:
    rng = np.random.default_rng(replicates)
    figures, scores = rng.standard_normal((5, replicates)), rng.standard_normal(5)
    found = jackknifed(figures[:, :, None], UNIT, scores[:, None], ONE_FIGURE)
    assert found == pytest.approx([left_out(figures, scores, groups)], rel=1e-5)


def test_frozen_replications_move_the_posterior_as_far_as_the_jackknife_says() -> None:
    # One figure with mean z and SD 1, observed 0, prior standard normal: the posterior mean is half
    # of minus the mean noise of the replications, whose standard error is known.
    replicates, found = 32, []
    for seed in range(12):
        draws = np.random.default_rng(seed)
        noise = draws.standard_normal(replicates)
        scores = -0.5 * noise.mean() + np.sqrt(0.5) * draws.standard_normal((2000, 1))
        figures = scores[:, None, :] + noise[None, :, None]
        found.append(jackknifed(figures, UNIT, scores, ONE_FIGURE)[0])
    assert np.mean(found) == pytest.approx(0.5 / np.sqrt(replicates), rel=0.2)


def test_the_jackknife_of_four_groups_worked_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without one group after the other the posterior mean is 1, 2, 3, 4: squares about 2.5 sum to
    # 5, times (4 - 1) / 4 makes 3.75.
    kept_alone = iter(np.eye(4))
    monkeypatch.setattr("calibration.findings.agreement.weights_of", lambda _: next(kept_alone))
    scores = np.array([[1.0], [2.0], [3.0], [4.0]])
    found = jackknifed(np.zeros((4, 4, 1)), UNIT, scores, ONE_FIGURE)
    assert found == pytest.approx([np.sqrt(3.75)])


@pytest.mark.parametrize(("particles", "chosen"), [(3, 3), (128, 128), (385, 128)])
@pytest.mark.parametrize("common", [None, UNIT])
def test_some_particles_are_simulated_again_from_the_first_to_the_last(
    particles: int, chosen: int, common: np.ndarray | None
) -> None:
    """All of few; of many 128, evenly spaced. A pooled covariance is found where none is."""
    lots = np.random.default_rng(1).standard_normal((chosen, 4, 1))

    class Again:
        seen: ClassVar[list[np.ndarray]] = []

        def __init__(self) -> None:
            self.common = common

        def figures(self, scores: np.ndarray, stage: str) -> np.ndarray:
            assert stage == "direct-check"
            self.seen.append(scores[:, 0])
            return lots

        def moments(self, scores: np.ndarray, stage: str) -> None:
            self.common = UNIT

    scores = np.arange(float(particles))[:, None]
    sample = Sample(scores, np.zeros(particles), [], [], [], [], 0.0, 0)
    direct = Again()
    fit = SimpleNamespace(data=ONE_FIGURE)
    found = replicate_error(fit, direct, sample)  # type: ignore[arg-type]
    rows = direct.seen[-1]
    assert (rows[0], rows[-1], len(rows)) == (0.0, particles - 1.0, chosen)
    assert set(np.diff(rows)) <= {1.0, 3.0, 4.0}
    np.testing.assert_array_equal(found, jackknifed(lots, UNIT, rows[:, None], ONE_FIGURE))
