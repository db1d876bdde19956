"""`refocus power`: the power of a trial design, by simulation and by formula."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands.declared import declare
from sim.commands.job import Job, add_job_options, job, resumed, say, tell_compiling
from sim.errors import InputError, unknown
from sim.reading.numbers import number_or_none, whole
from sim.reading.toml_text import read_value

if TYPE_CHECKING:
    from sim.trials.designs.design_schema import DesignFile
    from sim.trials.power.power_outcome import PowerOutcome

FORMATS = ("text", "csv", "json")
FEWEST_SWING_TRIALS, MOST_SWING_TRIALS = 100, 1000
EXAMPLES = """\
examples:
  refocus power four-point-target
  refocus power my-trial.toml --precision 0.005 --out results/power
  refocus power two-point-target --find clusters --target 0.8
  refocus power four-point-target --grid clusters=10,14,18,22 icc=0.01,0.05 --format csv
  refocus power refocus --set size=20 --draws 200
  refocus power four-point-target --formula-only
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
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    parser.add_argument("--find", metavar="clusters|size", help="the smallest with enough power")
    parser.add_argument("--target", metavar="POWER", help="power wanted (default: the file's)")
    parser.add_argument("--seed", default="1", help="seed of the trials (default 1)")
    add_job_options(parser, "tables and report")
    parser.add_argument("--format", default="text", metavar="text|csv|json", help="of the output")
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


def run(given: argparse.Namespace) -> int:
    """Calculate; print, and with --out write tables and the report."""
    from sim.trials.designs.design_file import changed, load_design

    given = resumed(given)
    if given.format not in FORMATS:
        raise unknown("format", given.format, FORMATS)
    if given.design is None:
        raise InputError("design: name a TOML file or a worked design; see 'refocus list designs'")
    file = load_design(given.design)
    settings = dict(setting(text) for text in given.set)
    if settings:
        file = changed(file, settings)
    if given.formula_only:
        print(by_formula(file, given), end="")
        return 0
    from sim.engines.code_cache import FIT_SOURCES, SOURCES

    with job(given, "trial") as work:
        tell_compiling(FIT_SOURCES if file.agents is None else SOURCES)
        with work.running():
            outcome = calculated(file, given, work)
        if work.folder is not None:
            paths = written(outcome, work.folder, command_of(given))
            if not outcome.stopped:
                work.finished()
            for path in paths:
                say(f"wrote {path}")
        print(shown(outcome, given.format), end="", flush=True)
        if outcome.stopped:
            raise KeyboardInterrupt(outcome.caution)
    return 0


def by_formula(file: DesignFile, given: argparse.Namespace) -> str:
    """Return the formula's answer in the format asked for."""
    from sim.trials.power.formula_answer import formula_answer
    from sim.trials.power.power_outcome import formula_text
    from sim.trials.power.power_study import study_of

    if given.find is not None and given.grid:
        raise InputError("find and grid: give one of them with --formula-only")
    if given.find is not None or given.grid:
        return searched_by_formula(file, given)
    answer = formula_answer(study_of(file, 0))
    if given.format == "json":
        return json.dumps(answer.as_dict(), indent=1) + "\n"
    if given.format == "csv":
        row = answer.formula.as_dict()
        return csv_text([{n: v for n, v in row.items() if not isinstance(v, list | dict)}])
    return formula_text(answer)


def searched_by_formula(file: DesignFile, given: argparse.Namespace) -> str:
    """Return a search or a grid by formula in the format asked for."""
    from sim.trials.power.formula_search import find_by_formula, grid_by_formula
    from sim.trials.power.power_outcome import formula_grid_text, formula_search_text
    from sim.trials.power.power_search import grid_files, parse_grid

    if given.grid:
        rows = grid_by_formula(grid_files(file, parse_grid(given.grid, file)))
        text = formula_grid_text(file, rows)
    else:
        target = number_or_none("target", given.target, 0.051, 0.998) or file.target.power
        found = find_by_formula(file, given.find, target)
        rows = [found._asdict()]
        text = formula_search_text(file, found)
    if given.format == "json":
        return json.dumps(rows, indent=1) + "\n"
    return csv_text(rows) if given.format == "csv" else text


def setting(text: str) -> tuple[str, Any]:
    """Return a field and its value, read as TOML and, where it is none, as text."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals and value):
        raise InputError(f"set = '{text}': must have the form name=value")
    return name, read_value(value)


def calculated(file: DesignFile, given: argparse.Namespace, work: Job) -> PowerOutcome:
    """Return all that was asked for, or what was done when somebody wished to stop.

    Every argument is checked before the first simulation.

    Raises
    ------
    Cancelled
        When it was stopped before there was anything to tell.
    """
    from sim.runs.pieces import Cancelled
    from sim.streams import check_seed
    from sim.trials.power.power_outcome import PowerOutcome
    from sim.trials.power.power_search import (
        STOPPED,
        find_size,
        grid_files,
        parse_grid,
        run_grid,
        tornado,
    )
    from sim.trials.power.power_study import (
        FEWEST_TRIALS,
        conditional_and_assurance,
        simulate_power,
        study_of,
    )

    seed = check_seed(whole("seed", given.seed, 0))
    if given.simulations is not None and given.precision is not None:
        raise InputError("simulations and precision: give one of them")
    count = None
    if given.simulations is not None:
        count = whole("simulations", given.simulations, FEWEST_TRIALS, 1_000_000)
    precision = number_or_none("precision", given.precision, 0.0005, 0.2)
    draws = None if given.draws is None else whole("draws", given.draws, 0, 100_000)
    target = number_or_none("target", given.target, 0.051, 0.998) or file.target.power
    if given.find is not None and given.find not in ("clusters", "size"):
        raise unknown("find", given.find, ("clusters", "size"))
    grid = parse_grid(given.grid, file)
    combinations = len(list(grid_files(file, grid))) if grid else 0
    study = study_of(file, draws)
    left_out: list[str] = []
    result = simulate_power(study, count, precision, seed, partial=True, **work.how("design"))
    if work.stop():
        left_out.append("trials of the design beyond those told")
    trials = result.performance.power.trials
    outcome: dict[str, Any] = {"result": result}
    if not given.no_sensitivity:
        try:
            conditional, assurance, covers = conditional_and_assurance(
                result, seed, draws, **work.how("assurance")
            )
        except Cancelled:
            left_out.append("assurance")
        else:
            outcome |= {
                "conditional": conditional,
                "assurance": assurance,
                "assurance_covers": covers,
            }
    fixed: dict[str, Any] = {
        "simulations": count,
        "draws": draws,
        "seed": seed,
        "on_point": work.how,
    }
    if grid:
        points = tuple(run_grid(file, grid, monte_carlo_se=precision, **fixed))
        outcome["grid"] = points
        if len(points) < combinations:
            missing = combinations - len(points)
            left_out.append(f"{missing} of {combinations} points of the grid")
    if given.find is not None:
        fixed["simulations"] = trials
        outcome["found"] = find_size(file, given.find, target, **fixed)
        if outcome["found"].problem == STOPPED:
            left_out.append("the search's answer")
    if not given.no_sensitivity:
        fewer = min(max(trials // 4, FEWEST_SWING_TRIALS), MOST_SWING_TRIALS)
        swings = tornado(file, fewer, draws=draws, seed=seed, on_point=work.how)
        outcome |= {"swings": tuple(swings), "swing_trials": fewer}
        if work.stop():
            left_out.append("some of the sensitivity" if swings else "sensitivity")
    return PowerOutcome(**outcome, stopped=", ".join(left_out))


def shown(outcome: PowerOutcome, form: str) -> str:
    """Return the output in a format."""
    from sim.trials.power.power_outcome import as_text, plain, rows

    if form == "json":
        return json.dumps(plain(outcome), indent=1) + "\n"
    return csv_text(rows(outcome)) if form == "csv" else as_text(outcome)


def csv_text(table: list[dict[str, Any]]) -> str:
    """Return rows as CSV."""
    import pandas as pd

    from sim.spreadsheet import frame_csv

    return frame_csv(pd.DataFrame(table), "%.6g")


def written(outcome: PowerOutcome, folder: Path, command: str) -> list[Path]:
    """Write the tables and the report, and return their paths."""
    from dataclasses import asdict

    from sim.files import write_texts
    from sim.report.power_report import power_report
    from sim.trials.designs.design_text import design_text
    from sim.trials.power.power_outcome import plain, rows

    parts = {
        "report.html": power_report(outcome, command),
        "power.json": json.dumps(plain(outcome), indent=1) + "\n",
        "power.csv": csv_text(rows(outcome)),
        "trials.csv": csv_text([asdict(one) for one in outcome.result.results]),
        "design.toml": design_text(outcome.result.study.file),
    }
    if outcome.swings:
        parts["sensitivity.csv"] = csv_text([asdict(one) for one in outcome.swings])
    return write_texts(folder, parts)


def command_of(given: argparse.Namespace) -> str:
    """Return the command that repeats a calculation."""
    parts = ["refocus", "power", given.design]
    for name in ("simulations", "precision", "draws", "find", "target", "seed"):
        value = getattr(given, name)
        if value is not None:
            parts += [f"--{name}", str(value)]
    for text in given.set:
        parts += ["--set", text]
    if given.grid:
        parts += ["--grid", *given.grid]
    if given.no_sensitivity:
        parts.append("--no-sensitivity")
    return " ".join(shlex.quote(part) for part in parts)
