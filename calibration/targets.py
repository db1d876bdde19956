"""Targets: what was reported, checked by name before anything is simulated."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.extractors import EXTRACTORS
from sim.errors import InputError, unknown

SHIPPED = Path(__file__).parent / "targets.toml"
USES = ("fit", "check", "prior", "held out")
KINDS = ("estimate", "interval", "selected", "direction", "none")
REQUIRED = (
    "pattern",
    "title",
    "kind",
    "unit",
    "population",
    "instrument",
    "analysis",
    "source",
    "evidence",
    "use",
)
OPTIONAL = (
    "value",
    "se",
    "interval",
    "n",
    "of",
    "extractor",
    "selected_by",
    "direction",
    "conflicts",
)
POSITIVE = ("higher", "improved", "fewer", "lower", "positive", "more")
NEGATIVE = ("worse", "negative")


@dataclass(frozen=True)
class Target:
    """One reported figure.

    Attributes
    ----------
    name, pattern, title, kind, unit, population, instrument, analysis, source, evidence, use : str
        What it is and how it is used.
    value, se : float or None
        On the published scale. The SE is shown; the likelihood never adds it to the simulated
        sampling distribution, which contains the trial's noise already.
    observed : float or None
        The value on the scale of its extractor (log SD, logit of a share).
    extractor : str or None
        Which figure of a simulated trial it is compared with.
    selected_by : tuple of str
        For a selected figure: tests of which one had to be significant for it to be reported.
    """

    name: str
    pattern: str
    title: str
    kind: str
    unit: str
    population: str
    instrument: str
    analysis: str
    source: str
    evidence: str
    use: str
    value: float | None = None
    se: float | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    of: int | None = None
    extractor: str | None = None
    selected_by: tuple[str, ...] = ()
    direction: str = ""
    conflicts: str = ""

    @property
    def observed(self) -> float | None:
        """Return the value as the extractor measures it; None without a value."""
        if self.value is None or self.extractor is None:
            return None
        return EXTRACTORS[self.extractor].inward(self.value, self.of)


def load_targets(path: Path | str | None = None) -> dict[str, Target]:
    """Read targets and check every one.

    Parameters
    ----------
    path : path, optional
        A TOML file with one table per target; the shipped ones when not given.

    Raises
    ------
    InputError
        For a file that cannot be read, an unknown or missing field, an extractor that does not
        exist, a negative standard error, a sign that contradicts the stated direction, or a value
        that the instrument cannot take.
    """
    place = SHIPPED if path is None else Path(path)
    try:
        tables = tomllib.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"targets '{place}': cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"targets '{place.name}': not valid TOML: {error}") from None
    if not tables:
        raise InputError(f"targets '{place.name}': no target in it")
    return {name: checked(name, table) for name, table in tables.items()}


def checked(name: str, table: Any) -> Target:
    """Return one target, or refuse it by name."""
    if not isinstance(table, Mapping):
        raise InputError(f"target '{name}': must be a table")
    for field in table:
        if field not in REQUIRED + OPTIONAL:
            raise unknown(f"field of target '{name}'", field, REQUIRED + OPTIONAL)
    for field in REQUIRED:
        if not isinstance(table.get(field), str):
            raise InputError(f"target '{name}': {field} is missing; it must be a text")
    if table["use"] not in USES:
        raise unknown(f"use of target '{name}'", table["use"], USES)
    if table["kind"] not in KINDS:
        raise unknown(f"kind of target '{name}'", table["kind"], KINDS)
    for field in ("value", "se", "n", "of"):
        given = table.get(field)
        if given is not None and (
            isinstance(given, bool)
            or not isinstance(given, int | float)
            or not math.isfinite(given)
        ):
            raise InputError(f"target '{name}': {field} = {given!r}: must be a finite number")
    if table.get("se") is not None and table["se"] <= 0.0:
        raise InputError(f"target '{name}': se = {table['se']}: must be above 0")
    extractor = table.get("extractor")
    if extractor is not None and extractor not in EXTRACTORS:
        raise unknown(f"extractor of target '{name}'", extractor, EXTRACTORS)
    if extractor is None and table["use"] in ("fit", "check"):
        raise InputError(
            f"target '{name}': extractor is missing; a {table['use']} target needs one"
        )
    for one in table.get("selected_by", ()):
        if one not in EXTRACTORS:
            raise unknown(f"selected_by of target '{name}'", one, EXTRACTORS)
    if table["kind"] == "selected" and not table.get("selected_by"):
        raise InputError(f"target '{name}': selected_by is missing; name the tests that select it")
    value = table.get("value")
    if table["kind"] in ("estimate", "selected") and value is None:
        raise InputError(f"target '{name}': value is missing; kind = '{table['kind']}' needs one")
    if table["use"] == "fit" and table["kind"] in ("direction", "none"):
        raise InputError(f"target '{name}': kind = '{table['kind']}' cannot be fitted; use 'check'")
    if extractor is not None and value is not None:
        low, high = EXTRACTORS[extractor].bounds
        of = table.get("of")
        shown = value if of is None else value / of if of > 0 else math.nan
        if table["kind"] != "direction" and not low <= shown <= high:
            raise InputError(
                f"target '{name}': value = {value:g}: {EXTRACTORS[extractor].label} lies in "
                f"[{low:g}, {high:g}]"
            )
    _check_sign(name, table)
    interval = table.get("interval")
    if interval is not None:
        if not isinstance(interval, list) or len(interval) != 2 or interval[0] >= interval[1]:
            raise InputError(f"target '{name}': interval = {interval}: must be [lower, upper]")
        if value is not None and not interval[0] <= value <= interval[1]:
            raise InputError(
                f"target '{name}': value = {value:g}: lies outside its interval {interval}"
            )
    return Target(
        name=name,
        interval=tuple(interval) if interval else None,
        selected_by=tuple(table.get("selected_by", ())),
        **{
            field: table[field]
            for field in (*REQUIRED, *OPTIONAL)
            if field in table and field not in ("interval", "selected_by")
        },
    )


def _check_sign(name: str, table: Mapping[str, Any]) -> None:
    """Refuse a value whose sign contradicts the stated direction; all extractors point upwards."""
    direction, value = str(table.get("direction", "")), table.get("value")
    if not direction or value is None:
        return
    first = direction.split()[0].lower()
    if (first in POSITIVE and value < 0.0) or (first in NEGATIVE and value > 0.0):
        raise InputError(
            f"target '{name}': value = {value:g}: contradicts direction = '{direction}' "
            "(values are counted in the direction named by the extractor)"
        )


def of_use(targets: Mapping[str, Target], use: str) -> list[Target]:
    """Return the targets of one use, in the order of the file."""
    return [one for one in targets.values() if one.use == use]
