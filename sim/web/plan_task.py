"""The worker's part of a plan: simulate, and write what the page shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sim.web.plan_report import keep_for_report
from sim.web.typography import write_result
from sim.web.worker import Stopped, Told

DRAWING_SHARE = 0.03
"""Share of a run's progress that stands for drawing figures; a guess that is good enough."""


def simulate_plan(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Simulate a plan and write ``result.json``, figures and tables.

    Settings: ``plan`` from `plan_settings`; ``roster``, CSV text of the teams, or None for what the
    plan describes.
    """
    from sim.inputs.roster.roster_file import roster_text
    from sim.posterior.choose import chosen_draws
    from sim.runs.pieces import Progress
    from sim.runs.request import build_request
    from sim.runs.results import provenance
    from sim.runs.simulate import simulate
    from sim.scenarios.text import scenario_text
    from sim.spreadsheet import csv_text
    from sim.web.plan_result import result_of
    from sim.web.plan_settings import repeating_command, scenarios_of
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
        (folder / f"{one.name}.svg").write_text(one.figure, encoding="utf-8")
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
    result["command"] = repeating_command(plan)
    keep_for_report(folder, results, settings)
    write_result(folder, result)


def warm_up(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Load and compile what plans and watched teams need by simulating one small world."""
    from sim.engines.one_world import OneWorld, room_for_events
    from sim.inputs.roster.described import described_roster
    from sim.parameters import defaults, to_record
    from sim.planning.vocabulary import other_evidence
    from sim.posterior.choose import chosen_draws
    from sim.report import run_report
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate
    from sim.scenarios.library import load_scenario

    roster = described_roster(trusts=1, teams_per_trust=2, sampled=5)
    request = build_request(
        [load_scenario("refocus-as-delivered")], roster, weeks=2, replications=1
    )
    results = simulate(request)
    run_report.focus_arm(results)
    results.table("summaries")
    other_evidence(chosen_draws(2))
    (layout,) = request.layouts
    record, *_ = to_record(defaults())
    OneWorld(layout, record, 1, 0, team_weeks=1, events=room_for_events(layout)).run_to(1)
