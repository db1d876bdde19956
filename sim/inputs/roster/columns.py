"""The columns of a roster file: what each means, and what holds where it is missing."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from sim.errors import InputError, nearest
from sim.inputs.tables.numbers import plain_number
from sim.reading.numbers import number_in

LONGEST_NAME = 100
_YES = frozenset({"1", "yes", "y", "true"})
_NO = frozenset({"0", "no", "n", "false"})


@dataclass(frozen=True, slots=True)
class RosterColumn:
    """One column."""

    name: str  # Heading
    # {'name', 'choice', 'whole', 'number', 'yes/no'}: What its cells hold.
    kind: Literal["name", "choice", "whole", "number", "yes/no"]
    unit: str  # Of a number
    default: str  # What holds where the column or a cell is missing, in words
    # Bounds of a number, both included.
    low: float | None
    high: float | None
    choices: tuple[str, ...]  # What a choice can be
    grade: str  # Evidence grade of the default: trial, literature or assumption
    help: str  # Meaning
    # Other headings under which people have it, small and with underscores for blanks.
    also: tuple[str, ...] = ()
    # Whether a whole number may be given with a fraction, as whole-time equivalents are; the
    # nearest whole number is simulated.
    fractions: bool = False

    @property
    def rule(self) -> str:
        """What a cell must hold, in words."""
        if self.kind == "name":
            return f"must be a name of 1 to {LONGEST_NAME} printable characters"
        if self.kind == "choice":
            return f"must be one of {', '.join(self.choices)}"
        if self.kind == "yes/no":
            return "must be yes or no"
        noun = "a whole number" if self.kind == "whole" else "a number"
        return f"must be {noun} in [{self.low:g}, {self.high:.7g}] ({self.unit})"

    def read(self, text: str, decimal: str = ".") -> str | int | float:
        """Return what a filled cell holds.

        Parameters
        ----------
        text : str
            The cell, without spaces around it.
        decimal : {'.', ','}
            Mark of decimals of the file.

        Raises
        ------
        InputError
            When the cell breaks the column's rule.
        """
        if self.kind == "name":
            return self._name(text)
        if self.kind == "choice":
            wanted = " ".join(text.lower().split())
            if wanted not in self.choices:
                raise self._wrong(text, nearest(wanted, self.choices))
            return wanted
        if self.kind == "yes/no":
            if text.lower() not in _YES | _NO:
                raise self._wrong(text)
            return 1 if text.lower() in _YES else 0
        return self._number(text, decimal)

    def _name(self, text: str) -> str:
        name = " ".join(text.split())
        if len(name) > LONGEST_NAME or not name.isprintable():
            raise self._wrong(text)
        return name.lower() if self.name == "type" else name

    def _number(self, text: str, decimal: str) -> int | float:
        written = plain_number(text, decimal)
        value = None if written is None else number_in(written.text)
        if value is None:
            unit = re.fullmatch(r"([+-]?\d[\d.,]*) *[A-Za-z].*", text)
            hint = f"; write {unit[1]} alone" if unit and plain_number(unit[1], decimal) else ""
            if text.startswith("="):
                hint = "; it was never worked out: open the workbook and save it"
            raise self._wrong(text, hint)
        if written is not None and written.percent:
            # Exactly: 9.7 / 100.0 is not 0.097.
            value = float(Decimal(written.text).scaleb(-2))
        if self.fractions and math.isfinite(value):
            value = math.floor(value + 0.5)
        low = float("-inf") if self.low is None else self.low
        high = float("inf") if self.high is None else self.high
        if not low <= value <= high:
            # A share of 27 is meant as 27%.
            hint = f"; did you mean {text}%?" if self.unit == "share" and 1 < value <= 100 else ""
            raise self._wrong(text, hint)
        if self.kind == "number":
            return value
        if not float(value).is_integer():
            raise self._wrong(text)
        return int(value)

    def _wrong(self, text: str, hint: str = "") -> InputError:
        shown = text if len(text) <= 40 else f"{text[:37]}..."
        return InputError(f"{self.name} = {shown!r}: {self.rule}{hint}")


def described_columns(tables: Mapping[str, Any]) -> tuple[RosterColumn, ...]:
    """Return columns from tables as they stand in the TOML file beside this one."""
    return tuple(
        RosterColumn(
            name,
            low=table.pop("low", None),
            high=table.pop("high", None),
            choices=tuple(table.pop("choices", ())),
            also=tuple(table.pop("also", "").split()),
            **table,
        )
        for name, table in ((name, dict(one)) for name, one in tables.items())
    )


ROSTER_COLUMNS = described_columns(
    tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
)


def limits_of(name: str) -> tuple[float, float]:
    """Return the lowest and highest value of a column of numbers, both included."""
    column = next(one for one in ROSTER_COLUMNS if one.name == name)
    assert column.low is not None
    assert column.high is not None
    return column.low, column.high
