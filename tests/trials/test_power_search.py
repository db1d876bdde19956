"""Searches, grids and tornados over a power that is known: what is asked, and what is told."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.runs.pieces import Cancelled
from sim.trials.designs.design_file import changed, design_from_table, load_design, trial_design
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power import power_search as module
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.power_search import (
    STOPPED,
    Found,
    Swing,
    find_size,
    parse_grid,
    run_grid,
    tornado,
    uncertain_ranges,
)
from sim.trials.power.power_study import study_of
from sim.trials.power.simulated_power import rate

Z = stats.norm.ppf(0.975)


def file_of(**tables: Any) -> DesignFile:
    design = {"type": "parallel", "clusters": 20, "size": 10, **tables.pop("design", {})}
    outcome = {"sd": 10.0, "icc": 0.05, "effect": 5.0, **tables.pop("statistical", {})}
    return design_from_table({"design": design, "statistical": outcome, **tables})


def known_power(
    monkeypatch: pytest.MonkeyPatch, power: Callable[[Any], float], trials: int = 10_000
) -> list[Any]:
    """Put a known power in the place of simulations; return the studies and seeds asked for."""
    asked: list[Any] = []

    def simulate(study: Any, simulations: Any, error: Any, seed: int, **how: Any) -> Any:
        asked.append((study, simulations, error, seed, how))
        found = rate(round(power(study) * trials), trials)
        return SimpleNamespace(
            study=study, performance=SimpleNamespace(power=found), formula=None, assumed=None
        )

    monkeypatch.setattr(module, "simulate_power", simulate)
    return asked


def rising(name: str, shift: float) -> Callable[[Any], float]:
    """Return a power of which the noncentrality rises with the root of a size."""

    def power(study: Any) -> float:
        design = study.design
        size = design.total_clusters if name == "clusters" else design.size
        return float(stats.norm.cdf(shift * sqrt(size) - Z))

    return power


def enough(shift: float, target: float, step: int) -> int:
    """Return the smallest multiple whose rounded power is that wanted."""
    size = step
    while round(stats.norm.cdf(shift * sqrt(size) - Z), 4) < target:
        size += step
    return size


@pytest.mark.parametrize("formula", [None, 6, 60, 300])
@pytest.mark.parametrize(("name", "shift"), [("clusters", 0.3), ("clusters", 0.7), ("size", 0.45)])
def test_the_smallest_size_is_found_wherever_the_formula_begins(
    name: str, shift: float, formula: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = known_power(monkeypatch, rising(name, shift))
    monkeypatch.setattr(module, "_by_formula", lambda *_: formula)
    found = find_size(file_of(), name, 0.8, seed=7)
    step = 2 if name == "clusters" else 1
    assert found.value == enough(shift, 0.8, step)
    assert (found.step, found.by_formula, found.problem) == (step, formula, "")
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high
    sizes = [one for one, _ in found.points]
    assert sizes == sorted(set(sizes)), "each once"
    assert {20 if name == "clusters" else 10, formula or sizes[0]} <= set(sizes)
    assert {one[3] for one in asked} == {7}, "points share their luck"
    assert len(asked) <= 12


def test_a_wedge_is_found_in_whole_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    known_power(monkeypatch, rising("clusters", 0.5))
    monkeypatch.setattr(module, "_by_formula", lambda *_: None)
    file = file_of(design={"type": "stepped wedge", "steps": 3, "clusters": 9})
    found = find_size(file, "clusters", 0.8)
    assert (found.value, found.step) == (enough(0.5, 0.8, 3), 3)


def test_a_size_that_is_no_whole_number_is_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    known_power(monkeypatch, rising("size", 0.45))
    monkeypatch.setattr(module, "_by_formula", lambda *_: None)
    found = find_size(file_of(design={"size": 20.5}), "size", 0.5)
    assert 21 in [one for one, _ in found.points]


@pytest.mark.parametrize(
    ("name", "most", "agents"),
    [
        ("clusters", 4000, False),
        ("size", 1000, False),
        ("clusters", 400, True),
        ("size", 200, True),
    ],
)
def test_where_no_size_is_enough_the_largest_is_told(
    name: str, most: int, agents: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = known_power(monkeypatch, lambda _: 0.5)
    monkeypatch.setattr(module, "_by_formula", lambda *_: None)
    monkeypatch.setattr(module, "study_of", lambda file, _: plain_study(file))
    found = find_size(load_design("refocus") if agents else file_of(), name, 0.8)
    assert found.value is None
    assert found.points[-1][0] == most
    assert (
        found.problem == f"no {name} up to {most} reach a power of 0.8; {name} = {most} has 0.500"
    )
    assert (found.low, found.high) == (None, None)
    sizes = [one for one, _ in found.points]
    steps = np.diff(sizes[2:-1]) / found.step
    assert (steps[1:] == 2.0 * steps[:-1]).all(), "farther at each time"
    assert {one[3] for one in asked} == {1}


def plain_study(file: DesignFile) -> Any:
    return SimpleNamespace(design=trial_design(file), plan=SimpleNamespace(confidence=0.95))


@pytest.mark.parametrize("name", ["clusters", "size"])
def test_the_least_trial_may_be_enough(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known_power(monkeypatch, lambda _: 0.9)
    monkeypatch.setattr(module, "_by_formula", lambda *_: None)
    found = find_size(file_of(), name, 0.8)
    # Two teams leave no degree of freedom, and one person of each tells no team from people.
    assert found.value == (4 if name == "clusters" else 2)
    assert found.low == found.value


@pytest.mark.parametrize(("below", "above"), [(0.3, 0.95), (0.7, 0.99), (0.0, 1.0)])
def test_a_power_that_jumps_is_enclosed_all_the_same(
    below: float, above: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The normal approximation proposes sizes that are too small, or too large, again and again."""
    asked = known_power(
        monkeypatch, lambda study: above if study.design.total_clusters >= 44 else below
    )
    monkeypatch.setattr(module, "_by_formula", lambda *_: 60)
    found = find_size(file_of(), "clusters", 0.8)
    assert found.value == 44
    assert len(asked) <= 15


def test_a_proposal_beyond_what_is_enough_is_followed_by_its_neighbour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 54 teams with .7 the proposal is 70; 66 are enough, and 64 are not."""
    asked = known_power(
        monkeypatch, lambda study: 0.99 if study.design.total_clusters >= 66 else 0.7
    )
    monkeypatch.setattr(module, "_by_formula", lambda *_: 66)
    assert find_size(file_of(design={"clusters": 54}), "clusters", 0.8).value == 66
    assert [one[0].design.total_clusters for one in asked] == [54, 66, 64]


def test_a_stopped_search_tells_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    known_power(monkeypatch, rising("clusters", 0.3))
    monkeypatch.setattr(module, "_by_formula", lambda *_: 60)
    parts: list[str] = []

    def on_point(label: str) -> Any:
        parts.append(label)
        if len(parts) == 2:
            raise Cancelled({}, 0, 1, "trials")
        return {}

    found = find_size(file_of(), "clusters", 0.8, on_point=on_point)
    assert parts == ["clusters=20", "clusters=60"]
    assert [one for one, _ in found.points] == [20]
    assert found == Found("clusters", 0.8, None, 60, 2, None, None, found.points, STOPPED)


@pytest.mark.parametrize(("target", "refused"), [(0.05, True), (0.06, False), (0.999, True)])
def test_what_is_a_power_to_be_found(
    target: float, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_power(monkeypatch, rising("clusters", 0.3))
    monkeypatch.setattr(module, "_by_formula", lambda *_: None)
    if refused:
        with pytest.raises(InputError, match="must be above 0.05 and below 0.999"):
            find_size(file_of(), "clusters", target)
    else:
        assert find_size(file_of(), "clusters", target).value is not None
    assert find_size(file_of(), "clusters", 0.995).value is not None


def test_a_size_out_of_reach_by_formula_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless by no more than .03, by which the formula may be wrong."""
    asked = known_power(monkeypatch, rising("size", 0.45))
    inner = module.simulate_power

    def with_formula(*given: Any, **how: Any) -> Any:
        found: Any = inner(*given, **how)
        found.formula = "known"
        return found

    errors: list[float] = []

    def out_of_reach(_study: Any, _assumed: Any, target: float, error: float) -> str:
        errors.append(error)
        return "never" if target > 0.85 else ""

    monkeypatch.setattr(module, "simulate_power", with_formula)
    monkeypatch.setattr(module, "out_of_reach", out_of_reach)
    monkeypatch.setattr(module, "_by_formula", lambda *_: None)
    found = find_size(file_of(), "size", 0.9)
    assert (found.value, found.problem, len(asked)) == (None, "never", 1)
    assert find_size(file_of(), "size", 0.8).value is not None
    assert errors == [0.03, 0.03]
    find_size(file_of(), "clusters", 0.9)
    assert len(errors) == 2, "asked of sizes alone"


def test_the_formulas_answer_is_the_smallest_design_with_the_power() -> None:
    file, assumed = file_of(), Assumed(5.0, 10.0, 0.05)
    result: Any = SimpleNamespace(study=study_of(file), assumed=assumed)
    found = module._by_formula(result, file, "clusters", 0.8, 2, 4, 4000)
    assert found is not None

    def power(clusters: int) -> float:
        return design_power(trial_design(changed(file, {"clusters": clusters})), assumed).power

    assert power(found) >= 0.8 > power(found - 2)
    assert module._by_formula(result, file, "clusters", 0.8, 2, 4, found) == found
    assert module._by_formula(result, file, "clusters", 0.8, 2, 4, found - 2) is None
    assert module._by_formula(result, file, "clusters", 0.8, 2, found + 10, 4000) == found + 10
    hopeless: Any = SimpleNamespace(study=result.study, assumed=Assumed(0.0, 10.0, 0.05))
    assert module._by_formula(hopeless, file, "clusters", 0.8, 2, 4, 40) is None


def test_the_least_number_of_clusters_is_one_that_can_be_analysed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert module._least(file_of(), "size", 1) == 2
    means = file_of(analysis={"test": "cluster-summary"})
    assert module._least(means, "size", 1) == 1
    assert module._least(file_of(), "clusters", 2) == 4
    asked: list[int] = []

    def refused(_file: Any, values: dict[str, int]) -> None:
        asked.append(values["clusters"])
        raise InputError("no")

    monkeypatch.setattr(module, "changed", refused)
    with pytest.raises(InputError, match="clusters: no number of them makes this a trial"):
        module._least(file_of(), "clusters", 3)
    assert asked == list(range(3, 600, 3))


def result(hits: int, trials: int, confidence: float = 0.95) -> Any:
    return SimpleNamespace(
        performance=SimpleNamespace(power=rate(hits, trials)),
        study=SimpleNamespace(plan=SimpleNamespace(confidence=confidence)),
    )


def test_a_rejection_rate_stands_for_a_noncentrality() -> None:
    """1.96 of one half; one half trial away from none and from all; 1.645 at 90%."""
    assert module._shift(result(50, 100)) == pytest.approx(1.95996, abs=1e-4)
    assert module._shift(result(50, 100, 0.9)) == pytest.approx(1.64485, abs=1e-4)
    assert module._shift(result(0, 100)) == pytest.approx(1.95996 - 2.57583, abs=1e-4)
    assert module._shift(result(100, 100)) == pytest.approx(1.95996 + 2.57583, abs=1e-4)


def test_the_size_proposed_goes_by_the_square_of_the_noncentrality() -> None:
    """For 80% it must be 2.8016; the size whose power is nearest counts."""
    one = module._proposed({10: result(50, 100), 90: result(1, 100)}, 0.8)
    assert one == pytest.approx(10 * (2.8015852 / 1.959964) ** 2)
    at_90 = module._proposed({10: result(50, 100, 0.9)}, 0.8)
    assert at_90 == pytest.approx(10 * (2.4864748 / 1.6448536) ** 2)
    # What hardly rejects more often than by chance says nothing.
    assert module._proposed({10: result(3, 100), 20: result(2, 100)}, 0.8) == 80.0
    # 316 of 10,000: a noncentrality of .103.
    assert module._proposed({10: result(316, 10_000)}, 0.8) > 5000.0
    assert module._proposed({10: result(312, 10_000)}, 0.8) == 40.0


def test_where_the_answer_may_lie() -> None:
    """Sizes at which the ends of the interval would be the power wanted, in whole steps."""
    found = result(80, 100)
    own = found.performance.power
    ends = [
        20 * ((stats.norm.ppf(0.8) + Z) / (stats.norm.ppf(p) + Z)) ** 2 for p in (own.high, own.low)
    ]
    assert module._interval(found, 20, 0.8, 1, 1) == (ceil(ends[0]), ceil(ends[1]))
    assert module._interval(found, 20, 0.8, 4, 4) == (
        4 * ceil(ends[0] / 4),
        4 * ceil(ends[1] / 4),
    )
    assert module._interval(found, 20, 0.8, 1, 18)[0] == 18
    assert module._interval(found, 20, 0.8, 1, 30)[0] == 20, "never beyond the answer itself"
    # The lower end rejects less often than by chance: nothing is known above.
    assert module._interval(result(3, 100), 20, 0.8, 1, 1)[1] == 20
    assert module._interval(result(100, 100), 20, 0.9, 1, 1) == (
        ceil(20 * ((stats.norm.ppf(0.9) + Z) / (stats.norm.ppf(1 - 1e-6) + Z)) ** 2),
        20,
    )
    wide = module._interval(found, 20, 0.8, 1, 1)
    assert wide[0] < 20 < wide[1]
    at_90 = result(80, 100, 0.9)
    z = stats.norm.ppf(0.95)
    assert module._interval(at_90, 20, 0.8, 1, 1)[1] == ceil(
        20 * ((stats.norm.ppf(0.8) + z) / (stats.norm.ppf(own.low) + z)) ** 2
    )


def test_a_grid_has_at_most_four_hundred_points() -> None:
    file = file_of()
    values = ",".join(str(20 + one) for one in range(0, 40, 2))
    assert len(parse_grid([f"clusters={values}", f"size={values}"], file)["size"]) == 20
    with pytest.raises(InputError, match="grid: 420 combinations; at most 400"):
        parse_grid([f"clusters={values}", f"size={values},90"], file)
    for wrong in ("=10", "size=", "size", "size= "):
        with pytest.raises(InputError, match="must have the form name=value,value"):
            parse_grid([wrong], file)
    with pytest.raises(InputError, match="'size' stands twice"):
        parse_grid(["size=10", "size=20"], file)
    with pytest.raises(InputError, match="grid size = 'ten': must be a finite number"):
        parse_grid(["size=10,ten"], file)


def test_a_grid_is_run_point_by_point_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = known_power(monkeypatch, rising("clusters", 0.3))
    told: list[str] = []

    def on_point(label: str) -> Any:
        told.append(label)
        return {}

    grid = {"clusters": [10.0, 20.0], "icc": [0.01, 0.1]}
    points = run_grid(file_of(), grid, simulations=50, seed=4, on_point=on_point)
    assert told == [f"clusters={k}, icc={icc}" for k in (10, 20) for icc in (0.01, 0.1)]
    assert [one.values for one in points] == [
        {"clusters": k, "icc": icc} for k in (10.0, 20.0) for icc in (0.01, 0.1)
    ]
    assert [one[1:] for one in asked] == [(50, None, 4, {"null": True})] * 4
    asked.clear()
    run_grid(file_of(), {"clusters": [10.0]})
    assert asked[0][3] == 1

    def stopped(*_: Any, **__: Any) -> None:
        raise Cancelled({}, 0, 1, "trials")

    monkeypatch.setattr(module, "simulate_power", stopped)
    assert run_grid(file_of(), grid) == []


def test_ranges_of_a_tornado_have_the_effects_ninety_percent() -> None:
    file = file_of(uncertainty={"effect_se": 2.0, "ranges": {"icc": [0.0, 0.2]}})
    found = uncertain_ranges(file)
    assert list(found) == ["effect", "icc"]
    half = 2.0 * stats.norm.ppf(0.95)
    assert found["effect"] == pytest.approx((5.0 - half, 5.0 + half))
    assert found["icc"] == (0.0, 0.2)
    assert list(uncertain_ranges(file_of(uncertainty={"ranges": {"icc": [0.0, 0.2]}}))) == ["icc"]
    small = file_of(uncertainty={"effect_se": 0.005})
    assert list(uncertain_ranges(small)) == ["effect"]
    own = {"effect_se": 2.0, "ranges": {"effect": [3.0, 6.0]}}
    assert uncertain_ranges(file_of(uncertainty=own)) == {"effect": (3.0, 6.0)}
    agents = design_from_table(
        {
            "design": {"clusters": 8, "size": 5},
            "agents": {"added_effect": 1.0},
            "uncertainty": {"effect_se": 1.0},
        }
    )
    ends = uncertain_ranges(agents)["added_effect"]
    assert ends == pytest.approx((1.0 - half / 2, 1.0 + half / 2))


def test_a_tornado_is_widest_first_with_the_larger_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def power(study: Any) -> float:
        if study.design.total_clusters != 20:
            return 0.1 + 0.01 * study.design.total_clusters
        return {0.01: 0.9, 0.2: 0.5}.get(study.file.statistical.icc, 0.7)

    asked = known_power(monkeypatch, power, 100)
    ranges = {"clusters": [16, 40], "icc": [0.01, 0.2], "sd": [9.0, 11.0]}
    told: list[str] = []

    def on_point(label: str) -> Any:
        told.append(label)
        return {}

    file = file_of(uncertainty={"ranges": ranges})
    found = tornado(file, 30, seed=5, on_point=on_point)
    assert [one.name for one in found] == ["icc", "clusters", "sd"]
    icc = found[0]
    assert (icc.low, icc.high, icc.power_low, icc.power_high) == (0.01, 0.2, 0.9, 0.5)
    assert icc.width == pytest.approx(0.4)
    assert icc.monte_carlo_se == pytest.approx(0.05)
    assert np.isnan([icc.formula_low, icc.formula_high]).all()
    # A whole number of teams.
    assert (found[1].low, found[1].power_low) == (16.0, pytest.approx(0.26))
    assert told == ["clusters=16", "clusters=40", "icc=0.01", "icc=0.2", "sd=9", "sd=11"]
    assert [one[1:] for one in asked] == [(30, None, 5, {"null": False})] * 6
    asked.clear()
    tornado(file, 30)
    assert {one[3] for one in asked} == {1}
    assert Swing("x", 0.0, 1.0, 0.3, 0.8, 0.1, 0.2, 0.7).width == 0.5


def test_a_stopped_tornado_tells_what_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    known_power(monkeypatch, rising("clusters", 0.3))
    inner, asked = module.simulate_power, []

    def stopped(study: Any, *given: Any, **how: Any) -> Any:
        asked.append(study)
        if len(asked) == 6:
            raise Cancelled({}, 0, 1, "trials")
        return inner(study, *given, **how)

    monkeypatch.setattr(module, "simulate_power", stopped)
    ranges = {"clusters": [10, 40], "size": [5, 20], "sd": [9.0, 11.0]}
    found = tornado(file_of(uncertainty={"ranges": ranges}), 30)
    assert [one.name for one in found] == ["clusters", "size"], "the widest first"
