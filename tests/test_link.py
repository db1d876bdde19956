"""What links declare is gathered; what they get wrong is told by name."""

from __future__ import annotations

import pytest

from sim.errors import InputError
from sim.link import STAFF, After, Link, Phase, gathered, phase


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
