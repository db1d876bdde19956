"""`refocus trial`: the REFOCUS trial simulated many times, and the PULSAR trial predicted."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands.draws import add_draw_options
from sim.commands.job import Job, add_job_options, command_of, job, resumed, say, tell_compiling
from sim.errors import InputError, unknown
from sim.reading.numbers import number_or_none, whole, without_nan
from sim.spreadsheet import data_frame, frame_csv

if TYPE_CHECKING:
    from sim.posterior.choose import ChosenDraws

FORMATS = ("text", "csv", "json")
TRIALS = 1000
EXAMPLES = """\
examples:
  refocus trial refocus
  refocus trial refocus --trials 200 --out results/replication
  refocus trial pulsar --transport 0.2 --format csv
  refocus trial pulsar --document my-forecast.md
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "trial",
        help="simulate the REFOCUS trial many times, or predict the PULSAR trial",
        description="refocus: simulate the REFOCUS trial from the posterior and show where its "
        "published figures fall. pulsar: predict the PULSAR stepped-wedge trial from its design "
        "and the posterior of REFOCUS alone, which has not seen its outcome. With --out: tables "
        "and a report.",
        epilog=EXAMPLES,
    )
    parser.add_argument("which", nargs="?", metavar="refocus|pulsar", help="which trial")
    parser.add_argument("--trials", default=str(TRIALS), help=f"simulated trials ({TRIALS})")
    parser.add_argument("--seed", default="1", help="seed of chance (default 1)")
    add_draw_options(parser, TRIALS)
    parser.add_argument(
        "--transport", metavar="SD", help="pulsar: SD of transport in SD units (default 0.1)"
    )
    parser.add_argument(
        "--document", metavar="FILE.md", help="pulsar: write the prediction there, as a new file"
    )
    parser.add_argument("--date", help="pulsar: date of the prediction (default today)")
    add_job_options(parser, "tables and report")
    parser.add_argument("--format", default="text", metavar="text|csv|json", help="of the output")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Simulate, print, and write what was asked for."""
    options = resumed(options, FORMATS)
    if options.which is None:
        raise InputError("trial: name one, 'refocus' or 'pulsar'")
    if options.which not in ("refocus", "pulsar"):
        raise unknown("trial", options.which, ("refocus", "pulsar"))
    if options.which == "refocus":
        for name in ("transport", "document", "date"):
            if getattr(options, name) is not None:
                raise InputError(f"{name}: belongs to 'refocus trial pulsar'")
        return replicate(options)
    return predict(options)


def replicate(options: argparse.Namespace) -> int:
    """Simulate the REFOCUS trial."""
    from dataclasses import asdict

    from sim.trials.studies.replication import replication_summary, simulate_refocus
    from sim.trials.studies.replication_text import fall_rows, replication_text

    chosen, count, seed = prepared(options)
    with job(options, "trial") as work:
        tell_compiling()
        with work.running() as how:
            trials = simulate_refocus(chosen.draws, count, seed, **how(""))
        summary = replication_summary(trials)
        tables: dict[str, Callable[[], str]] = {
            "text": lambda: replication_text(summary, chosen.covers),
            "csv": lambda: csv_of(fall_rows(summary)),
            "json": lambda: json_of({"covers": chosen.covers, "seed": seed, **asdict(summary)}),
        }
        if work.folder is not None:
            from sim.report.trial_reports import replication_report

            parts = {
                "trials.csv": frame_csv(trials),
                "figures.csv": tables["csv"](),
                "summary.json": tables["json"](),
                "report.html": replication_report(
                    summary, trials, chosen.covers, command_of(options)
                ),
            }
            write(work, parts)
        print(tables[options.format](), end="")
    return 0


def predict(options: argparse.Namespace) -> int:
    """Predict the PULSAR trial."""
    from dataclasses import asdict

    from sim.posterior import REFOCUS_ALONE
    from sim.trials.studies.pulsar import coverage_shift, pulsar_design, simulate_pulsar
    from sim.trials.studies.pulsar_outcome import forecast_rows, pulsar_outcome, pulsar_text

    transport = number_or_none("transport", options.transport, 0.0, 5.0)
    if transport is None:
        transport = pulsar_design().transport_sd
    date = checked_date(options.date)
    # Noted, so that what goes on tomorrow still is today's.
    options.date = date
    document = None if options.document is None else Path(options.document)
    if document is not None and options.resume is None:
        new_document(document)
    if options.posterior is None and not options.prior_only:
        # The default posterior has seen what is to be predicted.
        options.posterior = REFOCUS_ALONE
    chosen, count, seed = prepared(options)
    with job(options, "trial") as work:
        tell_compiling()
        with work.running() as how:
            coverage = coverage_shift(chosen.draws, seed, pulsar_design(), **how("attendance"))
            trials = simulate_pulsar(
                chosen.draws, count, seed, shift=coverage.shift, **how("trials")
            )
        outcome = pulsar_outcome(
            trials, transport, seed, coverage, chosen.covers, chosen.provenance
        )
        tables: dict[str, Callable[[], str]] = {
            "text": lambda: pulsar_text(outcome),
            "csv": lambda: csv_of(forecast_rows(outcome)),
            "json": lambda: json_of({"date": date, **asdict(outcome)}),
        }
        if document is not None:
            from sim.report.pulsar_document import pulsar_document
            from sim.runs.results import package_versions

            version = package_versions()["refocus-simulation"]
            publish(document, pulsar_document(outcome, date, version, command_of(options)))
        if work.folder is not None:
            from sim.report.trial_reports import pulsar_report

            parts = {
                "trials.csv": frame_csv(trials),
                "forecasts.csv": tables["csv"](),
                "prediction.json": tables["json"](),
                "report.html": pulsar_report(outcome, command_of(options)),
            }
            write(work, parts)
        print(tables[options.format](), end="")
    return 0


def prepared(options: argparse.Namespace) -> tuple[ChosenDraws, int, int]:
    """Return draws, number of trials and seed; everything is checked before simulating."""
    from sim.commands.draws import given_draws
    from sim.streams import check_seed

    seed = check_seed(whole("seed", options.seed, 0, 2**32 - 1))
    count = whole("trials", options.trials, 20, 1_000_000)
    if options.draws == str(TRIALS) and count < TRIALS:
        options.draws = str(count)
    chosen = given_draws(options)
    return chosen, count, seed


def checked_date(text: str | None) -> str:
    """Return a date as YYYY-MM-DD, today when none is given."""
    import datetime

    if text is None:
        return datetime.date.today().isoformat()
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError(f"date = '{text}': must be YYYY-MM-DD") from None


def new_document(document: Path) -> Path:
    """Return the file for a forecast; refuse one that is there, as it may be an earlier forecast.

    What was forecast on a date stays as it was, or it is no forecast.
    """
    if document.is_dir() or not document.parent.is_dir():
        raise InputError(f"document = '{document}': must be a new file in an existing folder")
    if os.path.lexists(document):
        raise InputError(
            f"document = '{document}': exists, and a dated forecast is never written over; "
            "name a new file"
        )
    return document


def publish(document: Path, page: str) -> None:
    """Write a forecast into a new file; what was cut off just then finds its own there."""
    from sim.files import encoded, write_whole

    if not (document.is_file() and document.read_bytes() == encoded(page)):
        write_whole(new_document(document), encoded(page))


def write(work: Job, parts: dict[str, str]) -> None:
    """Write files, mark the job finished, and name them."""
    from sim.files import write_texts

    assert work.folder is not None
    written = write_texts(work.folder, parts)
    work.finished()
    for path in written:
        say(f"wrote {path}")


def csv_of(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV."""
    return frame_csv(data_frame(rows))


def json_of(value: dict[str, Any]) -> str:
    """Return a value as JSON; numbers that do not exist are null."""
    return json.dumps(without_nan(value), indent=1, allow_nan=False, default=list) + "\n"
