"""`refocus calibrate`: fit, report, check. The command line of `sim` finds it without importing it.

`add_arguments(parser)` and `run(arguments) -> int` are the entrance; `python -m calibration` uses
the same functions.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.errors import InputError

EXAMPLES = """\
examples:
  refocus calibrate --quick --out results/quick        five minutes, for teaching
  refocus calibrate --out results/fit                  the full fit
  refocus calibrate --resume results/fit               go on with a fit that was stopped
  refocus calibrate --resume results/fit --report      write the report again
  refocus calibrate --targets my.toml --roster teams.csv --scenario delivered.toml --out results/own
"""
SHIPPED_POSTERIOR = Path("sim") / "posterior" / "refocus.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refocus calibrate` to a parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLES
    parser.add_argument("--targets", metavar="FILE", help="targets (TOML); the trial's by default")
    parser.add_argument("--roster", metavar="FILE", help="teams of an own trial (CSV)")
    parser.add_argument("--scenario", metavar="NAME", help="what was delivered: name or TOML file")
    parser.add_argument("--quick", action="store_true", help="a small fit, for teaching")
    parser.add_argument("--out", metavar="DIR", help="folder for stages and results")
    parser.add_argument("--resume", metavar="DIR", help="go on in a folder of an earlier run")
    parser.add_argument("--report", action="store_true", help="write the report of a finished fit")
    parser.add_argument("--check", action="store_true", help="check the targets only")
    parser.add_argument("--docs", metavar="FILE", help="also write the report as Markdown")
    parser.add_argument("--ship", action="store_true", help="also write the shipped posterior")
    parser.add_argument("--invented", action="store_true", help="mark the report: invented data")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything (1)")
    parser.add_argument("--workers", type=int, help="threads; all processors by default")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    for name in SIZES:
        parser.add_argument(f"--{name}", type=int, help=argparse.SUPPRESS)


SIZES = (
    "screen",
    "waves",
    "effects",
    "particles",
    "replicates",
    "predictive",
    "explained",
    "truths",
)
SMALLEST = {
    "screen": 250,
    "waves": 400,
    "effects": 100,
    "particles": 32,
    "replicates": 3,
    "predictive": 20,
    "explained": 10,
    "truths": 4,
}


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say; return the exit code.

    Raises
    ------
    InputError
        For anything that cannot be used, by name.
    """
    from calibration.targets import load_targets

    targets = load_targets(arguments.targets)
    if arguments.check:
        for one in targets.values():
            print(f"{one.pattern:4} {one.use:9} {one.name}: {one.title}")
        return 0
    if arguments.out and arguments.resume and Path(arguments.out) != Path(arguments.resume):
        raise InputError("--out and --resume: name one folder, not two")
    folder = Path(arguments.resume or arguments.out or "results/calibration")
    if arguments.resume and not folder.is_dir():
        raise InputError(f"--resume {folder}: there is no such folder")
    if arguments.report:
        return write_reports(folder, arguments)
    from calibration.fit import FULL, QUICK, start
    from calibration.pipeline import calibrate_fit, store
    from calibration.posterior import write_posterior

    settings = replace(QUICK if arguments.quick else FULL, seed=checked_seed(arguments.seed))
    for name in SIZES:
        value = getattr(arguments, name, None)
        if value is not None:
            if value < SMALLEST[name]:
                raise InputError(f"--{name} {value}: must be at least {SMALLEST[name]}")
            settings = replace(settings, **{name: value})
    settings = as_before(folder, settings) if arguments.resume else settings
    own: dict[str, Any] = {}
    if arguments.roster or arguments.scenario:
        from calibration.own import own_trial

        own = own_trial(arguments.roster, arguments.scenario, settings.seed)
    fit = start(targets, settings, folder, workers=arguments.workers, quiet=arguments.quiet, **own)
    outcome = calibrate_fit(fit)
    store(fit, outcome, folder)
    if arguments.ship:
        write_posterior(fit, outcome.records, outcome.results["diagnostics"], SHIPPED_POSTERIOR)
    return write_reports(folder, arguments)


def write_reports(folder: Path, arguments: argparse.Namespace) -> int:
    """Write the page and, when asked for, the Markdown."""
    from calibration.report import load_results, write_markdown, write_page

    results = load_results(folder)
    write_page(results, folder / "report.html", arguments.invented)
    print(f"report: {folder / 'report.html'}")
    if arguments.docs:
        from calibration.document import EXTRA

        write_markdown(results, Path(arguments.docs), EXTRA)
        print(f"document: {arguments.docs}")
    return 0


def checked_seed(seed: int) -> int:
    """Return the seed, or refuse it."""
    from sim.streams import check_seed

    return check_seed(seed)


def as_before(folder: Path, settings: Any) -> Any:
    """Return the settings of the fit that a folder holds; `settings` when it holds none."""
    import json

    path = folder / "fit.json"
    if not path.exists():
        return settings
    return replace(settings, **json.loads(path.read_text(encoding="utf-8"))["settings"])


def main(argv: list[str] | None = None) -> int:
    """Run `python -m calibration fit|report|check ...`; a user's error ends with exit code 2."""
    import sys

    words = sys.argv[1:] if argv is None else argv
    verbs: dict[str, Callable[[argparse.Namespace], None]] = {
        "fit": lambda arguments: None,
        "report": lambda arguments: setattr(arguments, "report", True),
        "check": lambda arguments: setattr(arguments, "check", True),
    }
    parser = argparse.ArgumentParser(prog="python -m calibration", description=__doc__)
    parser.add_argument("verb", choices=tuple(verbs))
    add_arguments(parser)
    try:
        arguments = parser.parse_args(words)
        verbs[arguments.verb](arguments)
        return run(arguments)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
