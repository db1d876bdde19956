"""Plans of analysis: equal to the analysis of a table, right in their parts, honest in failure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.errors import InputError
from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.analysis_plan import AnalysisPlan, analyse_trial, default_plan
from sim.trials.data.data import TrialData
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import Attrition, Design, crossover, parallel, stepped_wedge
from sim.trials.power.simulated_power import performance, run_trials

SOURCE = StatisticalSource(40.0, 10.0, Correlations(0.08, 0.8, 0.6), effect=4.0)
COHORT = parallel(8, 12, baseline="ancova", attrition=Attrition(0.2))
WEDGE = stepped_wedge(2, 5, 10)


def wide(data: TrialData, design: Design) -> object:
    import pandas as pd

    cluster, arm, stratum, base, end = data.pairs(0, design.periods - 1)
    return pd.DataFrame(
        {"cluster": cluster, "arm": arm, "stratum": stratum, "base": base, "fu": end}
    )


def test_each_test_of_a_parallel_trial_is_that_of_the_table() -> None:
    data = SOURCE.simulate(COHORT, 1, 0)
    table = analyse_table(wide(data, COHORT), "fu ~ arm + base + (1|cluster)", "arm")  # type: ignore[arg-type]
    for test, key in (
        ("kenward-roger", "kenward_roger"),
        ("satterthwaite", "satterthwaite"),
        ("between-within", "between_within"),
        ("cluster-summary", "cluster_summary"),
    ):
        got = analyse_trial(data, COHORT, AnalysisPlan(test))
        assert got.p == pytest.approx(table[key]["p"], rel=1e-6), test
        assert [got.low, got.high] == pytest.approx(table[key]["ci95"], rel=1e-6)
        assert got.df == pytest.approx(table[key]["df"], rel=1e-6)
        assert got.analysed == table["n_obs"]


@pytest.mark.parametrize("test", ["kenward-roger", "satterthwaite", "between-within"])
def test_each_test_of_a_stepped_wedge_is_that_of_the_table(test: str) -> None:
    data = SOURCE.simulate(WEDGE, 1, 0)
    frame = data.frame()
    model = "outcome ~ treatment + factor(period) + (1|cluster) + (1|cluster:period)"
    table = analyse_table(frame, model, "treatment")
    got = analyse_trial(data, WEDGE, replace(default_plan(WEDGE), test=test))
    key = test.replace("-", "_")
    assert got.estimate == pytest.approx(table["estimate"], rel=1e-8)
    assert got.p == pytest.approx(table[key]["p"], rel=1e-6)
    assert got.df == pytest.approx(table[key]["df"], rel=1e-6)


def test_permutation_changes_the_p_value_alone() -> None:
    for design in (COHORT, WEDGE):
        data = SOURCE.simulate(design, 2, 0)
        plan = default_plan(design)
        plain = analyse_trial(data, design, plan)
        permuted = analyse_trial(data, design, replace(plan, test="permutation"))
        assert replace(permuted, p=plain.p) == plain
        assert permuted.p != plain.p
        assert permuted.p == pytest.approx(plain.p, abs=0.1)


def test_imputation_and_constrained_baseline_agree_with_complete_cases_without_loss() -> None:
    full = replace(COHORT, attrition=Attrition(0.0))
    data = SOURCE.simulate(full, 3, 0)
    plain = analyse_trial(data, full, AnalysisPlan("satterthwaite"))
    imputed = analyse_trial(data, full, AnalysisPlan(missing="multiple imputation", imputations=3))
    assert (imputed.estimate, imputed.se) == pytest.approx((plain.estimate, plain.se))
    assert imputed.df < 16 - 2, "clusters, less intercept and arm, and less by the rule"
    together = analyse_trial(data, full, AnalysisPlan(baseline="constrained"))
    assert together.estimate == pytest.approx(plain.estimate, abs=plain.se)
    assert together.se == pytest.approx(plain.se, rel=0.3)
    assert together.analysed == 2 * plain.analysed


@pytest.mark.parametrize(
    "plan",
    [
        AnalysisPlan(missing="multiple imputation", imputations=5),
        AnalysisPlan(baseline="constrained"),
        AnalysisPlan("permutation"),
    ],
)
def test_intervals_cover(plan: AnalysisPlan) -> None:
    n = 80
    results = run_trials(SOURCE, COHORT, n, seed=5, plan=plan)
    got = performance(results, true_effect=4.0)
    assert got.failed.value == 0.0
    assert abs(got.bias) < 4 * got.bias_se
    assert got.coverage.value > 0.95 - 4 * np.sqrt(0.95 * 0.05 / n)
    assert got.model_se == pytest.approx(got.empirical_se, rel=4 / np.sqrt(2 * n))


def with_workers(seed: int, worker_sd: float = 4.0) -> TrialData:
    """Return a parallel trial in which people share members of staff who differ."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(16), 15)
    worker = cluster * 3 + np.tile(np.arange(15) % 3, 16)
    arm = cluster % 2
    y = 50 + rng.normal(0, 2, 16)[cluster] + rng.normal(0, worker_sd, 48)[worker]
    zeros = np.zeros(240, int)
    y = y + rng.normal(0, 8, 240)
    return TrialData(cluster, zeros, np.arange(240), arm, arm, y, zeros, worker)


def test_workers_within_teams_are_a_level_of_their_own() -> None:
    design = parallel(8, 15)
    data = with_workers(1)
    plan = AnalysisPlan(random_effects=("cluster", "worker"))
    got = analyse_trial(data, design, plan)
    table = analyse_table(data.frame(), "outcome ~ arm + (1|cluster/worker)", "arm")
    assert got.estimate == pytest.approx(table["estimate"], rel=1e-8)
    assert got.p == pytest.approx(table["kenward_roger"]["p"], rel=1e-6)
    assert got.cluster_variance == pytest.approx(table["variance"]["cluster"], abs=1e-6)
    assert table["variance"]["cluster:worker"] > 0
    with pytest.raises(InputError, match="agent-based source"):
        analyse_trial(replace(data, worker=None), design, plan)


def test_failures_and_singular_fits_are_counted() -> None:
    design = parallel(2, 4)
    flat = StatisticalSource(40.0, 10.0, Correlations(0.0), effect=0.0)
    results = run_trials(flat, design, 60, seed=1)
    got = performance(results, true_effect=0.0)
    assert got.singular.value > 0.3
    assert got.failed.value == 0.0
    lost = run_trials(flat, replace(design, attrition=Attrition(0.9)), 60, seed=1)
    worse = performance(lost, true_effect=0.0)
    assert worse.failed.value > 0.5
    assert worse.power.value <= worse.power_when_fitted.value
    assert worse.power.trials == 60


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test": "kenward"}, "did you mean 'kenward-roger'"),
        ({"missing": "imputation"}, "unknown missing"),
        ({"baseline": "constraint"}, "did you mean 'constrained'"),
        ({"random_effects": ("person",)}, "must name 'cluster'"),
        ({"random_effects": ("cluster", "team")}, "unknown random effect"),
        ({"alpha": 1.0}, "between 0 and 1"),
        ({"imputations": 1}, "from 2 to 1000"),
        (
            {"missing": "multiple imputation", "random_effects": ("cluster", "treatment")},
            "with random intercepts alone",
        ),
        ({"test": "marginal", "missing": "multiple imputation"}, "use complete cases, or the"),
        ({"baseline": "constrained", "missing": "multiple imputation"}, "complete cases"),
        ({"baseline": "constrained", "test": "permutation"}, "kenward-roger"),
    ],
)
def test_what_a_plan_may_not_say(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        AnalysisPlan(**change)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [2, 1000])
def test_as_few_or_many_imputations_as_may_be(number: int) -> None:
    assert AnalysisPlan(imputations=number).imputations == number


@pytest.mark.parametrize(
    ("design", "plan", "message"),
    [
        (WEDGE, AnalysisPlan("cluster-summary"), "cluster-summary"),
        (parallel(5, 5), AnalysisPlan(baseline="constrained"), "with a baseline"),
        (crossover(3, 5), AnalysisPlan(baseline="constrained"), "with a baseline"),
    ],
)
def test_what_does_not_go_with_a_design(design: Design, plan: AnalysisPlan, message: str) -> None:
    with pytest.raises(InputError, match=message):
        analyse_trial(SOURCE.simulate(design, 1, 0), design, plan)


def test_agent_based_trials_know_key_workers() -> None:
    from sim.scenarios.library import load_scenario
    from sim.trials.data.agents import AgentSource

    design = parallel(4, 12, weeks=26)
    source = AgentSource(load_scenario("refocus-as-delivered"), measure="inspire_relationship")
    data = source.simulate(design, 1, 0)
    assert data.worker is not None
    last = data.period == data.period.max()
    workers = np.unique(data.worker[last])
    assert 8 < len(workers) < last.sum(), "people share workers"
    for one in workers:
        assert len(set(data.cluster[last][data.worker[last] == one])) == 1, "within one team"
    got = analyse_trial(data, design, AnalysisPlan(random_effects=("cluster", "worker")))
    assert not got.failed
    assert got.clusters == 8
