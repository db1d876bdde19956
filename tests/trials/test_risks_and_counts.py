"""Power for binary and count outcomes: simulated with given correlations, and by formula."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.errors import InputError
from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.analysis_plan import analyse_trial
from sim.trials.analyses.methods import marginal
from sim.trials.data.outcome_kind import (
    BINARY,
    COUNT,
    Outcome,
    correlation,
    cumulative,
    latent_correlations,
    outcomes,
    variation_of_rates,
)
from sim.trials.designs.correlation import from_correlations
from sim.trials.designs.design_file import design_from_table, trial_design
from sim.trials.designs.design_schema import DesignFile
from sim.trials.designs.design_text import design_text
from sim.trials.power.expected_marginal import MarginalModel, marginal_over_cells
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.generalised_power import (
    difference_se,
    over_cells,
)
from sim.trials.power.gls_power import gls_standard_error
from sim.trials.power.power_outcome import known_formula_lines
from sim.trials.power.power_study import simulate_power, statistical_source, study_of


def file_of(outcome: str, **changed: Any) -> DesignFile:
    given: dict[str, Any] = {"outcome": outcome, "mean": 0.3, "effect": 0.15, "icc": 0.04}
    given |= {k: v for k, v in changed.items() if k not in ("design", "analysis", "attrition")}
    design = changed.get("design", {})
    if "clusters_by_sequence" not in design:
        design = {"type": "parallel", "clusters": 16, "size": 20} | design
    parts = {k: changed[k] for k in ("analysis", "attrition") if k in changed}
    return design_from_table({"design": design, "statistical": given, **parts}, "test")


def test_two_normal_numbers_give_a_probability_by_hand() -> None:
    # With a median threshold P(both) = 1/4 + asin(r)/(2 pi).
    r = 0.37
    want = np.arcsin(r) / (2 * np.pi) / 0.25
    assert correlation(r, Outcome(BINARY, 0.5)) == pytest.approx(want, abs=1e-6)


def test_a_count_has_its_distribution() -> None:
    k = variation_of_rates(0.8, 0.05)
    assert 0.8 / (0.8 + (k * 0.8) ** 2) == pytest.approx(0.95)
    rng = np.random.default_rng(1)
    drawn = outcomes(COUNT, np.full(200_000, 0.8), rng.standard_normal(200_000), k)
    assert drawn.mean() == pytest.approx(0.8, abs=0.01)
    assert drawn.var() == pytest.approx(0.8 + (k * 0.8) ** 2, rel=0.02)
    assert cumulative(COUNT, 2.0, 0.0)[0] == pytest.approx(np.exp(-2.0))


@pytest.mark.parametrize(("kind", "mean"), [("binary", 0.3), ("count", 0.8)])
def test_simulated_outcomes_have_the_correlations_asked_for(kind: str, mean: float) -> None:
    design = {"type": "matrix", "clusters_by_sequence": [2000, 2000], "size": 4}
    design |= {"schedule": [[0, 0], [0, 1]], "sampling": "closed cohort"}
    file = file_of(kind, mean=mean, icc=0.1, cac=0.6, iac=0.4, effect=0.1, design=design)
    data = statistical_source(file).simulate(trial_design(file), 5, 0)
    control = data.outcome[data.period == 0].reshape(-1, 4)
    assert control.mean() == pytest.approx(mean, abs=0.015)
    within = [np.cov(control[:, i], control[:, j])[0, 1] for i in range(4) for j in range(i)]
    assert np.mean(within) / control.var() == pytest.approx(0.1, abs=0.015)
    first, last = (data.outcome[data.period == one] for one in (0, 1))
    # The same people in clusters that stay in control.
    never = data.arm[data.period == 0] == 0
    same = np.corrcoef(first[never], last[never])[0, 1]
    assert same == pytest.approx(0.1 * 0.6 + 0.9 * 0.4, abs=0.03)
    treated = data.outcome[(data.period == 1) & (data.treatment == 1)].mean()
    assert treated == pytest.approx(mean + 0.1, abs=0.025)


def test_formula_and_simulation_agree() -> None:
    # A probability in the middle and few people: quick to fit.
    file = file_of("binary", mean=0.4, effect=0.25, icc=0.05, design={"clusters": 10, "size": 20})
    study = study_of(file)
    assert study.plan.test == "marginal"
    found = simulate_power(study, 120, seed=3, workers=1)
    formula = found.formula
    assert formula is not None
    assert formula.df == 8
    spread = 4.0 * found.performance.power.monte_carlo_se
    assert found.performance.power.value == pytest.approx(formula.power, abs=spread)
    assert found.performance.bias == pytest.approx(0.0, abs=4.0 * found.performance.bias_se)
    assert found.performance.empirical_se == pytest.approx(formula.se, rel=0.15)
    assert found.null is not None
    assert found.null.power.value < 0.12


def test_periods_of_one_mean_are_those_of_a_linear_model() -> None:
    schedule = np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]).repeat(4, axis=0)
    parts = from_correlations(1.0, 0.05, 0.8)
    means = np.full((8, 3), 0.4)
    found = over_cells(BINARY, means, schedule, np.full((8, 3), 12.0), parts, 0.4, 0.05)
    plain = gls_standard_error(schedule, 12.0, from_correlations(0.24, 0.05, 0.8))
    assert found.se == pytest.approx(plain)


def test_one_arm_is_a_mean_of_clusters_by_hand() -> None:
    # 0.25 (1 + 9 * 0.1) / (5 * 10) in each arm.
    want = np.sqrt(2 * 0.25 * 1.9 / 50)
    assert difference_se((0.25, 0.25), (0.1, 0.1), (5, 5), 10) == pytest.approx(want)


def test_a_working_correlation_that_the_formula_does_not_know_is_said() -> None:
    table = file_of("binary").model_dump(exclude_unset=True)
    told = "as if the working correlation were none"
    for variation, working, said in (
        (0.6, "exchangeable", True),
        (0.6, "independence", False),
        (0.0, "exchangeable", False),
    ):
        table["design"]["size_variation"] = variation
        table["analysis"] = {**table.get("analysis", {}), "correlation": working}
        answer = formula_answer(study_of(design_from_table(table, "test")))
        assert (told in answer.formula.df_rule) is said


def test_power_rises_with_clusters_and_falls_with_icc_and_loss() -> None:
    def power(**changed: Any) -> float:
        return formula_answer(
            study_of(file_of("count", mean=0.8, effect=-0.3, **changed))
        ).formula.power

    assert power(design={"clusters": 24}) > power() > power(icc=0.1)
    lost = {"rate": 0.3, "mechanism": "completely at random"}
    assert power(attrition=lost) < power()
    assert power(design={"type": "stepped wedge", "steps": 4}) > 0.0


def test_an_effect_of_nothing_has_the_level() -> None:
    assert formula_answer(study_of(file_of("binary"))).formula.type_i_error == pytest.approx(0.05)


def test_a_separated_arm_fails_instead_of_counting_as_found() -> None:
    from sim.trials.analyses.analysed_trial import AnalysedTrial
    from sim.trials.fits.cell_sums import RandomEffect

    clusters = np.repeat(np.arange(6), 5)
    arm = (clusters % 2).astype(float)
    x = np.column_stack([np.ones(30), arm])
    trial = AnalysedTrial(x, arm, 1, clusters, [RandomEffect("cluster", clusters)])
    assert marginal.test(trial) is None
    assert marginal.family_of(np.array([0.5])) is None
    assert marginal.family_of(np.array([0.0, 3.0])) == "poisson"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mean": 1.3}, "must lie between 0 and 1"),
        ({"effect": 0.8}, "mean \\+ effect"),
        ({"sd": 3.0}, "leave it out"),
        ({"icc": 0.9999}, "cannot be so alike"),
        ({"design": {"baseline": "ancova"}}, "has none"),
        ({"attrition": {"rate": 0.1, "mechanism": "not at random"}}, "completely at random"),
    ],
)
def test_what_such_an_outcome_may_not_have(changed: dict[str, Any], message: str) -> None:
    def attempt() -> None:
        file = file_of("binary", **changed)
        statistical_source(file).simulate(trial_design(file), 1, 0)

    with pytest.raises(InputError, match=message):
        attempt()


def test_a_marginal_test_needs_such_an_outcome() -> None:
    with pytest.raises(InputError, match="outcome = 'binary' or 'count'"):
        design_from_table(
            {
                "design": {"type": "parallel", "clusters": 12},
                "statistical": {},
                "analysis": {"test": "marginal"},
            },
            "test",
        )


def test_latent_correlations_are_larger() -> None:
    found = latent_correlations(BINARY, 0.2, 0.05, 0.7, 0.5, 0.9)
    assert found.icc > 0.05
    assert 0.0 < found.cac < 1.0
    apart = correlation(found.icc * found.cac, Outcome(BINARY, 0.2))
    assert apart == pytest.approx(0.035, abs=1e-6)


# Estimate and standard error by geepack 1.3.9 and the lines that `--code R` adds to it.
BY_R = {
    ("nested exchangeable", "time-averaged effect"): (0.05053342, 0.10169526),
    ("decay", "long-term effect"): (-0.03058381, 0.12901047),
    ("exchangeable", "constant effect"): (0.06667550, 0.09093298),
    ("independence", "time-averaged effect"): (0.05270069, 0.10211909),
}


@pytest.fixture(scope="module")
def wedge() -> tuple[DesignFile, Any]:
    file = file_of(
        "binary",
        effect=0.3,
        icc=0.05,
        exposure=(0.25, 0.5, 0.75, 1.0),
        design={"type": "stepped wedge", "clusters": 16, "steps": 4, "size": 5},
        analysis={"estimand": "time-averaged effect"},
    )
    return file, statistical_source(file).simulate(trial_design(file), 1, 0)


@pytest.mark.parametrize("case", BY_R, ids=lambda case: case[0])
def test_the_declared_marginal_model_is_that_of_geepack(case: Any, wedge: Any) -> None:
    file, data = wedge
    design, plan = trial_design(file), study_of(file).plan
    assert plan.correlation == "nested exchangeable"
    plan = replace(plan, correlation=case[0], estimand=case[1])
    found = analyse_trial(data, design, plan)
    assert (found.estimate, found.se) == pytest.approx(BY_R[case], abs=2e-6)
    model = "outcome ~ treatment + factor(period) + (1|cluster) + (1|cluster:period)"
    table = analyse_table(data.frame(), model, "treatment", declared=plan)["declared"]
    assert [table["estimate"], table["se"]] == pytest.approx([found.estimate, found.se], rel=1e-7)


def test_a_planned_marginal_model_has_no_linear_one_for_stata(wedge: Any, tmp_path: Path) -> None:
    path = tmp_path / "design.toml"
    path.write_text(design_text(wedge[0]))
    found = sim.analyse(wedge[1].frame(), design=path)
    assert "geeglm" in found.code()
    with pytest.raises(InputError, match="not written for this model; use R"):
        found.code("Stata")


def test_effects_by_exposure_have_a_formula() -> None:
    """500 trials: .706 (SE .020) averaged over effects, .272 (.020) by a constant effect."""
    growing = {"effect": 0.3, "icc": 0.05, "exposure": (0.25, 0.5, 0.75, 1.0)}
    shape = {"type": "stepped wedge", "clusters": 16, "steps": 4, "size": 15}
    whole = {}
    for estimand in ("time-averaged effect", "constant effect"):
        file = file_of("binary", design=shape, analysis={"estimand": estimand}, **growing)
        study = study_of(file)
        whole[estimand] = formula_answer(study)
    found = {name: one.formula for name, one in whole.items()}
    assert found["time-averaged effect"].power == pytest.approx(0.706, abs=0.04)
    assert found["time-averaged effect"].expected == pytest.approx(0.1875)
    averaged = whole["time-averaged effect"]
    told = known_formula_lines(averaged.formula, averaged.assumed, study.design)[0]
    # No variance is estimated that could be put at zero.
    assert "; with the true standard error 0.7" in told
    constant = found["constant effect"]
    assert constant.power == pytest.approx(0.272, abs=0.04)
    # The constant effect is no average of the four: .15 in the treated periods.
    assert constant.expected == pytest.approx(0.068, abs=0.005)


def test_an_expected_error_is_that_of_scores_of_every_cluster() -> None:
    """Scores of all clusters by hand, where one mean makes the model a linear one."""
    schedule = np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]]).repeat(4, axis=0)
    parts = from_correlations(1.0, 0.05, 0.8)
    means = np.full((8, 3), 0.4)
    model = MarginalModel(schedule[..., None], np.ones(1), "nested exchangeable", "MD")
    people = np.full((8, 3), 12.0)
    found = marginal_over_cells(BINARY, means, schedule, people, parts, 0.4, 0.05, model)
    columns = [np.column_stack([np.eye(3), row]) for row in schedule]
    V = [0.24 * parts.cell_covariance(row, np.full(3, 12.0)) for row in schedule]
    A = [z.T @ np.linalg.solve(v, z) for z, v in zip(columns, V, strict=True)]
    M = np.linalg.inv(sum(A))
    each = []
    for one in A:
        turn = np.linalg.inv(np.eye(4) - one @ M)
        each.append((M @ turn @ (one - one @ M @ one) @ turn.T @ M)[-1, -1])
    assert found.se**2 == pytest.approx(M[-1, -1])
    assert found.model_se**2 == pytest.approx(sum(each))
    assert found.spread_df == pytest.approx(sum(each) ** 2 / np.square(each).sum())
    assert found.estimate == pytest.approx(0.0, abs=1e-12)
    # Kauermann and Carroll's is unbiased where the working covariance is right.
    corrected = model._replace(error="KC")
    found = marginal_over_cells(BINARY, means, schedule, people, parts, 0.4, 0.05, corrected)
    assert found.model_se == pytest.approx(found.se)


def test_the_formula_knows_the_working_correlation() -> None:
    """1,000 trials each: .658 and .818 (SE .015, .012); .817 was told of the first too."""
    shape = {"type": "stepped wedge", "clusters": 16, "steps": 4, "size": 15}
    found = {}
    for name in ("independence", "nested exchangeable"):
        file = file_of("binary", icc=0.05, cac=0.8, design=shape, analysis={"correlation": name})
        found[name] = formula_answer(study_of(file)).formula.power
    assert found["independence"] == pytest.approx(0.658, abs=0.03)
    assert found["nested exchangeable"] == pytest.approx(0.818, abs=0.03)


def test_one_cluster_that_alone_tells_an_effect_leaves_no_corrected_error() -> None:
    shape = {"type": "stepped wedge", "steps": 2, "clusters_by_sequence": [1, 13], "size": 15}
    file = file_of("binary", design=shape, analysis={"estimand": "long-term effect"})
    with pytest.raises(InputError, match="'long-term effect': one cluster alone tells an effect"):
        formula_answer(study_of(file))


@pytest.mark.parametrize(
    ("analysis", "design", "problem"),
    [
        ({"correlation": "decay"}, {}, "correlation = 'decay': needs a trial analysed over"),
        (
            {"correlation": "exchangeable", "test": "cluster-summary"},
            {},
            "correlation = 'exchangeable': goes with test = 'marginal'",
        ),
        (
            {"estimand": "long-term effect"},
            {"type": "stepped wedge", "clusters": 8, "steps": 4},
            "a marginal model of 9 coefficients has errors from at least 12 clusters, not 8",
        ),
    ],
)
def test_a_correlation_or_an_exposure_that_cannot_be_is_refused(
    analysis: dict[str, Any], design: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError, match=re.escape(problem)):
        study_of(file_of("binary", analysis=analysis, design=design))
