"""The worker's part of a plan: simulate, and write what the page shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.web.typography import write_result
from sim.web.worker import Stopped, Told

DRAWING_SHARE = 0.15
"""Share of a run's progress that stands for drawing figures; a guess that is good enough."""


def simulate_plan(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Simulate a plan and write ``result.json``, figures, tables and the report.

    Settings: ``plan`` from `plan_settings`; ``roster``, CSV text of the teams, or None for what the
    plan describes.
    """
    from sim.inputs.roster.csv_file import roster_text
    from sim.posterior.choose import chosen_draws
    from sim.report.run_report import RunFacts, run_report
    from sim.runs.pieces import Progress
    from sim.runs.request import build_request
    from sim.runs.results import provenance
    from sim.runs.simulate import simulate
    from sim.scenarios.text import scenario_text
    from sim.spreadsheet import csv_text
    from sim.web.figures import svg_of
    from sim.web.plan_result import result_of
    from sim.web.plan_settings import scenarios_of
    from sim.web.teams import roster_asked

    plan = settings["plan"]
    roster = roster_asked(plan, settings["roster"])
    scenarios = scenarios_of(plan)
    chosen = chosen_draws(plan["draws"], prior_only=plan["values"] == "prior")
    own_chance = plan["values"] != "defaults"
    request = build_request(
        scenarios,
        roster,
        settings=plan["parameters"],
        draws=chosen.draws,
        weeks=plan["weeks"],
        replications=plan["replications"],
        seed=plan["seed"],
        own_chance=own_chance,
    )

    def show(now: Progress) -> None:
        told.progress(
            int(1000 * (1.0 - DRAWING_SHARE) * now.done / now.total),
            1000,
            f"{now.done} of {now.total} worlds",
        )

    texts = {one.name: scenario_text(one) for one in scenarios}
    results = simulate(
        request,
        on_progress=show,
        should_cancel=told.cancelled,
        metadata=provenance(texts, plan["parameters"], {"source": roster.source}, chosen),
    )
    told.progress(int(1000 * (1.0 - DRAWING_SHARE)), 1000, "drawing figures")
    result, shown = result_of(results, plan, chosen, scenarios, roster.notes)
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    result["date"] = date
    note = result["stamp"] = (
        f"REFOCUS simulation {result['version']}, {date}, seed {plan['seed']}, "
        f"{result['worlds']} worlds per scenario. Bands cover {chosen.covers}."
    )
    for number, one in enumerate(shown, 1):
        if told.cancelled():
            raise Stopped
        (folder / f"{one.name}.svg").write_bytes(svg_of(one.figure))
        table = csv_text(one.columns, one.rows, [f"{one.title}. {one.caption}", note])
        (folder / f"{one.name}.csv").write_text(table, encoding="utf-8")
        told.progress(
            int(1000 * (1.0 - DRAWING_SHARE + DRAWING_SHARE * number / len(shown))),
            1000,
            "drawing figures",
        )
    for extra in result["tables"]:
        table = csv_text(extra["columns"], extra["rows"], [extra["title"], note])
        (folder / f"{extra['name']}.csv").write_text(table, encoding="utf-8")
    for number, one_text in enumerate(texts.values(), 1):
        (folder / f"scenario-{number}.toml").write_text(one_text, encoding="utf-8")
    if plan["teams"]["kind"] == "described":
        (folder / "teams.csv").write_text(roster_text(roster), encoding="utf-8")
    command = repeating_command(plan)
    result["command"] = command
    explained = f"Save each scenario's file from the page (and the list of teams), then\n{command}"
    facts = RunFacts(scenarios, roster, plan["parameters"], explained, chosen)
    (folder / "report.html").write_text(run_report(results, facts), encoding="utf-8")
    write_result(folder, result)


def repeating_command(plan: dict[str, Any]) -> str:
    """Return the command that repeats a plan from the files that the page gives."""
    files = [f"scenario-{number}.toml" for number in range(1, len(plan["scenarios"]) + 1)]
    parts = ["refocus", "run", *files]
    if plan["teams"]["kind"] != "trial":
        parts += ["--roster", "teams.csv"]
    parts += ["--weeks", str(plan["weeks"]), "--draws", str(plan["draws"])]
    if plan["values"] == "prior":
        parts.append("--prior-only")
    if plan["values"] == "defaults":
        parts += ["--replications", str(plan["replications"])]
    parts += ["--seed", str(plan["seed"])]
    for name, value in plan["parameters"].items():
        parts += ["--set", f"{name}={value!r}"]
    return " ".join(parts)


def warm_up(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Load and compile what plans need by simulating one small world and drawing one figure."""
    import numpy as np

    from sim.inputs.roster.described import described_roster
    from sim.report import run_report
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate
    from sim.scenarios.library import load_scenario
    from sim.web.figures import band_figure, nested, svg_of

    roster = described_roster(trusts=1, teams_per_trust=2, sampled=5)
    request = build_request(
        [load_scenario("refocus-as-delivered")], roster, weeks=2, replications=1
    )
    results = simulate(request)
    run_report.focus_arm(results)
    svg_of(band_figure([nested("a", [0, 1], np.zeros((2, 2)))], "unit"))
    results.table("summaries")
