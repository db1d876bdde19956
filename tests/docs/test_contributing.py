"""Claims about CONTRIBUTING: its examples are what they say."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sim.parameters import defaults, to_record
from sim.scenarios.library import load_scenario

PAGE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def test_the_example_of_a_scenario_is_a_scenario(tmp_path: Path) -> None:
    (text,) = [one for one in blocks("toml") if one.startswith("extends")]
    path = tmp_path / "weekly-telephone.toml"
    path.write_text(text, encoding="utf-8")
    assert load_scenario(str(path)).support.telephone.intensity == 1.0


def test_the_example_of_a_measure_scores_within_its_range() -> None:
    (text,) = [one for one in blocks("python") if "def loneliness_score" in one]
    # Its purpose exists only once the example has been followed; another's stands in.
    scope: dict[str, Any] = {}
    exec(text.replace("LONELINESS_DAY, Key", "HOPE_DAY as LONELINESS_DAY, Key"), scope)
    numbers = {"loneliness_mean": 45.0, "loneliness_sd": 10.0, "loneliness_retest": 0.8}
    known = to_record(defaults())[0]
    p = SimpleNamespace(**{name: known[name] for name in known.dtype.names}, **numbers)
    scores = [
        scope["loneliness_score"](SimpleNamespace(connectedness=level), p, (1, 2, 3, 4, 5, 6), 0)
        for level in (-9.0, -1.0, 0.0, 1.0, 9.0)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 80.0
    assert scores[-1] == 20.0


def test_the_example_of_a_target_uses_the_fields_of_the_targets_file() -> None:
    import tomllib

    root = PAGE.parent
    known = tomllib.loads((root / "calibration" / "targets.toml").read_text("utf-8"))
    (text,) = [one for one in blocks("toml") if "extractor" in one]
    (example,) = tomllib.loads(text).values()
    assert set(example) <= {name for one in known.values() for name in one}
