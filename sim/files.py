"""Writing files so that nothing is ever there by halves."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sim.errors import InputError


class NotWrittenError(InputError):
    """A file could not be written: the disk is full, the folder has gone or is not ours."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    partial_path = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial_path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial_path.replace(path)
    except BaseException:
        # Not only when the disk is full: a signal may arrive in the middle too.
        partial_path.unlink(missing_ok=True)
        raise


def encoded(text: str) -> bytes:
    """Return a text as UTF-8; names of files that are none stand in it as escapes."""
    return text.encode("utf-8", "backslashreplace")


def write_texts(folder: Path, texts: Mapping[str, str | bytes]) -> list[Path]:
    """Write files into a folder, made if needed, and return their paths.

    Raises
    ------
    NotWrittenError
        When one cannot be written; each is there whole or not at all.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_whole(folder / name, text if isinstance(text, bytes) else encoded(text))
    except OSError as error:
        raise NotWrittenError(f"folder '{folder}': cannot be written ({reason(error)})") from error
    return [folder / name for name in texts]


def reason(error: BaseException) -> str:
    """Return in words why a file could not be read or written."""
    return getattr(error, "strerror", None) or str(error)
