"""A search and a grid by formula alone: answers at once, before anything is simulated."""

from __future__ import annotations

from math import inf, isfinite
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError, unknown
from sim.trials.designs.design import CONTROL, TREATED
from sim.trials.designs.design_file import changed, check_findable, trial_design
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.formula_power import FormulaPower
from sim.trials.power.mediation_answer import mediation_formula
from sim.trials.power.power_study import Study, power_of_estimand, study_of
from sim.trials.power.search import smallest_integer

# So many people per cluster that their number no longer counts.
VERY_MANY = 1.0e9
# Beyond it, in standard errors, no effect is looked for.
LARGEST_EFFECT = 1e4
MOST = {"clusters": 2000, "size": 50_000}
FINDABLE_BY_FORMULA = ("clusters", "size", "effect", "cost")
FOUND_TOGETHER = {"cost": ("clusters", "size")}
# Sizes of which the cheapest is looked for, each this many times the one before.
LARGEST_SIZE, NEXT_SIZE = 2000, 1.4


class FormulaFound(NamedTuple):
    """The smallest number of clusters or people, or the smallest effect, by formula."""

    name: str
    target: float
    value: int | float | None  # An effect is of what the analysis estimates, in points
    power: float  # There; without an answer, the most that more of them bring
    problem: str = ""  # Why there is no answer
    # Of the cheapest trial, where its cost was asked for.
    clusters: int | None = None
    size: int | None = None


def limit_of_size(study: Study, assumed: Assumed) -> FormulaPower:
    """Return the power of the design's clusters with as many people as there may be."""
    return design_power(study.design, assumed, study.plan.alpha, plan=study.plan, size=VERY_MANY)


def out_of_reach(study: Study, assumed: Assumed, target: float, error: float = 0.0) -> str:
    """Return why no size of these clusters has a power; empty if some may have it.

    Parameters
    ----------
    error : float
        By how much the formula may be wrong.
    """
    most = limit_of_size(study, assumed).power
    if most >= target - error:
        return ""
    return (
        f"no size reaches a power of {target:g} with {study.design.total_clusters} clusters: with "
        f"very many people it is {most:.3f} by formula; add clusters"
    )


def find_by_formula(
    file: DesignFile, name: str, target: float, near: int | None = None
) -> FormulaFound:
    """Return the smallest number of clusters (in whole steps) or people per cluster, or effect.

    `near` is about where the answer is, if that is known.

    Raises
    ------
    InputError
        For a name that cannot be searched, or outcomes from agents.
    """
    if name not in FINDABLE_BY_FORMULA:
        raise unknown("find", name, FINDABLE_BY_FORMULA)
    check_findable(file, name)
    if name == "cost":
        return cheapest(file, target)
    study = study_of(file, 0)
    answer = formula_answer(study)
    if name == "effect":
        effect = smallest_effect(study, answer.formula, target)
        if effect is None:
            why = f"no effect of any size is found with power {target:g}"
            return FormulaFound(name, target, None, answer.formula.power, why)
        there = power_of_estimand(answer.formula, study.plan, effect)
        return FormulaFound(name, target, effect, there)
    if name == "size":
        problem = out_of_reach(study, answer.assumed, target)
        if problem:
            limit = limit_of_size(study, answer.assumed).power
            return FormulaFound(name, target, None, limit, problem)
    step = len(study.design.clusters) if name == "clusters" else 1
    known: dict[int, float] = {}

    def power(multiple: int) -> float:
        if multiple not in known:
            try:
                other = changed(file, {name: multiple * step})
                known[multiple] = formula_answer(study_of(other, 0)).formula.power
            except InputError:
                # Too few to be a trial, or more than a design may have.
                known[multiple] = 0.0 if multiple * step < 2 * MOST[name] else 1.0
        return known[multiple]

    found = smallest_integer(power, target, 1, near=None if near is None else max(near // step, 1))
    if found * step > MOST[name]:
        return FormulaFound(
            name,
            target,
            None,
            max(one for one in known.values() if one < 1.0),
            f"no {name} up to {MOST[name]} reach a power of {target:g}",
        )
    return FormulaFound(name, target, found * step, power(found))


def cost_of(file: DesignFile) -> float:
    """Return what a trial costs: teams, and people in each measured period.

    Raises InputError if the design does not say what they cost.
    """
    target = file.target
    if not target.cost_per_team > 0.0 or not target.cost_per_person > 0.0:
        raise InputError(
            "find = 'cost': needs target.cost_per_team and target.cost_per_person above 0"
        )
    design = trial_design(file)
    measured = int(np.isin(design.by_cluster, (CONTROL, TREATED)).sum())
    people = measured * design.size
    return design.total_clusters * target.cost_per_team + people * target.cost_per_person


def cheapest(file: DesignFile, target: float) -> FormulaFound:
    """Return the number of clusters and the size that have a power at the lowest cost.

    Sizes are tried with clusters of equal size first, which is quicker, and then near the best.
    """
    cost_of(file)
    rough = _Costs(changed(file, {"size_variation": 0.0}), target)
    size = 4
    while size < LARGEST_SIZE and rough(size) < 1.3 * min(rough.costs()):
        size = int(size * NEXT_SIZE) + 1
    best = min(rough.known, key=rough)
    exact = _Costs(file, target, rough.known[best][1].value)
    step = max(1, best // 8)
    while True:
        better = min((one for one in (best - step, best + step) if one >= 2), key=exact)
        if exact(better) < exact(best):
            best = better
        elif step == 1:
            break
        else:
            step //= 2
    value, found = exact.known[best]
    if found.value is None:
        return FormulaFound("cost", target, None, found.power, found.problem)
    return FormulaFound("cost", target, value, found.power, "", int(found.value), best)


class _Costs:
    """What the smallest trial with a power costs, by people per cluster."""

    def __init__(self, file: DesignFile, target: float, near: float | None = None) -> None:
        self.file, self.target, self.near = file, target, near
        self.known: dict[int, tuple[float, FormulaFound]] = {}

    def __call__(self, size: int) -> float:
        """Return the cost with a size; infinity where no number of clusters is enough."""
        if size not in self.known:
            other = changed(self.file, {"size": float(size)})
            near = None if self.near is None else int(self.near)
            try:
                found = find_by_formula(other, "clusters", self.target, near)
            except InputError as error:
                found = FormulaFound("clusters", self.target, None, 0.0, str(error))
            value = inf
            if found.value is not None:
                self.near = found.value
                value = cost_of(changed(other, {"clusters": int(found.value)}))
            self.known[size] = value, found
        return self.known[size][0]

    def costs(self) -> list[float]:
        """Return the costs so far."""
        return [one for one, _ in self.known.values()] or [inf]


def smallest_effect(study: Study, formula: FormulaPower, target: float) -> float | None:
    """Return the smallest effect that is found with a power: the smallest detectable difference.

    Parameters
    ----------
    formula : FormulaPower
        Of the study.

    Returns
    -------
    float or None
        Of what the analysis estimates; None where power does not rise with the effect, as where it
        builds up and the analysis takes it for constant.
    """

    def power(effect: float) -> float:
        return power_of_estimand(formula, study.plan, effect)

    bounds = formula.bounds
    if bounds is not None and isfinite(bounds.lower) and isfinite(bounds.upper):
        return None
    # Of a one-sided hypothesis power rises from its bound.
    least = 0.0 if bounds is None else bounds.nearest
    sign = -1.0 if bounds is not None and bounds.lower == -inf else 1.0
    low, high = 0.0, formula.se
    while power(least + sign * high) < target:
        low, high = high, 2.0 * high
        if high > LARGEST_EFFECT * formula.se:
            return None
    while high - low > 1e-6 * high:
        middle = 0.5 * (low + high)
        enough = power(least + sign * middle) >= target
        low, high = (low, middle) if enough else (middle, high)
    return least + sign * high


def grid_by_formula(points: list[tuple[dict[str, float], Any]]) -> list[dict[str, Any]]:
    """Return the formula's answer at every point of a grid, one row each.

    Beside power, standard error and degrees of freedom: ``detectable``, the smallest effect that is
    found with the file's target, and ``limit``, the power with any number of people; of a design
    with [mediation] also ``mediation``, the power of the joint test.
    """
    rows = []
    for values, file in points:
        row: dict[str, Any] = {f"set_{name}": value for name, value in values.items()}
        try:
            study = study_of(file, 0)
            answer = formula_answer(study)
            found = answer.formula
            row |= {
                "power": found.power,
                "se": found.se,
                "df": found.df,
                "detectable": smallest_effect(study, found, file.target.power),
                "limit": limit_of_size(study, answer.assumed).power,
                "problem": "",
            }
            carried = mediation_formula(study)
            if carried is not None:
                row["mediation"] = carried.power.joint
        except InputError as error:
            row |= dict.fromkeys(("power", "se", "df", "detectable", "limit"))
            row["problem"] = str(error)
        rows.append(row)
    return rows
