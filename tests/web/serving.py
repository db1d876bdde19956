"""`refocus serve` for tests, and what tests send to it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
SESSION = {"x-refocus-session": "abcdefgh12345678"}
JSON = {**SESSION, "content-type": "application/json"}


def job(kind: str, settings: Any) -> bytes:
    """Return the body that asks for a job."""
    return json.dumps({"kind": kind, "settings": settings}).encode()


class Served:
    """`refocus serve` in a process of its own."""

    def __init__(self, folder: Path, *arguments: str, jobs: int | None = 1) -> None:
        command = [sys.executable, "-m", "sim.cli", "serve", "--port", "0", "--keep", str(folder)]
        command += [] if jobs is None else ["--jobs", str(jobs)]
        self.process = subprocess.Popen(
            [*command, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        # What nobody reads would stop the server as soon as the pipe is full.
        self.told: list[str] = []
        self.listener = threading.Thread(target=self.told.extend, args=(self.process.stderr,))
        self.listener.start()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert found, line
        self.port = int(found[1])
        self.address = f"http://127.0.0.1:{self.port}"
        end = time.monotonic() + 30.0
        # Not over TLS: to read its certificates takes longer than to ask.
        while True:
            try:
                httpx.get(f"{self.address}/api/health", verify=False)
                return
            except httpx.TransportError:
                assert time.monotonic() < end
                time.sleep(0.05)

    def stop(self) -> None:
        """Ask it to stop, as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60.0)
        self.listener.join(60.0)
        assert self.process.stderr is not None
        self.process.stderr.close()
