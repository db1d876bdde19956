"""Which team is watched, and under which scenario: checked and complete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.errors import InputError, unknown
from sim.inputs.roster.team import Roster
from sim.scenarios.library import adjusted, load_scenario
from sim.streams import MAXIMUM_SEED
from sim.web import checked
from sim.web.limits import Limits
from sim.web.plan_settings import checked_parameters, checked_scenario
from sim.web.teams import checked_teams

FIELDS = ("teams", "team", "weeks", "seed", "replication", "parameters", "scenario")
LONGEST = 156


def watch_settings(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return which team is to be watched, checked and complete.

    Raises
    ------
    InputError
        By name, for the first field that breaks a rule.
    """
    checked.only("settings", value, FIELDS)
    settings: dict[str, Any] = {
        "teams": checked_teams(value.get("teams", {"kind": "trial"})),
        "team": checked.text("team", value.get("team", ""), 100),
        "weeks": checked.whole("weeks", value.get("weeks", 52), 1, LONGEST),
        "seed": checked.whole("seed", value.get("seed", 1), 0, MAXIMUM_SEED),
        "replication": checked.whole("replication", value.get("replication", 0), 0, 9999),
        "parameters": checked_parameters(value.get("parameters", {})),
        "scenario": checked_scenario("scenario", value.get("scenario")),
    }
    scenario = settings["scenario"]
    adjusted(load_scenario(scenario["preset"]), scenario["changes"])
    return settings


def check_team(settings: Mapping[str, Any], roster: Roster, limits: Limits) -> None:
    """Refuse a team that is not there, or a service too large to be watched.

    Raises
    ------
    InputError
        With the team's name, or how large the service is.
    """
    named = [row for row in roster.rows if row.team == settings["team"]]
    if not named:
        raise unknown("team", settings["team"], [row.team for row in roster.rows])
    people = named[0].staff + named[0].sampled
    if people > limits.watched_people:
        raise InputError(
            f"team '{named[0].team}': has {people} posts and assessed service users; a team of at "
            f"most {limits.watched_people} can be watched"
        )
    # The other teams go on too: people move between them and seek advice across them.
    everybody = sum(row.staff + row.sampled for row in roster.rows)
    size = everybody * settings["weeks"]
    if size > limits.watched_person_weeks:
        raise InputError(
            f"watch: {everybody} people over {settings['weeks']} weeks are too many to be watched "
            f"(at most {limits.watched_person_weeks} person-weeks); choose fewer weeks"
        )
