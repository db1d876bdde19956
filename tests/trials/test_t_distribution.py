"""Student's t in plain arithmetic, against an independent library."""

from __future__ import annotations

import math

import pytest
from scipy import special, stats

from sim.trials.fits.t_distribution import (
    beta_fraction,
    half_over_gamma,
    t_two_sided_p,
    two_sided_p,
)


@pytest.mark.parametrize("df", [0.3, 1.0, 2.5, 7.0, 30.0, 79.0, 81.0, 400.0, 1e6])
@pytest.mark.parametrize("t", [1e-6, 0.01, 0.2, 0.9, 1.7, 3.0, 12.0, 60.0])
def test_p_values_hold_ten_digits(t: float, df: float) -> None:
    wanted = 2.0 * special.stdtr(df, -t)
    for one in (t, -t):
        assert t_two_sided_p(one, df) == pytest.approx(wanted, rel=1e-9, abs=1e-300)
    assert two_sided_p(t, df) == pytest.approx(wanted, rel=1e-14)


def test_p_values_at_the_ends() -> None:
    for df in (-1.0, 0.0, math.nan):
        assert math.isnan(t_two_sided_p(1.0, df))
    assert math.isnan(t_two_sided_p(math.nan, 5.0))
    assert t_two_sided_p(0.0, 5.0) == 1.0
    assert t_two_sided_p(-math.inf, 5.0) == 0.0
    for df in (math.inf, 1e16):
        assert t_two_sided_p(1.5, df) == pytest.approx(2.0 * stats.norm.sf(1.5), rel=1e-14)
    assert two_sided_p([0.0, 1.0], 3).tolist() == pytest.approx([1.0, 2.0 * stats.t.sf(1.0, 3)])


def test_ratio_of_gamma_functions() -> None:
    """A series from 40 on; beyond it, (2a)! / (4^a a! (a - 1)!) root pi in 50 digits."""
    for a in (0.5, 3.0, 39.9):
        wanted = math.lgamma(a + 0.5) - math.lgamma(a)
        assert half_over_gamma(a) == pytest.approx(wanted, rel=1e-13)
    known = {40: 1.841314808421924927, 45: 1.900553524254839082, 100: 2.301335098202222779}
    for a, value in known.items():
        assert half_over_gamma(float(a)) == pytest.approx(value, abs=5e-16)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (2.0, 0.5), (0.5, 6.0), (3.0, 4.0), (200.0, 0.5)])
def test_continued_fraction_is_that_of_the_incomplete_beta(a: float, b: float) -> None:
    for share in (0.02, 0.4, 0.98):
        x = share * (a + 1.0) / (a + b + 2.0)
        front = x**a * (1.0 - x) ** b / (a * special.beta(a, b))
        wanted = special.betainc(a, b, x)
        assert front * beta_fraction(a, b, x) == pytest.approx(wanted, rel=1e-13)
    assert beta_fraction(a, b, 0.0) == 1.0
