"""Claims about which way an effect goes: what reaches recovery by one path alone is all there."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.api.mediation import LAST_STEP, PATHS, THROUGH, share_interval
from sim.errors import InputError
from sim.inputs.roster import Roster, described_roster

FEW = {"draws": 3, "weeks": 30}


@pytest.fixture(scope="module")
def roster() -> Roster:
    return described_roster(trusts=1, teams_per_trust=3, intervention_share=1.0)


def test_expectations_alone_go_by_expectations_alone(roster: Roster) -> None:
    found = sim.mediation("expectations-only", roster=roster, **FEW)
    assert np.abs(found.total).max() > 0.0
    assert np.array_equal(found.cut["expectations", LAST_STEP], np.zeros(3))
    for path in ("partnership", "support", "relationship"):
        assert np.allclose(found.cut[path, LAST_STEP], found.total, rtol=0.2)


def test_a_programme_whose_every_path_is_cut_reaches_nobody(roster: Roster) -> None:
    none = {name: 0.0 for one in PATHS.values() for name in one.through}
    found = sim.mediation("refocus-full", roster=roster, paths=(), settings=none, **FEW)
    assert np.array_equal(found.total, np.zeros(3))


def test_last_steps_add_up_to_the_whole(roster: Roster) -> None:
    found = sim.mediation("refocus-full", roster=roster, **FEW)
    table = found.table("paths").set_index(["path", "cut"])
    steps = table.loc[[(name, LAST_STEP) for name in PATHS], "effect"].sum()
    assert found.total.mean() > 0.01
    assert steps == pytest.approx(found.total.mean(), rel=0.1)
    rest = table.loc[("the rest", LAST_STEP), "effect"]
    assert steps + rest == pytest.approx(found.total.mean(), rel=1e-9)
    assert table.loc[("practice", THROUGH), "effect"] > table.loc[("practice", LAST_STEP), "effect"]
    assert "of the effect" in str(found)
    assert found.plot().axes


def test_a_share_has_the_interval_of_a_ratio_of_means() -> None:
    total = np.array([1.0, 2.0, 3.0, 4.0])
    assert share_interval(0.25 * total, total) == pytest.approx((0.25, 0.25))
    low, high = share_interval(np.array([0.0, 0.0, 3.0, 0.0]), total)
    assert low == 0.0
    assert high > 0.3
    assert np.isnan(share_interval(total[:1], total[:1])).all()
    assert np.isnan(share_interval(total, 0.0 * total)).all()


def test_a_path_that_is_none_is_refused(roster: Roster) -> None:
    with pytest.raises(InputError, match="unknown path 'suport'; did you mean 'support'"):
        sim.mediation(paths=["suport"], roster=roster)
    with pytest.raises(InputError, match="unknown variable 'recovry'"):
        sim.mediation("refocus-full", measure="recovry", roster=roster, paths=(), **FEW)
