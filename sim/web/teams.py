"""Which teams a run is about: the trial's, an uploaded list, or a described service."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from sim.errors import InputError
from sim.inputs.roster.described import LIMITS, WHOLE, described_roster
from sim.inputs.roster.roster_file import roster_from_text
from sim.inputs.roster.team import Roster
from sim.inputs.roster.trial import trial_roster
from sim.web import checked

OWN_TEAMS = "own teams"
KINDS = ("trial", "described", "own")
SHOWN = (
    "trusts",
    "teams_per_trust",
    "staff_mean",
    "staff_sd",
    "users_per_coordinator",
    "sampled",
    "share_black",
    "turnover_multiplier",
)
LABELS = {
    "trusts": "Trusts or organisations",
    "teams_per_trust": "Teams in each",
    "staff_mean": "Staff per team, mean",
    "staff_sd": "Staff per team, standard deviation",
    "users_per_coordinator": "Service users per care coordinator",
    "sampled": "Service users assessed per team",
    "share_black": "Share of service users of a black background",
    "turnover_multiplier": "Staff turnover relative to the model's",
}


def described_form() -> list[dict[str, Any]]:
    """Return the controls that describe a service."""
    defaults = inspect.signature(described_roster).parameters
    controls: list[dict[str, Any]] = []
    for name in SHOWN:
        low, high, unit = LIMITS[name]
        controls.append(
            {
                "name": name,
                "label": LABELS[name],
                "kind": "whole" if name in WHOLE else "number",
                "unit": unit,
                "low": low,
                "high": high,
                "default": round(float(defaults[name].default), 3),
                "help": "",
                "choices": [],
                "optional": False,
            }
        )
    return controls


def checked_teams(value: Any) -> dict[str, Any]:
    """Return which teams are meant, checked and complete.

    Raises
    ------
    InputError
        By name, for what does not exist or is out of bounds.
    """
    teams = checked.table("Teams (teams)", value)
    kind = checked.choice("Teams (teams.kind)", teams.get("kind"), KINDS)
    if kind == "trial":
        checked.only("teams", teams, ("kind",))
        return {"kind": kind}
    if kind == "own":
        checked.only("teams", teams, ("kind", "roster"))
        if not teams.get("roster"):
            raise InputError(
                "Teams (teams.roster): there is no list of your own yet; choose a file, or "
                "other teams"
            )
        return {"kind": kind, "roster": checked.text("Teams (teams.roster)", teams["roster"], 40)}
    checked.only("teams", teams, ("kind", *SHOWN))
    described = {one["name"]: teams.get(one["name"], one["default"]) for one in described_form()}
    for name, number in described.items():
        low, high, unit = LIMITS[name]
        where = f"{LABELS[name]} (teams.{name})"
        if name in WHOLE:
            described[name] = checked.whole(where, number, int(low), int(high))
        else:
            described[name] = checked.number(where, number, low, high, unit)
    return {"kind": kind, **described}


def roster_asked(asked: Mapping[str, Any], text: str | None) -> Roster:
    """Return the roster of checked settings, in a worker that has no uploaded lists.

    Parameters
    ----------
    asked : mapping
        With `teams` and `seed`.
    text : str or None
        CSV text of own teams.
    """
    if text is None:
        return roster_of(asked["teams"], asked["seed"])
    return roster_from_text(text, OWN_TEAMS)


def roster_of(
    teams: Mapping[str, Any], seed: int, read: Callable[[str], Roster] | None = None
) -> Roster:
    """Return the roster that checked teams stand for.

    Parameters
    ----------
    teams : mapping
        From `checked_teams`.
    seed : int
        Seed of what a roster leaves open.
    read : callable, optional
        Returns an uploaded roster by name.

    Raises
    ------
    InputError
        When an uploaded roster is not there.
    """
    if teams["kind"] == "trial":
        return trial_roster(seed)
    if teams["kind"] == "described":
        chosen = {name: teams[name] for name in SHOWN}
        # There is no trial in a planner's service: all teams may get the programme.
        return described_roster(**chosen, intervention_share=1.0, seed=seed)
    if read is None:
        raise InputError("teams: no uploaded lists here")
    return read(teams["roster"])
