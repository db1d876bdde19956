"""Claims about the promise of the README: one command sets a copy up, and the page opens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LEFT_OUT = shutil.ignore_patterns(".venv*", ".git", "results", "site", ".*_cache", "__pycache__")
PATIENCE = 120.0


@pytest.mark.slow
def test_a_fresh_copy_runs_and_serves_after_the_first_command(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    }
    run = subprocess.run(
        ["./run", "--version"], cwd=copy, env=clean, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert re.match(r"refocus \d+\.\d+\.\d+", run.stdout)
    listing = subprocess.run(
        [copy / ".venv" / "bin" / "refocus", "list", "scenarios"],
        cwd=tmp_path,
        env=clean,
        capture_output=True,
        text=True,
    )
    assert "refocus-as-delivered" in listing.stdout, listing.stderr[-2000:]
    said = tmp_path / "said.txt"
    with said.open("w") as stream:
        server = subprocess.Popen(
            [copy / ".venv" / "bin" / "refocus", "serve", "--port", "0", "--keep", tmp_path / "k"],
            cwd=tmp_path,
            env=clean,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        address = None
        end = time.monotonic() + PATIENCE
        while address is None and time.monotonic() < end and server.poll() is None:
            time.sleep(0.2)
            address = re.search(r"http://127\.0\.0\.1:\d+/", said.read_text(encoding="utf-8"))
        assert address is not None, said.read_text(encoding="utf-8")[-2000:]
        with urllib.request.urlopen(address.group(0), timeout=PATIENCE) as answer:
            assert b"<title>" in answer.read()
    finally:
        server.terminate()
        server.wait(PATIENCE)
