"""`refocus plan`: which teams, in which order, with what support, under a budget."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands.declared import declare
from sim.commands.draws import add_draw_options, given_draws
from sim.commands.job import add_job_options, job, resumed, tell_compiling
from sim.errors import InputError, unknown
from sim.reading.numbers import number_or_none, whole
from sim.spreadsheet import frame_csv

if TYPE_CHECKING:
    from sim.planning.plan_study import PlanOutcome, PlanQuestion

DRAWS = 60
PACKAGES = ("refocus-as-delivered", "refocus-boosters", "refocus-full")
FORMATS = ("text", "csv", "json")
LARGEST_SEED = 2**32 - 3
EXAMPLES = """\
examples:
  refocus plan --budget 150000 --years 2 --trainers 2 --roster teams.csv --out results/plan
  refocus plan refocus-as-delivered coaching-only --budget 80000 --objective reach
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "plan",
        help="search for a rollout under a budget",
        description="Search which teams get which package of support, and when, to do best under "
        "a yearly budget and the trainers there are. The plan is scored on draws that the search "
        "never saw, beside simple rules; the answer says when the search does not beat them, and "
        "shows the plan to take. What is started is committed to the end of its funding and must "
        "fit the budget as a whole.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "packages", nargs="*", metavar="SCENARIO", help=f"packages (default: {', '.join(PACKAGES)})"
    )
    parser.add_argument(
        "--budget", help="direct costs a year (default: the setting's, or no limit)"
    )
    parser.add_argument("--years", help="years looked at (default: the setting's, or 2)")
    parser.add_argument("--trainers", help="trainers at the same time (default: the setting's)")
    parser.add_argument(
        "--roster", default="trial", help="'trial' (default) or a CSV file of teams"
    )
    parser.add_argument("--objective", default="qpr", metavar="qpr|reach|equity")
    parser.add_argument(
        "--equity-weight",
        default="2",
        help="how much a person of the roster's share column counts under 'equity' (default 2)",
    )
    parser.add_argument(
        "--threshold", metavar="POINTS", help="a QPR difference of your own to be reached"
    )
    parser.add_argument(
        "--include-control",
        action="store_true",
        help="plan for teams whose arm in the roster is control too",
    )
    parser.add_argument("--setting", metavar="FILE", help="dates, trainers, budget (TOML)")
    parser.add_argument("--prices", metavar="FILE", help="your own prices (TOML)")
    add_draw_options(parser, DRAWS)
    parser.add_argument("--seed", default="1", help="seed of the keyed draws (default 1)")
    parser.add_argument("--format", default="text", metavar="text|csv|json", help="what is printed")
    add_job_options(parser, "tables and report")
    declare(parser, only_with={"equity_weight": ("objective", "equity")})
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Search, score, and print or save."""
    given = resumed(given)
    if given.format not in FORMATS:
        raise unknown("format", given.format, FORMATS)
    question, covers = question_of(given)
    from sim.planning.plan_content import plan_content
    from sim.planning.plan_study import solve
    from sim.planning.plan_tables import beside_rows, frame_of
    from sim.planning.plan_text import plan_text

    with job(given) as work:
        tell_compiling()
        with work.running() as how:
            outcome = solve(question, **how(""))
        if work.folder is not None:
            written = saved(work.folder, outcome, covers, command_of(given))
            work.finished()
            for path in written:
                print(path)
        elif given.format == "csv":
            print(frame_csv(frame_of(beside_rows(outcome))), end="")
        elif given.format == "json":
            print(json.dumps(plan_content(outcome, covers, command_of(given)), indent=1))
        else:
            print(plan_text(outcome, covers))
    return 0


def question_of(given: argparse.Namespace) -> tuple[PlanQuestion, str]:
    """Return the question that the arguments ask, and what intervals cover."""
    import dataclasses

    from sim.commands.simulation import chosen_roster
    from sim.planning.plan_search import OBJECTIVES
    from sim.planning.plan_study import PlanQuestion, packages_of
    from sim.planning.prices import read_prices, shipped_prices
    from sim.planning.setting import LONGEST_YEARS, Setting, read_setting
    from sim.planning.trainers import check_capacity
    from sim.scenarios.library import load_scenario

    if given.objective not in OBJECTIVES:
        raise unknown("objective", given.objective, OBJECTIVES)
    seed = whole("seed", given.seed, 0, LARGEST_SEED)
    setting = Setting() if given.setting is None else read_setting(given.setting)
    if setting.waves:
        raise InputError(
            f"setting '{setting.source}': waves: the search finds the start weeks itself; leave "
            "waves out, or use 'refocus compare'"
        )
    capacity = setting.capacity
    budget = number_or_none("budget", given.budget, 0.0, 1e10)
    if budget is not None:
        capacity = dataclasses.replace(capacity, budget_per_year=budget)
    if given.trainers is not None:
        trainers = whole("trainers", given.trainers, 0, 1000)
        capacity = dataclasses.replace(capacity, trainers=trainers)
    years = number_or_none("years", given.years, 1 / 52, LONGEST_YEARS) or setting.years or 2.0
    weeks = max(1, round(52 * years))
    chosen = given_draws(given, seed)
    if len(chosen.draws) < 2:
        raise InputError(f"draws = {given.draws}: at least 2, for search and score apart")
    names = given.packages or PACKAGES
    weight = number_or_none("equity-weight", given.equity_weight, 0.01, 100.0)
    assert weight is not None
    question = PlanQuestion(
        packages=packages_of([load_scenario(name) for name in names], weeks),
        roster=chosen_roster(given.roster, seed),
        capacity=check_capacity(capacity),
        prices=shipped_prices() if given.prices is None else read_prices(given.prices),
        draws=chosen.draws,
        weeks=weeks,
        seed=seed,
        objective=given.objective,
        equity_weight=weight,
        setting=setting,
        threshold=number_or_none("threshold", given.threshold, 0.01, 60.0),
        include_control=given.include_control,
    )
    return question, chosen.covers


def saved(folder: Path, outcome: PlanOutcome, covers: str, command: str) -> list[Path]:
    """Save tables and report; return their paths."""
    import pandas as pd

    from sim.files import write_texts
    from sim.planning.plan_content import plan_content
    from sim.planning.plan_tables import beside_rows, frame_of, score_rows
    from sim.report.plan_report import plan_report

    contents: dict[str, str] = {
        "plan.csv": frame_csv(frame_of(beside_rows(outcome))),
        "scores.csv": frame_csv(pd.DataFrame(score_rows(outcome))),
        "plan.json": json.dumps(plan_content(outcome, covers, command), indent=1) + "\n",
        "report.html": plan_report(outcome, covers, command),
    }
    return write_texts(folder, contents)


def command_of(given: argparse.Namespace) -> str:
    """Return the command that repeats a plan."""
    import shlex

    parts = ["refocus", "plan", *given.packages]
    for name in (
        "budget",
        "years",
        "trainers",
        "roster",
        "objective",
        "equity_weight",
        "threshold",
        "setting",
        "prices",
        "draws",
        "posterior",
        "seed",
    ):
        value = getattr(given, name)
        if value is not None:
            parts += [f"--{name.replace('_', '-')}", str(value)]
    if given.prior_only:
        parts.append("--prior-only")
    if given.include_control:
        parts.append("--include-control")
    return " ".join(shlex.quote(part) for part in [*parts, "--out", "DIR"])
