"""Designs beyond equal clusters in two arms: worked by hand, or equal to what they must equal."""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.analysis_plan import analysis_rows
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import parallel, sized
from sim.trials.designs.design_file import design_from_table, trial_design
from sim.trials.power.design_formula import after_baseline, components_of
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.formula_power import FormulaPower
from sim.trials.power.formula_search import find_by_formula
from sim.trials.power.power_study import assumed_of, statistical_source, study_of

SIZES = (5, 8, 10, 12, 15, 18, 20, 22, 25, 30, 35, 40)
OUTCOME = {"effect": 4.0, "icc": 0.05, "sd": 10.0}


def formula(design: dict[str, Any], **tables: dict[str, Any]) -> FormulaPower:
    table = {"design": design, "statistical": OUTCOME, **tables}
    return formula_answer(study_of(design_from_table(table, "trial"))).formula


def test_listed_sizes_are_those_of_the_trial_and_averaged_over_allocations() -> None:
    data = StatisticalSource(40.0, 10.0, Correlations(0.05), 4.0).simulate(
        sized(parallel(6, 20), SIZES), 1, 0
    )
    assert np.bincount(data.cluster).tolist() == list(SIZES)
    design = {"type": "parallel", "clusters": 12}
    means = {"analysis": {"test": "cluster-summary"}}
    found = formula({**design, "sizes": SIZES}, **means)
    # The mean over allocations of what the means of both arms vary by, 2000 simulated trials: .492
    # of an effect of 5 with ICC .1 and Kenward-Roger's test, .479 by formula.
    each = 100.0 * (0.05 + 0.95 / np.array(SIZES))
    assert found.se == pytest.approx(sqrt(2.0 * each.mean() / 6.0), rel=0.01)
    equal = formula({**design, "sizes": [20] * 12})
    assert equal.power == pytest.approx(formula({**design, "size": 20}).power, abs=1e-12)


@pytest.mark.parametrize(
    ("design", "problem"),
    [
        ({"sizes": [5, 6]}, "sizes: 2 teams are listed, but 12 are randomised"),
        ({"sizes": [20] * 12, "size": 20}, "size and sizes: give one"),
        ({"sizes": [20] * 11 + [2.5]}, r"sizes: 2\.5 is no number of people"),
    ],
)
def test_a_list_that_is_none_is_refused(design: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        formula({"type": "parallel", "clusters": 12, **design})


def test_nothing_is_looked_for_that_a_list_decides() -> None:
    table = {"design": {"type": "parallel", "clusters": 12, "sizes": SIZES}, "statistical": OUTCOME}
    with pytest.raises(InputError, match="find = 'clusters': design.sizes lists"):
        find_by_formula(design_from_table(table, "trial"), "clusters", 0.8)


def test_a_batched_wedge_is_wedges_one_after_the_other() -> None:
    """Batches that share no period are independent trials: 1 / b of the variance (known)."""
    wedge = {"type": "stepped wedge", "steps": 3, "clusters": 6, "size": 15}
    batched = {**wedge, "type": "batched wedge", "clusters": 12, "batches": 2, "batch_lag": 4}
    apart = formula(batched)
    assert apart.se == pytest.approx(formula(wedge).se / sqrt(2.0), rel=1e-12)
    assert formula({**batched, "batch_lag": 1}).se < apart.se
    table = {"design": {**batched, "steps": 2, "batch_lag": 1}, "statistical": OUTCOME}
    schedule = trial_design(design_from_table(table, "trial")).schedule.tolist()
    assert schedule == [[0, 1, 1, 3], [0, 0, 1, 3], [3, 0, 1, 1], [3, 0, 0, 1]]
    with pytest.raises(InputError, match="fewer teams than the 6 sequences"):
        formula({**batched, "clusters": 5})


def test_effects_go_with_levels_as_worked_by_hand() -> None:
    outcome = {**OUTCOME, "cac": 1.0, "effect_heterogeneity": 3.0, "effect_correlation": -0.8}
    design = {"type": "parallel", "clusters": 12, "size": 15}
    found = formula(design, statistical=outcome, analysis={"test": "cluster-summary"})
    control = 5.0 + 95.0 / 15.0
    treated = control + 9.0 - 2.0 * 0.8 * 3.0 * sqrt(5.0)
    assert found.se == pytest.approx(sqrt((control + treated) / 6.0), rel=1e-9)
    source = StatisticalSource(
        0.0, 10.0, Correlations(0.5), 0.0, effect_sd=4.0, effect_correlation=-0.8
    )
    data = source.simulate(parallel(400, 40), 1, 0)
    means = np.bincount(data.cluster, data.outcome) / 40.0
    arm = np.bincount(data.cluster, data.arm) / 40.0
    variances = [means[arm == one].var() - 50.0 / 40.0 for one in (0.0, 1.0)]
    by_hand = [50.0, 50.0 + 16.0 - 2.0 * 0.8 * 4.0 * sqrt(50.0)]
    assert variances == pytest.approx(by_hand, rel=0.2)


WEDGE = {"type": "stepped wedge", "steps": 3, "clusters": 9, "size": 12}


def test_a_baseline_over_periods_is_generalised_least_squares_of_what_it_leaves() -> None:
    """By hand: outcomes less their persons' baseline, all people in one matrix; 400 trials .56."""
    outcome = {"effect": 3.0, "sd": 10.0, "icc": 0.05, "cac": 0.8, "iac": 0.6}
    design = {**WEDGE, "baseline": "ancova"}
    file = design_from_table({"design": design, "statistical": outcome})
    truth = components_of(trial_design(file), assumed_of(file, 3.0))
    slope = after_baseline(truth, trial_design(file))[1]
    assert slope == pytest.approx(0.6, abs=0.05), "near that within clusters, the IAC"
    whole = truth.cluster * np.ones((48, 48)) + truth.residual * np.eye(48)
    whole += truth.individual * np.kron(np.eye(12), np.ones((4, 4)))
    whole += truth.cluster_period * np.kron(np.ones((12, 12)), np.eye(4))
    turn = np.kron(np.eye(12), np.column_stack([np.full(3, -slope), np.eye(3)]))
    covariance = turn @ whole @ turn.T
    information = np.zeros((4, 4))
    for row in trial_design(file).schedule[:, 1:]:
        x = np.tile(np.column_stack([row, np.eye(3)]), (12, 1)).astype(float)
        information += 3.0 * x.T @ np.linalg.solve(covariance, x)
    assert formula(design, statistical=outcome).se == pytest.approx(
        sqrt(np.linalg.inv(information)[0, 0]), rel=1e-9
    )


def test_a_baseline_over_periods_is_each_persons_own() -> None:
    outcome = {"effect": 0.0, "icc": 0.0, "iac": 1.0 - 1e-9}
    file = design_from_table({"design": {**WEDGE, "baseline": "ancova"}, "statistical": outcome})
    design, plan = trial_design(file), study_of(file).plan
    data = statistical_source(file).simulate(design, 1, 0)
    rows = analysis_rows(data, design, plan)
    assert set(rows.period.tolist()) == {1, 2, 3}
    assert rows.x.shape[1] == 5, "intercept, treatment, two periods, baseline"
    assert rows.x[:, -1] == pytest.approx(rows.y, abs=0.01), "outcomes that stay as they were"
    for change in ({"sampling": "cross-sectional"}, {"baseline": "change"}):
        with pytest.raises(InputError, match="baseline = "):
            design_from_table(
                {"design": {**WEDGE, "baseline": "ancova", **change}, "statistical": outcome}
            )
