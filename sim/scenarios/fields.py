"""The catalogue of scenario fields, read from the schema: for errors, templates, docs and forms."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import ValidationError

from sim.errors import nearest, nearest_field
from sim.reading.numbers import repeated
from sim.scenarios.schema import Part, Scenario

PLAINER = {
    "Input should": "must",
    "a valid tuple": "a list",
    "a valid string": "text",
    "greater than": "above",
}
"""Words for pydantic's."""


@dataclass(frozen=True, slots=True)
class ScenarioField:
    """One choice that a scenario can make."""

    name: str  # Dotted name, such as ``training.quality.delivery``
    kind: str  # ``number``, ``whole``, ``switch``, ``choice``, ``text``, ``list`` or ``table``
    unit: str
    # Bounds, both included, of a number.
    low: float | None
    high: float | None
    choices: tuple[str, ...]  # What a choice can be
    required: bool  # Whether a scenario must say it
    optional: bool  # Whether it can be left open (unknown, or no limit)
    default: Any  # What holds when a scenario does not say
    help: str  # Meaning

    @property
    def rule(self) -> str:
        """What a value must be, in words."""
        if self.kind in ("number", "whole"):
            noun = "a number" if self.kind == "number" else "a whole number"
            return f"must be {noun} in [{self.low:g}, {self.high:.7g}] ({self.unit})"
        return {
            "switch": "must be true or false",
            "choice": f"must be one of {', '.join(self.choices)}",
            "text": "must be text",
            "list": f"must be a list ({self.unit})",
        }.get(self.kind, "must be a table")


def part_of(annotation: Any) -> type[Part] | None:
    """Return the table that an annotation stands for, or None for a plain value."""
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, Part):
            return one
    return None


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        left = [one for one in get_args(annotation) if one is not type(None)]
        return left[0], True
    return annotation, False


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is tuple:
        return "list"
    if get_origin(annotation) is dict or part_of(annotation) is not None:
        return "table"
    if get_origin(annotation) is Literal:
        return "choice"
    return {bool: "switch", int: "whole", float: "number"}.get(annotation, "text")


def _described(name: str, info: Any) -> ScenarioField:
    annotation, optional = _without_none(info.annotation)
    limits = {
        side: getattr(one, side)
        for one in info.metadata
        for side in ("ge", "le")
        if hasattr(one, side)
    }
    return ScenarioField(
        name=name,
        kind=_kind(annotation),
        unit=(info.json_schema_extra or {}).get("unit", ""),
        low=limits.get("ge"),
        high=limits.get("le"),
        choices=tuple(get_args(annotation)) if get_origin(annotation) is Literal else (),
        required=info.is_required(),
        optional=optional,
        default=None if info.is_required() else info.get_default(call_default_factory=True),
        help=info.description or "",
    )


def fields_of(part: type[Part], prefix: str = "") -> Iterator[ScenarioField]:
    """Yield the fields of a table and, depth first, of the tables in it.

    The fields of a list's entries follow the list, as ``list.field``.
    """
    for name, info in part.model_fields.items():
        dotted = f"{prefix}{name}"
        yield _described(dotted, info)
        inner = part_of(_without_none(info.annotation)[0])
        if inner is not None:
            yield from fields_of(inner, f"{dotted}.")


@lru_cache(maxsize=1)
def scenario_fields() -> dict[str, ScenarioField]:
    """Return every field of a scenario file by dotted name, in the order of the schema.

    The name of a scenario is not among them: its file gives it.
    """
    return {one.name: one for one in fields_of(Scenario) if one.name != "name"}


def problem_in(error: ValidationError, known: Mapping[str, ScenarioField | None]) -> str:
    """Return the first problem that pydantic found as one line in the words of a schema.

    Of a field that is described by nothing but its name pydantic's own words are told.
    """
    problems = error.errors(include_url=False)
    # A misspelt field explains a missing one, so it comes first.
    problem = min(problems, key=lambda one: one["type"] != "extra_forbidden")
    shown = "".join(
        f"[{one + 1}]" if isinstance(one, int) else f".{one}"
        for one in problem["loc"]
        if one != "tuple"
    ).lstrip(".")
    plain = ".".join(one for one in problem["loc"] if isinstance(one, str))
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    if problem["type"] == "extra_forbidden":
        return f"unknown field '{shown}'{nearest_field(plain, known)}{more}"
    field = known.get(plain)
    if problem["type"] == "missing":
        meaning = f": {field.help}" if field else ""
        return f"field '{shown}' is missing{meaning}{more}"
    if problem["type"] == "value_error":
        return f"{f'{shown}.' if shown else ''}{problem['ctx']['error']}{more}"
    if plain.startswith("parameters."):
        return f"{shown} = {repeated(problem['input'])}: must be a finite number{more}"
    if field is None:
        rule = problem["msg"]
        for theirs, ours in PLAINER.items():
            rule = rule.replace(theirs, ours)
        return f"{shown} = {repeated(problem['input'])}: {rule}{more}"
    rule = field.rule
    if problem["type"] in ("too_long", "string_too_long", "string_too_short"):
        rule = problem["msg"].replace("should", "must")
    elif field.kind == "list" and problem["type"] != "tuple_type":
        rule = problem["msg"].replace("Input should", "every entry must")
    elif field.kind == "choice" and isinstance(problem["input"], str):
        rule += nearest(problem["input"], field.choices)
    elif field.kind == "table" and plain.count(".") == 0 and plain != "parameters":
        inside = (name for name in known if name.startswith(f"{plain}."))
        rule += f" with fields such as {', '.join(list(inside)[:3])}"
    return f"{shown} = {repeated(problem['input'])}: {rule}{more}"
