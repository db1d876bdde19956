"""Long work of a command: progress, Ctrl-C, and how to go on afterwards."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sim.commands.simulation import compile_first, progress_bar, say, stop_on_interrupt
from sim.commands.unfinished import begun, ended
from sim.errors import InputError
from sim.reading.numbers import whole


@contextlib.contextmanager
def long_work(
    folder: Path | None, given: argparse.Namespace, worlds: int
) -> Iterator[dict[str, Any]]:
    """Give long work its threads, progress, cancelling, and a place for finished chunks.

    Parameters
    ----------
    folder : Path or None
        The command's folder.
    given : argparse.Namespace
        The arguments; they are noted in the folder.
    worlds : int
        Worlds to simulate, for the progress bar.

    Yields
    ------
    dict
        Keyword arguments workers, folder, on_progress and should_cancel of
        `sim.runs.simulate.simulate_reduced`.

    Raises
    ------
    InputError
        When the folder cannot be written, or holds unfinished work with other arguments. What is
        refused before anything was run leaves nothing behind.
    KeyboardInterrupt
        When somebody cancelled; how to go on has then been told.
    """
    from sim.runs.simulate import Cancelled, Interrupted

    workers = None if given.workers is None else whole("workers", given.workers, 1, 1024)
    compile_first()
    hint = "" if folder is None else f"; go on with: refocus {given.command} --resume {folder}"
    was_there = folder is not None and folder.exists()
    place = None if folder is None else begun(folder, given)
    try:
        with stop_on_interrupt() as asked, progress_bar(worlds) as show:
            yield {
                "workers": workers,
                "folder": place,
                "on_progress": show,
                "should_cancel": lambda: asked[0],
            }
    except Cancelled as stopped:
        say(f"{stopped}{hint}")
        raise KeyboardInterrupt from stopped
    except Interrupted as stopped:
        raise InputError(f"{stopped}{hint}") from stopped
    except InputError:
        if folder is not None and place is not None and not any(place.rglob("*.npz")):
            ended(folder)
            if not was_there:
                folder.rmdir()
        raise
