"""One registry of analyses: what is planned, simulated and done on a table is the same test."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.errors import InputError
from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.analysis_plan import AnalysisPlan, analyse_trial, default_plan
from sim.trials.analyses.registry import ANALYSES, analysis_named
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import parallel, stepped_wedge
from sim.trials.designs.design_file import design_fields
from sim.trials.designs.design_text import design_template

SOURCE = StatisticalSource(40.0, 10.0, Correlations(0.08, 0.8, 0.6), effect=4.0)
ARMS = replace(parallel(7, 9, size_variation=0.6), name="arms")
WEDGE = stepped_wedge(3, 3, 8)
MODELS = {
    "arms": ("outcome ~ arm + (1|cluster)", "arm"),
    WEDGE.name: (
        "outcome ~ treatment + factor(period) + (1|cluster) + (1|cluster:period)",
        "treatment",
    ),
}


@pytest.mark.parametrize("design", [ARMS, WEDGE], ids=lambda one: one.name)
@pytest.mark.parametrize("name", ANALYSES)
def test_power_and_analyse_have_the_same_numbers_of_every_analysis(name: str, design) -> None:  # type: ignore[no-untyped-def]
    data = SOURCE.simulate(design, 3, 0)
    if name == "marginal":
        data = replace(data, outcome=(data.outcome > 40.0).astype(float))
    if ANALYSES[name].needs_arms and not design.is_parallel:
        with pytest.raises(InputError, match=f"analysis.test = '{name}': compares arms"):
            analyse_trial(data, design, replace(default_plan(design), test=name))
        return
    got = analyse_trial(data, design, replace(default_plan(design), test=name))
    model, term = MODELS[design.name]
    table = analyse_table(data.frame(), model, term, declared=AnalysisPlan(name))
    found = table["declared"]
    for one in ("estimate", "se", "df", "p"):
        assert getattr(got, one) == pytest.approx(found[one], rel=1e-6), one
    assert [got.low, got.high] == pytest.approx(found["interval"], rel=1e-6)
    if name not in ("permutation", "marginal"):
        shown = table["tests"][name]
        assert [shown["estimate"], shown["p"]] == pytest.approx([got.estimate, got.p], rel=1e-6)


def test_every_analysis_is_a_choice_of_a_design_and_its_words_are_its_own() -> None:
    assert design_fields()["analysis.test"].choices == tuple(ANALYSES)
    template = design_template()
    for name, one in ANALYSES.items():
        assert name == one.name
        assert name in template
        assert one.title
        assert one.estimates.startswith("the difference")
    assert len({one.title for one in ANALYSES.values()}) == len(ANALYSES)


def test_an_unknown_analysis_names_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown test 'kenward-rogers'; did you mean 'kenward"):
        analysis_named("kenward-rogers")
    with pytest.raises(InputError, match="unknown test 'cr2'"):
        AnalysisPlan("cr2")


DESIGN = """\
title = "Planned"
[design]
type = "parallel"
clusters_by_sequence = [7, 7]
size = 9
[statistical]
effect = 4.0
[analysis]
test = "satterthwaite"
alpha = 0.1
[columns]
outcome = "qpr total"
treatment = "group"
reference = "REFOCUS"
covariates = ["sex"]
"""


@pytest.fixture
def trial(tmp_path: Path) -> tuple[Path, Path]:
    data = SOURCE.simulate(replace(ARMS, size_variation=0.0), 5, 0).frame()
    frame = pd.DataFrame(
        {
            "qpr total": data["outcome"],
            "group": np.where(data["arm"] == 1, "TAU", "REFOCUS"),
            "cluster": data["cluster"],
            "sex": data["person"] % 2,
        }
    )
    table, design = tmp_path / "data.csv", tmp_path / "design.toml"
    frame.to_csv(table, index=False)
    design.write_text(DESIGN, encoding="utf-8")
    return table, design


def test_the_declared_analysis_is_done_with_its_contrast_covariates_test_and_level(
    trial: tuple[Path, Path],
) -> None:
    from sim.trials.analyses.analysis_text import format_analysis
    from sim.trials.analyses.declared_analysis import analyse_by_design

    table, design = trial
    result = analyse_by_design(table, design, contrasts=["sex + groupTAU"])
    plan = result["plan"]
    beside = result["contrasts"]["each"][0]["estimate"]
    assert beside == pytest.approx(
        sum(result["coef"][one]["estimate"] for one in ("sex", "groupTAU"))
    )
    assert plan["formula"] == "`qpr total` ~ group + sex + (1|cluster)"
    assert result["direction"] == "TAU minus REFOCUS", "as declared, against what labels mean"
    by_hand = analyse_table(pd.read_csv(table), plan["formula"], "group", references=["REFOCUS"])
    answer = plan["answer"]
    assert answer["p"] == pytest.approx(by_hand["satterthwaite"]["p"])
    low, high = by_hand["satterthwaite"]["ci95"]
    narrower = answer["interval"][1] - answer["interval"][0]
    assert 0.7 < narrower / (high - low) < 0.9, "a 90% interval"
    assert plan["differences"] == []
    text = format_analysis(result)
    assert text.startswith(f"Plan: {design} (Planned, SHA-256 ")
    assert "90% interval" in text
    assert "two-sided at 0.1" in text


def test_what_the_data_have_otherwise_is_told(trial: tuple[Path, Path]) -> None:
    from sim.trials.analyses.declared_analysis import analyse_by_design

    table, design = trial
    design.write_text(DESIGN.replace("[7, 7]", "[7, 8]").replace("size = 9", "size = 30"))
    differences = analyse_by_design(table, design)["plan"]["differences"]
    assert differences == [
        "14 clusters, planned 15",
        "9 rows for each cluster, planned 30 people",
    ]


def test_clusters_outside_every_planned_sequence_are_named(tmp_path: Path) -> None:
    from sim.trials.analyses.declared_analysis import analyse_by_design

    frame = SOURCE.simulate(WEDGE, 5, 0).frame()
    early = (frame["cluster"] == 0) & (frame["period"] >= 1)
    frame.loc[early, "treatment"] = 1 - frame.loc[early, "treatment"]
    frame.to_csv(tmp_path / "data.csv", index=False)
    (tmp_path / "design.toml").write_text(
        'design = { type = "stepped wedge", clusters = 9, steps = 3, size = 8 }\n'
        "statistical = { effect = 4.0 }\n"
    )
    found = analyse_by_design(tmp_path / "data.csv", tmp_path / "design.toml")["plan"]
    assert found["differences"] == [
        "clusters treated in other periods than any planned sequence: 0"
    ]
    assert "(1|cluster:period)" in found["formula"], "the random effects that the design calls for"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('"qpr total"', '"qpr"'), r"unknown column 'qpr'.*; name it in \[columns\]"),
        (('"sex"', '"age"'), r"unknown column 'age'.*\[columns\]"),
        (("[columns]", '[columns]\nstrata = ["a"]\npairs = "b"'), "strata and pairs: give one"),
    ],
)
def test_a_plan_that_cannot_be_followed_is_refused(
    trial: tuple[Path, Path], change: tuple[str, str], problem: str
) -> None:
    from sim.trials.analyses.declared_analysis import analyse_by_design

    table, design = trial
    design.write_text(DESIGN.replace(*change))
    with pytest.raises(InputError, match=problem):
        analyse_by_design(table, design)


def test_no_option_changes_a_plan_in_silence(
    trial: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    from sim.cli import main

    table, design = trial
    for option in ("--term", "--model", "--reference", "--strata", "--impute", "--missing"):
        assert main(["analyse", str(table), "--design", str(design), option, "x"]) == 2
        assert f"{option}: has no meaning with --design" in capsys.readouterr().err
    assert main(["analyse", str(table), "--design", str(design), "--format", "json"]) == 0
