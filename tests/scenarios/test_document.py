"""The page of scenarios says what the files say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from sim.scenarios.document import HOME, document
from sim.scenarios.library import list_scenarios, scenario_names

OWN = """
extends = "refocus-as-delivered"
group = "support after training"
title = "Mine"
description = "More of it."
grade = "assumption"
source = "A wish."
assumptions = ["It can be done."]
[support]
telephone = { intensity = 0.5 }
boosters = { sessions = [{ week = 30, days = 0.5 }] }
[components.practices]
goals = false
"""


def test_the_page_is_up_to_date() -> None:
    assert HOME.read_text(encoding="utf-8") == document(), (
        "docs/scenarios.md is stale: run `python -m docs`"
    )


def test_every_scenario_has_a_row_and_a_section_in_the_order_of_the_list() -> None:
    text = document()
    names = [one.name for one in list_scenarios()]
    assert sorted(names) == sorted(scenario_names())
    assert re.findall(r"^\| \[`([^`]+)`\]\(#\1\) ", text, re.M) == names
    assert re.findall(r"^### (.+)$", text, re.M) == names
    assert set(re.findall(r"\(#([^)]+)\)", text)) == set(names)


def test_a_section_says_what_differs(tmp_path: Path) -> None:
    base = (
        Path(HOME).parents[1] / "sim/scenarios/library_files/refocus-as-delivered.toml"
    ).read_text(encoding="utf-8")
    (tmp_path / "refocus-as-delivered.toml").write_text(base, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(OWN, encoding="utf-8")
    section = document(tmp_path).split("### mine\n")[1]
    assert "**Mine.** More of it.\n" in section
    assert "- Grade: assumption.\n- Source: A wish.\n- Assumed:\n  - It can be done.\n" in section
    assert "Extends [`refocus-as-delivered`](#refocus-as-delivered); it says:" in section
    block = section.split("```toml\n")[1].split("```")[0]
    assert block.splitlines() == [
        "support.telephone.intensity = 0.5",
        "support.boosters.sessions = [{ week = 30, days = 0.5 }]",
        "components.practices.goals = false",
    ]
    assert tomllib.loads(block)["support"] == tomllib.loads(OWN)["support"]
