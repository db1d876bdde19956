"""Targets: what was reported, checked by name before anything is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calibration.extractors import DIRECTIONS, EXTRACTORS
from sim.errors import InputError, unknown
from sim.reading.numbers import finite, repeated
from sim.reading.text_files import read_text
from sim.reading.toml_text import read_toml

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
# A 95% interval is 3.92 standard errors wide; rounding and skewed intervals get some room.
INTERVAL_WIDTH = 3.92
TOLERANCE = 1.5


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
    tables = read_toml(read_text(place, "targets"), f"targets '{place.name}'")
    if not tables:
        raise InputError(f"targets '{place.name}': no target in it")
    try:
        targets = {name: checked(name, table) for name, table in tables.items()}
        _check_fitted_once(targets)
    except InputError as error:
        raise InputError(f"targets '{place.name}': {error}") from None
    return targets


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
    for field in ("direction", "conflicts"):
        if not isinstance(table.get(field, ""), str):
            raise InputError(f"target '{name}': {field} = {repeated(table[field])}: must be a text")
    for field in ("value", "se"):
        if table.get(field) is not None and finite(table[field]) is None:
            raise InputError(
                f"target '{name}': {field} = {repeated(table[field])}: must be a finite number"
            )
    for field in ("n", "of"):
        given = table.get(field)
        if given is not None and not _is_count(given):
            raise InputError(
                f"target '{name}': {field} = {repeated(given)}: must be a whole number above 0"
            )
    if table.get("se") is not None and table["se"] <= 0.0:
        raise InputError(f"target '{name}': se = {table['se']}: must be above 0")
    extractor = table.get("extractor")
    if extractor is not None and (not isinstance(extractor, str) or extractor not in EXTRACTORS):
        raise unknown(f"extractor of target '{name}'", str(extractor), EXTRACTORS)
    if extractor is None and table["use"] in ("fit", "check"):
        raise InputError(
            f"target '{name}': extractor is missing; a {table['use']} target needs one"
        )
    tests = [one for one, extractor_ in EXTRACTORS.items() if extractor_.test]
    selected_by = table.get("selected_by", [])
    if not isinstance(selected_by, list):
        raise InputError(
            f"target '{name}': selected_by = {repeated(selected_by)}: must be a list of "
            f"tests, such as ['{tests[0]}']"
        )
    for one in selected_by:
        if not isinstance(one, str) or one not in tests:
            raise unknown(f"selected_by of target '{name}'", str(one), tests)
    if table["kind"] == "interval" and extractor is not None and extractor not in tests:
        raise InputError(
            f"target '{name}': extractor = '{extractor}': kind = 'interval' is a test that was not "
            f"significant and needs one of {', '.join(tests)}"
        )
    if table["kind"] == "selected" and not table.get("selected_by"):
        raise InputError(f"target '{name}': selected_by is missing; name the tests that select it")
    value = table.get("value")
    if table["kind"] in ("estimate", "selected") and value is None:
        raise InputError(f"target '{name}': value is missing; kind = '{table['kind']}' needs one")
    if table["use"] == "fit" and table["kind"] in ("direction", "none"):
        raise InputError(f"target '{name}': kind = '{table['kind']}' cannot be fitted; use 'check'")
    if extractor is not None and value is not None:
        _check_range(name, table, extractor)
    _check_sign(name, table)
    interval = table.get("interval")
    if interval is not None:
        _check_interval(name, table, interval)
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


def _is_count(given: Any) -> bool:
    """Whether something is a whole number above 0."""
    number = finite(given)
    return number is not None and number.is_integer() and number > 0.0


def _check_range(name: str, table: Mapping[str, Any], extractor: str) -> None:
    """Refuse a value that the figure cannot take."""
    figure, value, of = EXTRACTORS[extractor], table["value"], table.get("of")
    low, high = figure.bounds
    if of is not None and figure.scale != "logit":
        raise InputError(
            f"target '{name}': of = {of}: {figure.label} is not a share; leave it out, or give the "
            "number of people as n"
        )
    shown = value if of is None else value / of
    if table["kind"] != "direction" and not low <= shown <= high:
        raise InputError(
            f"target '{name}': value = {value:g}{'' if of is None else f' of {of}'}: "
            f"{figure.label} lies in [{low:g}, {high:g}]"
        )
    if figure.scale == "logit" and of is None and not 0.0 < value < 1.0:
        raise InputError(
            f"target '{name}': value = {value:g}: {figure.label} of 0 or 1 says too little without "
            "the number of people; give value and of as counts"
        )


def _check_interval(name: str, table: Mapping[str, Any], interval: Any) -> None:
    """Refuse an interval that is none, leaves the value out or contradicts the standard error."""
    if (
        not isinstance(interval, list)
        or len(interval) != 2
        or any(finite(one) is None for one in interval)
        or interval[0] >= interval[1]
    ):
        raise InputError(
            f"target '{name}': interval = {repeated(interval)}: must be [lower, upper], two "
            "finite numbers"
        )
    value, se = table.get("value"), table.get("se")
    if value is not None and not interval[0] <= value <= interval[1]:
        raise InputError(
            f"target '{name}': value = {value:g}: lies outside its interval {interval}"
        )
    if se is not None:
        implied = (interval[1] - interval[0]) / INTERVAL_WIDTH
        if not implied / TOLERANCE < se < implied * TOLERANCE:
            raise InputError(
                f"target '{name}': se = {se:g}: contradicts the 95% interval {interval}, whose "
                f"standard error is {implied:.3g}"
            )


def _check_sign(name: str, table: Mapping[str, Any]) -> None:
    """Refuse a direction in unknown words, or a value whose sign contradicts it."""
    direction, value = table.get("direction", ""), table.get("value")
    if not direction.strip():
        return
    first = direction.split()[0].lower()
    if first not in DIRECTIONS:
        raise unknown(f"first word of the direction of target '{name}'", first, DIRECTIONS)
    extractor = table.get("extractor")
    if value is None or extractor is None:
        return
    expected = 1.0 if first in EXTRACTORS[extractor].upward else -1.0
    if value * expected < 0.0:
        raise InputError(
            f"target '{name}': value = {value:g}: contradicts direction = '{direction}'; positive "
            f"values of '{extractor}' mean {EXTRACTORS[extractor].upward[0]}"
        )


def _check_fitted_once(targets: Mapping[str, Target]) -> None:
    """Refuse two targets that fit the same figure: it would be counted twice."""
    first: dict[str, str] = {}
    for target in of_use(targets, "fit"):
        if target.extractor in first:
            raise InputError(
                f"target '{target.name}': extractor = '{target.extractor}': already fitted by "
                f"target '{first[target.extractor]}'; give one of them use = 'check'"
            )
        if target.extractor is not None:
            first[target.extractor] = target.name


def of_use(targets: Mapping[str, Target], use: str) -> list[Target]:
    """Return the targets of one use, in the order of the file."""
    return [one for one in targets.values() if one.use == use]
