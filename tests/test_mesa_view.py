"""Claims about the view for those who teach Mesa; skipped where its extra is not installed."""

from __future__ import annotations

import pytest


# Solara's own check of hooks finds fault with Mesa's viewer.
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_viewed_model_is_the_model() -> None:
    pytest.importorskip("solara", reason="needs the extra 'mesa-view'")
    from sim.engines.mesa_model import RecoveryModel
    from sim.mesa_view import CONTROLS, ViewedModel

    viewed, plain = ViewedModel(seed=3), RecoveryModel(seed=3)
    for model in (viewed, plain):
        model.step()
    assert [one.readiness for one in viewed.teams] == [one.readiness for one in plain.teams]
    assert {"scenario", "seed", "team"} == set(CONTROLS)
    assert CONTROLS["team"]["max"] == len(viewed.teams) - 1
