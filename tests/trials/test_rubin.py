"""Rubin's rules, worked by hand."""

from __future__ import annotations

from math import inf, nan, sqrt

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.rubin import pool


@pytest.mark.parametrize("unit", [0.01, 1.0])
def test_rubins_rules_with_barnard_and_rubins_degrees_of_freedom(unit: float) -> None:
    """Within 5, between 4, so 5 + 4/3 x 4; a share of 16/31, 2/share^2 and 20 x 21/23 x 15/31."""
    found = pool(unit * np.array([1.0, 3.0, 5.0]), unit**2 * np.array([4.0, 5.0, 6.0]), 20.0)
    share = 16.0 / 31.0
    old, observed = 2.0 / share**2, 20.0 * 21.0 / 23.0 * (15.0 / 31.0)
    df = 1.0 / (1.0 / old + 1.0 / observed)
    se = unit * sqrt(31.0 / 3.0)
    assert (found.estimate, found.se, found.df) == pytest.approx((3.0 * unit, se, df))
    assert (found.missing_information, found.imputations) == (pytest.approx(share), 3)
    assert found.complete_df == 20.0
    assert found.p == pytest.approx(2.0 * stats.t.sf(3.0 * unit / se, df))
    assert found.ci95[1] == pytest.approx(3.0 * unit + stats.t.ppf(0.975, df) * se)


def test_imputations_that_agree_cost_only_what_complete_data_do() -> None:
    found = pool(np.array([2.0, 2.0]), np.array([1.0, 1.0]), 10.0)
    assert (found.se, found.missing_information) == (1.0, 0.0)
    assert found.df == pytest.approx(110.0 / 13.0)
    tiny = pool(np.array([2.0, 2.0 + 1e-4]), np.array([1.0, 1.0]), 10.0)
    assert tiny.df == pytest.approx(110.0 / 13.0, rel=1e-6)


def test_two_analyses_with_numbers_are_pooled() -> None:
    with pytest.raises(InputError, match="imputations = 1: at least 2"):
        pool(np.ones(1), np.ones(1), 5.0)
    for one in (nan, inf):
        for pair in ((np.array([1.0, one]), np.ones(2)), (np.ones(2), np.array([1.0, one]))):
            with pytest.raises(InputError, match="every analysis must have an estimate"):
                pool(*pair, 5.0)


def test_degrees_of_freedom_fall_as_imputations_differ() -> None:
    found = [pool(np.linspace(-s, s, 20), np.full(20, 0.25), 24.0).df for s in (0.1, 0.3, 1.0)]
    assert 24 > found[0] > found[1] > found[2] > 0
