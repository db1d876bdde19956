"""What a parameter is: one descriptor, and the rules that a described parameter must meet.

A description is a table of a TOML file (see `sim.parameters.registry`). It is checked in full when
it is read, so that everything generated from it (validation, command-line help, the web page's
controls, calibration priors, the tables in `docs/`) can rely on it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from keyword import iskeyword

from sim.errors import InputError, nearest
from sim.reading.numbers import finite, number_value, repeated

GRADES = ("trial", "literature", "assumption")
"""How a number is known: from the trial, from other literature, or assumed."""

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "normal": ("mean", "sd"),
    "uniform": ("low", "high"),
    "beta": ("a", "b"),
    "lognormal": ("median", "sigma"),
    "halfnormal": ("sd",),
    "triangular": ("low", "mode", "high"),
    "fixed": (),
    "solved": (),
}
"""Prior families and the arguments of each; every prior is truncated to the bounds.

`fixed` is a definition or a switch. `solved` has no prior of its own: its value follows, in every
draw, from the effects that were drawn.
"""

FIELDS = ("label", "unit", "default", "bounds", "prior", "grade", "source", "help")
RESERVED = ("as_dict",)

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WHY_FIXED = re.compile(r"fixed: a (definition|switch)\b|(definition|switch)\b.*:", re.IGNORECASE)
_HALF_NORMAL_MEDIAN = 0.6744897501960817


@dataclass(frozen=True, slots=True)
class Prior:
    """A prior as data."""

    family: str  # One of `FAMILIES`
    # The family's arguments, in the order of `FAMILIES`.
    arguments: tuple[tuple[str, float], ...] = ()

    def __getitem__(self, name: str) -> float:
        """Return the argument called `name`."""
        return dict(self.arguments)[name]

    def __str__(self) -> str:
        """Return the prior as a reader would write it, such as ``normal(mean 0.7, sd 0.1)``."""
        inside = ", ".join(f"{name} {value:g}" for name, value in self.arguments)
        return f"{self.family}({inside})" if inside else self.family


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of the model: what it is called, what it may be, and how it is known.

    Attributes
    ----------
    name : str
        Identifier by which rules read it.
    link : str
        Link of the causal chain it belongs to: the stem of its file.
    label, unit, help : str
        What readers see: a short name, the unit, and one or more sentences.
    default : float
        Value used when nothing else is said.
    bounds : tuple of float
        Lowest and highest value allowed, both included.
    prior : Prior
        What is known before calibration, truncated to `bounds`.
    grade : str
        How the number is known, one of `GRADES`.
    source : str
        Where it comes from.
    """

    name: str
    link: str
    label: str
    unit: str
    default: float
    bounds: tuple[float, float]
    prior: Prior
    grade: str
    source: str
    help: str

    @property
    def varies(self) -> bool:
        """Whether the parameter has a prior of its own."""
        return self.prior.family not in ("fixed", "solved")

    @property
    def solved(self) -> bool:
        """Whether the value follows from effects in every draw."""
        return self.prior.family == "solved"

    def checked(self, value: object) -> float:
        """Return `value` as a float if this parameter may take it.

        Parameters
        ----------
        value : object
            A finite real number within the bounds.

        Raises
        ------
        InputError
            When the value is not a number (true and false are not), not finite, or out of bounds.
        """
        low, high = self.bounds
        # A set has hundreds of good values: no words are made for them.
        if type(value) is float and low <= value <= high:
            return value
        return number_value(f"parameter '{self.name}'", value, *self.bounds, self.unit)


def described(name: str, link: str, table: object) -> Parameter:
    """Build a parameter from its table of a TOML file, checking every field.

    Parameters
    ----------
    name : str
        The table's name.
    link : str
        The stem of the file it stands in.
    table : object
        The table as `tomllib` reads it.

    Returns
    -------
    Parameter
        The checked descriptor.

    Raises
    ------
    InputError
        Naming file, parameter, field and rule, for the first rule that is broken.
    """
    where = f"{link}.toml: [{name}]"
    if not _NAME.fullmatch(name) or iskeyword(name) or name in RESERVED:
        raise InputError(
            f"{where} is no valid name: small letters, digits and underscores, starting with a "
            "letter, no Python keyword"
        )
    if not isinstance(table, Mapping):
        raise InputError(f"{where} must be a table with the fields {', '.join(FIELDS)}")
    _check_keys(where, "field", table, FIELDS)
    texts = {field: _text(where, field, table[field]) for field in ("label", "unit", "source")}
    explanation = _text(where, "help", table["help"])
    grade = table["grade"]
    if grade not in GRADES:
        raise InputError(f"{where} grade = {repeated(grade)}: must be one of {', '.join(GRADES)}")
    bounds = _bounds(where, table["bounds"])
    default = _number(where, "default", table["default"])
    if not bounds[0] <= default <= bounds[1]:
        raise InputError(
            f"{where} default = {default:g}: must lie in the bounds [{bounds[0]:g}, {bounds[1]:g}]"
        )
    prior = _prior(where, table["prior"])
    _check_prior(where, prior, bounds, explanation)
    return Parameter(
        name=name,
        link=link,
        label=texts["label"],
        unit=texts["unit"],
        default=default,
        bounds=bounds,
        prior=prior,
        grade=grade,
        source=texts["source"],
        help=explanation,
    )


def _check_keys(
    where: str, kind: str, table: Mapping[str, object], expected: tuple[str, ...]
) -> None:
    for key in table:
        if key not in expected:
            hint = nearest(key, expected)
            listed = "" if hint else f"; valid: {', '.join(expected) or 'none'}"
            raise InputError(f"{where} unknown {kind} '{key}'{hint}{listed}")
    for key in expected:
        if key not in table:
            raise InputError(f"{where} lacks the {kind} '{key}'")


def _text(where: str, field: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where} {field} = {repeated(value)}: must be a text that is not empty")
    return " ".join(value.split())


def _number(where: str, field: str, value: object) -> float:
    number = finite(value)
    if number is None:
        raise InputError(f"{where} {field} = {repeated(value)}: must be a finite number")
    return number


def _bounds(where: str, value: object) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise InputError(f"{where} bounds = {repeated(value)}: must be a list [low, high]")
    low, high = (_number(where, "bounds", one) for one in value)
    if not low < high:
        raise InputError(f"{where} bounds = {repeated(value)}: low must be below high")
    return low, high


def _prior(where: str, value: object) -> Prior:
    if not isinstance(value, Mapping) or "family" not in value:
        raise InputError(
            f"{where} prior = {repeated(value)}: must be a table that names its family"
        )
    family = value["family"]
    if not isinstance(family, str) or family not in FAMILIES:
        raise InputError(
            f"{where} prior family {repeated(family)}: must be one of {', '.join(FAMILIES)}"
            f"{nearest(str(family), FAMILIES)}"
        )
    given = {key: one for key, one in value.items() if key != "family"}
    _check_keys(where, f"argument of the {family} prior", given, FAMILIES[family])
    return Prior(
        family, tuple((key, _number(where, f"prior {key}", given[key])) for key in FAMILIES[family])
    )


def _check_prior(where: str, prior: Prior, bounds: tuple[float, float], explanation: str) -> None:
    if prior.family == "fixed":
        if not _WHY_FIXED.match(explanation):
            raise InputError(
                f"{where} prior family 'fixed': only for a definition or a switch, and the help "
                "must begin by saying so ('Definition: ...', 'Switch, not estimated: ...')"
            )
        return
    if prior.family == "solved":
        if not explanation.startswith("Solved:"):
            raise InputError(f"{where} prior family 'solved': the help must begin with 'Solved:'")
        return
    for key in ("sd", "sigma", "a", "b", "median"):
        if key in FAMILIES[prior.family] and not prior[key] > 0.0:
            raise InputError(f"{where} prior {key} = {prior[key]:g}: must be above 0")
    if "low" in FAMILIES[prior.family]:
        mode = prior["mode"] if prior.family == "triangular" else prior["low"]
        if not (prior["low"] < prior["high"] and prior["low"] <= mode <= prior["high"]):
            raise InputError(f"{where} prior {prior}: needs low <= mode <= high and low < high")
    centre = _centre(prior)
    if not bounds[0] <= centre <= bounds[1]:
        raise InputError(
            f"{where} prior {prior}: its centre {centre:g} must lie in the bounds "
            f"[{bounds[0]:g}, {bounds[1]:g}]"
        )


def _centre(prior: Prior) -> float:
    match prior.family:
        case "normal":
            return prior["mean"]
        case "uniform":
            return (prior["low"] + prior["high"]) / 2.0
        case "beta":
            return prior["a"] / (prior["a"] + prior["b"])
        case "lognormal":
            return prior["median"]
        case "halfnormal":
            return _HALF_NORMAL_MEDIAN * prior["sd"]
        case _:
            return prior["mode"]
