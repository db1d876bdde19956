"""Where compiled code is kept: a folder named after all source that compiled code can reach.

numba's own cache looks only at the file of the function it compiled; when a rule in another file
changes, it goes on using the old code. Here the folder's name carries a hash of every source file
that the compiled code can reach, so that an edited rule is compiled anew. The compiled week and the
compiled mixed model have a folder each.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import os
import platform
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.files import write_whole

SOURCES = (
    "elementary.py",
    "element.py",
    "link.py",
    "streams.py",
    "state.py",
    "events.py",
    "week.py",
    "week_text.py",
    "engines/compiled.py",
    "engines/linked_code.py",
    "engines/linked_compiler.py",
    "engines/observing.py",
    "engines/posts.py",
    "engines/rules.py",
    "engines/week_source.py",
    "mechanisms/*.py",
    "measures/*.py",
    # Names of parameters are compiled in; their values are not, so the TOML files are left out.
    "parameters/*.py",
)
FIT_SOURCES = (
    "engines/linked_code.py",
    "engines/linked_compiler.py",
    "trials/fits/random_intercept.py",
    "trials/fits/random_intercept_compiled.py",
    "trials/fits/t_distribution.py",
)
KEPT_FOLDERS = 8
# Versions that work at the same time, as several checkouts do, are not to take each other's code.
SECONDS_IN_USE = 24 * 3600
# numba has one folder at a time for all threads.
FOLDER_LOCK = threading.Lock()
OUR_FOLDER = re.compile(r"[0-9a-f]{20}")


def source_hash(sources: Sequence[str] = SOURCES) -> str:
    """Return a hash of all source that compiled code can reach, and of what compiles it.

    Parameters
    ----------
    sources : sequence of str
        Patterns of files: the compiled week's, or `FIT_SOURCES`.
    """
    from importlib.metadata import version

    root = Path(__file__).parents[1]
    digest = hashlib.blake2b(digest_size=10)
    for pattern in sources:
        for path in sorted(root.glob(pattern)):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    for name in ("numba", "llvmlite", "numpy"):
        digest.update(f"{name} {version(name)}".encode())
    digest.update(f"{sys.version_info[:3]} {platform.machine()}".encode())
    return digest.hexdigest()


def cache_root() -> Path:
    """Return the folder for compiled code: `REFOCUS_CACHE_DIR`, else the user's cache folder."""
    named = os.environ.get("REFOCUS_CACHE_DIR")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return Path(base or Path.home() / ".cache") / "refocus-simulation"


def prepare(sources: Sequence[str] = SOURCES) -> Path | None:
    """Create the folder for this source and return it; None when no folder can be written.

    Folders beyond the last few that were not used for a day are removed.
    """
    try:
        folder = cache_root() / source_hash(sources)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        folder.touch()
    except OSError:
        return None
    _remove_old(folder)
    return folder


def _remove_old(current: Path) -> None:
    used = {}
    for one in current.parent.iterdir():
        # Another process may be removing it.
        with contextlib.suppress(FileNotFoundError):
            if one != current and OUR_FOLDER.fullmatch(one.name) and one.is_dir():
                used[one] = one.stat().st_mtime
    oldest_last = sorted(used, key=lambda one: used[one], reverse=True)
    for old in oldest_last[KEPT_FOLDERS - 1 :]:
        if time.time() - used[old] > SECONDS_IN_USE:
            shutil.rmtree(old, ignore_errors=True)


def _spare_linear_algebra() -> None:
    """Import numba's functions of arrays without `scipy.linalg`: half a second of every start.

    numba imports it there to see whether it is installed, which this project requires. Code that
    multiplies matrices imports it by itself.
    """
    name = "numba.np.arraymath"
    if name in sys.modules:
        return
    linalg: Any = importlib.import_module("numba.np.linalg")
    really = getattr(linalg, "ensure_blas", None)
    if really is None:
        # Another numba, which is left to itself.
        return
    linalg.ensure_blas = lambda: None
    try:
        arrays: Any = importlib.import_module(name)
    finally:
        linalg.ensure_blas = really
    arrays.ensure_blas = really


def compiler(folder: Path | None, **options: Any) -> Callable[..., Any]:
    """Return a decorator that compiles a function and keeps the code in a folder, if there is one.

    Compiled functions hold no lock on the interpreter. `options` are numba's.

    Raises
    ------
    InputError
        When numba has been told not to compile: the loops read records as only compiled code can.
    """
    import numba

    _spare_linear_algebra()
    config: Any = numba.config
    if config.DISABLE_JIT:
        given = os.environ.get("NUMBA_DISABLE_JIT", "1")
        raise InputError(
            f"NUMBA_DISABLE_JIT = '{given}': must be unset or 0, as this needs compiled code; "
            "single worlds run without it as 'sim.engines.mesa_model'"
        )

    def compiled(function: Callable[..., Any]) -> Any:
        # numba asks for the folder when it meets the function, not when it compiles it.
        with FOLDER_LOCK:
            before = config.CACHE_DIR
            config.CACHE_DIR = "" if folder is None else str(folder)
            try:
                return numba.njit(nogil=True, cache=folder is not None, **options)(function)
            finally:
                config.CACHE_DIR = before

    return compiled


def kept_text(folder: Path | None, name: str, write: Callable[[], str]) -> str:
    """Return a text that follows from the source, as it is kept beside the code where it is.

    Parameters
    ----------
    folder : Path or None
        The folder of the source; without one, the text is written each time.
    name : str
        Name of the file. It names what else the text follows from than the folder's source.
    write : callable
        Writes the text.
    """
    if folder is None:
        return write()
    path = folder / name
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8")
    text = write()
    with contextlib.suppress(OSError):
        write_whole(path, text.encode())
    return text


def is_filled(folder: Path | None) -> bool:
    """Return whether code has been compiled into the folder before."""
    return folder is not None and any(folder.rglob("*.nbi"))


def first_compilation(sources: Sequence[str] = SOURCES) -> bool:
    """Return whether code will be compiled first, because none is kept for this source."""
    folder = cache_root() / source_hash(sources)
    return not is_filled(folder if folder.exists() else None)
