"""What is said of mediation: people and teams that the formula takes, and what trials tell."""

from __future__ import annotations

from dataclasses import replace
from math import nan, sqrt
from types import SimpleNamespace
from typing import Any

import pytest

from sim.errors import InputError
from sim.trials.designs.design_file import design_from_table
from sim.trials.power.mediation_answer import (
    mediation_formula,
    simulated_enough,
    simulated_lines,
    teams_needed,
)
from sim.trials.power.mediation_power import Mediation
from sim.trials.power.mediation_simulated import Mean, Shares, SimulatedMediation
from sim.trials.power.power_study import study_of
from sim.trials.power.simulated_power import rate

PATHS = Mediation(0.5, 0.4, 0.2, 0.1, 0.05)


def study(size: int = 40, loss: float = 0.0, clusters: tuple[int, int] = (15, 15)) -> Any:
    return study_of(
        design_from_table(
            {
                "design": {"clusters_by_sequence": clusters, "size": size},
                "statistical": {"icc": 0.05},
                "attrition": {"rate": loss},
                "mediation": {
                    "a": 0.5,
                    "b": 0.4,
                    "workers": 4,
                    "mediator_icc": 0.2,
                    "worker_icc": 0.1,
                },
            }
        )
    )


def test_people_are_those_with_an_outcome_of_each_worker() -> None:
    """Of 40 people half stay: 20 of 4 workers."""
    found = mediation_formula(study(loss=0.5))
    assert found is not None
    assert (found.clusters, found.workers, found.people) == (30, 4.0, 5.0)
    assert found.paths == PATHS
    assert found.needed == teams_needed(PATHS, 4.0, 5.0, 0.8, 0.05)
    least = mediation_formula(study(4))
    assert least is not None
    assert least.people == 1.0
    with pytest.raises(InputError, match="more than the 3.8 people of a team with an outcome"):
        mediation_formula(study(4, 0.05))


def test_arms_that_are_not_alike_are_so_in_both_numbers() -> None:
    """A third treated: the error is that of halves times the root of (1/4) / (2/9)."""
    alike, unlike = mediation_formula(study()), mediation_formula(study(clusters=(10, 20)))
    assert alike is not None
    assert unlike is not None
    assert unlike.power.se_a == pytest.approx(alike.power.se_a * sqrt(9 / 8))
    assert unlike.needed == teams_needed(PATHS, 4.0, 10.0, 0.8, 0.05, treated=1 / 3)
    assert alike.needed == teams_needed(PATHS, 4.0, 10.0, 0.8, 0.05, treated=0.5)
    assert (unlike.needed or 0) > (alike.needed or 0)


def simulated(**changes: Any) -> SimulatedMediation:
    one = Mean(1.0, 0.1)
    found = SimulatedMediation(
        mediator="practice",
        outcome="qpr15",
        clusters=6,
        workers=4.0,
        people=5.0,
        total=one,
        indirect=one,
        direct=one,
        given_indirect=None,
        given_direct=None,
        a=one,
        slope=1.0,
        estimated_slope=one,
        estimate=one,
        path_a=rate(16, 20),
        path_b=rate(16, 20),
        within=rate(16, 20),
        joint=rate(0, 20),
        sobel=rate(16, 20),
        mediator_shares=Shares(1.0, 0.2, 0.0),
        outcome_shares=Shares(1.0, 0.1, 0.1),
        formula=None,
        paths=PATHS,
    )
    return replace(found, **changes)


def planned(baseline: str = "none") -> Any:
    return SimpleNamespace(
        file=SimpleNamespace(target=SimpleNamespace(power=0.8)),
        plan=SimpleNamespace(alpha=0.05),
        design=SimpleNamespace(clusters=(3, 3), total_clusters=6, baseline=baseline),
    )


@pytest.mark.parametrize(
    ("a", "slope", "unknown"),
    [
        ((0.2, 0.1), (1.0, 0.1), "effect on the mediator"),
        ((-0.2, 0.1), (1.0, 0.1), "effect on the mediator"),
        ((0.2001, 0.1), (1.0, 0.1), ""),
        ((-0.2001, 0.1), (1.0, 0.1), ""),
        ((0.005, 0.01), (1.0, 0.1), "effect on the mediator"),
        ((1.0, 0.1), (0.2, 0.1), "slope between teams"),
        ((1.0, 0.1), (nan, nan), "slope between teams"),
        # The same in every trial.
        ((0.0, 0.0), (1.0, 0.1), ""),
    ],
)
def test_how_many_teams_would_do_is_told_by_paths_beyond_two_errors(
    a: tuple[float, float], slope: tuple[float, float], unknown: str
) -> None:
    told = simulated_enough(planned(), simulated(a=Mean(*a), estimated_slope=Mean(*slope)))
    if unknown:
        assert f"as these trials do not tell the {unknown}; simulate more" in told
    else:
        needed = teams_needed(PATHS, 4.0, 5.0, 0.8, 0.05)
        assert told == f"0.8 needs {needed} teams by formula"


def test_lines_have_what_was_worked_out() -> None:
    text = "\n".join(simulated_lines(planned(), simulated()))
    assert "by formula 0." not in text
    assert "interventional" not in text
    assert "given the baseline" not in text
    assert "path B 1 points for an SD of the mediator" in text
    power: Any = SimpleNamespace(power_a=0.9, power_b=0.8, joint=0.72, sobel=0.7)
    given = simulated(formula=power, given_indirect=Mean(0.3, 0.1), given_direct=Mean(0.7, 0.1))
    lines = simulated_lines(planned("ancova"), given)
    assert "interventional: by practice 0.300 (MC SE 0.100), beside it 0.700" in lines[1]
    assert "of whose outcomes, given the baseline, 0.100 of" in lines[2]
    numbers = [one.split("by formula ")[1] for one in lines if "  by formula 0." in one]
    assert numbers == ["0.900", "0.800", "0.720", "0.700"], "none of workers within teams"
