"""Small arithmetic that every link uses: staying in range, closing gaps, weekly rates."""

from __future__ import annotations

from sim.elementary import exp

LN_2 = 0.6931471805599453
WEEKS_PER_YEAR = 52.0


def clamp(value: float, low: float, high: float) -> float:
    """Return `value` moved into [`low`, `high`]. Grade: definition."""
    if value < low:
        return low
    if value > high:
        return high
    return value


def share(value: float) -> float:
    """Return `value` moved into [0, 1]. Grade: definition."""
    if value < 0.0:
        return 0.0
    if value > 1.0:
        return 1.0
    return value


def close_gap(value: float, target: float, fraction: float) -> float:
    """Move `value` a fraction of the way to `target`: x' = x + f (T - x).

    A value and a target in [0, 1] and a fraction in [0, 1] keep the result in [0, 1].

    Grade: definition.
    """
    return value + fraction * (target - value)


def weekly_fraction(half_life: float) -> float:
    """Return the fraction of a gap that closes in a week, given its half-life in weeks.

    f = min(1, ln 2 / h), the first-order form of 1 - 2^(-1/h): within 2% for h above 18 weeks.

    Grade: definition.
    """
    return 1.0 if half_life < LN_2 else LN_2 / half_life


def weekly_probability(yearly: float) -> float:
    """Return the weekly probability whose 52-week risk is `yearly`: -ln(1 - y)/52, first order.

    The first-order form y/52 (1 + y/2 + y^2/3) avoids a logarithm; at y = .5 it gives .0128
    against .0132 exactly, at y = .137 it agrees to three digits.

    Grade: definition.
    """
    return yearly / WEEKS_PER_YEAR * (1.0 + yearly * (0.5 + yearly / 3.0))


def logistic(value: float) -> float:
    """Return 1 / (1 + exp(-x)), safe for any finite x. Grade: definition."""
    if value < -40.0:
        return 4.248354255291589e-18
    if value > 40.0:
        return 1.0
    return 1.0 / (1.0 + exp(-value))
