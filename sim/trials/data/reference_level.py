"""Which label of a factor the others are compared with: given, recognised as control, or first.

An effect has a direction, and sorting labels decides it by the alphabet: TAU comes after REFOCUS.
A reference that the user names goes first; otherwise a label that means control in ordinary use is
taken and told; otherwise the label that sorts first, as in R, is taken and told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sim.errors import InputError, unknown
from sim.inputs.control_labels import control_label

GIVEN, RECOGNISED, FIRST = "given", "recognised as control", "sorts first"


class Reference(NamedTuple):
    """The label that the others of a factor are compared with."""

    label: str
    chosen: str  # {'given', 'recognised as control', 'sorts first'}


def choose_reference(levels: Sequence[str], given: str | None = None) -> Reference:
    """Return the reference of a factor.

    Parameters
    ----------
    levels : sequence of str
        Its labels, in the order in which they sort.
    given : str, optional
        What the user named.
    """
    if given is not None:
        return Reference(given, GIVEN)
    control = control_label(levels)
    return Reference(levels[0], FIRST) if control is None else Reference(control, RECOGNISED)


def read_references(
    given: Sequence[str], levels: Mapping[str, Sequence[str]], tested: Sequence[str]
) -> dict[str, str]:
    """Return the reference that a user names for each factor.

    Parameters
    ----------
    given : sequence of str
        ``LABEL`` for the tested factor, or ``COLUMN=LABEL``.
    levels : mapping from column to labels
        Columns that are, or can be, factors.
    tested : sequence of str
        Columns of the tested term.

    Raises
    ------
    InputError
        If a column is no factor of the model, has no such label, or is named twice; or if a label
        alone does not tell which factor is meant.
    """
    found: dict[str, str] = {}
    for text in given:
        column, _, label = text.partition("=")
        column, label = column.strip().strip("`"), label.strip()
        if "=" not in text or column not in levels:
            # The label itself may hold a sign of equality.
            label = text.strip()
            own = [one for one in tested if one in levels]
            if not own and "=" not in text:
                raise InputError(f"reference = '{text}': the tested term has no factor")
            holds = [one for one in own if _same_label(label, levels[one]) is not None]
            if len(holds) > 1:
                raise InputError(
                    f"reference = '{text}': {' and '.join(holds)} have this label; write "
                    f"{holds[0]}={label}"
                )
            if not holds and "=" in text:
                raise unknown("factor for --reference", column, levels)
            column = holds[0] if holds else own[0]
        matched = _same_label(label, levels[column])
        if matched is None:
            raise unknown(f"label of '{column}' for --reference", label, levels[column])
        if column in found:
            raise InputError(f"reference = '{text}': '{column}' has a reference already")
        found[column] = matched
    return found


def _same_label(label: str, levels: Sequence[str]) -> str | None:
    """Return the label that is meant: the same, or the only one that differs in capitals alone."""
    if label in levels:
        return label
    alike = [one for one in levels if one.casefold() == label.casefold()]
    return alike[0] if len(alike) == 1 else None
