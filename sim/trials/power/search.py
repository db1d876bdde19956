"""How large a trial must be: solving a power function that rises."""

from __future__ import annotations

from collections.abc import Callable

from sim.errors import InputError

LARGEST = 10_000_000


def smallest_integer(
    power: Callable[[int], float],
    target: float,
    lowest: int,
    most: int = LARGEST,
    near: int | None = None,
) -> int:
    """Return the smallest whole number whose power reaches the target.

    Parameters
    ----------
    power : callable
        Rises with its argument.
    target : float
        In (0, 1).
    lowest : int
        The smallest number allowed.
    most : int
        About how far to look.
    near : int, optional
        Where to look first: an answer that is known roughly.

    Raises
    ------
    InputError
        If no number up to about `most` reaches it.
    """
    _check_target(target)
    low, high = lowest - 1, max(lowest, near or lowest)
    step = 1 if near is not None else max(lowest, 1)
    if power(high) >= target:
        while near is not None and high - step > low:
            if power(high - step) < target:
                low = high - step
                break
            high, step = high - step, 2 * step
    else:
        while True:
            low, high = high, high + step
            if high > most:
                raise InputError(
                    f"power: {target:g} cannot be reached; {power(low):.3f} is the most that more "
                    "of these bring"
                )
            if power(high) >= target:
                break
            step *= 2
    while high - low > 1:
        middle = (low + high) // 2
        if power(middle) >= target:
            high = middle
        else:
            low = middle
    return high


def _check_target(target: float) -> None:
    if not 0.0 < target < 1.0:
        raise InputError(f"power: {target!r} must lie between 0 and 1")
