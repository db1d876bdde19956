"""A calculation of power that is stopped tells what it has, and what it left out."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sim.cli import main
from sim.commands.job import Job
from sim.runs.pieces import Cancelled, How, Progress
from sim.trials.designs.design_file import design_from_table
from sim.trials.power.power_search import STOPPED, find_size, run_grid, tornado
from sim.trials.power.power_study import simulate_power, study_of

pytestmark = pytest.mark.usefixtures("unpainted")

SMALL = {
    "design": {"clusters": 20, "size": 10},
    "statistical": {"sd": 10.0, "icc": 0.05, "effect": 5.0},
    "uncertainty": {"ranges": {"icc": [0.01, 0.1], "sd": [9.0, 11.0]}},
}


class Counted:
    """Count the trials of all parts together, and say when there were enough."""

    def __init__(self, enough: int) -> None:
        self.enough, self.before, self.now = enough, 0, 0

    def part(self, label: str) -> None:
        """Begin another part."""
        self.before, self.now = self.before + self.now, 0

    def __call__(self, progress: Progress) -> None:
        self.now = progress.done

    def reached(self) -> bool:
        return self.before + self.now >= self.enough


def stop_after(trials: int) -> Callable[[str], How]:
    """Return how a part is run so that all is stopped after so many trials."""
    counted = Counted(trials)

    def part(label: str) -> How:
        counted.part(label)
        return {"workers": 1, "on_progress": counted, "should_cancel": counted.reached}

    return part


def stopped(
    monkeypatch: pytest.MonkeyPatch, after: int, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[int, str, str]:
    """Run the command on a small design, with Ctrl-C after so many trials."""
    counted = Counted(after)

    def bar(work: Job, label: str) -> Callable[[Progress], None]:
        counted.part(label)

        def show(progress: Progress) -> None:
            counted(progress)
            if counted.reached() and not work.stop():
                signal.raise_signal(signal.SIGINT)

        return show

    monkeypatch.setattr(Job, "_bar", bar)
    code = main(["power", "four-point-target", "--simulations", "100", "--workers", "1", *more])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_the_trials_done_are_those_of_the_whole_calculation() -> None:
    study = study_of(design_from_table(SMALL))
    whole = simulate_power(study, 40, seed=3)
    part = simulate_power(study, 40, seed=3, partial=True, **stop_after(25)(""))
    assert part.results == whole.results[:30]
    assert part.performance.power.trials == 30


def test_trials_side_by_side_are_the_same_trials() -> None:
    study = study_of(design_from_table(SMALL))
    one, several = (simulate_power(study, 45, seed=3, workers=count) for count in (1, 4))
    assert one.results == several.results
    assert one.row() == several.row()


@pytest.mark.parametrize(("partial", "after"), [(False, 25), (True, 10)])
def test_where_a_part_is_no_result_the_stop_is_handed_on(partial: bool, after: int) -> None:
    study = study_of(design_from_table(SMALL))
    with pytest.raises(Cancelled):
        simulate_power(study, 40, partial=partial, **stop_after(after)(""))


def test_grid_search_and_sensitivity_keep_what_is_done() -> None:
    file = design_from_table(SMALL)
    points = run_grid(file, {"clusters": [10, 14, 18]}, simulations=30, on_point=stop_after(55))
    assert [one.values["clusters"] for one in points] == [10]
    assert points[0].result.performance.power.trials == 30
    found = find_size(file, "clusters", 0.9, simulations=30, on_point=stop_after(45))
    assert (found.value, found.problem, len(found.points)) == (None, STOPPED, 1)
    assert len(tornado(file, 30, on_point=stop_after(95))) == 1


def test_the_command_tells_what_was_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = stopped(monkeypatch, 60, capsys, "--out", str(tmp_path / "power"))
    assert code == 130
    caution = "Stopped early; left out: trials of the design beyond those told, assurance"
    assert caution in out
    assert caution in err
    assert "60 simulated trials" in out
    assert caution in (tmp_path / "power" / "report.html").read_text(encoding="utf-8")


def test_a_stopped_grid_says_how_many_points_are_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    grid = ("--grid", "clusters=10,14,18", "--no-sensitivity", "--format", "json")
    code, out, _ = stopped(monkeypatch, 250, capsys, *grid)
    told = json.loads(out)
    assert code == 130
    assert told["stopped_early"].endswith("left out: 2 of 3 points of the grid.")
    assert [row["set_clusters"] for row in told["grid"]] == [10]
    assert told["performance"]["power"]["trials"] == 100


def test_nothing_is_told_of_a_handful_of_trials(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = stopped(monkeypatch, 7, capsys)
    assert (code, out) == (130, "")
    assert err.endswith("refocus: interrupted\n")


def test_what_ran_to_its_end_says_nothing_of_stopping(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = stopped(monkeypatch, 10_000, capsys, "--no-sensitivity", "--format", "json")
    assert (code, "Stopped" in err) == (0, False)
    assert json.loads(out)["stopped_early"] is None
