"""Claims about `import sim`: what it offers, that it is light, and that answers show themselves."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import sim
from sim.api.choices import chosen_values
from sim.cli import main
from sim.errors import InputError
from sim.files import encoded
from sim.inputs.roster import Roster, described_roster, roster_text
from sim.spreadsheet import frame_csv

pytestmark = pytest.mark.usefixtures("unpainted")

FUNCTIONS = (
    "run",
    "compare",
    "plan",
    "update",
    "power",
    "analyse",
    "sweep",
    "sobol",
    "influence",
    "mediation",
    "load",
    "list_scenarios",
)


@pytest.fixture(scope="module")
def roster() -> Roster:
    return described_roster(trusts=1, teams_per_trust=3, intervention_share=1.0)


@pytest.fixture(scope="module")
def roster_file(roster: Roster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("teams") / "teams.csv"
    path.write_text(roster_text(roster), encoding="utf-8")
    return path


def test_everything_that_is_offered_is_there() -> None:
    assert set(sim.__all__) == {*FUNCTIONS, "Scenario", "Roster", "Results", "__version__"}
    assert set(sim.__all__) <= set(dir(sim))
    for name in FUNCTIONS:
        assert inspect.getdoc(getattr(sim, name)), name
    assert inspect.isclass(sim.Scenario)
    assert sim.__version__[0].isdigit()


def test_a_misspelt_name_is_told_with_the_nearest() -> None:
    with pytest.raises(AttributeError, match="no attribute 'analyze'; did you mean 'analyse'"):
        sim.analyze  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'rum'"):
        from sim import rum  # type: ignore[attr-defined]  # noqa: F401
    assert not hasattr(sim, "__path_of_nothing__")


def test_the_door_stays_shut_until_it_is_used() -> None:
    code = (
        "import sys, sim\ndir(sim); sim.__version__\n"
        "heavy = ('sim', 'numpy', 'pandas')\n"
        "loaded = sorted(one for one in sys.modules if one.startswith(heavy))\n"
        "assert loaded == ['sim'], loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_python_and_the_command_compare_alike(
    roster: Roster, roster_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compare", "refocus-full", "--roster", str(roster_file), "--years", "0.2"]
    command += ["--draws", "2", "--replications", "2", "--set", "turnover_yearly=0.3"]
    assert main([*command, "--out", str(tmp_path / "command")]) == 0
    answer = sim.compare(
        "refocus-full",
        roster=roster_file,
        years=0.2,
        draws=2,
        replications=2,
        settings={"turnover_yearly": 0.3},
    )
    tables = sorted((tmp_path / "command").glob("*.csv"))
    assert {path.stem for path in tables} == set(answer.tables)
    for path in tables:
        assert path.read_bytes() == encoded(frame_csv(answer.table(path.stem))), path.name
    capsys.readouterr()
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert printed == f"{answer!r}\nReport and all tables: add --out DIR.\n"
    assert answer.sentence in answer._repr_html_().replace("&#x27;", "'")

    saved = sim.load(tmp_path / "command")
    assert answer.sentence in repr(saved)
    assert set(saved.tables) == set(answer.tables)
    pd.testing.assert_frame_equal(
        saved.differences(), answer.differences(), check_dtype=False, rtol=1e-12
    )
    with pytest.raises(InputError, match="unknown table 'difference'; did you mean 'differences'"):
        saved.table("difference")
    with pytest.raises(InputError, match="unknown table 'start'; did you mean 'starts'"):
        answer.table("start")


def test_python_and_the_command_plan_alike(
    roster_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["plan", "refocus-as-delivered", "--roster", str(roster_file), "--years", "0.5"]
    assert main([*command, "--draws", "2", "--objective", "reach"]) == 0
    printed = capsys.readouterr().out
    answer = sim.plan(
        ["refocus-as-delivered"], roster=roster_file, years=0.5, draws=2, objective="reach"
    )
    assert printed == f"{answer!r}\n"
    behind_the_page = {"decision", "ranking", "pairs", "frontier", "budget", "drivers"}
    assert set(answer.tables) == {"plan", "scores", *behind_the_page}


def test_python_and_the_command_power_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["power", "four-point-target", "--simulations", "20", "--no-sensitivity"]
    command += ["--grid", "size=10,20"]
    assert main([*command, "--out", str(tmp_path / "power")]) == 0
    printed = capsys.readouterr().out
    answer = sim.power(
        "four-point-target", simulations=20, sensitivity=False, grid={"size": [10, 20]}
    )
    assert printed == f"{answer!r}\n"
    assert (tmp_path / "power" / "power.csv").read_text(encoding="utf-8") == answer.csv()
    saved = sim.load(tmp_path / "power")
    assert list(saved.table("power")["of"]) == ["design", "grid", "grid"]

    formula = sim.power("four-point-target", formula_only=True, settings={"icc": 0.1})
    assert main(["power", "four-point-target", "--formula-only", "--set", "icc=0.1"]) == 0
    assert capsys.readouterr().out == f"{formula!r}\n"


def test_python_and_the_command_analyse_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.DataFrame(
        {
            "fu": [float(7 * one % 11) for one in range(48)],
            "arm": ["control" if one < 24 else "new" for one in range(48)],
            "cluster": [one // 4 for one in range(48)],
        }
    )
    path = tmp_path / "data.csv"
    frame.to_csv(path, index=False)
    answer = sim.analyse(frame, "fu ~ arm + (1|cluster)", "arm")
    means = frame.groupby("arm")["fu"].mean()
    assert answer["estimate"] == pytest.approx(means["new"] - means["control"])
    options = ["--model", "fu ~ arm + (1|cluster)", "--term", "arm"]
    assert main(["analyse", str(path), *options]) == 0
    assert capsys.readouterr().out == f"{answer!r}\n"
    assert main(["analyse", str(path), *options, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == answer.content()
    assert list(answer.table("coefficients")["coefficient"]) == list(answer["coef"])
    assert "<pre>" in answer._repr_html_()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (None, "does not exist, or is no folder"),
        ({}, "was left by no command: it lacks metadata.json or comparison.json"),
        ({"metadata.json": "{}"}, "is no run's: it lacks labels or request"),
        ({"metadata.json": "{"}, "cannot be read as JSON"),
        ({"metadata.json": "[]"}, "must hold an object"),
        ({"metadata.json": '{"labels": {}, "request": {}}'}, "lacks the tables of the run"),
        (
            {"job.json": '{"command": "run", "finished": false}'},
            "is not finished; go on with: refocus run --resume",
        ),
    ],
)
def test_what_is_no_finished_run_says_what_it_lacks(
    tmp_path: Path, files: dict[str, str] | None, message: str
) -> None:
    folder = tmp_path / "results"
    if files is not None:
        folder.mkdir()
    for name, text in (files or {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as told:
        sim.load(folder)
    assert "\n" not in str(told.value)


def test_values_that_are_chosen_already_are_taken_as_they_are() -> None:
    chosen = chosen_values(2, False, None)
    assert chosen_values(chosen, False, None) is chosen
    assert chosen_values("2", False, None).draws == chosen.draws


@pytest.mark.parametrize("name", ["run", "compare", "plan"])
def test_a_question_is_declared_once_and_knows_its_arguments(name: str) -> None:
    """The command's check and the function have the same arguments; others are refused by name."""
    asked = getattr(sim, name)
    theirs, ours = inspect.signature(asked.question), inspect.signature(asked)
    assert list(theirs.parameters.items()) == list(ours.parameters.items())
    assert theirs.return_annotation != ours.return_annotation
    with pytest.raises(TypeError, match=f"{name}: has no argument 'drawz'; did you mean 'draws'"):
        asked("usual-care", drawz=3)
