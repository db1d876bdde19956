"""Numbers that users give, as text or as values of a file: one way to read and to refuse them.

A number is written in the digits 0 to 9; it is finite, and minus zero is zero. Superscripts, digits
of other scripts, ``nan``, ``inf`` and numbers beyond the range of floating point are refused.
"""

from __future__ import annotations

import math
import re
from numbers import Integral, Real
from typing import Any

from sim.errors import InputError, printable

LONGEST_SHOWN = 60
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
# Written like numbers, and so repeated without quotation marks.
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def number_in(text: str) -> float | None:
    """Return the number that a text holds; None where it holds none that is finite."""
    text = text.strip(" \t")
    return finite(float(text)) if _NUMBER.fullmatch(text) else None


def finite(value: object) -> float | None:
    """Return a value as a finite number; None where it is none (text, true and false are none)."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    # Adding zero turns minus zero into zero, so that no result shows its sign.
    return number + 0.0 if math.isfinite(number) else None


def repeated(value: object) -> str:
    """Return a value as a message repeats it: text quoted, on one line, shortened."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{printable(value, LONGEST_SHOWN)}'"
    # Python refuses to write out a whole number of thousands of digits.
    huge = isinstance(value, Integral) and abs(value) >= 10**LONGEST_SHOWN
    return "a number of too many digits" if huge else printable(repr(value), LONGEST_SHOWN)


def _repeated_text(text: str) -> str:
    """Return text of the command line as a message repeats it: what looks like a number is bare."""
    bare = number_in(text) is not None or _NOT_FINITE.fullmatch(text)
    return printable(text, LONGEST_SHOWN) if bare else repeated(text)


def number_value(
    name: str, value: object, low: float, high: float, unit: str = "", *, above: bool = False
) -> float:
    """Return a value of a file or form as a number in a range, or refuse it by name.

    Parameters
    ----------
    name : str
        What it is called where it was given.
    value : object
        As TOML or JSON has it; text is no number.
    low, high : float
        The range, its ends included.
    unit : str
        Unit, for the message.
    above : bool
        Whether it must be above `low`.

    Raises
    ------
    InputError
        One line that names field, value and rule.
    """
    return _in_range(name, repeated(value), finite(value), low, high, unit, above)


def without_nan(value: Any) -> Any:
    """Return values in which numbers that are not finite are None, as JSON knows no others."""
    if isinstance(value, dict):
        return {name: without_nan(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def number(
    name: str, text: str | float, low: float, high: float, unit: str = "", *, above: bool = False
) -> float:
    """Return the number that a text holds, or is, or refuse it by name (see `number_value`)."""
    if not isinstance(text, str):
        return number_value(name, text, low, high, unit, above=above)
    return _in_range(name, _repeated_text(text), number_in(text), low, high, unit, above)


def number_or_none(
    name: str, text: str | float | None, low: float, high: float, unit: str = ""
) -> float | None:
    """Return the number of an option, or None where the option is not given (see `number`)."""
    return None if text is None else number(name, text, low, high, unit)


def whole_value(name: str, value: object, low: int, high: int, unit: str = "") -> int:
    """Return a value of a file or form as a whole number in a range, or refuse it by name.

    Raises
    ------
    InputError
        One line that names field, value and rule.
    """
    finite_value = finite(value)
    fits = finite_value is not None and finite_value.is_integer()
    return _whole_in_range(name, repeated(value), finite_value if fits else None, low, high, unit)


def whole(name: str, text: str | int, low: int, high: int = 10_000_000, unit: str = "") -> int:
    """Return the whole number that a text holds, or refuse it by name (see `whole_value`)."""
    text = str(text)
    fits = _WHOLE.fullmatch(text.strip(" \t"))
    return _whole_in_range(
        name, _repeated_text(text), number_in(text) if fits else None, low, high, unit
    )


def _in_range(
    name: str, written: str, value: float | None, low: float, high: float, unit: str, above: bool
) -> float:
    if value is None or not low <= value <= high or (above and value == low):
        ends = f"above {low:.5g} and at most {high:.7g}" if above else f"in [{low:.5g}, {high:.7g}]"
        of = f" ({unit})" if unit else ""
        raise InputError(f"{name} = {written}: must be a number {ends}{of}")
    return value


def _whole_in_range(
    name: str, written: str, value: float | None, low: int, high: int, unit: str
) -> int:
    if value is None or not low <= value <= high:
        of = f" ({unit})" if unit else ""
        raise InputError(f"{name} = {written}: must be a whole number from {low} to {high}{of}")
    return int(value)
