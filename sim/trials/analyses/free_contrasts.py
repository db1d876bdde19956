"""Sums of coefficients that a user asks for, each tested, and all of them together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, unknown
from sim.trials.analyses.cluster_tests import t_test
from sim.trials.fits.linear_fit import LinearFit

Matrix = NDArray[np.float64]
NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
# Beyond these a square is 0 or infinite, or the rank of several contrasts cannot be told.
SMALLEST, LARGEST = 1e-6, 1e6


def contrast_row(text: str, names: Sequence[str]) -> Matrix:
    """Return the weights of coefficients in a sum such as ``armfull - 0.5*armlight``.

    Raises
    ------
    InputError
        For what is no such sum, or a coefficient that is not there.
    """
    # The longest name first: that of an interaction begins with that of its first part.
    known = "|".join(re.escape(one) for one in sorted(names, key=len, reverse=True))
    known = rf"({known})(?=[\s+/-]|$)"
    term = re.compile(rf"\s*([+-])?\s*(?:({NUMBER})\s*\*?\s*)?{known}\s*(?:/\s*({NUMBER}))?\s*")
    row, added, at = np.zeros(len(names)), np.zeros(len(names)), 0
    while at < len(text):
        found = term.match(text, at)
        if found is not None and at > 0 and found[1] is None:
            raise InputError(f"contrast '{text}': no + or - before '{text[at:].strip()}'")
        if found is None:
            rest = re.split(r"[+\s*/-]", text[at:].strip().lstrip("+-").strip(), maxsplit=1)[0]
            problem: object = f"cannot be read from '{text[at:].strip()}' on"
            if rest not in names:
                problem = unknown("coefficient", rest or text, names)
            raise InputError(f"contrast '{text}': {problem}; write sums as a - 0.5*b")
        weight, divisor = float(found[2] or 1.0), float(found[4] or 1.0)
        weight = weight / divisor if divisor else inf
        if weight and not SMALLEST <= weight <= LARGEST:
            raise InputError(
                f"contrast '{text}': the weight of '{found[3]}' must be 0, or from "
                f"{SMALLEST:f} to {LARGEST:.0f}"
            )
        row[names.index(found[3])] += -weight if found[1] == "-" else weight
        added[names.index(found[3])] += weight
        at = found.end()
    # What rounding leaves of weights that cancel is no weight.
    row[np.abs(row) <= 1e-12 * added] = 0.0
    if not row.any():
        raise InputError(f"contrast '{text}': every weight is 0")
    return row


def contrast_rows(texts: Sequence[str], names: Sequence[str]) -> Matrix:
    """Return the weights of coefficients in some contrasts.

    Raises
    ------
    InputError
        For a contrast that cannot be read, or one that others make up.
    """
    rows = np.array([contrast_row(one, names) for one in texts]).reshape(-1, len(names))
    if len(rows) and np.linalg.matrix_rank(rows) < len(rows):
        raise InputError("contrast: one is a combination of the others; leave it out")
    return rows


def free_contrasts(fit: LinearFit, texts: Sequence[str]) -> dict[str, Any]:
    """Return the test of each contrast, and of all of them together.

    Returns
    -------
    dict
        ``each``: ``contrast``, ``weights``, ``estimate``, and t tests ``kenward_roger`` and
        ``satterthwaite``; ``joint``, F tests that all are zero, of several.

    Raises
    ------
    InputError
        For a contrast that cannot be read, or one that others make up.
    """
    rows = contrast_rows(texts, fit.names)
    each = []
    for text, row, (estimate, one) in zip(texts, rows, fit.contrasts(rows), strict=True):
        tests = {
            "kenward_roger": t_test(estimate, one.kenward_roger_se, one.kenward_roger_df),
            "satterthwaite": t_test(estimate, one.se, one.satterthwaite_df),
        }
        told = {name: {**test._asdict(), "ci95": list(test.ci95)} for name, test in tests.items()}
        weights = {name: float(w) for name, w in zip(fit.names, row, strict=True) if w}
        each.append({"contrast": text, "weights": weights, "estimate": estimate, **told})
    found: dict[str, Any] = {"each": each}
    if len(rows) > 1:
        found["joint"] = {name: one._asdict() for name, one in fit.joint_tests(rows).items()}
    return found
