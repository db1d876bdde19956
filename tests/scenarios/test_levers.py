"""Every lever moves something, or says why not; the audit holds what is there now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from docs.build_levers import (
    COLUMNS,
    DRAWS,
    PAGE,
    SERVICES,
    WANTED,
    Probe,
    carried_by,
    idle_levers,
    meant_to_move,
    measured_levers,
    moves,
    probes,
    run_sides,
)
from docs.marked import stale
from sim.cli import main
from sim.commands.explain import scenario_text
from sim.errors import InputError
from sim.inputs.roster.columns import ROSTER_COLUMNS
from sim.link import elements
from sim.scenarios.levers import INERT, READINGS, SMALL, lever_text, levers_named, measured
from sim.scenarios.library import adjusted, scenario_names


def test_a_lever_that_does_not_do_what_it_says_is_declared_inert() -> None:
    assert idle_levers() == set(INERT)
    assert all(len(why) > 40 for why in INERT.values())


def test_levers_are_gathered_from_what_is_declared() -> None:
    pulled = {one.lever for one in probes()}
    for one in elements():
        assert any(name.startswith(f"{one.table}.{one.name}") for name in pulled)
    assert {one.name for one in ROSTER_COLUMNS} <= pulled
    assert set(scenario_names()) - {"usual-care"} <= pulled
    assert {"who.selection_value", "timing.order", "support.boosters.share"} <= pulled


def test_a_field_that_nothing_reads_would_be_found() -> None:
    base, roster = probes()[0].base
    same = adjusted(base, {"title": "Another title"})
    tables = run_sides([(base, roster), (same, roster)], [{}], 4)
    assert not moves(Probe("field", "title", "", (base, roster), (same, roster)), tables)


def test_what_was_measured_is_what_there_is_to_measure() -> None:
    now = {(one.kind, one.lever, one.compared) for one in measured_levers()}
    assert {(one.kind, one.lever, one.compared) for one in measured()} == now
    assert {one.reading for one in measured()} == set(READINGS)


def test_the_page_is_up_to_date() -> None:
    assert stale(PAGE, WANTED) == []
    assert f"{DRAWS} draws" in PAGE.read_text(encoding="utf-8")


def size(lever: str, reading: str = "qpr") -> float:
    return next(one.mean for one in measured() if (one.lever, one.reading) == (lever, reading))


def test_a_lever_that_moves_nothing_worth_telling_says_why() -> None:
    moving = {one.lever for one in measured() if one.stands_out and one.reading != "cost"}
    services = {one.lever for one in measured() if meant_to_move(one.lever) == SERVICES}
    assert services - moving - INERT.keys() == SMALL.keys()
    assert all(len(why) > 40 for why in SMALL.values())


def test_levers_do_what_they_say() -> None:
    assert size("conditions.protected_time") >= 0.0
    assert size("conditions.protected_time", "cost") > 0.0
    assert size("conditions.priorities_relief", "behaviour") > 0.0
    assert size("components.leadership.intensity", "readiness") > 0.0
    assert size("support.supervision.intensity", "behaviour") > 0.0
    assert size("caseload", "workload") > 0.0 > size("caseload", "relationship")
    assert size("coordinators", "workload") > 0.0
    assert size("beyond.lived_experience_support.intensity", "readiness") > 0.0
    assert size("share_black") < 0.0


def test_parameters_that_carry_a_lever_are_found_in_the_rules() -> None:
    assert carried_by("components.leadership.intensity")[:2] == (
        "readiness_from_leadership",
        "team_readiness_sd",
    )
    assert "opportunity_from_workload" in carried_by("conditions.protected_time")
    assert "attendance_from_workload" in carried_by("conditions.protected_time")
    assert carried_by("beyond.peer_delivery.intensity") == (
        "peer_delivery_to_recovery",
        "effect_peer_delivery",
    )
    assert carried_by("caseload") == COLUMNS["caseload"][2]


def test_a_lever_is_explained_by_its_name_or_last_part() -> None:
    assert levers_named("protected_time") == ["conditions.protected_time"]
    told = lever_text("protected_time")
    assert told.startswith("conditions.protected_time: lever (0 → 1)")
    assert "MC SE" in told
    assert SMALL["reflection-only"] in lever_text("reflection-only")
    assert lever_text("no_such_lever") == ""


def test_explain_tells_of_a_column() -> None:
    command = [sys.executable, "-m", "sim.cli", "explain", "caseload"]
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert "caseload: lever (225 → 300)" in run.stdout


def test_an_own_file_is_explained_as_one_of_the_library(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its text, the fields that it changes, and what each of them was measured to move."""
    base = tmp_path / "ours.toml"
    base.write_text('extends = "refocus-as-delivered"\n[conditions]\nprotected_time = 0.1\n')
    same = tmp_path / "same.toml"
    same.write_text('extends = "ours.toml"\ntitle = "Ours again"\n')
    assert main(["explain", str(base)]) == 0
    told = capsys.readouterr().out
    assert told.startswith("ours: scenario\n")
    assert "changes of refocus-as-delivered" in told
    assert "\n  conditions.protected_time: 0 -> 0.1\n" in told
    assert lever_text("conditions.protected_time") in told
    assert main(["explain", str(same)]) == 0
    assert capsys.readouterr().out.endswith("It does what ours does.\n")
    with pytest.raises(InputError, match="does not exist"):
        scenario_text(str(tmp_path / "none.toml"))
