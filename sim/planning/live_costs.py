"""Costs as formulas of a spreadsheet, made by the account's own rules.

A cost line is a rule of arithmetic from resources and prices to money (`sim.planning.costs`). Given
terms in place of numbers it returns a term: the text of a formula over cells, and its value. The
formulas of a workbook are therefore the rules, not a copy of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sim.planning.costs import COST_LINES, ROUNDING

if TYPE_CHECKING:
    from sim.scenarios.schema import Scenario


@dataclass(frozen=True, slots=True)
class Term:
    """A term over cells."""

    text: str  # As it stands in a formula, in brackets where it is a sum or a product
    value: float  # What it comes to with the cells as they are written

    def __add__(self, other: Term | float) -> Term:
        if not isinstance(other, Term) and other == 0.0:
            return self
        return _joined(self, "+", other)

    __radd__ = __add__

    def __sub__(self, other: Term | float) -> Term:
        return _joined(self, "-", other)

    def __rsub__(self, other: float) -> Term:
        return _joined(_term(other), "-", self)

    def __mul__(self, other: Term | float) -> Any:
        # What is not used costs nothing, and adds no cell.
        if not isinstance(other, Term) and other == 0.0:
            return 0.0
        return _joined(self, "*", other)

    __rmul__ = __mul__

    def __rtruediv__(self, other: float) -> Any:
        return 0.0 if other == 0.0 else _joined(_term(other), "/", self)

    def __truediv__(self, other: Term | float) -> Term:
        return _joined(self, "/", other)


def _term(value: Term | float) -> Term:
    return value if isinstance(value, Term) else Term(repr(float(value)), float(value))


def _joined(left: Term, sign: str, other: Term | float) -> Term:
    right = _term(other)
    value = {
        "+": left.value + right.value,
        "-": left.value - right.value,
        "*": left.value * right.value,
        "/": left.value / right.value if right.value else float("nan"),
    }[sign]
    return Term(f"({left.text}{sign}{right.text})", value)


def live_lines(
    use: Mapping[str, Any], prices: Mapping[str, Term], scenario: Scenario
) -> list[tuple[str, str, Term]]:
    """Return name, kind and term of every cost line that is not nought.

    Parameters
    ----------
    use, prices : mapping
        Terms that name the cell of each resource, and of each price.
    scenario : Scenario
        Its own statements on resources go before the prices.
    """
    # Rules do arithmetic alone, and so take terms for numbers.
    terms: Any = prices
    found: list[tuple[str, str, Term]] = []
    for line in COST_LINES:
        amount: Any = line.amount(lambda name: use.get(name, 0.0), terms, scenario)
        if isinstance(amount, Term) and abs(amount.value) > ROUNDING:
            found.append((line.name, line.kind, amount))
    return found
