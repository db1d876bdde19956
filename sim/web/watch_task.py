"""The worker's part of watching: record every team of a world, and write each of them down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sim.parameters import ParameterSet, resolve
from sim.population import Layout, lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import adjusted, load_scenario
from sim.web.teams import roster_asked
from sim.web.worker import Stopped, Told


class WatchedWorld(NamedTuple):
    """The world that settings stand for."""

    layout: Layout
    p: ParameterSet
    chance: tuple[int, int]
    title: str


def watched_world(watch: Mapping[str, Any], text: str | None) -> WatchedWorld:
    """Return the world that settings stand for.

    Parameters
    ----------
    watch : mapping
        From `watch_settings`.
    text : str or None
        CSV text of own teams.
    """
    roster = roster_asked(watch, text)
    chosen = watch["scenario"]
    scenario = adjusted(load_scenario(chosen["preset"]), chosen["changes"])
    plan = expand(scenario, roster, watch["weeks"])
    p = resolve({**plan.parameters, **watch["parameters"]})
    chance = (watch["seed"], watch["replication"])
    return WatchedWorld(lay_out(roster, plan, "sample"), p, chance, scenario.title)


def watch_teams(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Run a world on the compiled week and write down every team of it.

    Settings: ``watch`` from `watch_settings`; ``roster``, CSV text of the teams, or None. Writes a
    file for each team, ``team-0.json`` and so on, and ``result.json`` with the teams' names in
    their order.
    """
    from sim.engines.one_world import OneWorld, room_for_events
    from sim.parameters import to_record
    from sim.runs.results import package_versions
    from sim.web.watch_record import Record

    watch = settings["watch"]
    weeks = watch["weeks"]
    told.progress(0, weeks, "building the service")
    layout, p, chance, title = watched_world(watch, settings["roster"])
    world = OneWorld(
        layout, to_record(p)[0], *chance, team_weeks=weeks, events=room_for_events(layout)
    )
    record = Record(world)
    for week in range(weeks + 1):
        if told.cancelled():
            raise Stopped
        world.run_to(week)
        record.look()
        told.progress(week, weeks, f"week {week} of {weeks}")
    facts = {"title": title, "weeks": weeks, "version": package_versions()["refocus-simulation"]}
    for index in range(len(layout.teams)):
        if told.cancelled():
            raise Stopped
        write(folder / f"team-{index}.json", {**facts, **record.team(index)})
    write(folder / "result.json", {"teams": layout.team_names})


def write(path: Path, value: Any) -> None:
    """Write JSON without spaces."""
    path.write_text(json.dumps(value, separators=(",", ":"), allow_nan=False), encoding="utf-8")
