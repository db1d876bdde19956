"""The worker's part of a decision: compare the strategies, and write report, workbook, tables."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError
from sim.web.typography import write_result
from sim.web.worker import Told

if TYPE_CHECKING:
    from sim.planning.comparison import Question

WRITING_SHARE = 0.25
"""Share of a run's progress that stands for writing the report; a guess that is good enough."""
DOWNLOADS = ("decision.xlsx", "summary.docx", "decision.csv", "ranking.csv", "starts.csv")


def decide(settings: dict[str, Any], folder: Path, told: Told) -> None:
    """Compare strategies and write ``result.json``, ``report.html``, the workbook and the tables.

    Settings: ``question`` from `decide_settings`; ``roster``, CSV text of the teams, or None for
    what the question describes. Raises InputError when no strategy is possible with the money and
    the trainers; one that is not is left out.
    """
    from sim.api.compare import compare, compared
    from sim.inputs.roster.roster_file import roster_text
    from sim.planning.comparison import prepare
    from sim.runs.pieces import Progress
    from sim.runs.results import package_versions
    from sim.scenarios.library import load_scenario
    from sim.web.decide_settings import setting_of, setting_text
    from sim.web.teams import roster_asked

    asked = settings["question"]
    roster = roster_asked(asked, settings["roster"])
    setting = setting_of(asked)

    def question(strategies: list[str]) -> Question:
        return compare.question(
            strategies,
            roster=roster,
            setting=setting,
            draws=asked["draws"],
            replications=1,
            seed=asked["seed"],
            rank_by=asked["rank_by"],
        )

    possible, left_out = [], []
    for name in asked["strategies"]:
        try:
            prepare(question([name]))
            possible.append(name)
        except InputError as error:
            reason = in_words(str(error), name)
            left_out.append(f"{load_scenario(name).title}: {reason}")
    if not possible:
        raise InputError(left_out[0])

    def show(now: Progress) -> None:
        done = int(1000 * (1.0 - WRITING_SHARE) * now.done / now.total)
        told.progress(done, 1000, f"{now.done} of {now.total} simulations")

    answer = compared(question(possible), on_progress=show, should_cancel=told.cancelled)
    told.progress(int(1000 * (1.0 - WRITING_SHARE)), 1000, "writing the answer")
    command = repeating_command({**asked, "strategies": possible})
    files = answer.files(command)
    for name in ("report.html", *DOWNLOADS):
        content = files.get(name)
        if isinstance(content, str):
            (folder / name).write_text(content, encoding="utf-8")
        elif content is not None:
            (folder / name).write_bytes(content)
    (folder / "setting.toml").write_text(setting_text(asked), encoding="utf-8")
    (folder / "teams.csv").write_text(roster_text(roster), encoding="utf-8")
    decision = answer.decision
    result = {
        "settings": asked,
        "question": decision.question,
        "answer": decision.answer,
        "left_out": left_out,
        "files": [name for name in DOWNLOADS if name in files],
        "command": command,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "version": package_versions()["refocus-simulation"],
    }
    write_result(folder, result)


def in_words(reason: str, name: str) -> str:
    """Return why a strategy is left out without names of files and fields, which nobody typed."""
    told = reason.removeprefix("setting 'of the page': ").replace(f" under '{name}'", "")
    return re.sub(r"\bbudget_per_year = ([\d,]+)", r"£\1 a year", told)


def repeating_command(asked: dict[str, Any]) -> str:
    """Return the command that repeats a decision from the files that the page gives."""
    teams = [] if asked["teams"]["kind"] == "trial" else ["--roster", "teams.csv"]
    return " ".join(
        [
            *("refocus", "compare", *asked["strategies"], *teams),
            *("--setting", "setting.toml", "--draws", str(asked["draws"])),
            *("--replications", "1", "--seed", str(asked["seed"])),
            *("--rank-by", asked["rank_by"], "--out", "answer"),
        ]
    )
