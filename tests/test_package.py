"""Claims about what is shipped: the wheel has all of both packages, and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

pytest.importorskip("hatchling")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return {path.suffix: path for path in folder.iterdir()}


def of_packages() -> set[str]:
    """Return the files of both packages that are committed."""
    listed = subprocess.run(
        ["git", "ls-files", "sim", "calibration"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode:
        pytest.skip("no git here, so what is committed is not known")
    return {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}


def test_the_wheel_has_every_file_of_both_packages(built: dict[str, Path]) -> None:
    names = {one for one in zipfile.ZipFile(built[".whl"]).namelist() if ".dist-info/" not in one}
    assert of_packages() - names == set()
    assert {name.split("/")[0] for name in names} == {"sim", "calibration"}


def test_the_wheel_says_what_it_is(built: dict[str, Path]) -> None:
    wheel = zipfile.ZipFile(built[".whl"])
    (about,) = (one for one in wheel.namelist() if one.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(wheel.read(about).decode())
    assert metadata["Name"] == "refocus-simulation"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert "REFOCUS" in str(metadata.get_payload())
    (commands,) = (one for one in wheel.namelist() if one.endswith("entry_points.txt"))
    assert "refocus = sim.cli:main" in wheel.read(commands).decode()


def test_the_source_archive_can_be_tested_and_cited(built: dict[str, Path]) -> None:
    with tarfile.open(built[".gz"]) as archive:
        names = {one.partition("/")[2] for one in archive.getnames()}
    wanted = {"pyproject.toml", "README.md", "LICENSE", "CITATION.cff", "paper.md", "paper.bib"}
    assert wanted - names == set()
    assert any(one.startswith("tests/trials/") for one in names)
    assert not any(one.startswith(("results/", ".venv/")) for one in names)


def test_the_paper_cites_what_its_list_has() -> None:
    text = (ROOT / "paper.md").read_text(encoding="utf-8")
    entries = re.findall(r"^@\w+\{(\w+),", (ROOT / "paper.bib").read_text(encoding="utf-8"), re.M)
    assert set(re.findall(r"@(\w+)", text)) == set(entries)
    parts = ("Summary", "Statement of need", "State of the field", "Software design")
    for part in (*parts, "Research impact statement", "Acknowledgements", "References"):
        assert f"# {part}\n" in text
