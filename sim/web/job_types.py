"""The types of jobs: how their settings are checked, and which task does them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sim.inputs.roster.roster_file import roster_text
from sim.web import checked
from sim.web.decide_settings import check_decide_size, decide_settings, setting_of
from sim.web.design_settings import check_period_size
from sim.web.limits import Limits
from sim.web.plan_settings import check_size, plan_settings
from sim.web.power_settings import check_power_size, power_settings
from sim.web.rosters import RosterStore
from sim.web.teams import roster_of
from sim.web.watch_settings import check_team, watch_settings

FIT_TRIALS = 60
"""Simulated trials in the check against the trial: some seconds."""


@dataclass(frozen=True)
class CheckedJob:
    """A job that may be run."""

    task: str  # Function that does it (``module:name``)
    settings: dict[str, Any]  # What that function is given; decides the job's key


def checked_plan(value: Mapping[str, Any], rosters: RosterStore, limits: Limits) -> CheckedJob:
    """Check a plan, its teams and its size."""
    plan = plan_settings(value)
    roster = roster_of(plan["teams"], plan["seed"], rosters.read)
    check_size(plan, roster, limits)
    text = roster_text(roster) if plan["teams"]["kind"] == "own" else None
    return CheckedJob("sim.web.plan_task:simulate_plan", {"plan": plan, "roster": text})


def checked_decide(value: Mapping[str, Any], rosters: RosterStore, limits: Limits) -> CheckedJob:
    """Check a planner's question, its teams and its size."""
    question = decide_settings(value)
    setting_of(question)
    roster = roster_of(question["teams"], question["seed"], rosters.read)
    check_decide_size(question, roster, limits)
    text = roster_text(roster) if question["teams"]["kind"] == "own" else None
    return CheckedJob("sim.web.decide_task:decide", {"question": question, "roster": text})


def checked_watch(value: Mapping[str, Any], rosters: RosterStore, limits: Limits) -> CheckedJob:
    """Check which team is to be watched, and that it is there; one job is for all teams."""
    watch, text = checked_team(value, rosters, limits)
    world = {name: one for name, one in watch.items() if name != "team"}
    return CheckedJob("sim.web.watch_task:watch_teams", {"watch": world, "roster": text})


def checked_team(
    value: Mapping[str, Any], rosters: RosterStore, limits: Limits
) -> tuple[dict[str, Any], str | None]:
    """Return which team is to be watched, and CSV text of own teams."""
    watch = watch_settings(value)
    roster = roster_of(watch["teams"], watch["seed"], rosters.read)
    check_team(watch, roster, limits)
    return watch, roster_text(roster) if watch["teams"]["kind"] == "own" else None


def checked_power(value: Mapping[str, Any], rosters: RosterStore, limits: Limits) -> CheckedJob:
    """Check a trial design and its size."""
    power = power_settings(value)
    if "design" in power:
        check_period_size(power, limits)
        return CheckedJob("sim.web.design_task:simulate_design", {"power": power})
    check_power_size(power, limits)
    return CheckedJob("sim.web.power_task:simulate_power", {"power": power})


def checked_fit(value: Mapping[str, Any], rosters: RosterStore, limits: Limits) -> CheckedJob:
    """Check that nothing is set: the check against the trial is always the same."""
    checked.only("settings", value, ())
    return CheckedJob("sim.web.fit_task:simulate_fit", {"trials": FIT_TRIALS, "seed": 1})


JOB_TYPES: dict[str, Callable[[Mapping[str, Any], RosterStore, Limits], CheckedJob]] = {
    "decide": checked_decide,
    "plan": checked_plan,
    "watch": checked_watch,
    "power": checked_power,
    "fit": checked_fit,
}
