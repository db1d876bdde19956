"""`refocus compare`: strategies beside usual care, with their costs and what is uncertain."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from sim.api.compare import DRAWS, RANK_BY, REPLICATIONS, TRIAL_SIZE
from sim.commands.draws import add_draw_options, given_draws, settings_of
from sim.commands.job import add_job_options, job, resumed, say, tell_compiling
from sim.commands.roster_options import add_roster_options, given_roster

if TYPE_CHECKING:
    from sim.planning.comparison import Comparison

FORMATS = ("text", "csv", "json", "pdf-ready")
EXAMPLES = """\
examples:
  refocus compare refocus-as-delivered refocus-full --base usual-care
  refocus compare refocus-boosters --roster teams.csv --setting setting.toml --out results/boosters
  refocus compare refocus-as-delivered refocus-boosters --years 3 --threshold 2 --format csv
  refocus template setting > setting.toml
  refocus template prices > prices.toml
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "compare",
        help="compare strategies: outcomes, chances, costs",
        description="Compare strategies with a base on common random numbers: what changes, how "
        "likely harm and benefit are, what it costs, and what drives the answer. With --out: "
        "a report and its tables in that folder.",
        epilog=EXAMPLES,
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="library name or file")
    parser.add_argument("--base", default="usual-care", help="compare with (default usual-care)")
    add_roster_options(parser)
    parser.add_argument("--setting", metavar="FILE", help="dates, trainers, budget (TOML)")
    parser.add_argument("--prices", metavar="FILE", help="your own prices (TOML)")
    parser.add_argument("--years", help="years looked at (52 weeks each)")
    add_draw_options(parser, DRAWS)
    parser.add_argument(
        "--replications",
        default=str(REPLICATIONS),
        help=f"runs of chance for each draw (default {REPLICATIONS})",
    )
    parser.add_argument("--seed", default="1", help="seed of the keyed draws (default 1)")
    parser.add_argument(
        "--threshold", metavar="POINTS", help="a QPR difference of your own to be reached"
    )
    parser.add_argument(
        "--rank-by",
        default=RANK_BY,
        metavar="OUTCOME",
        help="what decides: recovery (default), reach, practice, support, cost-per-person-reached "
        "or cost-per-qpr-point",
    )
    parser.add_argument(
        "--point-worth",
        metavar="GBP",
        help="what a QPR point for one person is worth to you: what knowing more is worth is then "
        "told in money (no accepted figure exists)",
    )
    parser.add_argument(
        "--trial-size",
        default=TRIAL_SIZE,
        metavar="TEAMSxPEOPLE",
        help=f"of a trial whose worth is asked: teams, and people followed up in each (default "
        f"{TRIAL_SIZE})",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter, or a field of every scenario but the base; may be repeated",
    )
    add_job_options(parser, "report and tables")
    parser.add_argument(
        "--format",
        default="text",
        help="of what is printed: text (default), csv, json, or pdf-ready (a page to print)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare; print in the format asked for, save report and tables."""
    from sim.api.compare import compare, compared

    options = resumed(options, FORMATS)
    question = compare.question(
        options.scenarios,
        base=options.base,
        **given_roster(options, options.setting),
        setting=options.setting,
        prices=options.prices,
        years=options.years,
        draws=given_draws(options),
        replications=options.replications,
        seed=options.seed,
        threshold=options.threshold,
        rank_by=options.rank_by,
        point_worth=options.point_worth,
        trial_size=options.trial_size,
        settings=settings_of(options),
    )
    with job(options) as work:
        tell_compiling()
        with work.running() as how:
            answer = compared(question, **how(""))
        if work.folder is not None or options.format != "text":
            warned(answer.comparison)
        work.give(answer, lambda: answer.decision.answer)
        if work.folder is None and options.format == "text":
            print("Report and all tables: add --out DIR.")
    return 0


def warned(comparison: Comparison) -> None:
    """Tell of too few draws where the answer itself goes elsewhere."""
    from sim.planning.verdicts import few_draws_text

    few = few_draws_text(comparison)
    if few:
        say(few)
