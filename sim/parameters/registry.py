"""The registry: every parameter of the model, loaded from its one home.

Each link of the causal chain has a TOML file in this folder; a table of it describes one parameter
(see `sim.parameters.descriptor`). Nothing here loads NumPy or SciPy before it is needed.

Functions take an optional ``parameters``, a mapping like the registry's. It is there for tests and
for models that extend this one; without it the shipped parameters are meant.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from sim.errors import InputError, unknown
from sim.parameters.descriptor import Parameter, described
from sim.parameters.sets import ParameterSet, build, dtype_of, records
from sim.reading.numbers import number

if TYPE_CHECKING:
    import numpy as np

FOLDER = Path(__file__).parent

LINKS: Mapping[str, str] = {
    "readiness": "Readiness for change of trusts, teams and practitioners",
    "training": "Training, coaching and reflection: what is delivered and what is learnt",
    "influence": "Influence of leaders and colleagues",
    "practice": "From values, knowledge and skill to working practice",
    "relationship": "Experience of contacts and the relationship with the key worker",
    "recovery": "Personal recovery and what goes with it",
    "flow": "Staff turnover, sickness, discharge and arrival",
    "heterogeneity": "Who is there at the start",
    "measures": "How instruments see what happens",
    "explanations": "Competing explanations of the trial's result",
}
"""The links in the order of the chain, each with the title it has in `docs/parameters.md`."""


def load(folder: Path) -> Mapping[str, Parameter]:
    """Read and check every ``*.toml`` of a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Where the files are; the stem of a file is the link of its parameters.

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
    for path in sorted(folder.glob("*.toml"), key=lambda one: one.stem):
        try:
            tables = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{path.name} is not valid TOML: {error}") from error
        for name, table in tables.items():
            if name in found:
                raise InputError(
                    f"{path.name}: [{name}] already stands in {found[name].link}.toml; "
                    "a parameter has one home"
                )
            found[name] = described(name, path.stem, table)
    return MappingProxyType(found)


@lru_cache(maxsize=1)
def registry() -> Mapping[str, Parameter]:
    """Return the shipped parameters by name, sorted by link and then by their file's order.

    Raises
    ------
    InputError
        When a file breaks a rule (see `load`).
    """
    return load(FOLDER)


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
