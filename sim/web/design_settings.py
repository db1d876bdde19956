"""A planned trial over several periods: checked, completed, and turned into a design file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError
from sim.streams import MAXIMUM_SEED
from sim.web import checked
from sim.web.limits import Limits

if TYPE_CHECKING:
    from sim.trials.designs.design_schema import DesignFile

PARALLEL, WEDGE, CROSSOVER, MATRIX = "parallel", "stepped wedge", "crossover", "matrix"
SHAPES = (PARALLEL, WEDGE, CROSSOVER, MATRIX)
OF_PERIODS = SHAPES[1:]
TITLE = "The next trial"
MOST_ROWS, MOST_PERIODS = 12, 13
MOST_SHARES = 12
AT_EXPOSURE = "effect at exposure"


@dataclass(frozen=True)
class PeriodField:
    """One thing that a designer gives of a trial over periods."""

    name: str
    dotted: str  # In a design file
    kind: str  # As a control of the page: `rows` is a schedule
    label: str
    unit: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    default: Any
    grade: str
    help: str
    shapes: tuple[str, ...]  # Designs that have it


@cache
def period_fields() -> tuple[PeriodField, ...]:
    """Return the fields: the design schema's, with the page's words and bounds."""
    from sim.trials.designs.design_file import design_fields

    path = Path(__file__).with_name("period_questions.toml")
    found = []
    for name, given in tomllib.loads(path.read_text(encoding="utf-8")).items():
        field = design_fields()[given["field"]]
        found.append(
            PeriodField(
                name,
                field.name,
                "rows" if name == "schedule" else field.kind,
                given["label"],
                given.get("unit", field.unit),
                given.get("low", field.low),
                given.get("high", field.high),
                tuple(given.get("choices", field.choices)),
                given["default"],
                given["grade"],
                given.get("help", field.help),
                tuple(given.get("shapes", OF_PERIODS)),
            )
        )
    return tuple(found)


def period_form() -> list[dict[str, Any]]:
    """Return the controls of trials over periods, each with the designs that have it."""
    return [
        {
            "name": one.name,
            "label": one.label,
            "kind": one.kind,
            "unit": one.unit if one.kind in ("number", "whole") else "",
            "low": one.low,
            "high": one.high,
            "choices": list(one.choices),
            # Terms of the field keep their hyphens.
            "titles": {name: name for name in one.choices},
            "default": one.default,
            "grade": one.grade,
            "help": one.help,
            "optional": False,
            "shapes": list(one.shapes),
        }
        for one in period_fields()
    ]


def period_settings(shape: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a trial over periods, checked and complete.

    Raises
    ------
    InputError
        By name, for the first field that breaks a rule; then by the design file's own rules.
    """
    fields = [one for one in period_fields() if shape in one.shapes]
    checked.only("settings", value, ("design", *(one.name for one in fields), "seed"))
    settings: dict[str, Any] = {"design": shape}
    for one in fields:
        settings[one.name] = _checked(one, value.get(one.name, one.default))
    # The same trial, whatever stood in a field that is not in use.
    if settings.get("estimand") != AT_EXPOSURE:
        settings.pop("exposure_period", None)
    settings["seed"] = checked.whole("seed", value.get("seed", 1), 0, MAXIMUM_SEED)
    design_file(settings)
    return settings


def _checked(field: PeriodField, value: Any) -> Any:
    """Return a field's value, or refuse it by name."""
    low, high = field.low or 0.0, field.high or 0.0
    if field.kind == "whole":
        return checked.whole(field.name, value, int(low), int(high))
    if field.kind == "number":
        return checked.number(field.name, value, low, high, field.unit)
    if field.kind == "choice":
        return checked.choice(field.name, value, field.choices)
    if field.kind == "rows":
        return checked_schedule(value)
    shares = checked.items(field.name, value, 0, MOST_SHARES)
    return [checked.number(f"{field.name}[{n}]", one, 0.0, 1.0) for n, one in enumerate(shares, 1)]


def checked_schedule(value: Any) -> str:
    """Return a schedule as its lines of digits; blanks, commas and tabs within a line are dropped.

    Raises
    ------
    InputError
        With the line that is wrong.
    """
    if not isinstance(value, str) or len(value) > 4 * MOST_ROWS * MOST_PERIODS:
        raise InputError("schedule: must be a text of one line per sequence, such as 0011")
    lines = [re.sub(r"[ \t,]", "", one) for one in re.split(r"[\n\r;]+", value)]
    rows = [one for one in lines if one]
    for number, row in enumerate(rows, 1):
        if not re.fullmatch(f"[0-3]{{1,{MOST_PERIODS}}}", row):
            raise InputError(
                f"schedule, line {number} = {checked.shown(row)}: must be 1 to {MOST_PERIODS} "
                "digits 0, 1, 2 or 3, one for each period"
            )
        if len(row) != len(rows[0]):
            raise InputError(
                f"schedule, line {number} = {checked.shown(row)}: has {len(row)} periods and line "
                f"1 has {len(rows[0])}; every line must have the same"
            )
    if not 1 <= len(rows) <= MOST_ROWS:
        raise InputError(f"schedule: has {len(rows)} lines; must be 1 to {MOST_ROWS}")
    return "\n".join(rows)


def design_file(settings: Mapping[str, Any]) -> DesignFile:
    """Return the design file that the settings of a trial over periods stand for.

    Raises
    ------
    InputError
        When the library cannot use the design.
    """
    from sim.trials.designs.design_file import design_from_table

    table: dict[str, Any] = {
        "title": f"{TITLE}: {settings['design']}",
        "design": {"type": settings["design"]},
    }
    for one in period_fields():
        value = settings.get(one.name)
        if value is None or value == []:
            continue
        if one.kind == "rows":
            value = [[int(digit) for digit in row] for row in value.splitlines()]
        part, name = one.dotted.split(".")
        table.setdefault(part, {})[name] = value
    return design_from_table(table, settings["design"])


def period_table(settings: Mapping[str, Any]) -> list[list[str]]:
    """Return every setting as label, value, unit and evidence grade, for its report."""
    rows = [["Design", settings["design"], "", ""]]
    for one in period_fields():
        if one.name in settings:
            value = settings[one.name]
            shown = f"{value:g}" if isinstance(value, int | float) else str(value)
            if one.kind == "list":
                shown = ", ".join(f"{share:g}" for share in value) or "all of it at once"
            rows.append([one.label, shown, one.unit if one.kind != "rows" else "", one.grade])
    return [*rows, ["Seed", str(settings["seed"]), "", ""]]


def check_period_size(settings: Mapping[str, Any], limits: Limits) -> None:
    """Refuse a simulation that would take too long.

    Raises
    ------
    InputError
        With how much too large it is, and what to do instead.
    """
    from sim.trials.designs.design_file import trial_design

    design = trial_design(design_file(settings))
    rows = design.total_clusters * design.periods * design.size * settings["trials"]
    # An effect of each person in the analysis makes it as much dearer.
    asked = rows * (4 if design.sampling != "cross-sectional" else 1)
    if asked > limits.analysed_rows:
        raise InputError(
            f"simulation: {asked / limits.analysed_rows:.1f} times larger than this server allows; "
            "ask for fewer trials, teams, periods or people, or download the design file and run "
            f"'refocus power FILE --simulations {settings['trials']}'"
        )
