"""A planned trial: checked, completed, and turned into a design."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError
from sim.scenarios.library import adjusted, load_scenario
from sim.streams import MAXIMUM_SEED
from sim.web import checked
from sim.web.design_settings import PARALLEL, SHAPES, TITLE, design_file, period_settings
from sim.web.limits import Limits
from sim.web.plan_settings import checked_scenario

if TYPE_CHECKING:
    from sim.trials.designs.design import Design
    from sim.trials.designs.design_schema import DesignFile

READINESS = ("everybody", "share", "minimum")
ANALYSES = ("ancova", "follow-up")
STAFF_PER_TEAM = 20


@dataclass(frozen=True)
class Question:
    """One number that a designer gives."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    default: float
    whole: bool
    grade: str
    help: str


QUESTIONS = tuple(
    Question(name, **table)
    for name, table in tomllib.loads(
        Path(__file__).with_name("power_questions.toml").read_text(encoding="utf-8")
    ).items()
)


def power_settings(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trial's settings, checked and complete; only those over periods name a `design`.

    Raises
    ------
    InputError
        By name, for the first field that breaks a rule.
    """
    shape = checked.choice("design", value.get("design", PARALLEL), SHAPES)
    return parallel_settings(value) if shape == PARALLEL else period_settings(shape, value)


def parallel_settings(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parallel trial's settings, checked and complete.

    Raises
    ------
    InputError
        By name, for the first field that breaks a rule.
    """
    names = [one.name for one in QUESTIONS]
    others = ("design", "analysis", "readiness", "seed", "scenario")
    checked.only("settings", value, (*names, *others))
    checked.choice("design", value.get("design", PARALLEL), (PARALLEL,))
    settings: dict[str, Any] = {}
    for one in QUESTIONS:
        asked = value.get(one.name, one.default)
        settings[one.name] = (
            checked.whole(one.name, asked, int(one.low), int(one.high))
            if one.whole
            else checked.number(one.name, asked, one.low, one.high, one.unit)
        )
    settings["analysis"] = checked.choice("analysis", value.get("analysis", ANALYSES[0]), ANALYSES)
    settings["readiness"] = checked.choice(
        "readiness", value.get("readiness", READINESS[0]), READINESS
    )
    if settings["readiness"] == "share" and settings["cut_off"] < 0.1:
        raise InputError("cut_off: at least 0.1 of the screened teams must be let in")
    settings["seed"] = checked.whole("seed", value.get("seed", 1), 0, MAXIMUM_SEED)
    chosen = value.get("scenario", {"preset": "refocus-full", "label": "refocus-full"})
    settings["scenario"] = scenario = checked_scenario("scenario", chosen)
    adjusted(load_scenario(scenario["preset"]), scenario["changes"])
    return settings


def power_form() -> list[dict[str, Any]]:
    """Return the controls of the designer."""
    return [
        {
            "name": one.name,
            "label": one.label,
            "kind": "whole" if one.whole else "number",
            "unit": one.unit,
            "low": one.low,
            "high": one.high,
            "default": one.default,
            "grade": one.grade,
            "help": one.help,
            "choices": [],
            "optional": False,
        }
        for one in QUESTIONS
    ]


def settings_table(settings: Mapping[str, Any], title: str) -> list[list[str]]:
    """Return every setting of a trial as label, value, unit and evidence grade, for its report."""
    rows = [
        [one.label, f"{settings[one.name]:g}", one.unit, one.grade]
        for one in QUESTIONS
        if one.name != "cut_off" or settings["readiness"] != READINESS[0]
    ]
    rows += [
        ["Analysis", settings["analysis"], "", ""],
        ["Which teams enter", settings["readiness"], "", ""],
        ["What treated teams get, in the simulated services", title, "", ""],
        ["Seed", str(settings["seed"]), "", ""],
    ]
    return rows


def design_of(settings: Mapping[str, Any]) -> Design:
    """Return the design that settings stand for.

    Raises
    ------
    InputError
        When it cannot answer its question.
    """
    from sim.trials.designs.design import Attrition, ReadinessEntry, parallel

    entry = {
        "everybody": ReadinessEntry(run_in_weeks=settings["run_in"]),
        "share": ReadinessEntry(share=settings["cut_off"] or None, run_in_weeks=settings["run_in"]),
        "minimum": ReadinessEntry(minimum=settings["cut_off"], run_in_weeks=settings["run_in"]),
    }[settings["readiness"]]
    return parallel(
        settings["clusters"],
        settings["size"],
        baseline="ancova" if settings["analysis"] == "ancova" else "none",
        attrition=Attrition(rate=settings["attrition"]),
        readiness=entry,
        weeks=settings["weeks"],
        name="the next trial",
    )


def parallel_file(settings: Mapping[str, Any]) -> DesignFile:
    """Return the design file of a parallel trial with the designer's difference.

    Readiness is left out: these outcomes know none.
    """
    from sim.trials.designs.design_file import design_from_table

    table = {
        "title": f"{TITLE}: {PARALLEL}",
        "design": {
            "type": PARALLEL,
            "clusters": 2 * settings["clusters"],
            "size": settings["size"],
            "baseline": "ancova" if settings["analysis"] == "ancova" else "none",
            "period_weeks": settings["weeks"],
        },
        "attrition": {"rate": settings["attrition"]},
        "statistical": {
            "sd": settings["sd"],
            "icc": settings["icc"],
            "cac": settings["cac"],
            "iac": settings["correlation"],
            "effect": settings["effect"],
        },
        "target": {"power": settings["target"]},
        "precision": {"simulations": settings["trials"]},
    }
    return design_from_table(table, PARALLEL)


def file_of(settings: Mapping[str, Any]) -> DesignFile:
    """Return the design file that settings of `power_settings` stand for."""
    return design_file(settings) if "design" in settings else parallel_file(settings)


def check_power_size(settings: Mapping[str, Any], limits: Limits) -> None:
    """Refuse a simulation that would take too long.

    Raises
    ------
    InputError
        With how much too large it is.
    """
    design = design_of(settings)
    screened = design.readiness.screened_per_team if design.readiness.decides else 1
    weeks = settings["weeks"] + settings["run_in"]
    teams = 2 * settings["clusters"] * screened
    asked = settings["trials"] * weeks * teams * (STAFF_PER_TEAM + settings["size"])
    assessed = teams * settings["size"]
    for what, number, most in (
        ("people x weeks x trials", asked, limits.person_weeks),
        ("people assessed in a trial", assessed, limits.assessed),
    ):
        if number > most:
            raise InputError(
                f"simulation: {number / most:.1f} times larger than this server allows ({what} = "
                f"{number}, at most {most}); ask for fewer trials, teams, people or weeks"
            )
