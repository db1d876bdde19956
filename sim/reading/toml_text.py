"""TOML text from users: one reader, whose refusals are one line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from sim.errors import InputError, nearest


def read_toml(text: str, where: str) -> dict[str, Any]:
    """Return the tables of a TOML text.

    Parameters
    ----------
    text : str
        The text.
    where : str
        What to call it in messages, such as ``scenario file 'own.toml'``.

    Raises
    ------
    InputError
        When it is no TOML, nested too deeply, or holds a number of more digits than can be read.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where}: is not valid TOML: {error}") from None
    except RecursionError:
        raise InputError(f"{where}: is not valid TOML: nested too deeply") from None
    except ValueError:
        # Python reads whole numbers of a few thousand digits at most.
        raise InputError(f"{where}: holds a number of too many digits") from None


def check_fields(where: str, table: Mapping[str, Any], fields: Sequence[str]) -> None:
    """Refuse a field that a table does not have, with the nearest name or all of them."""
    for name in table:
        if name not in fields:
            hint = nearest(name, fields) or f"; fields: {', '.join(fields)}"
            raise InputError(f"{where}: unknown field '{name}'{hint}")


def read_value(text: str) -> Any:
    """Return a value that stands behind ``name=``: as TOML and, where it is none, as text."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    # More lines would have been read as further fields, and not be used.
    return table["value"] if len(table) == 1 else text
