"""Reads what a browser sends: JSON and its fields, refused by name."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from sim.errors import InputError, nearest
from sim.reading.numbers import number_value, whole_value

DEEPEST = 8
LONGEST_NUMBER = 18
LONGEST_TOLD = 60


def read_json(content: bytes) -> dict[str, Any]:
    """Return the JSON object in a body.

    Raises
    ------
    InputError
        When it is not UTF-8, no JSON, no object, nested too deeply, or holds numbers that are not
        finite.
    """
    try:
        value = json.loads(
            content.decode("utf-8"), parse_constant=_no_number, parse_int=_whole, parse_float=_real
        )
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("settings: must be JSON text in UTF-8") from None
    if not isinstance(value, dict):
        raise InputError("settings: must be a table of names and values (a JSON object)")
    _check_depth(value, DEEPEST)
    try:
        # JSON can spell halves of characters, which no answer could repeat.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise InputError("settings: must be JSON text in UTF-8, without half characters") from None
    return value


def _no_number(text: str) -> NoReturn:
    raise InputError(f"settings: {text} is not a number; numbers must be finite")


def _whole(text: str) -> int:
    # Longer ones overflow where they become floating point, and take long to read.
    if len(text) > LONGEST_NUMBER:
        _no_number(text[:20])
    return int(text)


def _real(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _no_number(text[:20])
    return value


def _check_depth(value: Any, left: int) -> None:
    if left < 0:
        raise InputError("settings: nested too deeply")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        _check_depth(one, left - 1)


def only(where: str, given: Mapping[str, Any], allowed: Iterable[str]) -> None:
    """Refuse fields that do not exist.

    Raises
    ------
    InputError
        With the nearest field that does.
    """
    names = list(allowed)
    for name in given:
        if name not in names:
            hint = nearest(name, names) or f"; valid: {', '.join(names)}"
            raise InputError(f"{where}: unknown field '{one_line(str(name))}'{hint}")


def one_line(name: str) -> str:
    """Return a name as it fits one line of a message."""
    return " ".join(name.split())[:LONGEST_TOLD]


def shown(value: Any) -> str:
    """Return a value as it stood in the JSON, shortened: text has quotes, a number has none."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_TOLD else f"{text[: LONGEST_TOLD - 1]}…"


def table(where: str, value: Any) -> dict[str, Any]:
    """Return a JSON object, or refuse anything else."""
    if not isinstance(value, dict):
        raise InputError(f"{where}: must be a table of names and values (a JSON object)")
    return value


def items(where: str, value: Any, fewest: int, most: int) -> list[Any]:
    """Return a list of a given length, or refuse it."""
    if not isinstance(value, list) or not fewest <= len(value) <= most:
        raise InputError(f"{where}: must be a list of {fewest} to {most} entries")
    return value


def text(where: str, value: Any, longest: int) -> str:
    """Return a printable text of one line, or refuse it."""
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= longest:
        raise InputError(
            f"{where} = {shown(value)}: must be a text of 1 to {longest} printable characters"
        )
    return value


def choice(where: str, value: Any, valid: Iterable[str]) -> str:
    """Return one of several names, or refuse it."""
    names = list(valid)
    if not isinstance(value, str) or value not in names:
        hint = nearest(str(value), names)
        raise InputError(f"{where} = {shown(value)}: must be one of {', '.join(names)}{hint}")
    return value


def number(where: str, value: Any, low: float, high: float, unit: str = "") -> float:
    """Return a finite number in a range, or refuse it."""
    return number_value(where, value, low, high, unit)


def whole(where: str, value: Any, low: int, high: int) -> int:
    """Return a whole number in a range, or refuse it."""
    return whole_value(where, value, low, high)
