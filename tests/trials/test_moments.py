"""Moments of a trial's data, by analysis of variance on paper."""

from __future__ import annotations

from math import isnan, nan, sqrt

import numpy as np
import pytest

from sim.trials.data.data import TrialData
from sim.trials.data.moments import average_moments, known_means, trial_moments


def data_of(cluster: object, period: object, person: object, outcome: object) -> TrialData:
    """Return a trial without treatment."""
    none = np.zeros(len(np.asarray(outcome)), int)
    columns = [np.asarray(one) for one in (cluster, period, person)]
    return TrialData(*columns, none, none, np.asarray(outcome, float), none)


def test_moments_of_one_period_by_analysis_of_variance() -> None:
    """Two clusters of 2 and 3: between squares 2 x 3 x 3^2 / 5, within 2 + 8 over 3."""
    data = data_of([4, 4, 7, 7, 7], [1] * 5, range(5), [1.0, 3.0, 3.0, 5.0, 7.0])
    found = trial_moments(data)
    within = (2.0 + 8.0) / 3.0
    typical = 5.0 - 13.0 / 5.0
    assert found[:3] == pytest.approx((3.8, (10.8 - within) / typical, within))
    assert isnan(found[3])
    assert isnan(found[4])
    assert found[5:] == pytest.approx((2.5, 0.25, 0.0, 2.0))


def test_moments_with_loss_and_of_a_trial_without_people() -> None:
    data = data_of([0, 0, 1, 1, 1], [0] * 5, range(5), [1.0, 3.0, nan, 4.0, 6.0])
    found = trial_moments(data)
    assert found[:3] == pytest.approx((3.5, (9.0 - 2.0) / 2.0, 2.0))
    assert found[7:] == pytest.approx((0.2, 2.0))
    assert trial_moments(data_of([], [], [], []))[8] == 0.0
    assert len(trial_moments(data_of([], [], [], []))) == 9
    lost = trial_moments(data_of([0, 1], [0, 0], [0, 1], [nan, nan]))
    assert isnan(lost[0])
    assert isnan(lost[1])
    assert lost[7] == 1.0


def test_one_cluster_or_one_person_each_tells_no_components() -> None:
    alone = trial_moments(data_of([0, 0, 0], [0] * 3, range(3), [1.0, 2.0, 4.0]))
    each = trial_moments(data_of([0, 1, 2], [0] * 3, range(3), [1.0, 2.0, 4.0]))
    assert isnan(alone[1])
    assert isnan(each[1])
    assert isnan(each[2])
    three = trial_moments(data_of([0, 1, 1], [0] * 3, range(3), [1.0, 2.0, 4.0]))
    assert three[2] == pytest.approx(2.0)


def test_periods_of_a_cohort_covary_between_and_within() -> None:
    """The second period is the first times 2: both covariances are twice the variances."""
    first = [1.0, 3.0, 4.0, 6.0, 5.0, 9.0]
    once = data_of([0, 0, 1, 1, 2, 2], [0] * 6, range(6), first)
    _, between, within, *_ = trial_moments(once)
    both = data_of(
        [0, 0, 1, 1, 2, 2] * 2, [0] * 6 + [1] * 6, [*range(6)] * 2, [*first, *2.0 * np.array(first)]
    )
    assert trial_moments(both)[3:5] == pytest.approx((2.0 * between, 2.0 * within))


def test_periods_of_cross_sections_covary_by_their_means() -> None:
    cluster = [0, 0, 1, 2, 2, 0, 1, 2, 3]
    outcome = [1.0, 3.0, 4.0, 5.0, 7.0, 1.0, 5.0, 6.0, 9.0]
    data = data_of(cluster, [0] * 5 + [2] * 4, range(9), outcome)
    found = trial_moments(data)
    assert found[3] == pytest.approx(np.cov([2.0, 4.0, 6.0], [1.0, 5.0, 6.0])[0, 1])
    assert isnan(found[4])
    two = data_of([0, 1, 0, 1], [0, 0, 1, 1], range(4), [1.0, 3.0, 2.0, 6.0])
    assert trial_moments(two)[3] == pytest.approx(4.0)
    apart = data_of([0, 1, 1, 2], [0, 0, 1, 1], range(4), [1.0, 3.0, 2.0, 6.0])
    assert isnan(trial_moments(apart)[3])


def test_means_of_what_is_known() -> None:
    found = known_means(np.array([[1.0, nan, nan], [3.0, 5.0, nan]]))
    assert found[:2].tolist() == [2.0, 5.0]
    assert isnan(found[2])


@pytest.mark.parametrize("unit", [0.01, 1.0])
def test_ratios_are_formed_after_averaging(unit: float) -> None:
    v = unit**2
    rows = [
        (2.0, 1.0 * v, 5.0 * v, 0.5 * v, 2.0 * v, 10.0, 4.0, 0.1, 8.0),
        (4.0, 3.0 * v, 7.0 * v, nan, 4.0 * v, 12.0, 5.68, 0.3, 8.0),
    ]
    found = average_moments(rows)
    assert found.mean == 3.0
    assert found.sd == pytest.approx(sqrt(8.0) * unit)
    assert (found.icc, found.cac, found.iac) == pytest.approx((0.25, 0.25, 0.5))
    assert (found.size, found.size_variation) == pytest.approx((11.0, 0.2))
    assert (found.lost, found.clusters) == pytest.approx((0.2, 8.0))
    assert found.as_dict()["lost"] == found.lost
    nothing = average_moments([(2.0, 0.0, 0.0, 0.0, 0.0, 10.0, -1.0, 0.0, 8.0)])
    assert isnan(nothing.icc)
    assert isnan(nothing.cac)
    assert isnan(nothing.iac)
    assert (nothing.sd, nothing.size_variation) == (0.0, 0.0)
