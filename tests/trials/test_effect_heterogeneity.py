"""Effects that differ between clusters: the formula's standard error counts them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analysis_plan import analyse_trial, default_plan
from sim.trials.correlation import from_correlations
from sim.trials.design import Design, crossover, from_matrix, parallel, stepped_wedge
from sim.trials.design_formula import Assumed, design_power
from sim.trials.formula_power import parallel_power
from sim.trials.gls_power import gls_standard_error
from sim.trials.statistical import Correlations, StatisticalSource

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
    found = [
        analyse_trial(source.simulate(design, 3, number), design, plan).estimate
        for number in range(trials)
    ]
    simulated = float(np.std(found, ddof=1))
    error = simulated / np.sqrt(2.0 * trials)
    assert abs(design_power(design, VARYING).se - simulated) < 3.0 * error
    # Leaving the heterogeneity out would be noticed.
    assert design_power(design, SAME).se < simulated - 4.0 * error


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
    modelled = design_power(wedge, VARYING, random_treatment=True)
    not_modelled = design_power(wedge, VARYING)
    assert design_power(wedge, SAME).se < modelled.se < not_modelled.se


def test_without_heterogeneity_both_standard_errors_are_the_same() -> None:
    schedule = np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]] * 3)
    components = from_correlations(100.0, 0.05, 0.8)
    one, other = (
        gls_standard_error(schedule, 10.0, components, modelled_treatment=known)
        for known in (True, False)
    )
    assert one == pytest.approx(other, rel=1e-14)
