"""Find a Chromium to try the page in, or get one: ``python scripts/browser.py``.

As root with apt, Debian's package is installed; otherwise, or when that is no browser, Playwright's
own installer is asked, which needs no rights. Every step has an end, and none fails the caller: the
tests of the page are skipped where no browser starts. What could not be had is not asked for again
on the same day, except in continuous integration.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW = "'.venv/bin/python scripts/browser.py' gets one"
START_SECONDS = 30
GRACE_SECONDS = 5
# Playwright's Chromium is some 170 MB.
FETCH_SECONDS = 300
APT = ("apt-get", "-qq", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::Retries=1")
SOUGHT = Path(sys.prefix) / "browser-sought"


def completes(command: list[str], seconds: float, **environment: str) -> bool:
    """Run a command and all that it starts for so long at most; return whether it succeeded."""
    try:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        return process.wait(seconds) == 0
    except subprocess.TimeoutExpired:
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, how)
                process.wait(GRACE_SECONDS)
        return False


def system_browser() -> str | None:
    """Return the path of a Chromium that the system offers, None when there is none.

    It must start: some packages install a placeholder only.
    """
    for name in NAMES:
        found = shutil.which(name)
        if found is not None and completes([found, "--version"], START_SECONDS):
            return found
    return None


def from_debian() -> bool:
    """Install Debian's package, as root."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return False
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    install = [*APT, "install", "-y", "--no-install-recommends"]
    # What is fetched may be cut off; what unpacks may not, or dpkg is left in pieces.
    return (
        completes([*APT, "update"], FETCH_SECONDS, **quiet)
        and completes([*install, "--download-only", "chromium"], FETCH_SECONDS, **quiet)
        and completes([*install, "--no-download", "chromium"], 2 * FETCH_SECONDS, **quiet)
        and system_browser() is not None
    )


def from_playwright() -> bool:
    """Fetch Playwright's own; at once when it is there."""
    install = [sys.executable, "-m", "playwright", "install", "chromium"]
    return completes(install, FETCH_SECONDS, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT="10000")


def main() -> None:
    """Make sure of a browser where that can be done."""
    if system_browser() is not None:
        return
    today = datetime.date.today().isoformat()
    asked = SOUGHT.read_text(encoding="utf-8") if SOUGHT.exists() else ""
    if asked == today and "--if-new-day" in sys.argv and not os.environ.get("CI"):
        return
    say = "no Chromium here to try the page in; getting one (some minutes at most) ..."
    print(say, file=sys.stderr, flush=True)
    if not (from_debian() or from_playwright()):
        print("no Chromium could be had; the page will not be tried", file=sys.stderr)
        SOUGHT.write_text(today, encoding="utf-8")


if __name__ == "__main__":
    main()
