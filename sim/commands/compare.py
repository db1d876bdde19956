"""`refocus compare`: strategies beside usual care, with their costs and what is uncertain."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands.draws import add_draw_options, given_draws
from sim.commands.job import add_job_options, job, resumed, say, tell_compiling
from sim.errors import InputError, unknown
from sim.reading.numbers import number, whole
from sim.spreadsheet import frame_csv

if TYPE_CHECKING:
    import pandas as pd

    from sim.planning.comparison import Comparison, Question
    from sim.planning.value import Value

DRAWS, REPLICATIONS = 200, 10
FORMATS = ("text", "csv", "json", "pdf-ready")
LARGEST_SEED = 2**32 - 1
WIDTH = 100
EXAMPLES = """\
examples:
  refocus compare refocus-as-delivered refocus-full --base usual-care
  refocus compare refocus-boosters --roster teams.csv --setting setting.toml --out results/boosters
  refocus compare refocus-as-delivered refocus-boosters --years 3 --threshold 2 --format csv
  refocus template setting > setting.toml
  refocus template prices > prices.toml
"""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "compare",
        help="compare strategies: outcomes, chances, costs",
        description="Compare strategies with a base on common random numbers: what changes, how "
        "likely a meaningful difference is, what it costs, and what drives the answer. With --out: "
        "a report and its tables in that folder.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="library name or file")
    parser.add_argument("--base", default="usual-care", help="compare with (default usual-care)")
    parser.add_argument(
        "--roster", default="trial", help="'trial' (default) or a CSV file of teams"
    )
    parser.add_argument("--setting", metavar="FILE", help="dates, trainers, budget (TOML)")
    parser.add_argument("--prices", metavar="FILE", help="your own prices (TOML)")
    parser.add_argument("--years", help="years looked at (52 weeks each)")
    add_draw_options(parser, DRAWS)
    parser.add_argument(
        "--replications",
        default=str(REPLICATIONS),
        help=f"runs of chance for each draw (default {REPLICATIONS})",
    )
    parser.add_argument("--seed", default="1", help="seed of the keyed draws (default 1)")
    parser.add_argument(
        "--threshold", metavar="POINTS", help="a QPR difference of your own to be reached"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a parameter, or a field of every scenario but the base; may be repeated",
    )
    add_job_options(parser, "report and tables")
    parser.add_argument(
        "--format",
        default="text",
        help="of what is printed: text (default), csv, json, or pdf-ready (a page to print)",
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Compare; print in the format asked for, save report and tables."""
    given = resumed(given)
    if given.format not in FORMATS:
        raise unknown("format", given.format, FORMATS)
    if not given.scenarios:
        raise InputError("scenarios: name at least one; see 'refocus list scenarios'")
    question = question_of(given)
    from sim.planning.comparison import compare
    from sim.planning.value import value_of

    with job(given) as work:
        tell_compiling()
        with work.running() as how:
            comparison = compare(question, **how(""))
        value = value_of(comparison)
        if work.folder is not None or given.format != "text":
            warned(comparison)
        if work.folder is None:
            print(printed(given.format, comparison, value, command_of(given)), end="")
            return 0
        written = saved(work.folder, comparison, value, command_of(given))
        work.finished()
        for path in written:
            print(path)
    return 0


def warned(comparison: Comparison) -> None:
    """Tell of too few draws where the answer itself goes elsewhere."""
    from sim.planning.verdicts import few_draws_text

    few = few_draws_text(comparison)
    if few:
        say(few)


def question_of(given: argparse.Namespace) -> Question:
    """Return the question that the arguments ask."""
    from sim.commands.simulation import chosen_roster, sorted_settings
    from sim.planning.comparison import Question, with_base
    from sim.planning.prices import read_prices, shipped_prices
    from sim.planning.setting import Setting, read_setting
    from sim.scenarios.library import adjusted, load_scenario
    from sim.streams import check_seed

    seed = check_seed(whole("seed", given.seed, 0, LARGEST_SEED))
    settings, fields = sorted_settings(given.set)
    base = load_scenario(given.base)
    loaded = [load_scenario(name) for name in given.scenarios]
    scenarios = [adjusted(one, fields) if one.name != base.name else one for one in loaded]
    setting = Setting() if given.setting is None else read_setting(given.setting)
    every = with_base(scenarios, base)
    return Question(
        scenarios=every,
        base=base.name,
        roster=chosen_roster(given.roster, seed),
        chosen=given_draws(given, seed),
        setting=setting,
        prices=shipped_prices() if given.prices is None else read_prices(given.prices),
        weeks=weeks_of(given.years, setting.years, max(one.timing.weeks for one in every)),
        replications=whole("replications", given.replications, 1, 100_000),
        seed=seed,
        threshold=threshold_of(given.threshold),
        settings=settings,
    )


def weeks_of(text: str | None, of_setting: float | None, of_scenarios: int) -> int:
    """Return the weeks looked at: as asked for, as the setting says, or as the scenarios do."""
    from sim.planning.setting import LONGEST_YEARS

    if text is None:
        return of_scenarios if of_setting is None else max(1, round(52 * of_setting))
    return max(1, round(52 * number("years", text, 0.0, LONGEST_YEARS, above=True)))


def threshold_of(text: str | None) -> float | None:
    """Return the user's threshold in QPR points."""
    return (
        None if text is None else number("threshold", text, 0.0, 60.0, "QPR-15 points", above=True)
    )


def command_of(given: argparse.Namespace) -> str:
    """Return the command that repeats a comparison."""
    parts = ["refocus", "compare", *given.scenarios]
    for name in ("base", "roster", "setting", "prices", "years", "draws", "posterior"):
        value = getattr(given, name)
        if value is not None:
            parts += [f"--{name}", str(value)]
    for name in ("replications", "seed", "threshold"):
        value = getattr(given, name)
        if value is not None:
            parts += [f"--{name}", str(value)]
    if given.prior_only:
        parts.append("--prior-only")
    for text in given.set:
        parts += ["--set", text]
    return " ".join(shlex.quote(part) for part in [*parts, "--out", "DIR"])


def saved(folder: Path, comparison: Comparison, value: Value, command: str) -> list[Path]:
    """Write report, tables and a JSON of everything; return the files."""
    from sim.files import write_texts
    from sim.planning.compare_tables import all_tables
    from sim.report.compare_report import compare_report

    texts = {"report.html": compare_report(comparison, value, command)}
    for name, table in all_tables(comparison, value).items():
        texts[f"{name}.csv"] = frame_csv(table)
    texts["comparison.json"] = as_json(comparison, value, command)
    return write_texts(folder, texts)


def printed(format: str, comparison: Comparison, value: Value, command: str) -> str:
    """Return what is printed without a folder."""
    if format == "json":
        return as_json(comparison, value, command)
    if format == "pdf-ready":
        from sim.report.compare_report import compare_report

        return compare_report(comparison, value, command, opened=True)
    if format == "csv":
        from sim.planning.compare_tables import differences
        from sim.planning.verdicts import columns_cover_text

        table = differences(comparison)
        table["covers"] = columns_cover_text(comparison)
        return frame_csv(table)
    return as_text(comparison)


def as_text(comparison: Comparison) -> str:
    """Return the answer as a page of plain text."""
    from textwrap import fill

    from sim.planning.compare_tables import chances, headline, overspending_sentences
    from sim.planning.verdicts import (
        averaged_text,
        covers_text,
        few_draws_text,
        later_costs,
        overall_sentence,
        sentence_on,
        verdict_on,
    )

    question = comparison.question
    few = few_draws_text(comparison)
    lines = [fill(few, WIDTH, break_on_hyphens=False), ""] if few else []
    lines += [fill(overall_sentence(comparison), WIDTH, break_on_hyphens=False), ""]
    if len(comparison.others) > 1:
        for one in comparison.others:
            text = sentence_on(comparison, verdict_on(comparison, one))
            lines.append(
                fill(
                    text,
                    WIDTH,
                    initial_indent="- ",
                    subsequent_indent="  ",
                    break_on_hyphens=False,
                )
            )
        lines.append("")
    lines += [aligned(headline(comparison)), "", aligned(chances(comparison)), ""]
    lines += [
        f"Intervals: {covers_text(comparison)}.",
        f"Draws {len(question.chosen.draws)}, replications of each {question.replications}, seed "
        f"{question.seed}.",
        f"Who counts: {averaged_text(comparison)}.",
        f"Costs: GBP, prices of {question.prices.price_year}. {' '.join(question.prices.notes)}",
        "No accepted willingness to pay for a QPR point exists.",
        *_waiting(comparison),
        *overspending_sentences(comparison),
        *later_costs(comparison),
        *comparison.prepared.notes,
        *[f"Roster: {note}" for note in question.roster.notes],
        "Report and all tables: add --out DIR.",
    ]
    return "\n".join(lines) + "\n"


def _waiting(comparison: Comparison) -> list[str]:
    lines = []
    for name, found in zip(comparison.names, comparison.prepared.starts, strict=True):
        late = int((found.waits > 0).sum())
        never = int(((found.wished >= 0) & (found.given < 0)).sum())
        if late or never:
            why = sorted({one.split(": ", 1)[-1] for one in found.reasons if one})
            lines.append(
                f"{name}: {late} teams wait and {never} never start ({'; '.join(why)}). "
                "See starts.csv with --out."
            )
    return lines


def aligned(table: pd.DataFrame) -> str:
    """Return a table as aligned text."""
    from sim.report.readable import readable

    shown = readable(table)
    cells = [[str(one) for one in shown.columns], *shown.astype(str).to_numpy().tolist()]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def as_json(comparison: Comparison, value: Value, command: str) -> str:
    """Return everything as JSON: sentence, settings and tables."""
    from sim.planning.compare_tables import all_tables
    from sim.planning.verdicts import (
        averaged_text,
        columns_cover_text,
        few_draws_text,
        later_costs,
        overall_sentence,
    )
    from sim.scenarios.text import scenario_text

    question = comparison.question
    content: dict[str, Any] = {
        "sentence": overall_sentence(comparison),
        "command": command,
        "base": question.base,
        "averaged_over": averaged_text(comparison),
        "covers": columns_cover_text(comparison),
        "warnings": [one for one in (few_draws_text(comparison),) if one],
        "notes": [*later_costs(comparison), *comparison.prepared.notes, *question.prices.notes],
        "draws": len(question.chosen.draws),
        "replications": question.replications,
        "seed": question.seed,
        "weeks": question.weeks,
        "settings": dict(question.settings),
        "price_year": question.prices.price_year,
        "prices": {
            name: {
                "value": one.about.default,
                "unit": one.about.unit,
                "range": str(one.about.prior),
                "grade": one.about.grade,
                "source": one.about.source,
            }
            for name, one in question.prices.entries.items()
        },
        "roster": {"source": question.roster.source, "notes": list(question.roster.notes)},
        "versions": comparison.metadata.get("versions", {}),
        "scenario_texts": {one.name: scenario_text(one) for one in question.scenarios},
        "tables": {
            name: json.loads(table.to_json(orient="records"))
            for name, table in all_tables(comparison, value).items()
        },
    }
    return json.dumps(content, indent=1) + "\n"
