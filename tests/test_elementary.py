"""The own logarithm, exponential and error function: as exact as the best, the same everywhere."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext

import numpy as np
import pytest

from sim.elementary import erf, exp, ln, times_power_of_two
from sim.engines import compiled

COUNT = 100_000


def spread(ranges: dict[tuple[float, float], float], seed: int = 1) -> list[float]:
    """Return random numbers in some ranges, by share."""
    chance = random.Random(seed)
    return [
        chance.uniform(low, high)
        for (low, high), share in ranges.items()
        for _ in range(int(share * COUNT))
    ]


POSITIVE = [10.0**power for power in spread({(-307.0, 308.0): 0.3, (-9.6, 0.0): 0.4})] + spread(
    {(0.99, 1.01): 0.3}
)
EXPONENTS = spread({(-745.0, 709.7): 0.2, (-40.0, 40.0): 0.6, (-1e-3, 1e-3): 0.2})
POINTS = spread({(-6.5, 6.5): 0.6, (-0.9, 0.9): 0.4})
FUNCTIONS = (
    (ln, math.log, POSITIVE),
    (exp, math.exp, EXPONENTS),
    (erf, math.erf, POINTS),
)


def last_digits(value: float, exact: float) -> float:
    return abs(value - exact) / math.ulp(exact)


@pytest.mark.parametrize(("own", "library", "points"), FUNCTIONS)
def test_it_is_within_one_last_digit_of_the_library(
    own: Callable[[float], float], library: Callable[[float], float], points: list[float]
) -> None:
    assert len(points) >= COUNT - 2
    assert max(last_digits(own(x), library(x)) for x in points) <= 1.0


@pytest.mark.parametrize(
    ("own", "exactly", "points"),
    [(ln, Decimal.ln, POSITIVE[::20]), (exp, Decimal.exp, EXPONENTS[::20])],
)
def test_the_error_against_forty_digits_is_below_one_last_digit(
    own: Callable[[float], float], exactly: Callable[[Decimal], Decimal], points: list[float]
) -> None:
    def error(x: float) -> float:
        exact = exactly(Decimal(x))
        return float(abs(Decimal(own(x)) - exact) / Decimal(math.ulp(float(exact))))

    with localcontext() as context:
        context.prec = 40
        assert max(error(x) for x in points) < 1.0


def test_known_values_are_exact() -> None:
    assert ln(1.0) == 0.0
    assert [ln(2.0**k) for k in (-1074, -64, -1, 1, 64, 1023)] == [
        math.log(2.0**k) for k in (-1074, -64, -1, 1, 64, 1023)
    ]
    assert exp(0.0) == 1.0
    assert (exp(710.0), exp(-746.0)) == (math.inf, 0.0)
    assert exp(-745.13) == 5e-324
    assert [erf(x) for x in (0.0, 6.0, -7.0)] == [0.0, 1.0, -1.0]
    assert erf(-0.3) == -erf(0.3)


def test_powers_of_two_are_exact_and_rounded_once_below_the_normal_numbers() -> None:
    for power in range(-1074, 1024):
        assert times_power_of_two(1.0, power) == 2.0**power
        assert times_power_of_two(1.75, power) == math.ldexp(1.75, power)
        assert times_power_of_two(1.0 + 2.0**-52, power) == math.ldexp(1.0 + 2.0**-52, power)


def test_they_do_not_fall_where_the_exact_function_rises() -> None:
    def rises(values: Iterator[float]) -> bool:
        kept = list(values)
        return all(low <= high for low, high in zip(kept, kept[1:], strict=False))

    for own, _, points in FUNCTIONS:
        assert rises(own(x) for x in sorted(points))


def test_compiled_they_give_the_same_bits() -> None:
    @compiled.numba.njit
    def all_of(positive, exponents, points):
        one, two, three = np.empty(positive.size), np.empty(exponents.size), np.empty(points.size)
        for i in range(positive.size):
            one[i] = ln(positive[i])
        for i in range(exponents.size):
            two[i] = exp(exponents[i])
        for i in range(points.size):
            three[i] = erf(points[i])
        return one, two, three

    found = all_of(*(np.array(points) for _, _, points in FUNCTIONS))
    for values, (own, _, points) in zip(found, FUNCTIONS, strict=True):
        assert values.tobytes() == np.array([own(x) for x in points]).tobytes()
