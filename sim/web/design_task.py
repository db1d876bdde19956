"""The worker's part of a trial over periods: whole trials simulated and analysed as planned."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.web.typography import write_result
from sim.web.worker import Told

COLUMNS = ("what", "value", "Monte Carlo SE", "95% low", "95% high", "note")


def simulate_design(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Simulate a planned trial (``power`` of the settings) many times.

    Writes ``result.json`` and its table.
    """
    from sim.runs.results import package_versions
    from sim.spreadsheet import csv_text
    from sim.trials.power.power_outcome import PowerOutcome, formula_lines, measures
    from sim.trials.power.power_study import simulate_power, study_of
    from sim.web.design_settings import design_file, period_table
    from sim.web.power_task import share_in_words, told_from

    power = settings["power"]
    file = design_file(power)
    count = power["trials"]
    result = simulate_power(
        study_of(file, 0),
        count,
        seed=power["seed"],
        on_progress=told_from(told, 0, count, "simulated and analysed"),
        should_cancel=told.cancelled,
    )
    rows = [
        [
            one.name,
            *(_shown(value) for value in (one.value, one.error, one.low, one.high)),
            one.note,
        ]
        for one in measures(PowerOutcome(result))
    ]
    version = package_versions()["refocus-simulation"]
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    stamp = (
        f"REFOCUS simulation {version}, {date}, seed {power['seed']}, {count} trials and as many "
        "without an effect; intervals cover Monte Carlo error alone"
    )
    (folder / "power.csv").write_text(csv_text(COLUMNS, rows, [stamp]), encoding="utf-8")
    write_result(
        folder,
        {
            "settings": power,
            "columns": list(COLUMNS),
            "rows": rows,
            "sentence": f"If the difference is true, {share_in_words(result.performance.power)} "
            "find it.",
            "agreement": formula_lines(result),
            "asked": period_table(power),
            "stamp": stamp,
            "version": version,
        },
    )


def _shown(value: float | None) -> float | None:
    """Return a number as the table has it; None where there is none."""
    return None if value is None or value != value else round(value, 4)
