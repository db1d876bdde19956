"""The joint test of effects by exposure in a marginal model."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from sim.trials.analyses.marginal_exposure import hotelling


def test_hotellings_test_of_one_contrast_is_the_t_test() -> None:
    beta, covariance = np.array([1.0, 3.0]), np.array([[0.5, 0.1], [0.1, 0.3]])
    one = hotelling(np.array([[-1.0, 1.0]]), beta, covariance, 9.0)
    t = 2.0 / sqrt(0.6)
    assert one[:3] == pytest.approx((t**2, 1, 9.0))
    assert one[3] == pytest.approx(2.0 * stats.t.sf(t, 9))
    both = hotelling(np.eye(2), beta, covariance, 9.0)
    squared = beta @ np.linalg.inv(covariance) @ beta
    assert both[:3] == pytest.approx((squared * 8.0 / 18.0, 2, 8.0))
    assert both[3] == pytest.approx(stats.f.sf(squared * 8.0 / 18.0, 2, 8.0))
