"""The published lists of names: ERIC, CFIR 2.0, Proctor's outcomes, RE-AIM."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sim.errors import unknown

FILE = Path(__file__).with_name("frameworks.toml")


class Framework(NamedTuple):
    """One published list."""

    title: str  # What it is called
    what: str  # What one of its names is, such as ``ERIC strategy``
    source: str  # Where it was published, and how its names were checked here
    groups: Mapping[str, tuple[str, ...]]  # Its names by the heading under which it has them

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the list."""
        return tuple(name for group in self.groups.values() for name in group)

    def checked(self, name: str, where: str) -> str:
        """Return a name that is in the list.

        Raises
        ------
        InputError
            When it is not; the nearest one that is, is named.
        """
        if name not in self.names:
            raise unknown(f"{self.what} of {where}:", name, self.names)
        return name


@cache
def frameworks() -> Mapping[str, Framework]:
    """Return the lists by short name: ``eric``, ``cfir``, ``proctor`` and ``re_aim``."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: Framework(
            table["title"],
            table["what"],
            table["source"],
            {heading: tuple(names) for heading, names in table["groups"].items()},
        )
        for name, table in tables.items()
    }
