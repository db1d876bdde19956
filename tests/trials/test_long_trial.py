"""Rows of a constrained baseline analysis on paper."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.constrained_baseline import fit_constrained_baseline, long_trial


def test_rows_of_a_trial_with_a_baseline() -> None:
    clusters, arm = np.array([5, 5, 8, 8]), np.array([0.0, 0.0, 1.0, 1.0])
    before, after = np.array([1.0, 2.0, 3.0, np.nan]), np.array([4.0, np.nan, 6.0, 7.0])
    found = long_trial(clusters, arm, before, after, np.array([[1.0], [2.0], [3.0], [4.0]]))
    assert found.y.tolist() == [1.0, 2.0, 3.0, 4.0, 6.0, 7.0]
    assert found.cluster.tolist() == [0, 0, 1, 0, 1, 1]
    assert found.cell.tolist() == [0, 0, 2, 1, 3, 3]
    assert found.person.tolist() == [0, 1, 2, 0, 2, 3]
    assert found.X.tolist() == [
        [1.0, 0.0, 0.0, 1.0],
        [1.0, 0.0, 0.0, 2.0],
        [1.0, 0.0, 0.0, 3.0],
        [1.0, 0.0, 1.0, 1.0],
        [1.0, 1.0, 1.0, 3.0],
        [1.0, 1.0, 1.0, 4.0],
    ]


def test_one_person_measured_twice_is_enough_to_begin() -> None:
    clusters, arm = np.repeat(np.arange(6), 3), np.repeat(np.arange(6) % 2, 3).astype(float)
    before = np.sin(3.0 * np.arange(18.0))
    after = np.cos(5.0 * np.arange(18.0)) + 0.5 * before
    covariates = np.cos(np.arange(18.0))[:, None]
    names = fit_constrained_baseline(long_trial(clusters, arm, before, after, covariates)).names
    assert names == ("(Intercept)", "arm at follow-up", "follow-up", "covariate 1")
    late = np.where(np.arange(18) % 2 == 0, np.nan, after)
    early = np.where(np.arange(18) % 2 == 0, before, np.nan)
    with pytest.raises(InputError, match="nobody has both"):
        fit_constrained_baseline(long_trial(clusters, arm, early, late))
    late[0] = 1.0
    assert len(fit_constrained_baseline(long_trial(clusters, arm, early, late)).names) == 3
