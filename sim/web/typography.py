"""Typography of what the page shows: a true minus before numbers, words in place of jargon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sim.planning.plain_numbers import true_minus

AS_WRITTEN = frozenset({"settings", "command", "name", "files", "stamp", "key", "file", "protocol"})
"""What is no sentence, and stays as it is."""
PLAIN = (
    (
        "replication noise and parameter uncertainty",
        "other luck, and what is not known of how things work",
    ),
    (
        "replication noise only; parameters at their defaults",
        "other luck alone: things work in one way",
    ),
    ("replication noise only", "other luck alone"),
    ("posterior", "as agrees with the trials"),
    ("prior", "as if there had been no trial"),
)


def typeset(value: Any) -> Any:
    """Return what the page is told with a true minus in every text that people read."""
    if isinstance(value, str):
        return true_minus(value)
    if isinstance(value, dict):
        return {name: one if name in AS_WRITTEN else typeset(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [typeset(one) for one in value]
    return value


def write_result(folder: Path, result: dict[str, Any]) -> None:
    """Write what the page shows of a finished job."""
    text = json.dumps(typeset(result), allow_nan=False)
    (folder / "result.json").write_text(text, encoding="utf-8")


def plain_covers(covers: str) -> str:
    """Return in plain words what intervals cover; the statistician's stand beside it."""
    for term, words in PLAIN:
        covers = covers.replace(term, words)
    return covers
