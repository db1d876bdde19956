"""Every scenario, horizon and source of draws gives a report whose first sentence holds.

All of them take 40 minutes of one processor: ``make every-report``. Otherwise each scenario is
taken once, over ten weeks and without figures, and ten of the others are drawn by the seed that the
names of the tests show; ``EVERY_REPORT_SEED=N`` draws those of seed N again.
"""

from __future__ import annotations

import datetime
import html
import itertools
import os
import random
import re
from pathlib import Path

import pytest

from sim.cli import main
from sim.scenarios.library import scenario_names

SHORT, HORIZONS = 10, (1, 26, 52, 104)
SOURCES = {
    "defaults": ("--draws", "0", "--replications", "3"),
    "prior": ("--draws", "3", "--prior-only"),
    "posterior": ("--draws", "3"),
}
FIGURES = ("line_figure", "interval_figure")
# The same in every process of a run, another one tomorrow.
SEED = int(os.environ.get("EVERY_REPORT_SEED", datetime.date.today().toordinal()))
EVERY = os.environ.get("EVERY_REPORT") == "1"
TEAMS = "team,trust,arm,staff,coordinators,caseload,sampled\n" + "".join(
    f"T{number},Trust {number % 2},{'control' if number > 3 else 'intervention'},6,3,40,6\n"
    for number in range(6)
)


def chosen() -> list[tuple[str, int, str]]:
    names = scenario_names()
    if EVERY:
        return list(itertools.product(names, (SHORT, *HORIZONS), SOURCES))
    sources = itertools.cycle(SOURCES)
    others = list(itertools.product(names, HORIZONS, SOURCES))
    return [
        *((name, SHORT, source) for name, source in zip(names, sources, strict=False)),
        *random.Random(SEED).sample(others, 10),
    ]


def first_sentence(page: str) -> str:
    """Return the first paragraph of a report as text."""
    found = re.search(r'<p class="lead">(.*?)</p>', page, re.DOTALL)
    assert found is not None, "the report has no first sentence"
    return html.unescape(found[1])


@pytest.mark.parametrize(
    ("name", "weeks", "source"),
    chosen(),
    ids=lambda one: f"seed{SEED}-{one}" if isinstance(one, int) else str(one),
)
def test_a_report_begins_with_a_sentence_that_holds(
    name: str, weeks: int, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("teams.csv").write_text(TEAMS, encoding="utf-8")
    if not EVERY:
        for figure in FIGURES:
            monkeypatch.setattr(f"sim.report.run_report.{figure}", lambda *_, **__: "<svg ></svg>")
        # Nothing is claimed of the tables, whose writing takes half of the time.
        monkeypatch.setattr("sim.runs.results.write_table", lambda *_, **__: None)
    scenarios = dict.fromkeys(("usual-care", name))
    given = ("--roster", "teams.csv", "--weeks", str(weeks), *SOURCES[source], "--out", "out")
    assert main(["run", *scenarios, *given]) == 0
    page = Path("out/report.html").read_text(encoding="utf-8")
    lead = first_sentence(page)
    assert name in lead
    assert "QPR" in lead
    assert not re.search(r"\bnan\b|\binf\b|None", lead), lead
    told = [int(one) for one in re.findall(r"\bweek (\d+)", lead)]
    assert all(0 < week <= max(weeks, 1) for week in told), lead
    assert re.search(r"\d", lead), lead
