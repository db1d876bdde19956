"""Results as a reader of a terminal or a notebook sees them: a line, a table, a figure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.drawing import Line, Panel, draw_lines
from sim.errors import unknown
from sim.runs.result_tables import INTERVENTION, USUAL_CARE, of_arm
from sim.runs.world_spread import BAND, world_spread
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.runs.results import Results

DRAWN = ("fidelity", "relationship", "support", "recovery")
KEYS = {"scenario", "draw", "replication", "arm", "week"}


def line(results: Results) -> str:
    """Return results as one line."""
    return f"Results of {asked(results)}; tables: {', '.join(results.tables)}"


def asked(results: Results) -> str:
    """Return what was simulated: scenarios, worlds, teams, weeks, seed."""
    request = results.metadata["request"]
    return (
        f"{', '.join(results.labels['scenario'])}: {request['draws']} draws x "
        f"{request['replications']} replications, {request['teams']} teams, {request['weeks']} "
        f"weeks, seed {request['seed']}"
    )


def html(results: Results) -> str:
    """Return results as HTML: what was simulated, and the outcome at the last assessment."""
    parts = [f"<p><b>Results</b> of {escape(asked(results))}.</p>"]
    if "summaries" in results.tables:
        covers = results.metadata.get("intervals_cover", "replication noise and parameter values")
        parts += [
            outcome(results).to_html(
                index=False, border=0, float_format="{:.2f}".format, na_rep=""
            ),
            f"<p>90%: central 90% of worlds; covers {escape(covers)}.</p>",
        ]
    parts.append(f"<p>Tables: {escape(', '.join(results.tables))}.</p>")
    return "\n".join(parts)


def outcome(results: Results, measure: str = "qpr15") -> pd.DataFrame:
    """Return the mean of a measure at the last assessment, and its difference from usual care.

    Returns
    -------
    pandas.DataFrame
        One row for each scenario: mean, the difference's mean with its Monte Carlo standard error,
        and the central 90% of worlds. Without usual care, or by itself, no difference.
    """
    table = of_arm(results.table("summaries"), None)
    table = table[table["measure"] == measure]
    last = table[table["week"] == table["week"].max()]
    names = results.labels["scenario"]
    base = USUAL_CARE if USUAL_CARE in names else names[0]
    differences = results.differences(measure, base=base)
    rows = []
    for name in names:
        row: dict[str, Any] = {
            "scenario": name,
            f"{measure}, week {last['week'].max()}": last[last["scenario"] == name]["mean"].mean(),
        }
        if len(names) > 1:
            values = differences[name].to_numpy(float) if name in differences else np.zeros(0)
            draws = differences.index.get_level_values("draw")[: len(values)]
            names_of = (f"difference from {base}", "Monte Carlo SE", "90% from", "to")
            row |= dict(zip(names_of, world_spread(values, draws), strict=True))
        rows.append(row)
    return data_frame(rows)


def over_worlds(results: Results, variable: str, arm: str | None) -> pd.DataFrame:
    """Return columns scenario, week and value of a variable, one row for each world and week.

    Raises
    ------
    InputError
        For a variable that is in neither table, or an arm that is not there.
    """
    tables = [one for one in ("trajectories", "summaries") if one in results.tables]
    weekly = results.table("trajectories") if "trajectories" in tables else None
    if weekly is not None and variable in set(weekly.columns) - KEYS:
        return of_arm(weekly, arm).rename(columns={variable: "value"})
    measured = results.table("summaries") if "summaries" in tables else None
    if measured is not None and variable in set(measured["measure"]):
        found = of_arm(measured, arm)
        return found[found["measure"] == variable].rename(columns={"mean": "value"})
    valid = set() if weekly is None else set(weekly.columns) - KEYS
    for name in (one for one in ("staff_weeks", "user_weeks") if one in results.tables):
        people = results.table(name)
        if variable in set(people.columns) - KEYS:
            held = people if arm is None and INTERVENTION not in set(people["arm"]) else None
            found = of_arm(people, arm) if held is None else held
            return found.rename(columns={variable: "value"})
        valid |= set(people.select_dtypes("number").columns) - KEYS
    valid |= set() if measured is None else set(measured["measure"])
    raise unknown("variable", variable, valid)


def figure(results: Results, variables: tuple[str, ...], arm: str | None) -> Figure:
    """Return one panel for each variable: lines of scenarios, with the central 90% of worlds."""
    from matplotlib import pyplot

    panels = []
    for variable in variables or DRAWN:
        table = over_worlds(results, variable, arm)
        lines = []
        for name in results.labels["scenario"]:
            values = table[table["scenario"] == name].groupby("week")["value"]
            weeks = np.array(list(values.groups), float)
            mean, low, high = values.mean(), values.quantile(BAND[0]), values.quantile(BAND[1])
            lines.append(Line(name, weeks, mean.to_numpy(), low.to_numpy(), high.to_numpy()))
        panels.append(Panel(variable, tuple(lines)))
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    shown, axes = pyplot.subplots(
        rows, columns, figsize=(5.4 * columns, 3.1 * rows), layout="constrained", squeeze=False
    )
    for place, axis in enumerate(axes.ravel()):
        if place < len(panels):
            draw_lines(axis, panels[place])
        else:
            axis.set_visible(False)
    # Shown where it is asked for, not once more at the end of a notebook's cell.
    pyplot.close(shown)
    return shown
