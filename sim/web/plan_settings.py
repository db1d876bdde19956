"""What a planner asks for: checked, completed, and turned into scenarios."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sim.errors import InputError, nearest
from sim.inputs.roster.team import Roster
from sim.parameters import registry, resolve
from sim.scenarios.library import adjusted, load_scenario, scenario_names
from sim.scenarios.schema import MAXIMUM_WEEKS, Scenario
from sim.streams import MAXIMUM_SEED
from sim.web import checked
from sim.web.limits import Limits
from sim.web.plan_labels import field_named, in_page_words, place, setting
from sim.web.presets import SESSIONS, editable_fields
from sim.web.teams import checked_teams

FIELDS = ("teams", "weeks", "values", "draws", "replications", "seed", "parameters", "scenarios")
VALUES = ("posterior", "prior", "defaults")
MOST_SCENARIOS = 5
MOST_DRAWS = 1000
MOST_REPLICATIONS = 1000
MOST_CHANGES = 200
BETWEEN_ASSESSMENTS = 26
# A label stands in file names and spreadsheets: it begins with a letter or digit, so that no
# spreadsheet takes it for a formula.
LONGEST_LABEL = 64
LABEL = re.compile(rf"[^\W_][\w .,:;()%/+'&-]{{0,{LONGEST_LABEL - 1}}}")
MOST_SESSIONS = 104
USUAL = "usual-care"


def plan_settings(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a planner's settings, checked and complete.

    Parameters
    ----------
    value : mapping
        As the page sends and saves them.

    Returns
    -------
    dict
        The same with every default filled in, ready for `key_of` and for a worker.

    Raises
    ------
    InputError
        By name, for the first field that breaks a rule.
    """
    checked.only("settings", value, FIELDS)
    settings: dict[str, Any] = {
        "teams": checked_teams(value.get("teams", {"kind": "trial"})),
        "weeks": checked.whole(setting("weeks"), value.get("weeks", 52), 1, MAXIMUM_WEEKS),
        "values": checked.choice(setting("values"), value.get("values", VALUES[0]), VALUES),
        "seed": checked.whole(setting("seed"), value.get("seed", 1), 0, MAXIMUM_SEED),
    }
    if settings["values"] == "defaults":
        settings["draws"] = 0
        repeats = value.get("replications", 50)
        settings["replications"] = checked.whole(
            setting("replications"), repeats, 2, MOST_REPLICATIONS
        )
    else:
        settings["draws"] = checked.whole(setting("draws"), value.get("draws", 50), 2, MOST_DRAWS)
        settings["replications"] = 1
    settings["parameters"] = checked_parameters(value.get("parameters", {}))
    listed = checked.items(setting("scenarios"), value.get("scenarios"), 1, MOST_SCENARIOS)
    settings["scenarios"] = [
        checked_scenario(place(number), one) for number, one in enumerate(listed, 1)
    ]
    labels = [one["label"].casefold() for one in settings["scenarios"]]
    for label in labels:
        if labels.count(label) > 1:
            raise InputError(f"scenarios: two are called '{label}'; give each a name of its own")
    if USUAL in labels[1:]:
        raise InputError(f"scenarios: only the base case may be called '{USUAL}'")
    for number, one in enumerate(settings["scenarios"], 1):
        try:
            named(one, {})
        except InputError as error:
            line = in_page_words(place(number), one["preset"], str(error))
            raise InputError(line) from None
    return settings


def checked_parameters(value: Any) -> dict[str, float]:
    """Return parameter values, each of them one that the parameter may take."""
    found = checked.table(setting("parameters"), value)
    known = registry()
    for name in found:
        try:
            resolve({name: found[name]})
        except InputError as error:
            label = f"{known[name].label} ({name})" if name in known else f"parameter '{name}'"
            line = str(error).replace(f"parameter '{name}'", label, 1)
            raise InputError(" ".join(line.split())) from None
    return {name: float(found[name]) for name in known if name in found}


def checked_scenario(where: str, value: Any) -> dict[str, Any]:
    """Return one scenario's choice of preset, name and changes.

    Parameters
    ----------
    where : str
        What the page calls the scenario.
    value : object
        As it came.

    Raises
    ------
    InputError
        For the first field that breaks a rule of its own; rules between fields are the scenario's.
    """
    one = checked.table(where, value)
    checked.only(where, one, ("preset", "label", "changes"))
    preset = checked_preset(f"{where}, start from (preset)", one.get("preset"))
    named_here = f"{where}, name in figures (label)"
    label = checked.text(named_here, one.get("label", preset), LONGEST_LABEL)
    if not LABEL.fullmatch(label):
        raise InputError(
            f"{named_here} = {checked.shown(label)}: must begin with a letter or digit and have no "
            "other signs than . , : ; ( ) % / + ' & -"
        )
    changes = checked.table(f"{where}, what is changed (changes)", one.get("changes", {}))
    if len(changes) > MOST_CHANGES:
        raise InputError(f"{where}, what is changed (changes): at most {MOST_CHANGES}")
    for name, change in changes.items():
        check_change(where, str(name), change)
    return {"preset": preset, "label": label, "changes": dict(sorted(changes.items()))}


def checked_preset(where: str, value: Any) -> str:
    """Return the name of a scenario in the library."""
    names = scenario_names()
    if not isinstance(value, str) or value not in names:
        hint = nearest(value, names) if isinstance(value, str) else ""
        raise InputError(
            f"{where} = {checked.shown(value)}: must be a scenario of the library{hint}"
        )
    return value


def check_change(where: str, name: str, value: Any) -> None:
    """Refuse a change of a field that is not in the form, or a value that the field cannot have."""
    field = editable_fields().get(name)
    if field is None:
        hint = nearest(name, editable_fields())
        raise InputError(f"{where}: unknown field '{checked.one_line(name)}'{hint}")
    here = f"{where}, {field_named(name)}"
    if value is None and field.optional:
        return
    if name.endswith(SESSIONS):
        checked.items(here, value, 0, MOST_SESSIONS)
    elif field.kind == "number" and field.low is not None and field.high is not None:
        checked.number(here, value, field.low, field.high, field.unit)
    elif field.kind == "whole" and field.low is not None and field.high is not None:
        checked.whole(here, value, int(field.low), int(field.high))
    elif field.kind == "choice":
        checked.choice(here, value, field.choices)
    elif field.kind == "switch" and not isinstance(value, bool):
        raise InputError(f"{here} = {checked.shown(value)}: must be true or false")


def assessment_weeks(weeks: int) -> list[int]:
    """Return when people are assessed: at the start, every half-year, and at the end."""
    return sorted({*range(0, weeks + 1, BETWEEN_ASSESSMENTS), weeks})


def scenarios_of(settings: Mapping[str, Any]) -> list[Scenario]:
    """Return the scenarios of checked settings, the base case first.

    Raises
    ------
    InputError
        For a change that the scenario's rules refuse.
    """
    always = {"assessment.weeks": assessment_weeks(settings["weeks"])}
    return [named(one, always) for one in settings["scenarios"]]


def named(chosen: Mapping[str, Any], always: Mapping[str, Any]) -> Scenario:
    """Return a scenario with its changes under its own name; what was changed is an assumption."""
    changes = chosen["changes"]
    scenario = adjusted(load_scenario(chosen["preset"]), {**changes, **always})
    update: dict[str, Any] = {"name": chosen["label"]}
    if changes:
        own = (f"Set by the user: {name} = {json.dumps(one)}." for name, one in changes.items())
        update |= {"grade": "assumption", "assumptions": (*scenario.assumptions, *own)}
    return scenario.model_copy(update=update)


def check_size(settings: Mapping[str, Any], roster: Roster, limits: Limits) -> None:
    """Refuse what would take too long or too much room.

    Raises
    ------
    InputError
        With how much too large it is.
    """
    worlds = len(settings["scenarios"]) * max(1, settings["draws"]) * settings["replications"]
    people = sum(row.staff + row.sampled for row in roster.rows)
    for what, asked, most in (
        ("people x weeks x worlds", worlds * settings["weeks"] * people, limits.person_weeks),
        ("worlds x weeks", worlds * settings["weeks"], limits.rows),
        ("teams x weeks", len(roster) * settings["weeks"], limits.team_weeks),
    ):
        if asked > most:
            raise InputError(
                f"run: {asked / most:.1f} times larger than this server allows "
                f"({what} = {asked}, at most {most}); ask for fewer sets of values, weeks, "
                "scenarios or teams"
            )


def repeating_command(plan: dict[str, Any]) -> str:
    """Return the command that repeats a plan from the files that the page gives."""
    files = [f"scenario-{number}.toml" for number in range(1, len(plan["scenarios"]) + 1)]
    parts = ["refocus", "run", *files]
    if plan["teams"]["kind"] != "trial":
        parts += ["--roster", "teams.csv"]
    parts += ["--weeks", str(plan["weeks"]), "--draws", str(plan["draws"])]
    if plan["values"] == "prior":
        parts.append("--prior-only")
    if plan["values"] == "defaults":
        parts += ["--replications", str(plan["replications"])]
    parts += ["--seed", str(plan["seed"])]
    for name, value in plan["parameters"].items():
        parts += ["--set", f"{name}={value!r}"]
    return " ".join(parts)
