"""The command line: `refocus run`, `list`, `explain`, `template`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, unknown

if TYPE_CHECKING:
    from sim.roster import Roster
    from sim.simulate import Progress

EXAMPLES = """\
examples:
  refocus run usual-care refocus-as-delivered --out results/first-run
  refocus run refocus-boosters --roster teams.csv --years 2 --set turnover_yearly=0.2
  refocus list scenarios
  refocus explain qpr_retest
  refocus template teams > teams.csv
"""


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are told like all others: one line, exit code 2."""

    def error(self, message: str) -> Any:
        """Refuse the arguments."""
        raise InputError(message)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="refocus",
        description="Simulate how community mental health teams take up recovery support.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="simulate scenarios", description="Simulate scenarios.")
    run.add_argument("scenarios", nargs="+", metavar="SCENARIO", help="name or TOML file")
    run.add_argument("--roster", default="trial", help="'trial' or a CSV file of teams")
    run.add_argument("--years", type=float, help="years to simulate")
    run.add_argument("--replications", type=int, default=50, help="runs of chance (50)")
    run.add_argument("--seed", type=int, default=1, help="seed of the keyed draws (1)")
    run.add_argument("--caseload", default="sample", help="sample or full")
    run.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    run.add_argument("--out", help="folder for tables")
    listing = commands.add_parser("list", help="list scenarios, parameters or measures")
    listing.add_argument("what", choices=("scenarios", "parameters", "measures"))
    explain = commands.add_parser("explain", help="explain a parameter or measure")
    explain.add_argument("name")
    template = commands.add_parser("template", help="print a template")
    template.add_argument("what", choices=("teams", "scenario"))
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 for a user's mistake."""
    try:
        given = build_parser().parse_args(arguments)
        handler = {
            "run": run_command,
            "list": list_command,
            "explain": explain_command,
            "template": template_command,
        }[given.command]
        handler(given)
    except InputError as error:
        print(f"refocus: {error}", file=sys.stderr)
        return 2
    return 0


def chosen_roster(name: str, seed: int) -> Roster:
    """Return the trial's roster or one from a file."""
    from sim.roster import read_roster_csv, trial_roster

    return trial_roster(seed) if name == "trial" else read_roster_csv(Path(name))


def run_command(given: argparse.Namespace) -> None:
    """Simulate, and print a summary or save the tables."""
    from sim.parameters import parse_setting
    from sim.request import build_request
    from sim.scenarios.library import load_scenario
    from sim.simulate import simulate

    settings = dict(parse_setting(text) for text in given.set)
    weeks = None if given.years is None else round(given.years * 52)
    request = build_request(
        [load_scenario(name) for name in given.scenarios],
        chosen_roster(given.roster, given.seed),
        settings=settings,
        weeks=weeks,
        replications=given.replications,
        seed=given.seed,
        caseload=given.caseload,
    )
    results = simulate(request, on_progress=show_progress if sys.stderr.isatty() else None)
    if given.out is not None:
        for path in results.save(given.out):
            print(path)
        return
    table = results.table("summaries")
    keys = ["scenario", "arm", "week", "measure"]
    grouped = table.groupby(keys, sort=False)[["n", "mean", "sd"]].mean().reset_index()
    grouped.to_csv(sys.stdout, index=False)


def show_progress(progress: Progress) -> None:
    """Show how far a simulation is."""
    share = 100.0 * progress.done / progress.total
    end = "\n" if progress.done == progress.total else ""
    left = progress.seconds_left
    print(f"\r{share:5.1f}%  {left:6.1f} s left", end=end, file=sys.stderr, flush=True)


def list_command(given: argparse.Namespace) -> None:
    """List what there is, as CSV."""
    import csv

    writer = csv.writer(sys.stdout)
    if given.what == "scenarios":
        from sim.scenarios.library import list_scenarios

        writer.writerow(["name", "title", "grade"])
        writer.writerows([one.name, one.title, one.grade] for one in list_scenarios())
    elif given.what == "parameters":
        from sim.parameters import registry

        writer.writerow(["name", "label", "unit", "default", "grade"])
        writer.writerows(
            [one.name, one.label, one.unit, one.default, one.grade] for one in registry().values()
        )
    else:
        from sim.measures.catalogue import CATALOGUE

        writer.writerow(["name", "title", "rater"])
        writer.writerows([one.name, one.title, one.rater] for one in CATALOGUE)


def explain_command(given: argparse.Namespace) -> None:
    """Explain a parameter or a measure."""
    from sim.measures.catalogue import CATALOGUE
    from sim.parameters import registry

    found: Any = registry().get(given.name)
    measures = {one.name: one for one in CATALOGUE}
    if found is None:
        found = measures.get(given.name)
    if found is None:
        raise unknown("name", given.name, [*registry(), *measures])
    for field in getattr(found, "__dataclass_fields__", None) or found._fields:
        print(f"{field}: {getattr(found, field)}")


def template_command(given: argparse.Namespace) -> None:
    """Print a template."""
    if given.what == "teams":
        from sim.roster import roster_template

        print(roster_template(), end="")
    else:
        from sim.scenarios.text import scenario_template

        print(scenario_template(), end="")


if __name__ == "__main__":
    sys.exit(main())
