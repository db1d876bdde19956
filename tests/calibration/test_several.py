"""Several trials of one's own in one fit: what is of which, and a truth that both know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration.evidence.targets import load_targets
from calibration.evidence.targets_text import targets_template
from calibration.findings.known_truth import (
    COLUMNS,
    HOME,
    INVENTED,
    TOGETHER,
    emulated,
    invented_design,
    invented_targets,
    known_truth_text,
    posteriors_of,
)
from calibration.own_trials import by_trial, named, own_trials
from calibration.sampling.fit import DELIVERED_SHARE, Fit, Settings, start
from calibration.sampling.smc import generator
from calibration.sampling.solve import deviate, references
from sim.cli import main
from sim.errors import InputError
from sim.trials.studies.refocus_figures import AT, FIGURES
from sim.trials.studies.refocus_trial import simulate_trial
from tests.calibration.conftest import people, toy_roster

FEW = ("effect_full", "qpr_item_location", "dropout_yearly")


@pytest.fixture(scope="module")
def two() -> Fit:
    return start(
        invented_targets(),
        replace(Settings(), emulated=400),
        designs={
            "north": invented_design(8, 10, "refocus-as-delivered", 1),
            "south": invented_design(8, 10, "refocus-full", 2),
        },
        calibrated=FEW,
        services=references(roster=toy_roster(4)),
        quiet=True,
    )


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Return files of two invented trials: a table, a roster and published figures."""
    people().to_csv(tmp_path / "people.csv", index=False)
    people(seed=2, teams=8).to_csv(tmp_path / "others.csv", index=False)
    (tmp_path / "published.toml").write_text(targets_template(), encoding="utf-8")
    named_in_file = targets_template().replace("pattern =", 'trial = "south"\npattern =', 1)
    (tmp_path / "of-south.toml").write_text(named_in_file, encoding="utf-8")
    rows = [f"team {n},{'intervention' if n % 2 else 'control'},8" for n in range(6)]
    (tmp_path / "teams.csv").write_text("team,arm,sampled\n" + "\n".join(rows), encoding="utf-8")
    return {one.name: str(one) for one in tmp_path.iterdir()}


def test_a_name_stands_before_a_value(tmp_path: Path, monkeypatch) -> None:
    assert named("north=a.csv") == ("north", "a.csv")
    assert named("a.csv") == ("", "a.csv")
    assert named("data/x=y.csv") == ("", "data/x=y.csv")
    monkeypatch.chdir(tmp_path)
    Path("year=1.csv").touch()
    assert named("year=1.csv") == ("", "year=1.csv")


def test_what_is_said_of_all_trials_yields_to_what_is_said_of_one() -> None:
    given = by_trial(
        {"data": ["a=1.csv", "b=2.csv"], "scenario": ["b=refocus-full", "usual-care"]}, ["c"]
    )
    assert given == {
        "a": {"data": "1.csv", "scenario": "usual-care"},
        "b": {"data": "2.csv", "scenario": "refocus-full"},
        "c": {"scenario": "usual-care"},
    }
    assert by_trial({"data": ["1.csv"], "sheet": None}) == {"": {"data": "1.csv"}}


@pytest.mark.parametrize("of_south", ["south=published.toml", "of-south.toml"])
def test_individual_data_and_published_figures_of_two_trials_go_together(
    files: dict[str, str], of_south: str
) -> None:
    trial, _, name = of_south.rpartition("=")
    file = f"{trial}={files[name]}" if trial else files[name]
    options = {
        "data": [f"north={files['people.csv']}"],
        "roster": [f"south={files['teams.csv']}"],
        "scenario": ["south=refocus-full"],
    }
    targets, own = own_trials(options, [file], 1)
    assert list(own["designs"]) == ["north", "south"]
    assert targets["south: difference"].figure == "south: difference"
    assert targets["south: difference"].pattern == "south A1"
    assert targets["north: data_difference"].trial == "north"
    sizes = [one.layouts[0].teams["users"].tolist() for one in own["designs"].values()]
    assert sizes == [[12] * 10, [8] * 6]
    # Equal teams in two trials must not share their chance.
    assert [one.seed for one in own["designs"].values()] == [1, 2]


def test_check_lists_the_figures_of_every_trial(files: dict[str, str], capsys) -> None:
    words = [f"north={files['people.csv']}", f"south={files['others.csv']}"]
    assert main(["calibrate", "--check", "--data", words[0], "--data", words[1]]) == 0
    shown = capsys.readouterr().out
    assert "fit       north: data_control_mean = " in shown
    assert "fit       south: data_difference = " in shown


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--data people.csv --data others.csv", "of several trials each needs a name"),
        ("--data north=people.csv --data others.csv", "--data NAME=others.csv"),
        ("--data north=people.csv --data north=others.csv", "given twice for trial 'north'"),
        ("--data north=people.csv --data south=people.csv", "counted twice"),
        ("--data north=people.csv --targets published.toml", "write trial = '...'"),
        ("--targets south=published.toml", "trial 'south': no teams; give --roster south=FILE"),
        ("--data north=people.csv --roster nroth=teams.csv", "did you mean 'north'"),
        ("--targets north=of-south.toml", "the file is given for 'north'"),
        ("--data north=people.csv --scenario north=refocus-ful", "did you mean 'refocus-full'"),
    ],
)
def test_what_belongs_to_no_trial_is_refused_in_a_line(
    files: dict[str, str], words: str, told: str, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(Path(files["people.csv"]).parent)
    assert main(["calibrate", "--check", *words.split()]) == 2
    shown = capsys.readouterr().err
    assert told in shown
    assert shown.count("\n") == 1


def test_pulsars_own_figure_is_of_no_other_trial(files: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    text = Path(files["published.toml"]).read_text(encoding="utf-8")
    path.write_text(
        text.replace('extractor = "difference"', 'extractor = "pulsar_overall"'), encoding="utf-8"
    )
    with pytest.raises(InputError, match="PULSAR is no trial of your own"):
        own_trials({"data": [f"a={files['people.csv']}"]}, [f"a={path}"], 1)
    assert load_targets(path)["difference"].figure == "pulsar_overall"


def test_every_trial_has_its_own_row_effect_and_chance(two: Fit) -> None:
    solved = two.records("rows", np.zeros((1, 3)), two.backgrounds(5, 1))
    record, gains = solved.records[0], solved.gains[0]
    rows = two.every_trial(record, gains, 7, checks=False)
    assert len(rows) == 2 * FIGURES
    draws = generator(two.settings.seed, 9, 7).standard_normal(5)
    away = draws[[0, 4]] * float(record["between_trials_sd"]) / DELIVERED_SHARE
    for number, (trial, design) in enumerate(two.designs.items()):
        p = record.copy()
        deviate(p, tuple(gains), away[number])
        alone = simulate_trial(design, p, 7, False, {})
        own = rows[number * FIGURES : (number + 1) * FIGURES]
        np.testing.assert_array_equal(own, alone)
        assert two.places[f"{trial}: difference"] == number * FIGURES + AT.difference


def test_two_trials_tell_more_of_a_known_truth_than_each(two: Fit) -> None:
    """Reports without sampling error, of a truth well above the prior's centre."""
    emulator = emulated(two, 24)
    scores = np.array([[1.5, 0.0, 0.0]])
    truth = float(two.space.values(scores)[0, 0])
    reported = dict(zip(two.data.figures, emulator.means(scores)[0], strict=True))
    found = posteriors_of(two, emulator, reported)
    prior = float(two.space.values(np.zeros((1, 3)))[0, 0])
    centre = {name: float(draws.mean()) for name, draws in found.items()}
    spread = {name: float(draws.std()) for name, draws in found.items()}
    assert prior < max(centre["north"], centre["south"]) < centre[TOGETHER] < truth
    assert spread[TOGETHER] < min(spread["north"], spread["south"])


def test_the_stored_truths_are_whole_and_the_text_follows_them(tmp_path: Path) -> None:
    head, *rows = HOME.read_text(encoding="utf-8").splitlines()
    assert tuple(head.split(",")) == COLUMNS
    labels = {one.split(",")[1] for one in rows}
    assert labels == {*INVENTED, TOGETHER}
    worse = tmp_path / "worse.csv"
    # Truths that no interval holds.
    shifted = [one.split(",") for one in rows]
    text = [",".join([*one[:2], str(9.5 + float(one[2])), *one[3:]]) for one in shifted]
    worse.write_text("\n".join([head, *text]), encoding="utf-8")
    assert f"0 of {len(rows) // 3} |" in known_truth_text(worse)
    assert "0 of" not in known_truth_text()


def test_known_truths_are_summed_up_by_hand(tmp_path: Path) -> None:
    """Means .1 beside truths of 0, 1, 2: at the start of an interval, beyond one, at its end."""
    lines = [",".join(COLUMNS)]
    for label in (*INVENTED, TOGETHER):
        for number, (mean, low, high) in enumerate([(0.1, 0, 1), (1.1, 0, 0.9), (2.1, 1, 2)]):
            lines.append(f"{number},{label},{number},{mean},0.{number + 1},{low},{high}")
    path = tmp_path / "truths.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    text = known_truth_text(path)
    for label in (*INVENTED, TOGETHER):
        assert f"| {label} | 1.00 | 0.20 | 0.10 | 2 of 3 |" in text
    assert "of 3 known truths" in text
    assert "SD 0.82)" in text
