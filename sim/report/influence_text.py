"""Who moved whom: in sentences and as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.drawing import Line, Panel, draw_lines
from sim.engines.counterfactuals import (
    CHAMPION,
    COLLEAGUE,
    LEADER,
    LEAVER,
    NORMS,
    SESSION,
    TALK,
    UNITS,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from sim.api.influence import Influence


def influence_text(answer: Influence) -> str:
    """Return the first world in sentences, and all worlds as a table."""
    weeks = answer.tables["weeks"]
    last = weeks.iloc[-1]
    lines = [
        f"{answer.team}, {answer.scenario}, {len(weeks) - 1} weeks: staff values moved by "
        f"{signed(last['values'])} from their usual (scale 0 to 1), practice by "
        f"{signed(last['practice'])}."
    ]
    effects = of_first(answer)
    lines += [
        sentence
        for kind, tell in SENTENCES.items()
        if len(rows := effects[effects["kind"] == kind]) and (sentence := tell(answer, rows))
    ]
    lines.append(
        "Each number is the difference of two worlds with the same chance, in the last week; the "
        "rules of influence are assumptions in size."
    )
    if "mean" in answer.tables:
        lines += ["", f"Over {len(answer.years)} worlds (central 90%; covers {answer.covers}):"]
        table = answer.tables["mean"]
        for row in table[table["measure"].isin(["values", "recovery"])].itertuples():
            if row.which == "sum" and row.kind not in (SESSION, LEAVER):
                continue
            if row.which == "largest" and row.kind in (TALK, NORMS, LEADER):
                continue
            lines.append(
                f"  {row.kind:<10} {row.which:<8} {row.measure:<9} {signed(row.mean)} "
                f"(Monte Carlo SE {row.monte_carlo_se:.4f}; {signed(row.low)} to "
                f"{signed(row.high)} {UNITS[row.measure]})"
            )
    return "\n".join(lines)


def of_first(answer: Influence) -> pd.DataFrame:
    """Return the effects in the world that is told."""
    effects = answer.tables["effects"]
    return effects[effects["world"] == 0]


def signed(value: float) -> str:
    """Return a number with its sign."""
    return f"{value:+z.4f}"


def than(value: float, unit: str = "") -> str:
    """Return how much higher or lower."""
    return f"{abs(value):.4f}{unit} {'lower' if value < 0.0 else 'higher'}"


def of(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the rows of a measure, the largest effect first."""
    return rows[rows["measure"] == measure].sort_values("last", ascending=False, kind="stable")


def talk(answer: Influence, rows: pd.DataFrame) -> str:
    """Return what all talk did."""
    values, recovery = of(rows, "values").iloc[0], of(rows, "recovery").iloc[0]
    return (
        f"Had nobody in the team asked or followed anybody, values would end "
        f"{than(-values['last'])} and service users' recovery {than(-recovery['last'], ' SD')}."
    )


def colleagues(answer: Influence, rows: pd.DataFrame) -> str:
    """Return who moved others most, and who held them back."""
    values = of(rows, "values")
    first, last = values.iloc[0], values.iloc[-1]
    moved = answer.tables["moved"]
    own = moved[moved["source"] == first["source"]].sort_values("values", ascending=False)
    most = own.iloc[0] if len(own) else None
    text = (
        f"Most was moved by {first['source']}: {signed(first['last'])} in the mean of the others' "
        "values"
    )
    if most is not None:
        text += (
            f", most of all in {most['target']} ({signed(most['values'])}, mean of the "
            f"{most['weeks']} weeks there)"
        )
    if last["last"] < 0.0:
        text += f"; {last['source']} held the others back ({signed(last['last'])})"
    return text + "."


def sessions(answer: Influence, rows: pd.DataFrame) -> str:
    """Return which session did most."""
    values = of(rows, "values")
    best = values.iloc[0]
    return (
        f"Of {len(values)} sessions that of week {best['week']} did most: "
        f"{signed(best['last'])} in the team's values."
    )


def champions(answer: Influence, rows: pd.DataFrame) -> str:
    """Return where a champion would be worth most."""
    recovery = of(rows, "recovery")
    values = of(rows, "values")
    best = values.iloc[0]
    middle = float(np.median(values["last"]))
    worth = float(recovery[recovery["source"] == best["source"]].iloc[0]["last"])
    return (
        f"A champion, whose values stand at 1 all the time, would be worth most as "
        f"{best['source']}: {signed(best['last'])} in the others' values (half of the places: at "
        f"most {signed(middle)}) and {signed(worth)} SD in service users' recovery."
    )


def leavers(answer: Influence, rows: pd.DataFrame) -> str:
    """Return what those who left took away."""
    values, recovery = of(rows, "values"), of(rows, "recovery")
    cost = values.iloc[-1]
    return (
        f"{len(values)} left; the departure that cost the others most was that of "
        f"{cost['source']} in week {cost['week']}: {signed(cost['last'])} in values, and "
        f"{signed(float(recovery['last'].min()))} SD in recovery for the costliest to users."
    )


def norms(answer: Influence, rows: pd.DataFrame) -> str:
    """Return what norms did."""
    practice = of(rows, "practice").iloc[0]
    return f"Through norms, what colleagues do moved practice by {signed(practice['last'])}."


SENTENCES = {
    TALK: talk,
    COLLEAGUE: colleagues,
    SESSION: sessions,
    CHAMPION: champions,
    LEAVER: leavers,
    NORMS: norms,
}


def influence_figure(answer: Influence) -> Figure:
    """Return who moved whose values as a grid, and the team's values over weeks."""
    from matplotlib import pyplot

    moved = answer.tables["moved"]
    figure, (grid, line) = pyplot.subplots(
        1, 2, figsize=(11, 4.8), layout="constrained", width_ratios=(1.15, 1)
    )
    people = [answer.name(one) for one in answer.years[0].before.people()]
    cells = (
        moved.pivot(index="source", columns="target", values="values")
        .reindex(index=people, columns=people)
        .to_numpy(float)
    )
    most = float(np.nanmax(np.abs(cells))) if np.isfinite(cells).any() else 0.0
    shown = grid.imshow(cells, cmap="PuOr_r", vmin=-(most or 1.0), vmax=most or 1.0)
    grid.set_xticks(range(len(people)), people, rotation=90, fontsize=8)
    grid.set_yticks(range(len(people)), people, fontsize=8)
    grid.set_ylabel("who")
    grid.set_xlabel("moved whose values")
    grid.set_title("Values moved, mean over weeks (0-1)", fontsize=10)
    figure.colorbar(shown, ax=grid, shrink=0.8)
    weeks = answer.tables["weeks"]
    at = weeks["week"].to_numpy(float)
    lines = [_line("as it was", at, weeks["values"])]
    if "values without talk" in weeks:
        lines.append(_line("had nobody talked", at, weeks["values without talk"]))
    draw_lines(line, Panel("mean shift of staff values from usual, 0-1", tuple(lines)), None)
    effects = of_first(answer)
    held = effects[(effects["kind"] == SESSION) & (effects["measure"] == "values")]
    for week in held["week"]:
        line.axvline(float(week), color="0.75", linewidth=0.8, zorder=0)
    figure.suptitle(f"{answer.team}: {answer.scenario} (grey lines: sessions)", fontsize=11)
    pyplot.close(figure)
    return figure


def _line(label: str, weeks: np.ndarray, values: pd.Series) -> Line:
    middle = values.to_numpy(float)
    return Line(label, weeks, middle, middle, middle)
