"""Instruments of readiness by name, each with its lowest and highest score.

A score is mapped to the model's 0-1 in a straight line, (score - lowest) / (highest - lowest). That
assumes that the instrument measures what the model calls a team's readiness, that its ends are none
and full readiness, and that equal steps of the score are equal steps of readiness. No study was
seen that supports any of the three. Grade: assumption.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple


class ReadinessScale(NamedTuple):
    """An instrument: what it is, its lowest and highest score, and where they come from."""

    title: str
    low: float
    high: float
    source: str

    @property
    def extent(self) -> str:
        """Its range in words."""
        return f"{self.low:g} to {self.high:g}"


@cache
def readiness_scales() -> Mapping[str, ReadinessScale]:
    """Return the instruments by the name that a roster uses."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return {name: ReadinessScale(**table) for name, table in tomllib.loads(text).items()}


def scales_that_hold(score: float) -> str:
    """Return a hint on which instruments have a score in their range; empty where none has."""
    fit = [
        f"{name} ({one.extent})"
        for name, one in readiness_scales().items()
        if one.low <= score <= one.high
    ]
    return f"; name its instrument: readiness_scale = {' or '.join(fit)}" if fit else ""
