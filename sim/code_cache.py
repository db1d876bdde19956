"""Where compiled code is kept: a folder named after all source that compiled code can reach.

numba's own cache looks only at the file of the function it compiled; when a rule in another file
changes, it goes on using the old code. Here the folder's name carries a hash of every source file
that the compiled week can reach, so that an edited rule is compiled anew.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
import tempfile
from pathlib import Path

SOURCES = (
    "streams.py",
    "state.py",
    "events.py",
    "compiled.py",
    "mechanisms/*.py",
    "measures/*.py",
    # Names of parameters are compiled in; their values are not, so the TOML files are left out.
    "parameters/*.py",
)
KEPT_FOLDERS = 6
OUR_FOLDER = re.compile(r"[0-9a-f]{20}")


def source_hash() -> str:
    """Return a hash of all source that compiled code can reach, and of what compiles it."""
    from importlib.metadata import version

    root = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=10)
    for pattern in SOURCES:
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


def prepare() -> Path | None:
    """Create the folder for this source and return it; None when no folder can be written.

    Old folders beyond the last few are removed.
    """
    try:
        folder = cache_root() / source_hash()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        folder.touch()
    except OSError:
        return None
    _remove_old(folder)
    return folder


def _remove_old(current: Path) -> None:
    folders = [
        one
        for one in current.parent.iterdir()
        if one != current and OUR_FOLDER.fullmatch(one.name) and one.is_dir()
    ]
    folders.sort(key=lambda one: one.stat().st_mtime, reverse=True)
    for old in folders[KEPT_FOLDERS - 1 :]:
        shutil.rmtree(old, ignore_errors=True)


def is_filled(folder: Path | None) -> bool:
    """Return whether code has been compiled into the folder before."""
    return folder is not None and any(folder.rglob("*.nbi"))
