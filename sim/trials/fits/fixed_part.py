"""The fixed part of a formula as columns, named as R names them (``site1``, ``(Intercept)``)."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.trials.fits.model_formula import ModelFormula

if TYPE_CHECKING:
    import pandas as pd

Matrix = NDArray[np.float64]


def _material(expression: str, columns: pd.DataFrame, model: ModelFormula) -> pd.DataFrame:
    from formulaic import model_matrix

    # The functions are formulaic's and numpy's; a formula can reach no other name.
    context = {"log1p": np.log1p, "sqrt": np.sqrt, "exp": np.exp, "log": np.log}
    written = re.sub(r"\b(?:as\.)?factor\(", "C(", expression).replace("^", "**")
    # A name with a point in it, as R allows, is quoted for the formula library.
    written = re.sub(r"(?<![\w.])([A-Za-z_]\w*(?:\.\w+)+)", r"`\1`", written)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = model_matrix(written, columns, context=context, na_action="ignore")
    # The formula library raises errors of many kinds; each means that this text does not work.
    except Exception as error:
        plain = re.sub(r"\x1b\[[0-9;]*m|[\u29da\u29db]", "", str(error))
        reason = " ".join(plain.split())[:200] or type(error).__name__
        raise InputError(
            f"model '{model.text}': '{expression}' cannot be used ({reason})"
        ) from None
    import pandas as pd

    return pd.DataFrame(found)


def column_name(name: str) -> str:
    """Return R's name for a column of the formula library."""
    if name == "Intercept":
        return "(Intercept)"
    name = re.sub(r"\[(?:T\.)?([^\]]*?)(?:\.0)?\]", r"\1", name).replace("`", "")
    return re.sub(r"\bC\(", "factor(", name).replace(" ** ", "^").replace("**", "^")


def fixed_columns(model: ModelFormula, columns: pd.DataFrame) -> tuple[Matrix, tuple[str, ...]]:
    """Return the columns of the fixed part, and their names.

    Parameters
    ----------
    model : ModelFormula
    columns : DataFrame
        Numbers and categories; none missing.

    Returns
    -------
    X : (n, q) array
    names : tuple of str

    Raises
    ------
    InputError
        If the formula library cannot use it, or a value is not finite.
    """
    found = _material(model.fixed, columns, model)
    X = found.to_numpy(dtype=float)
    names = tuple(column_name(str(one)) for one in found.columns)
    if X.shape[1] == 0:
        raise InputError(f"model '{model.text}': its fixed part has no column")
    if not np.isfinite(X).all():
        name = names[int(np.argmax(~np.isfinite(X).all(axis=0)))]
        raise InputError(f"model '{model.text}': '{name}' is not finite in every row")
    return X, names


def response_column(model: ModelFormula, columns: pd.DataFrame) -> Matrix:
    """Return the response.

    Parameters
    ----------
    model : ModelFormula
    columns : DataFrame

    Returns
    -------
    (n,) array

    Raises
    ------
    InputError
        If it is not one numeric column with finite values.
    """
    found = _material(f"0 + {model.response}", columns, model).to_numpy(dtype=float)
    if found.shape[1] != 1:
        raise InputError(f"model '{model.text}': the outcome '{model.response}' must be numeric")
    if not np.isfinite(found).all():
        raise InputError(f"model '{model.text}': '{model.response}' is not finite in every row")
    return np.asarray(found[:, 0])
