"""The command: found by its entry point, refusing what it cannot use, remembering its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.__main__ import main as module_main
from sim.cli import installed_commands, main


def test_the_command_line_finds_the_command_that_is_installed() -> None:
    assert "calibration.cli" in {one.__name__ for one in installed_commands()}


def test_check_lists_targets(capsys, monkeypatch) -> None:
    assert main(["calibrate", "--check"]) == 0
    first = capsys.readouterr().out
    assert "p2_difference" in first
    assert module_main(["--check"]) == 0
    assert capsys.readouterr().out == first
    monkeypatch.setattr("sys.argv", ["calibration", "--check"])
    assert module_main() == 0
    assert capsys.readouterr().out == first


def test_bad_targets_end_with_exit_code_2(tmp_path: Path, capsys) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[mine]\npattern = 'A'\n", encoding="utf-8")
    assert main(["calibrate", "--targets", str(path), "--out", str(tmp_path / "fit")]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("refocus: targets 'mine.toml': target 'mine'")
    assert shown.count("\n") == 1
    assert not (tmp_path / "fit").exists()


def test_a_report_needs_a_finished_fit(tmp_path: Path, capsys) -> None:
    assert main(["calibrate", "--report", "--resume", str(tmp_path)]) == 2
    assert "holds nothing to go on with" in capsys.readouterr().err
    assert main(["calibrate", "--report", "--out", str(tmp_path)]) == 2
    assert "no finished calibration" in capsys.readouterr().err
    for text, told in (("[]", "no finished calibration"), ('{"trial": {}}', "of another version")):
        (tmp_path / "results.json").write_text(text, encoding="utf-8")
        assert main(["calibrate", "--report", "--out", str(tmp_path)]) == 2
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("entrance", [module_main, lambda words: main(["calibrate", *words])])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--particles", "3"], "particles = 3: must be a whole number from 32"),
        (["--seed", "-1"], "seed = -1"),
        (["--out", "a", "--resume", "b"], "name one folder"),
        (["--resume", "no-such-folder"], "holds nothing to go on with"),
        (["--target", "x", "--quik"], "--quik"),
        (["--roster", "none.csv"], "none.csv"),
        (["--scenario", "refocus-ful"], "did you mean 'refocus-full'"),
    ],
)
def test_bad_arguments_end_with_exit_code_2(
    words: list[str], message: str, entrance, tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    assert entrance(words) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
