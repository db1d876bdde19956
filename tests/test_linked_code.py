"""How rules are compiled depends on whether the inside of numba is known."""

from __future__ import annotations

import sys

import numba
import pytest

from sim.engines.linked_code import LINKED, NEWEST, linked


def test_a_numba_newer_than_any_that_was_tried_compiles_in_its_own_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert numba.version_info.short <= NEWEST, "try linked_compiler with it, and raise NEWEST"
    assert LINKED["pipeline_class"].__name__ == "LinkedCompiler"
    # What is None here cannot be imported.
    monkeypatch.setitem(sys.modules, "sim.engines.linked_compiler", None)
    assert linked((NEWEST[0], NEWEST[1] + 1)) == {}
    assert linked((1, 0)) == {}
