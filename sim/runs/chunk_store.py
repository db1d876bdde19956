"""Finished chunks of a long run in a folder, so that it can go on where it was cut off."""

from __future__ import annotations

import inspect
import json
import zlib
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from sim.engines.ensemble import Chunk, Request, describe
from sim.errors import InputError
from sim.files import write_whole

if TYPE_CHECKING:
    import mesa

CHUNK_FOLDER = "chunks"
REQUEST_FILE = "request.json"
# What decides tables beside the rules and the compiled week.
TABLE_SOURCES = ("engines/ensemble.py", "engines/summaries.py")
MESA_SOURCES = ("engines/mesa_model.py", "agents/*.py")


def request_fingerprint(
    request: Request,
    engine: str = "compiled",
    agent_classes: Mapping[str, type[mesa.Agent]] | None = None,
    reduction: str = "",
) -> str:
    """Return a hash of everything that decides what is kept of a request's chunks."""
    from sim.engines import code_cache

    digest = blake2b(digest_size=16)
    digest.update(json.dumps(describe(request), sort_keys=True).encode())
    digest.update(f"{engine} {code_cache.source_hash()} {reduction}".encode())
    for pattern in TABLE_SOURCES if engine == "compiled" else TABLE_SOURCES + MESA_SOURCES:
        for path in sorted(Path(__file__).parents[1].glob(pattern)):
            digest.update(path.read_bytes())
    for kind, own in sorted((agent_classes or {}).items()):
        digest.update(f"{kind} {own.__module__} {own.__qualname__} {source_of(own)}".encode())
    digest.update(np.ascontiguousarray(request.draws).tobytes())
    for name, layout in zip(request.names, request.layouts, strict=True):
        digest.update(name.encode())
        for array in (layout.trusts, layout.teams, layout.actions):
            digest.update(np.ascontiguousarray(array).tobytes())
        digest.update(
            repr(
                (
                    layout.selection_mode,
                    layout.selection_value,
                    layout.selection_reliability,
                    layout.assessment_weeks,
                    layout.team_names,
                    layout.arms,
                )
            ).encode()
        )
    return digest.hexdigest()


def source_of(own: type) -> str:
    """Return the source of a class, empty where it has none (typed in at a prompt)."""
    try:
        return inspect.getsource(own)
    except (OSError, TypeError):
        return ""


def stored_fingerprint(path: Path) -> str | None:
    """Return the fingerprint that a folder's request file names; None when it names none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None
    fingerprint = found.get("fingerprint") if isinstance(found, dict) else None
    return fingerprint if isinstance(fingerprint, str) else None


class ChunkNotStoredError(InputError):
    """A finished chunk could not be written."""


class ChunkStore:
    """Finished chunks in a folder, each written whole or not at all.

    Parameters
    ----------
    folder : Path
        The folder; created when missing.
    request : Request
        The request.
    fingerprint : str
        From `request_fingerprint`; a folder that holds another one is refused.
    names : sequence of str
        Names of the arrays of every chunk.

    Raises
    ------
    InputError
        When the folder holds another request, or cannot be written.
    """

    def __init__(
        self, folder: Path, request: Request, fingerprint: str, names: Sequence[str]
    ) -> None:
        self.folder = folder / CHUNK_FOLDER
        self.names = tuple(names)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = folder / REQUEST_FILE
            if path.exists():
                if stored_fingerprint(path) != fingerprint:
                    raise InputError(
                        f"folder '{folder}': holds another request (or one of another version of "
                        "the model); choose another folder"
                    )
            else:
                text = json.dumps({"fingerprint": fingerprint, **describe(request)}, indent=1)
                write_whole(path, text.encode())
        except OSError as error:
            raise InputError(
                f"folder '{folder}': cannot be written ({error.strerror}); nothing was run"
            ) from error

    def path(self, chunk: Chunk) -> Path:
        """Return the file of a chunk."""
        return self.folder / f"{chunk.number:07d}.npz"

    def read(self, chunk: Chunk) -> dict[str, np.ndarray] | None:
        """Return a stored chunk, or None when it is not there or not readable."""
        from io import BytesIO

        try:
            # Read whole: a damaged file leaves `np.load` without having closed it.
            content = BytesIO(self.path(chunk).read_bytes())
            with np.load(content, allow_pickle=False) as stored:
                return {name: stored[name] for name in self.names}
        except (OSError, ValueError, EOFError, KeyError, BadZipFile, zlib.error):
            return None

    def write(self, chunk: Chunk, tables: Mapping[str, np.ndarray]) -> None:
        """Store a finished chunk.

        Raises
        ------
        ChunkNotStoredError
            When the disk is full or the folder has gone; chunks stored before stay usable.
        """
        from io import BytesIO

        buffer = BytesIO()
        np.savez(buffer, **dict(tables))  # type: ignore[arg-type]
        try:
            write_whole(self.path(chunk), buffer.getvalue())
        except OSError as error:
            raise ChunkNotStoredError(
                f"folder '{self.folder}': chunk {chunk.number} could not be written "
                f"({error.strerror}); chunks stored before are kept, resume with the same folder"
            ) from error
