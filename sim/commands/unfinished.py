"""The folder of a command that simulates long: what was asked, and what is finished so far.

While a command runs, its folder holds a folder `unfinished` with the arguments and the chunks that
are done. It is removed when the results are there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from sim.errors import InputError

FOLDER = "unfinished"
ARGUMENTS_FILE = "arguments.json"
# What may change between two parts of one job, and what the parser adds.
NOT_NOTED = {"out", "resume", "workers", "format", "run", "command", "version", "debug"}


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


@contextlib.contextmanager
def begun(folder: Path | None, given: argparse.Namespace) -> Iterator[Path | None]:
    """Note in a folder what is run there, and give the place for finished chunks.

    What is refused before anything was run leaves nothing behind.

    Raises
    ------
    InputError
        When the folder cannot be written, or holds unfinished work with other arguments.
    """
    if folder is None:
        yield None
        return
    from sim.files import write_whole

    place = folder / FOLDER
    path = place / ARGUMENTS_FILE
    noted = {"command": given.command}
    noted |= {name: value for name, value in vars(given).items() if name not in NOT_NOTED}
    if path.exists() and _read(path) != noted:
        raise InputError(
            f"out = '{folder}': holds unfinished work with other settings; go on with it by "
            "--resume, or name another folder"
        )
    was_there = folder.exists()
    try:
        place.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(noted, indent=1).encode())
    except OSError as error:
        raise InputError(
            f"out = '{folder}': cannot be written ({error.strerror}); nothing was run"
        ) from error
    try:
        yield place
    except InputError:
        if not any(place.rglob("*.npz")):
            ended(folder)
            if not was_there:
                folder.rmdir()
        raise


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
    noted = _read(path)
    if noted.get("command") != given.command:
        raise InputError(
            f"resume = '{given.resume}': was begun by 'refocus {noted.get('command')}', not by "
            f"'refocus {given.command}'"
        )
    return argparse.Namespace(**{**vars(given), **noted, "out": given.resume, "resume": None})


def ended(folder: Path) -> None:
    """Remove what was kept for going on."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _read(path: Path) -> dict[str, object]:
    """Return noted arguments."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); name another folder") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: cannot be read (no arguments); name another folder")
    return found
