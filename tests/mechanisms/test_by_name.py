"""What a rule returns is made by name: nobody can count to forty-six without a mistake."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from sim.element import Cost

SIM = Path(__file__).resolve().parents[2] / "sim"
LONGEST = 4
FILES = [
    f"{folder}.{path.stem}"
    for folder in ("mechanisms", "measures")
    for path in sorted((SIM / folder).glob("*.py"))
    # The catalogue is a table, a line an entry.
    if path.stem not in ("__init__", "catalogue")
]


def made_by_place(source: str, scope: dict[str, object]) -> list[str]:
    """Return the named tuples with many fields that a source makes from values in a row."""
    return [
        f"line {node.lineno}: {node.func.id}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and len(getattr(scope.get(node.func.id), "_fields", ())) > LONGEST
        and node.args
        # What an element costs is declared, a line a cost; no rule makes one.
        and scope[node.func.id] is not Cost
    ]


@pytest.mark.parametrize("name", FILES)
def test_named_tuples_are_made_by_name(name: str) -> None:
    module = importlib.import_module(f"sim.{name}")
    source = (SIM / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8")
    assert made_by_place(source, vars(module)) == []


def test_one_made_by_place_is_found() -> None:
    from sim.mechanisms.influence import TeamSums

    assert made_by_place("TeamSums(0, 0, 0.0, 0.0, 0.0)", {"TeamSums": TeamSums}) != []
    assert made_by_place("TeamSums(present=0)", {"TeamSums": TeamSums}) == []
