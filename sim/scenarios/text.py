"""Scenarios as TOML text: a template to start from, and the full text of a scenario."""

from __future__ import annotations

import json
from textwrap import wrap
from typing import Any

from sim.scenarios.fields import ScenarioField, scenario_fields
from sim.scenarios.library import load_scenario
from sim.scenarios.schema import Part, Scenario, Spell

TEMPLATE_FROM = "refocus-as-delivered"
WIDTH = 96

_HEAD = """\
# A scenario: who gets what, when, and under which conditions. Delete what you do not need: a line
# that is left out has its default value. Instead of the full text a file may say
#   extends = "refocus-as-delivered"
# and name only what differs. Weeks count from 1, the first week of a team's programme (after its
# preparation, where there is one); weeks of assessment count from the start of the simulation.
#
# Elements with an intensity are one line each:
"""


def scenario_template() -> str:
    """Return a commented scenario file that loads: the intervention as delivered in the trial.

    Raises
    ------
    InputError
        When the library does not hold the scenario that the template starts from.
    """
    spell = [
        field for name, field in scenario_fields().items() if name.startswith("support.telephone.")
    ]
    lines = [_HEAD.rstrip("\n")]
    for field in spell:
        lines += comment(f"  {field.name.rsplit('.', 1)[1]}: {explained(field)}")
    scenario = load_scenario(TEMPLATE_FROM).model_copy(
        update={
            "title": "My scenario",
            "description": "Say in plain words what is done.",
            "grade": "assumption",
            "source": "Say where this description comes from.",
            "assumptions": ("Say what is assumed, one sentence each.",),
        }
    )
    return "\n".join(lines) + "\n\n" + scenario_text(scenario, comments=True)


def scenario_text(scenario: Scenario, comments: bool = False) -> str:
    """Return a scenario as a TOML file that loads to the same scenario.

    Parameters
    ----------
    scenario : Scenario
        The scenario; its name is the file's and does not stand in it.
    comments : bool
        Whether to explain every field and to show what could be added, commented out.
    """
    plain = [name for name in Scenario.model_fields if name != "name"]
    lines = _table(scenario, "", plain, comments)
    return "\n".join(lines).strip("\n") + "\n"


def _table(part: Part, prefix: str, names: list[str], comments: bool) -> list[str]:
    known = scenario_fields()
    lines: list[str] = []
    tables: list[str] = []
    for name in names:
        value = getattr(part, name)
        field = known[f"{prefix}{name}"]
        if (isinstance(value, Part) and not isinstance(value, Spell)) or isinstance(value, dict):
            tables.append(name)
            continue
        if value is None:
            if comments:
                lines += [*comment(explained(field)), f"# {name} = {_example(field)}"]
            continue
        if comments:
            lines += comment(explained(field))
        lines.append(f"{name} = {toml_value(value)}")
    for name in tables:
        value = getattr(part, name)
        header = f"[{prefix}{name}]"
        inside = (
            [f"{key} = {toml_value(number)}" for key, number in value.items()]
            if isinstance(value, dict)
            else _table(value, f"{prefix}{name}.", list(type(value).model_fields), comments)
        )
        above = comment(known[f"{prefix}{name}"].help) if comments else []
        if inside and not inside[0].startswith(("\n", "[")):
            lines += ["", *above, header, *inside]
        elif inside or comments:
            lines += ["", *above, *([header] if comments else []), *inside]
    return lines


def comment(text: str) -> list[str]:
    """Return a text as lines of comment."""
    indent = " " * (len(text) - len(text.lstrip()))
    lines = wrap(text, WIDTH, subsequent_indent=indent * 2, break_on_hyphens=False)
    return [f"# {line}" for line in lines]


def explained(field: ScenarioField, instead: str = "; may be left out") -> str:
    """Return what a field means, what it may be, and what holds where it can be left out."""
    left_out = instead if field.optional or instead != "; may be left out" else ""
    if field.kind in ("number", "whole"):
        return f"{field.help} ({field.low:g} to {field.high:.7g}, {field.unit}{left_out})"
    if field.kind == "choice":
        return f"{field.help} ({', '.join(field.choices)}{left_out})"
    return field.help


def _example(field: ScenarioField) -> str:
    if field.kind == "choice":
        return toml_value(field.choices[0])
    return f"{field.low or 0:g}"


def toml_value(value: Any) -> str:
    """Return a value as TOML; a table stands in a line."""
    if isinstance(value, Part):
        inside = ", ".join(
            f"{name} = {toml_value(getattr(value, name))}"
            for name in type(value).model_fields
            if getattr(value, name) is not None
        )
        return f"{{ {inside} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(one) for one in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are also TOML's, except that TOML wants the delete character escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
