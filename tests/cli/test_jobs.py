"""The six commands that simulate long treat folders, interruption, resumption and faults alike."""

from __future__ import annotations

import errno
import json
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sim import files
from sim.cli import build_parser, main
from sim.commands.job import Job, arguments_of, command_of, files_of, job
from sim.errors import InputError
from sim.runs import chunk_store
from tests.cli.long_commands import COMMANDS, FIT
from tests.tidy import untidy, untidy_cells

ROOT = Path(__file__).parents[2]
every_command = pytest.mark.parametrize("command", list(COMMANDS))
# A whole fit takes too long here: `tests/calibration/test_pipeline.py` kills one and goes on.
every_command_and_a_fit = pytest.mark.parametrize("command", [*COMMANDS, "calibrate"])
Captured = pytest.CaptureFixture[str]


pytestmark = pytest.mark.usefixtures("undrawn", "small_pieces")


@pytest.fixture
def small_pieces() -> Iterator[None]:
    """Cut the rows of a fit into pieces of two: what is claimed needs pieces, not their size."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("calibration.sampling.runs.BLOCK", 2)
        yield


def arguments(command: str, out: Path) -> list[str]:
    return [*COMMANDS.get(command, FIT), "--out", str(out)]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def written(files: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, bytes]]:
    """Return what a command writes when nothing disturbs it."""
    known: dict[str, dict[str, bytes]] = {}

    def of(command: str) -> dict[str, bytes]:
        if command not in known:
            out = tmp_path_factory.mktemp("whole") / command
            assert main(arguments(command, out)) == 0
            known[command] = contents(out)
        return known[command]

    return of


@pytest.fixture
def on_write(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[Path], None]], None]]:
    """Let something happen before a file is written."""
    real = files.write_whole

    def happens(what: Callable[[Path], None]) -> None:
        def write(path: Path, content: bytes) -> None:
            what(path)
            real(path, content)

        monkeypatch.setattr(files, "write_whole", write)
        monkeypatch.setattr(chunk_store, "write_whole", write)

    yield happens
    monkeypatch.undo()


def full(path: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


class AtPiece:
    """Do something when the piece with this place is written."""

    def __init__(self, place: int, do: Callable[[Path], None]) -> None:
        self.place, self.do, self.seen = place, do, 0

    def __call__(self, path: Path) -> None:
        if path.suffix == ".npz":
            self.seen += 1
            if self.seen == self.place:
                self.do(path)


def goes_on(command: str, out: Path, whole: Callable[[str], dict[str, bytes]]) -> None:
    """Claim that a command that was cut off goes on and ends as if it had not been."""
    stored = list(out.glob("chunks/*/*.npz"))
    assert stored, "nothing was kept"
    times = {path: path.stat().st_mtime_ns for path in stored}
    assert main([command, "--resume", str(out), "--keep-chunks"]) == 0
    assert {path: path.stat().st_mtime_ns for path in stored} == times, "stored pieces ran again"
    shutil.rmtree(out / "chunks")
    assert contents(out) == whole(command)


def test_two_processes_do_not_work_in_one_folder(
    tmp_path: Path, capsys: Captured, on_write: Callable[[Callable[[Path], None]], None]
) -> None:
    out = tmp_path / "out"
    told: list[str] = []

    def another(path: Path) -> None:
        begin = [sys.executable, "-m", "sim.cli", *arguments("power", out)]
        second = subprocess.run(begin, cwd=ROOT, capture_output=True, text=True)
        told.append(f"{second.returncode} {second.stderr}")

    on_write(AtPiece(1, another))
    assert main(arguments("power", out)) == 0
    assert len(told) == 1
    assert told[0].startswith(f"2 refocus: out = '{out}': process {os.getpid()} on ")
    assert "works in this folder; wait for it" in told[0]
    assert told[0].count("\n") == 1
    names = {path.name for path in out.iterdir()}
    assert "job.json" in names
    assert "job.lock" not in names
    assert "process" not in (out / "job.json").read_text(encoding="utf-8")


@every_command_and_a_fit
@pytest.mark.parametrize(
    ("number", "code", "told"), [(signal.SIGINT, 130, ""), (signal.SIGTERM, 2, "SIGTERM: ")]
)
def test_a_signal_keeps_what_is_finished_and_says_how_to_go_on(
    command: str,
    number: signal.Signals,
    code: int,
    told: str,
    whole: Callable[[str], dict[str, bytes]],
    on_write: Callable[[Callable[[Path], None]], None],
    tmp_path: Path,
    capsys: Captured,
) -> None:
    out = tmp_path / "out"
    on_write(AtPiece(2, lambda path: signal.raise_signal(number)))
    before = signal.getsignal(number)
    assert main([*arguments(command, out), "--workers", "1"]) == code
    assert signal.getsignal(number) is before
    shown = capsys.readouterr().err
    assert f"go on with: refocus {command} --resume {out}" in shown
    assert told in shown
    assert "Traceback" not in shown
    if command in COMMANDS:
        goes_on(command, out, whole)


def test_a_signal_after_the_last_piece_is_not_forgotten(tmp_path: Path) -> None:
    options = build_parser().parse_args(arguments("run", tmp_path / "out"))
    options.command = "run"
    told = "SIGTERM: interrupted; go on with: refocus run --resume"
    with pytest.raises(InputError, match=told), job(options) as work, work.running():
        signal.raise_signal(signal.SIGTERM)
    with job(options) as work, work.running(tells_itself=True):
        signal.raise_signal(signal.SIGINT)


@every_command
@pytest.mark.parametrize("where", ["a piece", "the tables", "the report"])
def test_a_full_disk_keeps_what_is_finished_and_says_how_to_go_on(
    command: str,
    where: str,
    whole: Callable[[str], dict[str, bytes]],
    on_write: Callable[[Callable[[Path], None]], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: Captured,
) -> None:
    out = tmp_path / "out"

    suffix = ".html" if where == "the report" else ".csv"

    def at_table(path: Path) -> None:
        if path.suffix == suffix:
            full(path)

    on_write(AtPiece(3, full) if where == "a piece" else at_table)
    if command == "run":
        from sim.runs import results

        real = results.write_table

        def write_table(path: Path, *parts: Any) -> None:
            if where == "the tables":
                full(path)
            real(path, *parts)

        monkeypatch.setattr(results, "write_table", write_table)
        monkeypatch.setattr(results, "write_whole", files.write_whole)
    assert main([*arguments(command, out), "--workers", "1"]) == 2
    monkeypatch.undo()
    shown = capsys.readouterr()
    (line,) = [one for one in shown.err.splitlines() if "No space left" in one]
    assert line.endswith(f"; go on with: refocus {command} --resume {out}")
    goes_on(command, out, whole)


@every_command
def test_a_command_killed_outright_goes_on_and_ends_identical(
    command: str, whole: Callable[[str], dict[str, bytes]], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 2**32))
    print(f"KILL_SEED={seed}")
    least = random.Random(seed).randint(1, 3)
    with subprocess.Popen(
        [sys.executable, "-m", "sim.cli", *arguments(command, out), "--workers", "1"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None and len(list(out.glob("chunks/*/*.npz"))) < least:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    if process.returncode == 0:
        # It was faster than the look into its folder.
        assert contents(out) == whole(command)
        return
    assert process.returncode == -signal.SIGKILL
    goes_on(command, out, whole)


@every_command
def test_chunks_go_when_the_tables_are_written(
    command: str, whole: Callable[[str], dict[str, bytes]]
) -> None:
    written = whole(command)
    assert "chunks" not in written
    assert json.loads(written["job.json"])["finished"] is True
    assert "report.html" in written


def test_a_kill_while_chunks_are_removed_leaves_none_for_good(
    whole: Callable[[str], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = written(whole("trial"), tmp_path / "out")
    (out / "chunks").mkdir()
    (out / "chunks" / "0.npz").write_bytes(b"x")
    options = build_parser().parse_args([*arguments("trial", out), "--keep-chunks"])
    options.command = "trial"
    work = Job(options, "trial")
    work.noted = json.loads(whole("trial")["job.json"])
    work.finished()
    assert (out / "chunks").exists(), "they are kept where that is asked for"
    options.keep_chunks = False
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        work.finished()
    assert not (out / "chunks").exists()
    assert main(["trial", "--resume", str(out)]) == 2
    assert contents(out) == whole("trial")
    for one in ("chunks", "chunks.gone"):
        (out / one).mkdir()
        (out / one / "0.npz").write_bytes(b"x")
    work.finished()
    assert contents(out) == whole("trial"), "what a kill left is not in the way of the next"


def test_a_number_with_its_interval_in_a_cell_is_not_tidy() -> None:
    untidy_texts = ["0.1 to 0.3", "+0.10 (-0.20 to +0.40)", "97%", "£1,250", "1,250", "-3 to 4"]
    tidy = ["Team 2 of 7", "trial (95% interval 1 to 2)", "week 3", "2027-04-01", "never"]
    for one in untidy_texts:
        assert untidy_cells(pd.DataFrame({"x": ["words", one]})) == [f"x: {one!r}"]
    assert untidy_cells(pd.DataFrame({"x": tidy})) == []


def test_a_word_in_a_column_of_numbers_is_not_tidy() -> None:
    weeks = pd.DataFrame({"week": ["4", 8, "never"], "year": ["1", "2", "all"]})
    assert untidy_cells(weeks) == ["week: 'never'"]
    assert untidy_cells(pd.DataFrame({"week": [4, None, 8.5, ""]})) == []


@every_command
def test_every_table_that_a_command_writes_is_tidy(
    command: str, whole: Callable[[str], dict[str, bytes]]
) -> None:
    assert untidy(whole(command)) == []


@every_command
def test_another_questions_answer_is_refused_and_left_alone(
    command: str, whole: Callable[[str], dict[str, bytes]], tmp_path: Path, capsys: Captured
) -> None:
    before = whole(command)
    out = written(before, tmp_path / "out")
    capsys.readouterr()
    for other in COMMANDS:
        words = arguments(other, out)
        assert main([*words, "--seed", "2"] if other == command else words) == 2
        shown = capsys.readouterr().err
        wanted = "(seed = 1, not 2)" if other == command else f"('refocus {command}')"
        assert f"holds the answer to another question {wanted}; name another folder" in shown
    assert contents(out) == before
    assert main([command, "--resume", str(out)]) == 2
    assert "is finished; nothing is left to do" in capsys.readouterr().err
    assert contents(out) == before


def test_an_answer_of_another_version_is_not_written_over(
    whole: Callable[[str], dict[str, bytes]], tmp_path: Path, capsys: Captured
) -> None:
    out = written(whole("power"), tmp_path / "out")
    noted = json.loads((out / "job.json").read_text(encoding="utf-8"))
    (out / "job.json").write_text(json.dumps({**noted, "source": "older"}), encoding="utf-8")
    assert main(arguments("power", out)) == 2
    assert "of another version of the model" in capsys.readouterr().err


def test_unfinished_work_of_another_version_is_computed_again(
    whole: Callable[[str], dict[str, bytes]],
    on_write: Callable[[Callable[[Path], None]], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: Captured,
) -> None:
    from sim.trials.power import power_study

    out = tmp_path / "out"
    with monkeypatch.context() as older:
        older.setattr(power_study, "source_version", lambda: "older")
        older.setattr(chunk_store, "source_version", lambda: "older")
        on_write(AtPiece(3, lambda path: signal.raise_signal(signal.SIGINT)))
        assert main([*arguments("power", out), "--workers", "1"]) == 130
    capsys.readouterr()
    assert main(["power", "--resume", str(out)]) == 0
    assert "the model has changed since" in capsys.readouterr().err
    assert contents(out) == whole("power")


@every_command_and_a_fit
def test_a_folder_with_something_else_is_left_alone(
    command: str, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    assert main(arguments(command, tmp_path)) == 2
    assert "holds something else; name another folder" in capsys.readouterr().err
    assert main(arguments(command, tmp_path / "mine.txt")) == 2
    assert "exists and is no folder" in capsys.readouterr().err
    assert contents(tmp_path) == {"mine.txt": b"x"}


@every_command_and_a_fit
@pytest.mark.parametrize("odd", ["a file/out", "n" * 300, "x/" * 3000])
def test_a_folder_that_cannot_be_is_refused_before_anything_runs(
    command: str, odd: str, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "a file").write_text("x", encoding="utf-8")
    begun = time.monotonic()
    assert main(arguments(command, tmp_path / odd)) == 2
    assert time.monotonic() - begun < 60.0
    shown = capsys.readouterr().err
    assert "cannot be written" in shown
    assert "nothing was run" in shown
    assert contents(tmp_path) == {"a file": b"x"}


@every_command_and_a_fit
def test_resume_needs_a_job_of_the_same_command_and_the_same_arguments(
    command: str,
    on_write: Callable[[Callable[[Path], None]], None],
    tmp_path: Path,
    capsys: Captured,
) -> None:
    assert main([command, "--resume", str(tmp_path)]) == 2
    assert "holds nothing to go on with" in capsys.readouterr().err
    out = tmp_path / "out"
    on_write(AtPiece(1, full))
    assert main(arguments(command, out)) == 2
    capsys.readouterr()
    other = next(one for one in COMMANDS if one != command)
    assert main([other, "--resume", str(out)]) == 2
    assert f"was begun by 'refocus {command}', not by 'refocus {other}'" in capsys.readouterr().err
    assert main([command, "--resume", str(out), "--seed", "7"]) == 2
    shown = capsys.readouterr().err
    assert "seed: " in shown
    assert "with --resume" in shown
    assert main([command, "--resume", str(out), "--out", str(tmp_path / "other")]) == 2
    assert "name one folder, not two" in capsys.readouterr().err
    assert main([*arguments(command, out), "--seed", "7"]) == 2
    assert "unfinished work on another question (seed = 1, not 7)" in capsys.readouterr().err


def test_a_file_that_changed_is_another_question(
    on_write: Callable[[Callable[[Path], None]], None], tmp_path: Path, capsys: Captured
) -> None:
    from sim.inputs.roster.roster_file import roster_text
    from sim.inputs.roster.trial import trial_roster

    teams = tmp_path / "teams.csv"
    teams.write_text(roster_text(trial_roster(1)), encoding="utf-8")
    words = [*COMMANDS["run"], "--roster", str(teams), "--out", str(tmp_path / "out")]
    on_write(AtPiece(2, full))
    assert main(words) == 2
    teams.write_text(roster_text(trial_roster(2)), encoding="utf-8")
    capsys.readouterr()
    assert main(["run", "--resume", str(tmp_path / "out")]) == 2
    assert f"the file '{teams}' is not there, or has changed since" in capsys.readouterr().err
    assert main(words) == 2
    assert f"(the file '{teams}' has changed)" in capsys.readouterr().err


def test_what_is_refused_leaves_no_folder(tmp_path: Path, capsys: Captured) -> None:
    setting = tmp_path / "setting.toml"
    setting.write_text("budget_per_year = 900", encoding="utf-8")
    out = tmp_path / "out"
    assert main([*arguments("compare", out), "--setting", str(setting)]) == 2
    assert "too small for one team" in capsys.readouterr().err
    assert main([*arguments("power", out), "--target", "2"]) == 2
    assert not out.exists()


@every_command_and_a_fit
@pytest.mark.parametrize("option", ["--out", "--resume"])
def test_a_folder_whose_name_is_no_text_is_refused(
    command: str, option: str, tmp_path: Path, capsys: Captured
) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xff \xe9")
    words = [*COMMANDS.get(command, FIT), option, folder]
    assert main(words) == 2
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert f"{option[2:]} = " in shown
    assert "UTF-8" in shown
    assert contents(tmp_path) == {}


def test_output_that_cannot_be_written_is_told() -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no device that is always full")
    with Path("/dev/full").open("wb") as full_device:
        done = subprocess.run(
            [sys.executable, "-m", "sim.cli", "list", "scenarios"],
            cwd=ROOT,
            stdout=full_device,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.decode() == f"refocus: output: {os.strerror(errno.ENOSPC)}\n"


def test_memory_that_is_not_enough_keeps_what_is_finished(
    on_write: Callable[[Callable[[Path], None]], None], tmp_path: Path, capsys: Captured
) -> None:
    def too_little(path: Path) -> None:
        raise MemoryError

    on_write(AtPiece(2, too_little))
    assert main([*arguments("run", tmp_path / "out"), "--workers", "1"]) == 2
    shown = capsys.readouterr().err
    assert "refocus: memory: not enough" in shown
    assert f"--resume {tmp_path / 'out'}" in shown


def test_tables_too_large_for_memory_are_the_same_bytes(
    whole: Callable[[str], dict[str, bytes]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from sim.api import run as door

    monkeypatch.setattr(door, "LARGEST_TABLE", 100)
    out = tmp_path / "out"
    assert main(arguments("run", out)) == 0
    wanted, found = whole("run"), contents(out)
    for name in ("assessments.csv", "team_weeks.csv", "events.csv", "summaries.csv"):
        assert found[name] == wanted[name], name
    assert not (out / "chunks").exists()


@pytest.mark.parametrize(
    "line",
    [
        "run usual-care 'my own.toml' --set a=1 --set b.c=x --prior-only --years 2",
        "compare refocus-full --threshold 2 --setting s.toml --set turnover_yearly=.3",
        "plan refocus-full --objective equity --equity-weight 3 --include-control",
        "power refocus --grid clusters=10,14 icc=0.01 --no-sensitivity --precision .01",
        "trial pulsar --transport 0.2 --date 2026-11-26",
    ],
)
def test_the_command_of_a_report_asks_the_same_again(line: str) -> None:
    def arguments_in(words: list[str]) -> dict[str, object]:
        given = build_parser().parse_args(words)
        return arguments_of(given)

    told = command_of(build_parser().parse_args(shlex.split(line)))
    assert told.startswith(f"refocus {line.split()[0]} ")
    assert told.endswith(" --out DIR")
    assert arguments_in(shlex.split(told)[1:]) == arguments_in(shlex.split(line))


def test_every_command_that_resumes_has_the_options_of_a_job() -> None:
    commands = build_parser().commands()
    resuming = {name for name, one in commands.items() if "--resume" in one.options()}
    assert resuming == {*COMMANDS, "calibrate", "update"}
    for name in resuming:
        options = commands[name].options()
        assert {"--out", "--resume", "--keep-chunks", "--workers"} <= set(options), name


def test_the_folder_of_an_update_is_noted_by_what_is_read_from_it(tmp_path: Path) -> None:
    for name in ("plan.csv", "updated.csv", "updated.json", "update.html"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    found = files_of({"from": str(tmp_path), "seed": 1})
    assert [Path(one).name for one in found] == ["updated.csv", "updated.json", "plan.csv"]
    (tmp_path / "updated.csv").write_text("another", encoding="utf-8")
    changed = {
        one for one, digest in files_of({"from": str(tmp_path)}).items() if digest != found[one]
    }
    assert changed == {str(tmp_path / "updated.csv")}
