"""Scores of forecasts: normal densities and their Monte Carlo error, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from calibration.evidence.pulsar import STANDARD_ERROR
from calibration.findings.leave_one_out import log_score, summary, without_mechanism
from calibration.sampling.fit import QPR22_SD


def test_a_forecast_is_scored_as_the_normal_that_it_looks_like() -> None:
    values = np.array([-1.0, 1.0, np.nan, -1.0, 1.0] * 10)
    sd = math.sqrt(40.0 / 39.0)
    score, error = log_score(values, 0.5)
    assert score == pytest.approx(norm.logpdf(0.5, 0.0, sd))
    assert error > 0.0
    assert log_score(values, 9.0)[0] < score


def test_the_error_of_a_score_is_that_of_repeated_forecasts() -> None:
    rng = np.random.default_rng(1)
    many = [log_score(rng.standard_normal(300), 1.0) for _ in range(60)]
    seen = np.std([one for one, _ in many], ddof=1)
    assert np.mean([error for _, error in many]) == pytest.approx(seen, rel=0.15)


def test_mean_and_middle_90_percent() -> None:
    assert summary(np.arange(21.0)) == (10.0, 1.0, 19.0)


def test_forecasts_without_a_mechanism_by_hand() -> None:
    """PULSAR saw 3.7; a tenth of an SD of the QPR-22 goes with the place, and REFOCUS's error."""
    none, carried = without_mechanism()
    moved = math.sqrt(STANDARD_ERROR**2 + (0.1 * QPR22_SD) ** 2)
    assert none["score"] == pytest.approx(norm.logpdf(3.7, 0.0, moved))
    mean, error = 0.68 / 10.15 * QPR22_SD, 1.22 / 10.15 * QPR22_SD
    wide = math.sqrt(moved**2 + error**2)
    assert carried["score"] == pytest.approx(norm.logpdf(3.7, mean, wide))


@pytest.mark.parametrize("each", [1, 2])
def test_the_error_of_a_score_is_a_jackknife_of_twenty_groups(each: int) -> None:
    """Twenty draws, one left out after the other; forty, two neighbours at a time."""
    values = np.random.default_rng(3).normal(1.0, 2.0, 20 * each)
    left = []
    for group in range(20):
        rest = np.delete(values, slice(group * each, (group + 1) * each))
        left.append(norm.logpdf(0.5, rest.mean(), np.sqrt(rest.var(ddof=1))))
    away = np.array(left) - np.mean(left)
    expected = math.sqrt(19.0 / 20.0 * float(away @ away))
    assert log_score(values, 0.5)[1] == pytest.approx(expected)
