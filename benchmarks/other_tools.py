"""The compiled week beside what a user would get otherwise, on one core.

Every contestant makes the same number of people, runs them for the same weeks and records weekly
means. The whole run is timed, from making the people on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from benchmarks.references import numpy_arrays, plain_mesa, same_rules
from benchmarks.references.mesa_frames import MesaFrames, interpreter
from benchmarks.table import Row, at_least, figure, reported
from benchmarks.timing import median_seconds_in_turns
from benchmarks.worlds import run, service_layout, world_of
from sim.engines.mesa_model import RecoveryModel
from sim.parameters import defaults
from sim.population import Layout

TEAMS, USERS_PER_TEAM, WEEKS = 10, 275, 52
SHAPE = f"{TEAMS} teams of 20 staff and {USERS_PER_TEAM} users"


def own_mesa(layout: Layout, weeks: int) -> None:
    """Run the simulation's Mesa path and record team-weeks."""
    model = RecoveryModel(layout, defaults())
    for _ in range(weeks):
        model.step()
        for team in model.teams:
            model.team_week(team)
    model.release()


def measure(quick: bool) -> list[Row]:
    """Return how many times faster than each of the others the compiled week is."""
    weeks, rounds = (8, 1) if quick else (WEEKS, 3)
    world = world_of(service_layout(TEAMS, USERS_PER_TEAM, weeks), team_weeks=weeks)
    layout = world.layout
    size = (TEAMS, USERS_PER_TEAM, weeks)
    works: dict[str, Callable[[], object]] = {
        "compiled": lambda: run(world, weeks),
        "plain": lambda: plain_mesa.run(*size),
        "same rules": lambda: same_rules.run(layout, weeks),
        "own": lambda: own_mesa(layout, weeks),
        "numpy": lambda: numpy_arrays.run(*size),
    }
    with ExitStack() as stack:
        if interpreter() is not None:
            frames = stack.enter_context(MesaFrames())
            works["frames"] = lambda: frames.run(*size)[0]
        taken = median_seconds_in_turns(works, rounds)
    per = 1e6 / ((layout.staff + layout.users) * weeks)

    def against(name: str) -> float:
        return taken[name] / taken["compiled"]

    def detail(name: str) -> str:
        return (
            f"{per * taken[name]:.3g} against {per * taken['compiled']:.3g} "
            "microseconds an agent-week"
        )

    return [
        at_least(
            "Compiled week over the same rules on plain Mesa",
            against("same rules"),
            100.0,
            f"{detail('same rules')}; {SHAPE}, {weeks} weeks, one core. Reference: our rules, "
            "variables and number of draws, from Python's own generator instead of keyed",
        ),
        at_least(
            "Compiled week over a small plain-Mesa model",
            against("plain"),
            100.0,
            f"{detail('plain')}. Reference: as many people, draws and updated variables, but "
            "constants for parameters and most terms of the equations left out",
        ),
        reported(
            "Compiled week over our own Mesa path",
            figure(against("own"), "x"),
            f"{detail('own')}. The same results to the last bit",
        ),
        reported(
            "Compiled week over the small model on mesa-frames",
            figure(against("frames"), "x") if "frames" in taken else "not measured",
            f"{detail('frames')}. On Polars 1.6, one thread"
            if "frames" in taken
            else "mesa-frames is not installed: it needs an environment of its own with NumPy 1",
        ),
        reported(
            "Compiled week over the small model on NumPy",
            figure(against("numpy"), "x"),
            f"{detail('numpy')}. The small model's leaner equations, vectorised over people",
        ),
    ]
