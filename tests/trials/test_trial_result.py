"""The record of one test at a plan's level."""

from __future__ import annotations

from math import inf, isnan, nan

import pytest
from scipy import stats

from sim.trials.analyses import trial_result
from sim.trials.analyses.analysed_trial import Answer
from sim.trials.analyses.hypothesis import (
    Bounds,
)
from sim.trials.analyses.trial_result import TrialResult, as_table, failed_result, from_table


def test_record_of_a_test_at_the_plans_level() -> None:
    answer = Answer(3.0, 0.005, 7.0, None, 2.0, 5.0)
    found = trial_result.tested_result(answer, 0.01, 90, 9, None)
    assert found.p == pytest.approx(2.0 * stats.t.sf(600.0, 7), rel=1e-6)
    assert found.high - 3.0 == pytest.approx(0.005 * stats.t.ppf(0.995, 7))
    assert 3.0 - found.low == pytest.approx(0.005 * stats.t.ppf(0.995, 7))
    assert (found.cluster_variance, found.residual_variance) == (2.0, 5.0)
    assert (found.analysed, found.clusters, found.failed) == (90, 9, False)
    one = Answer(1.0, 2.0, 0.005, 0.2, 2.0, 5.0)
    assert trial_result.tested_result(one, 0.05, 90, 9, None).p == 0.2
    assert trial_result.tested_result(one, 0.05, 90, 9, None).failed is False
    sided = trial_result.tested_result(
        Answer(1.0, 2.0, 7.0, 0.2, 2.0, 5.0), 0.05, 90, 9, Bounds(-3.0, inf)
    )
    assert sided.p == pytest.approx(stats.t.sf(2.0, 7))
    assert sided.high - 1.0 == pytest.approx(2.0 * stats.t.ppf(0.95, 7))


@pytest.mark.parametrize("wrong", [(nan, 1.0, 5.0), (1.0, 0.0, 5.0), (1.0, 1.0, 0.0)])
def test_a_test_without_a_number_is_a_failure(wrong: tuple[float, float, float]) -> None:
    found = trial_result.tested_result(Answer(*wrong, 0.5, 2.0, 5.0), 0.05, 90, 9, None)
    assert found.failed
    assert isnan(found.p)
    assert isnan(found.low)
    assert not found.singular
    assert (found.analysed, found.clusters) == (90, 9)


def test_results_are_stored_as_numbers_of_their_kinds() -> None:
    one = TrialResult(1.5, 0.5, 7.0, 0.25, 0.0, 3.0, 2.0, 5.0, True, False, 90, 9)
    assert as_table([]).shape == (0, 12)
    assert from_table(as_table([one])) == [one]
    assert from_table(as_table([failed_result(9, 3)]))[0].failed is True
    assert type(from_table(as_table([one]))[0].analysed) is int
