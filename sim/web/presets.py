"""The scenario library and its fields as a form: groups, labels, units, help, and presets."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sim.scenarios.fields import ScenarioField, scenario_fields
from sim.scenarios.library import list_scenarios, load_scenario
from sim.scenarios.schema import Scenario

GROUPS = ("who", "timing", "readiness", "training", "support", "components", "conditions", "beyond")
"""Tables of a scenario that the form shows, in the order of a planner's questions."""

LEFT_OUT = frozenset(
    {
        # The page asks once, for all scenarios.
        "timing.weeks",
        # Costs are not on the page, so counting trainers would change nothing there.
        "training.personal_recovery.trainers",
        "training.personal_recovery.lived_experience_trainers",
        "training.coaching.trainers",
        "training.coaching.lived_experience_trainers",
    }
)
TITLES = {
    "who": "Who takes part",
    "timing": "When it starts",
    "readiness": "Work on readiness first",
    "beyond": "Beyond the REFOCUS programme",
}
SESSIONS = ".sessions"


def editable(field: ScenarioField) -> bool:
    """Return whether the form has a control for a field."""
    group, dot, rest = field.name.partition(".")
    inside_list = f"{SESSIONS}." in field.name
    return bool(
        dot
        and group in GROUPS
        and field.kind != "table"
        and not inside_list
        and field.name not in LEFT_OUT
        and rest
    )


@lru_cache(maxsize=1)
def editable_fields() -> dict[str, ScenarioField]:
    """Return the fields that the form can change, by dotted name."""
    return {name: one for name, one in scenario_fields().items() if editable(one)}


def label_from_name(name: str) -> str:
    """Return an identifier as words: ``preparation_weeks`` becomes "Preparation weeks"."""
    return name.replace("_", " ").capitalize()


def field_control(field: ScenarioField) -> dict[str, Any]:
    """Return what the page needs to draw a field's control."""
    default = field.default
    return {
        "name": field.name,
        "label": label_from_name(field.name.rpartition(".")[2]),
        "kind": field.kind,
        "unit": "" if field.kind in ("switch", "choice") else field.unit,
        "low": field.low,
        "high": field.high,
        "choices": list(field.choices),
        "optional": field.optional,
        "default": list(default) if isinstance(default, tuple) else default,
        "help": field.help,
    }


def form() -> list[dict[str, Any]]:
    """Return the groups of the form; each has sections, each section controls."""
    known = scenario_fields()
    groups = []
    for group in GROUPS:
        sections: dict[str, list[ScenarioField]] = {}
        for name, field in editable_fields().items():
            if name.startswith(f"{group}."):
                sections.setdefault(name.rpartition(".")[0], []).append(field)
        groups.append(
            {
                "name": group,
                "title": TITLES.get(group, label_from_name(group)),
                "help": known[group].help,
                "sections": [
                    {
                        "name": name,
                        "title": "" if name == group else label_from_name(name.rpartition(".")[2]),
                        "help": "" if name == group else known[name].help,
                        "fields": [field_control(one) for one in fields],
                    }
                    for name, fields in sections.items()
                ],
            }
        )
    return groups


def value_of(scenario: Scenario, name: str) -> Any:
    """Return a field of a scenario as JSON has it."""
    value: Any = scenario
    for part in name.split("."):
        value = getattr(value, part)
    if name.endswith(SESSIONS):
        return [{"week": one.week, "days": one.days} for one in value]
    return list(value) if isinstance(value, tuple) else value


def presets() -> list[dict[str, Any]]:
    """Return the scenario library: what each scenario is, rests on, and sets.

    ``values`` holds what differs from the fields' defaults.
    """
    fields = {name: field_control(one)["default"] for name, one in editable_fields().items()}
    found = []
    for entry in list_scenarios():
        scenario = load_scenario(entry.name)
        values = {name: value_of(scenario, name) for name in fields}
        found.append(
            {
                "name": entry.name,
                "group": entry.group,
                "title": scenario.title,
                "description": scenario.description,
                "grade": scenario.grade,
                "source": scenario.source,
                "assumptions": list(scenario.assumed),
                "weeks": scenario.timing.weeks,
                "values": {name: one for name, one in values.items() if one != fields[name]},
            }
        )
    return found
