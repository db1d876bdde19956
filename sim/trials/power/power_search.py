"""Power over grids of designs, the size that a power needs, and sensitivity to what is not known.

All points of a search share a seed, so that neighbouring designs share most of their luck.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite, nan
from typing import Any

from sim.errors import InputError, unknown
from sim.reading.numbers import number_in, repeated
from sim.runs.pieces import Cancelled, How
from sim.trials.designs.design_file import (
    changed,
    check_findable,
    check_used,
    design_fields,
    field_named,
    has_use,
    trial_design,
)
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power.formula_search import out_of_reach
from sim.trials.power.power_study import PowerResult, simulate_power, study_of

LARGEST_GRID = 400
MOST_STEPS = 16
FINDABLE = ("clusters", "size")
# By so much less than a target the formula's limit must be before a search is not begun.
FORMULA_ERROR = 0.03
LARGEST_FOUND = {"clusters": 4000, "size": 1000}
LARGEST_WITH_AGENTS = {"clusters": 400, "size": 200}

# How the part with this name is run.
OnPoint = Callable[[str], How]
STOPPED = "stopped before the search had an answer"


@dataclass(frozen=True)
class GridPoint:
    """One design of a grid: what was changed, and its power."""

    values: dict[str, float]
    result: PowerResult


def parse_grid(texts: Sequence[str], file: DesignFile) -> dict[str, list[float]]:
    """Return the values of each field from texts such as ``clusters=20,30,40``.

    Raises
    ------
    InputError
        For another form, an unknown field, or too many combinations.
    """
    grid: dict[str, list[float]] = {}
    for text in texts:
        name, equals, listed = text.partition("=")
        name = name.strip()
        if not (name and equals and listed.strip()):
            raise InputError(f"grid = '{text}': must have the form name=value,value,...")
        check_used(file, field_named(file, name))
        if name in grid:
            raise InputError(f"grid = '{text}': '{name}' stands twice")
        values = []
        for one in listed.split(","):
            number = number_in(one)
            if number is None:
                raise InputError(f"grid {name} = {repeated(one.strip())}: must be a finite number")
            values.append(number)
        grid[name] = values
    count = 1
    for found in grid.values():
        count *= len(found)
    if count > LARGEST_GRID:
        raise InputError(f"grid: {count} combinations; at most {LARGEST_GRID}")
    return grid


def grid_files(
    file: DesignFile, grid: dict[str, list[float]]
) -> list[tuple[dict[str, float], Any]]:
    """Return every combination of a grid with its checked design, so that mistakes come first."""
    names = list(grid)
    return [
        (
            dict(zip(names, values, strict=True)),
            changed(file, dict(zip(names, values, strict=True))),
        )
        for values in itertools.product(*grid.values())
    ]


def run_grid(
    file: DesignFile,
    grid: dict[str, list[float]],
    *,
    simulations: int | None = None,
    monte_carlo_se: float | None = None,
    draws: int | None = None,
    seed: int = 1,
    null: bool = True,
    on_point: OnPoint | None = None,
) -> list[GridPoint]:
    """Return the power of every combination of a grid, or of those done when `Cancelled`."""
    points = []
    for values, design in grid_files(file, grid):
        shown = ", ".join(f"{name}={value:g}" for name, value in values.items())
        how = on_point(shown) if on_point else How()
        try:
            result = simulate_power(
                study_of(design, draws), simulations, monte_carlo_se, seed, null=null, **how
            )
        except Cancelled:
            break
        points.append(GridPoint(values, result))
    return points


@dataclass(frozen=True)
class Found:
    """The smallest size that reaches a power."""

    name: str  # ``clusters`` (in all) or ``size``
    target: float
    value: int | None  # The smallest whose simulated power reaches the target; None when none does
    by_formula: int | None  # The same by formula
    step: int  # Sizes are multiples of this apart
    # Where the answer may lie for Monte Carlo error alone (95%).
    low: int | None
    high: int | None
    points: tuple[tuple[int, PowerResult], ...]  # All that was simulated, by size
    problem: str = ""  # Why there is no answer


def find_size(
    file: DesignFile,
    name: str,
    target: float,
    *,
    simulations: int | None = None,
    draws: int | None = None,
    seed: int = 1,
    on_point: OnPoint | None = None,
) -> Found:
    """Find the number of clusters or people per cluster that a power needs.

    Power is simulated at the formula's answer and from there at sizes that the normal approximation
    proposes, until two neighbouring sizes enclose the target. When `Cancelled`, the sizes done are
    told without an answer.

    Raises
    ------
    InputError
        For a name that cannot be searched, or a target that is no probability.
    """
    if name not in FINDABLE:
        raise unknown("find", name, FINDABLE)
    check_findable(file, name)
    if not 0.05 < target < 0.999:
        raise InputError(f"target = {target:g}: must be above 0.05 and below 0.999")
    design = trial_design(file)
    step = len(design.clusters) if name == "clusters" else 1
    start = design.total_clusters if name == "clusters" else int(ceil(design.size))
    most = (LARGEST_WITH_AGENTS if file.agents is not None else LARGEST_FOUND)[name]
    least = _least(file, name, step)
    known: dict[int, PowerResult] = {}

    def at(size: int) -> float:
        if size not in known:
            how = on_point(f"{name}={size}") if on_point else How()
            study = study_of(changed(file, {name: size}), draws)
            known[size] = simulate_power(study, simulations, None, seed, null=False, **how)
        return known[size].performance.power.value

    def rounded(size: float) -> int:
        return int(min(max(least, ceil(size / step) * step), largest))

    formula = None
    stride, largest = step, most // step * step
    try:
        at(rounded(start))
        if name == "size" and known[rounded(start)].formula is not None:
            first = known[rounded(start)]
            problem = out_of_reach(first.study, first.assumed, target, FORMULA_ERROR)
            if problem:
                points = tuple(sorted(known.items()))
                return Found(name, target, None, None, step, None, None, points, problem)
        formula = _by_formula(known[rounded(start)], file, name, target, step, least, most)
        if formula is not None:
            at(formula)
        for tried in range(MOST_STEPS):
            below = max([k for k in known if at(k) < target], default=0)
            above = min([k for k in known if at(k) >= target and k > below], default=most + step)
            if above - below <= step or (above == least and below == 0):
                break
            if below >= largest:
                break
            guess = rounded(_proposed(known, target))
            if above > most:
                # Farther at each time, lest a power that hardly rises hold the search up.
                guess = min(max(guess, below + step * 2**tried), largest)
            elif not below < guess < above:
                # Neighbours first: power is near the target.
                guess = rounded(below + stride if guess <= below else above - stride)
                stride *= 2
                if not below < guess < above:
                    guess = rounded((below + above) / 2.0)
            at(guess)
    except Cancelled:
        points = tuple(sorted(known.items()))
        return Found(name, target, None, formula, step, None, None, points, STOPPED)
    points = tuple(sorted(known.items()))
    if above > most:
        best = points[-1]
        return Found(
            name,
            target,
            None,
            formula,
            step,
            None,
            None,
            points,
            f"no {name} up to {most} reach a power of {target:g}; {name} = {best[0]} has "
            f"{best[1].performance.power.value:.3f}",
        )
    low, high = _interval(known[above], above, target, step, least)
    return Found(name, target, above, formula, step, low, high, points)


def _least(file: DesignFile, name: str, step: int) -> int:
    size = step
    while size < 200 * step:
        try:
            changed(file, {name: size})
        except InputError:
            size += step
            continue
        return size
    raise InputError(f"{name}: no number of them makes this a trial that can be analysed")


def _by_formula(
    result: PowerResult,
    file: DesignFile,
    name: str,
    target: float,
    step: int,
    least: int,
    most: int,
) -> int | None:
    """Return the size that the formula gives for the effect and moments of a simulated design."""
    from sim.trials.power.design_formula import design_power
    from sim.trials.power.search import smallest_integer

    def power(multiple: int) -> float:
        size = multiple * step
        if size > 4 * most:
            return 1.0
        try:
            design = trial_design(changed(file, {name: size}))
            plan = result.study.plan
            return design_power(design, result.assumed, plan.alpha, plan=plan).power
        except InputError:
            return 0.0

    try:
        found = smallest_integer(power, target, ceil(least / step)) * step
    except InputError:
        return None
    return found if found <= most else None


def _shift(result: PowerResult) -> float:
    """Return the noncentrality that a rejection rate stands for, by the normal approximation."""
    from scipy.special import ndtri

    trials = result.performance.power.trials
    p = min(max(result.performance.power.value, 0.5 / trials), 1.0 - 0.5 / trials)
    critical = float(ndtri(0.5 + result.study.plan.confidence / 2.0))
    return float(ndtri(p)) + critical


def _proposed(known: dict[int, PowerResult], target: float) -> float:
    """Return the size at which the noncentrality, rising with the root of size, is enough."""
    from scipy.special import ndtri

    size, result = min(known.items(), key=lambda one: abs(one[1].performance.power.value - target))
    critical = float(ndtri(0.5 + result.study.plan.confidence / 2.0))
    shift = _shift(result)
    if shift <= 0.1:
        return 4.0 * max(known)
    return float(size * ((float(ndtri(target)) + critical) / shift) ** 2)


def _interval(
    result: PowerResult, size: int, target: float, step: int, least: int
) -> tuple[int, int]:
    """Return sizes between which the answer may lie for Monte Carlo error alone."""
    from scipy.special import ndtri

    critical = float(ndtri(0.5 + result.study.plan.confidence / 2.0))
    need = float(ndtri(target)) + critical
    ends = []
    for p in (result.performance.power.high, result.performance.power.low):
        shift = float(ndtri(min(max(p, 1e-6), 1.0 - 1e-6))) + critical
        ends.append(size * (need / shift) ** 2 if shift > 0.0 else inf)
    low = max(least, int(ceil(ends[0] / step) * step))
    high = int(ceil(ends[1] / step) * step) if isfinite(ends[1]) else size
    return min(low, size), max(high, size)


@dataclass(frozen=True)
class Swing:
    """What one uncertain quantity does to power."""

    name: str
    # Ends of its range.
    low: float
    high: float
    # Simulated power there.
    power_low: float
    power_high: float
    # The larger of the two standard errors; the ends share their luck, so that their difference is
    # more precise.
    monte_carlo_se: float
    formula_low: float
    formula_high: float

    @property
    def width(self) -> float:
        """Distance between the two powers."""
        return abs(self.power_high - self.power_low)


def uncertain_ranges(file: DesignFile) -> dict[str, tuple[float, float]]:
    """Return the ranges of a tornado: the file's, and the effect's 90% interval where given.

    Without those of fields that the design makes no use of.
    """
    given = file.uncertainty.ranges.items()
    ranges = {name: (low, high) for name, (low, high) in given if has_use(file, name)}
    spread = file.uncertainty.effect_se
    known = {field_named(file, name) for name in ranges}
    if spread > 0.0:
        if file.statistical is not None:
            dotted, centre = "statistical.effect", file.statistical.effect
        else:
            assert file.agents is not None
            dotted, centre = "agents.added_effect", file.agents.added_effect
        if dotted not in known and has_use(file, dotted):
            half = 1.6448536269514722 * spread
            ranges = {dotted.split(".")[1]: (centre - half, centre + half), **ranges}
    return ranges


def tornado(
    file: DesignFile,
    simulations: int,
    *,
    draws: int | None = None,
    seed: int = 1,
    on_point: OnPoint | None = None,
) -> list[Swing]:
    """Return what each uncertain quantity does to power, one at a time, widest first.

    When `Cancelled`, the quantities done are told.
    """
    swings: list[Swing] = []
    for name, ends in uncertain_ranges(file).items():
        found = []
        for value in ends:
            given: Any = value
            dotted = field_named(file, name)
            if dotted in design_fields() and design_fields()[dotted].kind == "whole":
                given = round(value)
            how = on_point(f"{name}={value:g}") if on_point else How()
            study = study_of(changed(file, {name: given}), draws)
            try:
                found.append(simulate_power(study, simulations, None, seed, null=False, **how))
            except Cancelled:
                return sorted(swings, key=lambda one: -one.width)
        low, high = (one.performance.power for one in found)
        by_formula = [one.formula.power if one.formula else nan for one in found]
        swings.append(
            Swing(
                name,
                float(ends[0]),
                float(ends[1]),
                low.value,
                high.value,
                max(low.monte_carlo_se, high.monte_carlo_se),
                by_formula[0],
                by_formula[1],
            )
        )
    return sorted(swings, key=lambda one: -one.width)
