"""What a plan makes of a trial's data: its rows and columns on paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.analysis_plan import (
    AnalysisPlan,
    analyse_trial,
    analysis_rows,
    exposure_of_cells,
    own_baseline,
    trial_analyses,
)
from sim.trials.analyses.exposure import LONG_TERM
from sim.trials.data.data import TrialData
from sim.trials.designs.design import Design, crossover, parallel, stepped_wedge
from tests.trials.schedules import NONE, THREE_ARMS, C, T

WEDGE = stepped_wedge(2, 2, 1)


def data_of(**columns: list[float]) -> TrialData:
    given = {name: np.array(values) for name, values in columns.items()}
    nothing = np.zeros(len(given["outcome"]), int)
    names = ("cluster", "period", "person", "treatment", "arm", "stratum")
    return TrialData(**{**dict.fromkeys(names, nothing), **given})


TWICE = data_of(
    period=[0, 0, 0, 1, 1, 1],
    person=[7, 8, 9, 9, 8, 7],
    cluster=[0, 0, 1, 1, 0, 0],
    arm=[1, 1, 0, 0, 1, 1],
    stratum=[0, 0, 1, 1, 0, 0],
    outcome=[1.0, 2.0, 4.0, 14.0, 25.0, 31.0],
)


@pytest.mark.parametrize(
    ("baseline", "y", "columns"),
    [
        # Rows by person: 7, 8 and 9. Intercept, arm, baseline, stratum.
        ("ancova", [31, 25, 14], [[1, 1, 1, 0], [1, 1, 2, 0], [1, 0, 4, 1]]),
        ("change", [30, 23, 10], [[1, 1, 0], [1, 1, 0], [1, 0, 1]]),
        ("none", [14, 25, 31], [[1, 0, 1], [1, 1, 0], [1, 1, 0]]),
    ],
)
def test_rows_of_a_parallel_trial(baseline: str, y: Any, columns: Any) -> None:
    rows = np.array([[C, T], [C, C]] if baseline != "none" else [[NONE, T], [NONE, C]])
    sampling = "closed cohort" if baseline != "none" else "cross-sectional"
    design = Design("d", rows, (2, 2), 2, baseline=baseline, sampling=sampling)
    got = analysis_rows(TWICE, design, AnalysisPlan())
    assert got.y.tolist() == y
    assert got.x.tolist() == columns
    assert set(got.period) == {1}
    assert got.treated.tolist() == [row[1] for row in columns]


def test_rows_of_several_arms() -> None:
    data = data_of(arm=[0, 1, 2], treatment=[0, 1, 1], outcome=[5.0, 6.0, 7.0])
    first, second = (analysis_rows(data, THREE_ARMS, AnalysisPlan(), arm) for arm in (1, 2))
    assert first.x.tolist() == [[1, 0, 0], [1, 1, 0], [1, 0, 1]]
    assert second.x.tolist() == [[1, 0, 0], [1, 0, 1], [1, 1, 0]]
    assert first.treated.tolist() == [0, 1, 1]


STEPS = data_of(
    cluster=[0, 0, 0, 1, 1, 1],
    period=[0, 1, 2, 0, 1, 2],
    person=[3, 3, 3, 5, 5, 5],
    treatment=[0, 1, 1, 0, 0, 1],
    outcome=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
)


def test_rows_over_periods() -> None:
    got = analysis_rows(STEPS, WEDGE, AnalysisPlan())
    assert got.x.tolist() == [
        *([1, 0, 0, 0], [1, 1, 1, 0], [1, 1, 0, 1]),
        *([1, 0, 0, 0], [1, 0, 1, 0], [1, 1, 0, 1]),
    ]
    assert got.y.tolist() == STEPS.outcome.tolist()
    effects = trial_analyses.random_effects(
        got, got.cluster, AnalysisPlan(random_effects=("cluster", "cluster-period", "person"))
    )
    assert [one.n_levels for one in effects] == [2, 6, 2]
    slope = trial_analyses.random_effects(
        got, got.cluster, AnalysisPlan(random_effects=("cluster", "treatment"))
    )
    assert slope[1].slope.tolist() == got.treated.tolist() == STEPS.treatment.tolist()
    # Own baselines instead of the first period.
    cohort = replace(WEDGE, sampling="closed cohort", baseline="ancova")
    got = analysis_rows(STEPS, cohort, AnalysisPlan())
    assert got.x.tolist() == [[1, 1, 0, 1], [1, 1, 1, 1], [1, 0, 0, 4], [1, 1, 1, 4]]
    assert got.y.tolist() == [2, 3, 5, 6]


def test_the_plan_s_estimand_stands_first() -> None:
    """The long-term effect is that of exposure 2, the last; that of exposure 1 stands beside it."""
    plan = AnalysisPlan(estimand=LONG_TERM)
    got = analysis_rows(STEPS, WEDGE, plan)
    assert got.x.shape == (6, 5)
    assert got.x[:, 1:3].tolist() == [[0, 0], [0, 1], [1, 0], [0, 0], [0, 0], [0, 1]]
    assert exposure_of_cells(WEDGE).tolist() == [[0, 1, 2]] * 2 + [[0, 0, 1]] * 2
    with pytest.raises(InputError, match="teams that stay treated"):
        exposure_of_cells(crossover(2, 1, periods=3))


def test_a_baseline_is_the_person_s_own() -> None:
    data = data_of(
        period=[0, 1, 0, 1, 1], person=[9, 9, 2, 2, 11], outcome=[4.0, 5.0, np.nan, 7.0, 8.0]
    )
    assert np.nan_to_num(own_baseline(data), nan=-1).tolist() == [4, 4, -1, -1, -1]


def test_too_little_is_a_failure() -> None:
    """Two arms need three clusters with outcomes, and both arms among them."""
    rows = {"cluster": [0, 0, 1, 1, 2, 2, 3, 3], "arm": [1, 1, 1, 1, 0, 0, 0, 0]}
    y = [1.0, 2.0, 3.0, 5.0, 2.0, 2.5, 7.0, 8.0]
    plan, design = AnalysisPlan("cluster-summary"), parallel(2, 2)
    whole = analyse_trial(data_of(**rows, outcome=y), design, plan)
    # Means 1.5, 4 and 2.25, 7.5.
    assert whole.estimate == pytest.approx(2.75 - 4.875)
    assert (whole.analysed, whole.clusters, whole.failed) == (8, 4, False)
    for gone, left, clusters in (((0, 1, 2, 3), 4, 2), ((2, 3, 4, 5), 4, 2), ((4, 5, 6), 5, 3)):
        own = [np.nan if at in gone else one for at, one in enumerate(y)]
        got = analyse_trial(data_of(**rows, outcome=own), design, plan)
        assert (got.failed, got.analysed, got.clusters) == (True, left, clusters)
    # Three clusters are enough where all of them are treated at some time.
    three = {"cluster": [0, 0, 1, 1, 2, 2, 4, 4], "arm": [1, 1, 1, 1, 1, 1, 0, 0]}
    uneven = replace(design, clusters=(3, 2))
    assert analyse_trial(data_of(**three, outcome=y), uneven, plan).failed
