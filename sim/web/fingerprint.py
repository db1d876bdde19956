"""Names results after everything that decides them: kind, settings, teams, and this software."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]
DECIDING = ("*.py", "*.toml", "*.csv", "*.json")


@lru_cache(maxsize=1)
def software() -> str:
    """Return a hash of the package's source and data, so that no result outlives its model."""
    digest = blake2b(digest_size=16)
    for pattern in DECIDING:
        for path in sorted(PACKAGE.rglob(pattern)):
            digest.update(path.relative_to(PACKAGE).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def key_of(kind: str, settings: Mapping[str, Any]) -> str:
    """Return the name of a job's results: 32 hexadecimal digits."""
    text = json.dumps([kind, settings], sort_keys=True, allow_nan=False)
    return blake2b(f"{software()} {text}".encode(), digest_size=16).hexdigest()
