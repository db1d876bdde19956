"""`refocus calibrate`: fit, report, check.

The command line of `sim` knows nothing of this package: it finds the command among the installed
entry points `refocus.commands` (pyproject.toml) and calls `add_arguments`, as for its own commands.
`python -m calibration` uses the same functions.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands.allowed_options import declare
from sim.commands.job import add_job_options, job, read_job, resumed, say
from sim.errors import InputError
from sim.reading.numbers import whole

if TYPE_CHECKING:
    from calibration.evidence.targets import Target

EXAMPLES = """\
examples:
  refocus calibrate --quick --out results/quick        five minutes, for teaching
  refocus calibrate --out results/fit                  the full fit
  refocus calibrate --resume results/fit               go on with a fit that was stopped
  refocus calibrate --resume results/fit --report      write the report again
  refocus calibrate --data people.csv --scenario delivered.toml --out results/own
  refocus calibrate --targets my.toml --roster teams.csv --scenario delivered.toml --out results/own
  refocus calibrate --data north=people.csv --roster south=teams.csv --targets south=their.toml \
    --scenario south=refocus-full --out results/two-trials
"""
FOLDER = "results/calibration"


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser to those of `refocus`."""
    parser = commands.add_parser(
        "calibrate",
        help="fit the model to the trial, or to an own trial",
        description="Fit the model to reported figures, check the fit, and write its report and "
        "posterior.",
    )
    add_options(parser)
    parser.set_defaults(run=run)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `refocus calibrate` to a parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    for name, value, words in (
        ("targets", "FILE", "targets (TOML); the trial's by default"),
        ("data", "FILE", "individual data of an own trial (.csv .xlsx .dta .sav ...)"),
        ("sheet", "NAME", "sheet of the data's workbook"),
        ("roster", "FILE", "teams of an own trial (.csv .xlsx ...)"),
        ("columns", "FILE", "which columns of the roster are which (TOML)"),
        ("scenario", "NAME", "what was delivered: name or TOML file"),
    ):
        parser.add_argument(
            f"--{name}",
            action="append",
            metavar=f"[TRIAL=]{value}",
            help=f"{words}; again for another trial",
        )
    parser.add_argument("--quick", action="store_true", help="a small fit, for teaching")
    add_job_options(parser, f"results and report (default {FOLDER})")
    parser.add_argument("--report", action="store_true", help="write the report of a finished fit")
    parser.add_argument("--check", action="store_true", help="check the targets only")
    parser.add_argument("--docs", metavar="FILE", help="also write the report as Markdown")
    parser.add_argument("--ship", action="store_true", help="also write the shipped posteriors")
    parser.add_argument("--invented", action="store_true", help="mark the report: invented data")
    parser.add_argument("--seed", default="1", help="seed of everything (1)")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    for name in SIZES:
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    declare(
        parser,
        alone_with={
            "check": ("targets", "data", "sheet", "roster", "columns", "scenario"),
            "report": ("resume", "out", "docs", "invented", "quiet"),
            "resume": (
                "out",
                "report",
                "targets",
                "data",
                "sheet",
                "roster",
                "scenario",
                "docs",
                "ship",
                "invented",
                "workers",
                "cluster",
                "keep_chunks",
                "quiet",
            ),
        },
    )


SIZES = (
    "screen",
    "waves",
    "effects",
    "particles",
    "replicates",
    "emulated",
    "predictive",
    "explained",
    "truths",
)
SMALLEST = {
    "screen": 300,
    "waves": 400,
    "effects": 100,
    "particles": 32,
    "replicates": 3,
    "emulated": 200,
    "predictive": 20,
    "explained": 10,
    "truths": 4,
}


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say; return the exit code.

    Raises InputError for anything that cannot be used, by name.
    """
    arguments = resumed(arguments, finished_too=True)
    if arguments.check:
        targets, _ = asked(arguments, checked_seed(arguments.seed))
        for one in targets.values():
            value = "" if one.value is None else f" = {one.value:g}"
            if one.of is not None:
                value += f" of {one.of}"
            print(f"{one.pattern:4} {one.use:9} {one.name}{value}: {one.title}")
        return 0
    arguments.out = arguments.out or FOLDER
    folder = Path(arguments.out)
    known = read_job(folder) if arguments.resume else None
    if arguments.report or (known and known["finished"]):
        try:
            write_reports(folder, arguments)
        except KeyError as error:
            raise InputError(
                f"folder '{folder}': its results.json is of another version of the program, as it "
                f"lacks {error}; fit anew"
            ) from None
    else:
        fitted(arguments)
    if arguments.ship:
        ship(folder)
    return 0


def asked(arguments: argparse.Namespace, seed: int) -> tuple[dict[str, Target], dict[str, Any]]:
    """Return the targets, and the designs of own trials (empty for the trial of REFOCUS)."""
    from calibration.own_trials import OF_A_TRIAL, own_trials

    options = {name: getattr(arguments, name) for name in OF_A_TRIAL}
    return own_trials(options, arguments.targets or (), seed, say)


def fitted(arguments: argparse.Namespace) -> None:
    """Fit, and write results and posterior into the folder."""
    from calibration.pipeline import calibrate_fit, store
    from calibration.sampling.fit import FULL, QUICK, start

    settings = replace(QUICK if arguments.quick else FULL, seed=checked_seed(arguments.seed))
    for name in SIZES:
        value = getattr(arguments, name, None)
        if value is not None:
            settings = replace(settings, **{name: whole(name, value, SMALLEST[name])})
    targets, own = asked(arguments, settings.seed)
    with job(arguments, "row") as work:
        with work.running() as how:
            fit = start(targets, settings, part=how, quiet=arguments.quiet, **own)
            outcome = calibrate_fit(fit)
        assert work.folder is not None
        store(fit, outcome, work.folder)
        write_reports(work.folder, arguments)
        work.finished()


def ship(folder: Path) -> None:
    """Make the posteriors of a finished fit the shipped ones: both trials, and those beside it.

    Raises InputError when the fit is not one of both trials.
    """
    from calibration.pipeline import POSTERIOR_FILE
    from sim.files import write_whole
    from sim.posterior import BOTH_TRIALS, NAMES, posterior_file

    found = {name: folder / f"{name}.csv" for name in NAMES}
    found[BOTH_TRIALS] = folder / POSTERIOR_FILE
    for path in found.values():
        if not path.exists():
            raise InputError(
                f"ship = '{folder}': lacks {path.name}; only a fit of both trials ships"
            )
    for name, path in found.items():
        for suffix in (".csv", ".json"):
            write_whole(
                posterior_file(name).with_suffix(suffix), path.with_suffix(suffix).read_bytes()
            )
        print(f"posterior: {posterior_file(name)}")


def write_reports(folder: Path, arguments: argparse.Namespace) -> None:
    """Write the page and, when asked for, the Markdown."""
    from calibration.findings.report import load_results, write_markdown, write_page

    results = load_results(folder)
    write_page(results, folder / "report.html", bool(arguments.invented))
    print(f"report: {folder / 'report.html'}")
    if arguments.docs:
        from calibration.findings.document import beside_the_report

        write_markdown(results, Path(arguments.docs), beside_the_report())
        print(f"document: {arguments.docs}")


def checked_seed(seed: str) -> int:
    """Return the seed, or refuse it."""
    from sim.streams import MAXIMUM_SEED

    return whole("seed", seed, 0, MAXIMUM_SEED)
