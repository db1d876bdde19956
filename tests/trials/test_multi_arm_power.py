"""Power of several arms: of p values by hand, of drawn statistics by other integrals."""

from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pytest
from scipy import stats

from sim.trials.analyses.several_arms import BONFERRONI, NO_RULE
from sim.trials.power import multi_arm_power
from sim.trials.power.multi_arm_power import arms_power, drawn_arms_power
from tests.trials.closed_forms import two_sided_power


def test_counted_p_values() -> None:
    p = np.array([[0.01, 0.2], [0.04, 0.03], [0.05, 0.9], [0.02, 0.6]])
    null = np.array([[0.5, 0.05], [0.5, 0.049]])
    found = arms_power(p, null, 0.05)
    assert found == ((0.75, 0.25), 0.75, 0.25, 0.5, 4)
    assert isnan(arms_power(p, null[:0], 0.05).error)


@pytest.fixture(autouse=True)
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multi_arm_power, "DRAWN", 40_000)


def test_drawn_statistics_have_the_known_power_of_each_and_of_both() -> None:
    """Two arms of error .6 beside a control of .8: differences of error one, correlation .64."""
    found = drawn_arms_power([2.5, -1.5], [0.6, 0.6], 0.8, 10.0, NO_RULE, 0.05)
    for got, z in zip(found.each, (2.5, 1.5), strict=True):
        wanted = two_sided_power(z, 10)
        assert got == pytest.approx(wanted, abs=4 * sqrt(wanted * (1 - wanted) / 40_000))
    assert found.draws == 40_000
    assert found.any_of + found.all_of == pytest.approx(sum(found.each))
    # With a common variance known, both null statistics are normal with correlation .64.
    both = stats.multivariate_normal([0, 0], [[1, 0.64], [0.64, 1]])
    inside = both.cdf([1.96, 1.96], lower_limit=[-1.96, -1.96])
    known = drawn_arms_power([0.0, 0.0], [0.6, 0.6], 0.8, 1e6, NO_RULE, 0.05)
    assert known.error == pytest.approx(1.0 - inside, abs=0.005)
    assert known.any_of == known.error


def test_a_rule_and_a_floor_make_tests_stricter() -> None:
    """Bonferroni's each at half; an error that never falls below the true one rejects less."""
    held = drawn_arms_power([2.0, 0.0], [0.6, 0.6], 0.8, 1e6, BONFERRONI, 0.05)
    z = stats.norm.ppf(1 - 0.0125)
    wanted = stats.norm.sf(z - 2.0) + stats.norm.cdf(-z - 2.0)
    assert held.each[0] == pytest.approx(wanted, abs=0.01)
    assert held.error < 0.055
    rng = np.random.default_rng(1)
    scale = np.maximum(np.sqrt(rng.chisquare(5, 100_000) / 5), 1.0)
    t = stats.t.ppf(0.975, 5) * scale
    floored = drawn_arms_power([2.5], [0.6], 0.8, 5.0, NO_RULE, 0.05, 1.0)
    power = (stats.norm.sf(t - 2.5) + stats.norm.cdf(-t - 2.5)).mean()
    assert floored.each[0] == pytest.approx(power, abs=0.01)


def test_errors_in_other_units_are_the_same_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five times as large: of each difference .64 of the variance is control's."""
    given: list[np.ndarray] = []

    def seen(p: np.ndarray, _rule: str, _df: float, shares: np.ndarray) -> np.ndarray:
        given.append(shares)
        return p

    one = drawn_arms_power([2.5, -1.5], [0.6, 0.6], 0.8, 10.0, NO_RULE, 0.05)
    monkeypatch.setattr(multi_arm_power, "adjusted", seen)
    assert drawn_arms_power([12.5, -7.5], [3.0, 3.0], 4.0, 10.0, NO_RULE, 0.05) == one
    assert given[0] == pytest.approx([0.64, 0.64])


def test_all_arms_share_one_estimated_variance() -> None:
    """Two degrees of freedom: the chance of a false rejection by the bivariate t."""
    critical = float(stats.t.isf(0.1, 2))
    both = stats.multivariate_t([0, 0], [[1, 0.64], [0.64, 1]], df=2, seed=1)
    inside = both.cdf([critical] * 2, lower_limit=[-critical] * 2, random_state=1)
    drawn = drawn_arms_power([0.0, 0.0], [0.6, 0.6], 0.8, 2.0, NO_RULE, 0.2)
    assert drawn.error == pytest.approx(1.0 - inside, abs=0.006)
