"""What a plan says by default, and which plans go with which designs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.analysis_plan import (
    AnalysisPlan,
    average_meant,
    check_plan_of_design,
    default_plan,
)
from sim.trials.analyses.exposure import AT_EXPOSURE, AVERAGE, CONSTANT
from sim.trials.analyses.hypothesis import Bounds
from sim.trials.designs.design import Design, ReadinessEntry, parallel, stepped_wedge
from tests.trials.schedules import NONE, THREE_ARMS, C, T

WEDGE = stepped_wedge(2, 2, 1)


def test_what_is_not_said_of_a_plan() -> None:
    plan = AnalysisPlan()
    assert (plan.test, plan.alpha, plan.imputations) == ("kenward-roger", 0.05, 20)
    assert plan.confidence == pytest.approx(0.95)
    assert AnalysisPlan(alpha=0.025, bounds=Bounds(-1.0, 1.0)).confidence == pytest.approx(0.95)
    for wrong in (0.0, 1.0):
        with pytest.raises(InputError, match="alpha"):
            AnalysisPlan(alpha=wrong)
    with pytest.raises(InputError, match="from 2 to 1000"):
        AnalysisPlan(imputations=1001)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"correlation": "exchangeable"}, "goes with test = 'marginal'"),
        ({"estimand": AT_EXPOSURE}, "exposure_period: goes with"),
        ({"exposure_period": 2}, "exposure_period: goes with"),
        ({"test": "permutation", "bounds": Bounds(-1.0, 1.0)}, "of no effect at all"),
        ({"correlation": "nested", "test": "marginal", "estimand": "x"}, "unknown estimand"),
    ],
)
def test_what_does_not_go_together(change: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        AnalysisPlan(**change)


def test_the_plan_that_a_design_calls_for() -> None:
    def effects(design: Design) -> tuple[str, ...]:
        return default_plan(design).random_effects

    assert effects(parallel(2, 5)) == effects(WEDGE) == ("cluster",)
    assert effects(replace(WEDGE, size=2)) == ("cluster", "cluster-period")
    for sampling in ("closed cohort", "open cohort"):
        cohort = replace(WEDGE, size=2, sampling=sampling)
        assert effects(cohort) == ("cluster", "cluster-period", "person")


def test_which_average_is_meant() -> None:
    assert average_meant(parallel(2, 5), AnalysisPlan()) == "at the last measurement"
    found = [average_meant(WEDGE, AnalysisPlan(estimand=one)) for one in (CONSTANT, AVERAGE)]
    assert "treated periods" in found[0]
    assert "time-averaged" in found[1]
    at = AnalysisPlan(estimand=AT_EXPOSURE, exposure_period=2)
    assert average_meant(WEDGE, at) == "in analysed period 2 of exposure"


LATE = Design("late", np.array([[C, C, T], [C, T, NONE]]), (3, 3), 5)


@pytest.mark.parametrize(
    ("design", "plan", "told"),
    [
        (THREE_ARMS, {"missing": "multiple imputation"}, "design.arms = 3"),
        (THREE_ARMS, {"test": "by-arm"}, "design.arms = 3"),
        (THREE_ARMS, {}, ""),
        (parallel(2, 5), {"multiplicity": "bonferroni"}, "above 2"),
        (THREE_ARMS, {"multiplicity": "bonferroni"}, ""),
        (THREE_ARMS, {"multiplicity": "dunnett", "bounds": Bounds(-1.0, 1.0)}, "two-sided t"),
        (THREE_ARMS, {"multiplicity": "dunnett", "test": "permutation"}, "two-sided t"),
        (THREE_ARMS, {"multiplicity": "dunnett"}, ""),
        (parallel(2, 5), {"test": "marginal", "correlation": "nested exchangeable"}, "periods"),
        (WEDGE, {"test": "marginal", "correlation": "nested exchangeable"}, ""),
        (parallel(2, 5), {"estimand": AVERAGE}, "over its periods"),
        (LATE, {"estimand": AVERAGE}, "for more than one analysed period"),
        (WEDGE, {"estimand": AVERAGE}, ""),
        (WEDGE, {"estimand": AVERAGE, "test": "permutation"}, "a constant effect alone"),
        # Three periods and two effects by exposure: five coefficients, so 8 clusters.
        (stepped_wedge(2, 3, 5), {"estimand": AVERAGE, "test": "marginal"}, "8 clusters, not 6"),
        (
            Design("uneven", np.array([[C, T, T], [C, C, T]]), (4, 3), 5),
            {"estimand": AVERAGE, "test": "marginal"},
            "of 5 coefficients has errors from at least 8 clusters, not 7",
        ),
        (stepped_wedge(2, 4, 5), {"estimand": AVERAGE, "test": "marginal"}, ""),
        (parallel(4, 5), {"test": "by-arm"}, ""),
        (parallel(4, 5, baseline="ancova"), {"test": "by-arm"}, "takes each arm by itself"),
        (parallel(4, 5, baseline="change"), {"test": "by-arm"}, ""),
        (parallel(4, 5, strata=2), {"test": "by-arm"}, "takes each arm by itself"),
        (parallel(4, 5, readiness=ReadinessEntry(strata=2)), {"test": "by-arm"}, "by itself"),
        (parallel(4, 5), {"test": "by-arm", "missing": "multiple imputation"}, "by itself"),
        (WEDGE, {"test": "cluster-summary"}, "needs a parallel trial"),
        (parallel(4, 5, baseline="ancova"), {"baseline": "constrained"}, ""),
        (parallel(4, 5), {"baseline": "constrained"}, "with a baseline"),
    ],
)
def test_plans_that_go_with_a_design(design: Design, plan: Any, told: str) -> None:
    if not told:
        check_plan_of_design(AnalysisPlan(**plan), design)
        return
    with pytest.raises(InputError, match=told):
        check_plan_of_design(AnalysisPlan(**plan), design)
