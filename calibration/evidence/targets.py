"""Targets: what was reported, checked by name before anything is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, model_validator

from calibration.evidence.extractors import DIRECTIONS, EXTRACTORS, figure_name
from sim.errors import InputError, unknown
from sim.reading.text_files import read_text
from sim.reading.toml_text import read_toml
from sim.scenarios.fields import problem_in
from sim.scenarios.schema import Part

SHIPPED = Path(__file__).parent / "targets.toml"
TESTS = tuple(name for name, one in EXTRACTORS.items() if one.test)
# What a field may say where it is one of some words.
WORDS = {
    "use": ("fit", "check", "prior", "held out"),
    "kind": ("estimate", "interval", "selected", "direction", "none"),
    "extractor": tuple(EXTRACTORS),
    "selected_by": TESTS,
}
# A 95% interval is 3.92 standard errors wide; rounding and skewed intervals get some room.
INTERVAL_WIDTH = 3.92
TOLERANCE = 1.5
# Two statements of one standard error may differ by rounding.
ROUNDED = 1.1

if TYPE_CHECKING:
    Use = str
    Kind = str
    Extractor = str
    Test = str
else:
    Use, Kind, Extractor, Test = (Literal[words] for words in WORDS.values())


class Target(Part):
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
    trial : str
        Which of several trials reported it; empty where there is one.
    """

    name: str
    pattern: str
    title: str
    kind: Kind
    unit: str
    population: str
    instrument: str
    analysis: str
    source: str
    evidence: str
    use: Use
    value: float | None = None
    se: PositiveFloat | None = None
    interval: Annotated[tuple[float, float], Field(strict=False)] | None = None
    n: PositiveInt | None = None
    of: PositiveInt | None = None
    extractor: Extractor | None = None
    selected_by: Annotated[tuple[Test, ...], Field(strict=False)] = ()
    direction: str = ""
    conflicts: str = ""
    trial: str = ""

    @property
    def figure(self) -> str:
        """Return the name of the simulated figure, its trial's where there are several."""
        return figure_name(self.trial, self.extractor or "")

    @property
    def tests(self) -> tuple[str, ...]:
        """Return the names of the figures that select it."""
        return tuple(figure_name(self.trial, one) for one in self.selected_by)

    @property
    def observed(self) -> float | None:
        """Return the value as the extractor measures it; None without a value."""
        if self.value is None or self.extractor is None:
            return None
        return EXTRACTORS[self.extractor].inward(self.value, self.of)

    @model_validator(mode="after")
    def _complete(self) -> Target:
        """Refuse what its kind or use cannot do without."""
        if self.extractor is None and self.use in ("fit", "check"):
            raise ValueError(f"extractor is missing; a {self.use} target needs one")
        if self.kind == "interval" and self.extractor not in (None, *TESTS):
            raise ValueError(
                f"extractor = '{self.extractor}': kind = 'interval' is a test that was not "
                f"significant and needs one of {', '.join(TESTS)}"
            )
        if self.kind == "selected" and not self.selected_by:
            raise ValueError("selected_by is missing; name the tests that select it")
        if self.kind in ("estimate", "selected") and self.value is None:
            raise ValueError(f"value is missing; kind = '{self.kind}' needs one")
        if self.use == "fit" and self.kind in ("direction", "none"):
            raise ValueError(f"kind = '{self.kind}' cannot be fitted; use 'check'")
        return self

    @model_validator(mode="after")
    def _possible(self) -> Target:
        """Refuse a value that the figure cannot take."""
        if self.extractor is None or self.value is None:
            return self
        figure, value, of = EXTRACTORS[self.extractor], self.value, self.of
        low, high = figure.bounds
        if of is not None and figure.scale != "logit":
            raise ValueError(
                f"of = {of}: {figure.label} is not a share; leave it out, or give the number of "
                "people as n"
            )
        shown = value if of is None else value / of
        if self.kind != "direction" and not low <= shown <= high:
            raise ValueError(
                f"value = {value:g}{'' if of is None else f' of {of}'}: {figure.label} lies in "
                f"[{low:g}, {high:g}]"
            )
        if figure.scale == "logit" and of is None and not 0.0 < value < 1.0:
            raise ValueError(
                f"value = {value:g}: {figure.label} of 0 or 1 says too little without the number "
                "of people; give value and of as counts"
            )
        return self

    @model_validator(mode="after")
    def _signed(self) -> Target:
        """Refuse a direction in unknown words, or a value whose sign contradicts it."""
        if not self.direction.strip():
            return self
        first = self.direction.split()[0].lower()
        if first not in DIRECTIONS:
            raise ValueError(unknown("first word of the direction", first, DIRECTIONS))
        if self.value is None or self.extractor is None:
            return self
        upward = EXTRACTORS[self.extractor].upward
        if self.value * (1.0 if first in upward else -1.0) < 0.0:
            raise ValueError(
                f"value = {self.value:g}: contradicts direction = '{self.direction}'; positive "
                f"values of '{self.extractor}' mean {upward[0]}"
            )
        return self

    @model_validator(mode="after")
    def _around(self) -> Target:
        """Refuse an interval that is none, leaves the value out or contradicts the error."""
        if self.interval is None:
            return self
        low, high = self.interval
        if low >= high:
            raise ValueError(f"interval = [{low:g}, {high:g}]: must be [lower, upper]")
        if self.value is not None and not low <= self.value <= high:
            raise ValueError(
                f"value = {self.value:g}: lies outside its interval [{low:g}, {high:g}]"
            )
        implied = (high - low) / INTERVAL_WIDTH
        if self.se is not None and not implied / TOLERANCE < self.se < implied * TOLERANCE:
            raise ValueError(
                f"se = {self.se:g}: contradicts the 95% interval [{low:g}, {high:g}], whose "
                f"standard error is {implied:.3g}"
            )
        return self


def load_targets(path: Path | str | None = None, trial: str = "") -> dict[str, Target]:
    """Read targets and check every one.

    Parameters
    ----------
    path : path, optional
        A TOML file with one table per target; the shipped ones when not given.
    trial : str
        Which of several trials they are of, where their tables do not say it.

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
        found = [_placed(checked(name, table), trial) for name, table in tables.items()]
        targets = {one.name: one for one in found}
        _check_fitted_once(targets)
        _check_one_error(targets)
    except InputError as error:
        raise InputError(f"targets '{place.name}': {error}") from None
    return targets


def of_trial(target: Target, trial: str) -> Target:
    """Return a target as that of one of several trials: name and pattern begin with the trial's."""
    named = {"name": f"{trial}: {target.name}", "pattern": f"{trial} {target.pattern}"}
    return target.model_copy(update={"trial": trial, **named}) if trial else target


def _placed(target: Target, trial: str) -> Target:
    """Return a target as that of the trial that its table names, or its file."""
    if trial and target.trial not in ("", trial):
        raise InputError(
            f"target '{target.name}': trial = '{target.trial}': the file is given for '{trial}'"
        )
    return of_trial(target, target.trial or trial)


def together(first: Mapping[str, Target], second: Mapping[str, Target]) -> dict[str, Target]:
    """Return the targets of two sources, such as individual data and published figures.

    Raises InputError when both have a target of one name, or fit the same figure.
    """
    for name in first:
        if name in second:
            raise InputError(f"target '{name}': is given twice")
    both = {**first, **second}
    _check_fitted_once(both)
    return both


def checked(name: str, table: Any) -> Target:
    """Return one target, or refuse it by name."""
    if not isinstance(table, Mapping):
        raise InputError(f"target '{name}': must be a table")
    try:
        return Target.model_validate({**table, "name": name})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        if first["type"] == "literal_error":
            field = str(first["loc"][0])
            told = f"{field} of target '{name}'"
            raise unknown(told, str(first["input"]), WORDS[field]) from None
        fields = dict.fromkeys(Target.model_fields)
        raise InputError(f"target '{name}': {problem_in(error, fields)}") from None


def _check_fitted_once(targets: Mapping[str, Target]) -> None:
    """Refuse two targets that fit the same figure: it would be counted twice."""
    first: dict[str, str] = {}
    for target in of_use(targets, "fit"):
        if target.figure in first:
            raise InputError(
                f"target '{target.name}': extractor = '{target.extractor}': already fitted by "
                f"target '{first[target.figure]}'; give one of them use = 'check'"
            )
        first[target.figure] = target.name


def _check_one_error(targets: Mapping[str, Target]) -> None:
    """Refuse a standard error that is said of a trial's difference and again beside it."""
    said = [one for one in targets.values() if one.extractor == "log_se" and one.value is not None]
    for error in said:
        for one in targets.values():
            if one.extractor != "difference" or one.trial != error.trial or not error.value:
                continue
            own, room = one.se, ROUNDED
            if own is None and one.interval is not None:
                own, room = (one.interval[1] - one.interval[0]) / INTERVAL_WIDTH, TOLERANCE
            if own is not None and not error.value / room <= own <= error.value * room:
                raise InputError(
                    f"target '{error.name}': value = {error.value:g}: contradicts the standard "
                    f"error {own:.3g} of target '{one.name}'; both are of one difference"
                )


def of_use(targets: Mapping[str, Target], use: str) -> list[Target]:
    """Return the targets of one use, in the order of the file."""
    return [one for one in targets.values() if one.use == use]
