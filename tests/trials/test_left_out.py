"""What an analysis leaves out of a design, and how far its formula was off where it was tried."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.trials.analyses.analysis_plan import AnalysisPlan
from sim.trials.designs.design import parallel, stepped_wedge
from sim.trials.designs.design_file import design_from_table
from sim.trials.power.left_out import caution, left_out
from sim.trials.power.measured_error import (
    FEW,
    MARGINAL,
    MEASURED,
    PARALLEL,
    PERIODS,
    TREATMENT,
    kind_of,
    measured_line,
)

WEDGE = stepped_wedge(2, 4, 10)
FULL = {"icc": 0.1, "cac": 0.5, "iac": 0.2, "effect_heterogeneity": 1.0, "cluster_decay": 0.8}


def told(effects: tuple[str, ...], **changes: float) -> list[str]:
    design = {"type": "stepped wedge", "steps": 2, "clusters": 8, "size": 10}
    design["sampling"] = "closed cohort"
    outcome = {**FULL, "effect": 1.0, "effect_correlation": 0.0, **changes}
    file = design_from_table({"design": design, "statistical": outcome})
    own = replace(WEDGE, sampling="closed cohort")
    found = left_out(file, own, AnalysisPlan(random_effects=effects))
    return [one.split(" (")[0] for one in found]


ALL = ["'cluster-period'", "'person'", "'treatment'", "the decay of the cluster's autocorrelation"]


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, []),
        ({"icc": 0.0}, [0, 3]),
        ({"cac": 1.0}, [0]),
        ({"cac": 0.0}, [3]),
        ({"iac": 0.0}, [1]),
        ({"effect_heterogeneity": 0.0}, [2]),
        ({"cluster_decay": 1.0}, [3]),
        ({"icc": 0.005, "iac": 0.005, "effect_heterogeneity": 0.005, "cac": 0.005}, []),
        ({"cac": 0.999, "cluster_decay": 0.999}, []),
    ],
)
def test_what_the_data_have_and_the_analysis_does_not(
    changes: dict[str, float], gone: list[int]
) -> None:
    wanted = [one for number, one in enumerate(ALL) if number not in gone]
    assert told(("cluster",), **changes) == wanted


def test_what_is_in_the_analysis_is_not_left_out() -> None:
    effects = ("cluster", "cluster-period", "person", "treatment")
    assert told(effects, cluster_decay=1.0) == []
    together = {"cluster_decay": 1.0, "effect_correlation": 0.3}
    assert told(effects, **together) == ["the correlation of effects with teams' levels"]
    assert len(told(effects, **together, icc=0.005, effect_heterogeneity=0.005)) == 1
    assert told(effects, **together, icc=0.0) == []
    assert told(effects, **together, effect_heterogeneity=0.0) == []


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (0.0532, "is too high (0.053 by formula where 0.05 is said)"),
        (0.0528, "is about its level"),
        (0.0472, "is about its level"),
        (0.0468, "is below its level"),
    ],
)
def test_a_type_one_error_within_three_thousandths_is_as_said(rate: float, words: str) -> None:
    design = {"type": "stepped wedge", "steps": 2, "clusters": 8, "size": 10}
    file = design_from_table({"design": design, "statistical": {**FULL, "effect": 1.0}})
    formula: Any = SimpleNamespace(type_i_error=rate, alpha=0.05)
    plan = AnalysisPlan(random_effects=("cluster",))
    assert words in caution(file, WEDGE, plan, formula)
    assert "too high, and power that rests on it is none" in caution(file, WEDGE, plan, None)
    assert caution(file, parallel(4, 10), plan, formula) == ""


def plan(*effects: str, test: str = "kenward-roger") -> AnalysisPlan:
    return AnalysisPlan(test, random_effects=effects or ("cluster", "cluster-period"))


def test_of_which_kind_a_design_is() -> None:
    assert kind_of(parallel(9, 10), plan("cluster")) == PARALLEL
    assert kind_of(WEDGE, plan()) == FEW
    assert kind_of(stepped_wedge(2, 5, 10), plan()) == PERIODS, "ten teams are not few"
    assert kind_of(replace(WEDGE, clusters=(4, 5)), plan()) == PERIODS, "nor are nine"
    assert kind_of(stepped_wedge(3, 2, 10), plan()) == PERIODS, "three sequences"
    assert kind_of(WEDGE, plan("cluster")) == PERIODS
    assert kind_of(WEDGE, plan("cluster", "cluster-period", "treatment")) == TREATMENT
    marginal = AnalysisPlan("marginal", correlation="exchangeable")
    assert kind_of(WEDGE, marginal) == MARGINAL
    assert kind_of(parallel(4, 10), marginal) is None
    assert kind_of(WEDGE, plan(test="satterthwaite")) is None
    # Two sequences of which one is never treated, or is treated for a while, are no wedge.
    for schedule in ([[0, 1, 1], [0, 0, 0]], [[0, 1, 0], [0, 0, 1]], [[1, 0, 1], [0, 0, 1]]):
        other = replace(WEDGE, schedule=np.array(schedule))
        assert kind_of(other, plan()) == PERIODS


def test_how_far_off_is_told_with_its_designs() -> None:
    for kind, design, own in ((FEW, WEDGE, plan()), (PARALLEL, parallel(9, 10), plan("cluster"))):
        found = MEASURED[kind]
        line = measured_line(design, own)
        assert f"in {found.designs} {kind} it differed" in line
        assert f"by {found.rms:.1f} points" in line
    assert "simulate it" in measured_line(WEDGE, plan(test="satterthwaite"))
