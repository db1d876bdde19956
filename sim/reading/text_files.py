"""Text files from users: one reader, whose refusals are one line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sim.errors import InputError, nearest, unknown

LARGEST_FILE = 1_000_000


def read_text(path: Path | str, kind: str, largest: int = LARGEST_FILE, hint: str = "") -> str:
    """Return the text of a file.

    Parameters
    ----------
    path : Path or str
        The file.
    kind : str
        What it is, for messages: ``scenario file``, ``prices``.
    largest : int
        Largest size in bytes.
    hint : str
        What to say further where there is no such file, such as which command writes one.

    Raises
    ------
    InputError
        When there is no such file (with the nearest name beside it), it is a folder, too large, no
        UTF-8 text, or cannot be read.
    """
    return text_of(read_bytes(path, kind, largest, hint), kind, Path(path).name)


def text_of(content: bytes, kind: str, name: str) -> str:
    """Return bytes as text, without a byte order mark; refuse what is no UTF-8 text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InputError(f"{kind} '{name}': must be text in UTF-8")
    return text


def read_bytes(path: Path | str, kind: str, largest: int = LARGEST_FILE, hint: str = "") -> bytes:
    """Return the content of a file (see `read_text`)."""
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError(f"{kind} '{path}': is a folder, not a file")
        with path.open("rb") as file:
            # No more, whatever the path stands for: a device has no end.
            content = file.read(largest + 1)
    except FileNotFoundError:
        raise InputError(f"{kind} '{path}': does not exist{_near(path)}{hint}") from None
    except InputError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise InputError(f"{kind} '{path}': cannot be read ({reason})") from None
    if len(content) > largest:
        raise InputError(f"{kind} '{path.name}': larger than {largest // 1_000_000} MB")
    return content


def refuse_misspelt(kind: str, given: Path | str, shipped: Sequence[str]) -> None:
    """Refuse what is neither a file nor a shipped name, where either may be given.

    A word alone is meant for a shipped name, unless a file is called so, or the folder has a file
    of a similar name and no shipped name is similar.

    Raises
    ------
    InputError
        With the nearest shipped name.
    """
    text, path = str(given), Path(given)
    if text in shipped or path.name != text or path.suffix or os.path.exists(text):
        return
    if nearest(text, shipped) or not _near(path):
        raise unknown(kind, text, shipped)


def _near(path: Path) -> str:
    """Return the name of the nearest file of the same kind in the same folder, as a hint."""
    try:
        return nearest(path.name, (one.name for one in path.parent.glob(f"*{path.suffix}")))
    except (OSError, ValueError):
        return ""
