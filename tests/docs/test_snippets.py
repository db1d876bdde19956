"""Claims about the documentation: every command and every piece of Python in it runs.

A block is left out only where a line before it says ``<!-- not run: WHY -->``. Blocks of one page
run in order, in one folder; a TOML block after ``<!-- file: NAME -->`` is saved under that name.
"""

from __future__ import annotations

import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli import main

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(
    r"(?:<!-- (?P<note>not run|file): (?P<value>[^>]+) -->\n\s*)?"
    r"^(?P<indent> *)```(?P<kind>\w+)\n(?P<body>.*?)^ *```$",
    re.DOTALL | re.MULTILINE,
)
# They never end, or call these tests.
NOT_HERE = ("refocus serve", "./test", ". .venv/bin/activate")
# Trials beyond the fewest that are allowed run no other code.
SIMULATIONS = re.compile(r"--simulations (\d+)")
GENERATED = ("ODD.md", "parameters.md", "scenarios.md", "tables.md")


def blocks(path: Path) -> list[tuple[str, str, str]]:
    """Return kind, title and text of each block of a page that is to be run."""
    found = []
    for match in BLOCK.finditer(path.read_text(encoding="utf-8")):
        if match["note"] == "not run" or match["kind"] not in ("python", "sh", "toml"):
            continue
        indent = len(match["indent"])
        body = "".join(line[indent:] + "\n" for line in match["body"].splitlines())
        found.append((match["kind"], match["value"] or "", body))
    return found


PAGES = sorted(
    page
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    if page.name not in GENERATED and blocks(page)
)


def commands(body: str) -> list[str]:
    """Return the commands of a shell block, without comments and what is not run here."""
    joined = body.replace("\\\n", " ")
    lines = [re.sub(r"\s+#.*$", "", line).strip() for line in joined.splitlines()]
    return [one for one in lines if one and not one.startswith(("#", *NOT_HERE))]


def run_command(shown: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a command as the shell would that stands in the folder, but in this process.

    Starting another takes longer than most of them work.
    """
    fewer = SIMULATIONS.sub(lambda one: f"--simulations {min(int(one[1]), 20)}", shown)
    words = shlex.split(fewer)
    target = folder / words.pop() if words[-2:-1] == [">"] else None
    words = words[: len(words) - (target is not None)]
    if words == ["./run"]:
        words += ["run", "usual-care", "refocus-as-delivered", "--out", "results/first-run"]
    assert words[0] in ("refocus", "./run"), shown
    assert not {"|", ">", "<", "&&", ";"} & set(words), f"{shown}: this needs a shell"
    capsys.readouterr()
    code = main(words[1:])
    said = capsys.readouterr()
    assert code == 0, f"{shown}: {said.err[-2000:]}"
    if target is not None:
        target.write_text(said.out, encoding="utf-8")


def run_python(body: str, script: Path) -> None:
    """Run a piece of Python in this process, or in one of its own where it starts others."""
    script.write_text(f"if __name__ == '__main__':\n{indented(body)}", encoding="utf-8")
    if "LocalCluster" not in body:
        runpy.run_path(str(script), run_name="__main__")
        return
    run = subprocess.run(
        [sys.executable, script],
        cwd=script.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, f"{run.stderr[-2000:]}\n{run.stdout[-500:]}"


@pytest.mark.usefixtures("unpainted")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_shows_runs(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "calibration").symlink_to(ROOT / "calibration")
    for number, (kind, title, body) in enumerate(blocks(page)):
        if kind == "toml" and title:
            (tmp_path / title).write_text(body, encoding="utf-8")
        elif kind == "sh":
            for one in commands(body):
                run_command(one, tmp_path, capsys)
        elif kind == "python":
            run_python(body, tmp_path / f"block_{number}.py")


def indented(body: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in body.splitlines())


def test_pages_with_something_to_run_are_found() -> None:
    names = {page.name for page in PAGES}
    assert {"README.md", "index.md", "own-teams.md", "python.md", "cluster.md"} <= names


def test_a_block_is_left_out_only_where_the_page_says_why(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = (
        "```sh\na # why\n```\n<!-- not run: slow -->\n```sh\nb\n```\n"
        "1. x\n\n   <!-- file: c.toml -->\n   ```toml\n   d = 1\n   ```\n"
    )
    page.write_text(text, encoding="utf-8")
    assert blocks(page) == [("sh", "", "a # why\n"), ("toml", "c.toml", "d = 1\n")]
    assert commands("a # why\n# note\nrefocus serve\n") == ["a"]
