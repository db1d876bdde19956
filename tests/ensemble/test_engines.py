"""Both engines give the same tables; own agents run on the Mesa model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.agents import Staff
from sim.errors import InputError
from sim.runs.simulate import simulate
from tests.ensemble.small import assert_identical, small_request


class Restless(Staff):
    """A member of staff who never attends training."""

    def attend(self) -> None:
        """Stay away."""
        self.attended = 0


def test_both_engines_give_the_same_tables() -> None:
    request = small_request(replications=2)
    compiled = simulate(request, engine="compiled", workers=1)
    mesa = simulate(request, engine="mesa", workers=1)
    assert_identical(compiled, mesa)
    assert (compiled.metadata["engine"], mesa.metadata["engine"]) == ("compiled", "mesa")


def test_own_agents_change_the_result() -> None:
    request = replace(small_request(replications=1, weeks=12), collect=("team_weeks",))
    usual = simulate(request, engine="mesa", workers=1).arrays["team_weeks"]
    own = simulate(request, engine="mesa", agent_classes={"staff": Restless}, workers=1)
    assert usual["sessions_attended"].max() > 0
    assert own.arrays["team_weeks"]["sessions_attended"].max() == 0


def test_own_agents_are_refused_on_the_compiled_week() -> None:
    with pytest.raises(InputError, match="agent_classes: own agents run with engine='mesa' only"):
        simulate(small_request(), agent_classes={"staff": Restless})


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(InputError, match="engine = 'fast': must be one of compiled, mesa"):
        simulate(small_request(), engine="fast")
