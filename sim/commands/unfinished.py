"""The folder of a command that simulates long: what was asked, and what is finished so far.

While a command runs, its folder holds a folder `unfinished` with the arguments and the chunks that
are done. It is removed when the results are there.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.errors import InputError

FOLDER = "unfinished"
ARGUMENTS_FILE = "arguments.json"
# What may change between two parts of one job, and what the parser adds.
NOT_NOTED = {"out", "resume", "workers", "run", "version", "debug"}


def arguments_of(given: argparse.Namespace) -> dict[str, Any]:
    """Return what is noted of a command's arguments, so that it can be gone on with."""
    return {name: value for name, value in vars(given).items() if name not in NOT_NOTED}


def read_arguments(path: Path) -> dict[str, Any]:
    """Return noted arguments.

    Raises
    ------
    InputError
        When they cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); name another folder") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: cannot be read (no arguments); name another folder")
    return found


def with_arguments(given: argparse.Namespace, noted: dict[str, Any]) -> argparse.Namespace:
    """Return the noted arguments, to go on in the folder `given.resume`."""
    return argparse.Namespace(**{**vars(given), **noted, "out": given.resume, "resume": None})


def checked_folder(name: str, result: str) -> Path:
    """Return a folder to write to.

    Parameters
    ----------
    name : str
        A new folder, an empty one, or one that the same command has written to.
    result : str
        A file that the command writes there.

    Raises
    ------
    InputError
        When it is no folder, or holds something else.
    """
    folder = Path(name)
    if folder.exists():
        if not folder.is_dir():
            raise InputError(f"out = '{name}': exists and is no folder")
        known = (folder / result).exists() or (folder / FOLDER / ARGUMENTS_FILE).exists()
        if any(folder.iterdir()) and not known:
            raise InputError(f"out = '{name}': holds something else; name another folder")
    return folder


def begun(folder: Path, given: argparse.Namespace) -> Path:
    """Note in a folder what is run there, and return the place for finished chunks.

    Raises
    ------
    InputError
        When the folder cannot be written, or holds unfinished work with other arguments.
    """
    from sim.files import write_whole

    place = folder / FOLDER
    path = place / ARGUMENTS_FILE
    noted = arguments_of(given)
    if path.exists() and read_arguments(path) != noted:
        raise InputError(
            f"out = '{folder}': holds unfinished work with other settings; go on with it by "
            "--resume, or name another folder"
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(noted, indent=1).encode())
    except OSError as error:
        raise InputError(
            f"out = '{folder}': cannot be written ({error.strerror}); nothing was run"
        ) from error
    return place


def resumed(given: argparse.Namespace, named: Sequence[str]) -> argparse.Namespace:
    """Return the arguments of the unfinished work that the folder `given.resume` holds.

    Parameters
    ----------
    given : argparse.Namespace
        The arguments of the command that goes on.
    named : sequence of str
        Scenarios named in it.

    Raises
    ------
    InputError
        When the folder holds nothing unfinished, or another command's, or scenarios are named.
    """
    if named:
        raise InputError("resume: give no scenarios; the folder knows them")
    path = Path(given.resume) / FOLDER / ARGUMENTS_FILE
    if not path.exists():
        raise InputError(
            f"resume = '{given.resume}': holds nothing unfinished; see 'refocus {given.command} "
            "--out'"
        )
    noted = read_arguments(path)
    if noted.get("command") != given.command:
        raise InputError(
            f"resume = '{given.resume}': was begun by 'refocus {noted.get('command')}', not by "
            f"'refocus {given.command}'"
        )
    return with_arguments(given, noted)


def ended(folder: Path) -> None:
    """Remove what was kept for going on."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)
