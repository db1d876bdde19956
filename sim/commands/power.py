"""`refocus power`: the power of a trial design, by simulation and by formula."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from sim.commands.allowed_options import by_name, declare
from sim.commands.job import add_job_options, command_of, job, resumed, say, tell_compiling
from sim.errors import InputError
from sim.reading.toml_text import read_value

if TYPE_CHECKING:
    from sim.api.power import PowerQuestion
    from sim.trials.designs.design_schema import DesignFile

FORMATS = ("text", "csv", "json", "protocol")
EXAMPLES = """\
examples:
  refocus power four-point-target
  refocus power my-trial.toml --precision 0.005 --out results/power
  refocus power two-point-target --find clusters --target 0.8
  refocus power four-point-target --grid clusters=10,14,18,22 icc=0.01,0.05 --format csv
  refocus power refocus --set size=20 --draws 200
  refocus power four-point-target --formula-only
  refocus power four-point-target --formula-only --grid icc=0.01,0.03,0.1 clusters=14,20,28
  refocus power four-point-target --formula-only --format protocol
  refocus power four-point-target --formula-only --find cost --set cost_per_team=2000 \
    --set cost_per_person=60
  refocus template design --out my-trial.toml
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "power",
        help="power of a trial design",
        description="Simulate a trial design many times and analyse every trial: power, type I "
        "error, bias, coverage and standard errors with their Monte Carlo errors, beside the "
        "formula's answer. With --out: tables and a report in that folder. Ctrl-C stops it and "
        "shows what is done.",
        epilog=EXAMPLES,
    )
    parser.add_argument(
        "design", nargs="?", metavar="DESIGN", help="a TOML file, or a worked design's name"
    )
    parser.add_argument("--simulations", metavar="N", help="trials (default: the file's)")
    parser.add_argument(
        "--precision", metavar="SE", help="simulate until the Monte Carlo SE is this small"
    )
    parser.add_argument("--draws", metavar="N", help="posterior draws; 0 for the defaults")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a field of the design; may be repeated",
    )
    parser.add_argument(
        "--grid",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=V,V,...",
        help="power at every combination of these values",
    )
    parser.add_argument(
        "--find",
        metavar="clusters|size|effect|cost",
        help="the smallest with enough power (effect and cost: by formula)",
    )
    parser.add_argument("--target", metavar="POWER", help="power wanted (default: the file's)")
    parser.add_argument("--seed", default="1", help="seed of the trials (default 1)")
    add_job_options(parser, "tables and report")
    parser.add_argument(
        "--format",
        default="text",
        metavar="text|csv|json|protocol",
        help="of the output; protocol: sample size, target difference and items in words",
    )
    parser.add_argument(
        "--no-sensitivity", action="store_true", help="leave out assurance and sensitivity"
    )
    parser.add_argument(
        "--formula-only", action="store_true", help="the formula's answer at once, no simulation"
    )
    declare(
        parser,
        alone_with={"formula_only": ("set", "format", "find", "target", "grid")},
        only_with={"target": ("find", None)},
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Calculate; print, and with --out write tables and the report."""
    from sim.api.power import by_formula, powered
    from sim.engines.code_cache import FIT_SOURCES, SOURCES

    options = resumed(options, FORMATS)
    if options.formula_only:
        formula = by_formula(
            design_of(options), grid=options.grid, find=options.find, target=options.target
        )
        print(formula.printed(options.format), end="")
        return 0
    question = question_of(options)
    with job(options, "trial") as work:
        tell_compiling(FIT_SOURCES if question.file.agents is None else SOURCES)
        with work.running(tells_itself=True):
            answer = powered(question, work.how, work.stop)
        stopped = answer.outcome.stopped
        if work.folder is not None:
            paths = answer.save(work.folder, command_of(options))
            if not stopped:
                work.finished()
            for path in paths:
                say(f"wrote {path}")
        print(answer.printed(options.format), end="", flush=True)
        if stopped:
            raise KeyboardInterrupt(answer.outcome.caution)
    return 0


def design_of(options: argparse.Namespace) -> DesignFile:
    """Return the design that is named, with the fields changed that are set."""
    from sim.api.power import chosen_design, varied
    from sim.trials.designs.design_file import check_apart, design_names

    if options.design is None:
        worked = ", ".join(design_names())
        raise InputError(f"design: name a TOML file or a worked design: {worked}")
    named = by_name("set", map(setting, options.set))
    found = chosen_design(options.design, named)
    grid = [text.partition("=")[0].strip() for text in options.grid or ()]
    # One without a name is told where it is read, with what it says.
    check_apart(found, named, varied(filter(None, grid), options.find, "--"), "--set")
    return found


def question_of(options: argparse.Namespace) -> PowerQuestion:
    """Return what the arguments ask, checked before the first simulation."""
    from sim.api.power import power_question

    return power_question(
        design_of(options),
        simulations=options.simulations,
        precision=options.precision,
        draws=options.draws,
        grid=options.grid,
        find=options.find,
        target=options.target,
        seed=options.seed,
        sensitivity=not options.no_sensitivity,
    )


def setting(text: str) -> tuple[str, Any]:
    """Return a field and its value, read as TOML and, where it is none, as text."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise InputError(f"set = '{text}': must have the form name=value")
    return name, read_value(value)
