"""Expected degrees of freedom: an independent calculation, known answers, and simulated fits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.trials.analyses.analysis_plan import analyse_trial, default_plan
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.correlation import VarianceComponents
from sim.trials.designs.design import crossover, stepped_wedge
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.expected_df import BETWEEN, expected_df

WEDGE = np.array([[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]] * 3, float)
VARIANCES = VarianceComponents(residual=90.0, cluster=4.0, cluster_period=2.0, treatment=9.0)


def by_one_large_matrix(schedule: np.ndarray, size: float, v: VarianceComponents) -> float:
    """Return the same from the projection matrix over all cells at once."""
    clusters, periods = schedule.shape
    treated = schedule.ravel()
    cluster = np.repeat(np.arange(clusters), periods)
    same = np.equal.outer(cluster, cluster).astype(float)
    parts = [same, np.eye(treated.size), same * np.outer(treated, treated)]
    values = [getattr(v, name) for name in BETWEEN]
    V = sum(x * part for x, part in zip(values, parts, strict=True))
    W = np.linalg.inv(V + np.eye(treated.size) * v.residual / size)
    X = np.column_stack([np.tile(np.eye(periods), (clusters, 1)), treated])
    M = np.linalg.inv(X.T @ W @ X)
    P = W - W @ X @ M @ X.T @ W
    information = np.array([[0.5 * np.trace(P @ a @ P @ b) for b in parts] for a in parts])
    slope = np.array([(M @ X.T @ W @ a @ W @ X @ M)[-1, -1] for a in parts])
    return float(2.0 * M[-1, -1] ** 2 / (slope @ np.linalg.solve(information, slope)))


@pytest.mark.parametrize("treatment", [0.0, 1.0, 9.0, 100.0])
def test_it_is_that_of_the_whole_projection_matrix(treatment: float) -> None:
    v = replace(VARIANCES, treatment=treatment)
    assert expected_df(WEDGE, 12.0, v) == pytest.approx(by_one_large_matrix(WEDGE, 12.0, v))


def test_cells_that_are_not_measured_count_for_nothing() -> None:
    holes = WEDGE.copy()
    holes[0, 3] = holes[4, 0] = np.nan
    sizes = np.where(np.isnan(holes), 0.0, 12.0)
    assert expected_df(holes, 12.0, VARIANCES) == expected_df(WEDGE, sizes, VARIANCES)
    assert expected_df(holes, 12.0, VARIANCES) < expected_df(WEDGE, 12.0, VARIANCES)


def test_in_a_crossover_each_cluster_is_one_difference() -> None:
    schedule = np.array([[0.0, 1.0], [1.0, 0.0]] * 6)
    same = replace(VARIANCES, treatment=0.0)
    assert expected_df(schedule, 10.0, same) == pytest.approx(10.0)
    # Where effects differ, the two sequences have other covariances, and it is nearly so.
    assert expected_df(schedule, 10.0, VARIANCES) == pytest.approx(10.0, rel=1e-3)


def test_effects_that_differ_leave_the_degrees_of_freedom_of_clusters() -> None:
    found = [
        expected_df(WEDGE, 12.0, replace(VARIANCES, treatment=variance))
        for variance in (0.0, 4.0, 25.0, 1e6)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > len(WEDGE)
    assert found[-1] == pytest.approx(len(WEDGE) - 1, abs=1.0)


def test_one_treated_cell_tells_nothing_of_how_effects_differ() -> None:
    schedule = np.zeros((6, 3))
    schedule[2, 1] = 1.0
    assert expected_df(schedule, 10.0, VARIANCES) == 0.0


def test_it_is_near_what_fits_find() -> None:
    design = stepped_wedge(4, 3, 10.0)
    plan = default_plan(design)
    plan = replace(plan, random_effects=(*plan.random_effects, "treatment"))
    source = StatisticalSource(0.0, 10.0, Correlations(0.05, 0.8, 0.0), 4.0, effect_sd=5.0)
    fits = [analyse_trial(source.simulate(design, 3, n), design, plan) for n in range(100)]
    assumed = Assumed(4.0, 10.0, 0.05, 0.8, 0.0, 0.0, 5.0)
    formula = design_power(design, assumed, random_treatment=True)
    assert formula.df == pytest.approx(float(np.median([one.df for one in fits])), rel=0.1)
    assert formula.df_rule == "Satterthwaite's, expected"
    assert formula.df < design_power(design, assumed).df


def test_a_plain_crossover_keeps_its_rule() -> None:
    formula = design_power(crossover(8, 10.0), Assumed(4.0, 10.0, 0.05), random_treatment=True)
    assert formula.df == pytest.approx(14.0)
