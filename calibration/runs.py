"""Many simulated trials: in threads, block by block, stored as they finish, resumable.

The compiled week releases Python's lock, so threads use all processors. A block is a pure function
of its inputs; a stored block is read instead of run again, and a folder that holds blocks of other
inputs (or another version of the model) is refused.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import InputError
from sim.files import write_whole

BLOCK = 64
# The calibration's own source that decides what is stored.
VERSIONED = (
    "extractors.py",
    "fit.py",
    "likelihood.py",
    "priors.py",
    "recovery.py",
    "rivals.py",
    "runs.py",
    "scenarios.py",
    "smc.py",
    "trial.py",
)
_local = threading.local()


def fingerprint(*parts: Any) -> str:
    """Return a hash of arrays and of anything with a stable text."""
    digest = blake2b(digest_size=12)
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(str(part.dtype).encode() + str(part.shape).encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(repr(part).encode())
    return digest.hexdigest()


def code_version() -> str:
    """Return a hash of the model's source and of the calibration's own."""
    from sim.engines import code_cache

    digest = blake2b(code_cache.source_hash().encode(), digest_size=10)
    root = Path(__file__).parent
    for name in VERSIONED:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def thread_space() -> dict[Any, Any]:
    """Return the calling thread's own dictionary of workspaces."""
    if not hasattr(_local, "space"):
        _local.space = {}
    space: dict[Any, Any] = _local.space
    return space


class Progress:
    """Prints how far a stage is, at most every few seconds."""

    def __init__(self, quiet: bool = False, every: float = 10.0) -> None:
        self.quiet, self.every, self.last = quiet, every, 0.0

    def __call__(self, stage: str, done: int, total: int, seconds: float) -> None:
        now = time.monotonic()
        if self.quiet or (now - self.last < self.every and done < total):
            return
        self.last = now
        left = seconds / done * (total - done) if done else float("nan")
        print(f"{stage}: {done} of {total}, {seconds:.0f} s, about {left:.0f} s left", flush=True)


def run_rows(
    stage: str,
    rows: int,
    one: Callable[[int], np.ndarray],
    identity: str,
    *,
    folder: Path | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> np.ndarray:
    """Compute `one(row)` for every row and return them stacked.

    Parameters
    ----------
    stage : str
        Name for progress and for the stored blocks.
    rows : int
        Number of rows.
    one : callable
        Pure function of the row's number.
    identity : str
        Fingerprint of everything that decides the rows.
    folder : Path, optional
        Where blocks are kept.
    workers : int, optional
        Threads; all processors by default.
    progress : Progress, optional
        Called after each block.

    Raises
    ------
    InputError
        When the folder holds another stage of this name, or cannot be written.
    """
    store = folder / stage if folder is not None else None
    if store is not None:
        try:
            store.mkdir(parents=True, exist_ok=True)
            path = store / "identity.json"
            if path.exists():
                if json.loads(path.read_text(encoding="utf-8"))["identity"] != identity:
                    raise InputError(
                        f"folder '{folder}': stage '{stage}' is of other targets, priors, settings "
                        "or another version of the model; choose another folder"
                    )
            else:
                write_whole(path, json.dumps({"identity": identity, "rows": rows}).encode())
        except OSError as error:
            raise InputError(f"folder '{folder}': cannot be written ({error.strerror})") from error
    starts = list(range(0, rows, BLOCK))
    parts: dict[int, np.ndarray] = {}
    begun = time.monotonic()

    def block(start: int) -> tuple[int, np.ndarray]:
        place = store / f"{start:08d}.npy" if store is not None else None
        if place is not None and place.exists():
            try:
                return start, np.load(place)
            except (OSError, ValueError, EOFError):
                place.unlink(missing_ok=True)
        values = np.array([one(row) for row in range(start, min(start + BLOCK, rows))])
        if place is not None:
            buffer = BytesIO()
            np.save(buffer, values)
            write_whole(place, buffer.getvalue())
        return start, values

    with ThreadPoolExecutor(max_workers=max(1, workers or os.cpu_count() or 1)) as pool:
        done = 0
        for start, values in pool.map(block, starts):
            parts[start] = values
            done += len(values)
            if progress is not None:
                progress(stage, done, rows, time.monotonic() - begun)
    return np.concatenate([parts[start] for start in starts])
