"""Asks the mesa-frames reference, which lives in an environment of its own, to run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from benchmarks.references.constants import Weekly

ROOT = Path(__file__).resolve().parents[2]
INTERPRETERS = (Path("mesa-frames/bin/python"), Path("mesa-frames/Scripts/python.exe"))


def interpreter() -> Path | None:
    """Return the Python of the environment that has mesa-frames; None when there is none."""
    for one in INTERPRETERS:
        path = Path(sys.prefix) / one
        # An unfinished installation has no such file.
        if path.exists() and (Path(sys.prefix) / "mesa-frames" / "ready").exists():
            return path
    return None


class MesaFrames:
    """A worker process with mesa-frames, on one thread.

    Raises
    ------
    FileNotFoundError
        When mesa-frames is not installed.
    """

    def __init__(self) -> None:
        path = interpreter()
        if path is None:
            raise FileNotFoundError("mesa-frames is not installed")
        self.process = subprocess.Popen(
            [str(path), "-m", "benchmarks.references.mesa_frames_worker"],
            cwd=ROOT,
            env={**os.environ, "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> MesaFrames:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the worker."""
        self.process.communicate()

    def run(
        self, teams: int, users_per_team: int, weeks: int, seed: int = 1
    ) -> tuple[float, Weekly]:
        """Run the model; return processor seconds and what it recorded last.

        Raises
        ------
        RuntimeError
            When the worker process has died.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{teams} {users_per_team} {weeks} {seed}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the mesa-frames reference failed; see above")
        seconds, *recorded = json.loads(answer)
        return seconds, Weekly(*recorded)
