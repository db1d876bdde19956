"""People and parameters for the tests of the instruments."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import sim.measures
from sim.mechanisms.practice import PRACTICES
from sim.mechanisms.recovery import PROCESSES
from sim.state import SERVICE_USER, record_fields

# Beside the parameters stand words of the field, which no measure reads.
TABLES: dict[str, dict[str, Any]] = {
    name: table
    for name, table in tomllib.loads(
        (Path(sim.measures.__path__[0]) / "measures.toml").read_text("utf-8")
    ).items()
    if name != "words"
}
EXPLANATIONS = {"measure_sensitivity": 1.0, "chance_scale": 1.0}
# People here stand still between two visits, unless a test says otherwise.
STILL = {"fluctuation_sd": 0.0, "recovery_half_life": 12.0}


@pytest.fixture(scope="session")
def tables() -> dict[str, dict[str, Any]]:
    """Return the parameter descriptions of the measures."""
    return TABLES


@pytest.fixture(scope="session")
def bounds() -> dict[str, tuple[float, float]]:
    """Return the bounds of every parameter that the measures read."""
    found = {name: (table["bounds"][0], table["bounds"][1]) for name, table in TABLES.items()}
    still = {"fluctuation_sd": (0.0, 0.9), "recovery_half_life": (2.0, 52.0)}
    return found | dict.fromkeys(EXPLANATIONS, (0.0, 1.0)) | still


@pytest.fixture(scope="session")
def parameters() -> Callable[..., SimpleNamespace]:
    """Return a maker of parameter sets: defaults, with some values changed."""

    def make(**changed: float) -> SimpleNamespace:
        values = {name: float(table["default"]) for name, table in TABLES.items()}
        values.update(EXPLANATIONS | STILL)
        unknown = set(changed) - set(values)
        assert not unknown, unknown
        values.update(changed)
        return SimpleNamespace(**values)

    return make


@pytest.fixture(scope="session")
def people() -> Callable[..., np.ndarray]:
    """Return a maker of service users whose latents are as the instruments expect them."""

    def make(count: int, seed: int = 1, correlation: float = 0.4) -> np.ndarray:
        random = np.random.default_rng(seed)
        users = np.zeros(count, record_fields(SERVICE_USER))
        shared = random.normal(size=count)
        for name in PROCESSES:
            users[name] = np.sqrt(correlation) * shared + np.sqrt(
                1.0 - correlation
            ) * random.normal(size=count)
            users[f"baseline_{name}"] = users[name]
        for name in ("symptoms", "functioning", "needs", "quality_of_life"):
            users[name] = random.normal(size=count)
        bond = random.normal(size=count)
        help_felt = 0.5 * bond + np.sqrt(0.75) * random.normal(size=count)
        for name, level in (("relationship", bond), ("support", help_felt)):
            mean = TABLES[f"measure_{name}_mean"]["default"]
            spread = TABLES[f"measure_{name}_sd"]["default"]
            users[name] = np.clip(mean + spread * level, 0.0, 1.0)
        practice = random.normal(size=count)
        for name in PRACTICES:
            users[f"experience_{name}"] = np.clip(0.22 + 0.08 * practice, 0.0, 1.0)
        users["has_goal"] = random.integers(0, 2, count)
        users["goals_reached"] = random.integers(0, 2, count)
        users["goal_progress"] = random.random(count)
        users["contact_rate"] = random.uniform(0.1, 1.0, count)
        users["in_service"] = 1
        users["place"] = np.arange(count)
        return users

    return make


@pytest.fixture(scope="session")
def plain() -> Callable[[np.ndarray], list[SimpleNamespace]]:
    """Return a converter of records to plain Python objects with the same attributes."""

    def convert(records: np.ndarray) -> list[SimpleNamespace]:
        names = records.dtype.names or ()
        return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in records.tolist()]

    return convert
