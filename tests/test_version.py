"""Results say which version gave them, so two versions' numbers must not bear one name."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from sim.pages.stored import stored

ROOT = Path(__file__).resolve().parents[1]


def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def test_every_file_that_names_the_version_names_the_same() -> None:
    said = {
        name: json.loads((ROOT / name).read_text(encoding="utf-8"))["version"]
        for name in ("codemeta.json", ".zenodo.json", "sim/pages/stored.json")
    }
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    said["CITATION.cff"] = re.findall(r"^version: (.+)$", citation, flags=re.M)[0]
    assert said == dict.fromkeys(said, version())
    assert stored().worked_out.endswith(version())


def test_what_is_unreleased_does_not_bear_the_name_of_a_release() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d[\w.]*)\]", changes, flags=re.M)
    unreleased = re.search(r"^## \[Unreleased\]\n(.*?)^## \[", changes, flags=re.M | re.S)
    if unreleased and unreleased[1].strip():
        assert version() not in released
        assert ".dev" in version()
    else:
        assert version() == released[0]
