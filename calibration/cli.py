"""`refocus calibrate`: fit, report, check.

The command line of `sim` knows nothing of this package: it finds the command among the installed
entry points `refocus.commands` (pyproject.toml) and calls `add_arguments`, as for its own commands.
`python -m calibration` uses the same functions.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from sim.commands.declared import declare
from sim.errors import InputError, nearest
from sim.reading.numbers import whole

EXAMPLES = """\
examples:
  refocus calibrate --quick --out results/quick        five minutes, for teaching
  refocus calibrate --out results/fit                  the full fit
  refocus calibrate --resume results/fit               go on with a fit that was stopped
  refocus calibrate --resume results/fit --report      write the report again
  refocus calibrate --targets my.toml --roster teams.csv --scenario delivered.toml --out results/own
"""
GIVEN_FILE = "given.json"
# What a resumed fit takes from its folder when it is not given again.
REMEMBERED = ("targets", "roster", "scenario", "invented")


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
    parser.add_argument("--seed", default="1", help="seed of everything (1)")
    parser.add_argument("--workers", help="threads; all processors by default")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    for name in SIZES:
        parser.add_argument(f"--{name}", help=argparse.SUPPRESS)
    declare(
        parser,
        alone_with={
            "check": ("targets", "roster", "scenario"),
            "report": ("resume", "out", "docs", "invented", "quiet"),
            "resume": (
                "out",
                "report",
                "targets",
                "roster",
                "scenario",
                "docs",
                "ship",
                "invented",
                "workers",
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

    Raises
    ------
    InputError
        For anything that cannot be used, by name.
    """
    from calibration.targets import load_targets

    if arguments.check:
        targets = load_targets(arguments.targets)
        if arguments.roster or arguments.scenario:
            from calibration.own import own_trial

            own_trial(arguments.roster, arguments.scenario, checked_seed(arguments.seed))
        for one in targets.values():
            print(f"{one.pattern:4} {one.use:9} {one.name}: {one.title}")
        return 0
    if arguments.out and arguments.resume and Path(arguments.out) != Path(arguments.resume):
        raise InputError("--out and --resume: name one folder, not two")
    folder = Path(arguments.resume or arguments.out or "results/calibration")
    if arguments.resume and not folder.is_dir():
        raise InputError(f"--resume {folder}: there is no such folder")
    if arguments.resume:
        recall(folder, arguments)
    if arguments.report:
        return write_reports(folder, arguments)
    from calibration.fit import FULL, QUICK, start
    from calibration.pipeline import calibrate_fit, store
    from calibration.posterior import write_posterior

    targets = load_targets(arguments.targets)
    settings = replace(QUICK if arguments.quick else FULL, seed=checked_seed(arguments.seed))
    for name in SIZES:
        value = getattr(arguments, name, None)
        if value is not None:
            settings = replace(settings, **{name: whole(name, value, SMALLEST[name])})
    settings = as_before(folder, settings) if arguments.resume else settings
    own: dict[str, Any] = {}
    if arguments.roster or arguments.scenario:
        from calibration.own import own_trial

        own = own_trial(arguments.roster, arguments.scenario, settings.seed)
    workers = None if arguments.workers is None else whole("workers", arguments.workers, 1, 1024)
    fit = start(targets, settings, folder, workers=workers, quiet=arguments.quiet, **own)
    remember(folder, arguments)
    outcome = calibrate_fit(fit)
    store(fit, outcome, folder)
    if arguments.ship:
        from sim.posterior import SHIPPED

        write_posterior(fit, outcome.records, outcome.results, SHIPPED)
        print(f"posterior: {SHIPPED}")
    return write_reports(folder, arguments)


def remember(folder: Path, arguments: argparse.Namespace) -> None:
    """Note in a fit's folder which files it was given."""
    import json

    from sim.files import write_whole

    given = {name: getattr(arguments, name) for name in REMEMBERED}
    for name in ("targets", "roster", "scenario"):
        if given[name] is not None and Path(given[name]).is_file():
            given[name] = str(Path(given[name]).resolve())
    write_whole(folder / GIVEN_FILE, (json.dumps(given, indent=1) + "\n").encode())


def recall(folder: Path, arguments: argparse.Namespace) -> None:
    """Take what a fit was given before, unless it is given anew."""
    import json

    path = folder / GIVEN_FILE
    if not path.exists():
        return
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise InputError(f"folder '{folder}': {GIVEN_FILE} cannot be read") from None
    for name in REMEMBERED:
        if not getattr(arguments, name):
            setattr(arguments, name, given.get(name))


def write_reports(folder: Path, arguments: argparse.Namespace) -> int:
    """Write the page and, when asked for, the Markdown."""
    from calibration.report import load_results, write_markdown, write_page

    results = load_results(folder)
    write_page(results, folder / "report.html", bool(arguments.invented))
    print(f"report: {folder / 'report.html'}")
    if arguments.docs:
        from calibration.document import EXTRA

        write_markdown(results, Path(arguments.docs), EXTRA)
        print(f"document: {arguments.docs}")
    return 0


def checked_seed(seed: str) -> int:
    """Return the seed, or refuse it."""
    from sim.streams import MAXIMUM_SEED

    return whole("seed", seed, 0, MAXIMUM_SEED)


def as_before(folder: Path, settings: Any) -> Any:
    """Return the settings of the fit that a folder holds; `settings` when it holds none."""
    import json

    path = folder / "fit.json"
    if not path.exists():
        return settings
    return replace(settings, **json.loads(path.read_text(encoding="utf-8"))["settings"])


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are told in one line."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments."""
        stray = message.removeprefix("unrecognized arguments: ").split()[0]
        known = [one for action in self._actions for one in action.option_strings]
        raise InputError(message + (nearest(stray, known) if stray.startswith("--") else ""))


def main(argv: list[str] | None = None) -> int:
    """Run `python -m calibration [options]`; a user's error ends with exit code 2."""
    import sys

    parser = Parser(prog="python -m calibration", description="Fit the model to reported figures.")
    add_options(parser)
    try:
        return run(parser.parse_args(argv))
    except InputError as error:
        print(f"refocus: {error}", file=sys.stderr)
        return 2
