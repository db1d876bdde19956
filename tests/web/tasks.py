"""Tasks for worker processes that do what real ones should not."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.web.worker import Stopped, Told


def quick(settings: dict[str, Any], folder: Path, told: Told) -> None:
    told.progress(1, 1, "writing")
    (folder / "result.json").write_text(json.dumps({"n": settings.get("n", 0)}))


def patient(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Take long, but listen."""
    for step in range(int(settings["steps"])):
        if told.cancelled():
            raise Stopped
        told.progress(step, int(settings["steps"]), "waiting")
        time.sleep(0.02)
    quick(settings, folder, told)


def deaf(settings: dict[str, Any], folder: Path, told: Told) -> None:
    told.progress(1, 100, "not listening")
    time.sleep(60)


def dying(settings: dict[str, Any], folder: Path, told: Told) -> None:
    os._exit(3)


def refusing(settings: dict[str, Any], folder: Path, told: Told) -> None:
    raise InputError("weeks = 0: must be at least 1")


def failing(settings: dict[str, Any], folder: Path, told: Told) -> None:
    raise RuntimeError(f"secret place {Path(__file__).parent}")
