"""The small trial for which a planned analysis is written as code."""

from __future__ import annotations

from typing import Any

import pytest

from sim.trials.designs.design import Design
from sim.trials.designs.design_file import design_from_table, design_from_text, trial_design
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power import planned_code
from sim.trials.power.design_formula import components_of
from sim.trials.power.power_study import assumed_of


def wedge() -> DesignFile:
    design = {"type": "stepped wedge", "steps": 2, "clusters": 8, "size": 40}
    return design_from_table(
        {
            "design": {**design, "sampling": "closed cohort"},
            "statistical": {"effect": 1.0, "sd": 10.0, "icc": 0.0},
            "attrition": {"rate": 0.3},
        }
    )


def test_teams_are_the_designs_and_no_variance_is_near_zero(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four people of each, who all stay; of a variance of 100 the least share is a tenth."""
    monkeypatch.setattr(planned_code, "_of_text", lambda text: {"text": text})
    own = design_from_text(planned_code.planned_code(wedge())["text"])
    assert (own.design.clusters, own.design.size, own.attrition.rate) == (8, 4.0, 0.0)
    parts = components_of(trial_design(own), assumed_of(own, 1.0))
    found = (parts.cluster, parts.cluster_period, parts.individual, parts.residual)
    assert found == pytest.approx((10.0, 10.0, 32.0, 48.0))


def test_its_data_are_the_first_trial_of_the_first_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    class Source:
        def simulate(self, _design: Design, seed: int, number: int) -> Any:
            asked.append((seed, number))
            raise RuntimeError("asked")

    monkeypatch.setattr(planned_code, "statistical_source", lambda _file: Source())
    with pytest.raises(RuntimeError, match="asked"):
        planned_code.planned_code(wedge())
    assert asked == [(1, 0)]
