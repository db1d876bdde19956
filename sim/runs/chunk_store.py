"""Finished pieces of long work in a folder, so that it can go on where it was cut off.

Every work has a folder of its own within it, named by its fingerprint. Every piece carries that
fingerprint, its number, its size and a checksum; one that is damaged, or is another work's or
another piece's, is as good as none and computed again.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from sim.engines import code_cache
from sim.engines.ensemble import Request, describe
from sim.errors import InputError
from sim.files import NotWrittenError, reason, write_whole

if TYPE_CHECKING:
    import mesa

REQUEST_FILE = "request.json"
SEAL = "seal"
# What pieces cannot depend on: how results are shown.
SHOWN_ONLY = ("cli.py", "commands", "report", "web")


def fingerprint(*parts: Any) -> str:
    """Return a hash of arrays and of anything with a stable text."""
    digest = blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype} {part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        elif dataclasses.is_dataclass(part) and not isinstance(part, type):
            # Not its text, which leaves out the middle of long arrays.
            inner = (getattr(part, one.name) for one in dataclasses.fields(part))
            digest.update(fingerprint(type(part).__name__, *inner).encode())
        else:
            digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


@cache
def source_version(*packages: Path) -> str:
    """Return a hash of all source that can decide a piece, and of the libraries it runs on.

    Parameters
    ----------
    *packages : Path
        Folders of packages beside `sim` itself.
    """
    digest = blake2b(code_cache.source_hash().encode(), digest_size=16)
    for root in (Path(__file__).parents[1], *packages):
        for path in sorted(
            one for kind in ("py", "toml", "csv") for one in root.rglob(f"*.{kind}")
        ):
            name = path.relative_to(root)
            if name.parts[0] not in SHOWN_ONLY:
                digest.update(name.as_posix().encode() + b"\0" + path.read_bytes())
    for library in ("scipy", "mesa", "pandas"):
        digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()


def request_fingerprint(
    request: Request,
    engine: str = "compiled",
    agent_classes: Mapping[str, type[mesa.Agent]] | None = None,
    reduction: str = "",
) -> str:
    """Return a hash of everything that decides what is kept of a request's chunks."""
    own = sorted((agent_classes or {}).items())
    classes = [(kind, one.__module__, one.__qualname__, source_of(one)) for kind, one in own]
    return fingerprint(
        source_version(),
        sorted(describe(request).items()),
        engine,
        reduction,
        classes,
        request.draws,
        *request.names,
        *request.layouts,
    )


def source_of(own: type) -> str:
    """Return the source of a class, empty where it has none (typed in at a prompt)."""
    try:
        return inspect.getsource(own)
    except (OSError, TypeError):
        return ""


class ChunkStore:
    """Finished pieces of one work, each written whole or not at all.

    Parameters
    ----------
    folder : Path
        Created when missing; pieces of other work in it are left alone.
    identity : str
        Fingerprint of everything that decides the pieces.
    names : sequence of str
        Names of the arrays of every piece.
    about : mapping
        What the work is, for people who look into the folder.

    Raises
    ------
    InputError
        When the folder cannot be written.
    """

    def __init__(
        self, folder: Path, identity: str, names: Sequence[str], about: Mapping[str, Any]
    ) -> None:
        self.folder = folder / identity[:16]
        self.identity = identity
        self.names = tuple(names)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"fingerprint": identity, **about}, indent=1, default=str)
            write_whole(self.folder / REQUEST_FILE, text.encode())
        except (OSError, ValueError) as error:
            told = f"folder '{folder}': cannot be written ({reason(error)})"
            # A command has several works in one folder: what others of them stored is not lost.
            if folder.is_dir() and next(folder.rglob("*.npz"), None) is not None:
                raise NotWrittenError(
                    f"{told}; chunks stored before are kept, resume with the same folder"
                ) from error
            raise InputError(f"{told}; nothing was run") from error

    def path(self, number: int) -> Path:
        """Return the file of a piece."""
        return self.folder / f"{number:07d}.npz"

    def seal(self, number: int, size: int, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return what a piece carries: whose it is, its number and size, and a checksum."""
        checksum = fingerprint(*(part for name in self.names for part in (name, arrays[name])))
        return np.array([self.identity, str(number), str(size), checksum])

    def read(self, number: int, size: int) -> dict[str, np.ndarray] | None:
        """Return a stored piece; None when it is not there, damaged, or another one."""
        try:
            # Read whole: a damaged file leaves `np.load` without having closed it.
            content = BytesIO(self.path(number).read_bytes())
            with np.load(content, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in self.names}
                found = stored[SEAL]
        except (OSError, ValueError, EOFError, KeyError, BadZipFile, zlib.error):
            return None
        return arrays if np.array_equal(found, self.seal(number, size, arrays)) else None

    def write(self, number: int, size: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Store a finished piece.

        Raises
        ------
        NotWrittenError
            When the disk is full or the folder has gone; pieces stored before stay usable.
        """
        buffer = BytesIO()
        content = {
            **{name: arrays[name] for name in self.names},
            SEAL: self.seal(number, size, arrays),
        }
        np.savez(buffer, **content)  # type: ignore[arg-type]
        try:
            write_whole(self.path(number), buffer.getvalue())
        except OSError as error:
            raise NotWrittenError(
                f"folder '{self.folder.parent}': chunk {number} could not be written "
                f"({reason(error)}); chunks stored before are kept, resume with the same folder"
            ) from error
