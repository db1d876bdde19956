"""Claims about `refocus trial`: what it prints and writes, and the mistakes it refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from sim.cli import main

pytestmark = pytest.mark.usefixtures("unpainted")

FEW = ("--trials", "20", "--draws", "20")
Captured = pytest.CaptureFixture[str]


def test_refocus_is_shown_beside_what_was_published(tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "out"
    assert main(["trial", "refocus", *FEW, "--out", str(out)]) == 0
    text = capsys.readouterr().out
    for words in ("P1 QPR-15", "P2", "P4", "P6", "sign of P4", "MC SE", "posterior"):
        assert words in text
    assert {one.name for one in out.iterdir()} == {
        "job.json",
        "trials.csv",
        "figures.csv",
        "summary.json",
        "report.html",
    }
    rows = list(csv.DictReader(io.StringIO((out / "trials.csv").read_text(encoding="utf-8"))))
    assert len(rows) == 20
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert len(summary["falls"]) == 6
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "refocus trial refocus --trials 20 --seed 1 --draws 20" in page
    assert "tests nothing" in page


def test_equal_commands_give_equal_tables(capsys: Captured) -> None:
    command = ["trial", "refocus", *FEW, "--format", "csv"]
    assert main(command) == 0
    first = capsys.readouterr().out
    assert main(command) == 0
    assert capsys.readouterr().out == first
    assert main([*command, "--seed", "2"]) == 0
    assert capsys.readouterr().out != first


def test_pulsar_is_predicted_and_published(tmp_path: Path, capsys: Captured) -> None:
    page = tmp_path / "prediction.md"
    command = ["trial", "pulsar", *FEW, "--document", str(page), "--date", "2026-11-23"]
    assert main([*command, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {(row["estimand"], row["forecast"], row["unit"]) for row in rows} == {
        (estimand, forecast, unit)
        for estimand in ("year one", "overall")
        for forecast in ("mechanism", "no effect", "REFOCUS effect in SD units")
        for unit in ("points", "SD")
    }
    for row in rows:
        assert float(row["low95"]) < float(row["low90"]) < float(row["high90"])
    text = page.read_text(encoding="utf-8")
    assert "**2026-11-23**" in text
    assert "not used in fitting" in text
    assert "blind" not in text.lower()
    assert main(command) == 2
    assert "never written over" in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == text


def test_no_file_that_is_there_becomes_a_forecast(tmp_path: Path, capsys: Captured) -> None:
    kept = tmp_path / "kept.md"
    (tmp_path / "link.md").symlink_to(kept)
    (tmp_path / "dangling.md").symlink_to(tmp_path / "nowhere.md")
    kept.write_text("mine", encoding="utf-8")
    for name in ("kept.md", "link.md", "dangling.md"):
        assert main(["trial", "pulsar", *FEW, "--document", str(tmp_path / name)]) == 2
        shown = capsys.readouterr()
        assert shown.err.count("\n") == 1
        assert name in shown.err
    assert kept.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "nowhere.md").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["refocs"], ["refocs", "refocus"]),
        (["pulsar", "--trials", "5"], ["trials = 5", "from 20"]),
        (["pulsar", "--trials", "many"], ["trials = 'many'"]),
        (["pulsar", "--transport", "-1"], ["transport = -1", "in [0, 5]"]),
        (["pulsar", "--transport", "x"], ["transport = 'x'"]),
        (["pulsar", "--date", "today"], ["date = 'today'", "YYYY-MM-DD"]),
        (["pulsar", "--document", "no-such-folder/page.md"], ["document", "existing folder"]),
        (["refocus", "--document", "x.md"], ["document", "pulsar"]),
        (["refocus", "--format", "xml"], ["xml", "csv"]),
        (["refocus", "--draws", "100001"], ["draws"]),
        (["refocus", "--seed", "-1"], ["seed"]),
        (["refocus", "--workers", "0"], ["workers = 0"]),
        (["refocus", "--posterior", "none.csv"], ["none.csv"]),
        (["refocus", "--posterior", "a.csv", "--prior-only"], ["give one of them"]),
    ],
)
def test_a_mistake_is_told_in_one_line(
    arguments: list[str], words: list[str], capsys: Captured
) -> None:
    assert main(["trial", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1, shown.err
    for word in words:
        assert word in shown.err


def test_a_folder_in_use_is_left_alone(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    assert main(["trial", "refocus", "--out", str(tmp_path)]) == 2
    assert "holds something else" in capsys.readouterr().err
