"""Claims about the types of rules: a misspelt variable or parameter is an error of mypy."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("mypy")

from scripts.typed_rules import RECORDS, RULES, check, records, typed
from sim.parameters import registry
from sim.state import ACTION, KINDS

ROOT = Path(__file__).resolve().parents[2]
RULE = """\
from __future__ import annotations

from typing import Any


def attends(staff: Any, team: Any, p: Any) -> float:
    return staff.values * team.workload - p.attendance_from_workload + staff.place
"""


def test_a_misspelt_variable_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rule.py"
    path.write_text(RULE, encoding="utf-8")
    assert check([path], tmp_path / "cache") == ("", True)
    wrong = RULE.replace("staff.values", "staff.valeus").replace("team.workload", "team.disclosed")
    path.write_text(wrong.replace("_from_workload", "_from_worklod"), encoding="utf-8")
    said, good = check([path], tmp_path / "cache")
    assert not good
    assert said.count("rule.py:7: error:") == 3
    assert '"Staff" has no attribute "valeus"; maybe "values"' in said
    assert '"Team" has no attribute "disclosed"' in said
    assert 'maybe "attendance_from_workload"' in said


def test_every_variable_and_parameter_is_in_a_record() -> None:
    source = records()
    names = [one.name for table in (*KINDS.values(), ACTION) for one in table] + list(registry())
    for name in names:
        assert f"def {name}(self) -> " in source


def test_a_typed_file_keeps_its_lines() -> None:
    assert len(typed(RULE).splitlines()) == len(RULE.splitlines())
    assert "staff: records_of_rules.Staff, team: records_of_rules.Team" in typed(RULE)


def test_the_rules_read_what_there_is() -> None:
    paths = [path for pattern in RULES for path in sorted(ROOT.glob(pattern))]
    assert len(paths) > 20
    left = {
        name
        for path in paths
        for name in RECORDS
        if f"{name}: Any" in typed(path.read_text(encoding="utf-8")).replace(f"_{name}", "")
    }
    assert left == set(), "every record of a rule has its type"
    assert check(paths) == ("", True)
