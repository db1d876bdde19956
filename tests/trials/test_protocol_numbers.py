"""Numbers and conditions of the words for a protocol, of made-up results."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.trials.designs.design_file import design_from_table
from sim.trials.power.power_study import study_of
from sim.trials.power.protocol import (
    _extension,
    _inputs_of_formula,
    _over_time,
    _ranges,
    items,
    protocol_of_simulation,
)
from sim.trials.power.simulated_power import rate

WEDGE = {"type": "stepped wedge", "steps": 2, "clusters": 8, "size": 10}


def study(design: dict[str, Any], **tables: Any) -> Any:
    outcome = {"effect": 1.0, "sd": 2.0, "icc": 0.1, **tables.pop("statistical", {})}
    return study_of(design_from_table({"design": design, "statistical": outcome, **tables}))


def simulated(own: Any, both: Any = None, **changes: Any) -> str:
    """Return the words on 100 trials of which 80 rejected."""
    result = {
        "study": own,
        "seed": 7,
        "performance": SimpleNamespace(power=rate(80, 100), true_effect=1.0),
        "null": SimpleNamespace(power=rate(6, 100)),
        "formula": SimpleNamespace(power=0.764),
        "assumed": SimpleNamespace(sd=2.0, icc=0.1, cac=0.8, iac=0.3),
        **changes,
    }
    outcome: Any = SimpleNamespace(result=SimpleNamespace(**result), both=both)
    return " ".join(protocol_of_simulation(outcome).split())


def test_shares_stand_in_percent_and_errors_in_points() -> None:
    design = {"type": "parallel", "clusters": 8, "size": 10}
    text = simulated(study(design, analysis={"alpha": 0.1}, attrition={"rate": 0.2}))
    assert "the trial has 80% power (Monte Carlo standard error 4.0 points)" in text
    assert "100 trials and their analysis (seed 7)" in text
    assert "type I error was 0.060; by formula it is 76%." in text
    assert "20% lost to follow-up" in text
    assert "at a two-sided level of 10%" in text
    alone = simulated(study(design), null=None, formula=None)
    assert "type I error" not in alone
    assert "by formula" not in alone


@pytest.mark.parametrize(
    ("success", "words", "power"),
    [
        ("both", "both, each at 5%", "its power is 50% (Monte Carlo standard error 5.0 points)"),
        (
            "at least one",
            "at least one, each at 2.5%",
            "its power is 90% (Monte Carlo standard error 3.0 points)",
        ),
    ],
)
def test_two_outcomes(success: str, words: str, power: str) -> None:
    second = {"effect": 1.0, "icc": 0.1, "within": 0.4, "between": 0.02, "success": success}
    own = study({"type": "parallel", "clusters": 8, "size": 10}, co_primary=second)
    both = SimpleNamespace(all_of=rate(50, 100), at_least_one=rate(90, 100), correlation=0.3)
    text = simulated(own, both)
    assert words in text
    assert power in text


@pytest.mark.parametrize("true", [2.0, -2.0])
def test_an_estimate_that_is_off_by_a_twentieth_is_told(true: float) -> None:
    own = study({"type": "parallel", "clusters": 8, "size": 10})
    assumed = SimpleNamespace(outcome="continuous", mean=0.0, sd=2.0, icc=0.1, cac=1.0, iac=0.0)
    for share, told in ((0.94, True), (0.96, False), (1.04, False), (1.06, True)):
        answer: Any = SimpleNamespace(
            assumed=assumed,
            study=own,
            true_difference=true,
            formula=SimpleNamespace(expected=share * true),
        )
        assert ("instead of" in _inputs_of_formula(answer)) == told


def test_correlations_over_time_where_there_is_time() -> None:
    parallel = {"type": "parallel", "clusters": 8, "size": 10}
    assert _over_time(study(parallel), 0.8, 0.3) == ""
    assert "0.8" in _over_time(study({**parallel, "baseline": "ancova"}), 0.8, 0.3)
    assert _over_time(study(WEDGE), 0.8, 0.3) == ", a cluster autocorrelation of 0.8"
    fading = study({**WEDGE, "sampling": "closed cohort"}, statistical={"cluster_decay": 0.9})
    assert _over_time(fading, 0.8, 0.3) == (
        ", a cluster autocorrelation of 0.8 that falls by a factor of 0.9 a period and an "
        "individual autocorrelation of 0.3"
    )


@pytest.mark.parametrize(
    ("schedule", "clusters", "name"),
    [
        ([[0, 1], [1, 0]], (2, 2), "crossover"),
        ([[0, 1, 1], [0, 0, 1]], (2, 2), "stepped wedge"),
        ([[0, 1], [0, 0]], (2, 2), "cluster"),
        ([[1, 1], [0, 1]], (2, 2), "stepped wedge"),
        ([[1, 0], [0, 0]], (2, 2), "crossover"),
        ([[0, 1, 1], [0, 0, 1]], (2, 0), "cluster"),
        ([[0, 1, 1], [0, 0, 1]], (1, 1), "stepped wedge"),
    ],
)
def test_the_extension_goes_by_who_changes_treatment(
    schedule: list[list[int]], clusters: tuple[int, ...], name: str
) -> None:
    design: Any = SimpleNamespace(schedule=np.array(schedule), clusters=clusters)
    assert _extension(design)[0] == name


def test_periods_of_transition_and_people_measured_again() -> None:
    for transition in (0, 1):
        own = study({**WEDGE, "steps": 4, "transition_periods": transition})
        assert f"that are not analysed: {transition}." in " ".join(items(own))
        assert "repeated measures: none" in " ".join(items(own))
    cohort = " ".join(items(study({**WEDGE, "sampling": "closed cohort"})))
    assert "repeated measures: a random effect of people" in cohort
    robust = study(
        {**WEDGE, "sampling": "closed cohort"},
        analysis={"test": "cluster-robust", "random_effects": ["cluster"]},
    )
    told = " ".join(items(robust))
    assert "repeated measures: not modelled by person; errors are those of teams" in told


def test_ranges_that_were_looked_at_begin_with_the_effect() -> None:
    ranges = {"effect_se": 0.5, "ranges": {"sd": [1.0, 3.0], "icc": [0.0, 0.2]}}
    own = study({"type": "parallel", "clusters": 8, "size": 10}, uncertainty=ranges)
    assert _ranges(own) == "effect with a standard error of 0.5; icc from 0 to 0.2; sd from 1 to 3"
