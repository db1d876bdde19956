"""The compiled week beside what a user would get otherwise, on one core.

Every contestant makes the same number of people, runs them for the same weeks and records weekly
means. The whole run is timed, from making the people on.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import same_rules
from benchmarks.table import Row, at_least, figure, reported
from benchmarks.timing import median_seconds_in_turns
from benchmarks.worlds import run, service_layout, world_of
from sim.engines.mesa_model import RecoveryModel
from sim.parameters import defaults
from sim.population import Layout

TEAMS, USERS_PER_TEAM, WEEKS = 10, 275, 52
SHAPE = f"{TEAMS} teams of 20 staff and {USERS_PER_TEAM} users"


SMALL_MODELS = Path(__file__).with_name("references")
NOT_HERE = "not here: `make bench` brings the small models from an earlier commit"


def small_model(name: str) -> Any:
    """Return a module of the small models, which `make bench` brings; None where they are not."""
    found = (SMALL_MODELS / f"{name}.py").exists()
    return import_module(f"benchmarks.references.{name}") if found else None


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
        "same rules": lambda: same_rules.run(layout, weeks),
        "own": lambda: own_mesa(layout, weeks),
    }
    plain, arrays, tables = map(small_model, ("plain_mesa", "numpy_arrays", "mesa_frames"))
    with ExitStack() as stack:
        if plain is not None:
            works["plain"] = lambda: plain.run(*size)
            works["numpy"] = lambda: arrays.run(*size)
        if tables is not None and tables.interpreter() is not None:
            frames = stack.enter_context(tables.MesaFrames())
            works["frames"] = lambda: frames.run(*size)[0]
        taken = median_seconds_in_turns(works, rounds)
    per = 1e6 / ((layout.staff + layout.users) * weeks)

    def against(name: str) -> float:
        return taken[name] / taken["compiled"]

    def detail(name: str, more: str) -> str:
        if name not in taken:
            return NOT_HERE
        return (
            f"{per * taken[name]:.3g} against {per * taken['compiled']:.3g} "
            f"microseconds an agent-week{more}"
        )

    def small(what: str, name: str, more: str, aim: float | None = None) -> Row:
        told = f"Compiled week over the small model on {what}"
        if name in taken and aim is not None:
            return at_least(told, against(name), aim, detail(name, more))
        result = figure(against(name), "x") if name in taken else "not measured"
        return reported(told, result, detail(name, more))

    return [
        at_least(
            "Compiled week over the same rules on plain Mesa",
            against("same rules"),
            100.0,
            detail(
                "same rules",
                f"; {SHAPE}, {weeks} weeks, one core. Reference: our rules, variables and number "
                "of draws, from Python's own generator instead of keyed",
            ),
        ),
        small(
            "plain Mesa",
            "plain",
            ". As many people, draws and updated variables, but constants for parameters and most "
            "terms of the equations left out",
            100.0,
        ),
        reported(
            "Compiled week over our own Mesa path",
            figure(against("own"), "x"),
            detail("own", ". The same results to the last bit"),
        ),
        small("mesa-frames", "frames", ". On Polars 1.6, one thread"),
        small("NumPy", "numpy", ". The leaner equations, vectorised over people"),
    ]
