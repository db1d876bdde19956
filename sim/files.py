"""Writing files so that nothing is ever there by halves."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    partial_path = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with partial_path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial_path.replace(path)
    except OSError:
        partial_path.unlink(missing_ok=True)
        raise
