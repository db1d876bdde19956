"""The printable report of a plan, written when somebody asks for it: most look at the page alone.

What it is made from is kept beside the result.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError
from sim.web.typography import write_result
from sim.web.worker import Told

if TYPE_CHECKING:
    from sim.runs.results import Results

KEPT = "for-report.npz"
MOST_KEPT = 20_000_000
"""Bytes; the report of a larger run is written at once."""
REPORT = "report.html"
TASK = "sim.web.plan_report:write_report"
_DRAWS, _TOLD = "draws", "told"
_TABLE = "table-"


def keep_for_report(folder: Path, results: Results, settings: dict[str, Any]) -> None:
    """Keep what `write_report` needs of a finished plan."""
    if sum(array.nbytes for array in results.arrays.values()) > MOST_KEPT:
        (folder / REPORT).write_text(report_of(results, settings), encoding="utf-8")
        return
    told = {"labels": results.labels, "metadata": results.metadata, "settings": settings}
    arrays = {_TABLE + name: array for name, array in results.arrays.items()}
    arrays[_TOLD] = np.array(json.dumps(told))
    if results.draws is not None:
        arrays[_DRAWS] = results.draws
    with (folder / KEPT).open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def write_report(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Write ``report.html`` of a plan; settings: ``of``, the file that was kept for it."""
    from sim.runs.results import Results

    told.progress(0, 1, "writing the report")
    try:
        with np.load(settings["of"], allow_pickle=False) as kept:
            arrays = dict(kept.items())
    except OSError:
        raise InputError("report: its result is not kept any more; run it again") from None
    about = json.loads(str(arrays.pop(_TOLD)))
    draws = arrays.pop(_DRAWS, None)
    tables = {name.removeprefix(_TABLE): array for name, array in arrays.items()}
    results = Results(tables, about["labels"], about["metadata"], draws)
    (folder / REPORT).write_text(report_of(results, about["settings"]), encoding="utf-8")
    write_result(folder, {})


def report_of(results: Results, settings: dict[str, Any]) -> str:
    """Return the report of a plan; settings as its job was given them."""
    from sim.posterior.choose import chosen_draws
    from sim.report.run_report import RunFacts, run_report
    from sim.web.plan_settings import repeating_command, scenarios_of
    from sim.web.teams import roster_asked

    plan = settings["plan"]
    command = (
        "Save each scenario's file from the page (and the list of teams), then\n"
        f"{repeating_command(plan)}"
    )
    chosen = chosen_draws(plan["draws"], prior_only=plan["values"] == "prior")
    roster = roster_asked(plan, settings["roster"])
    facts = RunFacts(scenarios_of(plan), roster, plan["parameters"], command, chosen)
    return run_report(results, facts)
