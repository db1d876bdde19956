"""The worker's part of the designer: trials simulated and analysed, in two ways.

The statistical source takes the designer's difference for true, which checks the formula. The
agent-based source asks what the simulated services would give such a trial.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.web.typography import write_result
from sim.web.worker import Told

if TYPE_CHECKING:
    from sim.runs.pieces import Progress
    from sim.trials.power.simulated_power import Rate

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
    """Simulate a planned trial (``power`` of the settings) many times.

    Writes ``result.json``, the curve and its table.
    """
    from sim.posterior.choose import chosen_draws
    from sim.runs.results import package_versions
    from sim.scenarios.library import adjusted, load_scenario
    from sim.spreadsheet import csv_text
    from sim.trials.data.agents import AgentSource
    from sim.trials.data.statistical import Correlations, StatisticalSource
    from sim.trials.power.simulated_power import performance, run_trials
    from sim.web.power_formula import curve_figure, formula_answer
    from sim.web.power_formula import formula as formula_power
    from sim.web.power_settings import design_of, settings_table

    power = settings["power"]
    design = design_of(power)
    count = power["trials"]
    total = 2 * count
    likeness = Correlations(power["icc"], power["cac"], power["correlation"])
    plain = StatisticalSource(MEAN, power["sd"], likeness, power["effect"])
    chosen = power["scenario"]
    scenario = adjusted(load_scenario(chosen["preset"]), chosen["changes"])
    draws = chosen_draws(count)
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
    (folder / "curve.svg").write_text(curve_figure(power, rates), encoding="utf-8")
    (folder / "power.csv").write_text(csv_text(COLUMNS, rows, [stamp]), encoding="utf-8")
    result = {
        "settings": power,
        "formula": formula_answer(power),
        "columns": list(COLUMNS),
        "rows": [[None if one != one else one for one in row] for row in rows],
        "sentence": in_words(found, scenario.title, draws.covers),
        "agreement": beside_formula(found[STATISTICAL].power, formula_power(power), power),
        "asked": settings_table(power, scenario.title),
        "stamp": stamp,
        "version": version,
    }
    write_result(folder, result)


def told_from(told: Told, begun: int, total: int, what: str) -> Callable[[Progress], None]:
    """Return a function that tells of progress within one of several parts."""

    def show(now: Progress) -> None:
        told.progress(begun + now.done, total, f"trial {now.done} of {now.total}, {what}")

    return show


def share_in_words(rate: Rate) -> str:
    """Return a share of trials with its 95% limits, which say something of none and all too."""
    hits = round(rate.value * rate.trials)
    told = "none" if hits == 0 else "all" if hits == rate.trials else f"{rate.value:.0%}"
    return (
        f"{told} of {rate.trials} simulated trials (95% for Monte Carlo error alone: "
        f"{rate.low:.0%} to {rate.high:.0%})"
    )


def in_words(found: dict[str, Any], title: str, covers: str) -> str:
    """Return what both kinds of trials showed."""
    plain, agents = found[STATISTICAL], found[AGENTS]
    return (
        f"If the difference is true, {share_in_words(plain.power)} find it. In the simulated "
        f"services under \u201c{title}\u201d, {share_in_words(agents.power)} find a difference; "
        f"the mean difference there is {agents.mean_estimate:.2f} points. Its trials cover "
        f"{covers}, and each is another sample of teams and people."
    )


def beside_formula(simulated: Rate, formula: float, power: dict[str, Any]) -> str:
    """Return whether formula and simulation agree, and what may part them where they do not."""
    count = simulated.trials
    likely = min(max(formula, 0.5 / count), 1.0 - 0.5 / count)
    error = max(simulated.monte_carlo_se, sqrt(likely * (1.0 - likely) / count))
    gap = 100.0 * (simulated.value - formula)
    apart = f"{gap:+z.1f} points, {abs(gap) / (100.0 * error):.1f} Monte Carlo standard errors"
    if abs(gap) <= 300.0 * error:
        return (
            f"Formula ({formula:.0%}) and simulation ({simulated.value:.0%}) of the same "
            f"assumptions agree within chance ({apart})."
        )
    causes = ["the formula takes variances as known, the analysis estimates them"]
    if min(power["clusters"], 40) < 8:
        causes.append("few teams make every approximation rough")
    if power["attrition"] > 0.0:
        causes.append("people are lost by lot in each trial, and by their mean in the formula")
    if power["readiness"] != "everybody":
        causes.append("the formula knows nothing of readiness")
    return (
        f"Formula ({formula:.0%}) and simulation ({simulated.value:.0%}) of the same assumptions "
        f"contradict each other ({apart}); believe the simulation. Likely reasons: "
        f"{'; '.join(causes)}."
    )
