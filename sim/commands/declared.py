"""Which options of a command have a meaning beside which others, so that none is ignored."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
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


def check_used(parser: Any, given: argparse.Namespace, stood: list[str]) -> None:
    """Refuse an option that is given and has no meaning beside the others.

    Raises
    ------
    InputError
        One line that names both options.
    """
    for name, beside in getattr(parser, "alone_with", {}).items():
        for one in stood if name in stood else ():
            if one not in (name, "debug", *beside):
                raise InputError(
                    f"{written(one)}: has no meaning with {written(name)}; leave it out"
                )
    for one, (name, value) in getattr(parser, "only_with", {}).items():
        found = getattr(given, name)
        if one in stood and (found in (None, False, []) if value is None else found != value):
            needed = f"{written(name)}{f' {value}' if value else ''}"
            raise InputError(f"{written(one)}: has a meaning only with {needed}")


def written(name: str) -> str:
    """Return an option as it is written."""
    return f"--{name.replace('_', '-')}"
