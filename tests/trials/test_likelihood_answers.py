"""Where a profile of the likelihood crosses the limit of its interval."""

from __future__ import annotations

from math import sqrt

import pytest

from sim.errors import InputError
from sim.trials.analyses.likelihood_answers import crossing


@pytest.mark.parametrize("side", [-1.0, 1.0])
@pytest.mark.parametrize("unit", [1e-3, 1.0])
def test_a_profile_crosses_where_it_is_zero(side: float, unit: float) -> None:
    asked = []

    def bent(distance: float) -> float:
        asked.append(distance)
        x = abs(distance) / unit
        return x + 0.1 * x**2 - 2.4

    found = crossing(bent, side * 1.5 * unit, -2.4, 1e-9 * unit)
    assert found == pytest.approx(side * 2.0 * unit, rel=1e-8)
    assert len(asked) < 10


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_crossing_is_found_from_too_near_and_too_far(side: float) -> None:
    # Flat at first, it is looked for further out.
    far = crossing(lambda d: max(abs(d) - 5.0, -1.0), side * 0.5, -1.0, 1e-9)
    assert far == pytest.approx(side * 5.0)
    # Too far at first, so that the line points back beyond zero.
    back = crossing(lambda d: sqrt(abs(d)) - 1.0, side * 9.0, -1.0, 1e-9)
    assert back == pytest.approx(side)


def test_a_profile_that_never_crosses_is_refused() -> None:
    with pytest.raises(InputError, match="the likelihood is too flat for an interval"):
        crossing(lambda _: -1.0, 1.0, -1.0, 1e-6)
