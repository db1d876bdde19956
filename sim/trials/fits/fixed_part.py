"""The fixed part of a formula as columns, named as R names them (``site1``, ``(Intercept)``).

The formula library sees short names only, so that columns and labels may hold any character; what
each of its columns is made of is read off those names.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.data.trial_table import as_labels
from sim.trials.fits.model_formula import FACTORS, ModelFormula, names_in, tokens
from sim.trials.fits.natural_spline import ns

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]


class Part(NamedTuple):
    """What one factor of a column of the fixed part is."""

    written: str  # As the formula has it: ``arm``, ``factor(period)``, ``I(base^2)``
    column: str  # The table's column, or empty for a computed one
    level: str | None  # Label whose rows have a one; None for a number
    # Label that it is compared with; None for a number, or where every label has its column.
    reference: str | None
    number: str = ""  # Which column of those of a function, as ``poly(base, 2)``

    @property
    def name(self) -> str:
        """R's name."""
        return self.written + (self.level or "") + self.number


class FixedPart(NamedTuple):
    """The columns of the fixed part."""

    X: Matrix  # (n, q) array
    names: tuple[str, ...]  # As R names them
    parts: tuple[tuple[Part, ...], ...]  # What each column is a product of; empty for the intercept


def is_factor(columns: pd.DataFrame, name: str) -> bool:
    """Return whether a column holds labels."""
    return not np.issubdtype(np.asarray(columns[name]).dtype, np.number)


def factor_names(model: ModelFormula, columns: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return the labels of each column that the fixed part takes as a factor.

    Parameters
    ----------
    columns : DataFrame
        Numbers and categories; none missing.
    """
    found: dict[str, tuple[str, ...]] = {}
    pieces = [one for one in tokens(model.fixed) if one.kind != "blank"]
    for at, one in enumerate(pieces):
        called = at > 1 and pieces[at - 2].kind == "function" and pieces[at - 2].text in FACTORS
        if one.kind == "column" and (called or is_factor(columns, one.text)):
            found[one.text] = tuple(as_labels(columns[one.text]).categories)
    return found


def _material(
    expression: str,
    columns: pd.DataFrame,
    model: ModelFormula,
    references: Mapping[str, str],
) -> tuple[pd.DataFrame, dict[str, Part], dict[str, list[str]]]:
    """Return the library's columns, and what its short names stand for."""
    import pandas as pd
    from formulaic import model_matrix

    material: dict[str, object] = {}
    parts: dict[str, Part] = {}
    labels: dict[str, list[str]] = {}
    pieces = [one for one in tokens(expression) if one.kind != "blank"]
    short = ""
    at = 0
    while at < len(pieces):
        one = pieces[at]
        written, name, factor = one.text, one.text, False
        if one.kind == "function" and one.text in FACTORS:
            name, factor = pieces[at + 2].text, True
            written = f"factor({name})"
            at += 3
        at += 1
        if one.kind != "column" and not factor:
            short += "**" if one.text == "^" else one.text
            continue
        factor = factor or is_factor(columns, name)
        alias = next((key for key, part in parts.items() if part.written == written), None)
        if alias is None:
            alias = f"v{len(parts)}__"
            if factor:
                found = as_labels(columns[name])
                levels = list(found.categories)
                first = references.get(name, levels[0])
                levels = [first, *(level for level in levels if level != first)]
                codes = [levels.index(level) for level in found]
                material[alias] = pd.Categorical.from_codes(
                    codes, categories=[f"l{j}__" for j in range(len(levels))]
                )
                labels[alias] = levels
            else:
                material[alias] = columns[name].to_numpy(dtype=float)
            parts[alias] = Part(written, name, None, None)
        short += alias
    # The functions are formulaic's and numpy's; a formula can reach no other name.
    context = {"log1p": np.log1p, "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "ns": ns}
    frame = pd.DataFrame(material, index=range(len(columns)))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            made = pd.DataFrame(model_matrix(short, frame, context=context, na_action="ignore"))
    # The formula library raises errors of many kinds; each means that this text does not work.
    except Exception as error:
        plain = re.sub(r"\x1b\[[0-9;]*m|[\u29da\u29db]", "", str(error))
        reason = " ".join(_spelt(plain, parts).split())[:200] or type(error).__name__
        raise InputError(
            f"model '{model.text}': '{expression}' cannot be used ({reason})"
        ) from None
    return made, parts, labels


def _spelt(text: str, parts: Mapping[str, Part]) -> str:
    """Return a text of the formula library with the names that the user wrote."""
    text = re.sub(r"\bv\d+__", lambda one: getattr(parts.get(one[0]), "written", one[0]), text)
    return text.replace(" ** ", "^").replace("**", "^")


def fixed_columns(
    model: ModelFormula, columns: pd.DataFrame, references: Mapping[str, str] | None = None
) -> FixedPart:
    """Return the columns of the fixed part, and their names.

    Parameters
    ----------
    columns : DataFrame
        Numbers and categories; none missing.
    references : mapping from column to label, optional
        References of factors; by default the label that sorts first.

    Raises
    ------
    InputError
        If the formula library cannot use it, or a value is not finite.
    """
    found, short, labels = _material(model.fixed, columns, model, references or {})
    X = found.to_numpy(dtype=float)
    parts = tuple(_parts(str(one), short, labels) for one in found.columns)
    names = tuple(":".join(part.name for part in one) or "(Intercept)" for one in parts)
    if X.shape[1] == 0:
        raise InputError(f"model '{model.text}': its fixed part has no column")
    if not np.isfinite(X).all():
        name = names[int(np.argmax(~np.isfinite(X).all(axis=0)))]
        raise InputError(f"model '{model.text}': '{name}' is not finite in every row")
    return FixedPart(X, names, parts)


def _parts(
    name: str, short: Mapping[str, Part], labels: Mapping[str, list[str]]
) -> tuple[Part, ...]:
    """Return what a column of the formula library is a product of."""
    found: list[Part] = []
    if name == "Intercept":
        return ()
    # A colon inside brackets belongs to a computed column.
    for piece in re.split(r":(?![^(]*\))", name):
        level = re.fullmatch(r"(v\d+__)\[(T\.)?l(\d+)__\]", piece)
        if level is not None:
            own = labels[level[1]]
            reference = own[0] if level[2] else None
            found.append(short[level[1]]._replace(level=own[int(level[3])], reference=reference))
        else:
            several = re.fullmatch(r"(.*\))\[(\d+)\]", piece)
            of, number = (piece, "") if several is None else several.groups()
            part = short.get(of, Part(_spelt(of, short), "", None, None))
            found.append(part._replace(number=number))
    return tuple(found)


def response_column(model: ModelFormula, columns: pd.DataFrame) -> Matrix:
    """Return the response.

    Returns
    -------
    (n,) array

    Raises
    ------
    InputError
        If it is not one numeric column with finite values.
    """
    # Operators in an outcome are arithmetic, as in R, not the addition of columns.
    text = model.response if names_in(model.response) == (model.response.strip("`"),) else None
    text = text or f"I({model.response})"
    return _one_column(text, model.response, "outcome", columns, model)


def offset_column(model: ModelFormula, columns: pd.DataFrame) -> Matrix | None:
    """Return what is added to the fixed part; None for nothing.

    Raises
    ------
    InputError
        If it is not one numeric column with finite values.
    """
    if not model.offset:
        return None
    return _one_column(f"I({model.offset})", model.offset, "offset", columns, model)


def _one_column(
    text: str, told: str, what: str, columns: pd.DataFrame, model: ModelFormula
) -> Matrix:
    found = _material(f"0 + {text}", columns, model, {})[0].to_numpy(dtype=float)
    if found.shape[1] != 1:
        raise InputError(f"model '{model.text}': the {what} '{told}' must be numeric")
    if not np.isfinite(found).all():
        raise InputError(f"model '{model.text}': '{told}' is not finite in every row")
    return np.asarray(found[:, 0])
