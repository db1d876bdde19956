"""`refocus template`: a file of teams, a scenario or a trial design to start from."""

from __future__ import annotations

import argparse

WHAT = ("teams", "scenario", "design")
EXAMPLES = """\
examples:
  refocus template teams > teams.csv
  refocus template scenario --out my-scenario.toml
  refocus template setting > setting.toml
  refocus template prices > prices.toml
  refocus template design --out my-trial.toml
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "template",
        help="print a file of teams, a scenario or a trial design to start from",
        description="Print a commented file to start from.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", metavar="|".join(WHAT), help="which file")
    parser.add_argument("--out", metavar="FILE", help="write to a new file instead")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print or write the template."""
    from pathlib import Path

    from sim.errors import InputError, unknown

    if given.what == "teams":
        from sim.roster import roster_template

        text = roster_template()
    elif given.what == "scenario":
        from sim.scenarios.text import scenario_template

        text = scenario_template()
    elif given.what == "setting":
        from sim.planning.setting import setting_template

        text = setting_template()
    elif given.what == "prices":
        from sim.planning.prices import prices_template

        text = prices_template()
    elif given.what == "design":
        from sim.trials.design_text import design_template

        text = design_template()
    else:
        raise unknown("template", given.what, WHAT)
    if given.out is None:
        print(text, end="" if text.endswith("\n") else "\n")
        return 0
    path = Path(given.out)
    if path.exists():
        raise InputError(f"out = '{path}': exists already; name a new file")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"out = '{path}': cannot be written ({error.strerror})") from error
    print(path)
    return 0
