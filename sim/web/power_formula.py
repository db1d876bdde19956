"""The designer's answer by formula, at once: power, what is needed, and a curve."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError
from sim.web.design_answer import answer_of, documents, percent, power_table, shown
from sim.web.figures import power_figure
from sim.web.power_settings import parallel_file

if TYPE_CHECKING:
    from sim.trials.power.simulated_power import Rate

NEEDS = (0.8, 0.9)
CURVE_POINTS = 25


def formula(settings: Mapping[str, Any], clusters: int | None = None) -> float:
    """Return the power of the design with a number of teams per arm.

    Raises
    ------
    InputError
        When too few degrees of freedom are left, or losses leave nobody to compare.
    """
    return _power(
        settings["effect"],
        settings["sd"],
        settings["clusters"] if clusters is None else clusters,
        settings["size"],
        settings["icc"],
        **options(settings),
    )


def formula_or_none(settings: Mapping[str, Any], clusters: int) -> float | None:
    """Return the same; None where that is no trial."""
    try:
        return formula(settings, clusters)
    except InputError:
        return None


@lru_cache(maxsize=1000)
def _power(*given: Any, **named: Any) -> float:
    """Return the power; the curve is asked for as numbers and again as a picture."""
    from sim.trials.power.formula_power import parallel_power

    return parallel_power(*given, **named).power


def options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what searches for a size take beside the numbers they vary."""
    return {
        "analysis": settings["analysis"],
        "cac": settings["cac"],
        "iac": settings["correlation"],
        "attrition": settings["attrition"],
    }


def formula_answer(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return power, the teams and people that the wanted power takes, and a curve.

    Parameters
    ----------
    settings : mapping
        From `power_settings`.
    """
    from sim.trials.power.formula_power import clusters_per_arm, parallel_power, size_per_cluster
    from sim.trials.power.formula_search import smallest_effect

    whole = answer_of(parallel_file(settings))
    effect, sd, icc, size = (settings[name] for name in ("effect", "sd", "icc", "size"))
    answer = parallel_power(effect, sd, settings["clusters"], size, icc, **options(settings))
    needs = []
    for target in sorted({*NEEDS, settings["target"]}):
        try:
            teams: int | None = clusters_per_arm(target, effect, sd, size, icc, **options(settings))
        except InputError:
            teams = None
        try:
            people: int | None = size_per_cluster(
                target, effect, sd, settings["clusters"], icc, **options(settings)
            )
        except InputError:
            people = None
        needs.append([target, teams, people])
    smallest = smallest_effect(whole.study, whole.formula, settings["target"])
    points = curve(settings)
    return {
        "power": answer.power,
        "se": answer.se,
        "df": answer.df,
        "df_rule": answer.df_rule,
        "test": answer.test,
        "power_z": answer.power_z,
        "needs": needs,
        "curve": points,
        "detectable": smallest,
        "grid": grid(settings),
        "shown": {
            **shown(answer.power, smallest, settings["target"]),
            "targets": [f"{target:.0%}" for target, *_ in needs],
            "curve": ", ".join(
                f"{percent(power, settings['target'])} with {teams}"
                for teams, power in (points[0], points[len(points) // 2], points[-1])
            ),
        },
        "sentence": in_words(settings, answer.power, needs),
        **documents(whole),
        "applies": "The formula takes the difference, the standard deviation and the correlations "
        "as given, and knows nothing of readiness; two-sided test at 5%.",
    }


def grid(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return power by correlation within teams (rows) and number of teams in each arm."""
    return power_table(
        settings["icc"],
        settings["clusters"],
        3,
        lambda icc, teams: formula_or_none({**settings, "icc": icc}, teams),
        settings["target"],
    )


def in_words(settings: Mapping[str, Any], power: float, needs: list[list[Any]]) -> str:
    """Return the formula's answer as a sentence."""
    target, teams, _ = next(one for one in needs if one[0] == settings["target"])
    needed = (
        f"{target:.0%} power takes {teams} teams in each arm"
        if teams is not None
        else f"{target:.0%} power is out of reach"
    )
    return (
        f"With {settings['clusters']} teams in each arm and {settings['size']} people recruited "
        f"per team, a true difference of {settings['effect']:g} points is found with a "
        f"probability of {percent(power, target)}; {needed}."
    )


def curve(settings: Mapping[str, Any]) -> list[list[float]]:
    """Return power by the number of teams in each arm, of those that make a trial."""
    last = max(20, 2 * settings["clusters"])
    teams = sorted({*np.linspace(3, last, CURVE_POINTS).astype(int).tolist(), settings["clusters"]})
    powers = [(one, formula_or_none(settings, one)) for one in teams]
    return [[one, power] for one, power in powers if power is not None]


def curve_figure(settings: Mapping[str, Any], simulated: Mapping[str, Rate] | None = None) -> str:
    """Return the power curve, with simulated powers and their Monte Carlo intervals, as SVG."""
    return power_figure(
        curve(settings),
        settings["target"],
        (settings["clusters"], formula(settings)),
        [(label, one.value, one.low, one.high) for label, one in (simulated or {}).items()],
    )
