"""Which lines of a table are data: not the titles above, nor sums and footnotes below."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from statistics import median

from sim.inputs.tables.numbers import plain_number
from sim.inputs.tables.table import Line

MOST_WORDS_OF_A_NAME = 8
LOOKED_AT = 30
"""Lines among which the headings stand."""

# Names under which people add up; more may follow, as in "Total (34 teams)".
_MORE = r"( *(:|\(.*\)|of .*|for .*|all .*|teams?|wte|fte|staff|posts))?"
_SUM = re.compile(
    r"((sub|grand|overall|trust|teams?|all)?[ -]*totals?|.+ (sub-?)?totals?|sums?|all|all teams|"
    rf"overall|Σ){_MORE}",
    re.IGNORECASE,
)
# Other figures that stand below a table.
_FIGURE = re.compile(
    rf"((averages?|means?|medians?|minimum|maximum|min|max|n *= *\d+){_MORE}|"
    r"counts?|number of teams|range|variance|st(andar)?d\.? *dev(iation)?s?\.?|%( .*)?) *:?",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"((sub|grand|overall)[ -]*)?totals?( *(:|\(.*\)|of .*))?", re.IGNORECASE)
# A mark, or the word that opens a note; "#1" may be the name of a team.
_FOOTNOTE = re.compile(
    r"([*†‡§¹²³]|\(?(note|notes|n\.b\.|nb|source|sources|key|footnote)\b *[:.)])", re.IGNORECASE
)


def heading_at(lines: Sequence[Line], known: Callable[[Sequence[str]], int] | None) -> int:
    """Return the place of the line of headings.

    Parameters
    ----------
    lines : sequence of Line
        Lines that hold anything; at least one.
    known : callable, optional
        Returns how many columns of a line of headings are known; the line with most is it. Without
        it, or where none is known, the first that fills more than half of what lines usually fill.
    """
    looked = lines[:LOOKED_AT]
    if known is not None:
        counts = [known(one.cells) for one in looked]
        if max(counts) > 0:
            return counts.index(max(counts))
    filled = [sum(1 for cell in one.cells if cell) for one in looked]
    return next(place for place, count in enumerate(filled) if 2 * count > median(filled))


def labels_made_one(lines: Sequence[Line], headings: Sequence[str]) -> list[str]:
    """Return what to tell of labels that differ in the file by what cannot be seen.

    Those are blanks around them, and accents that are coded as one sign or as two.

    Parameters
    ----------
    lines : sequence of Line
        Those below the headings.
    headings : sequence of str
    """
    forms: dict[int, dict[str, set[str]]] = {}
    for line in lines:
        for at, written in line.written:
            forms.setdefault(at, {}).setdefault(line.cells[at], set()).add(written)
    notes = []
    for at, ways in sorted(forms.items()):
        plain = {
            one.cells[at]
            for one in lines
            if at < len(one.cells) and all(place != at for place, _ in one.written)
        }
        labels = [
            f"'{one}'"
            for one, kinds in ways.items()
            if (one in plain or len(kinds) > 1) and plain_number(one) is None
        ]
        if labels and at < len(headings):
            more = f" and {len(labels) - 3} others" if len(labels) > 3 else ""
            ends, count = ("its ends", "counts") if len(labels) == 1 else ("their ends", "count")
            accents = "" if all(map(str.isascii, labels)) else " or with accents coded otherwise"
            notes.append(
                f"column '{headings[at]}': {', '.join(labels[:3])}{more} with and without blanks "
                f"at {ends}{accents} {count} as one label"
            )
    return notes


def why_no_data(name: str, cells: Sequence[str], columns: int, rows: str) -> str:
    """Return why a line stands for no row of data, empty where it stands for one.

    A sum is known by its name, a footnote by its sign, or by being a sentence without any number
    beside it in a table that has numbers.

    Parameters
    ----------
    name : str
        What the line is called: its cell in the column of names.
    cells : sequence of str
        The line.
    columns : int
        Columns of the table.
    rows : str
        What a row stands for, as ``team``.
    """
    shown = f"'{name[:40]}'"
    if _SUM.fullmatch(" ".join(name.split())):
        return f"{shown} is a sum over {rows}s, not a {rows}"
    if _FIGURE.fullmatch(" ".join(name.split())):
        return f"{shown} is a figure over {rows}s, not a {rows}"
    return f"{shown} is a footnote, not a {rows}" if _is_footnote(name, cells, columns) else ""


def _is_footnote(name: str, cells: Sequence[str], columns: int) -> bool:
    alone = sum(1 for cell in cells if cell) == 1 and columns > 1
    return alone and bool(_FOOTNOTE.match(name) or len(name.split()) > MOST_WORDS_OF_A_NAME)


def split_off_end(lines: Sequence[Line], columns: int) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """Return lines without the sums and footnotes at their end, and what was left out.

    For tables whose rows have no names: within them, a word such as "mean" may be data.
    """
    kept, told = list(lines), []
    while kept:
        last = kept[-1]
        first = next(one for one in last.cells if one)
        if not _TOTAL.fullmatch(first) and not _is_footnote(first, last.cells, columns):
            break
        what = "a sum over rows" if _TOTAL.fullmatch(first) else "a footnote"
        told.append(f"line {last.number} is left out: '{first[:40]}' is {what}, not a row")
        kept.pop()
    return tuple(kept), tuple(reversed(told))
