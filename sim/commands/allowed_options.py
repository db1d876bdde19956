"""Which options of a command have a meaning beside which others, so that none is ignored."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import Any

from sim.errors import InputError


def declare(
    parser: Any,
    *,
    alone_with: Mapping[str, tuple[str, ...]] | None = None,
    only_with: Mapping[str, tuple[str, str | None]] | None = None,
) -> None:
    """Say which options have a meaning; the command line refuses the others.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The command's parser.
    alone_with : mapping
        An option, and the options that have a meaning beside it: all others are refused, those of
        the future too.
    only_with : mapping
        An option, and the one that it needs, with the value that this must have; None for any.
    """
    parser.alone_with = dict(alone_with or {})
    parser.only_with = dict(only_with or {})


def check_used(parser: Any, options: argparse.Namespace, stood: list[str]) -> None:
    """Refuse an option that is given and has no meaning beside the others, or is given twice.

    Raises
    ------
    InputError
        One line that names the options.
    """
    for action in parser._actions:
        # The later value would take the place of the earlier one without a word.
        if isinstance(action, argparse._StoreAction) and stood.count(action.dest) > 1:
            raise InputError(f"{written(action.dest)}: stands twice; give it once")
    for name, beside in getattr(parser, "alone_with", {}).items():
        for one in stood if name in stood else ():
            if one not in (name, "debug", *beside):
                raise InputError(
                    f"{written(one)}: has no meaning with {written(name)}; leave it out"
                )
    for one, (name, value) in getattr(parser, "only_with", {}).items():
        found = getattr(options, name)
        if one in stood and (found in (None, False, []) if value is None else found != value):
            needed = f"{written(name)}{f' {value}' if value else ''}"
            raise InputError(f"{written(one)}: has a meaning only with {needed}")


def by_name(option: str, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return values by name.

    Raises
    ------
    InputError
        If an option sets one name twice.
    """
    found: dict[str, Any] = {}
    for name, value in pairs:
        # A parameter is one, whether set for all or in each scenario.
        if name.removeprefix("parameters.") in (one.removeprefix("parameters.") for one in found):
            raise InputError(f"{written(option)} {name}: is set twice; give it once")
        found[name] = value
    return found


def written(name: str) -> str:
    """Return an option as it is written."""
    return f"--{name.replace('_', '-')}"
