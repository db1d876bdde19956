"""`refocus run`: simulate scenarios, save the tables, write the report."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.commands.declared import declare
from sim.commands.draws import add_draw_options, given_draws
from sim.commands.job import Job, add_job_options, job, resumed, say, tell_compiling
from sim.errors import InputError, unknown
from sim.reading.numbers import number, whole

if TYPE_CHECKING:
    from sim.engines.ensemble import Request
    from sim.inputs.roster import Roster
    from sim.posterior.choose import ChosenDraws
    from sim.runs.results import Results
    from sim.scenarios.schema import Scenario

LARGEST_TABLE = 6_000_000
MOST_WORLDS_WITH_EVENTS = 200
DETAILED = ("assessments", "team_weeks", "events")
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
    add_job_options(parser, "tables and report")
    parser.add_argument(
        "--format", nargs="+", default=["csv"], metavar="csv|parquet", help="of the tables"
    )
    parser.add_argument("--no-report", action="store_true", help="write tables only")
    declare(
        parser,
        only_with={"format": ("out", None), "no_report": ("out", None)},
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Simulate; print a summary, or save tables and report."""
    given = resumed(given)
    if not given.scenarios:
        raise InputError("scenarios: name at least one; see 'refocus list scenarios'")
    from sim.runs.results import FORMATS

    for one in given.format:
        if one not in FORMATS:
            raise unknown("format", one, FORMATS)
    asked = prepared(given)
    with job(given) as work:
        for one in asked.notes:
            say(one)
        results = simulated(asked, given, work)
        if work.folder is None:
            print(summary_csv(results, asked.chosen.covers), end="")
            return 0
        written = results.save(work.folder, tuple(given.format))
        if not given.no_report:
            from sim.files import write_texts
            from sim.report.run_report import RunFacts, run_report

            facts = RunFacts(
                asked.scenarios,
                asked.roster,
                asked.settings,
                command_of(given),
                asked.chosen,
                asked.notes,
            )
            written += write_texts(work.folder, {"report.html": run_report(results, facts)})
        work.finished()
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
    left_out: dict[str, str]


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
    left_out = {}
    if given.out is not None:
        left_out = too_large(
            worlds,
            worlds * (longest + 1) * len(roster.rows),
            2 * worlds * sum(row.sampled for row in roster.rows),
            given.caseload,
        )
    collect = ["summaries", "trajectories"]
    if given.out is not None:
        collect += [one for one in DETAILED if one not in left_out]
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
    notes += [f"table '{name}' is left out: {why}" for name, why in left_out.items()]
    return Prepared(request, scenarios, roster, settings, chosen, tuple(notes), left_out)


def too_large(worlds: int, team_weeks: int, people: int, caseload: str) -> dict[str, str]:
    """Return which detailed tables of a run are left out, and why.

    Parameters
    ----------
    worlds : int
        Worlds simulated.
    team_weeks, people : int
        Rows that the tables team_weeks and assessments would have.
    caseload : str
        Whom is simulated.
    """
    rows = max(team_weeks, people)
    if rows > LARGEST_TABLE:
        why = f"{rows:,} rows, more than {LARGEST_TABLE:,}; ask for fewer draws or weeks"
        return dict.fromkeys(DETAILED, why)
    if worlds > MOST_WORLDS_WITH_EVENTS or caseload != "sample":
        why = f"written for at most {MOST_WORLDS_WITH_EVENTS} worlds of sampled service users"
        return {"events": why}
    return {}


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


def simulated(asked: Prepared, given: argparse.Namespace, work: Job) -> Results:
    """Run a request, storing finished chunks in the folder."""
    from sim.runs.results import provenance
    from sim.runs.simulate import simulate
    from sim.scenarios.text import scenario_text

    if given.engine == "compiled":
        tell_compiling()
    texts = {one.name: scenario_text(one) for one in asked.scenarios}
    notes = {"source": asked.roster.source, "notes": list(asked.roster.notes)}
    about = provenance(texts, asked.settings, notes, asked.chosen)
    with work.running() as how:
        return simulate(
            asked.request,
            engine=given.engine,
            metadata={**about, "notes": list(asked.notes), "tables_left_out": asked.left_out},
            **how(""),
        )


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
