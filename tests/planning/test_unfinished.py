"""A comparison or a plan that was cut off goes on, and ends as if it had not been."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from sim.cli import main
from sim.engines.ensemble import Chunk, Request
from sim.runs import chunk_store
from sim.runs import simulate as simulate_module
from sim.runs.simulate import Reduce

COMMANDS = {
    "compare": ["compare", "coaching-only", "--draws", "12", "--replications", "2"],
    "plan": ["plan", "--draws", "12", "--budget", "60000", "--years", "1"],
}


@pytest.fixture
def in_power(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Return how many chunks may run until the power fails (-1: any number), and how many ran."""
    left = {"may run": -1, "ran": 0}
    real = simulate_module.run_and_reduce

    def run(reduce: Reduce, request: Request, chunk: Chunk) -> Mapping[str, np.ndarray]:
        if left["ran"] == left["may run"]:
            raise KeyboardInterrupt
        left["ran"] += 1
        return real(reduce, request, chunk)

    monkeypatch.setattr(simulate_module, "run_and_reduce", run)
    return left


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("command", list(COMMANDS))
def test_what_was_cut_off_goes_on_and_ends_identical(
    command: str, in_power: dict[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [*COMMANDS[command], "--workers", "1"]
    assert main([*arguments, "--out", str(tmp_path / "whole")]) == 0
    of_whole = in_power["ran"]
    in_power.update({"may run": of_whole * 2 // 3, "ran": 0})
    folder = tmp_path / "cut off"
    assert main([*arguments, "--out", str(folder)]) == 130
    assert [path.name for path in folder.iterdir()] == ["unfinished"]

    in_power.update({"may run": -1, "ran": 0})
    assert main([*arguments, "--out", str(folder), "--seed", "2"]) == 2
    assert "holds unfinished work with other settings" in capsys.readouterr().err
    assert in_power["ran"] == 0
    assert main([command, "--resume", str(folder)]) == 0
    assert 0 < in_power["ran"] <= of_whole // 2
    assert contents(folder) == contents(tmp_path / "whole")


def test_the_same_command_again_goes_on_too(in_power: dict[str, int], tmp_path: Path) -> None:
    arguments = [*COMMANDS["compare"], "--out", str(tmp_path / "out")]
    in_power["may run"] = 6
    assert main([*arguments, "--workers", "1"]) == 130
    in_power.update({"may run": -1, "ran": 0})
    assert main(arguments) == 0
    # Two scenarios over twelve draws; of the six chunks that ran the last may not have been stored.
    assert in_power["ran"] in (24 - 6, 24 - 5)


@pytest.mark.parametrize("command", list(COMMANDS))
def test_there_must_be_something_to_go_on_with(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--resume", str(tmp_path)]) == 2
    assert "holds nothing unfinished; see 'refocus" in capsys.readouterr().err
    assert main([command, "usual-care", "--resume", str(tmp_path)]) == 2
    assert "give no scenarios" in capsys.readouterr().err


def test_another_commands_work_is_not_gone_on_with(
    in_power: dict[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_power["may run"] = 3
    assert main([*COMMANDS["plan"], "--out", str(tmp_path)]) == 130
    assert main(["compare", "--resume", str(tmp_path)]) == 2
    assert "was begun by 'refocus plan', not by 'refocus compare'" in capsys.readouterr().err


def test_what_is_refused_leaves_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setting = tmp_path / "setting.toml"
    setting.write_text("budget_per_year = 900", encoding="utf-8")
    out = tmp_path / "out"
    arguments = [*COMMANDS["compare"], "--setting", str(setting), "--out", str(out)]
    assert main(arguments) == 2
    assert "too small for one team" in capsys.readouterr().err
    assert not out.exists()


def test_a_disk_that_fills_up_keeps_what_is_finished_and_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_whole = chunk_store.write_whole

    def full_after_five(path: Path, content: bytes) -> None:
        if path.name == "0000005.npz":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_whole(path, content)

    arguments = [*COMMANDS["compare"], "--workers", "1", "--out", str(tmp_path / "out")]
    with monkeypatch.context() as patched:
        patched.setattr(chunk_store, "write_whole", full_after_five)
        assert main(arguments) == 2
    told = capsys.readouterr().err
    assert "No space left" in told
    assert told.endswith(f"; go on with: refocus compare --resume {tmp_path / 'out'}\n")
    assert len(list((tmp_path / "out/unfinished/chunks").iterdir())) == 5
    assert main(["compare", "--resume", str(tmp_path / "out")]) == 0


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(
    in_power: dict[str, int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way", encoding="utf-8")
    assert main([*COMMANDS["compare"], "--out", str(blocked / "out")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert in_power["ran"] == 0
