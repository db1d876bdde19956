"""Prices and delivery quantities: shipped ones with their priors, and a planner's own.

A planner's file is TOML. A line ``name = 55`` fixes a price; ``name = { value = 55, low = 45,
high = 70, source = "..." }`` gives it a range, read as its central 90% (lognormal between). The
line ``price_year`` names the year of the planner's prices, and ``uprating`` is the factor from the
shipped prices' year to that one for prices left as they are. Without ``price_year`` they count as
prices of the shipped year; without ``uprating`` the others stay at the shipped year's, and every
sum says so.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, nearest, unknown
from sim.parameters.descriptor import Parameter, Prior, described
from sim.parameters.registry import PRICE, own_tables
from sim.reading.numbers import number_value, repeated
from sim.reading.text_files import read_text
from sim.reading.toml_text import read_toml

if TYPE_CHECKING:
    import numpy as np

FILE = Path(__file__).with_name("prices.toml")
CURRENCY = "GBP"
EARLIEST_YEAR, LATEST_YEAR = 1990, 2100
NORMAL_95 = 1.6448536269514722
ASSUMED = "assumption"
PLANNERS = "the planner's own"
ENTRY = ("value", "low", "high", "source")
GENERAL = ("price_year", "uprating")
HINT = "; 'refocus template prices' prints them"


@dataclass(frozen=True, slots=True)
class Price:
    """A price, or a quantity of delivery that has no price of its own."""

    about: Parameter  # Name, unit, default, prior, evidence grade and source
    price_year: str  # Financial year of the money; empty for a quantity
    own: bool = False  # Whether the planner gave it


@dataclass(frozen=True)
class Prices:
    """All prices and quantities."""

    entries: Mapping[str, Price]  # By name
    price_year: str  # Year of the money in every sum; both where prices of two years are added up
    notes: tuple[str, ...] = ()  # What a reader of a sum must know

    def values(self) -> dict[str, float]:
        """Return the central values by name."""
        return {name: one.about.default for name, one in self.entries.items()}

    def draws(self, count: int, seed: int) -> dict[str, np.ndarray]:
        """Return `count` draws of every entry, each an array of shape (count,).

        With one draw: the central values.
        """
        import numpy as np

        if count <= 1:
            return {name: np.full(1, value) for name, value in self.values().items()}
        from sim.parameters.priors import sample_prior

        sample = sample_prior(count, seed, {name: one.about for name, one in self.entries.items()})
        return {name: np.asarray(sample[name]) for name in self.entries}


@lru_cache(maxsize=1)
def shipped_prices() -> Prices:
    """Return the prices that hold where a planner gives none: links' own come last."""
    tables = {**tomllib.loads(FILE.read_text(encoding="utf-8")), **own_tables(PRICE)}
    entries = {}
    for name, table in tables.items():
        year = str(table.pop("price_year", ""))
        entries[name] = Price(described(name, "prices", table), year)
    years = {one.price_year for one in entries.values() if one.price_year}
    if len(years) != 1:
        raise InputError(f"prices.toml: price_year must be one for all, not {sorted(years)}")
    assumed = sum(one.about.grade == ASSUMED for one in entries.values())
    note = (
        f"{assumed} of {len(entries)} prices and quantities were found in no source: they are "
        "assumptions with wide ranges. Give your own with a prices file."
    )
    return Prices(MappingProxyType(entries), years.pop(), (note,))


def read_prices(path: Path | str) -> Prices:
    """Return the shipped prices with those of a planner's file laid over them.

    Raises
    ------
    InputError
        When the file cannot be read, or an entry breaks a rule.
    """
    return prices_from_text(read_text(path, "prices", hint=HINT), Path(path).name)


def prices_from_text(text: str, source: str = "prices") -> Prices:
    """Return the shipped prices with those of a TOML text laid over them.

    Raises
    ------
    InputError
        For text that is not TOML, a name that does not exist (with the nearest), and a value that
        breaks its rule.
    """
    where = f"prices '{source}'"
    table = read_toml(text, where)
    base = shipped_prices()
    stated = "price_year" in table
    year = _year(where, table.pop("price_year", base.price_year))
    uprated = "uprating" in table
    factor = number_value(f"{where}: uprating", table.pop("uprating", 1.0), 0.1, 10.0)
    if factor != 1.0 and year == base.price_year:
        raise InputError(
            f"{where}: uprating = {factor:g}: is the factor from {base.price_year} to your price "
            'year; give price_year as well, such as "2024/25"'
        )
    entries = {
        name: _uprated(one, factor, year) if one.price_year and uprated else one
        for name, one in base.entries.items()
    }
    for name, value in table.items():
        if name not in entries:
            if name in GENERAL or not nearest(name, entries):
                raise InputError(f"{where}: {unknown('price', name, [*entries, *GENERAL])}")
            raise InputError(f"{where}: unknown price '{name}'{nearest(name, entries)}")
        entries[name] = _own(entries[name], value, where, year)
    kept = [one for one in entries.values() if not one.own]
    assumed = sum(one.about.grade == ASSUMED for one in kept)
    notes = [
        f"{len(entries) - len(kept)} of {len(entries)} prices and quantities are the planner's "
        f"own; {assumed} are assumptions with wide ranges."
    ]
    years = {one.price_year for one in entries.values() if one.price_year}
    label = f"{year} and {base.price_year}" if len(years) == 2 else years.pop()
    if label != year:
        notes.append(
            f"price_year = {year} and yet prices left out stay at {base.price_year}, unadjusted: "
            "give `uprating`, the factor from the one to the other."
        )
    if not stated and any(one.own and one.price_year for one in entries.values()):
        notes.append(f"The file has no price_year: its prices are taken as of {base.price_year}.")
    return Prices(MappingProxyType(entries), label, tuple(notes))


def _year(where: str, year: Any) -> str:
    """Return a financial year such as 2024/25, or a calendar year such as 2024, as text."""
    # Of a whole number no more is written out than a year has.
    text = year.strip() if isinstance(year, str) else repeated(year)
    found = re.fullmatch(r"(\d{4})(?:/(\d{2}))?", text, re.ASCII)
    good = found is not None and EARLIEST_YEAR <= int(found[1]) <= LATEST_YEAR
    if good and found is not None and found[2] is not None:
        good = (int(found[1]) + 1) % 100 == int(found[2])
    if not good or isinstance(year, bool | float):
        raise InputError(
            f'{where}: price_year = {repeated(year)}: must be a year such as "2024/25" or '
            f'"2024", from {EARLIEST_YEAR} to {LATEST_YEAR}'
        )
    return text


def _uprated(one: Price, factor: float, year: str) -> Price:
    about = one.about
    prior = about.prior
    if prior.family == "lognormal":
        prior = Prior(
            "lognormal", (("median", prior["median"] * factor), ("sigma", prior["sigma"]))
        )
    low, high = about.bounds
    changed = replace(
        about, default=about.default * factor, bounds=(low * factor, high * factor), prior=prior
    )
    return Price(changed, year)


def _own(one: Price, value: Any, where: str, year: str) -> Price:
    """Return an entry with the planner's value, and range where there is one."""
    table = value if isinstance(value, Mapping) else {"value": value}
    name = one.about.name
    for key in table:
        if key not in ENTRY:
            raise InputError(
                f"{where}: {name} has no field '{key}'{nearest(key, ENTRY)}; "
                f"fields: {', '.join(ENTRY)}"
            )
    if "value" not in table:
        raise InputError(f"{where}: {name} lacks its value")
    low, high = one.about.bounds
    centre = number_value(f"{where}: {name}", table["value"], low, high, one.about.unit)
    prior = Prior("fixed")
    if "low" in table or "high" in table:
        if not {"low", "high"} <= set(table):
            raise InputError(f"{where}: {name}: give both low and high, or neither")
        below = number_value(f"{where}: {name} low", table["low"], low, high)
        above = number_value(f"{where}: {name} high", table["high"], low, high)
        if not 0.0 < below < centre < above:
            raise InputError(
                f"{where}: {name}: must be 0 < low < value < high, not {below:g}, {centre:g}, "
                f"{above:g}"
            )
        sigma = math.log(above / below) / (2.0 * NORMAL_95)
        prior = Prior("lognormal", (("median", math.sqrt(below * above)), ("sigma", sigma)))
    source = f"{PLANNERS}: {table['source']}" if "source" in table else PLANNERS
    # Of the three grades none but this fits a figure that this project has not seen a source of.
    about = replace(one.about, default=centre, prior=prior, grade=ASSUMED, source=source)
    return Price(about, year if one.price_year else "", own=True)


def prices_template() -> str:
    """Return a commented prices file to start from; every line is commented out."""
    base = shipped_prices()
    lines = [
        "# Your own prices. Take the # away in front of what you know; what stays commented out",
        f"# has the value shown, in {CURRENCY} of {base.price_year}. Forms:",
        "#   staff_hour = 45.0",
        '#   staff_hour = { value = 45.0, low = 40.0, high = 52.0, source = "trust finance" }',
        "# low and high are your central 90%; without them the value is taken as certain.",
        "",
        '# price_year = "2024/25"   # year of the prices you give',
        f"# uprating = 1.0           # factor from {base.price_year} to that year, for the others",
        "",
    ]
    for name, one in base.entries.items():
        about = one.about
        lines += [
            f"# {about.label} ({about.unit}): {about.help}",
            f"# Evidence: {about.grade}; {about.source}. Range: {about.prior}.",
            f"# {name} = {about.default:g}",
            "",
        ]
    return "\n".join(lines)
