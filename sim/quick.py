"""Short forms for notebooks and own scripts: run scenarios by name, take differences.

Everything goes through `build_request` and `simulate`; nothing here is a second way of running.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, unknown
from sim.inputs.roster import Roster, read_roster_csv, trial_roster
from sim.posterior.choose import chosen_draws
from sim.runs.request import build_request
from sim.runs.results import ALL_TEAMS, Results
from sim.runs.simulate import simulate
from sim.scenarios.library import load_scenario
from sim.scenarios.schema import Scenario

if TYPE_CHECKING:
    import mesa
    import pandas as pd

INTERVENTION = "intervention"


def run(
    scenarios: str | Scenario | Sequence[str | Scenario],
    *,
    roster: str | Path | Roster = "trial",
    settings: Mapping[str, float] | None = None,
    draws: int | Sequence[Mapping[str, float]] = 0,
    replications: int = 5,
    weeks: int | None = None,
    seed: int = 1,
    collect: tuple[str, ...] = ("summaries", "trajectories"),
    agent_classes: Mapping[str, type[mesa.Agent]] | None = None,
) -> Results:
    """Run scenarios on common random numbers and return their tables.

    Parameters
    ----------
    scenarios : str, Scenario or sequence of these
        Names in the library, paths of files, or scenarios.
    roster : 'trial', path or Roster
        The 27 teams of the trial, a CSV file of teams, or a roster.
    settings : mapping, optional
        Parameter values by name that go before everything else.
    draws : int or sequence of mappings
        How many draws of the shipped posterior; 0 for the parameters' defaults alone. Or sets of
        parameter values.
    replications : int
        Runs of chance for each draw.
    weeks : int, optional
        Weeks to run; the longest of the scenarios when not given.
    seed : int
        Seed of chance; the same seed gives the same chance in every scenario.
    collect : tuple of str
        Tables to collect.
    agent_classes : mapping, optional
        Own classes by kind, such as ``{"staff": MyStaff}``; they run on Mesa, many times slower.

    Returns
    -------
    Results
        See `Results.table`, `differences` and `weekly`.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name.
    """
    wanted = [scenarios] if isinstance(scenarios, str | Scenario) else list(scenarios)
    request = build_request(
        [load_scenario(one) if isinstance(one, str) else one for one in wanted],
        _roster(roster, seed),
        settings=settings,
        draws=chosen_draws(draws).draws if isinstance(draws, int) else draws,
        weeks=weeks,
        replications=replications,
        seed=seed,
        collect=collect,
    )
    if agent_classes is None:
        return simulate(request)
    return simulate(request, engine="mesa", agent_classes=agent_classes)


def _roster(which: str | Path | Roster, seed: int) -> Roster:
    if isinstance(which, Roster):
        return which
    return trial_roster(seed) if which == "trial" else read_roster_csv(which)


def differences(
    results: Results,
    measure: str = "qpr15",
    *,
    week: int | None = None,
    base: str = "usual-care",
    arm: str | None = None,
) -> pd.DataFrame:
    """Return differences in a measure's mean from a base, world by world.

    Parameters
    ----------
    results : Results
        With the table ``summaries``.
    measure : str
        A measure of the table.
    week : int, optional
        Week of an assessment; the last one when not given.
    base : str
        The scenario to compare with.
    arm : str, optional
        Whose mean; the intervention arm when not given, or all teams where the roster has none.

    Returns
    -------
    pandas.DataFrame
        One row for each draw and replication, one column for each other scenario, in points.

    Raises
    ------
    InputError
        For a scenario, measure, week or arm that the table does not hold.
    """
    table = _of_arm(results.table("summaries"), arm)
    table = table[table["measure"] == _checked("measure", measure, table["measure"])]
    last = table["week"].max() if week is None else _week(week, table["week"])
    table = table[table["week"] == last]
    _checked("base", base, table["scenario"])
    worlds = table.pivot(index=["draw", "replication"], columns="scenario", values="mean")
    order = [one for one in results.labels["scenario"] if one != base]
    return worlds[order].sub(worlds[base], axis=0)


def weekly(results: Results, variable: str, *, arm: str | None = None) -> pd.DataFrame:
    """Return a variable week by week, mean over worlds.

    Parameters
    ----------
    results : Results
        With the table ``trajectories``.
    variable : str
        A column of the table, such as ``fidelity``.
    arm : str, optional
        As in `differences`.

    Returns
    -------
    pandas.DataFrame
        One row for each week, one column for each scenario.

    Raises
    ------
    InputError
        For a variable or arm that the table does not hold.
    """
    table = _of_arm(results.table("trajectories"), arm)
    _checked("variable", variable, table.columns)
    # Tables hold 32-bit numbers, which would print as 0.2289999961853.
    table = table.astype({variable: float})
    means = table.groupby(["week", "scenario"], observed=True)[variable].mean().unstack("scenario")
    return means[list(results.labels["scenario"])]


def _of_arm(table: pd.DataFrame, arm: str | None) -> pd.DataFrame:
    arms = set(table["arm"])
    if arm is None:
        arm = INTERVENTION if INTERVENTION in arms else ALL_TEAMS
    return table[table["arm"] == _checked("arm", arm, arms)]


def _checked(kind: str, name: str, valid: Any) -> str:
    names = {str(one) for one in valid}
    if name not in names:
        raise unknown(kind, name, names)
    return name


def _week(week: int, valid: Any) -> int:
    weeks = sorted({int(one) for one in valid})
    if week not in weeks:
        held = ", ".join(str(one) for one in weeks)
        raise InputError(f"week = {week}: no assessment was made then; assessed in weeks {held}")
    return week
