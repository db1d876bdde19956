"""Two outcomes of the same trials: how often both are found, and the variance behind a power."""

from __future__ import annotations

from math import nan, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.trials.power.both_outcomes import _variance, one_unit, together
from tests.trials.closed_forms import two_sided_power


def trials(*found: tuple[float, float]) -> list[Any]:
    """Return trials with estimates and p; the standard error of each is 2."""
    return [SimpleNamespace(estimate=z * 2.0, se=2.0, p=p) for z, p in found]


def test_trials_with_both_outcomes_and_with_one_are_counted() -> None:
    """At 0.05: both in one, one at half the level in two; a failed fit finds nothing."""
    first = trials((3.0, 0.001), (2.0, 0.04), (1.0, 0.3), (nan, nan), (2.1, 0.03))
    second = trials((2.0, 0.04), (1.0, 0.3), (2.5, 0.02), (1.5, 0.2), (0.5, 0.6))
    both, one_of, correlation = together(first, second, 0.05)
    assert (both.value, one_of.value) == (0.2, 0.4)
    own = np.corrcoef([3.0, 2.0, 1.0, 2.1], [2.0, 1.0, 2.5, 0.5])[0, 1]
    assert correlation == pytest.approx(own)


@pytest.mark.parametrize(("known", "told"), [(2, False), (3, True)])
def test_three_trials_have_a_correlation(known: int, told: bool) -> None:
    """And p at the level, or at half of it, is not below it."""
    ends = [(1.0, 0.05), (2.0, 0.05), (4.0, 0.025)][:known]
    both, one_of, correlation = together(trials(*ends), trials(*ends), 0.05)
    assert (both.value, one_of.value) == (1 / 3 if told else 0.0, 0.0)
    assert np.isfinite(correlation) == told


@pytest.mark.parametrize("ratio", [1e-3, 0.2, 1.0, 2.8, 5.0])
@pytest.mark.parametrize("df", [4.0, 28.0])
def test_the_variance_is_that_with_which_a_t_test_has_the_power(ratio: float, df: float) -> None:
    """Whatever spread the formula tells, by its power alone; and of a negative effect."""
    found: Any = SimpleNamespace(
        alpha=0.05, expected=3.0, spread=1.3, power=two_sided_power(ratio, df)
    )
    assert sqrt(_variance(found, df)) == pytest.approx(3.0 / ratio, rel=1e-4)
    found.expected = -3.0
    assert sqrt(_variance(found, df)) == pytest.approx(3.0 / ratio, rel=1e-4)


@pytest.mark.parametrize(
    ("spread", "power"), [(1.3, 0.05), (1.3, 0.01), (1.3, 1.0), (3.0 / 16.5, 0.9)]
)
def test_a_power_that_tells_no_variance_leaves_that_of_the_formula(
    spread: float, power: float
) -> None:
    """At the level, below it, at one, and where effects beyond 16 standard errors are expected."""
    found: Any = SimpleNamespace(alpha=0.05, expected=3.0, spread=spread, power=power)
    assert _variance(found, 28.0) == spread**2


def test_up_to_sixteen_standard_errors_the_power_decides() -> None:
    found: Any = SimpleNamespace(alpha=0.05, expected=3.0, spread=3.0 / 15.9, power=0.9)
    ratio = 3.0 / sqrt(_variance(found, 28.0))
    assert two_sided_power(ratio, 28.0) == pytest.approx(0.9, abs=1e-9)


def test_outcomes_of_one_kind_have_a_sum() -> None:
    def file(*kinds: str | None) -> Any:
        parts = [None if kind is None else SimpleNamespace(outcome=kind) for kind in kinds]
        return SimpleNamespace(statistical=parts[0], co_primary=parts[1])

    assert one_unit(file("binary", "binary"))
    assert not one_unit(file("binary", "continuous"))
    assert one_unit(file(None, "binary"))
    assert one_unit(file("binary", None))
