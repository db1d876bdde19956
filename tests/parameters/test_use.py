"""Rules and measures read parameters that exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sim.parameters import registry

SIM = Path(__file__).resolve().parents[2] / "sim"
FILES = sorted([*SIM.glob("mechanisms/*.py"), *SIM.glob("measures/*.py")])


def parameters_read(source: str) -> set[str]:
    """Return the attributes read from anything called `p`, the name that parameters have."""
    return {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "p"
        and not node.attr.startswith("_")
    } - {"as_dict"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_read_exists(path: Path) -> None:
    read = parameters_read(path.read_text(encoding="utf-8"))
    assert sorted(read - registry().keys()) == []


def test_reading_is_seen() -> None:
    assert parameters_read("def f(p, x):\n    return p.gain * x.gain + p.loss") == {"gain", "loss"}
