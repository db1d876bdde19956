"""The simulation's own rules and agents on Mesa, with Python's usual random numbers.

What is left out is one thing: draws come from one stream (`random.Random`) instead of being a
function of seed, person, purpose and week. So there are no common random numbers, and the result
depends on the order of agents. Everything else is the simulation's own: every rule, every variable,
every draw.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sim import streams
from sim.agents import service_user, staff
from sim.engines.mesa_model import RecoveryModel
from sim.mechanisms import flow, heterogeneity, recovery, relationship, selection, training
from sim.parameters import defaults
from sim.population import Layout

DRAWING = (staff, service_user, flow, heterogeneity, recovery, relationship, selection, training)


@contextmanager
def usual_randomness(seed: int) -> Iterator[None]:
    """Let the rules draw from Python's generator for a while.

    Compile what is to be compiled before: compiled code takes the functions it finds.
    """
    generator = random.Random(seed)
    uniform, gauss = generator.random, generator.gauss

    def uniforms(key: Any, purpose: int, week: int) -> tuple[float, float, float, float]:
        return uniform(), uniform(), uniform(), uniform()

    def normals(key: Any, purpose: int, week: int) -> tuple[float, float, float, float]:
        return gauss(), gauss(), gauss(), gauss()

    usual = {"uniforms": uniforms, "normals": normals}
    patches = [
        patch.object(module, name, draw)
        for module in (*DRAWING, streams)
        for name, draw in usual.items()
        if hasattr(module, name)
    ]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def run(layout: Layout, weeks: int, seed: int = 1) -> list[Any]:
    """Run a layout and return the last week's rows of the team-week table."""
    with usual_randomness(seed):
        model = RecoveryModel(layout, defaults(), seed)
        for _ in range(weeks):
            model.step()
            rows = [model.team_week(team) for team in model.teams]
        model.release()
    return rows
