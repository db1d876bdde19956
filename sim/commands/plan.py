"""`refocus plan`: which teams, in which order, with what support, under a budget."""

from __future__ import annotations

import argparse

from sim.api.plan import DRAWS, PACKAGES
from sim.commands.allowed_options import declare
from sim.commands.draws import add_draw_options, given_draws
from sim.commands.job import add_job_options, job, resumed, tell_compiling
from sim.commands.roster_options import add_roster_options, given_roster

FORMATS = ("text", "csv", "json")
EXAMPLES = """\
examples:
  refocus plan --budget 150000 --years 2 --trainers 2 --roster teams.csv --out results/search
  refocus plan refocus-as-delivered coaching-only --budget 80000 --objective reach
  refocus plan --budget 150000 --from results/learnt --out results/replan
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
    )
    parser.add_argument(
        "packages", nargs="*", metavar="SCENARIO", help=f"packages (default: {', '.join(PACKAGES)})"
    )
    parser.add_argument(
        "--budget", help="direct costs a year (default: the setting's, or no limit)"
    )
    parser.add_argument("--years", help="years looked at (default: the setting's, or 2)")
    parser.add_argument("--trainers", help="trainers at the same time (default: the setting's)")
    add_roster_options(parser, "the folder that --from names")
    parser.add_argument(
        "--objective",
        default="qpr",
        metavar="OUTCOME",
        help="what to do best on over the time looked at: qpr (point-years, default), reach "
        "(person-time), practice, equity (point-years, weighted); or qpr-at-end",
    )
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
    parser.add_argument(
        "--from",
        metavar="DIR",
        help="the folder of a 'refocus update': plan what is still to come, with its posterior; "
        "weeks gone and teams that have started are taken as given",
    )
    parser.add_argument("--spent", metavar="GBP", help="direct costs so far (default: as planned)")
    parser.add_argument("--setting", metavar="FILE", help="dates, trainers, budget (TOML)")
    parser.add_argument("--prices", metavar="FILE", help="your own prices (TOML)")
    add_draw_options(parser, DRAWS)
    parser.add_argument("--seed", default="1", help="seed of the keyed draws (default 1)")
    parser.add_argument("--format", default="text", metavar="text|csv|json", help="what is printed")
    add_job_options(parser, "tables and report")
    declare(
        parser,
        only_with={"equity_weight": ("objective", "equity"), "spent": ("from", None)},
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Search, score, and print or save."""
    from sim.api.plan import plan, planned

    options = resumed(options, FORMATS)
    question = plan.question(
        options.packages or PACKAGES,
        budget=options.budget,
        years=options.years,
        trainers=options.trainers,
        **given_roster(options, options.setting),
        objective=options.objective,
        equity_weight=options.equity_weight,
        threshold=options.threshold,
        include_control=options.include_control,
        setting=options.setting,
        prices=options.prices,
        draws=given_draws(options, getattr(options, "from")),
        seed=options.seed,
        under_way=getattr(options, "from"),
        spent=options.spent,
    )
    with job(options) as work:
        tell_compiling()
        with work.running() as how:
            answer = planned(question, **how(""))
        work.give(answer, lambda: answer.decision.answer)
    return 0
