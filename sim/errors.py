"""Errors a user can cause, in one line: the field, the value, the rule, the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names the field, the value and the rule. The command line prints
    it and ends with exit code 2, without a traceback.
    """


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return a hint that names the valid name closest to `name`, or an empty string.

    Parameters
    ----------
    name : str
        What the user wrote.
    valid : iterable of str
        The names that exist.

    Returns
    -------
    str
        ``"; did you mean 'x'?"`` or ``""`` when nothing is close.
    """
    choices = {str(one).lower(): str(one) for one in valid}
    found = get_close_matches(str(name).lower(), list(choices), n=1, cutoff=0.5)
    return f"; did you mean '{choices[found[0]]}'?" if found else ""


def unknown(kind: str, name: str, valid: Iterable[str]) -> InputError:
    """Build the error for a name that does not exist, with the nearest one that does."""
    names = sorted(str(one) for one in valid)
    hint = nearest(name, names)
    listed = "" if hint else f"; valid: {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}"
    return InputError(f"unknown {kind} '{name}'{hint}{listed}")
