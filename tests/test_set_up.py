"""Claims about the set-up: who installs, and that getting a browser ends and fails nobody."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts import browser

ROOT = Path(__file__).parents[1]


def program(folder: Path, name: str, line: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder in which programs are looked for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(browser, "SOUGHT", tmp_path / "sought")
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def test_a_browser_is_one_that_starts(alone: Path) -> None:
    assert browser.system_browser() is None
    program(alone, "chromium", "exit 1")
    assert browser.system_browser() is None, "a placeholder is none"
    program(alone, "google-chrome", "exit 0")
    assert browser.system_browser() == str(alone / "google-chrome")


def test_what_takes_too_long_is_ended_with_all_that_it_started() -> None:
    begun = time.monotonic()
    assert not browser.completes(["/bin/sh", "-c", "sleep 30 & sleep 30; wait"], 0.5)
    assert time.monotonic() - begun < 15.0
    assert not browser.completes([str(Path("no") / "such-program")], 1.0)


def test_what_cannot_be_had_is_told_and_asked_for_once_a_day(
    alone: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []
    monkeypatch.setattr(browser, "from_debian", lambda: asked.append("debian") is not None)
    monkeypatch.setattr(browser, "from_playwright", lambda: asked.append("playwright") is not None)
    monkeypatch.setattr(sys, "argv", ["browser.py", "--if-new-day"])
    browser.main()
    assert asked == ["debian", "playwright"]
    assert "will not be tried" in capsys.readouterr().err
    browser.main()
    assert asked == ["debian", "playwright"]
    monkeypatch.setenv("CI", "true")
    browser.main()
    assert asked == ["debian", "playwright"] * 2
    program(alone, "chromium", "exit 0")
    browser.main()
    assert len(asked) == 4, "nothing is asked for where a browser starts"


def test_debian_is_asked_as_root_only_and_what_unpacks_is_not_what_fetches(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(alone, "apt-get", f'echo "$*" >> "{alone}/asked"')
    monkeypatch.setattr(browser.os, "geteuid", lambda: 1000)
    assert not browser.from_debian()
    assert not (alone / "asked").exists()
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0)
    program(alone, "chromium", "exit 0")
    assert browser.from_debian()
    steps = (alone / "asked").read_text(encoding="utf-8").splitlines()
    assert ["update" in steps[0], "--download-only" in steps[1], "--no-download" in steps[2]] == [
        True
    ] * 3


@pytest.mark.parametrize(
    ("configured", "tool"),
    [
        ("", "uv pip install"),
        ("global.extra-index-url='https://example.org/more'", "uv pip install"),
        ("global.index-url='https://example.org/own'", "python -m pip install"),
        (":env:.no-index='1'", "python -m pip install"),
    ],
)
def test_an_index_of_one_s_own_is_left_to_pip(alone: Path, configured: str, tool: str) -> None:
    log = f'echo "$(basename "$0") $*" >> "{alone}/asked"'
    program(alone, "python", f'case "$*" in *config*) echo "{configured}";; *) {log};; esac')
    program(alone, "uv", log)
    assert asked_to_install(alone).startswith(tool)


def test_where_uv_fails_pip_installs(alone: Path) -> None:
    program(
        alone, "python", f'case "$*" in *config*) ;; *) echo "pip $*" >> "{alone}/asked";; esac'
    )
    program(alone, "uv", "exit 1")
    assert asked_to_install(alone).startswith("pip -m pip install")


def asked_to_install(folder: Path) -> str:
    """Return the last line that the programs in a folder noted while packages were installed."""
    steps = '. scripts/environment.sh; venv=$0; bin=$0; install_by_uv "x" || install_by_pip "x"'
    path = f"{folder}{os.pathsep}{os.defpath}"
    found = subprocess.run(["sh", "-c", steps, folder], cwd=ROOT, env={"PATH": path}, timeout=60)
    assert found.returncode == 0
    return (folder / "asked").read_text(encoding="utf-8").splitlines()[-1]


def test_a_collection_that_fails_leaves_no_other_versions_behind(tmp_path: Path) -> None:
    for folder in (".ci", "scripts", ".venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    program(tmp_path, "test", "exit 0")
    program(tmp_path / "scripts", "other_versions.sh", "sleep 30 & : >started; wait")
    program(tmp_path / ".venv" / "bin", "python", "until [ -e started ]; do :; done; exit 3")
    reader, writer = os.pipe()
    # Whatever was started has the pipe open until it ends.
    ended = subprocess.run([tmp_path / ".ci" / "run"], pass_fds=[writer], timeout=20.0)
    os.close(writer)
    assert ended.returncode == 3
    assert select.select([reader], [], [], 10.0)[0], "something runs still"
    os.close(reader)


def test_types_that_are_wrong_are_told_and_nothing_goes_on_after_an_interrupt(
    tmp_path: Path,
) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "test", tmp_path / "test")
    found = f'root="{tmp_path}"; venv=$root; bin=$root; prepare() {{ :; }}'
    (tmp_path / "scripts" / "environment.sh").write_text(found, encoding="utf-8")
    program(tmp_path, "ruff", "exit 0")
    program(tmp_path, "python", "exit 0")
    program(tmp_path, "mypy", "echo wrong; exit 1")
    command = [tmp_path / "test", "tests/one.py"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20.0)
    assert (ended.returncode, ended.stdout.splitlines()[-2:]) == (1, ["wrong", "failed: mypy"])
    program(tmp_path, "mypy", f'exec "{sys.executable}" -c "import time; time.sleep(30)"')
    begins = ': >"$(dirname "$0")/begun"; exec sleep 30'
    program(tmp_path, "python", f'case "$*" in *pytest*) {begins};; esac')
    reader, writer = os.pipe()
    # Who runs these tests in the background may have Ctrl-C ignored, which would be passed on.
    hears = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    begun = subprocess.Popen(
        [sys.executable, "-c", hears, *command], pass_fds=[writer], start_new_session=True
    )
    os.close(writer)
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    os.killpg(begun.pid, signal.SIGINT)
    assert begun.wait(20.0) == 130
    assert select.select([reader], [], [], 10.0)[0], "something runs still"
    os.close(reader)
