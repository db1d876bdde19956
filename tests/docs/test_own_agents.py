"""Claims about the page on own agents: its pieces run, and what it says of them is so."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "own-agents.md"


@pytest.fixture(scope="module")
def pieces() -> list[tuple[dict[str, Any], list[str]]]:
    """Return the names that each piece of code leaves, and the lines it prints."""
    found = []
    for code in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.S | re.M):
        names: dict[str, Any] = {"__name__": "piece"}
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(PAGE), "exec"), names)
        found.append((names, printed.getvalue().splitlines()))
    return found


def number(line: str) -> float:
    return float(line.split()[-1])


def test_the_page_has_its_three_pieces(pieces: list[tuple[dict[str, Any], list[str]]]) -> None:
    assert len(pieces) == 3


def test_lasting_support_lifts_fidelity(pieces: list[tuple[dict[str, Any], list[str]]]) -> None:
    usual, championed = pieces[0][1]
    assert usual.startswith("Staff ")
    assert championed.startswith("ChampionedStaff ")
    assert number(championed) > number(usual)


def test_a_watched_agent_notes_what_it_learnt(
    pieces: list[tuple[dict[str, Any], list[str]]],
) -> None:
    before, after, now = (number(line) for line in pieces[1][1])
    assert before < now < after, "some of what was learnt is forgotten in the same week"


def test_a_rule_that_is_followed_is_noted(
    pieces: list[tuple[dict[str, Any], list[str]]],
) -> None:
    names, (printed,) = pieces[2]
    assert printed == str(["retention", "fade"] * 4)
    faded = [step for step in names["person"].steps if step.rule == "fade"]
    assert all(step.inputs["fraction"] == 0.02 for step in faded)
    assert faded[-1].after["skill_coaching"] < faded[-1].before["skill_coaching"]


def test_methods_and_variables_that_the_page_names_exist() -> None:
    from sim.agents import Staff
    from sim.state import STAFF

    text = PAGE.read_text("utf-8")
    for method in re.findall(r"\b(retain|settle_values|hear_colleagues|follow)\b", text):
        assert callable(getattr(Staff, method))
    assert "values_pending" in {one.name for one in STAFF}
