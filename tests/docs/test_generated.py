"""Claims about generated pages: what is printed is what the source says now."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import (
    build_architecture,
    build_calibration,
    build_odd,
    build_outcomes,
    build_referee,
    build_reference,
    build_security,
    build_tables,
    build_theory,
    build_words,
)
from docs.marked import filled, stale
from sim.inputs.roster.team import LARGEST_ROSTER
from sim.web.checked import DEEPEST, LONGEST_NUMBER


def test_the_description_of_the_model_is_up_to_date() -> None:
    assert stale(build_odd.PAGE, build_odd.WANTED) == []


def test_the_description_of_files_is_up_to_date() -> None:
    assert stale(build_tables.PAGE, build_tables.WANTED) == []
    assert stale(build_outcomes.PAGE, build_outcomes.WANTED) == []
    assert stale(build_words.PAGE, build_words.WANTED) == []


def test_limits_of_the_server_are_those_of_its_source() -> None:
    assert stale(build_security.PAGE, build_security.WANTED) == []
    page = build_security.PAGE.read_text(encoding="utf-8")
    for limit in (
        f"most {DEEPEST} deep",
        f"most {LONGEST_NUMBER} digits",
        f"{LARGEST_ROSTER:,} teams",
    ):
        assert limit in page


def test_what_the_calibration_rests_on_is_up_to_date() -> None:
    assert stale(build_calibration.PAGE, build_calibration.WANTED) == []
    assert stale(build_referee.PAGE, build_referee.WANTED) == []


def test_the_reference_is_up_to_date() -> None:
    assert stale(build_reference.COMMAND_LINE, build_reference.WANTED_COMMANDS) == []
    assert stale(build_reference.PYTHON, build_reference.WANTED_PYTHON) == []


def test_the_description_of_the_code_is_up_to_date() -> None:
    assert stale(build_architecture.PAGE, build_architecture.PARTS) == []
    assert build_architecture.PICTURE.read_text(encoding="utf-8") == build_architecture.picture()


def test_the_theory_is_drawn_from_the_rules_that_run() -> None:
    assert stale(build_theory.PAGE, build_theory.WANTED) == []
    assert build_theory.PICTURE.read_text(encoding="utf-8") == build_theory.picture()
    found = {(one.source, one.target): one.sign for one in build_theory.arrows()}
    assert found["knowledge", "intent"] == "+"
    assert found["priorities", "behaviour"] == "\N{MINUS SIGN}"
    assert found["recovery", "stage"] == "+"
    # Figure 8 has no arrow from knowledge to behaviour, and neither has a rule.
    assert ("knowledge", "behaviour") not in found
    assert ("scenario", "intent") not in found, "nobody intends because of a calendar"


def test_a_stale_part_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("by hand\n<!-- generated: a -->\nold\n<!-- end of a -->\n", encoding="utf-8")
    assert stale(page, {"a": lambda: "new"}) == ["a"]
    assert stale(page, {"a": lambda: "old"}) == []
    assert filled(page.read_text(encoding="utf-8"), {"a": lambda: "new"}).startswith("by hand\n")


def test_a_part_that_nobody_writes_is_refused() -> None:
    with pytest.raises(ValueError, match="odd"):
        filled("<!-- generated: odd -->\n<!-- end of odd -->\n", {})
