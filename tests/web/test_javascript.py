"""Claims about the page's JavaScript: the linter finds nothing, and would find what is wrong."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BESIDE = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
BIOME = shutil.which("biome", path=BESIDE)

pytestmark = pytest.mark.skipif(BIOME is None, reason="no biome for this machine; see biome.json")


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    assert BIOME is not None
    return subprocess.run(
        [BIOME, "lint", "--error-on-warnings", "--colors=off"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_page_has_no_fault_that_a_linter_sees() -> None:
    done = linted(ROOT)
    assert done.returncode == 0, done.stderr
    folders = (ROOT / "sim/web/static", ROOT / "sim/pages/parts")
    files = sum(len(list(one.glob("*.js"))) for one in folders)
    checked = re.search(r"Checked (\d+) files", done.stdout + done.stderr)
    assert checked is not None
    assert int(checked[1]) >= files > 20


def test_a_misspelt_name_and_an_unused_one_are_found(tmp_path: Path) -> None:
    shutil.copy(ROOT / "biome.json", tmp_path)
    page = tmp_path / "sim/web/static/wrong.js"
    page.parent.mkdir(parents=True)
    page.write_text("export function f(used, unused) {\n  return usde;\n}\n", encoding="utf-8")
    done = linted(tmp_path)
    assert done.returncode != 0
    assert "noUndeclaredVariables" in done.stderr
    assert "noUnusedFunctionParameters" in done.stderr
