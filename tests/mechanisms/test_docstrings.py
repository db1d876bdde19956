"""Every rule says what it means, its equation, where it comes from, and how well that is known."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "sim" / "mechanisms"
GRADE = re.compile(r"\bGrade: (trial|literature|assumption|definition)\b")
# Something equals something, or a chance, or a logit.
EQUATION = re.compile(r"[\w')\]`] = \S")


def rules() -> dict[str, str]:
    """Return the docstring of every rule as running text, by file and name."""
    return {
        f"{path.stem}.{node.name}": " ".join((ast.get_docstring(node) or "").split())
        for path in sorted(FOLDER.glob("*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }


def lacking(text: str) -> list[str]:
    """Return what a docstring lacks; a definition claims nothing and needs no source."""
    grade = GRADE.search(text)
    if grade is None:
        return ["grade"]
    if grade[1] == "definition":
        return []
    wanted = {"equation": EQUATION.search(text), "source": re.search(r"\bSource: \w", text)}
    return [name for name, found in wanted.items() if found is None]


def test_every_rule_has_meaning_equation_source_and_grade() -> None:
    assert len(rules()) > 100
    assert {name: lacking(text) for name, text in rules().items() if lacking(text)} == {}


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Return y = a x. Source: none. Grade: assumption.", []),
        ("Return an empty sum. Grade: definition.", []),
        ("Return y = a x. Grade: a guess.", ["grade"]),
        ("Return y = a x. Grade: literature.", ["source"]),
        ("Return more. Source: interviews. Grade: trial for the direction.", ["equation"]),
        ("", ["grade"]),
    ],
)
def test_what_a_docstring_lacks_is_found(text: str, missing: list[str]) -> None:
    assert lacking(text) == missing
