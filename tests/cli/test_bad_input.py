"""Claims about mistakes: one line naming field, value and rule; code 2; nothing half-written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sim.cli import build_parser, main, stray_argument

RUN = ("run", "usual-care", "--draws", "0", "--replications", "1", "--weeks", "2")


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that a mistake is answered with."""
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1, shown.err
    assert "Traceback" not in shown.err
    return shown.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "usual-cair"], ["usual-cair", "usual-care"]),
        (["run"], ["scenarios", "refocus list scenarios"]),
        (["run", "usual-care", "usual-care"], ["usual-care", "twice"]),
        (["rum", "usual-care"], ["rum", "run"]),
        (["run", "usual-care", "--replication", "x"], ["replications = 'x'", "whole number"]),
        (["run", "usual-care", "--replications", "0"], ["replications = 0", "from 1"]),
        (["run", "usual-care", "--replications", "-3"], ["replications = -3"]),
        (["run", "usual-care", "--replications", "1e9"], ["replications = 1e9"]),
        (["run", "usual-care", "--replications", "99999999999"], ["replications", "to 10000000"]),
        (["run", "usual-care", "--draws", "100000"], ["draws = 100000", "only"]),
        (["run", "usual-care", "--draws", "-1"], ["draws = -1"]),
        (["run", "usual-care", "--posterior", "none.csv"], ["none.csv"]),
        (["run", "usual-care", "--posterior", "a.csv", "--prior-only"], ["give one of them"]),
        (["run", "usual-care", "--years", "nan"], ["years = nan", "above 0"]),
        (["run", "usual-care", "--years", "-1"], ["years = -1"]),
        (["run", "usual-care", "--years", "1", "--weeks", "3"], ["years and weeks"]),
        (["run", "usual-care", "--weeks", "0"], ["weeks = 0"]),
        (["run", "usual-care", "--seed", "-1"], ["seed = -1"]),
        (["run", "usual-care", "--seed", "99999999999"], ["seed"]),
        (["run", "usual-care", "--engine", "mesaa"], ["mesaa", "mesa"]),
        (["run", "usual-care", "--caseload", "fulll"], ["fulll", "full"]),
        (["run", "usual-care", "--out", "o", "--tables", "cvs"], ["cvs", "csv"]),
        (["run", "usual-care", "--set", "turnover_yearl=0.2"], ["turnover_yearly"]),
        (["run", "usual-care", "--set", "turnover_yearly=two"], ["turnover_yearly", "two"]),
        (["run", "usual-care", "--set", "turnover_yearly=-1"], ["turnover_yearly", "-1"]),
        (["run", "usual-care", "--set", "turnover_yearly=nan"], ["turnover_yearly", "nan"]),
        (["run", "usual-care", "--set", "turnover_yearly"], ["turnover_yearly"]),
        (["run", "usual-care", "--set", "support.telephon.intensity=1"], ["telephone"]),
        (["run", "usual-care", "--set", "support.telephone.intensity=2"], ["intensity", "2"]),
        (["run", "usual-care", "--roster", "no-such.csv"], ["no-such.csv"]),
        (["run", "usual-care", "--roster", "tria"], ["roster 'tria'; did you mean 'trial'"]),
        (["compare", "refocus-full", "--roster", "tria"], ["did you mean 'trial'"]),
        (["plan", "--roster", "tria"], ["did you mean 'trial'"]),
        (["run", "usual-care", "--posterior", "pror"], ["posterior 'pror'; did you mean 'prior'"]),
        (["power", "refocu"], ["design 'refocu'; did you mean 'refocus'"]),
        (["plan", "refocus-ful"], ["scenario 'refocus-ful'; did you mean 'refocus-full'"]),
        (["compare", "refocus-full", "--setting", "no"], ["'no'", "template setting' prints one"]),
        (["plan", "--prices", "no"], ["prices 'no'", "template prices' prints them"]),
        (["run", "usual-care", "--resume", "no-such-folder"], ["no-such-folder", "--out"]),
        (["run", "usual-care", "--worker", "x"], ["workers = 'x'"]),
        (["run", "usual-care", "--nonsense"], ["--nonsense"]),
        (["run", "usual-care", "--no-browser"], ["--no-browser'; see 'refocus run --help'"]),
        (["run", "usual-care", "--rooster=a.csv"], ["'--rooster'", "did you mean '--roster'"]),
        (["power", "refocus", "--roster", "a.csv"], ["'--roster': it is an option of", "compare"]),
        (["serve", "--participation"], ["it is an option of 'refocus analyse'"]),
        (
            ["compare", "refocus-full", "--budget", "9"],
            ["'budget_per_year' in a file that --setting"],
        ),
        (["plan", "--start-date", "2027-04-01"], ["here it is 'start_date' in a file"]),
        (["--verson"], ["did you mean '--version'", "see 'refocus --help'"]),
        (["list", "scenarios", "more"], ["unexpected argument 'more'", "refocus list --help"]),
        (["list", "scenario"], ["scenario", "scenarios"]),
        (["explain", "experience_to_recover"], ["experience_to_recovery"]),
        (["template", "team"], ["team", "teams"]),
        (["analyse", "no-such.csv", "--model", "y ~ x + (1|c)", "--term", "x"], ["no-such.csv"]),
    ],
)
def test_a_mistake_is_told_in_one_line(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(arguments, capsys)
    for word in words:
        assert word in told


def test_a_suggestion_is_always_an_option_of_the_command() -> None:
    """Every option of every command, misspelt, is answered with one of the command's own."""
    parser = build_parser()
    suggested = 0
    for name, command in parser.commands().items():
        for option in command.options():
            stray = stray_argument(parser, name, option + "x")
            if "did you mean" in str(stray):
                suggested += 1
                assert str(stray).split("'")[3] in command.options()
            assert f"'refocus {name} --help'" in str(stray)
    assert suggested > 50


def test_debug_may_stand_after_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "scenarios", "--debug"]) == 0
    assert "usual-care" in capsys.readouterr().out


ROSTERS = {
    "no teams": ("team,staff\n", ["no team"]),
    "empty": ("", ["empty"]),
    "unknown column": ("team,staf\nA,10\n", ["staf", "staff"]),
    "duplicate team": ("team,staff\nA,10\nA,12\n", ["A"]),
    "team without staff": ("team,staff\nA,0\n", ["staff", "0"]),
    "negative": ("team,staff\nA,-2\n", ["staff", "-2"]),
    "not a number": ("team,staff\nA,ten\n", ["staff", "ten"]),
    "infinite": ("team,staff\nA,inf\n", ["staff", "inf"]),
    "huge": ("team,staff\nA,1e12\n", ["staff"]),
}


@pytest.mark.parametrize("case", ROSTERS)
def test_a_wrong_roster_is_told_in_one_line_and_leaves_no_folder(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, words = ROSTERS[case]
    path = tmp_path / "teams.csv"
    path.write_text(text, encoding="utf-8")
    out = tmp_path / "out"
    told = refused([*RUN, "--roster", str(path), "--out", str(out)], capsys)
    for word in ["teams.csv", *words]:
        assert word in told
    assert not out.exists()


def test_windows_line_ends_and_a_byte_order_mark_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "teams.csv"
    path.write_bytes(b"\xef\xbb\xbfteam,staff\r\nA,5\r\nB,6\r\n")
    assert main([*RUN, "--roster", str(path)]) == 0
    assert capsys.readouterr().out.startswith("scenario,arm,week,measure")


def test_a_folder_with_something_else_in_it_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert str(tmp_path) in refused([*RUN, "--out", str(tmp_path)], capsys)
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_with_another_run_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main([*RUN, "--no-report", "--out", str(out)]) == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    capsys.readouterr()
    told = refused([*RUN, "--seed", "2", "--out", str(out)], capsys)
    assert "holds the answer to another question" in told
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_an_error_of_ours_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("sim.commands.listing.scenarios", broken)
    assert main(["list", "scenarios"]) == 1
    assert "error of the software" in capsys.readouterr().err


def test_a_word_is_meant_for_a_shipped_name_unless_a_file_is_called_so_or_nearly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-teams.csv").write_text("team,staff\nA,6\n", encoding="utf-8")
    told = refused([*RUN, "--roster", "my-teams"], capsys)
    assert "roster 'my-teams': does not exist; did you mean 'my-teams.csv'?" in told
    (tmp_path / "tria").write_text("team,staff\nA,6\n", encoding="utf-8")
    assert main([*RUN, "--roster", "tria"]) == 0


@pytest.mark.parametrize("sign", ["\x1b[31m", "\x07", "\x9b31m", "\u202e", "\u2066", "\r"])
@pytest.mark.parametrize("way", ["label", "heading", "title", "target"])
def test_what_a_file_holds_cannot_steer_a_terminal(
    sign: str, way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file"
    quoted = json.dumps(f"title{sign}")
    if way == "label":
        arms = ('"a"', f'"a{sign}b"')
        rows = [f"t{i // 4},{arms[i // 4 % 2]},{i * 7 % 5}" for i in range(24)]
        path.write_text("team,arm,y\n" + "\n".join(rows) + "\n", encoding="utf-8", newline="")
        asked = ["analyse", str(path), "--model", "y ~ arm + (1|team)", "--term", "arm"]
    elif way == "heading":
        path.write_text(f'team,"own{sign}"\nA,1\n', encoding="utf-8", newline="")
        asked = ["teams", str(path)]
    elif way == "title":
        path = path.with_suffix(".toml")
        path.write_text(f'extends = "refocus-full"\ntitle = {quoted}\n', encoding="utf-8")
        asked = ["explain", str(path)]
    else:
        main(["template", "targets", "--out", str(path)])
        text = path.read_text(encoding="utf-8")
        text = re.sub("(?m)^title.*$", lambda _: f"title = {quoted}", text, count=1)
        path.write_text(text, encoding="utf-8")
        asked = ["calibrate", "--check", "--targets", str(path)]
    main(asked)
    shown = capsys.readouterr()
    assert sign not in shown.out + shown.err
    assert f"\\u{ord(sign[0]):04x}" in shown.out + shown.err or (way, sign) == ("heading", "\r")


@pytest.mark.parametrize("form", ["csv", "json", "pdf-ready", "text", "protocol"])
def test_data_for_a_program_are_left_as_they_are(
    form: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.commands.power.run", lambda _: print("a\u202eb\r") or 0)
    asked = ["power", "four-point-target", "--format", form]
    assert main(asked) == 0
    piped = "a\\u202eb\\u000d\n" if form in ("text", "protocol") else "a\u202eb\r\n"
    assert capsys.readouterr().out == piped
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert main(asked) == 0
    assert "\u202e" not in capsys.readouterr().out
