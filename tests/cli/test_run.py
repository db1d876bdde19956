"""Claims about `refocus run`: what it writes and prints, and that it goes on after a kill."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import sim
from sim.api.choices import chosen_roster
from sim.api.run import too_large
from sim.cli import main
from sim.commands.run import summary_csv
from sim.inputs.roster import described_roster

pytestmark = pytest.mark.usefixtures("unpainted")

SMALL = ("--draws", "0", "--replications", "3", "--weeks", "6")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sim.cli", *arguments]


def test_tables_metadata_and_report_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["run", "usual-care", "refocus-as-delivered", *SMALL, "--out", str(out)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert {Path(one).name for one in told} >= {
        "runs.csv",
        "summaries.csv",
        "assessments.csv",
        "team_weeks.csv",
        "events.csv",
        "metadata.json",
        "report.html",
    }
    assert all(Path(one).is_file() for one in told)
    metadata = json.loads((out / "metadata.json").read_text(encoding="utf-8"))
    assert metadata["draws_from"] == "defaults"
    assert metadata["request"]["replications"] == 3


def test_without_a_folder_only_a_table_is_printed() -> None:
    run = subprocess.run(
        command("run", "usual-care", *SMALL), capture_output=True, text=True, check=True
    )
    rows = list(csv.DictReader(io.StringIO(run.stdout)))
    assert {row["scenario"] for row in rows} == {"usual-care"}
    assert all("replication noise only" in row["interval"] for row in rows)


def test_runs_of_one_draw_are_no_draws_and_one_world_has_no_interval() -> None:
    teams = described_roster(trusts=1, teams_per_trust=2)
    results = sim.run("usual-care", roster=teams, draws=2, replications=3, weeks=2)
    table = results.table("summaries")
    for row in csv.DictReader(io.StringIO(summary_csv(results, "both"))):
        same = (table["measure"] == row["measure"]) & (table["week"] == int(row["week"]))
        own = table[same & (table["arm"] == row["arm"])].groupby("draw")["mean"].mean()
        if own.notna().all():
            # Of two draws, whatever the runs of each, half their difference.
            error = abs(own.iloc[0] - own.iloc[1]) / 2.0
            assert float(row["monte_carlo_se"]) == pytest.approx(error, rel=1e-4, abs=1e-9)
    alone = sim.run("usual-care", roster=teams, draws=1, replications=1, weeks=2)
    for row in csv.DictReader(io.StringIO(summary_csv(alone, "chance"))):
        assert (row["monte_carlo_se"], row["low"], row["high"]) == ("", "", "")


def test_the_posterior_is_the_default_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "usual-care", "--draws", "2", "--weeks", "2"]) == 0
    assert "parameter uncertainty (posterior)" in capsys.readouterr().out
    assert main(["run", "usual-care", "--draws", "2", "--weeks", "2", "--prior-only"]) == 0
    assert "no trial data used" in capsys.readouterr().out


def test_both_engines_print_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for engine in ("compiled", "mesa"):
        arguments = ["--draws", "0", "--replications", "1", "--weeks", "2", "--engine", engine]
        assert main(["run", "refocus-as-delivered", *arguments]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]


def test_an_interrupt_keeps_what_is_finished(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ["usual-care", "--draws", "0", "--replications", "800", "--weeks", "30"]
    process = subprocess.Popen(
        command("run", *options, "--workers", "1", "--no-report", "--out", str(out)),
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 120.0
    while not list(out.glob("chunks/*/*.npz")) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130
    assert f"refocus run --resume {out}" in told
    assert list(out.glob("chunks/*/*.npz"))


def test_a_reader_that_goes_away_is_no_error() -> None:
    run = subprocess.run(
        f"{sys.executable} -m sim.cli list parameters | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith("name")
    assert run.stderr == ""


def test_tables_that_are_too_large_for_memory_are_known() -> None:
    assert too_large(200, 10, 10, "sample") == {}
    told = too_large(200, 7_000_000, 10, "sample")
    assert set(told) == {"assessments", "team_weeks", "events"}
    assert "7,000,000 rows, more than 6,000,000" in told["team_weeks"]
    assert set(too_large(300, 10, 10, "sample")) == {"events"}
    assert set(too_large(10, 10, 10, "full")) == {"events"}


@pytest.mark.parametrize(
    "command",
    [
        ("run", "usual-care"),
        ("compare", "refocus-full"),
        ("plan",),
        ("update", "refocus-full", "--register", "none.csv"),
    ],
)
def test_what_is_left_out_of_a_roster_is_told_before_what_is_wrong(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    roster = Path(__file__).parents[1] / "roster" / "data" / "footnote.csv"
    assert len(chosen_roster(roster, 1).rows) == 34
    assert main([*command, "--roster", str(roster), "--draws", "many"]) == 2
    told = capsys.readouterr().err
    left_out = told.index("line 37 is left out: '* vacancies excluded' is a footnote")
    assert left_out < told.index("draws = 'many'")
