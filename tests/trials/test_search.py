"""The smallest number with a power, whatever the search starts from."""

from __future__ import annotations

import pytest

from sim.errors import InputError
from sim.trials.power.search import smallest_integer


class Steps:
    """A power that is reached from a number on; counts how often it is asked."""

    def __init__(self, reached: int) -> None:
        self.reached = reached
        self.asked: list[int] = []

    def __call__(self, number: int) -> float:
        self.asked.append(number)
        assert len(self.asked) <= 40, "the search does not end"
        return 0.9 if number >= self.reached else 0.5


@pytest.mark.parametrize("near", [None, 1, 2, 5, 9, 40])
@pytest.mark.parametrize("lowest", [0, 1, 2, 7])
def test_it_is_the_smallest_allowed(lowest: int, near: int | None) -> None:
    for reached in range(35):
        power = Steps(reached)
        assert smallest_integer(power, 0.9, lowest, near=near) == max(reached, lowest)
        assert min(power.asked) >= lowest
        assert len(power.asked) <= 14, "steps double, then halve"


def test_a_near_answer_is_found_at_once() -> None:
    for reached, most in ((1000, 2), (1001, 3), (999, 4), (1002, 5)):
        power = Steps(reached)
        assert smallest_integer(power, 0.9, 2, near=1000) == reached
        assert len(power.asked) <= most, power.asked


def test_how_far_it_looks() -> None:
    """From 1 in steps of 1, 2, 4 ...: 2, 4, 8."""
    assert smallest_integer(Steps(8), 0.9, 1, 8) == 8
    power = Steps(8)
    with pytest.raises(InputError, match=r"power: 0\.9 cannot be reached; 0\.500 is the most"):
        smallest_integer(power, 0.9, 1, 7)
    assert max(power.asked) == 4


@pytest.mark.parametrize("target", [0.0, 1.0, float("nan")])
def test_targets_lie_between(target: float) -> None:
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        smallest_integer(Steps(2), target, 1)


def test_targets_near_the_ends_are_reached_exactly() -> None:
    assert smallest_integer(lambda n: 1 - 0.5**n, 0.999, 1) == 10
    assert smallest_integer(lambda n: 1e-4 * n, 0.001, 1) == 10
