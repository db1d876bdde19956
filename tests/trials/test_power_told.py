"""What a power calculation tells and refuses before anybody believes its number."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from benchmarks.studies.formula_check import PAGE, compared, designs, summary
from sim.cli import main
from sim.errors import InputError
from sim.measures.catalogue import catalogue
from sim.measures.qpr import QPR15_IMPORTANT
from sim.trials.designs.design_file import changed, design_from_table, load_design
from sim.trials.designs.design_text import design_template
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.formula_search import find_by_formula
from sim.trials.power.important import important_difference
from sim.trials.power.left_out import left_out
from sim.trials.power.measured_error import MEASURED, PERIODS, TREATMENT, kind_of
from sim.trials.power.power_outcome import effect_lines
from sim.trials.power.power_search import find_size
from sim.trials.power.power_study import Gap, power_at, simulate_power, study_of


def design(**parts: Any) -> dict[str, Any]:
    """Return the tables of a small stepped wedge, some of them changed."""
    table: dict[str, Any] = {
        "design": {"type": "stepped wedge", "steps": 3, "clusters": 9, "size": 10},
        "statistical": {"mean": 0.0, "sd": 1.0, "icc": 0.1, "cac": 0.5, "effect": 0.4},
    }
    for name, part in parts.items():
        table[name] = {**table.get(name, {}), **part}
    return table


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["power", *arguments]) == 0
    return capsys.readouterr().out


# Thresholds.


def test_a_threshold_belongs_to_its_instrument() -> None:
    published = [one for one in catalogue().values() if one.important is not None]
    assert {one.name: one.important for one in published} == {"qpr15": QPR15_IMPORTANT}
    assert all(one.important_source for one in published)
    for name in ("refocus", "stepped-wedge-agents", "readiness-selected"):
        own = load_design(name)
        found = important_difference(own)
        assert found is not None
        assert found.value == 4.0
        for measure in ("recovery_fidelity", "qpr22", "wemwbs"):
            assert important_difference(changed(own, {"measure": measure})) is None
        stated = {"measure": "wemwbs", "target.minimum_important_difference": 3.0}
        assert important_difference(changed(own, stated)) == (3.0, "stated in the design")


def test_the_average_that_a_difference_is_of_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    out = told(capsys, "stepped-wedge-slow", "--formula-only")
    assert "as the mean over the treated periods" in out
    assert "an effect of 14.7 once it is fully there" in out
    power = float(out.split("power to find it would be ")[1].split()[0])
    assert power < 0.12, "0.907 if the bias of the design's own effect were added to it"


def test_a_formula_that_differs_is_named_beside_the_difference_that_matters() -> None:
    """It was told as power, where the simulation above it found another."""
    table = design(
        statistical={"exposure": [0.2, 1.0]}, target={"minimum_important_difference": 0.3}
    )
    found = simulate_power(study_of(design_from_table(table, "test")), 4, null=False)
    assert effect_lines(found)[-1].endswith(f"{power_at(found, 0.3):.3f}")
    flagged = replace(found, gap=Gap(0.1, 5.0, True, ()))
    assert "by formula, which differs from the simulation" in effect_lines(flagged)[-1]


# Analyses that leave something out.


def test_a_component_left_out_is_told_before_any_power(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wedge.toml"
    path.write_text(
        '[design]\ntype = "stepped wedge"\nsteps = 3\nclusters = 9\nsize = 10\n'
        "[statistical]\nmean = 0\nsd = 1\nicc = 0.1\ncac = 0.5\neffect = 0.4\n"
        '[analysis]\nrandom_effects = ["cluster"]\n'
    )
    for more in (["--formula-only"], ["--simulations", "20", "--no-sensitivity"]):
        out = told(capsys, str(path), *more)
        assert "its type I error is too high" in out
        assert out.index("type I error is too high") < out.index("power")
    data = json.loads(told(capsys, str(path), "--formula-only", "--format", "json"))
    assert "'cluster-period' (CAC 0.5)" in data["caution"]
    assert data["type_i_error"] > 0.1


def test_an_analysis_with_all_that_is_declared_has_nothing_to_tell() -> None:
    for table in (design(), design(analysis={"random_effects": ["cluster", "cluster-period"]})):
        study = study_of(design_from_table(table))
        assert left_out(study.file, study.design, study.plan) == []
    decaying = study_of(design_from_table(design(statistical={"cluster_decay": 0.8})))
    assert "decay" in left_out(decaying.file, decaying.design, decaying.plan)[0]


# Searches and grids by formula.


def test_clusters_that_no_size_can_replace_are_told_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """20 clusters, ICC 0.05, effect 0.25: at any size below 0.66 (noncentral t, 18 df)."""
    fixed = design_from_table(
        {
            "design": {"clusters": 20, "size": 20},
            "statistical": {"sd": 1.0, "icc": 0.05, "cac": 1.0, "iac": 0.0, "effect": 0.25},
        }
    )
    found = find_by_formula(fixed, "size", 0.8)
    assert found.value is None
    assert found.power == pytest.approx(0.66, abs=0.005)
    assert "add clusters" in found.problem
    plain = changed(fixed, {"test": "cluster-summary"})
    need = find_by_formula(plain, "size", 0.5).value
    assert need is not None

    def power(size: int) -> float:
        shift = 0.25 / (0.2 * (0.05 + 0.95 / size)) ** 0.5
        critical = stats.t.ppf(0.975, 18)
        return float(stats.nct.sf(critical, 18, shift) + stats.nct.cdf(-critical, 18, shift))

    assert power(need - 1) < 0.5 <= power(need)
    simulated = find_size(fixed, "size", 0.8, simulations=40)
    assert simulated.value is None
    assert "add clusters" in simulated.problem
    assert len(simulated.points) == 1, "no other size is simulated in vain"
    out = told(capsys, "four-point-target", "--formula-only", "--grid", "size=10,20")
    assert "no trial was run" in out
    out = told(capsys, "four-point-target", "--formula-only", "--find", "clusters")
    assert "clusters = " in out


# What is refused.


@pytest.mark.parametrize(
    ("parts", "match"),
    [
        ({"statistical": {"exposure": [2, 19, 54, 100]}}, "no share"),
        ({"statistical": {"exposure": [0.1, 0.2, 0.3, 1.0]}}, "4 values, but no team is exposed"),
        ({"statistical": {"period_effects": [1.0, 2.0]}}, "2 values for 4 periods"),
        ({"statistical": {"cluster_decay": 1.5}}, "cluster_decay"),
        (
            {"design": {"size": 1}, "analysis": {"random_effects": ["cluster", "cluster-period"]}},
            "cannot be told from the rest",
        ),
    ],
)
def test_a_design_that_says_what_cannot_be_is_refused(parts: dict[str, Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        design_from_table(design(**parts))


def test_the_template_says_what_leaving_a_line_out_means() -> None:
    lines = design_template().splitlines()
    at = lines.index('baseline = "ancova"')
    assert 'left out: "none"' in " ".join(one.removeprefix("# ") for one in lines[at - 4 : at])
    shown = " ".join(one.removeprefix("# ") for one in lines)
    assert "chi, for any two periods" in shown, "what churn is not"


# Formula and simulation.


def test_formula_and_simulation_agree_on_random_designs() -> None:
    """The small version of `make study-formula_check`: none beyond five errors and six points."""
    drawn = [(name, file) for name, file in designs(40).items() if name.isdigit()][::4]
    found = {name: summary(name, file, 200) for name, file in drawn}
    apart = [
        (one.name, one.difference, one.errors)
        for one in compared(found, 40)
        if abs(one.errors) > 5.0 and abs(one.difference) > 0.06
    ]
    assert apart == []


def test_the_error_that_stands_beside_the_formula_is_the_measured_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for kind, one in MEASURED.items():
        assert f"| {kind} | {one.designs} | {one.rms:.1f} | {one.worst:.1f} |" in page
    out = told(capsys, "stepped-wedge-slow", "--formula-only")
    assert f"in {MEASURED[PERIODS].designs} trials over periods it differed" in out
    study = study_of(
        design_from_table(
            design(analysis={"random_effects": ["cluster", "cluster-period", "treatment"]})
        )
    )
    assert kind_of(study.design, study.plan) == TREATMENT
    told_by = formula_answer(study).as_dict()["formula_off_by_points"]
    assert told_by == MEASURED[TREATMENT]._asdict()


def test_a_formula_only_answer_is_that_of_the_declared_test() -> None:
    table = design(design={"type": "parallel", "clusters": 12, "size": 4})
    table["design"].pop("steps")
    mixed, means = (
        formula_answer(study_of(design_from_table({**table, "analysis": {"test": test}}))).formula
        for test in ("kenward-roger", "cluster-summary")
    )
    assert mixed.power < means.power, "a variance that stops at zero costs power"
    assert means.power == pytest.approx(means.power_noncentral_t)
    assert mixed.power_noncentral_t == pytest.approx(means.power)
