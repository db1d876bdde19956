"""Claims about CONTRIBUTING: its other examples are what they say."""

from __future__ import annotations

import re
from pathlib import Path

from sim.scenarios.library import load_scenario

PAGE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_the_example_of_a_scenario_is_a_scenario(tmp_path: Path) -> None:
    (text,) = [one for one in blocks("toml") if "telephone = " in one]
    path = tmp_path / "weekly-telephone.toml"
    path.write_text(text, encoding="utf-8")
    assert load_scenario(str(path)).support.telephone.intensity == 1.0


def test_the_example_of_a_target_uses_the_fields_of_the_targets_file() -> None:
    import tomllib

    root = PAGE.parent
    known = tomllib.loads((root / "calibration" / "evidence" / "targets.toml").read_text("utf-8"))
    (text,) = [one for one in blocks("toml") if "extractor" in one]
    (example,) = tomllib.loads(text).values()
    assert set(example) <= {name for one in known.values() for name in one}
    assert example["pattern"] not in {one["pattern"] for one in known.values()}
