"""Tables and the smallest detectable difference by formula, at once."""

from __future__ import annotations

import json

import pytest

from sim.cli import main
from sim.errors import InputError
from sim.trials.designs.design_file import changed, design_from_table, load_design
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.formula_search import cost_of, find_by_formula, grid_by_formula
from sim.trials.power.power_search import grid_files, parse_grid
from sim.trials.power.power_study import study_of

FILE = load_design("four-point-target")


def test_the_smallest_detectable_difference_has_just_the_power() -> None:
    found = find_by_formula(FILE, "effect", 0.8)
    assert isinstance(found.value, float)
    for more, above in ((1.001, True), (0.999, False)):
        there = changed(FILE, {"effect": found.value * more})
        power = formula_answer(study_of(there, 0)).formula.power
        assert (power > 0.8) == above


def test_of_an_effect_by_exposure_it_is_that_effect() -> None:
    slow = changed(load_design("stepped-wedge-slow"), {"analysis.estimand": "long-term effect"})
    found = find_by_formula(slow, "effect", 0.8)
    assert isinstance(found.value, float)
    there = changed(slow, {"effect": found.value})
    answer = formula_answer(study_of(there, 0)).formula
    assert answer.expected == pytest.approx(found.value, rel=1e-5)
    assert answer.power == pytest.approx(0.8, abs=1e-4)


def test_no_effect_is_named_where_a_wrong_model_finds_none() -> None:
    found = find_by_formula(load_design("stepped-wedge-slow"), "effect", 0.8)
    assert found.value is None
    assert "no effect of any size" in found.problem


def test_a_grid_has_the_limit_and_the_detectable_difference_of_each_point() -> None:
    grid = parse_grid(["icc=0.01,0.1", "clusters=10,30"], FILE)
    rows = grid_by_formula(list(grid_files(FILE, grid)))
    at = {(row["set_icc"], row["set_clusters"]): row for row in rows}
    few, many = at[(0.1, 10)], at[(0.01, 30)]
    assert few["power"] < few["limit"] < many["limit"] <= 1.0
    assert few["detectable"] > many["detectable"]
    crowd = changed(FILE, {"icc": 0.1, "clusters": 10, "size": 50_000, "size_variation": 0.0})
    power = formula_answer(study_of(crowd, 0)).formula.power
    assert few["limit"] == pytest.approx(power, abs=2e-3)


def test_two_fields_make_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["power", "four-point-target", "--formula-only", "--grid"]
    given += ["icc=0.01,0.05", "clusters=10,20,30"]
    assert main(given) == 0
    out = capsys.readouterr().out
    assert "icc \\ clusters       10       20       30" in out
    assert "smallest difference with power 0.8" in out
    assert "power with any number of people" in out
    assert main([*given, "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 6
    assert main([*given[:4], "icc=0.01,0.05"]) == 0
    assert "limit: power with any number of people" in capsys.readouterr().out


def test_the_cheapest_trial_has_the_size_of_the_closed_form() -> None:
    """With variances known the least cost has size sqrt(c1 / c2 (1 - icc) / icc)."""
    file = design_from_table(
        {
            "design": {"type": "parallel", "clusters": 20},
            "statistical": {"effect": 2.0, "icc": 0.05},
            "target": {"cost_per_team": 100.0, "cost_per_person": 1.0},
        },
        "cost",
    )
    found = find_by_formula(file, "cost", 0.8)
    assert found.size is not None
    assert found.size == pytest.approx((100.0 * 0.95 / 0.05) ** 0.5, rel=0.2)
    at = changed(file, {"clusters": found.clusters, "size": float(found.size)})
    assert found.value == cost_of(at)
    assert found.power >= 0.8
    for size in (20, 90):
        other = changed(file, {"size": float(size)})
        enough = find_by_formula(other, "clusters", 0.8)
        assert cost_of(changed(other, {"clusters": enough.value})) >= found.value
    with pytest.raises(InputError, match="needs target.cost_per_team"):
        find_by_formula(load_design("four-point-target"), "cost", 0.8)
