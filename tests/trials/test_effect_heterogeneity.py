"""Effects that differ between clusters: the formula's standard error counts them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.formula_grid import fits
from sim.errors import InputError
from sim.trials.analyses.analysis_plan import analyse_trial, default_plan
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import Design, crossover, parallel, stepped_wedge
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.formula_power import parallel_power, power_of_effect
from sim.trials.power.simulated_power import performance
from tests.trials.closed_forms import from_matrix

SAME = Assumed(4.0, 10.0, 0.05, 0.8, 0.6)
VARYING = replace(SAME, effect_sd=5.0)
DESIGNS = (
    parallel((8, 16), 10.0),
    parallel(10, 12.0, baseline="ancova"),
    stepped_wedge(4, 3, 10.0),
    crossover(8, 10.0),
    from_matrix([[1, 1]] * 8 + [[0, 0]] * 8, 10.0),
)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda one: one.name)
def test_the_standard_error_is_that_of_simulated_estimates(design: Design) -> None:
    source = StatisticalSource(0.0, 10.0, Correlations(0.05, 0.8, 0.6), 4.0, effect_sd=5.0)
    plan = default_plan(design)
    trials = 300
    found = [one.estimate for one in fits(source, design, plan, trials, seed=3)]
    simulated = float(np.std(found, ddof=1))
    error = simulated / np.sqrt(2.0 * trials)
    assert abs(design_power(design, VARYING).se - simulated) < 3.0 * error
    # Leaving the heterogeneity out would be noticed.
    assert design_power(design, SAME).se < simulated - 4.0 * error


@pytest.mark.parametrize(
    "design",
    [
        parallel((8, 16), 10.0),
        parallel((16, 8), 10.0),
        parallel((20, 8), 12.0, baseline="ancova"),
    ],
    ids=["many treated", "few treated", "ancova"],
)
@pytest.mark.parametrize("effect", [0.0, 5.0])
def test_power_is_that_of_a_test_with_one_variance_for_both_arms(
    design: Design, effect: float
) -> None:
    source = StatisticalSource(0.0, 10.0, Correlations(0.05, 0.8, 0.6), effect, effect_sd=8.0)
    plan = default_plan(design)
    found = performance(
        [analyse_trial(source.simulate(design, 3, n), design, plan) for n in range(1000)],
        true_effect=effect,
    )
    formula = design_power(design, replace(VARYING, effect=effect, effect_sd=8.0))
    assert abs(formula.power - found.power.value) < 3.0 * found.power.monte_carlo_se + 0.01
    assert formula.model_se == pytest.approx(found.model_se, rel=0.03)
    # A test that knew the true standard error would reject elsewhere.
    known = power_of_effect(effect, formula.se, formula.df, "").power
    assert abs(known - found.power.value) > 4.0 * found.power.monte_carlo_se


def test_equal_arms_have_the_right_variance_with_fewer_degrees_of_freedom() -> None:
    plain, varying = (parallel_power(4.0, 10.0, 9, 10.0, 0.05, effect_sd=e) for e in (0, 5))
    assert plain.model_se == pytest.approx(plain.se, rel=1e-12)
    assert plain.spread_df == plain.df
    assert varying.model_se == pytest.approx(varying.se, rel=1e-6)
    assert 8.0 < varying.spread_df < varying.df == pytest.approx(16.0, rel=1e-6)
    # Where all variance is the treated arm's, its own degrees of freedom are left.
    assert parallel_power(4.0, 10.0, 9, 10.0, 0.05, effect_sd=1e6).spread_df == pytest.approx(
        8.0, rel=1e-4
    )
    with_one_treated = parallel_power(4.0, 10.0, (12, 1), 10.0, 0.05, effect_sd=5.0)
    assert with_one_treated.model_se < with_one_treated.se


def test_another_effect_is_found_with_the_same_standard_errors() -> None:
    given = {"sd": 10.0, "clusters": (6, 12), "size": 10.0, "icc": 0.05, "effect_sd": 6.0}
    assert parallel_power(4.0, **given).at(7.0) == parallel_power(7.0, **given)


def test_a_parallel_trial_has_the_variance_of_the_treated_clusters_mean_more() -> None:
    plain, varying = (parallel_power(4.0, 10.0, (8, 16), 10.0, 0.05, effect_sd=e) for e in (0, 5))
    assert varying.se**2 == pytest.approx(plain.se**2 + 25.0 / 16.0)
    assert varying.power < plain.power
    with pytest.raises(InputError, match="effect_sd"):
        parallel_power(4.0, 10.0, 8, 10.0, 0.05, effect_sd=-1.0)


def test_a_crossover_in_two_periods_has_it_over_all_clusters() -> None:
    # Each cluster's difference of its two periods has the cluster's own effect, once.
    plain, varying = (design_power(DESIGNS[3], one) for one in (SAME, VARYING))
    assert varying.se**2 == pytest.approx(plain.se**2 + 25.0 / 16.0)


def test_knowing_of_the_heterogeneity_can_only_help() -> None:
    wedge = DESIGNS[2]
    plan = default_plan(wedge)
    plan = replace(plan, random_effects=(*plan.random_effects, "treatment"))
    modelled = design_power(wedge, VARYING, plan=plan)
    not_modelled = design_power(wedge, VARYING)
    assert design_power(wedge, SAME).se < modelled.se < not_modelled.se
