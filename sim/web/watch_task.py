"""The worker's part of watching a team: run the Mesa model and write down what happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sim.web.worker import Stopped, Told


def watch_team(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Run the part of a world that a team depends on, watching the team, and write it down.

    Parameters
    ----------
    settings : dict
        ``watch``: from `watch_settings`; ``roster``: CSV text of the teams, or None.
    folder : Path
        Where to write ``result.json``, and a file with every step of each person and the team.
    told : Told
        Progress and cancelling.

    Raises
    ------
    Stopped
        When it noticed that it is to stop.
    """
    from sim.engines.mesa_model import RecoveryModel
    from sim.engines.watched import around
    from sim.events import EVENT_NAMES
    from sim.inputs.roster.csv_file import roster_from_text
    from sim.parameters import resolve
    from sim.population import lay_out
    from sim.runs.results import package_versions
    from sim.scenarios.expand import expand
    from sim.scenarios.library import adjusted, load_scenario
    from sim.web import watch_record
    from sim.web.teams import roster_of

    watch = settings["watch"]
    text = settings["roster"]
    roster = (
        roster_of(watch["teams"], watch["seed"])
        if text is None
        else roster_from_text(text, "own teams")
    )
    chosen = watch["scenario"]
    scenario = adjusted(load_scenario(chosen["preset"]), chosen["changes"])
    weeks = watch["weeks"]
    plan = expand(scenario, roster, weeks)
    told.progress(0, weeks, "building the service")
    p = resolve({**plan.parameters, **watch["parameters"]})
    chance = (watch["seed"], watch["replication"])
    layout = around(lay_out(roster, plan, "sample"), watch["team"], p, *chance)
    model = RecoveryModel(layout, p, *chance)
    try:
        team = next(one for one in model.teams if one.name == watch["team"])
        watched = [team, *team.members, *team.users]
        for one in watched:
            one.watched = True
        frames = [frame(model, team)]
        for week in range(1, weeks + 1):
            if told.cancelled():
                raise Stopped
            model.step()
            frames.append(frame(model, team))
            told.progress(week, weeks, f"week {week} of {weeks}")
        explain, known = watch_record.rule_texts(), watch_record.meanings()
        files = {"team": team}
        files |= {f"staff-{one.place}": one for one in team.members}
        files |= {f"user-{one.place}": one for one in team.users}
        for name, one in files.items():
            record = watch_record.person_record(one.kind, one.steps, explain, known)
            write(folder / f"{name}.json", record)
        result = {
            "settings": watch,
            "title": scenario.title,
            "team": {
                "name": team.name,
                "trust": team.trust_agent.name,
                "arm": team.arm,
                "type": team.type_name,
                "gets_programme": team.start_week >= 0,
            },
            "leaders": [one.leader for one in team.members],
            "coordinators": [one.coordinator for one in team.members],
            "weeks": weeks,
            "frames": frames,
            "events": [
                [week, EVENT_NAMES[kind], place]
                for week, index, kind, place, _ in model.events
                if index == team.index
            ],
            "version": package_versions()["refocus-simulation"],
        }
        write(folder / "result.json", result)
    finally:
        model.release()


def frame(model: Any, team: Any) -> dict[str, Any]:
    """Return the state of a team as it stands."""
    from sim.web.watch_record import staff_frame, team_frame, user_frame

    return {
        "staff": staff_frame(team),
        "users": user_frame(team),
        "team": team_frame(model.team_week(team)),
    }


def write(path: Path, value: Any) -> None:
    """Write JSON without spaces."""
    path.write_text(json.dumps(value, separators=(",", ":"), allow_nan=False), encoding="utf-8")
