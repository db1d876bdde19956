"""Numbers and chances as a planner reads them: in words where words say it better."""

from __future__ import annotations

import re
from collections.abc import Sequence

MINUS = "−"
# A hyphen before a number that follows no letter, digit, quote or other hyphen: not that of
# "QPR-15", nor of a value as somebody wrote it.
_BEFORE_A_NUMBER = re.compile(r"(?<![\w'\u2212-])-(?=\.?\d)")
NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def true_minus(text: str) -> str:
    """Return a text with a true minus before its negative numbers."""
    return _BEFORE_A_NUMBER.sub(MINUS, text)


def points(value: float, digits: int = 1, sign: bool = True) -> str:
    """Return a difference: signed, a real minus, 'under 0.1' where it rounds to nothing."""
    if value != value:
        return "not known"
    least = 10.0**-digits
    shown = f"{abs(value):.{digits}f}"
    if value == 0.0:
        return "0"
    if float(shown) == 0.0:
        return f"under {least:.{digits}f}" if value > 0.0 else f"over {MINUS}{least:.{digits}f}"
    return f"{MINUS if value < 0.0 else '+' if sign else ''}{shown}"


def limit(value: float, digits: int = 1) -> str:
    """Return one end of a range: a real minus, no plus, nought without a sign."""
    shown = f"{abs(value):.{digits}f}"
    return f"{MINUS if value < 0.0 and float(shown) > 0.0 else ''}{shown}"


def span(low: float, high: float, digits: int = 1) -> str:
    """Return a range, or that there is none."""
    if low != low or high != high:
        return "range not told"
    return f"{limit(low, digits)} to {limit(high, digits)}"


def pounds(value: float, short: bool = False) -> str:
    """Return money: whole pounds, or thousands and millions where it is short."""
    size = abs(value)
    sign = MINUS if value < 0.0 else ""
    if value != value:
        return "not known"
    if not short or size < 1000.0:
        return f"{sign}£{size:,.0f}"
    if size < 999_500.0:
        return f"{sign}£{size / 1e3:,.0f}k"
    return f"{sign}£{size / 1e6:,.1f}m"


def chance(share: float, of: int) -> str:
    """Return a share of draws: in 10, in 100 at the edges, 'none of' and 'all of' at the ends."""
    if share != share:
        return "not known"
    if share <= 0.0:
        return f"none of {of}"
    if share >= 1.0:
        return f"all {of}"
    if 0.095 <= share <= 0.905:
        return f"{max(1, min(9, round(10.0 * share)))} in 10"
    return f"{max(1, min(99, round(100.0 * share)))} in 100"


def first_in(share: float, of: int) -> str:
    """Return a share of draws and what it is of, as "6 in 10 of 60", "4 of 10", or "all 60"."""
    if of <= 10 and 0.0 < share < 1.0:
        return f"{round(share * of)} of {of}"
    text = chance(share, of)
    return text if share <= 0.0 or share >= 1.0 else f"{text} of {of}"


def odds_word(share: float) -> str:
    """Return one of four words for how sure a choice is."""
    if share > 0.9:
        return "likely"
    if share >= 0.65:
        return "probably"
    return "about even" if share >= 0.35 else "hardly"


def listed(names: Sequence[str], join: str = "and") -> str:
    """Return names in a row, as a sentence has them."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {join} {names[-1]}"


def counted(number: int, noun: str, several: str = "") -> str:
    """Return a number with its noun, small ones in words."""
    word = NUMBERS[number] if 0 < number < len(NUMBERS) else f"{number:,}"
    return f"{word} {noun if number == 1 else several or noun + 's'}"


def in_figures(number: int, noun: str) -> str:
    """Return a number with its noun, small ones as figures."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
