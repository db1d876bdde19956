"""The worker's part of the designer: trials simulated and analysed, in two ways.

The statistical source takes the designer's difference for true, which checks the formula. The
agent-based source asks what the simulated services would give such a trial.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.web.worker import Stopped, Told

STATISTICAL, AGENTS = "if the difference is true", "in the simulated services"
MEAN = 40.0
"""Mean score under control in REFOCUS at one year; power does not depend on it."""
COLUMNS = (
    "what",
    "trials",
    "power",
    "Monte Carlo SE",
    "95% low",
    "95% high",
    "mean estimate",
    "SD of estimates",
    "analyses that failed",
)


def simulate_power(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Simulate a planned trial many times and write the report.

    Parameters
    ----------
    settings : dict
        ``power``: from `power_settings`.
    folder : Path
        Where to write ``result.json``, the curve and its table.
    told : Told
        Progress and cancelling.

    Raises
    ------
    Stopped
        When it noticed that it is to stop.
    """
    from sim.posterior.choose import chosen_draws
    from sim.report.spreadsheet import csv_text
    from sim.results import package_versions
    from sim.scenarios.library import adjusted, load_scenario
    from sim.trials.agents import AgentSource
    from sim.trials.power import performance, run_trials
    from sim.trials.statistical import Correlations, StatisticalSource
    from sim.web.figures import svg_of
    from sim.web.power_formula import curve_figure, formula_answer
    from sim.web.power_settings import design_of

    power = settings["power"]
    design = design_of(power)
    count = power["trials"]
    total = 2 * count
    plain = StatisticalSource(
        MEAN, power["sd"], Correlations(power["icc"], iac=power["correlation"]), power["effect"]
    )
    chosen = power["scenario"]
    scenario = adjusted(load_scenario(chosen["preset"]), chosen["changes"])
    draws = chosen_draws(count, seed=power["seed"])
    agents = AgentSource(scenario, draws=draws.draws)
    found: dict[str, Any] = {}
    kinds: tuple[tuple[str, StatisticalSource | AgentSource, float], ...] = (
        (STATISTICAL, plain, power["effect"]),
        (AGENTS, agents, float("nan")),
    )
    for number, (label, source, true) in enumerate(kinds):
        show = told_from(told, number * count, total, label)
        results = run_trials(
            source, design, count, power["seed"], on_progress=show, should_cancel=told.cancelled
        )
        if told.cancelled():
            raise Stopped
        found[label] = performance(results, true_effect=true)
    rows = [
        [
            label,
            one.power.trials,
            *(
                round(value, 4)
                for value in (
                    one.power.value,
                    one.power.monte_carlo_se,
                    one.power.low,
                    one.power.high,
                    one.mean_estimate,
                    one.empirical_se,
                    one.failed.value,
                )
            ),
        ]
        for label, one in found.items()
    ]
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    version = package_versions()["refocus-simulation"]
    stamp = (
        f"REFOCUS simulation {version}, {date}, seed {power['seed']}, {count} trials of each kind; "
        "intervals cover Monte Carlo error alone"
    )
    rates = {label: one.power for label, one in found.items()}
    (folder / "curve.svg").write_bytes(svg_of(curve_figure(power, rates)))
    (folder / "power.csv").write_text(csv_text(COLUMNS, rows, [stamp]), encoding="utf-8")
    result = {
        "settings": power,
        "formula": formula_answer(power),
        "columns": list(COLUMNS),
        "rows": [[None if one != one else one for one in row] for row in rows],
        "sentence": in_words(found, scenario.title, draws.covers),
        "stamp": stamp,
        "version": version,
    }
    (folder / "result.json").write_text(json.dumps(result, allow_nan=False), encoding="utf-8")


def told_from(told: Told, begun: int, total: int, what: str) -> Callable[[int, int], None]:
    """Return a function that tells of progress within one of several parts."""

    def show(done: int, of: int) -> None:
        told.progress(begun + done, total, f"trial {done} of {of}, {what}")

    return show


def in_words(found: dict[str, Any], title: str, covers: str) -> str:
    """Return what both kinds of trials showed."""
    plain, agents = found[STATISTICAL], found[AGENTS]
    return (
        f"If the difference is true, {plain.power.value:.0%} of simulated trials find it (Monte "
        f"Carlo standard error {100 * plain.power.monte_carlo_se:.1f} points). In the simulated "
        f"services under \u201c{title}\u201d, {agents.power.value:.0%} find a difference (standard "
        f"error {100 * agents.power.monte_carlo_se:.1f}); the mean difference there is "
        f"{agents.mean_estimate:.2f} points. Its trials cover {covers}, and each is another sample "
        "of teams and people."
    )
