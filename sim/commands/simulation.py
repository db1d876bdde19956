"""`refocus run`: simulate scenarios, save the tables, write the report."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.commands.declared import declare
from sim.commands.draws import add_draw_options, given_draws
from sim.commands.unfinished import arguments_of, read_arguments, with_arguments
from sim.errors import InputError, unknown
from sim.reading.numbers import number, whole

if TYPE_CHECKING:
    from sim.engines.ensemble import Request
    from sim.inputs.roster import Roster
    from sim.posterior.choose import ChosenDraws
    from sim.runs.results import Results
    from sim.runs.simulate import Progress
    from sim.scenarios.schema import Scenario

ARGUMENTS_FILE = "run.json"
LARGEST_TABLE = 6_000_000
MOST_WORLDS_WITH_EVENTS = 200
LARGEST_SEED = 2**32 - 1
DRAWS = 50
REPLICATIONS_OF_DEFAULTS = 50
EXAMPLES = """\
examples:
  refocus run usual-care refocus-as-delivered --out results/first-run
  refocus run refocus-boosters usual-care --roster teams.csv --years 2 --out results/boosters
  refocus run refocus-as-delivered --set turnover_yearly=0.2 --set support.telephone.intensity=0.5
  refocus run usual-care --draws 200 > summary.csv
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
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="library name or file")
    parser.add_argument(
        "--roster", default="trial", help="'trial' (default) or a CSV file of teams"
    )
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
    parser.add_argument("--workers", help="threads (default: all processors)")
    parser.add_argument("--out", metavar="DIR", help="folder for tables and report")
    parser.add_argument("--resume", metavar="DIR", help="go on with an interrupted run in DIR")
    parser.add_argument(
        "--format", nargs="+", default=["csv"], metavar="csv|parquet", help="of the tables"
    )
    parser.add_argument("--no-report", action="store_true", help="write tables only")
    declare(
        parser,
        alone_with={"resume": ("workers",)},
        only_with={"format": ("out", None), "no_report": ("out", None)},
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Simulate; print a summary, or save tables and report."""
    if given.resume is not None:
        given = resumed(given)
    elif not given.scenarios:
        raise InputError("scenarios: name at least one; see 'refocus list scenarios'")
    from sim.runs.results import FORMATS

    for one in given.format:
        if one not in FORMATS:
            raise unknown("format", one, FORMATS)
    job = prepared(given)
    folder = None
    if given.out is not None:
        folder = Path(given.out)
        prepare_folder(folder, given)
    for one in job.notes:
        say(one)
    results = simulated(job, given, folder)
    if folder is None:
        print(summary_csv(results, job.chosen.covers), end="")
        return 0
    written = results.save(folder, tuple(given.format))
    if not given.no_report:
        from sim.files import write_whole
        from sim.report.run_report import RunFacts, run_report

        facts = RunFacts(
            job.scenarios, job.roster, job.settings, command_of(given), job.chosen, job.notes
        )
        path = folder / "report.html"
        write_whole(path, run_report(results, facts).encode())
        written.append(path)
    for path in written:
        print(path)
    return 0


class Prepared(NamedTuple):
    """A request, and what it was built from."""

    request: Request
    scenarios: list[Scenario]
    roster: Roster
    settings: dict[str, float]
    chosen: ChosenDraws
    notes: tuple[str, ...]


def prepared(given: argparse.Namespace) -> Prepared:
    """Return the request that the arguments ask for."""
    from sim.posterior.choose import DEFAULTS
    from sim.runs.request import build_request
    from sim.runs.simulate import ENGINES
    from sim.scenarios.expand import expand
    from sim.scenarios.library import adjusted, load_scenario
    from sim.streams import check_seed

    if given.engine not in ENGINES:
        raise unknown("engine", given.engine, ENGINES)
    seed = check_seed(whole("seed", given.seed, 0, LARGEST_SEED))
    settings, fields = sorted_settings(given.set)
    scenarios = [load_scenario(name) for name in given.scenarios]
    if fields:
        scenarios = [adjusted(one, fields) for one in scenarios]
    roster = chosen_roster(given.roster, seed)
    chosen = given_draws(given, seed)
    usual = REPLICATIONS_OF_DEFAULTS if chosen.source == DEFAULTS else 1
    replications = whole(
        "replications", usual if given.replications is None else given.replications, 1
    )
    weeks = horizon(given)
    longest = weeks or max(one.timing.weeks for one in scenarios)
    worlds = len(scenarios) * len(chosen.draws) * replications
    rows = worlds * (longest + 1) * len(roster.rows)
    people = 2 * worlds * sum(row.sampled for row in roster.rows)
    collect = ["summaries", "trajectories"]
    if given.out is not None and rows <= LARGEST_TABLE and people <= LARGEST_TABLE:
        collect += ["assessments", "team_weeks"]
        if worlds <= MOST_WORLDS_WITH_EVENTS and given.caseload == "sample":
            collect.append("events")
    request = build_request(
        scenarios,
        roster,
        settings=settings,
        draws=chosen.draws,
        weeks=weeks,
        replications=replications,
        seed=seed,
        caseload=given.caseload,
        collect=tuple(collect),
        # Each draw has chance of its own, so that intervals over draws hold replication noise too.
        own_chance=chosen.source != DEFAULTS,
    )
    notes = [
        f"{one.name}: {note}" for one in scenarios for note in expand(one, roster, longest).notes
    ]
    if given.out is not None:
        notes += left_out_tables(collect, rows, people, worlds)
    return Prepared(request, scenarios, roster, settings, chosen, tuple(notes))


def left_out_tables(collect: list[str], rows: int, people: int, worlds: int) -> list[str]:
    """Return in a line which tables are not kept, and why; nothing where all are."""
    large = [
        name
        for name, count in (("team_weeks", rows), ("assessments", people))
        if name not in collect and count > LARGEST_TABLE
    ]
    missing = [name for name in ("assessments", "team_weeks", "events") if name not in collect]
    if not missing:
        return []
    why = f"more than {MOST_WORLDS_WITH_EVENTS} worlds, or a full caseload"
    if large:
        counts = {"team_weeks": rows, "assessments": people}
        told = " and ".join(f"{name} {counts[name]:,} rows" for name in large)
        why = f"{told}, above {LARGEST_TABLE:,}"
    return [
        f"tables left out: {', '.join(missing)} ({worlds:,} worlds: {why}); fewer draws or "
        "replications keep them"
    ]


def sorted_settings(texts: list[str]) -> tuple[dict[str, float], dict[str, Any]]:
    """Return parameter values and scenario fields from ``name=value`` texts."""
    from sim.parameters import parse_setting
    from sim.scenarios.library import parse_choice

    settings: dict[str, float] = {}
    fields: dict[str, Any] = {}
    for text in texts:
        name = text.partition("=")[0]
        if "." in name:
            field, value = parse_choice(text)
            fields[field] = value
        else:
            parameter, number = parse_setting(text)
            settings[parameter] = number
    return settings, fields


def chosen_roster(name: str, seed: int) -> Roster:
    """Return the trial's roster, or one from a file."""
    from sim.inputs.roster import read_roster_csv, trial_roster

    if name == "trial":
        return trial_roster(seed)
    roster = read_roster_csv(Path(name))
    for line in roster.left_out:
        say(f"roster '{roster.source}', {line}")
    return roster


def horizon(given: argparse.Namespace) -> int | None:
    """Return the weeks to run, None to leave it to the scenarios."""
    if given.years is not None and given.weeks is not None:
        raise InputError("years and weeks: give one of them")
    if given.weeks is not None:
        return whole("weeks", given.weeks, 1, 2600)
    if given.years is None:
        return None
    return max(1, round(52 * number("years", given.years, 0.0, 50.0, "years", above=True)))


def prepare_folder(folder: Path, given: argparse.Namespace) -> None:
    """Note in the folder what is run, so that it can be resumed; refuse a folder in use."""
    from sim.files import write_whole

    noted = arguments_of(given)
    path = folder / ARGUMENTS_FILE
    try:
        if path.exists():
            if read_arguments(path) != noted:
                raise InputError(f"out = '{folder}': holds another run; name another folder")
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"out = '{folder}': exists and is not a run's; name another folder")
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_whole(path, json.dumps(noted, indent=1).encode())
    except OSError as error:
        raise InputError(f"out = '{folder}': cannot be written ({error.strerror})") from error


def resumed(given: argparse.Namespace) -> argparse.Namespace:
    """Return the arguments of the run that a folder holds."""
    path = Path(given.resume) / ARGUMENTS_FILE
    if not path.exists():
        raise InputError(f"resume = '{given.resume}': holds no run; see 'refocus run --out'")
    noted = read_arguments(path)
    if given.scenarios and given.scenarios != noted.get("scenarios"):
        raise InputError("resume: give no scenarios; the folder knows them")
    return with_arguments(given, noted)


def command_of(given: argparse.Namespace) -> str:
    """Return the command that repeats a run."""
    parts = ["refocus", "run", *given.scenarios]
    if given.prior_only:
        parts.append("--prior-only")
    for name in (
        "roster",
        "years",
        "weeks",
        "draws",
        "posterior",
        "replications",
        "seed",
        "caseload",
        "engine",
    ):
        value = getattr(given, name)
        if value is not None:
            parts += [f"--{name}", str(value)]
    for text in given.set:
        parts += ["--set", text]
    return " ".join(shlex.quote(part) for part in [*parts, "--out", "DIR"])


@contextlib.contextmanager
def stop_on_interrupt() -> Iterator[list[bool]]:
    """Turn Ctrl-C into a request to stop after the chunks that are running."""
    asked = [False]

    def ask(number: int, frame: Any) -> None:
        if asked[0]:
            raise KeyboardInterrupt
        asked[0] = True

    try:
        before = signal.signal(signal.SIGINT, ask)
    except ValueError:
        yield asked
        return
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def simulated(job: Prepared, given: argparse.Namespace, folder: Path | None) -> Results:
    """Run a request with a progress bar, storing finished chunks in the folder."""
    from sim.runs.results import provenance
    from sim.runs.simulate import Cancelled, simulate
    from sim.scenarios.text import scenario_text

    workers = None if given.workers is None else whole("workers", given.workers, 1, 1024)
    if given.engine == "compiled":
        compile_first()
    texts = {one.name: scenario_text(one) for one in job.scenarios}
    notes = {"source": job.roster.source, "notes": list(job.roster.notes)}
    with stop_on_interrupt() as asked, progress_bar(job.request.worlds) as show:
        try:
            return simulate(
                job.request,
                engine=given.engine,
                workers=workers,
                folder=folder,
                on_progress=show,
                should_cancel=lambda: asked[0],
                metadata={
                    **provenance(texts, job.settings, notes, job.chosen),
                    "notes": list(job.notes),
                },
            )
        except Cancelled as stopped:
            hint = f"; go on with: refocus run --resume {folder}" if folder is not None else ""
            say(f"{stopped}{hint}")
            raise KeyboardInterrupt from stopped


def say(text: str) -> None:
    """Tell the user something that is not data."""
    print(f"refocus: {text}", file=sys.stderr, flush=True)


def compile_first() -> None:
    """Compile the model where that has not been done, and say how far it is."""
    from sim.runs.first_run import EXPECTED_SECONDS, PIECES, compile_week, is_compiled

    if is_compiled():
        return
    say(
        "first simulation after installation or an edit: compiling, about "
        f"{EXPECTED_SECONDS} seconds on a quiet machine, once ..."
    )
    if not sys.stderr.isatty():
        compile_week()
        return
    from tqdm import tqdm

    with tqdm(total=PIECES, unit="piece", desc="compiling", dynamic_ncols=True) as bar:

        def show(done: int, _: int) -> None:
            bar.n = max(bar.n, done)
            # Time goes on where pieces do not.
            bar.refresh()

        compile_week(show)


@contextlib.contextmanager
def progress_bar(worlds: int) -> Iterator[Any]:
    """Show a progress bar when somebody is looking, else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=worlds, unit="world", dynamic_ncols=True) as bar:

        def show(progress: Progress) -> None:
            bar.update(progress.done - bar.n)

        yield show


def summary_csv(results: Results, covers: str) -> str:
    """Return means over draws and replications by scenario, arm, week and measure as CSV."""
    import numpy as np

    from sim.spreadsheet import frame_csv

    table = results.table("summaries")
    grouped = table.groupby(["scenario", "arm", "week", "measure"], sort=False)
    frame = grouped[["n", "mean", "sd", "icc"]].mean().reset_index()
    count = grouped["mean"].count().to_numpy()
    frame["worlds"] = count
    frame["monte_carlo_se"] = grouped["mean"].std().to_numpy() / np.sqrt(count)
    frame["low"] = grouped["mean"].quantile(0.05).to_numpy()
    frame["high"] = grouped["mean"].quantile(0.95).to_numpy()
    frame["interval"] = f"central 90% of worlds; covers {covers}"
    return frame_csv(frame)
