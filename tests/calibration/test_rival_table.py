"""Weights of rival explanations: Bayes factors of normal densities, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration.sampling.rivals import AS_FITTED, rival_table
from calibration.sampling.scenarios import EXPLANATIONS

OBSERVED, ERROR = 1.0, 2.0


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
