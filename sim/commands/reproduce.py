"""`refocus reproduce`: make every figure and number of the documentation again."""

from __future__ import annotations

import argparse

EXAMPLES = """\
examples:
  refocus reproduce --check
  refocus reproduce
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "reproduce",
        help="make every figure and number of the documentation again",
        description="Make every figure and number in the README and in docs/ again, from the "
        "source and the shipped posterior; most of an hour on two cores. Works in a copy of the "
        "project. The posterior itself, and the page on it, are made by 'refocus calibrate'; the "
        "forecast in docs/prediction-pulsar.md stays as it was on its date.",
        epilog=EXAMPLES,
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; name what differs from what is printed"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the documentation's own scripts, which are part of a copy of the project only."""
    import subprocess
    import sys
    from pathlib import Path

    from sim.errors import InputError

    project = Path(__file__).resolve().parents[2]
    if not (project / "docs" / "__main__.py").is_file():
        raise InputError("reproduce: works in a copy of the project (git clone), which has docs/")
    check = ["--check"] if options.check else []
    command = [sys.executable, "-m", "docs", "--results", *check]
    return subprocess.run(command, cwd=project, check=False).returncode
