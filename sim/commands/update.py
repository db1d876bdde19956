"""`refocus update`: what was observed in the first months moves the planner's own posterior."""

from __future__ import annotations

import argparse

from sim.api.update import DRAWS
from sim.commands.allowed_options import declare
from sim.commands.draws import add_draw_options, given_draws
from sim.commands.job import add_job_options, job, resumed, say, tell_compiling
from sim.commands.roster_options import add_roster_options, given_roster

FORMATS = ("text", "csv", "json")
EXAMPLES = """\
examples:
  refocus template register > attendance.csv
  refocus update --plan results/search --register attendance.csv --out learnt
  refocus update refocus-boosters --roster teams.csv --register attendance.csv \\
      --audit audit.csv --turnover leavers.csv --outcomes qpr.csv --out learnt
  refocus compare refocus-boosters --roster teams.csv --posterior learnt
  refocus plan --budget 90000 --from learnt
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "update",
        help="learn from the first months of a rollout",
        description="Update the posterior with what was observed of your own teams, say which "
        "parameters moved, what is now expected, and which teams lag. The folder can be given as "
        "--posterior to run, compare and plan, as precision.posterior to power, and as --from to "
        "plan.",
        epilog=EXAMPLES,
    )
    parser.add_argument(
        "scenario", nargs="?", metavar="SCENARIO", help="what is rolled out, the same in all teams"
    )
    parser.add_argument(
        "--plan",
        metavar="DIR|FILE",
        help="which team gets what from when, instead of SCENARIO: the folder of a 'refocus plan', "
        "with its teams and horizon, or a file ('refocus template plan')",
    )
    add_roster_options(parser, "the folder that --plan names")
    parser.add_argument("--register", metavar="FILE", help="attendance by session and team")
    parser.add_argument("--audit", metavar="FILE", help="audits of practice, 0-1 or 0-100")
    parser.add_argument("--turnover", metavar="FILE", help="leavers and starters by team")
    parser.add_argument("--outcomes", metavar="FILE", help="means of QPR or INSPIRE, n and SD")
    parser.add_argument("--years", help="years looked at (default: the setting's, or 2)")
    parser.add_argument("--setting", metavar="FILE", help="first day and years (TOML)")
    add_draw_options(parser, DRAWS)
    parser.add_argument("--seed", default="1", help="seed of the keyed draws (default 1)")
    parser.add_argument("--format", default="text", metavar="text|csv|json", help="what is printed")
    add_job_options(parser, "report, tables and the updated posterior")
    declare(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read, learn, and print or save."""
    from sim.api.update import learnt_from, update

    options = resumed(options, FORMATS)
    question = update.question(
        options.scenario,
        plan=options.plan,
        **given_roster(options, options.setting),
        register=options.register,
        audit=options.audit,
        turnover=options.turnover,
        outcomes=options.outcomes,
        setting=options.setting,
        years=options.years,
        draws=given_draws(options),
        seed=options.seed,
    )
    with job(options) as work:
        for note in question.observed.notes:
            say(note)
        tell_compiling()
        with work.running() as how:
            answer = learnt_from(question, **how(""))
        work.give(answer, lambda: answer.advice)
    return 0
