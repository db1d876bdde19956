"""What CONTRIBUTING promises: five changes, each a few files, made and tried in a copy."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.newcomer import PAGE, ROOT, changes

# Files and lines at most; no number of lines was set for the last three.
MOST = {"1": (4, 60), "2": (3, 40), "3": (1, 10), "4": (2, 60), "5": (2, 90)}
PROGRAM = """
import inspect, json, sys
import numpy as np
from types import SimpleNamespace
from docs import build_odd
from sim.agents import ServiceUser, Staff
from sim.commands.explain import element_text, parameter_text, state_text
from sim.engines import posts, rules
from sim.engines.mesa_model import RecoveryModel
from sim.engines.week_source import week_source
from sim.errors import InputError
from sim.inputs.roster import trial_roster
from sim.link import elements
from sim.measures.catalogue import measure
from sim.measures.user import UserScores, user_scores
from sim.mechanisms import burnout, peers
from sim.mechanisms.training import attendance_probability
from sim.parameters import LINKS, defaults, registry
from sim.planning.costs import cost_lines, kind_of
from sim.planning.prices import shipped_prices
from sim.planning.resources import RESOURCES, everybody, plan_of, resources_used, yearly_use
from sim.scenarios.expand import programme_calendar
from sim.scenarios.library import adjusted, load_scenario
from sim.scenarios.safe import components_of
from sim.scenarios.text import scenario_template
from sim.state import KINDS
from sim.web.presets import editable_fields
from tests.test_week import difference
from tests.worlds import Recipe, busy_parameters, plain_record, toy_layout

p = defaults()
found = {}
found["engines"] = [
    difference(Recipe(5, 3, True, 1, 2, kind, 1, 5, 2)) for kind in ("busy", "corners")
]
found["source"] = [line.strip() for line in week_source().splitlines()]

# 1. Peer-support workers.
scenario = load_scenario("peer-workers")
roster = trial_roster(1)
plan = plan_of(scenario, roster, np.zeros(len(roster.rows), int), 52)
used = yearly_use(resources_used(plan, everybody(plan)))
prices = shipped_prices()
lines = cost_lines(used, prices.values(), scenario)
with_peers = toy_layout(weeks=20)
without = toy_layout(weeks=20)
with_peers.actions["peer_workers"] = 1.0
hopes = []
for layout in (without, with_peers):
    model = RecoveryModel(layout, busy_parameters(hope_from_peer_support=1.0), seed=3).run_weeks(20)
    hopes.append(float(np.mean([one.hope for one in model.service_users])))
    support = [one.peer_support for one in model.service_users]
found["peers"] = {
    "control": editable_fields()["beyond.peer_workers.intensity"].rule,
    "calendar": float(programme_calendar(scenario, 60)["peer_workers"].sum()),
    "component": "peer-support workers" in components_of(scenario),
    "posts": [len(roster.rows), float(used["peer_weeks"].sum()), RESOURCES["peer_weeks"]],
    "money": [float(lines["peer-support workers"].sum()), kind_of("peer-support workers")],
    "price": [prices.entries["peer_worker_week"].price_year, "peer_worker_week" in registry()],
    "parameter": parameter_text("hope_from_peer_support"),
    "explained": element_text("peer_workers"),
    "hopes": hopes,
    "support": [min(support), max(support)],
    "method": inspect.getsource(ServiceUser.meet_peer),
    "chain": build_odd.chain(),
    "odd": ["`beyond.peer_workers`" in build_odd.action_table(), build_odd.other_sections()],
}

# 2. Burnout.
model = RecoveryModel(toy_layout(weeks=30), busy_parameters(), seed=1)
newcomers = []
for week in range(30):
    model.run_weeks(1)
    newcomers += [one.burnout for one in model.staff if one.present and not one.weeks_in_post]
given = [plain_record(kind) for kind in ("staff", "team", "trust", "action")]
rested = attendance_probability(*given, p)
given[0].burnout = 1.0
found["burnout"] = {
    "variable": KINDS["staff"][-1].name,
    "home": [registry()["burnout_pace"].link, LINKS["burnout"]],
    "method": inspect.getsource(Staff.tire),
    "explained": state_text("burnout"),
    "values": len({one.burnout for one in model.staff}),
    "newcomers": [one <= p.burnout_pace for one in newcomers],
    "arrive": inspect.getsource(Staff.arrive),
    "attendance": [rested, attendance_probability(*given, p)],
}

# 3. Missed sessions.
given[3].made_up_for = 0.5
changed = adjusted(load_scenario("refocus-as-delivered"), {"training.made_up_for": 0.5})
try:
    adjusted(changed, {"training.made_up_for": 1.5})
    refused = ""
except InputError as error:
    refused = str(error)
found["choice"] = {
    "attendance": [found["burnout"]["attendance"][1], attendance_probability(*given, p)],
    "calendar": programme_calendar(changed, 60)["made_up_for"][[0, 51, 52]].tolist(),
    "refused": refused,
    "control": editable_fields()["training.made_up_for"].help,
    "template": "made_up_for = 0.0" in scenario_template(),
}

# 4. Welch's t test.
from dataclasses import replace
from scipy import stats
from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.analysis_plan import AnalysisPlan, analyse_trial, default_plan
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import parallel
from sim.trials.designs.design_file import design_fields
design = replace(parallel(7, 9, size_variation=0.6), name="arms")
source = StatisticalSource(40.0, 10.0, Correlations(0.08, 0.8, 0.6), effect=4.0)
data = source.simulate(design, 3, 0)
planned = analyse_trial(data, design, replace(default_plan(design), test="welch"))
frame = data.frame()
table = analyse_table(frame, "outcome ~ arm + (1|cluster)", "arm", declared=AnalysisPlan("welch"))
means = frame.groupby(["arm", "cluster"])["outcome"].mean()
control, treated = sorted(frame["arm"].unique())
expected = stats.ttest_ind(means.loc[treated], means.loc[control], equal_var=False)
found["welch"] = {
    "choice": "welch" in design_fields()["analysis.test"].choices,
    "p": [planned.p, table["declared"]["p"], float(expected.pvalue)],
    "df": [planned.df, float(expected.df)],
}

# 5. Loneliness.
users = model.service_users
def scores(user):
    return user_scores(user, 0.0, p, user.key, 0)
found["loneliness"] = {
    "column": UserScores._fields.index("loneliness"),
    "before": UserScores._fields.index("service_cost"),
    "dtype": "loneliness" in rules.SCORES_DTYPE.names,
    "title": measure("loneliness").title,
    "link": registry()["loneliness_mean"].link,
    "scores": [scores(one).loneliness for one in users],
    "connected": [one.connectedness for one in users],
    "odd": "loneliness" in build_odd.catalogue_table(),
}

# The new rules compile, and give plain Python's bits.
from numba import njit
staff = np.zeros(1, posts.STAFF_DTYPE)
team = np.zeros(1, rules.TEAM_DTYPE)
user = np.zeros(1, rules.USER_DTYPE)
from sim.parameters import to_record
from sim.population import ACTION_DTYPE
action = np.zeros(1, ACTION_DTYPE)
staff["burnout"], team["workload"], user["peer_support"], action["peer_workers"] = 0.3, 1.9, 0.4, 1
user["in_service"] = 1
row = to_record(p)[0]
tired, met = burnout.burnout, peers.peer_support
@njit
def both(staff, team, user, action, p):
    return tired(staff, team, p), met(user, action, p)
compiled = both(staff[0], team[0], user[0], action[0], row)
plain = (tired(staff.view(np.recarray)[0], team.view(np.recarray)[0], p),
         met(user.view(np.recarray)[0], action.view(np.recarray)[0], p))
found["compiled"] = [float(one).hex() for one in compiled], [float(one).hex() for one in plain]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what a copy of the package says after all changes were made in it."""
    folder = tmp_path_factory.mktemp("newcomer")
    for name, left_out in (("sim", "static"), ("docs", "img"), ("tests", "data")):
        kept = shutil.ignore_patterns("*.pyc.*", left_out, "*.md")
        shutil.copytree(ROOT / name, folder / name, ignore=kept)
    shutil.copy(ROOT / "docs" / "ODD.md", folder / "docs")
    for edits in changes().values():
        for one in edits:
            one.make(folder)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


@pytest.mark.parametrize("title", changes())
def test_a_change_is_as_small_as_promised(title: str) -> None:
    edits = changes()[title]
    files, lines = len({one.path for one in edits}), sum(one.added for one in edits)
    most_files, most_lines = MOST[title[0]]
    assert 0 < files <= most_files, files
    assert lines <= most_lines, lines
    row = rf"^\| {title[0]}\. [^|]+\| {files} \| {lines} \|$"
    assert re.search(row, PAGE.read_text(encoding="utf-8"), re.MULTILINE), (files, lines)
    assert all((ROOT / one.path).exists() == (one.kind == "diff") for one in edits)


def test_both_engines_follow_new_phases_bit_for_bit(found: dict[str, Any]) -> None:
    assert found["engines"] == ["", ""]
    assert any(one.startswith("burnout_now = burnout(") for one in found["source"])
    assert any(one.startswith("user.peer_support = peer_support(") for one in found["source"])
    compiled, plain = found["compiled"]
    assert compiled == plain


def test_peer_support_workers_raise_hope_and_cost_money(found: dict[str, Any]) -> None:
    peers = found["peers"]
    assert peers["control"] == "must be a number in [0, 1] (0-1)"
    assert peers["calendar"] == 52.0
    assert peers["component"]
    teams, weeks, unit = peers["posts"]
    assert (weeks, unit) == (52.0 * teams, "team-weeks of a peer-support worker")
    assert peers["money"] == [600.0 * weeks, "direct"]
    assert peers["price"] == ["2013/14", False]
    assert "parameter (peers)" in peers["parameter"]
    assert "costs     peer-support workers (direct): peer_weeks x peer_worker" in peers["explained"]
    usual, lifted = peers["hopes"]
    assert lifted > usual + 0.1
    assert 0.0 <= peers["support"][0] <= peers["support"][1] <= 1.0
    assert "self.follow('meet_peer', peer_support, self," in peers["method"]
    row = "| `peers` | peer-support workers | `peer_support` | `recovery` |"
    assert row in peers["chain"]
    in_table, sections = peers["odd"]
    assert in_table
    assert "#### peer_support" in sections
    assert "Returns: `peer_support`" in sections


def test_burnout_lowers_attendance_and_newcomers_begin_without_it(found: dict[str, Any]) -> None:
    burnout = found["burnout"]
    assert burnout["variable"] == "burnout"
    assert burnout["home"] == ["burnout", "Emotional exhaustion of staff"]
    assert "burnout" in burnout["method"]
    assert "emotional exhaustion (0-1)" in burnout["explained"]
    assert burnout["values"] > 1
    assert "self.burnout = 0.0" in burnout["arrive"]
    assert len(burnout["newcomers"]) > 0
    assert all(burnout["newcomers"])
    rested, tired = burnout["attendance"]
    assert tired < rested


def test_a_new_choice_of_a_scenario_is_a_field_a_control_and_a_line_of_the_template(
    found: dict[str, Any],
) -> None:
    choice = found["choice"]
    before, after = choice["attendance"]
    assert 1.0 - after == pytest.approx(0.5 * (1.0 - before))
    assert choice["calendar"] == [0.5, 0.5, 0.0]
    assert "training.made_up_for = 1.5: must be a number in [0, 1] (share)" in choice["refused"]
    assert choice["control"] == "Share of missed sessions that are made up for."
    assert choice["template"]


def test_a_new_analysis_is_planned_and_done_with_the_same_numbers(found: dict[str, Any]) -> None:
    welch = found["welch"]
    assert welch["choice"]
    assert welch["p"] == pytest.approx([welch["p"][-1]] * 3, rel=1e-9)
    assert welch["df"][0] == pytest.approx(welch["df"][1], rel=1e-9)


def test_a_new_instrument_is_scored_described_and_has_its_column(found: dict[str, Any]) -> None:
    loneliness = found["loneliness"]
    assert loneliness["column"] == loneliness["before"] + 1
    assert loneliness["dtype"]
    assert (loneliness["title"], loneliness["link"]) == ("Loneliness", "measures")
    assert loneliness["odd"]
    assert all(20.0 <= one <= 80.0 and one == int(one) for one in loneliness["scores"])
    pairs = sorted(zip(loneliness["connected"], loneliness["scores"], strict=True))
    half = len(pairs) // 2
    assert sum(one for _, one in pairs[:half]) > sum(one for _, one in pairs[-half:])
