"""A planner's question: which strategies, for which teams, with what, and what matters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sim.errors import InputError
from sim.inputs.roster.team import Roster
from sim.pages.services import STRATEGIES
from sim.planning.ranking import AIMS
from sim.planning.setting import Setting, setting_from_text
from sim.streams import MAXIMUM_SEED
from sim.web import checked
from sim.web.limits import Limits
from sim.web.plan_settings import USUAL, check_size, checked_preset
from sim.web.teams import checked_teams

MOST_STRATEGIES = 10
DRAWS, MOST_DRAWS = 40, 200
LONGEST_YEARS = 10
LIMITS = {"budget": (0, 10_000_000_000), "trainers": (0, 1000)}
FIELDS = ("teams", "strategies", "years", "budget", "trainers", "start", "rank_by", "draws", "seed")


def decide_settings(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a planner's question, checked and complete.

    Raises
    ------
    InputError
        By name, for the first field that breaks a rule.
    """
    checked.only("settings", value, FIELDS)
    listed = checked.items(
        "Strategies (strategies)", value.get("strategies", list(STRATEGIES)), 1, MOST_STRATEGIES
    )
    names = [checked_preset("Strategies (strategies)", one) for one in listed]
    if len(set(names)) < len(names) or USUAL in names:
        raise InputError(
            f"Strategies (strategies): each once, and not '{USUAL}', which all are compared with"
        )
    settings: dict[str, Any] = {
        "teams": checked_teams(value.get("teams", {"kind": "trial"})),
        "strategies": names,
        "years": checked.whole("Years (years)", value.get("years", 1), 1, LONGEST_YEARS),
        "rank_by": checked.choice(
            "What matters most (rank_by)", value.get("rank_by", "recovery"), [a.name for a in AIMS]
        ),
        "draws": checked.whole(
            "Ways things may work (draws)", value.get("draws", DRAWS), 2, MOST_DRAWS
        ),
        "seed": checked.whole("Number of the luck (seed)", value.get("seed", 1), 0, MAXIMUM_SEED),
    }
    for name, label in (("budget", "Pounds a year (budget)"), ("trainers", "Trainers (trainers)")):
        if value.get(name) is not None:
            settings[name] = checked.whole(label, value[name], *LIMITS[name])
    if value.get("start") is not None:
        settings["start"] = checked_date("First day (start)", value["start"])
    return settings


def checked_date(where: str, value: Any) -> str:
    """Return a day as ``2027-04-01``, or refuse it."""
    try:
        return date.fromisoformat(checked.text(where, value, 10)).isoformat()
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{where} = {checked.shown(value)}: must be a day, as 2027-04-01"
        ) from None


def setting_text(settings: Mapping[str, Any]) -> str:
    """Return dates, trainers and budget as the file that `refocus compare --setting` reads."""
    lines = [f"start_date = {settings['start']}"] if "start" in settings else []
    lines += [f"years = {settings['years']}"]
    lines += [f"trainers = {settings['trainers']}"] if "trainers" in settings else []
    lines += [f"budget_per_year = {settings['budget']}"] if "budget" in settings else []
    return "\n".join(lines) + "\n"


def setting_of(settings: Mapping[str, Any]) -> Setting:
    """Return dates, trainers and budget.

    Raises
    ------
    InputError
        For a rule that holds between them.
    """
    return setting_from_text(setting_text(settings), "of the page")


def check_decide_size(settings: Mapping[str, Any], roster: Roster, limits: Limits) -> None:
    """Refuse what would take too long or too much room; usual care is simulated as well."""
    sized = {
        "scenarios": [USUAL, *settings["strategies"]],
        "draws": settings["draws"],
        "replications": 1,
        "weeks": 52 * settings["years"],
    }
    check_size(sized, roster, limits)


def decide_form() -> dict[str, Any]:
    """Return what the page needs to ask the question."""
    return {
        "strategies": list(STRATEGIES),
        "most_strategies": MOST_STRATEGIES,
        "most_years": LONGEST_YEARS,
        "draws": DRAWS,
        "most_draws": MOST_DRAWS,
        "aims": [[one.name, one.title, one.unit] for one in AIMS],
    }
