"""The registry: every parameter of the model, loaded from its one home.

Each link of the causal chain has a TOML file beside its rules in `sim/mechanisms`, the instruments
have one in `sim/measures`, and any of them may have its own there; a table describes one parameter
(see `sim.parameters.descriptor`), and the first line of a link's file, a comment, is its title. A
table ``[price.<name>]`` is no parameter but a price of what the link's element takes
(`sim.planning.prices`), and ``[words."<name>"]`` what an element or a score is called in published
lists (`sim.frameworks`). Nothing here loads NumPy or SciPy before it is needed.

Functions take an optional ``parameters``, a mapping like the registry's. It is there for tests and
for models that extend this one; without it the shipped parameters are meant.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, unknown
from sim.parameters.descriptor import Parameter, described
from sim.parameters.sets import ParameterSet, build, dtype_of, records
from sim.reading.numbers import number

if TYPE_CHECKING:
    import numpy as np

FOLDERS = tuple(Path(__file__).parents[1] / name for name in ("mechanisms", "measures"))

MEASURES = "measures"
PRICE, WORDS = "price", "words"
"""Tables of a link's file that hold no parameters: prices, and names in published lists."""

# The order of the chain; a link that is not named here comes after these.
CHAIN = (
    "readiness",
    "training",
    "influence",
    "practice",
    "relationship",
    "recovery",
    "effects",
    "flow",
    "heterogeneity",
    "measures",
    "explanations",
)


def files(*folders: Path) -> list[Path]:
    """Return the files of parameters in some folders, by the names of their links."""
    return sorted(
        (path for folder in folders for path in folder.glob("*.toml")), key=lambda one: one.stem
    )


def link_of(path: Path) -> str:
    """Return the link of a file's parameters: its stem, or `measures` for those of instruments."""
    return MEASURES if path.parent.name == MEASURES else path.stem


def _titles() -> dict[str, str]:
    found = {}
    for path in files(*FOLDERS):
        if link_of(path) != path.stem:
            continue
        with path.open(encoding="utf-8") as file:
            found[path.stem] = file.readline().lstrip("# ").rstrip(".\n")
    order = {link: place for place, link in enumerate(CHAIN)}
    return dict(sorted(found.items(), key=lambda one: (order.get(one[0], len(order)), one[0])))


LINKS: Mapping[str, str] = MappingProxyType(_titles())
"""The links in the order of the chain, each with its title: the first line of its file."""


def load(*folders: Path) -> Mapping[str, Parameter]:
    """Read and check every ``*.toml`` of some folders.

    Parameters
    ----------
    *folders : pathlib.Path
        Where the files are; see `link_of`.

    Returns
    -------
    mapping of str to Parameter
        Read-only; sorted by link, within a link in the order of the file.

    Raises
    ------
    InputError
        When a file is not TOML, a description breaks a rule, or a name stands in two files.
    """
    found: dict[str, Parameter] = {}
    for path in files(*folders):
        for name, table in _tables(path).items():
            if name in (PRICE, WORDS):
                continue
            if name in found:
                raise InputError(
                    f"{path.name}: [{name}] already stands in {found[name].link}.toml; "
                    "a parameter has one home"
                )
            found[name] = replace(described(name, path.stem, table), link=link_of(path))
    return MappingProxyType(found)


def _tables(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not valid TOML: {error}") from error


def own_tables(kind: str, *folders: Path) -> dict[str, Any]:
    """Return the tables of one kind that stand beside the parameters of links, by name.

    Parameters
    ----------
    kind : {'price', 'words'}
        Which tables.
    *folders : pathlib.Path
        Where the files are; without them, those of the shipped parameters.

    Raises
    ------
    InputError
        When a file is not TOML, or a name stands in two files.
    """
    found: dict[str, Any] = {}
    for path in files(*(folders or FOLDERS)):
        for name, table in _tables(path).get(kind, {}).items():
            if name in found:
                raise InputError(f"{path.name}: [{kind}.{name}] stands in another file too")
            found[name] = table
    return found


@lru_cache(maxsize=1)
def registry() -> Mapping[str, Parameter]:
    """Return the shipped parameters by name, sorted by link and then by their file's order.

    Raises
    ------
    InputError
        When a file breaks a rule (see `load`).
    """
    return load(*FOLDERS)


def defaults(parameters: Mapping[str, Parameter] | None = None) -> ParameterSet:
    """Return the set in which every parameter has its default value."""
    return resolve({}, parameters)


def resolve(
    overrides: Mapping[str, float], parameters: Mapping[str, Parameter] | None = None
) -> ParameterSet:
    """Return the defaults with some values replaced.

    Parameters
    ----------
    overrides : mapping of str to float
        Values by parameter name.
    parameters : mapping of str to Parameter, optional
        The registry to use; the shipped one without it.

    Returns
    -------
    ParameterSet
        One value for every parameter.

    Raises
    ------
    InputError
        For a name that does not exist (with the nearest one that does), and for a value that is
        not a finite number within the parameter's bounds.
    """
    known = registry() if parameters is None else parameters
    values = {name: one.default for name, one in known.items()}
    for name, value in overrides.items():
        values[name] = _named(name, known).checked(value)
    return build(tuple(known), values.values())


def parse_setting(
    text: str, parameters: Mapping[str, Parameter] | None = None
) -> tuple[str, float]:
    """Read a setting as the command line takes it.

    Parameters
    ----------
    text : str
        ``name=value``, such as ``qpr_retest=0.7``.
    parameters : mapping of str to Parameter, optional
        The registry to use; the shipped one without it.

    Returns
    -------
    name : str
        A parameter that exists.
    value : float
        A value that it may take.

    Raises
    ------
    InputError
        When the text has another form, or name or value cannot be used (see `resolve`).
    """
    name, equals, written = (part.strip() for part in text.partition("="))
    if not (name and equals and written):
        raise InputError(f"setting '{' '.join(text.split())}': must have the form name=value")
    parameter = _named(name, registry() if parameters is None else parameters)
    return name, number(f"parameter '{name}'", written, *parameter.bounds, parameter.unit)


def parameter_dtype(parameters: Mapping[str, Parameter] | None = None) -> np.dtype[np.void]:
    """Return the NumPy type of one set as a record: a 64-bit float per parameter."""
    return dtype_of(registry() if parameters is None else parameters)


def to_record(
    sets: ParameterSet | Iterable[ParameterSet],
    parameters: Mapping[str, Parameter] | None = None,
) -> np.ndarray:
    """Return one or more sets as a structured array, shape ``(number of sets,)``.

    Raises
    ------
    InputError
        When a set has other parameters than the registry.
    """
    given = [sets] if isinstance(sets, ParameterSet) else sets
    return records(tuple(registry() if parameters is None else parameters), given)


def resolved_records(
    draws: Sequence[Mapping[str, float]], settings: Mapping[str, float] | None = None
) -> np.ndarray:
    """Return `to_record` of every draw resolved: many at once, where nothing is wrong with them.

    Parameters
    ----------
    draws : sequence of mappings
        Values by parameter name; of one set, the defaults are taken for the others.
    settings : mapping, optional
        Values that go before those of the draws.

    Raises
    ------
    InputError
        As `resolve`.
    """
    import numpy as np

    known, settings = registry(), settings or {}
    names = [name for name in draws[0] if name not in settings] if draws else []
    rows = [[draw.get(name) for name in names] for draw in draws]
    good = all(draw.keys() == draws[0].keys() for draw in draws) and set(names) <= known.keys()
    good = good and all(type(value) is float for row in rows for value in row)
    columns = np.array(rows).T if good else ()
    bounds = [known[name].bounds for name in names] if good else ()
    for (low, high), column in zip(bounds, columns, strict=False):
        good = good and bool(((low <= column) & (column <= high)).all())
    if not good:
        return to_record([resolve({**draw, **settings}) for draw in draws])
    found = np.repeat(to_record(resolve(settings)), len(draws))
    for name, column in zip(names, columns, strict=False):
        found[name] = column
    return found


def from_record(record: np.void, parameters: Mapping[str, Parameter] | None = None) -> ParameterSet:
    """Return one record of a structured array as a set, checked like any other values.

    Raises
    ------
    InputError
        When the record's fields are not exactly the registry's parameters, or a value is out of
        bounds.
    """
    known = registry() if parameters is None else parameters
    names = record.dtype.names or ()
    for name in names:
        _named(name, known)
    for name in known:
        if name not in names:
            raise InputError(f"parameter record: '{name}' is missing")
    return resolve({name: record[name] for name in known}, known)


def _named(name: str, known: Mapping[str, Parameter]) -> Parameter:
    if name not in known:
        raise unknown("parameter", name, known)
    return known[name]


def grade_counts(parameters: Iterable[Parameter] | None = None) -> dict[str, int]:
    """Return how many parameters, all of them if not told, rest on which evidence."""
    counts = {"trial": 0, "literature": 0, "assumption": 0}
    for one in registry().values() if parameters is None else parameters:
        counts[one.grade] += 1
    return counts
