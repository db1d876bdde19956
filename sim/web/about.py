"""What the page says about the model: evidence, calibration, version."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from sim.pages.home_page import RIVALS
from sim.pages.write import rivals
from sim.parameters import registry
from sim.parameters.registry import grade_counts
from sim.posterior import posterior_file
from sim.trials.studies.published import published

FINDING = Path(__file__).with_name("positive_finding.toml")


def posterior_facts(path: Path) -> dict[str, Any]:
    """Return how the shipped posterior was fitted, and how far it can be trusted."""
    found = json.loads(path.read_text(encoding="utf-8"))
    coverage = found.get("diagnostics", {}).get("coverage", {})
    labels = registry()
    effects = {one["rival"]: one["effect"] for one in found.get("rivals", [])}
    return {
        "method": found.get("method", ""),
        "date": found.get("date", ""),
        "draws": found.get("draws", 0),
        "calibrated": [
            [labels[name].label if name in labels else name, one["why"]]
            for name, one in found.get("calibrated", {}).items()
        ],
        "flags": found.get("flags", []),
        "rivals": [
            [
                RIVALS[name],
                *(f"{value:.1f}" if value else "0" for value in effects[name]),
                *(f"{100 * weight:.0f}" for weight in weights),
            ]
            for name, *weights in rivals()
        ],
        "found": published("difference"),
        "coverage": [
            [name, *(f"{one[what]:.1%}" for what in ("nominal", "coverage", "standard_error"))]
            for name, one in coverage.items()
        ],
    }


def positive_finding() -> dict[str, float]:
    """Return the trial's positive finding, its own interval and the model's, as kept.

    The model's: 90% of simulated trials, of all and of those that would have reported it.
    """
    found = tomllib.loads(FINDING.read_text(encoding="utf-8"))
    return {name: float(value) for name, value in found.items()}


def about(version: str) -> dict[str, Any]:
    """Return what the page says about the model."""
    return {
        "version": version,
        "grades": grade_counts(),
        "finding": positive_finding(),
        "posterior": posterior_facts(posterior_file().with_suffix(".json")),
    }
