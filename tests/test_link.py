"""A link of the chain is one file: what a contributor's new mechanism needs, tried in a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.link import STAFF, After, Link, Phase, gathered, phase

SIM = Path(__file__).resolve().parents[1] / "sim"

BURNOUT = """
'''Burnout: a heavy workload wears people out, and who is worn out stays away from training.'''

from typing import Any, NamedTuple

from sim.link import STAFF, After, Do, Link, phase, real
from sim.mechanisms.bounds import close_gap, share


class Burnout(NamedTuple):
    '''A person's emotional exhaustion.'''

    burnout: float


def burnout_start(p: Any, key: Any) -> Burnout:
    '''Begin as exhausted as the average person.'''
    return Burnout(p.burnout_mean)


def burnout_after_week(staff: Any, team: Any, p: Any) -> Burnout:
    '''Follow the workload: b' = b + f (m w - b).'''
    return Burnout(close_gap(staff.burnout, share(p.burnout_mean * team.workload), p.burnout_pace))


LINK = Link(
    state={STAFF: (real("burnout", "emotional exhaustion"),)},
    start={STAFF: (burnout_start,)},
    week=(After("retain", phase("tire", STAFF, "Tire, or rest.", Do(burnout_after_week))),),
)
"""
PARAMETERS = "\n".join(
    ["# Emotional exhaustion of staff."]
    + [
        f"""
[{name}]
label = "{label}"
unit = "0-1"
default = {default}
bounds = [0.0, 1.0]
prior = {{ family = "uniform", low = 0.0, high = 1.0 }}
grade = "assumption"
source = "an example"
help = "An example."
"""
        for name, label, default in (
            ("burnout_mean", "Mean exhaustion", 0.4),
            ("burnout_pace", "Weekly pace of exhaustion", 0.1),
            ("attendance_from_burnout", "What exhaustion takes from attendance", 0.9),
        )
    ]
)
# The one line that reads it: in the rule of attendance.
BEFORE = "        + p.attendance_from_leader *"
READ = "        - p.attendance_from_burnout * staff.burnout\n"
PROGRAM = """
import sys
sys.path.insert(0, "TESTS")
import inspect
from sim.agents import Staff
from sim.engines.mesa_model import RecoveryModel
from sim.engines.week_source import table_text, week_source
from sim.parameters import LINKS, registry
from sim.state import KINDS
from tests.worlds import Recipe
from tests.test_week import difference
assert KINDS["staff"][-1].name == "burnout"
assert registry()["burnout_pace"].link == "burnout" and list(LINKS)[-1] == "burnout"
assert "burnout_after_week" in inspect.getsource(Staff.tire)
assert "burnout_start" in inspect.getsource(Staff.arrive)
assert "staff.burnout = new_burnout_after_week.burnout" in week_source()
assert "tire              Tire, or rest." in table_text()
for kind in ("busy", "corners"):
    recipe = Recipe(5, 3, True, 1, 2, kind, 1, 5, 2)
    assert difference(recipe) == "", difference(recipe)
model = RecoveryModel(recipe.layout(4), seed=1).run_weeks(3)
assert len({one.burnout for one in model.staff}) > 1
print("both engines follow")
"""


def test_a_new_link_is_one_file_its_parameters_and_the_line_that_reads_it(tmp_path: Path) -> None:
    shutil.copytree(SIM, tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "sim" / "mechanisms"
    (folder / "burnout.py").write_text(BURNOUT, encoding="utf-8")
    (folder / "burnout.toml").write_text(PARAMETERS, encoding="utf-8")
    training = (folder / "training.py").read_text(encoding="utf-8")
    assert training.count(BEFORE) == 1
    (folder / "training.py").write_text(training.replace(BEFORE, READ + BEFORE), encoding="utf-8")
    # The tests of this project are used as they are, on the copy of the package.
    (tmp_path / "tests").symlink_to(SIM.parent / "tests")
    (tmp_path / "docs").symlink_to(SIM.parent / "docs")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM.replace("TESTS", str(tmp_path))],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "both engines follow"


def tired(name: str) -> Phase:
    return phase(name, STAFF, "Tire.")


def test_links_that_ask_for_the_same_place_come_in_the_order_of_their_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    links = {
        "a": Link(week=(After("rest", tired("first")),)),
        "b": Link(week=(After("rest", tired("second")), After("first", tired("between")))),
    }
    monkeypatch.setattr("sim.link.links", lambda: links)
    names = [one.name for one in gathered((tired("rest"), tired("last")))]
    assert names == ["rest", "first", "between", "second", "last"]
    with pytest.raises(InputError, match=r"unknown phase of the week in a.py 'rest'"):
        gathered((tired("last"),))
