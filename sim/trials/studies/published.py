"""What the REFOCUS trial reported, by name of figure: the one place they are read from."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

PUBLISHED = Path(__file__).parent / "refocus-published.toml"


def published_figures() -> dict[str, dict[str, Any]]:
    """Return what the trial reported: label, unit, value and evidence by name of figure."""
    return tomllib.loads(PUBLISHED.read_text(encoding="utf-8"))


@cache
def published(name: str) -> float:
    """Return the value of a figure of the trial, in the unit that its file states."""
    return float(published_figures()[name]["value"])
