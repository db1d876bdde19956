"""Rows of a study as a CSV file: one column a field, in the types that the fields have."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

# A NamedTuple of str, int and float.
Row = TypeVar("Row", bound=tuple[Any, ...])


def saved(kind: type[Row], rows: Iterable[Row], path: Path) -> None:
    """Write rows of a kind as a table, those that come as they come."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(get_type_hints(kind))
        writer.writerows(rows)


def loaded(kind: type[Row], path: Path) -> list[Row]:
    """Return rows of a kind that were saved."""
    types = get_type_hints(kind)
    with path.open(encoding="utf-8", newline="") as file:
        return [
            kind(*(of(one[name]) for name, of in types.items()))  # type: ignore[call-arg]
            for one in csv.DictReader(file)
        ]
