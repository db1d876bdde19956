"""Tables and the smallest detectable difference by formula, at once."""

from __future__ import annotations

import json
from math import inf, isfinite
from types import SimpleNamespace
from typing import Any

import pytest
from scipy import stats

from sim.cli import main
from sim.errors import InputError
from sim.trials.analyses.exposure import CONSTANT
from sim.trials.analyses.hypothesis import Bounds
from sim.trials.designs.design_file import changed, design_from_table, load_design
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.formula_search import (
    cost_of,
    find_by_formula,
    grid_by_formula,
    out_of_reach,
    smallest_effect,
)
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


def z_test(se: float, bounds: Bounds | None, share: float = 1.0, most: float = 1.0) -> Any:
    """Return the formula of a one-sided z test at 0.05, that breaks off an endless search."""
    asked = []

    def at(effect: float) -> Any:
        asked.append(effect)
        assert len(asked) < 100
        if bounds is None:
            away = effect
        elif isfinite(bounds.lower):
            away = effect - bounds.lower
        else:
            away = bounds.upper - effect
        return SimpleNamespace(power=most * stats.norm.cdf(share * away / se - 1.644853627))

    return SimpleNamespace(bounds=bounds, se=se, share=share, at=at)


@pytest.mark.parametrize("se", [0.01, 3.0])
@pytest.mark.parametrize(
    ("bounds", "least", "sign"),
    [(None, 0.0, 1.0), (Bounds(-2.0, inf), -2.0, 1.0), (Bounds(-inf, 2.0), 2.0, -1.0)],
)
def test_the_smallest_effect_is_the_sum_of_two_quantiles(
    se: float, bounds: Bounds | None, least: float, sign: float
) -> None:
    """1.6449 for the level and 0.8416 for 0.8, in standard errors from the bound."""
    study: Any = SimpleNamespace(plan=SimpleNamespace(estimand=CONSTANT))
    found = smallest_effect(study, z_test(se, bounds), 0.8)
    assert found is not None
    assert sign * (found - least) == pytest.approx(2.4864749 * se, rel=3e-6)
    # Never less than the power that was asked for.
    assert z_test(se, bounds).at(found).power >= 0.8


def test_where_no_effect_is_looked_for() -> None:
    """Between two bounds, where power stops below the target, and beyond 10,000 errors."""
    study: Any = SimpleNamespace(plan=SimpleNamespace(estimand=CONSTANT))
    assert smallest_effect(study, z_test(1.0, Bounds(-2.0, 2.0)), 0.8) is None
    assert smallest_effect(study, z_test(1.0, None, most=0.79), 0.8) is None
    # Steps double: the last that is tried is 8192.
    for needed, there in ((8000.0, True), (8400.0, False)):
        found = smallest_effect(study, z_test(1.0, None, 2.4864749 / needed), 0.8)
        assert (found is not None) == there


def test_what_is_too_large_to_be_found() -> None:
    with pytest.raises(InputError, match="clusters"):
        find_by_formula(FILE, "cluster", 0.8)
    small = changed(FILE, {"effect": 0.05, "icc": 0.1})
    many = find_by_formula(small, "clusters", 0.8)
    assert many.value is None
    assert many.problem == "no clusters up to 2000 reach a power of 0.8"
    assert many.power < 0.8
    never = find_by_formula(small, "size", 0.8)
    assert never.value is None
    assert "no size reaches a power of 0.8 with" in never.problem
    assert f"with very many people it is {never.power:.3f} by formula" in never.problem
    study = study_of(small, 0)
    assumed = formula_answer(study).assumed
    # An error of the formula that covers the rest leaves it open.
    assert out_of_reach(study, assumed, 0.8, 0.801 - never.power) == ""
    assert out_of_reach(study, assumed, 0.8, 0.799 - never.power) != ""


@pytest.mark.parametrize("near", [None, 1, 3, 400])
def test_where_the_search_begins_makes_no_difference(near: int | None) -> None:
    found = find_by_formula(FILE, "clusters", 0.8, near)
    assert isinstance(found.value, int)
    assert found.value % 2 == 0
    assert found.power >= 0.8
    less = changed(FILE, {"clusters": found.value - 2})
    assert formula_answer(study_of(less, 0)).formula.power < 0.8


def test_a_trial_costs_teams_and_people_of_each_measured_period() -> None:
    """10 teams at 100, 10 of 20 people at 3."""
    plain = {
        "design": {"type": "parallel", "clusters": 10, "size": 20},
        "statistical": {"effect": 2.0, "icc": 0.05},
    }
    target = {"cost_per_team": 100.0, "cost_per_person": 3.0}
    assert cost_of(design_from_table({**plain, "target": target}, "cost")) == 1600.0
    for one in target:
        with pytest.raises(InputError, match="needs target.cost_per_team"):
            cost_of(design_from_table({**plain, "target": {one: 0.5}}, "cost"))
    cheap = {"cost_per_team": 0.005, "cost_per_person": 0.005}
    assert cost_of(design_from_table({**plain, "target": cheap}, "cost")) == pytest.approx(1.05)


def test_one_person_a_team_may_be_enough_and_an_odd_number_too() -> None:
    """Means of ten teams an arm: an effect of two standard deviations, and of less than one."""
    table = {
        "design": {"type": "parallel", "clusters": 20, "size": 20},
        "statistical": {"effect": 20.0, "icc": 0.05, "sd": 10.0},
        "analysis": {"test": "cluster-summary"},
    }
    file = design_from_table(table, "size")
    assert find_by_formula(file, "size", 0.8).value == 1

    def power(size: int, effect: float) -> float:
        z = effect / (2.0 * 100.0 * (0.05 + 0.95 / size) / 10.0) ** 0.5
        critical = stats.t.isf(0.025, 18)
        return float(stats.nct.sf(critical, 18, z) + stats.nct.cdf(-critical, 18, z))

    sizes = []
    for effect in (6.0, 6.5, 7.0, 8.0, 9.0):
        wanted = next(size for size in range(1, 100) if power(size, effect) >= 0.8)
        found = find_by_formula(changed(file, {"effect": effect}), "size", 0.8)
        assert found.value == wanted
        sizes.append(wanted)
    assert any(one % 2 == 1 for one in sizes)
