"""Write the numbers and the picture of the README from the shipped posterior.

Run ``python -m docs.build_readme``; about half a minute. What each world gave is kept in
`docs/first-results.csv`, so that a part of the worlds can be checked instead of all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from docs.marked import main, table
from sim.drawing import Line, Panel
from sim.inputs.roster import trial_roster
from sim.planning.vocabulary import other_evidence, rests_on
from sim.posterior.choose import chosen_draws
from sim.report.figures import line_figure
from sim.report.run_report import focus_arm, last_assessment, paired, sentence
from sim.runs.request import build_request
from sim.runs.results import Results
from sim.runs.simulate import simulate
from sim.scenarios.library import load_scenario
from sim.scenarios.split import split_text

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "README.md"
PICTURE = ROOT / "docs" / "img" / "first-results.svg"
WORLDS = ROOT / "docs" / "first-results.csv"
SCENARIOS = ("usual-care", "refocus-as-delivered", "refocus-full")
DRAWS, REPLICATIONS, SEED, WEEKS = 200, 2, 1, 104
CHECKED = (52, 104)
MEASURES = (
    ("qpr15", "QPR-15 (0-60)"),
    ("inspire_support", "INSPIRE Support (0-100), not calibrated"),
)
SHOWN = (
    ("fidelity", "Fidelity: practice delivered (0-1)"),
    ("relationship", "Relationship with the worker (0-1)"),
)


@cache
def results(table: str, draws: int = DRAWS) -> Results:
    """Return a table of the three scenarios over two years on the trial's teams.

    What the first draws give does not depend on how many follow them.
    """
    from sim.scenarios.library import adjusted

    scenarios = [
        adjusted(load_scenario(name), {"assessment.weeks": [0, 52, 104]}) for name in SCENARIOS
    ]
    request = build_request(
        scenarios,
        trial_roster(SEED),
        draws=chosen_draws(DRAWS).draws[:draws],
        replications=REPLICATIONS,
        seed=SEED,
        weeks=WEEKS,
        own_chance=True,
        collect=(table,),
    )
    return simulate(request)


def worlds(draws: int = DRAWS) -> pd.DataFrame:
    """Return differences from usual care in each world: one row a draw and replication."""
    found = results("summaries", draws)
    arm = focus_arm(found)
    columns: dict[str, np.ndarray] = {}
    for scenario, name in enumerate(SCENARIOS[1:], 1):
        for measure, _ in MEASURES:
            for week in CHECKED:
                values, columns["draw"] = paired(found, scenario, 0, arm, measure, week)
                columns[f"{name} {measure} {week}"] = values
    return pd.DataFrame(columns)


def effects(kept: pd.DataFrame | None = None) -> str:
    """Return differences from usual care at one and two years, of new worlds or of those kept."""
    frame = worlds() if kept is None else kept
    rows = []
    for name in SCENARIOS[1:]:
        for measure, title in MEASURES:
            cells = [name, title]
            for week in CHECKED:
                values = frame[f"{name} {measure} {week}"].to_numpy()
                low, high = np.quantile(values, [0.05, 0.95])
                cells.append(f"{values.mean():+z.2f} ({low:+z.2f} to {high:+z.2f})")
            rows.append(tuple(cells))
    heading = ("scenario", "outcome", "12 months", "24 months (extrapolation)")
    values = frame[f"{SCENARIOS[1]} qpr15 52"].to_numpy()
    chosen = chosen_draws(DRAWS)
    return (
        table(heading, rows)
        + f"\nMean difference from usual care in the same simulated services, 90% of {len(values)} "
        f"worlds in brackets ({chosen.covers}).\n\n> "
        + f"{rests_on(chosen, [load_scenario(SCENARIOS[1])], 52)} "
        + sentence(
            SCENARIOS[1], SCENARIOS[0], 52, values.reshape(DRAWS, -1), other_evidence(chosen)
        )
        + f"\n\n{split_text(load_scenario(SCENARIOS[2]))}"
    )


def picture() -> str:
    """Return what happens to practice and relationships over two years."""
    found = results("trajectories")
    frame = found.table("trajectories")
    own = frame[frame["arm"] == focus_arm(found)]
    panels = []
    for name, title in SHOWN:
        lines = []
        for scenario in SCENARIOS:
            grouped = own[own["scenario"] == scenario].groupby("week")[name]
            mean = grouped.mean()
            lines.append(
                Line(
                    scenario,
                    mean.index.to_numpy(float),
                    mean.to_numpy(),
                    grouped.quantile(0.05).to_numpy(),
                    grouped.quantile(0.95).to_numpy(),
                )
            )
        panels.append(Panel(title, tuple(lines)))
    return line_figure(panels)


PARTS: dict[str, Callable[[], str]] = {"effects": effects}


if __name__ == "__main__":
    assert last_assessment(results("summaries"), 0) == WEEKS
    main(PAGE, PARTS)
    WORLDS.write_text(worlds().to_csv(index=False), encoding="utf-8", newline="\n")
    PICTURE.write_text(picture(), encoding="utf-8", newline="\n")
