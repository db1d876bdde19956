"""The designer's answer for any design file: by formula, and in words for a protocol.

Every number is the library's; this puts together what the page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sim.errors import InputError
from sim.web.design_settings import CROSSOVER, design_file

if TYPE_CHECKING:
    from sim.trials.designs.design_schema import DesignFile
    from sim.trials.power.formula_answer import FormulaAnswer

ICCS = (0.0, 0.01, 0.03, 0.05, 0.11)
MOST_TEAMS = 200
TIMES = (0.5, 1.0, 1.5, 2.0)
"""Teams of a table, in those of the design."""


def answer_of(file: DesignFile) -> FormulaAnswer:
    """Return the library's answer by formula."""
    from sim.trials.power.formula_answer import formula_answer
    from sim.trials.power.power_study import study_of

    return formula_answer(study_of(file, 0))


def power_of(file: DesignFile, changes: Mapping[str, Any]) -> float | None:
    """Return power by formula with some fields changed; None where that is no trial."""
    from sim.trials.designs.design_file import changed

    try:
        return answer_of(changed(file, changes)).formula.power
    except InputError:
        return None


def period_answer(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page shows of a trial over periods.

    Parameters
    ----------
    settings : mapping
        From `sim.web.design_settings.period_settings`.

    Raises
    ------
    InputError
        When there is no formula for the design, or nothing to find.
    """
    from sim.trials.analyses.analysis_plan import average_meant
    from sim.trials.power.formula_search import (
        find_by_formula,
        limit_of_size,
        smallest_effect,
    )
    from sim.trials.power.left_out import caution
    from sim.trials.power.power_outcome import (
        analysis_sentence,
        design_sentence,
        known_formula_lines,
    )

    file = design_file(settings)
    answer = answer_of(file)
    study, formula, target = answer.study, answer.formula, file.target.power
    average = average_meant(study.design, study.plan)
    if abs(answer.true_difference) < 1e-9:
        raise InputError(
            f"exposure: leaves a true difference of 0 points, {average}, so that there is none to "
            "find; give shares above 0 there, or estimate something else"
        )
    teams = teams_needed(file, answer, target)
    people = find_by_formula(file, "size", target).value
    smallest = smallest_effect(study, formula, target)
    limit = limit_of_size(study, answer.assumed).power
    return {
        "power": formula.power,
        "se": formula.se,
        "df": formula.df,
        "sentence": sentence(answer, teams),
        "words": [design_sentence(study), analysis_sentence(study)],
        "lines": known_formula_lines(formula, answer.assumed, study.design),
        "caution": caution(file, study.design, study.plan, formula) or None,
        "detectable": smallest,
        "average": average,
        "limit": limit,
        "target": target,
        "needs": [teams, people],
        "beside": beside(settings, answer),
        "grid": grid(file, answer),
        "shown": {
            **shown(formula.power, smallest, target),
            "limit": percent(limit, target),
        },
        "picture": picture(answer),
        **documents(answer),
    }


def teams_needed(file: DesignFile, answer: FormulaAnswer, target: float) -> int | None:
    """Return how many teams in all a power takes; None beyond what is looked at.

    The library looks much further than a page that others wait for can.
    """
    from sim.trials.power.formula_search import find_by_formula

    most = MOST_TEAMS - MOST_TEAMS % len(answer.study.design.clusters)
    if (power_of(file, {"clusters": most}) or 0.0) < target:
        return None
    found = find_by_formula(file, "clusters", target).value
    return None if found is None else int(found)


def documents(answer: FormulaAnswer) -> dict[str, str]:
    """Return the words for a protocol and the design file."""
    from sim.trials.designs.design_text import design_text
    from sim.trials.power.protocol import protocol_of_formula

    return {"protocol": protocol_of_formula(answer), "file": design_text(answer.study.file)}


def shown(power: float, smallest: float | None, target: float) -> dict[str, str | None]:
    """Return numbers as the page writes them, so that they are rounded here and nowhere else."""
    return {
        "power": percent(power, target),
        "target": f"{target:.0%}",
        "detectable": None if smallest is None else f"{smallest:.1f}",
    }


def percent(power: float, target: float) -> str:
    """Return a power that neither claims certainty nor is rounded up to what is wanted."""
    if power > 0.99:
        return "over 99%"
    if power < 0.01:
        return "under 1%"
    if power < target <= round(power, 2):
        return f"just under {target:.0%}"
    return f"{power:.0%}"


def sentence(answer: FormulaAnswer, needed: int | None) -> str:
    """Return the answer as a sentence."""
    from sim.trials.analyses.analysis_plan import average_meant

    study, target = answer.study, answer.study.file.target.power
    design = study.design
    takes = (
        f"{target:.0%} power takes {needed} teams in all"
        if needed is not None
        else f"{target:.0%} power is not reached with {MOST_TEAMS} teams"
    )
    true, outcomes = answer.true_difference, study.file.statistical
    builds_up = ""
    if outcomes is not None and abs(true - outcomes.effect) > 1e-9:
        builds_up = f" ({outcomes.effect:g} once it is fully there)"
    return (
        f"With {design.total_clusters} teams in {len(design.clusters)} sequences over "
        f"{design.periods} periods and {design.size:g} people per team and period, a true "
        f"difference of {true:.3g} points{builds_up} is found with a probability of "
        f"{percent(answer.formula.power, target)}; {takes}. That difference is meant "
        f"{average_meant(design, study.plan)}."
    )


def beside(settings: Mapping[str, Any], answer: FormulaAnswer) -> str | None:
    """Return what the other kind of analysis would give: a constant effect, or by exposure."""
    from sim.trials.analyses.exposure import AVERAGE, CONSTANT

    if settings["design"] == CROSSOVER:
        return None
    by_exposure = answer.study.plan.estimand != CONSTANT
    rest = {name: one for name, one in settings.items() if name != "exposure_period"}
    try:
        other = answer_of(design_file({**rest, "estimand": CONSTANT if by_exposure else AVERAGE}))
    except InputError:
        return None
    target = settings["target"]
    constant = other if by_exposure else answer
    found, told = constant.formula, ""
    if abs(found.share - 1.0) > 0.005:
        told = (
            f" Its estimate can be expected to be {found.expected:.2g} points where the effect "
            f"averages {found.effect:.3g} over treated periods: it misses what builds up."
        )
    else:
        told = (
            " It holds only where the effect is all there at once: of one that builds up it is no "
            "average, because later periods count negatively."
        )
    if by_exposure:
        return f"With one constant effect power would be {percent(found.power, target)}.{told}"
    return (
        f"The analysis is for one constant effect.{told} With an effect for each period since a "
        f"team began, power for their average ({other.true_difference:.3g} points) is "
        f"{percent(other.formula.power, target)}."
    )


def grid(file: DesignFile, answer: FormulaAnswer) -> dict[str, Any]:
    """Return power by correlation within teams (rows) and number of teams in all."""
    design, target = answer.study.design, file.target.power
    return power_table(
        answer.assumed.icc,
        design.total_clusters,
        max(3, len(design.clusters)),
        lambda icc, teams: power_of(file, {"icc": icc, "clusters": teams}),
        target,
    )


def power_table(
    icc: float,
    own: int,
    least: int,
    power: Callable[[float, int], float | None],
    target: float,
) -> dict[str, Any]:
    """Return power by correlation within teams (rows) and number of teams (columns).

    Parameters
    ----------
    icc, own : float, int
        Correlation and teams of the design, which are among those of the table.
    least : int
        Teams of the smallest trial.
    power : callable
        Power by formula, of a correlation and a number of teams.
    target : float
        Power that is wanted.
    """
    teams = sorted({min(max(least, round(one * own)), MOST_TEAMS) for one in TIMES})
    rows = [[one, *(power(one, n) for n in teams)] for one in sorted({*ICCS, icc})]
    words = [
        [f"{one:g}", *("no trial" if p is None else percent(p, target) for p in powers)]
        for one, *powers in rows
    ]
    return {"teams": teams, "own": own, "rows": rows, "shown": words}


def picture(answer: FormulaAnswer) -> dict[str, Any]:
    """Return who gets what when: teams, and 0 to 3 for each period, of every sequence."""
    design = answer.study.design
    return {
        "sequences": [
            {"teams": int(teams), "cells": [int(one) for one in row]}
            for teams, row in zip(design.clusters, design.schedule, strict=True)
        ],
        "weeks": [period * design.period_weeks for period in range(design.periods)],
    }
