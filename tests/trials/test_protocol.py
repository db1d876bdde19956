"""Words for a protocol: every input of the calculation is in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sim.api.analyse import analyse
from sim.cli import main
from sim.trials.designs.design_file import design_from_table, load_design
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.power_outcome import PowerOutcome, formula_text
from sim.trials.power.power_study import simulate_power, study_of
from sim.trials.power.protocol import items, protocol_of_formula, protocol_of_simulation

DATA = Path(__file__).parent / "data"


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_a_paragraph_has_every_input_of_the_calculation() -> None:
    study = study_of(load_design("stepped-wedge-slow"))
    answer = formula_answer(study)
    text = one_line(protocol_of_formula(answer))
    f, s = answer.formula, study.file.statistical
    assert s is not None
    for piece in (
        f"{study.design.total_clusters} teams in {len(study.design.clusters)} sequences",
        f"{study.design.size:g} service users",
        f"standard deviation of {s.sd:g}",
        f"intracluster correlation of {s.icc:g}",
        f"cluster autocorrelation of {s.cac:g}",
        f"{100 * answer.formula.power:.0f}% power",
        "two-sided level of 5%",
        "Kenward-Roger",
        "refocus 0.",
        "builds up by period as",
        # A constant effect does not estimate the average of one that builds up.
        f"expected to estimate {f.expected:.3g} instead of {f.effect:.3g}",
        "CONSORT cluster 3a: a cluster is a team with its service users; whole teams",
        "CONSORT stepped wedge 3a: 4 sequences of 6, 6, 6, 6 teams, 5 periods, 13 weeks from",
        "different people (cross-sectional)",
        "12a: time by an effect for each period; clustering by random effects of teams and periods "
        "within teams; repeated measures: none",
    ):
        assert piece in text


@pytest.mark.parametrize(
    ("design", "own", "other"),
    [
        ('type = "crossover"\nclusters = 8\nsize = 9', "crossover", "stepped wedge"),
        ('type = "stepped wedge"\nclusters = 8\nsize = 9\nsteps = 4', "stepped wedge", "crossov"),
        (
            'type = "matrix"\nschedule = [[0, 0], [0, 1]]\nclusters = 8\nsize = 9',
            "cluster",
            "stepped wedge",
        ),
    ],
)
@pytest.mark.parametrize("sampling", ["cross-sectional", "closed cohort"])
def test_items_and_correlations_are_those_of_the_design(
    design: str, own: str, other: str, sampling: str, tmp_path: Path
) -> None:
    path = tmp_path / "design.toml"
    more = f'\nsampling = "{sampling}"\n[statistical]\niac = 0.6\n'
    path.write_text(f"[design]\n{design}{more}")
    answer = formula_answer(study_of(load_design(path)))
    text = one_line(protocol_of_formula(answer))
    assert re.search(rf"CONSORT {own} 3a: \d sequences", text)
    assert f"CONSORT {own} 12a: time by" in text
    assert f"CONSORT {other}" not in text
    # Nobody is measured twice in a cross-section.
    assert formula_text(answer).count("IAC 0.6") == 2 * (sampling == "closed cohort")


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({}, "a random effect of people"),
        ({"statistical": {"outcome": "binary", "mean": 0.4, "effect": 0.2}}, "errors are those of"),
        ({"analysis": {"test": "cluster-robust", "random_effects": ["cluster"]}}, "errors are"),
        ({"analysis": {"random_effects": ["cluster"]}}, "as if they were different people"),
    ],
)
def test_repeated_measures_are_told_as_the_analysis_has_them(
    parts: dict[str, Any], told: str
) -> None:
    design = {"type": "stepped wedge", "clusters": 8, "size": 9, "steps": 4}
    table = {"design": {**design, "sampling": "closed cohort"}, "statistical": {}, **parts}
    found = items(study_of(design_from_table(table, "test")))
    assert told in found[-1].split("repeated measures: ")[1]


def test_a_simulated_one_tells_seed_trials_and_monte_carlo_error() -> None:
    study = study_of(load_design("two-point-target"), 0)
    result = simulate_power(study, 40, seed=7, workers=1)
    text = one_line(protocol_of_simulation(PowerOutcome(result)))
    assert "simulating 40 trials and their analysis (seed 7)" in text
    assert "Monte Carlo standard error" in text
    assert "type I error was" in text


def test_the_command_prints_it_and_refuses_what_has_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["power", "four-point-target", "--formula-only", "--format", "protocol"]
    assert main(given) == 0
    assert "## Target difference (DELTA2)" in capsys.readouterr().out
    assert main([*given, "--find", "clusters"]) == 2
    assert "goes with the power of one design" in capsys.readouterr().err


def test_code_of_a_binary_outcome_names_both_models() -> None:
    found = analyse(DATA / "bin_parallel.csv", "y ~ arm + (1|team)", "arm", family="binomial")
    code = found.code("R")
    assert "geeglm(y ~ arm, id = " in code
    assert "glmer(y ~ arm + (1|team), data = d, family = binomial, nAGQ = 9," in code
    assert "glmerControl(tolPwrss = 1e-12)" in code
    assert "lapply(c(0, 1)" in code
