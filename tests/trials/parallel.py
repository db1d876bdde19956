"""What a test of a parallel trial can be expected to do, for one draw of the people analysed."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sim.trials.power.expected_test import ExpectedTest
from sim.trials.power.parallel_test import parallel_tests


def parallel_test(arm: NDArray[Any], people: NDArray[Any], *rest: Any, **more: Any) -> ExpectedTest:
    """Return what `parallel_tests` says of one draw."""
    return parallel_tests(arm, [people], *rest, **more)[0]
