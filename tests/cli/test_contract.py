"""The contract of the command line, walked from its own parser: every option, hostile values.

A new option or command is walked unasked. The work itself is cut off at its door: what is claimed
here is what happens before it.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import shutil
import socket
import time
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, ClassVar

import pytest

import sim.cli
import sim.commands.job
from sim.cli import Parser, build_parser, main
from sim.errors import InputError
from tests.hostile import NUMBERS, TEXTS, problem_of

INPUTS = Path(__file__).parent / "inputs"
SECONDS = 10.0
SHOWN = 12
# Where the work of a command begins, after everything that was given has been read.
DOORS = (
    "sim.runs.simulate.simulate",
    "sim.planning.comparison.compare",
    "sim.planning.plan_study.solve",
    "sim.learning.study.learn",
    "sim.trials.power.power_study.simulate_power",
    "sim.trials.studies.replication.simulate_refocus",
    "sim.trials.studies.pulsar.simulate_pulsar",
    "sim.trials.studies.pulsar.coverage_shift",
    "calibration.sampling.fit.start",
    "sim.pages.write.run_notebooks",
    "sim.pages.write.documentation",
    "uvicorn.Server.run",
)
# They import a door by name: loaded while it is closed, they would keep it so for later tests.
KEEP_DOORS = ("calibration.findings.known_truth", "sim.trials.power.power_search")
# The shortest complaint-free use of each command; a new command needs a line here.
SHORTEST: dict[str, tuple[tuple[str, ...], ...]] = {
    "run": (("usual-care",), ("--resume", "begun-run")),
    "compare": (("refocus-full",),),
    "plan": ((),),
    "update": (("refocus-full", "--roster", "teams.csv", "--register", "register.csv"),),
    "list": (("scenarios",),),
    "explain": (("qpr15",),),
    "template": (("teams",),),
    "teams": (("teams.csv",),),
    "analyse": (("data.csv", "--model", "y ~ arm + (1|team)", "--term", "arm"),),
    "power": (("four-point-target",), ("four-point-target", "--formula-only")),
    "trial": (("refocus",), ("pulsar",)),
    "serve": (("--port", "0"),),
    "site": (("--out", "pages"),),
    "reproduce": ((),),
    "calibrate": (("--quick",), ("--check",)),
}
DATA = "team,arm,y,attended\n" + "".join(
    f"{team},{team % 2},{(7 * team + 3 * person) % 11},{0.1 * team}\n"
    for team in range(8)
    for person in range(4)
)


def commands() -> dict[str, Parser]:
    return build_parser().commands()


def options(parser: Parser) -> list[argparse.Action]:
    """Return what takes a value: options and positional arguments."""
    return [one for one in parser._actions if one.nargs != 0 and one.dest != "help"]


def flags(parser: Parser) -> list[argparse.Action]:
    return [one for one in parser._actions if one.nargs == 0 and one.dest != "help"]


CASES = [(name, base) for name, bases in SHORTEST.items() for base in bases]


def closed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with small files and what commands leave that were cut off."""
    for one in KEEP_DOORS:
        importlib.import_module(one)
    folder = tmp_path_factory.mktemp("begun")
    shutil.copytree(INPUTS, folder / "inputs")
    (folder / "data.csv").write_text(DATA, encoding="utf-8")
    (folder / "teams.csv").write_text("team,staff\nA,12\n", encoding="utf-8")
    (folder / "register.csv").write_text("team,week,attended\nA,2,7\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        patched.setattr("sim.runs.first_run.is_compiled", lambda: True)
        for one in DOORS:
            patched.setattr(one, closed)
        for name in ("run", "compare", "plan"):
            main([name, *SHORTEST[name][0], "--out", f"begun-{name}"])
    return folder


@pytest.fixture
def door(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder with small files, with the work of every command cut off."""
    for one in DOORS:
        monkeypatch.setattr(one, closed)
    monkeypatch.setattr("sim.runs.first_run.is_compiled", lambda: True)
    monkeypatch.setattr("webbrowser.open", lambda *_, **__: True)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: CompletedProcess([], 0))
    looked_up = socket.getaddrinfo

    def here(*given: Any, **named: Any) -> Any:
        """Look up addresses without asking a network."""
        named["flags"] = named.get("flags", 0) | socket.AI_NUMERICHOST
        return looked_up(*given, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    parser = build_parser()
    monkeypatch.setattr(sim.cli, "build_parser", lambda: parser)
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)


def tried(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Return exit code, error and problem of one use."""
    started = time.monotonic()
    try:
        code = main(arguments)
    except BaseException as error:
        capsys.readouterr()
        return -1, "", f"raised {type(error).__name__}: {error}"
    took = time.monotonic() - started
    shown = capsys.readouterr()
    problem = ""
    # Notes, such as one on the posterior, may stand before the error, a line each.
    lines = shown.err.splitlines()
    if code not in (0, 2, 130):
        problem = f"code {code}: {shown.err[:300]}"
    elif code == 2 and not all(one.startswith("refocus: ") for one in lines):
        problem = "more than lines of our own"
    elif code == 2:
        problem = problem_of(lines[-1])
    if not (shown.out + shown.err).replace("\n", "").replace("\r", "").isprintable():
        problem = problem or "echoes signs that do not print"
    if took > SECONDS:
        problem = f"took {took:.0f} s"
    # A file may have several problems, a line each below one that names it.
    return code, "\n".join(lines), problem


def named(action: argparse.Action, value: str, base: tuple[str, ...], line: str) -> bool:
    """Return whether a refusal names the option or one beside it, or repeats what stood there."""
    plain = InputError(value).args[0]
    field = plain.split("=")[0].split(",")[0].strip()
    places = [action.dest, action.dest.replace("_", "-"), plain[:15], field[:20]]
    places += [Path(plain).stem[:20], *(["column"] if action.dest == "data" else [])]
    beside = any(f"'{one}'" in line for one in base)
    return beside or any(one and one in line for one in places)


def test_every_command_is_walked() -> None:
    assert set(SHORTEST) == set(commands())


@pytest.mark.parametrize(("name", "base"), CASES)
def test_the_shortest_use_is_accepted(
    name: str, base: tuple[str, ...], door: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, problem = tried([name, *base], capsys)
    assert (code in (0, 130), problem) == (True, ""), told


@pytest.mark.parametrize(("name", "base"), CASES)
def test_hostile_values_are_used_or_refused_in_one_line(
    name: str, base: tuple[str, ...], door: None, capsys: pytest.CaptureFixture[str]
) -> None:
    files = sorted(str(one) for one in Path("inputs").iterdir())
    problems = []
    for action in options(commands()[name]):
        for value in (*NUMBERS, *TEXTS, ".", "/dev/null", "no/such.toml", *files):
            if action.option_strings:
                # An option that the shortest use has stands there once, with the hostile value.
                at = (
                    base.index(action.option_strings[-1])
                    if action.option_strings[-1] in base
                    else None
                )
                rest = base if at is None else (*base[:at], *base[at + 2 :])
                arguments = [name, *rest, f"{action.option_strings[-1]}={value}"]
            else:
                options_alone = base if base[:1] and base[0].startswith("-") else base[1:]
                arguments = [name, *options_alone, "--", value]
            code, told, problem = tried(arguments, capsys)
            # What `calibrate` begins without --out.
            shutil.rmtree("results", ignore_errors=True)
            if not problem and code == 2 and not named(action, value, base, told):
                problem = f"does not name it: {told}"
            if problem:
                problems.append(f"{action.dest} = {value[:60]!r}: {problem}")
    assert not problems, f"{len(problems)} faults:\n" + "\n".join(problems[:SHOWN])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("power", "refocus", "--formula-only", "--seed", "garbage"), ("--seed", "formula-only")),
        (("power", "refocus", "--formula-only", "--target", "0.95"), ("--target", "--find")),
        (("power", "refocus", "--target", "0.95"), ("--target", "only with --find")),
        (("calibrate", "--check", "--roster", "nosuch"), ("roster 'nosuch'", "does not exist")),
        (("calibrate", "--check", "--scenario", "nosuch"), ("unknown scenario 'nosuch'",)),
        (("calibrate", "--check", "--quick"), ("--quick", "no meaning with --check")),
        (("calibrate", "--resume", "begun-run", "--seed", "2"), ("seed", "with --resume")),
        (("run", "--resume", "begun-run", "--seed", "garbage"), ("seed", "with --resume")),
        (("run", "usual-care", "--tables", "parquet"), ("--tables", "only with --out")),
        (("run", "usual-care", "--no-report"), ("--no-report", "only with --out")),
        (("run", "usual-care", "--draws", "0", "--prior-only"), ("draws = 0", "--prior-only")),
        (("run", "usual-care", "--draws", "0", "--posterior", "no"), ("draws = 0", "--posterior")),
        (("compare", "--resume", "begun-compare", "--seed", "2"), ("seed", "with --resume")),
        (("run", "usual-care", "--seed", "1", "--seed", "2"), ("--seed", "stands twice")),
        (("analyse", "data.csv", "--term", "arm", "--term=y"), ("--term", "stands twice")),
        (("analyse", "x", "--code", "R", "--format", "json"), ("--format", "meaning with --code")),
        (("analyse", "x", "--code", "R", "--curve", "a.svg"), ("--curve", "meaning with --code")),
        (
            ("power", "four-point-target", "--set", "icc=.1", "--set", "icc=.2"),
            ("--set icc", "is set twice"),
        ),
        (
            ("power", "four-point-target", "--set", "icc=.1", "--set", "statistical.icc=.2"),
            ("statistical.icc", "icc sets the same"),
        ),
        (
            ("power", "four-point-target", *("--grid", "icc=.1,.2"), "--set=statistical.icc=.3"),
            ("--set statistical.icc", "--grid sets it"),
        ),
        (
            ("power", "four-point-target", "--set=attrition=.2", "--grid", "attrition.rate=0,.1"),
            ("--set attrition", "--grid sets it"),
        ),
        (
            ("power", "four-point-target", "--set=multiplicity=none"),
            ("analysis.multiplicity", "several arms"),
        ),
        (("power", "four-point-target", "--set=imputations=9"), ("analysis.imputations", "needs")),
        (("power", "four-point-target", "--set=better=lower"), ("analysis.better", "needs")),
        (("power", "parallel-slow", "--grid=iac=.2,.5"), ("statistical.iac", "more than once")),
        (
            ("power", "four-point-target", "--formula-only", "--find=size", "--set", "size=9"),
            ("--set size", "--find sets it"),
        ),
        (
            ("power", "four-point-target", "--formula-only", "--find=cost", "--set", "size=9"),
            ("--set size", "--find sets it"),
        ),
        (
            ("run", "usual-care", *("--set", "caseload_norm=20", "--set=caseload_norm=30")),
            ("--set caseload_norm", "is set twice"),
        ),
        (
            ("run", "usual-care", *("--set", "timing.weeks=9", "--weeks", "8")),
            ("--set timing.weeks", "--weeks sets it"),
        ),
        (("compare", "usual-care"), ("scenario 'usual-care'", "is the base")),
        (("plan", "--equity-weight", "3"), ("--equity-weight", "only with --objective equity")),
    ],
)
def test_an_option_without_a_meaning_is_refused(
    given: tuple[str, ...],
    words: tuple[str, ...],
    door: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, told, problem = tried(list(given), capsys)
    assert (code, problem) == (2, "")
    assert all(one in told for one in words), told


class Watched(argparse.Namespace):
    """Arguments that note which of them were asked for."""

    asked: ClassVar[set[str]] = set()

    def __getattribute__(self, name: str) -> Any:
        Watched.asked.add(name)
        return super().__getattribute__(name)


@pytest.mark.parametrize(("name", "base"), CASES)
def test_every_flag_is_read_or_refused(
    name: str,
    base: tuple[str, ...],
    door: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the command line never looks at before the work, it looks at in its source after it."""
    parser = build_parser()
    parse = parser.parse_known_args

    def watched(arguments: Any) -> Any:
        return parse(arguments, Watched())

    monkeypatch.setattr(parser, "parse_known_args", watched)
    monkeypatch.setattr(sim.cli, "build_parser", lambda: parser)
    source = inspect.getsource(inspect.getmodule(parser.commands()[name].get_default("run")))
    source += inspect.getsource(sim.commands.job)
    for action in flags(parser.commands()[name]):
        Watched.asked.clear()
        code, told, problem = tried([name, *base, action.option_strings[-1]], capsys)
        assert problem == "", told
        assert code == 2 or action.dest in Watched.asked or f".{action.dest}" in source, action.dest
