"""The reference of a factor: recognised, named, and refused."""

from __future__ import annotations

import pytest

from sim.errors import InputError
from sim.trials.data.reference_level import choose_reference, read_references


def test_references_of_factors() -> None:
    assert choose_reference(["a", "b"]) == ("a", "sorts first")
    assert choose_reference(["active", "TAU"]) == ("TAU", "recognised as control")
    levels = {"arm": ["a", "B"], "site": ["x", "a"], "mode": ["p=q", "r"]}
    assert read_references(["b"], levels, ["arm"]) == {"arm": "B"}
    assert read_references(["`site`=x", "a"], levels, ["arm"]) == {"site": "x", "arm": "a"}
    assert read_references(["p=q"], levels, ["mode", "arm"]) == {"mode": "p=q"}
    with pytest.raises(InputError, match="arm and site have this label; write arm=a"):
        read_references(["a"], levels, ["arm", "site"])
    with pytest.raises(InputError, match="the tested term has no factor"):
        read_references(["a"], levels, ["dose"])
    with pytest.raises(InputError, match="'arm' has a reference already"):
        read_references(["a", "arm=B"], levels, ["arm"])
    for wrong in ("dose=3", "arm=c", "c"):
        with pytest.raises(InputError, match="--reference"):
            read_references([wrong], levels, ["arm"])
    # Labels that differ in capitals alone are told apart, and a third way of writing is neither.
    assert read_references(["A"], {"arm": ["A", "a"]}, ["arm"]) == {"arm": "A"}
    with pytest.raises(InputError, match="--reference"):
        read_references(["Ab"], {"arm": ["AB", "ab"]}, ["arm"])
