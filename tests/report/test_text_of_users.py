"""Names that users give harm no report and no table: evil teams, trusts, titles and file names."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from sim.cli import main
from sim.drawing import Line, Panel
from sim.report.figures import line_figure
from sim.scenarios.text import scenario_template
from sim.spreadsheet import acts

EVIL = Path(__file__).parents[1] / "cli" / "inputs" / "evil.csv"
# No slash in it, as it is the name of a file.
NAME = "<img src=x onerror=alert(1)> \"'& $\\frac$"
RAW = ("<img", "<script>alert", "</title><", 'onerror=alert(1)> "')
SMALL = ("--roster", "evil.csv", "--draws", "4", "--out", "out")


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return an evil scenario's file in a folder with an evil roster."""
    monkeypatch.chdir(tmp_path)
    Path("evil.csv").write_bytes(EVIL.read_bytes())
    text = scenario_template().replace(
        'title = "My', 'title = "=1</title><script>alert(3)</script>'
    )
    Path(f"{NAME}.toml").write_text(text, encoding="utf-8")
    return f"{NAME}.toml"


def check(folder: Path) -> list[str]:
    """Return the files of a folder, after reading every page and table of them."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".html":
            text = path.read_text(encoding="utf-8")
            assert not [one for one in RAW if one in text], path.name
            assert text.count("</title>") == 1
            found.append(path.name)
        elif path.suffix == ".csv":
            rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
            assert not [one for row in rows for one in row if acts(one)], path.name
            found.append(path.name)
    return found


def test_a_run(scenario: str) -> None:
    weeks = ("--weeks", "4", *SMALL)
    assert main(["run", "usual-care", f"./{scenario}", *weeks]) == 0
    assert {"report.html", "team_weeks.csv", "assessments.csv"} <= set(check(Path("out")))


def test_a_comparison(scenario: str) -> None:
    assert main(["compare", f"./{scenario}", "--years", "0.1", "--replications", "1", *SMALL]) == 0
    assert {"report.html", "starts.csv"} <= set(check(Path("out")))


def test_a_plan(scenario: str) -> None:
    assert main(["plan", f"./{scenario}", "--years", "0.5", "--include-control", *SMALL]) == 0
    assert {"report.html", "plan.csv"} <= set(check(Path("out")))


def test_a_power_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    title = "=1</title><script>alert(3)</script>"
    design = f'title = "{title}"\n[design]\nclusters = 8\n[statistical]\neffect = 2.0\n'
    Path(f"{NAME}.toml").write_text(design, encoding="utf-8")
    few = ("--simulations", "100", "--no-sensitivity", "--out", "out")
    assert main(["power", f"./{NAME}.toml", *few]) == 0
    assert {"report.html", "power.csv"} <= set(check(Path("out")))


def test_a_dollar_sign_in_a_figure_is_a_dollar_sign() -> None:
    x = np.arange(3.0)
    panel = Panel("costs in $ and $\\frac$", (Line("$\\bad$ and $", x, x, x, x),))
    assert "<svg" in line_figure((panel,))
