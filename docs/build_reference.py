"""Write the reference of the command line and of the Python functions, from the code.

Run ``python -m docs.build_reference`` after a new option or a new public function.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
from collections.abc import Callable
from functools import partial
from operator import attrgetter
from pathlib import Path
from unittest.mock import patch

from docs.marked import main
from sim.cli import build_parser

FOLDER = Path(__file__).resolve().parent / "reference"
COMMAND_LINE = FOLDER / "command-line.md"
PYTHON = FOLDER / "python.md"

PUBLIC = (
    (
        "sim",
        (
            "run",
            "compare",
            "plan",
            "update",
            "power",
            "analyse",
            "sweep",
            "sobol",
            "influence",
            "mediation",
            "load",
            "list_scenarios",
        ),
    ),
    (
        "sim.runs.results",
        (
            "Results",
            "Results.table",
            "Results.differences",
            "Results.weekly",
            "Results.network",
            "Results.plot",
            "Results.save",
        ),
    ),
    ("sim.scenarios.library", ("load_scenario", "scenario_from_text", "adjusted")),
    (
        "sim.inputs.roster",
        ("trial_roster", "read_roster_csv", "roster_from_text", "described_roster"),
    ),
    ("sim.parameters", ("registry", "resolve")),
    ("sim.posterior", ("load_posterior",)),
    ("sim.posterior.choose", ("chosen_draws",)),
    ("sim.runs.request", ("build_request",)),
    ("sim.runs.simulate", ("simulate",)),
    ("sim.engines.mesa_model", ("RecoveryModel",)),
    ("sim.trials.analyses.analyse", ("analyse_csv", "analyse_table")),
)


def command_parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command."""
    actions = build_parser()._actions
    commands = next(one for one in actions if isinstance(one, argparse._SubParsersAction))
    return dict(commands.choices)


def command_help() -> str:
    """Return the help of every command, eighty columns wide."""
    sections = []
    with patch.dict("os.environ", {"COLUMNS": "90"}):
        for name, parser in command_parsers().items():
            sections.append(f"## refocus {name}\n\n```text\n{parser.format_help().strip()}\n```\n")
    return "\n".join(sections)


def functions_of(module: str, names: tuple[str, ...]) -> str:
    """Return signatures and docstrings of public functions of a module."""
    sections = []
    for name in names:
        one = attrgetter(name)(importlib.import_module(module))
        text = inspect.cleandoc(one.__doc__ or "")
        signature = str(inspect.signature(one)) if inspect.isfunction(one) else ""
        # A folder of this machine, given as a default, is no part of the reference.
        signature = re.sub(r"\w*Path\('[^']*'\)", "...", signature)
        sections.append(f"### {name}\n\n```text\n{module}.{name}{signature}\n\n{text}\n```\n")
    return "\n".join(sections)


WANTED_COMMANDS: dict[str, Callable[[], str]] = {"commands": command_help}
WANTED_PYTHON: dict[str, Callable[[], str]] = {
    module: partial(functions_of, module, names) for module, names in PUBLIC
}


if __name__ == "__main__":
    main(COMMAND_LINE, WANTED_COMMANDS)
    main(PYTHON, WANTED_PYTHON)
