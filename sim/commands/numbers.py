"""Numbers from the command line, refused by name."""

from __future__ import annotations

from typing import Any

from sim.errors import InputError


def whole(name: str, text: Any, lowest: int, highest: int = 10_000_000) -> int:
    """Return a whole number, or refuse it by name.

    Raises
    ------
    InputError
        When it is no whole number or out of range.
    """
    try:
        number = int(str(text))
    except ValueError:
        raise InputError(f"{name} = '{text}': must be a whole number") from None
    if not lowest <= number <= highest:
        raise InputError(f"{name} = {number}: must be from {lowest} to {highest}")
    return number
