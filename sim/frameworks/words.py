"""What things here are called in the published lists, read from beside the things themselves."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import InputError, unknown
from sim.frameworks.names import frameworks
from sim.parameters.registry import WORDS, own_tables


class Words(NamedTuple):
    """Names of one thing in the published lists."""

    eric: tuple[str, ...] = ()  # Implementation strategies that it is
    cfir: tuple[str, ...] = ()  # Determinants of implementation on which it acts
    # Outcomes that it is.
    proctor: tuple[str, ...] = ()
    re_aim: tuple[str, ...] = ()
    why: str = ""  # Why a list has no name for it, or how far a name fits


def words_of_table(name: str, table: Mapping[str, Any]) -> Words:
    """Return the words of one thing from its table.

    Raises
    ------
    InputError
        For a field that does not exist, and for a name that is in no list; the nearest is given.
    """
    where = f'[{WORDS}."{name}"]'
    for field in table:
        if field not in Words._fields:
            raise unknown(f"field of {where}:", field, Words._fields)
    names = {
        one: tuple(framework.checked(name, where) for name in table.get(one, ()))
        for one, framework in frameworks().items()
    }
    words = Words(**names, why=table.get("why", ""))
    if words == Words():
        raise InputError(f"{where}: must give a name, or say why there is none ('why')")
    return words


def words_in(path: Path) -> dict[str, Words]:
    """Return the words in a file that holds nothing else, by field or measure."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: words_of_table(name, table) for name, table in tables[WORDS].items()}


@cache
def own_words() -> Mapping[str, Words]:
    """Return the words beside links and instruments, by field of a scenario or by score.

    Raises
    ------
    InputError
        As `words_of_table`, and when a name stands in two files.
    """
    return {name: words_of_table(name, table) for name, table in own_tables(WORDS).items()}


def joined(names: Iterable[str]) -> str:
    """Return names as one cell of a table."""
    return "; ".join(names)


def names_by_list(words: Words) -> dict[str, str]:
    """Return what something is called, by the title of each list that has a name for it."""
    return {
        framework.title: joined(getattr(words, name))
        for name, framework in frameworks().items()
        if getattr(words, name)
    }
