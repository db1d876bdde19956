"""`refocus run`: simulate scenarios, save the tables, write the report."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from sim.api.run import DRAWS, REPLICATIONS_OF_DEFAULTS
from sim.commands.allowed_options import declare
from sim.commands.draws import add_draw_options, given_draws, settings_of
from sim.commands.job import add_job_options, command_of, job, resumed, say, tell_compiling
from sim.commands.roster_options import add_roster_options, given_roster

if TYPE_CHECKING:
    from sim.runs.results import Results

EXAMPLES = """\
examples:
  refocus run usual-care refocus-as-delivered --out results/first-run
  refocus run refocus-boosters usual-care --roster teams.csv --years 2 --out results/boosters
  refocus run refocus-as-delivered --set turnover_yearly=0.2 --set support.telephone.intensity=0.5
  refocus run usual-care --draws 200 > summary.csv
  refocus run refocus-full --collect staff-week:values,sick --collect ties --out results/people
  refocus run --resume results/boosters
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "run",
        help="simulate scenarios",
        description="Simulate scenarios on a roster of teams. With --out: tables, metadata and a "
        "report in that folder. Without: a summary as CSV.",
        epilog=EXAMPLES,
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="library name or file")
    add_roster_options(parser)
    parser.add_argument("--years", help="years to simulate (52 weeks each)")
    parser.add_argument("--weeks", help="weeks to simulate")
    add_draw_options(parser, DRAWS)
    parser.add_argument(
        "--replications",
        help="runs of chance for each set of values (default 1; "
        f"{REPLICATIONS_OF_DEFAULTS} with --draws 0)",
    )
    parser.add_argument("--seed", default="1", help="seed of the keyed draws (default 1)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter, or a field of every scenario (dotted name); may be repeated",
    )
    parser.add_argument("--caseload", default="sample", help="sample (default) or full")
    parser.add_argument("--engine", default="compiled", help="compiled (default) or mesa")
    parser.add_argument(
        "--collect",
        action="append",
        default=[],
        metavar="TABLE",
        help="a table of people too: staff-week, user-week (variables by name, as in "
        "staff-week:values,sick) or ties; may be repeated",
    )
    add_job_options(parser, "tables and report")
    parser.add_argument(
        "--tables",
        metavar="csv|parquet",
        help="format of the tables (default: CSV below 200,000 rows, Parquet above)",
    )
    parser.add_argument("--no-report", action="store_true", help="write tables only")
    declare(
        parser,
        only_with={"collect": ("out", None), "tables": ("out", None), "no_report": ("out", None)},
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Simulate; print a summary, or save tables and report."""
    from sim.api.run import ALL, SMALL, run, simulated
    from sim.runs.table_files import check_format

    options = resumed(options)
    check_format(options.tables)
    question = run.question(
        options.scenarios,
        **given_roster(options),
        years=options.years,
        weeks=options.weeks,
        draws=given_draws(options),
        replications=options.replications,
        seed=options.seed,
        settings=settings_of(options),
        caseload=options.caseload,
        engine=options.engine,
        collect=SMALL if options.out is None else (ALL, *options.collect),
        on_disk=options.out is not None,
    )
    with job(options) as work:
        for note in question.notes:
            say(note)
        if options.engine == "compiled":
            tell_compiling()
        with work.running() as how:
            results = simulated(question, **how(""))
        if work.folder is None:
            print(summary_csv(results, question.chosen.covers), end="")
            return 0
        written = results.save(work.folder, options.tables)
        if not options.no_report:
            from sim.files import write_texts
            from sim.report.run_report import RunFacts, run_report

            facts = RunFacts(
                question.scenarios,
                question.roster,
                question.settings,
                command_of(options),
                question.chosen,
                question.notes,
            )
            written += write_texts(work.folder, {"report.html": run_report(results, facts)})
        work.finished()
        for path in written:
            print(path)
    return 0


def summary_csv(results: Results, covers: str) -> str:
    """Return means over draws and replications by scenario, arm, week and measure as CSV."""
    import numpy as np

    from sim.runs.world_spread import world_spread
    from sim.spreadsheet import frame_csv

    table = results.table("summaries")
    grouped = table.groupby(["scenario", "arm", "week", "measure"], sort=False)
    frame = grouped[["n", "mean", "sd", "icc"]].mean().reset_index()
    count = grouped["mean"].count().to_numpy()
    worlds = (one.dropna(subset="mean") for _, one in grouped)
    spreads = np.array([world_spread(one["mean"], one["draw"]) for one in worlds])
    frame["worlds"] = count
    frame["monte_carlo_se"] = spreads[:, 1]
    # One world has no interval.
    frame["low"], frame["high"] = np.where(count > 1, spreads[:, 2:].T, np.nan)
    frame["interval"] = f"central 90% of worlds; covers {covers}"
    return frame_csv(frame)
