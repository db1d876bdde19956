"""Stored numbers of the pages: answers and power, with the day they were worked out.

`python -m sim.pages.stored` works them out anew (a minute and a half of processor time);
``--draws`` and ``--replications`` say how finely.
"""

from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import NamedTuple

from sim.pages.answers_page import Row, Stored, stored_answers
from sim.pages.power_page import power_cells
from sim.runs.results import package_versions

HOME = Path(__file__).parent / "stored.json"
DRAWS = 200
REPLICATIONS = 1


class Numbers(NamedTuple):
    """What is stored, and what it was worked out with."""

    date: str
    version: str
    draws: int
    replications: int
    answers: list[Stored]
    power: list[list[float]]

    @property
    def worked_out(self) -> str:
        """When, and with which version."""
        day = datetime.date.fromisoformat(self.date)
        return f"Worked out on {day.day} {day:%B %Y} with version {self.version}"

    @property
    def told(self) -> str:
        """All of it in a sentence."""
        return (
            f"{self.worked_out}: {self.draws} ways things may work that agree with two trials, "
            f"{self.replications} simulation{'s' if self.replications > 1 else ''} of each."
        )


def stored(path: Path = HOME) -> Numbers:
    """Return the stored numbers."""
    found = json.loads(path.read_text(encoding="utf-8"))
    answers = [
        Stored(**{**one, "rows": [Row(**row) for row in one["rows"]]})
        for one in found.pop("answers")
    ]
    return Numbers(**found, answers=answers)


def renew(path: Path, draws: int, replications: int) -> None:
    """Work the numbers out and store them."""
    answers = [
        {**one._asdict(), "rows": [row._asdict() for row in one.rows]}
        for one in stored_answers(draws, replications)
    ]
    numbers = {
        "date": datetime.date.today().isoformat(),
        "version": package_versions()["refocus-simulation"],
        "draws": draws,
        "replications": replications,
        "answers": answers,
        "power": power_cells(),
    }
    # A line for each row, so that what moved is seen.
    text = json.dumps(numbers, ensure_ascii=False).replace("], [", "],\n[").replace("}, {", "},\n{")
    path.write_text(f"{text}\n", encoding="utf-8")


def main() -> None:
    """Renew the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    given = parser.parse_args()
    renew(HOME, given.draws, given.replications)


if __name__ == "__main__":
    main()
