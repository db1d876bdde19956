"""`refocus power`: the numbers agree with theory, each other and the same seed; mistakes cost 2."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.cli import main
from sim.errors import InputError
from sim.inputs.roster.trial import trial_roster
from sim.report.flow_diagram import flow_svg
from sim.scenarios.library import load_scenario
from sim.trials.analyses.analysis_plan import analyse_trial, default_plan
from sim.trials.analyses.trial_result import failed_result
from sim.trials.data.agent_teams import asked_people
from sim.trials.data.agents import AgentSource
from sim.trials.data.counterfactual import AgentTwins
from sim.trials.designs.design import (
    RANDOMISATIONS,
    Design,
    ReadinessEntry,
    parallel,
    stepped_wedge,
)
from sim.trials.designs.design_file import (
    changed,
    design_from_table,
    field_named,
    load_design,
    settable,
)
from sim.trials.power import power_study
from sim.trials.power.power_outcome import analysis_sentence, source_sentence
from sim.trials.power.power_search import find_size, parse_grid, tornado
from sim.trials.power.power_study import (
    conditional_and_assurance,
    power_at,
    simulate_power,
    study_of,
    trials_needed,
    uncertain_study,
)
from sim.trials.power.simulated_power import performance

pytestmark = pytest.mark.usefixtures("unpainted")

SMALL = {
    "design": {"clusters": 20, "size": 10},
    "statistical": {"sd": 10.0, "icc": 0.05, "effect": 5.0},
    "target": {"minimum_important_difference": 4.0},
}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["power", *arguments])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_simulation_agrees_with_theory_where_theory_is_exact() -> None:
    result = simulate_power(study_of(design_from_table(SMALL)), 1000, seed=4)
    p = result.performance
    assert result.formula is not None
    assert abs(p.power.value - result.formula.power) < 4 * p.power.monte_carlo_se
    assert not result.gap.flagged
    assert abs(p.bias) < 4 * p.bias_se
    assert abs(p.coverage.value - 0.95) < 4 * p.coverage.monte_carlo_se + 0.01
    assert p.empirical_se == pytest.approx(result.formula.se, abs=4 * p.empirical_se_error)
    assert result.null is not None
    assert abs(result.null.power.value - 0.05) < 4 * result.null.power.monte_carlo_se + 0.01


def test_equal_seeds_give_equal_numbers_and_others_do_not() -> None:
    study = study_of(design_from_table(SMALL))
    first, again, other = (simulate_power(study, 60, seed=seed) for seed in (1, 1, 2))
    assert first.row() == again.row()
    assert first.performance.mean_estimate != other.performance.mean_estimate


def test_trials_do_not_depend_on_how_many_come_after() -> None:
    study = study_of(design_from_table(SMALL))
    few, more = (simulate_power(study, count, seed=1) for count in (30, 60))
    assert few.results == more.results[:30]


def test_simulation_goes_on_until_the_precision_asked_for() -> None:
    result = simulate_power(study_of(design_from_table(SMALL)), monte_carlo_se=0.015, seed=1)
    assert result.performance.power.monte_carlo_se <= 0.0155
    assert result.null is not None
    assert result.null.power.monte_carlo_se <= 0.0155
    assert trials_needed([0.5], 100, 0.05) == 100
    assert trials_needed([0.0], 100, 0.001) > 100, "nothing seen yet is not certainty"


def test_an_effect_that_builds_up_is_in_the_formula_and_its_bias_is_told() -> None:
    file = changed(load_design("stepped-wedge-slow"), {"clusters": 16})
    result = simulate_power(study_of(file), 80, seed=1, null=False)
    assert result.formula is not None
    assert not result.gap.flagged, "the formula knows what the estimate can be expected to be"
    assert result.performance.bias < -4 * result.performance.bias_se
    error = result.performance.mean_estimate - result.formula.expected
    assert abs(error) < 3.0 * result.performance.bias_se
    # The analysis misses another effect in proportion.
    assert power_at(result, 4.0) == pytest.approx(result.formula.at(4.0).power)
    assert power_at(result, 4.0) < 0.15, "0.907 if bias were a constant"


def test_the_explanation_adds_up_to_the_gap() -> None:
    loss = {"rate": 0.4, "mechanism": "not at random", "slope": 2.0, "arm_difference": 2.0}
    file = design_from_table({**SMALL, "attrition": loss})
    result = simulate_power(study_of(file), 300, seed=1, null=False)
    assert result.gap.flagged
    shares = [
        float(found[1])
        for one in result.gap.explanation
        if (found := re.match(r"([+-][\d.]+) points", one))
    ]
    assert sum(shares) == pytest.approx(100 * result.gap.difference, abs=0.3)
    assert "not at random" in " ".join(result.gap.explanation)


def test_effects_that_differ_between_teams_are_counted_by_the_formula() -> None:
    """The formula takes the effect's spread between teams as the simulation has it."""
    alike = design_from_table(SMALL)
    differing = changed(alike, {"effect_heterogeneity": 6.0})
    results = [simulate_power(study_of(one), 600, seed=1, null=False) for one in (alike, differing)]
    formulas = [one.formula for one in results]
    assert formulas[0] is not None
    assert formulas[1] is not None
    assert formulas[1].se > 1.2 * formulas[0].se
    for one, formula in zip(results, formulas, strict=True):
        p = one.performance
        assert abs(p.empirical_se - formula.se) < 4.0 * p.empirical_se_error
    assert "SD 6 between teams" in source_sentence(results[1].study)


def test_power_at_another_effect_counts_the_bias() -> None:
    result = simulate_power(study_of(design_from_table(SMALL)), 200, seed=1, null=False)
    p = result.performance
    unbiased = replace(result, performance=replace(p, bias=0.0))
    missing_half = replace(result, performance=replace(p, bias=-2.0))
    assert power_at(missing_half, 4.0) == pytest.approx(power_at(unbiased, 2.0))
    assert power_at(missing_half, 4.0) < power_at(unbiased, 4.0)


def test_a_cut_off_that_nobody_passes_is_told_as_that() -> None:
    table = {
        "design": {"clusters": 6, "size": 5, "baseline": "ancova"},
        "agents": {"scenario": "usual-care", "added_effect": 4.0},
        "readiness": {"entry": "cut-off", "cut_off": 1.0, "screened_per_team": 2},
        "precision": {"simulations": 20, "draws": 0},
    }
    with pytest.raises(InputError, match=r"readiness.cut_off = 1: lets in [0-9.]+% of the"):
        simulate_power(study_of(design_from_table(table)), seed=1)


@pytest.mark.parametrize(
    ("analysis", "told"),
    [
        ({"test": "permutation"}, "permutation test"),
        ({"missing": "multiple imputation", "imputations": 5}, "imputed 5 times"),
        ({"baseline_use": "constrained"}, "baseline means equal"),
    ],
)
def test_every_analysis_can_be_declared_in_a_design(analysis: dict[str, object], told: str) -> None:
    table = {
        "design": {"clusters": 16, "size": 12, "baseline": "ancova"},
        "statistical": {"sd": 10.0, "icc": 0.02, "iac": 0.5, "effect": 8.0},
        "attrition": {"rate": 0.2},
        "analysis": analysis,
    }
    result = simulate_power(study_of(design_from_table(table)), 30, seed=1)
    assert result.performance.failed.value == 0.0
    assert result.performance.power.value > 0.8
    assert result.null is not None
    assert result.null.power.value < 0.2
    assert told in analysis_sentence(result.study)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"analysis": {"test": "permutatoin"}}, "permutation"),
        ({"analysis": {"random_effects": ["cluster", "worker"]}}, "'worker' needs staff"),
        ({"analysis": {"baseline_use": "constrained"}}, "needs a parallel trial with a baseline"),
        ({"randomisation": {"method": "minimised"}}, "balances strata and needs at least 2"),
    ],
)
def test_an_analysis_that_does_not_go_with_the_design_is_refused(
    part: dict[str, object], told: str
) -> None:
    with pytest.raises(InputError, match=re.escape(told)):
        study_of(design_from_table(SMALL | part))


def test_assurance_says_what_it_is_not_averaged_over() -> None:
    table = SMALL | {"uncertainty": {"effect_se": 1.0, "ranges": {"size": [10, 20]}}}
    study = uncertain_study(design_from_table(table), 10, 1)
    assert study is not None
    assert "Not averaged over (sensitivity only): design.size" in study.covers


def test_the_formula_alone_simulates_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def simulated(*_: object) -> None:
        raise AssertionError("a trial was simulated")

    with monkeypatch.context() as during:
        during.setattr(power_study, "analyse_arms", simulated)
        code, out, _ = run(capsys, "four-point-target", "--formula-only")
    assert code == 0
    assert "power by formula" in out
    assert "no trial was run" in out
    code, out, _ = run(capsys, "four-point-target", "--formula-only", "--format", "json")
    study = study_of(load_design("four-point-target"))
    found = simulate_power(study, 20, seed=1, null=False).formula
    assert found is not None
    assert json.loads(out)["formula"]["power"] == pytest.approx(found.power)
    code, _, err = run(capsys, "refocus", "--formula-only")
    assert code == 2
    assert "outcomes come from agents" in err


def test_power_that_is_0_because_nothing_could_be_fitted_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(power_study, "analyse_arms", lambda *_: [failed_result(10, 4)])
    with pytest.raises(InputError, match="could be analysed"):
        simulate_power(study_of(design_from_table(SMALL)), 1000, seed=1)


def test_failures_count_as_non_rejections() -> None:
    study = study_of(design_from_table(SMALL))
    good = simulate_power(study, 40, seed=1).results
    found = performance([*good, *[failed_result(10, 4)] * 10], true_effect=5.0)
    assert found.power.trials == 50
    assert found.failed.value == pytest.approx(0.2)
    assert found.power.value == pytest.approx(0.8 * found.power_when_fitted.value)


def test_certain_inputs_make_assurance_conditional_power() -> None:
    table = {**SMALL, "uncertainty": {"ranges": {"icc": [0.05, 0.05]}}}
    result = simulate_power(study_of(design_from_table(table)), 100, seed=1, null=False)
    conditional, assurance, _ = conditional_and_assurance(result, 1, None)
    assert conditional == assurance


def test_doubt_about_the_effect_costs_assurance_where_power_is_high() -> None:
    table = {**SMALL, "uncertainty": {"effect_se": 3.0}}
    result = simulate_power(study_of(design_from_table(table)), 400, seed=1, null=False)
    conditional, assurance, covers = conditional_and_assurance(result, 1, None)
    assert conditional is not None
    assert assurance is not None
    assert assurance.value < conditional.value - 0.05
    assert "standard error 3" in covers


def test_the_size_found_has_the_power_and_the_one_below_has_not() -> None:
    file = design_from_table(SMALL)
    found = find_size(file, "clusters", 0.8, simulations=400, seed=1)
    powers = {size: one.performance.power.value for size, one in found.points}
    assert found.value is not None
    assert powers[found.value] >= 0.8 > powers[found.value - found.step]
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high
    assert found.by_formula is not None
    assert found.low - 6 <= found.by_formula <= found.high + 4


def test_a_search_that_cannot_succeed_says_so() -> None:
    file = design_from_table({**SMALL, "statistical": {"icc": 0.2, "effect": 1.0, "sd": 10.0}})
    found = find_size(changed(file, {"clusters": 4}), "size", 0.8, simulations=20, seed=1)
    assert found.value is None
    assert "power of" in found.problem
    with pytest.raises(InputError, match="unknown find"):
        find_size(file, "teams", 0.8)


def test_sensitivity_has_the_right_signs() -> None:
    ranges = {"icc": [0.0, 0.2], "size": [4, 30], "sd": [7.0, 14.0]}
    file = design_from_table({**SMALL, "uncertainty": {"ranges": ranges}})
    swings = {one.name: one for one in tornado(file, 150, seed=1)}
    assert swings["icc"].power_low > swings["icc"].power_high
    assert swings["sd"].power_low > swings["sd"].power_high
    assert swings["size"].power_low < swings["size"].power_high
    assert swings["size"].formula_low < swings["size"].formula_high


def test_sensitivity_leaves_out_what_a_design_makes_no_use_of() -> None:
    ranges = {"icc": [0.0, 0.2], "cac": [0.5, 1.0], "iac": [0.4, 0.75]}
    file = design_from_table({**SMALL, "uncertainty": {"ranges": ranges}})
    assert [one.name for one in tornado(file, 20)] == ["icc"]
    arms = {"design": {**SMALL["design"], "arms": 3}, "uncertainty": {"effect_se": 1.0}}
    several = {"sd": 10.0, "icc": 0.05, "arm_effects": [5.0, 2.0]}
    assert not tornado(design_from_table({**SMALL, **arms, "statistical": several}), 20)


def test_a_grid_is_every_combination() -> None:
    file = design_from_table(SMALL)
    assert parse_grid(["clusters=10,20", "icc=0.01"], file) == {"clusters": [10, 20], "icc": [0.01]}
    for text, told in (
        ("clusters", "form"),
        ("icc=a", "a finite number"),
        ("ic=1", "did you mean 'icc'"),
    ):
        with pytest.raises(InputError, match=told):
            parse_grid([text], file)


def test_a_short_name_means_the_first_outcome_where_the_second_has_it_too() -> None:
    file = design_from_table({**SMALL, "co_primary": {"effect": 2.0, "sd": 9.0}})
    assert field_named(file, "icc") == "statistical.icc"
    assert field_named(file, "effect") == "statistical.effect"
    assert field_named(file, "co_primary.icc") == "co_primary.icc"
    # Only the second outcome has it.
    assert field_named(file, "between") == "co_primary.between"
    # Words may be set too, and are among the names that a slip is told.
    with pytest.raises(InputError, match="did you mean 'success'"):
        settable(file, "succes")


def agent_trials(scenario: str, **settings: object) -> tuple[AgentTwins, object]:
    source = AgentSource(load_scenario(scenario))
    return AgentTwins(source, **settings), parallel(3, 5, baseline="ancova")  # type: ignore[arg-type]


def test_usual_care_in_both_arms_has_no_effect_at_all() -> None:
    twins, design = agent_trials("usual-care")
    for one in twins.twins(design, 0, 3, 1):  # type: ignore[arg-type]
        assert one.truth.participant_average == one.truth.cluster_average == 0.0
        assert np.array_equal(one.data.outcome, one.untreated.outcome, equal_nan=True)


def test_an_added_effect_is_the_true_effect() -> None:
    twins, design = agent_trials("usual-care", added_effect=4.0)
    one = next(iter(twins.twins(design, 0, 1, 1)))  # type: ignore[arg-type]
    assert one.truth.participant_average == pytest.approx(4.0)
    gain = one.data.outcome - one.untreated.outcome
    known = ~np.isnan(gain)
    assert np.allclose(gain[known], 4.0 * one.data.treatment[known])


def test_the_same_programme_in_both_arms_makes_no_difference() -> None:
    twins, design = agent_trials("refocus-full", control=load_scenario("refocus-full"))
    plan = default_plan(design)  # type: ignore[arg-type]
    for one in twins.twins(design, 0, 2, 1):  # type: ignore[arg-type]
        # Treated teams live beside untreated ones in one world only, so a trace may be left.
        assert abs(one.truth.participant_average) < 1.0
        arm = one.data.arm == 0
        assert np.array_equal(one.data.outcome[arm], one.untreated.outcome[arm], equal_nan=True)
        assert not analyse_trial(one.data, design, plan).failed  # type: ignore[arg-type]


def test_later_agent_trials_are_the_same_alone() -> None:
    twins, design = agent_trials("refocus-as-delivered")
    whole = list(twins.twins(design, 0, 4, 1))  # type: ignore[arg-type]
    alone = next(iter(twins.twins(design, 3, 1, 1)))  # type: ignore[arg-type]
    assert np.array_equal(whole[3].data.outcome, alone.data.outcome, equal_nan=True)


def test_readiness_entry_screens_and_strata_reach_the_analysis() -> None:
    source = AgentSource(load_scenario("refocus-full"))
    rules = ReadinessEntry(share=0.5, screened_per_team=3)
    design = parallel(3, 5, baseline="ancova", readiness=rules)
    one = next(iter(AgentTwins(source).twins(design, 0, 1, 1)))
    assert len(np.unique(one.data.cluster)) <= 6
    assert one.eligible == pytest.approx(0.5, abs=0.06)
    strata = parallel(4, 5, baseline="ancova", readiness=ReadinessEntry(strata=2))
    data = next(iter(AgentTwins(source).twins(strata, 0, 1, 1))).data
    assert set(np.unique(data.stratum)) == {0, 1}


def test_agents_take_longer_to_change_than_a_period() -> None:
    twins = AgentTwins(AgentSource(load_scenario("refocus-full")))
    truths = [
        one.truth.by_exposure for one in twins.twins(stepped_wedge(3, 2, 8, weeks=13), 0, 10, 1)
    ]
    first, _, third = np.mean(truths, axis=0)
    assert third > first


def allocations(design: Design, count: int) -> np.ndarray:
    return np.array([asked_people(design, 4, 1, one).sequence for one in range(count)])


@pytest.mark.parametrize("method", RANDOMISATIONS)
def test_agents_are_allocated_by_the_design_s_randomisation(method: str) -> None:
    """Everybody has the same chance; numbers hold; trusts are balanced where asked for."""
    design = parallel(6, 5, randomisation=method, strata=3 if method == "stratified" else 1)
    found = allocations(design, 400)
    assert (found.sum(axis=1) == design.clusters[1]).all()
    assert np.allclose(found.mean(axis=0), 0.5, atol=0.1)
    assert len(np.unique(found, axis=0)) > 10
    by_trust = found.reshape(400, 3, 4).mean(axis=2)
    spread = by_trust.std()
    if method == "simple":
        assert spread == pytest.approx(0.213, abs=0.03)
    else:
        assert spread < 0.15


def test_teams_of_a_design_have_the_types_of_the_trial_and_minimisation_balances_them() -> None:
    design = parallel((13, 14), 5, randomisation="minimised")
    trial = Counter(row.type for row in trial_roster(1).rows)
    apart = {}
    for method in ("simple", "minimised"):
        gaps = []
        for one in range(60):
            people = asked_people(replace(design, randomisation=method), 10, 1, one)
            types = np.array([row.type for row in people.roster.rows])
            assert Counter(types.tolist()) == trial
            gaps += [
                abs(people.sequence[types == t].mean() - 0.5) for t in ("recovery", "psychosis")
            ]
        apart[method] = np.mean(gaps)
    assert apart["minimised"] < 0.7 * apart["simple"]


def test_strata_of_the_randomisation_reach_the_analysis_of_agents() -> None:
    design = parallel(4, 5, randomisation="stratified", strata=2)
    source = AgentSource(load_scenario("usual-care"))
    data = next(iter(AgentTwins(source).twins(design, 0, 1, 1))).data
    treated = [
        len(np.unique(data.cluster[(data.stratum == one) & (data.arm == 1)])) for one in (0, 1)
    ]
    assert treated == [2, 2]
    strict = replace(design, readiness=ReadinessEntry(share=0.9, screened_per_team=2))
    data = next(iter(AgentTwins(source).twins(strict, 0, 1, 1))).data
    assert set(np.unique(data.stratum)) == {0, 1}


def test_an_open_cohort_of_agents_replaces_people_at_the_stated_rate() -> None:
    wedge = stepped_wedge(4, 3, 10, weeks=13)
    design = replace(wedge, sampling="open cohort", churn=0.3)
    people = asked_people(design, 10, 1, 0)
    changed_now = np.diff(people.generation, axis=2) > 0
    assert changed_now.mean() == pytest.approx(0.3, abs=0.06)
    source = AgentSource(load_scenario("refocus-full"))
    one = next(iter(AgentTwins(source).twins(design, 0, 1, 1)))
    places, seen = np.unique(one.data.person, return_counts=True)
    asked = len(one.data.person)
    assert asked == 12 * 10 * design.periods
    assert len(places) == asked - (~changed_now).sum()
    assert seen.max() > 1
    closed = replace(design, sampling="closed cohort", churn=0.0)
    same = next(iter(AgentTwins(source).twins(closed, 0, 1, 1)))
    assert len(np.unique(same.data.person)) == 120
    assert np.isfinite(one.truth.participant_average)


def test_agent_trials_do_not_depend_on_the_number_of_threads() -> None:
    file = changed(load_design("refocus"), {"clusters": 4, "size": 5})
    one, other = (
        simulate_power(study_of(file, 2), 6, seed=9, null=False, workers=number)
        for number in (1, 3)
    )
    assert [r.estimate for r in one.results] == [r.estimate for r in other.results]
    assert one.performance == other.performance


def test_the_formula_takes_from_agents_how_their_effect_builds_up() -> None:
    """With one constant effect the estimate averages .4 where the mean effect is 1.5."""
    file = changed(load_design("stepped-wedge-agents"), {"clusters": 8, "size": 8})
    found = simulate_power(study_of(file, 4), 24, seed=1, null=False, workers=1)
    formula, effect = found.formula, found.estimand.participant_average
    assert formula is not None
    assert found.assumed.exposure == found.estimand.by_exposure
    assert formula.expected < 0.6 * effect
    simulated = found.performance.bias + found.performance.true_effect
    assert abs(simulated - formula.expected) < 3.0 * found.performance.bias_se
    # In proportion to an effect that chance hides, nothing builds up.
    hidden = replace(found.estimand, participant_se=effect)
    assert not power_study._builds_up(found.study, hidden)


def test_text_names_every_number_a_report_needs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "four-point-target", "--simulations", "20", "--find", "size")
    assert code == 0
    for word in (
        "power (conditional)",
        "assurance",
        "type I error",
        "bias",
        "coverage",
        "empirical SE",
        "model SE",
        "singular fits",
        "failed fits",
        "power by formula",
        "minimum important",
        "MC SE",
        "cluster average",
        "sensitivity",
        "search",
    ):
        assert word in out


def test_json_and_csv_hold_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "four-point-target",
        "--simulations",
        "40",
        "--grid",
        "clusters=10,18",
        "--no-sensitivity",
    ]
    code, out, _ = run(capsys, *words, "--format", "json")
    data = json.loads(out)
    assert code == 0
    assert data["minimum_important_difference"] == 4.0
    assert data["performance"]["power"]["trials"] == 40
    assert "NaN" not in out
    _, table, _ = run(capsys, *words, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["of"] for row in rows] == ["design", "grid", "grid"]
    assert [row["set_clusters"] for row in rows] == ["", "10", "18"]
    assert float(rows[0]["power"]) == pytest.approx(data["performance"]["power"]["value"])
    assert rows[0]["power"] == rows[2]["power"], "the same design with the same seed"


def test_the_report_is_whole_safe_and_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    design = tmp_path / "mine.toml"
    text = 'title = "A <b>bold</b> trial"\n[design]\nclusters = 8\n[statistical]\neffect = 5\n'
    design.write_text(text + "[uncertainty.ranges]\nicc = [0.01, 0.1]\n", encoding="utf-8")
    folder = tmp_path / "out"
    code, _, told = run(capsys, str(design), "--simulations", "40", "--out", str(folder))
    assert code == 0
    assert "report.html" in told
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<b>bold</b>" not in page
    assert re.search(r'(src|href)="(?!data:|#)', page) is None
    assert "<script" not in page
    for part in ("CONSORT 7a", "ADEMP", "Flow of teams", "Tornado", "Monte Carlo", "estimand"):
        assert part in page
    trials = (folder / "trials.csv").read_text(encoding="utf-8")
    assert len(list(csv.DictReader(io.StringIO(trials)))) == 40
    assert load_design(folder / "design.toml").design.clusters == 8
    code, _, told = run(capsys, str(design), "--simulations", "41", "--out", str(folder))
    assert code == 2
    assert "another question" in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing-like-it"], "unknown design"),
        (["missing.toml"], "does not exist"),
        (["four-point-target", "--set", "icc=1"], "must be below 1"),
        (["four-point-target", "--set", "clusters=2"], "at least 2"),
        (["four-point-target", "--grid", "clusters=2,20"], "at least 2"),
        (["four-point-target", "--simulations", "x"], "whole number"),
        (["four-point-target", "--simulations", "50", "--precision", "0.1"], "give one of them"),
        (["four-point-target", "--find", "teams"], "unknown find"),
        (["four-point-target", "--set", "design.size=9", "--find", "size"], "--find sets it"),
        (["four-point-target", "--find", "size", "--target", "2"], "target = 2"),
        (["four-point-target", "--format", "xml"], "unknown format"),
        (["refocus", "--draws", "99999"], "draws"),
    ],
)
def test_mistakes_end_with_exit_code_2_and_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    code, out, error = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert told in error
    assert error.count("\n") == 1


def test_a_field_of_the_second_outcome_may_be_set_beside_a_grid_of_the_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["hybrid-wedge", "--formula-only", "--grid", "effect=3,4", "--set"]
    assert run(capsys, *given, "co_primary.effect=2")[0] == 0
    code, _, error = run(capsys, *given, "statistical.effect=2")
    assert code == 2
    assert "--grid sets it" in error


@pytest.mark.parametrize("varied", [{"grid": {"attrition.rate": [0, 0.1]}}, {"find": "size"}])
def test_from_python_too_a_value_that_is_replaced_is_refused(varied: dict[str, Any]) -> None:
    settings = {"attrition": 0.2} if "grid" in varied else {"design.size": 9}
    with pytest.raises(InputError, match="sets it; leave one of them out"):
        sim.power("four-point-target", settings=settings, formula_only=True, **varied)


def test_a_flow_diagram_shows_every_box() -> None:
    svg = flow_svg(["20 & more"], ["5 left out"], [[["A"], ["B"]], [["C"], ["D"]]])
    assert svg.count("<rect") == 6
    assert "20 &amp; more" in svg
    assert svg.count("marker-end") == 5
