"""Claims about Mesa's own tools: the model works in them as any Mesa model does."""

from __future__ import annotations

import mesa
import pytest

from sim.agents import ServiceUser, Staff, Team
from sim.engines.mesa_model import RecoveryModel


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_batch_run_gives_a_row_for_each_seed_and_collects_the_model() -> None:
    rows = mesa.batch_run(
        RecoveryModel,
        parameters={"seed": [1, 2]},
        iterations=1,
        max_steps=2,
        number_processes=1,
        data_collection_period=1,
        display_progress=False,
    )
    last = {row["seed"]: row["behaviour"] for row in rows if row["week"] == 2}
    assert set(last) == {1, 2}
    assert last[1] != last[2]
    model = RecoveryModel(seed=1)
    for _ in range(2):
        model.step()
    assert last[1] == model.datacollector.get_model_vars_dataframe()["behaviour"].iloc[-1]


def test_agent_sets_select_and_aggregate() -> None:
    model = RecoveryModel(seed=1)
    assert {Team, Staff, ServiceUser} <= set(model.agents_by_type)
    leaders = model.agents_by_type[Staff].select(lambda one: one.leader == 1)
    assert len(leaders) == len(model.teams)
    mean = model.agents_by_type[Team].agg("readiness", lambda values: sum(values) / len(values))
    assert mean == pytest.approx(sum(one.readiness for one in model.teams) / len(model.teams))
    assert len(model.datacollector.get_model_vars_dataframe()) == 1
