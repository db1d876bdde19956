"""Small arithmetic: ranges are kept, rates are what they are called."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.mechanisms.bounds import (
    clamp,
    close_gap,
    logistic,
    share,
    weekly_fraction,
    weekly_probability,
)

SHARES = st.floats(0.0, 1.0)
NUMBERS = st.floats(-1e300, 1e300)


@given(SHARES, SHARES, SHARES)
def test_closing_a_gap_stays_between_zero_and_one(value: float, target: float, f: float) -> None:
    assert 0.0 <= close_gap(value, target, f) <= 1.0
    assert close_gap(value, target, 0.0) == value
    assert close_gap(value, target, 1.0) == pytest.approx(target, abs=1e-15)
    assert close_gap(value, value, f) == value


@given(NUMBERS)
def test_clamp_and_share_keep_their_range(value: float) -> None:
    assert -2.0 <= clamp(value, -2.0, 3.0) <= 3.0
    assert share(value) == clamp(value, 0.0, 1.0) == min(max(value, 0.0), 1.0)


@given(NUMBERS, NUMBERS)
def test_the_logistic_is_safe_monotone_and_symmetric(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0.0 < logistic(low) <= logistic(high) <= 1.0
    assert logistic(one) + logistic(-one) == pytest.approx(1.0, abs=1e-15)


def test_the_logistic_knows_its_values() -> None:
    assert logistic(0.0) == 0.5
    assert logistic(math.log(3.0)) == pytest.approx(0.75, abs=1e-15)
    # Where it is cut off it goes on without a step.
    assert logistic(-40.0 - 1e-9) == pytest.approx(logistic(-40.0), rel=1e-8)


@pytest.mark.parametrize("half_life", [18.0, 26.0, 52.0, 104.0])
def test_after_a_half_life_half_of_the_gap_is_left(half_life: float) -> None:
    f = weekly_fraction(half_life)
    assert f == pytest.approx(1.0 - 2.0 ** (-1.0 / half_life), rel=0.02)
    assert (1.0 - f) ** half_life == pytest.approx(0.5, rel=0.02)


@given(st.floats(0.0, 400.0), st.floats(0.0, 400.0))
def test_a_longer_half_life_closes_less_of_a_gap(one: float, other: float) -> None:
    short, long = sorted((one, other))
    assert 0.0 < weekly_fraction(long) <= weekly_fraction(short) <= 1.0


def test_no_half_life_closes_the_gap_within_the_week() -> None:
    assert weekly_fraction(0.0) == 1.0


@pytest.mark.parametrize(("yearly", "rel"), [(0.05, 1e-3), (0.137, 4e-3), (0.3, 0.02), (0.5, 0.1)])
def test_a_weekly_probability_adds_up_to_the_yearly_risk(yearly: float, rel: float) -> None:
    exact = -math.log(1.0 - yearly) / 52.0
    assert weekly_probability(yearly) == pytest.approx(exact, rel=rel)
    assert 1.0 - (1.0 - weekly_probability(yearly)) ** 52 == pytest.approx(yearly, rel=rel)
    assert weekly_probability(0.0) == 0.0


def test_a_weekly_probability_has_three_terms_and_the_logistic_ends_at_40() -> None:
    # y / 52 times 1 + y / 2 + y^2 / 3: 1 + .3 + .12.
    assert weekly_probability(0.6) == pytest.approx(0.6 / 52 * 1.42)
    assert logistic(-40.5) == logistic(-60.0) == pytest.approx(math.exp(-40.0), rel=1e-6)
    assert logistic(50.0) == 1.0


def test_a_share_just_outside_is_moved_to_its_end() -> None:
    assert [share(one) for one in (-0.005, 0.0, 1.0, 1.005)] == [0.0, 0.0, 1.0, 1.0]
