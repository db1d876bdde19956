"""Sentences and tables of a power calculation: numbers in their units, and who is told what."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from types import SimpleNamespace
from typing import Any

import pytest

from sim.trials.designs.design_file import design_from_table
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power import power_outcome as module
from sim.trials.power.formula_answer import Assurance
from sim.trials.power.formula_search import FormulaFound
from sim.trials.power.power_outcome import (
    Measure,
    PowerOutcome,
    analysis_sentence,
    assurance_lines,
    design_sentence,
    effect_lines,
    formula_grid_text,
    formula_lines,
    formula_search_text,
    found_lines,
    measures,
    plain,
    rows,
    source_sentence,
)
from sim.trials.power.power_search import Found, GridPoint
from sim.trials.power.power_study import Gap, simulate_power, study_of
from sim.trials.power.simulated_power import Rate, rate


def file_of(**tables: Any) -> DesignFile:
    design = {"type": "parallel", "clusters": 20, "size": 10, **tables.pop("design", {})}
    outcome = {"sd": 10.0, "icc": 0.05, "effect": 5.0, **tables.pop("statistical", {})}
    return design_from_table({"design": design, "statistical": outcome, **tables})


def study(**tables: Any) -> Any:
    return study_of(file_of(**tables))


def test_a_design_in_a_sentence() -> None:
    plain = design_sentence(study())
    assert plain.startswith("parallel trial: 10 teams treated, 10 control; 10 service users per")
    assert "coefficient of variation" not in plain
    arms = {"design": {"arms": 3, "clusters": None, "clusters_by_sequence": [5, 6, 8]}}
    several = design_sentence(study(**arms, statistical={"effect": 0.0, "arm_effects": [5.0, 2.0]}))
    assert "5, 6 teams in 2 treated arms, 8 control" in several
    varied = design_sentence(study(design={"size_variation": 0.4}))
    assert "(coefficient of variation 0.4)" in varied
    sizes = {"type": "parallel", "clusters": 4, "sizes": [5, 6, 7, 8]}
    table = {"design": sizes, "statistical": {"icc": 0.05}}
    listed = design_sentence(study_of(design_from_table(table)))
    assert "6.5 service users on average, as listed for each team" in listed
    wedge = design_sentence(study(design={"type": "stepped wedge", "steps": 4}))
    assert "20 teams in 4 sequences over 5 periods; 10 service users per team and period" in wedge
    assert ", adjusted for baseline" in design_sentence(study(design={"baseline": "ancova"}))


def test_where_outcomes_come_from_in_a_sentence() -> None:
    wedge = {"type": "stepped wedge", "steps": 4}
    plain = source_sentence(study(design=wedge, statistical={"cac": 0.8}))
    assert plain == "statistical model: effect 5, SD 10, ICC 0.05, CAC 0.8"
    more = {"effect_heterogeneity": 2.0, "effect_correlation": -0.5, "cluster_decay": 0.9}
    cohort = {**wedge, "sampling": "closed cohort"}
    told = source_sentence(study(design=cohort, statistical={**more, "iac": 0.6}))
    assert "effect 5 (SD 2 between teams, correlation with their level -0.5)" in told
    assert "IAC 0.6, cluster decay 0.9 a period" in told
    alone = source_sentence(study(statistical={"effect_heterogeneity": 2.0}))
    assert "effect 5 (SD 2 between teams)," in alone
    risks = {"outcome": "binary", "mean": 0.3, "effect": 0.2, "sd": None}
    table = {"design": {"clusters": 20, "size": 10}, "statistical": {**risks, "icc": 0.05}}
    del table["statistical"]["sd"]
    assert "probability under control 0.3" in source_sentence(study_of(design_from_table(table)))


def test_what_is_adjusted_for_in_a_sentence() -> None:
    assert "(fixed: arm; random: cluster)" in analysis_sentence(study())
    both = study(design={"baseline": "ancova"}, randomisation={"method": "stratified", "strata": 2})
    assert "(fixed: arm, baseline, stratum; random: cluster)" in analysis_sentence(both)
    assert "complete cases" in analysis_sentence(study())
    imputed = {"missing": "multiple imputation", "imputations": 7}
    told = analysis_sentence(study(design={"baseline": "ancova"}, analysis=imputed))
    assert "Barnard and Rubin's degrees of freedom" in told
    assert "missing outcomes imputed 7 times within teams" in told
    assert "Barnard" not in analysis_sentence(study())
    risk = {"outcome": "binary", "mean": 0.3, "effect": 0.2, "icc": 0.05}
    wedge = {"type": "stepped wedge", "steps": 4, "clusters": 40, "size": 10}
    for estimand, said in (("constant effect", False), ("long-term effect", True)):
        table = {"design": wedge, "statistical": risk, "analysis": {"estimand": estimand}}
        told = analysis_sentence(study_of(design_from_table(table)))
        assert ("an effect for each period of exposure (long-term effect tested)" in told) == said


def test_a_measure_tells_its_limits_where_it_has_some() -> None:
    assert Measure("x", 1.0, 0.1, "note").told == "note"
    assert Measure("x", 1.0, 0.1, ", note", 0.8, 1.2).told.startswith("0.800 to 1.200 (95%, Monte")


def outcome(**changes: Any) -> Any:
    performance = {
        "power": rate(80, 100),
        "bias": 0.1,
        "bias_se": 0.05,
        "true_effect": 5.0,
        "coverage": rate(94, 100),
        "empirical_se": 2.0,
        "empirical_se_error": 0.1,
        "model_se": 1.9,
        "model_se_error": 0.05,
        "singular": rate(3, 100),
        "failed": rate(1, 100),
    }
    result = SimpleNamespace(
        study=changes.pop("study", None) or study(),
        performance=SimpleNamespace(**{**performance, **changes.pop("performance", {})}),
        null=changes.pop("null", None),
    )
    return PowerOutcome(result, **changes)  # type: ignore[arg-type]


def test_measures_have_their_errors_and_the_level_of_the_plan() -> None:
    found = {one.name: one for one in measures(outcome())}
    assert list(found)[0] == "power"
    assert found["model SE (points)"].note == "-5.0% of the empirical"
    assert "coverage of 95% intervals" in found
    assert (found["singular fits"].value, found["failed fits"].value) == (0.03, 0.01)
    none = {one.name: one for one in measures(outcome(performance={"empirical_se": 0.0}))}
    assert none["model SE (points)"].note == ""
    small = {one.name: one for one in measures(outcome(performance={"empirical_se": 0.005}))}
    assert small["model SE (points)"].note == "+37900.0% of the empirical"
    wide = measures(outcome(study=study(analysis={"alpha": 0.1})))
    assert any(one.name == "coverage of 90% intervals" for one in wide)
    null = SimpleNamespace(power=rate(6, 100))
    plain = {one.name: one for one in measures(outcome(null=null))}
    assert plain["type I error"].value == 0.06
    margin = study(analysis={"hypothesis": "non-inferiority", "margin": 2.0})
    bound = {one.name: one for one in measures(outcome(null=null, study=margin))}
    assert bound["type I error"].note == ", at an effect of -2"
    both = measures(outcome(conditional=rate(7, 10), assurance=rate(6, 10), assurance_covers="all"))
    assert [(one.name, one.value) for one in both[:2]] == [
        ("power (conditional)", 0.8),
        ("assurance", 0.6),
    ]
    assert both[1].note == "all"


def test_a_formula_stands_beside_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "known_formula_lines", lambda *_: ["known"])
    result: Any = SimpleNamespace(
        formula="f", assumed=None, study=study(), gap=Gap(-0.0412, -2.34, False, ())
    )
    assert formula_lines(result)[1] == (
        "not flagged: simulation less formula -4.1 points, 2.3 Monte Carlo errors (flagged above 3)"
    )
    result.gap = Gap(0.0412, 3.34, True, ("why",))
    assert formula_lines(result)[1:] == [
        "DIFFERS: simulation less formula +4.1 points, 3.3 Monte Carlo errors, because",
        "  why",
    ]
    result.formula, result.formula_problem = None, "none"
    assert formula_lines(result) == ["no formula: none"]


def effects(own: Any, by_exposure: tuple[float, ...]) -> list[str]:
    estimand = SimpleNamespace(
        participant_average=1.0,
        participant_se=0.1,
        cluster_average=2.0,
        cluster_se=0.2,
        by_exposure=by_exposure,
        all_screened=0.5,
        selected_gain=0.5,
        selected_gain_se=0.05,
    )
    result: Any = SimpleNamespace(
        estimand=estimand, study=own, performance=SimpleNamespace(true_effect=3.0), eligible=0.4
    )
    return effect_lines(result)


def test_true_effects_by_period_are_told_where_there_are_several() -> None:
    wedge = study(design={"type": "stepped wedge", "steps": 4})
    assert effects(wedge, (1.0, nan, 3.0))[1] == "by period since a team began: 1, none, 3"
    assert effects(wedge, (1.0, 3.0))[1] == "by period since a team began: 1, 3"
    assert len(effects(wedge, (1.0,))) == 1
    lasting = study(
        design={"type": "stepped wedge", "steps": 4}, analysis={"estimand": "long-term effect"}
    )
    assert effects(lasting, (1.0,))[0] == "long-term effect 3, what is tested"


def test_a_search_by_formula_in_words() -> None:
    file = file_of(target={"cost_per_team": 100.0, "cost_per_person": 3.0})
    found = FormulaFound("clusters", 0.8, 24, 0.812)
    assert "\nclusters = 24 for a power of 0.8 by formula (0.812 there)\n" in formula_search_text(
        file, found
    )
    none = FormulaFound("clusters", 0.8, None, 0.5, "no clusters")
    assert "\nno clusters\n" in formula_search_text(file, none)
    effect = FormulaFound("effect", 0.8, 3.25, 0.8)
    assert "\nsmallest detectable difference: effect = 3.25 for" in formula_search_text(
        file, effect
    )
    cost = FormulaFound("cost", 0.8, 1600.0, 0.81, "", 10, 20)
    assert (
        "\ncheapest trial: 10 teams of 20 people cost 1600 for a power of 0.8 by formula (0.810 "
        "there); 100 a team, 3 a person and period\n"
    ) in formula_search_text(file, cost)


def row(**given: Any) -> dict[str, Any]:
    own = {"power": 0.5, "se": 1.25, "df": 18.0, "detectable": 3.5, "limit": 0.9, "problem": ""}
    return {**own, **given}


def test_a_grid_of_two_fields_is_a_table_and_of_others_a_list() -> None:
    file = file_of()
    grid = [
        row(set_icc=icc, set_size=size, power=0.1 * size * (1 + icc))
        for icc in (0.01, 0.5)
        for size in (4, 6)
    ]
    lines = formula_grid_text(file, grid).splitlines()
    at = lines.index("power")
    assert lines[at + 1].split() == ["icc", "\\", "size", "4", "6"]
    assert lines[at + 2].split() == ["0.01", "0.404", "0.606"]
    assert lines[at + 3].split() == ["0.5", "0.600", "0.900"]
    assert "smallest difference with power 0.8" in lines
    missing = [*grid[:3], row(set_icc=0.5, set_size=6, power=None, problem="too few")]
    listed = formula_grid_text(file, missing)
    assert listed.splitlines()[-4].split() == ["0.5", "6", "too", "few"]
    alone = formula_grid_text(file, [row(set_icc=0.01, detectable=None)])
    assert alone.splitlines()[2].split() == ["0.01", "0.500", "1.25", "18", "none", "0.900"]
    narrow = [row(set_a=a, set_b=b) for a in (1.0, 2.0) for b in (3.0, 4.0)]
    told = module._two_way(["a", "b"], narrow, "power", ".3f")
    # A label that is short has eight places.
    assert told == [
        "   a \\ b        3        4",
        "       1    0.500    0.500",
        "       2    0.500    0.500",
    ]
    none = [row(set_a=1.0, set_b=3.0, detectable=None)]
    assert module._two_way(["a", "b"], none, "detectable", ".3g")[1].split() == ["1", "none"]


def test_assurance_and_searches_in_words() -> None:
    assert assurance_lines(None) == []
    [line] = assurance_lines(Assurance(0.7, 0.02, 0.4, 0.9, 50))
    assert line == (
        "assurance by formula 0.700 (Monte Carlo SE 0.020 of 50 draws of [uncertainty]); power is "
        "from 0.400 to 0.900 in 90% of them"
    )
    result = SimpleNamespace(
        performance=SimpleNamespace(power=Rate(0.8, 0.04, 0.7, 0.9, 100)), formula=None
    )
    points: Any = ((20, result),)
    found = Found("clusters", 0.8, 20, 18, 2, 18, 24, points)
    assert found_lines(found) == [
        "clusters = 20 for a power of 0.8 (18 to 24: 95%, Monte Carlo error alone; in steps of 2)",
        "by formula 18",
        "  20: 0.800 (Monte Carlo SE 0.040)",
    ]
    none = replace(found, value=None, by_formula=None, problem="none", points=())
    assert found_lines(none) == ["none"]


def test_plain_data_has_each_kind_of_row_in_its_place() -> None:
    result = simulate_power(study(), 20, null=False)
    points = ((12, result),)
    found = Found("size", 0.8, 12, None, 1, 10, 14, points)
    data = plain(PowerOutcome(result, grid=(GridPoint({"icc": 0.1}, result),), found=found))
    assert [one["of"] for one in data["grid"]] == ["grid"]
    assert [one["of"] for one in data["found"]["points"]] == ["search"]
    assert (data["found"]["value"], data["found"]["problem"]) == (12, None)
    assert (data["type_i_error"], data["assurance"], data["stopped_early"]) == (None, None, None)


def test_rows_of_a_grid_and_a_search_have_all_columns() -> None:
    def simulated(**values: float) -> Any:
        return SimpleNamespace(row=lambda: {"power": 0.5, **values})

    point: Any = GridPoint({"icc": 0.1}, simulated(extra=1.0))
    found = Found("size", 0.8, None, None, 1, None, None, ((7, simulated()),))
    own: Any = PowerOutcome(simulated(), grid=(point,), found=found)
    got = rows(own)
    assert [one["of"] for one in got] == ["design", "grid", "search"]
    assert [list(one) for one in got] == [["of", "set_icc", "set_size", "power", "extra"]] * 3
    assert (got[1]["set_icc"], got[1]["extra"], got[2]["set_size"]) == (0.1, 1.0, 7)
    assert got[0]["extra"] is None
    assert own.caution == ""
    assert replace(own, stopped="a grid").caution == "Stopped early; left out: a grid."
