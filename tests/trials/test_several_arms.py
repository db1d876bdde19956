"""Several arms against control: rules as in R, standard errors by hand, the joint t of Dunnett."""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.analysis_plan import analyse_arms
from sim.trials.analyses.analysis_text import format_analysis
from sim.trials.analyses.declared_analysis import analyse_by_design
from sim.trials.analyses.declared_table import declared_table
from sim.trials.analyses.r_code import r_script
from sim.trials.analyses.several_arms import RULES, adjusted, shares_of
from sim.trials.designs.design_file import design_from_table, load_design, trial_design
from sim.trials.designs.design_schema import DesignFile
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.power.formula_answer import FormulaAnswer, formula_answer
from sim.trials.power.multi_arm_power import drawn_arms_power
from sim.trials.power.power_outcome import PowerOutcome, as_text
from sim.trials.power.power_study import (
    believed,
    simulate_power,
    statistical_source,
    study_of,
    uncertain_study,
)

DESIGN = {"type": "parallel", "arms": 3, "clusters_by_sequence": [8, 8, 10], "size": 20}

TABLE = """\
[design]
arms = 3
clusters_by_sequence = [6, 6, 7]
size = 8
{design}
[statistical]
arm_effects = [5.0, 3.0]
[analysis]
{analysis}
[columns]
reference = "as before"
"""


def file_of(rule: str = "holm", **outcome: Any) -> DesignFile:
    effects = {"arm_effects": [5.0, 3.0], "icc": 0.05, "sd": 10.0}
    table = {"design": DESIGN, "statistical": {**effects, **outcome}}
    return design_from_table({**table, "analysis": {"multiplicity": rule}})


def answer(rule: str) -> FormulaAnswer:
    return formula_answer(study_of(file_of(rule)))


def test_what_is_believed_of_effects_is_drawn_for_every_arm() -> None:
    """An effect that no arm has was drawn: power lay between .438 and .438."""
    table = file_of().model_dump(exclude_unset=True)
    study = study_of(design_from_table({**table, "uncertainty": {"effect_se": 2.0}}))
    drawn = np.array([one.statistical.arm_effects for one in believed(study.file, 400, 1)])
    assert drawn.mean(axis=0) == pytest.approx([5.0, 3.0], abs=0.3)
    assert np.cov(drawn.T) == pytest.approx(4.0 * np.eye(2), abs=0.7)
    found = uncertain_study(study.file, 3, 1)
    assert found is not None
    assert "every arm's effect by itself normal with standard error 2" in found.covers


def test_dunnetts_rule_is_that_of_scipy() -> None:
    """Its p values of three samples against control, which is twice as large, by integration."""
    rng = np.random.default_rng(4)
    samples = [rng.normal(shift, 1.0, 8) for shift in (0.9, 0.2, 1.4)]
    control = rng.normal(0.0, 1.0, 16)
    found = stats.dunnett(*samples, control=control, rng=np.random.default_rng(1))
    p = 2.0 * stats.t.sf(np.abs(found.statistic), 36)
    own = adjusted(p, "dunnett", 36.0, shares_of([8, 8, 8, 16]))
    assert own == pytest.approx(found.pvalue, abs=3e-4)
    assert (own < adjusted(p, "bonferroni")).all()
    many = adjusted(np.tile(p, (400, 1)), "dunnett", 36.0, shares_of([8, 8, 8, 16]))
    assert many[0] == pytest.approx(own, abs=1e-4), "from a table"
    # One arm alone is a t test.
    assert adjusted(p[:1], "dunnett", 36.0, shares_of([8, 16])) == pytest.approx(p[:1], abs=1e-7)
    for df in (2.0, 3.0, 20.0):
        small = np.array([1e-4, 1e-9])
        few = adjusted(small, "dunnett", df, shares_of([3, 3, 3]))
        assert (few >= small).all(), "not below the p value itself"
        assert (few <= adjusted(small, "bonferroni")).all(), "nor above Bonferroni's"
    drawn = drawn_arms_power([0.0, 0.0], [1.0, 1.0], 1.0, 6.0, "dunnett", 0.05)
    assert drawn.error == pytest.approx(0.05, abs=0.003)


def test_each_difference_has_the_variance_that_all_arms_tell() -> None:
    found = answer("none").formula
    one = 100.0 * (0.05 + 0.95 / 20.0)
    assert found.se == pytest.approx(sqrt(one / 8.0 + one / 10.0), rel=1e-9)
    assert found.df == pytest.approx(23.0), "26 clusters less three means"
    bonferroni = answer("bonferroni")
    assert bonferroni.formula.alpha == pytest.approx(0.025)
    assert bonferroni.arms is not None
    assert bonferroni.arms.each[0] == pytest.approx(bonferroni.formula.power, abs=0.005)
    holm = answer("holm")
    assert holm.arms is not None
    assert holm.formula.power == holm.arms.each[0] >= bonferroni.formula.power
    assert holm.arms.any_of == bonferroni.arms.any_of, "Holm's first step is Bonferroni's"
    assert holm.arms.error < 0.05


def test_drawn_tests_have_dunnetts_error() -> None:
    """Known correlations of .5: the chance that the larger of two passes Dunnett's value is .05."""
    found = stats.dunnett(
        np.array([0.1, 0.2, 0.4]), np.array([0.3, 0.5, 0.2]), control=np.array([0.0, 0.1, 0.3])
    )
    # SciPy's p of its own statistics is by the joint t with 6 degrees of freedom.
    t = float(np.abs(found.statistic).max())
    level = float(2.0 * stats.t.sf(t, 6.0))
    drawn = drawn_arms_power([0.0, 0.0], [1.0, 1.0], 1.0, 6.0, "none", level)
    assert drawn.error == pytest.approx(float(found.pvalue.min()), abs=0.006)


def test_every_arm_is_tested_beside_the_others_in_one_model() -> None:
    file = file_of("none")
    design, plan = trial_design(file), study_of(file).plan
    data = statistical_source(file).simulate(design, 3, 0)
    sizes = [len(set(data.cluster[data.arm == one].tolist())) for one in (0, 1, 2)]
    assert sizes == [10, 8, 8]
    results = analyse_arms(data, design, plan)
    x = np.column_stack([np.ones(data.arm.size), data.arm == 1, data.arm == 2]).astype(float)
    fit = fit_mixed_model(x, data.outcome, [RandomEffect("cluster", data.cluster)])
    for number in (1, 2):
        assert results[number - 1].estimate == pytest.approx(fit.coefficients[number], rel=1e-6)
        se = fit.inference[number].kenward_roger_se
        assert results[number - 1].se == pytest.approx(se, rel=1e-5)


def test_simulated_power_is_told_for_each_any_and_all() -> None:
    result = simulate_power(study_of(file_of()), 60, seed=1, workers=1)
    arms = result.arms
    assert arms is not None
    assert arms.each[0] == result.performance.power.value
    assert arms.all_of <= min(arms.each)
    assert arms.any_of >= max(arms.each)
    joint = answer("holm").arms
    assert joint is not None
    assert arms.each == pytest.approx(joint.each, abs=0.25)
    text = as_text(PowerOutcome(result))
    assert "each treated arm against control, Holm's rule for 2 tests at 0.05 together" in text
    assert "8, 8 teams in 2 treated arms, 10 control" in text


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"statistical": {"arm_effects": [5.0]}}, "lists 2 effects"),
        ({"design": {**DESIGN, "clusters_by_sequence": [8, 8]}}, "3 numbers, control last"),
        ({"design": {**DESIGN, "type": "stepped wedge"}}, "arms = 3: goes with type = 'parallel'"),
        ({"analysis": {"test": "by-arm"}}, "arms = 3: is analysed by one model"),
        ({"analysis": {"multiplicity": "dunnet"}}, "multiplicity"),
        (
            {"analysis": {"multiplicity": "dunnett", "hypothesis": "superiority"}},
            "a rule for two-sided t tests",
        ),
    ],
)
def test_arms_that_are_none_are_refused(change: dict[str, Any], problem: str) -> None:
    table = {"design": DESIGN, "statistical": {"arm_effects": [5.0, 3.0]}, **change}
    with pytest.raises(InputError, match=problem):
        design_from_table(table)
    assert set(RULES) == {"holm", "bonferroni", "dunnett", "none"}


@pytest.mark.parametrize("own", [{"treated_icc": 0.2}, {"treated_sd": 14.0}])
def test_no_formula_is_told_where_several_arms_differ_in_their_variances(
    own: dict[str, float],
) -> None:
    table = {
        "design": DESIGN,
        "statistical": {"arm_effects": [5.0, 3.0], "icc": 0.05, "sd": 10.0, **own},
        "analysis": {"test": "kenward-roger"},
    }
    with pytest.raises(InputError, match="none for several arms with a baseline, variances"):
        formula_answer(study_of(design_from_table(table)))


@pytest.mark.parametrize(
    ("analysis", "design"),
    [
        ("", ""),
        ('multiplicity = "bonferroni"\ntest = "cluster-summary"', ""),
        ('multiplicity = "dunnett"', ""),
        ('multiplicity = "none"\ntest = "satterthwaite"', 'baseline = "ancova"'),
    ],
)
def test_a_table_analysed_as_declared_has_the_simulated_trials_answer_for_each_arm(
    tmp_path: Path, analysis: str, design: str
) -> None:
    path = tmp_path / "design.toml"
    path.write_text(TABLE.format(design=design, analysis=analysis), encoding="utf-8")
    file = load_design(path)
    trial, plan = trial_design(file), study_of(file).plan
    data = statistical_source(file).simulate(trial, 3, 0)
    result = analyse_by_design(declared_table(data, file, trial), path)
    found = result["plan"]
    assert found["differences"] == []
    assert found["answer"] is None, "there is not one"
    told = [one["direction"] for one in found["answers"]]
    assert told == ["arm 1 minus as before", "arm 2 minus as before"]
    for one, own in zip(found["answers"], analyse_arms(data, trial, plan), strict=True):
        assert one["estimate"] == pytest.approx(own.estimate, rel=1e-6)
        assert one["se"] == pytest.approx(own.se, rel=1e-6)
        assert one["interval"] == pytest.approx([own.low, own.high], rel=1e-6)
        assert one["p_adjusted"] == pytest.approx(own.p, rel=1e-6)
    text = format_analysis(result)
    assert text.count("Answer: arm ") == 2
    assert "(Holm)" not in text, "the plan's rule stands alone"
    assert f"{found['multiplicity'].capitalize()}" in text or "no rule" in text
    code = r_script(result, "data.csv", [])
    if plan.multiplicity == "dunnett":
        assert "mvtnorm::pmvt" in code
        return
    assert '"factor(arm)arm 2"' in code or 'Zfactor(arm)arm 2"' in code
    assert f'p.adjust(c(p of each), "{plan.multiplicity}")' in code


def test_a_table_with_other_arms_than_planned_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "design.toml"
    path.write_text(TABLE.format(design="", analysis=""), encoding="utf-8")
    file = load_design(path)
    trial = trial_design(file)
    table = declared_table(statistical_source(file).simulate(trial, 3, 0), file, trial)
    with pytest.raises(InputError, match="'arm': it has 2 labels, the design has 3 arms"):
        analyse_by_design(table[table["arm"] != "arm 2"], path)
