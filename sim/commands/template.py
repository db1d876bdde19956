"""`refocus template`: a file to start from: teams, scenario, setting, prices, registers, design."""

from __future__ import annotations

import argparse

WHAT = {
    "teams": ("sim.inputs.roster", "roster_template"),
    "scenario": ("sim.scenarios.text", "scenario_template"),
    "setting": ("sim.planning.setting", "setting_template"),
    "prices": ("sim.planning.prices", "prices_template"),
    "register": ("sim.inputs.registers", "register_template"),
    "audit": ("sim.inputs.registers", "audit_template"),
    "turnover": ("sim.inputs.registers", "turnover_template"),
    "outcomes": ("sim.inputs.registers", "outcomes_template"),
    "plan": ("sim.inputs.registers", "plan_template"),
    "design": ("sim.trials.designs.design_text", "design_template"),
    "targets": ("calibration.evidence.targets_text", "targets_template"),
}
"""Where each template is written, by its name; loaded only when it is asked for."""

WORKBOOKS = {"teams": "roster_workbook"}
"""What is written instead where the file is named .xlsx."""

EXAMPLES = """\
examples:
  refocus template teams > teams.csv
  refocus template teams --out teams.xlsx
  refocus template scenario --out my-scenario.toml
  refocus template setting > setting.toml
  refocus template prices > prices.toml
  refocus template register > attendance.csv
  refocus template design --out my-trial.toml
  refocus template targets --out my-targets.toml
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "template",
        help="print a file to start from: teams, a scenario, prices, registers, a design ...",
        description="Print a commented file to start from.",
        epilog=EXAMPLES,
    )
    parser.add_argument("what", metavar="|".join(WHAT), help="which file")
    parser.add_argument("--out", metavar="FILE", help="write to a new file instead")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print or write the template."""
    from importlib import import_module
    from pathlib import Path

    from sim.errors import InputError, unknown

    if options.what not in WHAT:
        raise unknown("template", options.what, WHAT)
    module, function = WHAT[options.what]
    path = None if options.out is None else Path(options.out)
    if path is not None and path.suffix.lower() == ".xlsx":
        if options.what not in WORKBOOKS:
            raise InputError(f"out = '{path}': {options.what} is text; name a file without .xlsx")
        function = WORKBOOKS[options.what]
    content: str | bytes = getattr(import_module(module), function)()
    if path is None:
        print(content, end="" if str(content).endswith("\n") else "\n")
        return 0
    if path.exists():
        raise InputError(f"out = '{path}': exists already; name a new file")
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise InputError(f"out = '{path}': cannot be written ({error.strerror})") from error
    print(path)
    return 0
