"""The worker's part of the check against the trial: simulated trials beside what was reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.web.typography import plain_covers, write_result
from sim.web.worker import Told

SCENARIO = "refocus-as-delivered"
WEEKS = 52


def simulate_fit(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Simulate the trial with posterior draws and write its figures beside the reported ones.

    Settings: ``trials`` and ``seed``.
    """
    from sim.inputs.roster.trial import trial_roster
    from sim.posterior.choose import chosen_draws
    from sim.report.participation import pattern_table
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate
    from sim.scenarios.library import load_scenario

    chosen = chosen_draws(settings["trials"])
    request = build_request(
        [load_scenario(SCENARIO)],
        trial_roster(settings["seed"]),
        draws=chosen.draws,
        weeks=WEEKS,
        replications=1,
        seed=settings["seed"],
        collect=("assessments", "team_weeks"),
        own_chance=True,
    )
    results = simulate(
        request,
        on_progress=lambda now: told.progress(now.done, 2 * now.total, "simulating trials"),
        should_cancel=told.cancelled,
    )
    told.progress(request.worlds, 2 * request.worlds, "analysing them as the trial was")
    table = pattern_table(results, 0)
    rows = [[plain(cell) for cell in row] for row in table.itertuples(index=False)]
    result = {
        "columns": [str(one) for one in table.columns],
        "rows": rows,
        "trials": settings["trials"],
        "covers": plain_covers(chosen.covers),
    }
    write_result(folder, result)


def plain(cell: Any) -> Any:
    """Return a cell as JSON has it; a missing number is None."""
    if isinstance(cell, str):
        return cell
    number = float(cell)
    return None if number != number else float(f"{number:.4g}")
