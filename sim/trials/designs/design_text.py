"""Designs as TOML text: a commented template to start from, and the full text of a design."""

from __future__ import annotations

import json
from typing import Any, get_args

from sim.scenarios.fields import ScenarioField
from sim.scenarios.schema import Part
from sim.scenarios.text import comment, explained, toml_value
from sim.trials.designs.design_file import FOLDER, design_fields, design_from_text
from sim.trials.designs.design_schema import Agents, DesignFile

TEMPLATE_FROM = "four-point-target"

_HEAD = """\
# A cluster trial for `refocus power`. The values are those of a worked design, not defaults: where
# leaving a line out means another value, the line above it says which. Outcomes come from one of
# two tables: [statistical], means and variances, or [agents], the agent-based model. The worked
# designs that come with the program can be used by name instead of a file: refocus power
# four-point-target
"""
_EXAMPLES = {
    "design.clusters_by_sequence": "[7, 7]",
    "design.sizes": "[12, 30, 18, 25]",
    "statistical.arm_effects": "[4.0, 2.0]",
    "design.sampling": '"closed cohort"',
    "design.schedule": "[[0, 1, 1], [0, 0, 1]]",
    "analysis.random_effects": '["cluster"]',
    "analysis.exposure_period": "2",
    "columns.outcome": '"qpr15_total"',
    "columns.second": '"second"',
    "columns.treatment": '"arm"',
    "columns.reference": '"usual care"',
    "columns.pairs": '"pair"',
    "precision.monte_carlo_se": "0.005",
}


OPEN = ("analysis.test",)
"""Fields that, left out, follow from others, and are another thing once they are stated."""


def design_template() -> str:
    """Return a commented design file that loads."""
    text = (FOLDER / f"{TEMPLATE_FROM}.toml").read_text(encoding="utf-8")
    file = design_from_text(text, TEMPLATE_FROM).model_copy(
        update={"title": "My trial", "description": "Say in plain words what is compared."}
    )
    agents = _table(Agents(), "agents.", comments=True)
    other = ["", *comment("Outcomes from the agent-based model, instead of [statistical]:")]
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
        if field.name in OPEN and name not in part.model_fields_set and not comments:
            continue
        if isinstance(value, Part | dict):
            tables.append(name)
        elif value is None or value == ():
            # A table that is left out has nothing to show.
            if comments and field.kind != "table":
                lines += comment(_explained(field))
                lines.append(f"# {name} = {_example(field)}")
        else:
            lines += comment(_explained(field, value)) if comments else []
            lines.append(f"{name} = {toml_value(value)}")
    for name in tables:
        value = getattr(part, name)
        if isinstance(value, dict):
            inside = [f"{_key(key)} = {toml_value(one)}" for key, one in value.items()]
        else:
            inside = _table(value, f"{prefix}{name}.", comments)
        if inside:
            about = comment(design_fields()[f"{prefix}{name}"].help) if comments else []
            lines += ["", *about, f"[{prefix}{name}]", *inside]
    return lines


def _explained(field: ScenarioField, shown: Any = None) -> str:
    default = _default(field.name)
    if shown is not None and default is not None and default != shown:
        return explained(field, f"; left out: {toml_value(default)}")
    return explained(field)


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
    if field.choices:
        return json.dumps(field.choices[0])
    return "[]" if field.kind == "list" else f"{field.low or 0:g}"


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() else json.dumps(name)
