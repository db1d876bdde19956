"""A search and a grid by formula alone: answers at once, before anything is simulated."""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.errors import InputError, unknown
from sim.trials.designs.design_file import changed
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.formula_power import FormulaPower
from sim.trials.power.power_study import Study, power_of_estimand, study_of
from sim.trials.power.search import smallest_integer

# So many people per cluster that their number no longer counts.
VERY_MANY = 1.0e9
# Beyond it, in standard errors, no effect is looked for.
LARGEST_EFFECT = 1e4
MOST = {"clusters": 2000, "size": 50_000}


class FormulaFound(NamedTuple):
    """The smallest number of clusters or people, or the smallest effect, by formula.

    Attributes
    ----------
    name : str
    target : float
    value : int, float or None
        An effect is of what the analysis estimates, in points.
    power : float
        There; without an answer, the most that more of them bring.
    problem : str
        Why there is no answer.
    """

    name: str
    target: float
    value: int | float | None
    power: float
    problem: str = ""


def limit_of_size(study: Study, assumed: Assumed) -> FormulaPower:
    """Return the power of the design's clusters with as many people as there may be."""
    return design_power(study.design, assumed, study.plan.alpha, plan=study.plan, size=VERY_MANY)


def out_of_reach(study: Study, assumed: Assumed, target: float, error: float = 0.0) -> str:
    """Return why no size of these clusters has a power; empty if some may have it.

    Parameters
    ----------
    study : Study
    assumed : Assumed
    target : float
    error : float
        By how much the formula may be wrong.
    """
    most = limit_of_size(study, assumed).power
    if most >= target - error:
        return ""
    return (
        f"no size reaches a power of {target:g} with {study.design.total_clusters} clusters: with "
        f"any number of people it stays below {most:.3f} by formula; add clusters"
    )


def find_by_formula(file: DesignFile, name: str, target: float) -> FormulaFound:
    """Return the smallest number of clusters (in whole steps) or people per cluster, or effect.

    Raises
    ------
    InputError
        For a name that cannot be searched, or outcomes from agents.
    """
    if name not in ("clusters", "size", "effect"):
        raise unknown("find", name, ("clusters", "size", "effect"))
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

    found = smallest_integer(power, target, 1)
    if found * step > MOST[name]:
        return FormulaFound(
            name,
            target,
            None,
            max(one for one in known.values() if one < 1.0),
            f"no {name} up to {MOST[name]} reach a power of {target:g}",
        )
    return FormulaFound(name, target, found * step, power(found))


def smallest_effect(study: Study, formula: FormulaPower, target: float) -> float | None:
    """Return the smallest effect that is found with a power: the smallest detectable difference.

    Parameters
    ----------
    study : Study
    formula : FormulaPower
        Of the study.
    target : float

    Returns
    -------
    float or None
        Of what the analysis estimates; None where power does not rise with the effect, as where it
        builds up and the analysis takes it for constant.
    """

    def power(effect: float) -> float:
        return power_of_estimand(formula, study.plan, effect)

    low, high = 0.0, formula.se
    while power(high) < target:
        low, high = high, 2.0 * high
        if high > LARGEST_EFFECT * formula.se:
            return None
    while high - low > 1e-6 * high:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if power(middle) < target else (low, middle)
    return high


def grid_by_formula(points: list[tuple[dict[str, float], Any]]) -> list[dict[str, Any]]:
    """Return the formula's answer at every point of a grid, one row each.

    Beside power, standard error and degrees of freedom: ``detectable``, the smallest effect that is
    found with the file's target, and ``limit``, the power with any number of people.
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
        except InputError as error:
            row |= dict.fromkeys(("power", "se", "df", "detectable", "limit"))
            row["problem"] = str(error)
        rows.append(row)
    return rows
