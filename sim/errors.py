"""Errors a user can cause, in one line: the field, the value, the rule, the nearest valid name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Self

LONGEST_WORD = 300
LONGEST_MESSAGE = 1200
MOST_PROBLEMS = 60


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message is one line that names the field, the value and the rule. The command line prints
    it and ends with exit code 2, without a traceback. What it repeats of the user's own text cannot
    steer a terminal: see `printable`.
    """

    # All problems of a file, where there are several; the message then begins with their number.
    problems: tuple[str, ...] = ()

    def __init__(self, message: str) -> None:
        words = (printable(word, LONGEST_WORD) for word in message.split(" "))
        super().__init__(printable(" ".join(words), LONGEST_MESSAGE))

    @classmethod
    def of(cls, where: str, problems: Sequence[str]) -> Self:
        """Return the error for all problems of a file at once.

        Parameters
        ----------
        where : str
            The file.
        problems : sequence of str
            Each names line, column, value and rule; at least one.
        """
        if len(problems) == 1:
            return cls(f"{where}, {problems[0]}")
        error = cls(f"{where}: {len(problems)} problems; {'; '.join(problems)}")
        error.problems = tuple(str(cls(one)) for one in problems)
        return error

    def lines(self) -> list[str]:
        """Return the message as lines: one, or a heading and one for each problem."""
        if not self.problems:
            return [str(self)]
        shown = [f"  {one}" for one in self.problems[:MOST_PROBLEMS]]
        more = len(self.problems) - len(shown)
        heading = str(self).partition("; ")[0]
        return [heading, *shown, *([f"  and {more} more"] if more else [])]


def printable(text: str, longest: int) -> str:
    """Return text as it may be repeated: one line, signs that do not print spelt out, shortened.

    Parameters
    ----------
    text : str
        Anything, such as what a user wrote.
    longest : int
        Characters; what is longer loses its middle.
    """
    if len(text) > longest:
        text = f"{text[: longest * 2 // 3]}...{text[len(text) - longest // 4 :]}"
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


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
    names = sorted({str(one) for one in valid})
    hint = nearest(name, names)
    listed = "" if hint else f"; valid: {', '.join(names[:12])}{', ...' if len(names) > 12 else ''}"
    return InputError(f"unknown {kind} '{name}'{hint}{listed}")


def nearest_field(dotted: str, known: Iterable[str]) -> str:
    """Return a hint on where a field that is unknown may have been meant to stand.

    Parameters
    ----------
    dotted : str
        Its name, with the tables that it stands in.
    known : iterable of str
        The dotted names that exist.

    Returns
    -------
    str
        The nearest field of the same table; else one of the same name elsewhere; else the table's.
    """
    names = list(known)
    table, _, last = dotted.rpartition(".")
    beside = {name.rpartition(".")[2] for name in names if name.rpartition(".")[0] == table}
    if hint := nearest(last, beside):
        return hint
    elsewhere = [name for name in names if name.rpartition(".")[2] == last]
    if elsewhere:
        return f"; did you mean '{elsewhere[0]}'?"
    return f"; valid: {', '.join(sorted(beside))}"
