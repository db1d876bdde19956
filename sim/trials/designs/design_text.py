"""Designs as TOML text: a commented template to start from, and the full text of a design."""

from __future__ import annotations

import json
from textwrap import wrap
from typing import Any, get_args

from sim.scenarios.fields import ScenarioField
from sim.scenarios.schema import Part
from sim.trials.designs.design_file import FOLDER, design_fields, design_from_text
from sim.trials.designs.design_schema import Agents, DesignFile

TEMPLATE_FROM = "four-point-target"
WIDTH = 96

_HEAD = """\
# A cluster trial for `refocus power`. The values are those of a worked design, not defaults: where
# leaving a line out means another value, the line above it says which. Outcomes come from one of
# two tables: [statistical], means and variances, or [agents], the agent-based model. The worked
# designs that come with the program can be used by name instead of a file: refocus power
# four-point-target
"""
_EXAMPLES = {
    "design.clusters_by_sequence": "[7, 7]",
    "design.sampling": '"closed cohort"',
    "design.schedule": "[[0, 1, 1], [0, 0, 1]]",
    "analysis.random_effects": '["cluster"]',
    "analysis.exposure_period": "2",
    "columns.outcome": '"qpr15_total"',
    "columns.treatment": '"arm"',
    "columns.reference": '"usual care"',
    "columns.pairs": '"pair"',
    "precision.monte_carlo_se": "0.005",
}


def design_template() -> str:
    """Return a commented design file that loads."""
    text = (FOLDER / f"{TEMPLATE_FROM}.toml").read_text(encoding="utf-8")
    file = design_from_text(text, TEMPLATE_FROM).model_copy(
        update={"title": "My trial", "description": "Say in plain words what is compared."}
    )
    agents = _table(Agents(), "agents.", comments=True)
    other = ["", *_comment("Outcomes from the agent-based model, instead of [statistical]:")]
    other += ["# [agents]", *(line if line.startswith("#") else f"# {line}" for line in agents)]
    return _HEAD + "\n" + "\n".join([*_table(file, "", comments=True), *other]) + "\n"


def design_text(file: DesignFile) -> str:
    """Return a design as a TOML file that loads to the same design."""
    return "\n".join(_table(file, "", comments=False)).strip("\n") + "\n"


def _table(part: Part, prefix: str, comments: bool) -> list[str]:
    lines: list[str] = []
    tables: list[str] = []
    for name in type(part).model_fields:
        value = getattr(part, name)
        field = design_fields()[f"{prefix}{name}"]
        if isinstance(value, Part | dict):
            tables.append(name)
        elif value is None or value == ():
            # A table that is left out has nothing to show.
            if comments and field.kind != "table":
                lines += _comment(_explained(field))
                lines.append(f"# {name} = {_example(field)}")
        else:
            lines += _comment(_explained(field, value)) if comments else []
            lines.append(f"{name} = {_value(value)}")
    for name in tables:
        value = getattr(part, name)
        if isinstance(value, dict):
            inside = [f"{_key(key)} = {_value(one)}" for key, one in value.items()]
        else:
            inside = _table(value, f"{prefix}{name}.", comments)
        if inside:
            about = _comment(design_fields()[f"{prefix}{name}"].help) if comments else []
            lines += ["", *about, f"[{prefix}{name}]", *inside]
    return lines


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, WIDTH, break_on_hyphens=False)]


def _explained(field: ScenarioField, shown: Any = None) -> str:
    left_out = "; may be left out" if field.optional else ""
    default = _default(field.name)
    if shown is not None and default is not None and default != shown:
        left_out = f"; left out: {_value(default)}"
    if field.kind in ("number", "whole"):
        return f"{field.help} ({field.low:g} to {field.high:.7g}, {field.unit}{left_out})"
    if field.kind == "choice":
        return f"{field.help} ({', '.join(field.choices)}{left_out})"
    return field.help


def _default(dotted: str) -> Any:
    """Return what a field has when its line is left out; None where there is nothing."""
    from pydantic_core import PydanticUndefined

    part: Any = DesignFile
    *tables, last = dotted.split(".")
    for one in tables:
        part = next(
            kind
            for kind in (
                part.model_fields[one].annotation,
                *get_args(part.model_fields[one].annotation),
            )
            if isinstance(kind, type) and issubclass(kind, Part)
        )
    found = part.model_fields[last].default
    return None if found is PydanticUndefined or found in ("", ()) else found


def _example(field: ScenarioField) -> str:
    if field.name in _EXAMPLES:
        return _EXAMPLES[field.name]
    return "[]" if field.kind == "list" else f"{field.low or 0:g}"


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() else json.dumps(name)


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are also TOML's, except that TOML wants the delete character escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
