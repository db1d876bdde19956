"""Claims about `sim.run` and its results: no second way of running, and honest differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from sim.agents import Staff
from sim.cli import main
from sim.errors import InputError
from sim.inputs.roster import Roster, described_roster, roster_text
from sim.runs.results import Results

PAIR = ["usual-care", "refocus-full"]
OPTIONS = {"draws": 2, "replications": 2, "weeks": 52}


@pytest.fixture(scope="module")
def roster() -> Roster:
    return described_roster(trusts=1, teams_per_trust=4)


@pytest.fixture(scope="module")
def roster_file(roster: Roster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of teams; a spreadsheet would take the name of one for a formula."""
    path = tmp_path_factory.mktemp("teams") / "teams.csv"
    path.write_text(roster_text(roster).replace(roster.rows[0].team, "=one"), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def results(roster_file: Path) -> Results:
    return sim.run(PAIR, roster=roster_file, collect="all", **OPTIONS)


@pytest.fixture(scope="module")
def saved(roster_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that the command leaves."""
    folder = tmp_path_factory.mktemp("run") / "out"
    options = [text for name, value in OPTIONS.items() for text in (f"--{name}", str(value))]
    command = ["run", *PAIR, "--roster", str(roster_file), *options, "--out", str(folder)]
    assert main(command) == 0
    return folder


def test_python_and_the_command_write_the_same_bytes(
    results: Results, saved: Path, tmp_path: Path
) -> None:
    written = [path for path in results.save(tmp_path) if path.suffix == ".csv"]
    names = {path.name for path in written}
    assert names == {path.name for path in saved.glob("*.csv")}
    assert names >= {"summaries.csv", "trajectories.csv", "assessments.csv", "draws.csv"}
    for path in written:
        assert path.read_bytes() == (saved / path.name).read_bytes(), path.name


def test_a_saved_run_is_loaded_as_it_was(results: Results, saved: Path) -> None:
    loaded = sim.load(saved)
    assert loaded.tables == results.tables
    for name in results.tables:
        own, other = results.table(name), loaded.table(name)
        # A CSV holds seven digits of numbers, and all of the values of draws.
        exact = name == "draws"
        pd.testing.assert_frame_equal(
            own, other, check_dtype=False, check_exact=exact, **({} if exact else {"rtol": 1e-6})
        )
    assert set(loaded.table("team_weeks")["team"]) >= {"=one"}
    assert repr(loaded) == repr(results)
    pd.testing.assert_frame_equal(
        loaded.differences(), results.differences(), check_index_type=False, rtol=1e-4, atol=1e-5
    )


def test_the_values_beside_the_draws_give_the_same_draws_again(
    results: Results, roster_file: Path, saved: Path
) -> None:
    table = sim.load(saved).table("draws").query("scenario == 'usual-care'")
    values = table.drop(columns=["scenario", "draw"]).to_dict("records")
    again = sim.run(PAIR, roster=roster_file, **{**OPTIONS, "draws": values})
    assert again.arrays["summaries"].tobytes() == results.arrays["summaries"].tobytes()
    assert "values given by the user" in again.metadata["intervals_cover"]


def test_a_difference_is_taken_within_a_world(results: Results) -> None:
    found = results.differences("inspire_support")
    table = results.table("summaries").query("measure == 'inspire_support' and week == 52")
    own = table[table["arm"] == "intervention"].set_index(["scenario", "draw", "replication"])
    assert list(found.columns) == ["refocus-full"]
    assert len(found) == 4
    for world in found.index:
        expected = (
            own.loc[("refocus-full", *world), "mean"] - own.loc[("usual-care", *world), "mean"]
        )
        assert found.loc[world, "refocus-full"] == pytest.approx(expected)


def test_nothing_differs_before_anything_happens(results: Results) -> None:
    assert (results.differences(week=0) == 0.0).all(axis=None)


def test_weekly_is_the_mean_over_worlds(results: Results) -> None:
    found = results.weekly("fidelity")
    assert list(found.columns) == PAIR
    assert list(found.index) == list(range(53))
    table = results.table("trajectories")
    chosen = table[(table["arm"] == "intervention") & (table["week"] == 52)]
    mean = chosen[chosen["scenario"] == "refocus-full"]["fidelity"].astype(float).mean()
    assert found.loc[52, "refocus-full"] == pytest.approx(mean, abs=1e-12)


def test_control_teams_are_apart_and_all_teams_between(results: Results) -> None:
    ends = {
        arm: results.weekly("fidelity", arm=arm).loc[52, "refocus-full"]
        for arm in ("control", "all teams", "intervention")
    }
    assert ends["control"] < ends["all teams"] < ends["intervention"]


def test_results_say_in_a_line_what_they_are(results: Results) -> None:
    assert repr(results).startswith(
        "Results of usual-care, refocus-full: 2 draws x 2 replications, 4 teams, 52 weeks, seed 1"
    )
    assert "\n" not in repr(results)


def test_a_notebook_shows_the_difference_and_what_it_covers(results: Results) -> None:
    page = results._repr_html_()
    values = results.differences()["refocus-full"]
    assert f"{values.mean():.2f}" in page
    first, second = values.groupby("draw").mean()
    assert f"{abs(first - second) / 2:.2f}" in page, "two draws: the error is half their distance"
    assert f"covers {results.metadata['intervals_cover']}" in page


def test_a_plot_draws_means_and_the_central_ninety_per_cent(results: Results) -> None:
    figure = results.plot("fidelity", "qpr15")
    weekly, measured = figure.axes
    assert [one.get_title(loc="left") for one in figure.axes] == ["fidelity", "qpr15"]
    means = weekly.lines[1].get_ydata()
    assert means == pytest.approx(results.weekly("fidelity")["refocus-full"].to_numpy())
    assert list(measured.lines[1].get_xdata()) == [0, 52]
    table = results.table("summaries").query(
        "measure == 'qpr15' and week == 52 and arm == 'intervention' and scenario == 'refocus-full'"
    )
    corners = measured.collections[1].get_paths()[0].vertices
    ends = corners[corners[:, 0] == 52][:, 1]
    assert (ends.min(), ends.max()) == pytest.approx(tuple(table["mean"].quantile([0.05, 0.95])))


def test_own_agents_run_and_matter(roster: Roster) -> None:
    class Idle(Staff):
        def learn(self) -> None:
            pass

    few = {"roster": roster, "draws": 0, "replications": 1, "weeks": 6}

    def skill(kind: type[Staff]) -> float:
        own = sim.run("refocus-full", agent_classes={"staff": kind}, **few)
        return float(own.weekly("skill").loc[6, "refocus-full"])

    compiled = sim.run("refocus-full", **few)
    assert skill(Staff) == pytest.approx(float(compiled.weekly("skill").iloc[6, 0]), abs=1e-9)
    assert skill(Idle) < skill(Staff)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"measure": "qpr_15"}, "unknown measure 'qpr_15'; did you mean 'qpr15'"),
        ({"base": "usual care"}, "unknown base 'usual care'; did you mean 'usual-care'"),
        ({"arm": "treated"}, "unknown arm 'treated'"),
        ({"week": 26}, "week = 26: no assessment was made then; assessed in weeks 0, 52"),
    ],
)
def test_a_wrong_name_is_named(results: Results, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        results.differences(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["weekly", "plot"])
def test_a_wrong_variable_is_named(results: Results, way: str) -> None:
    with pytest.raises(InputError, match="unknown variable 'fidelty'; did you mean 'fidelity'"):
        getattr(results, way)("fidelty")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"draws": -1}, "draws = -1: must be a whole number from 0"),
        ({"draws": [{"qpr_retest": 0.7}], "prior_only": True}, "draws: values of your own"),
        ({"years": 1, "weeks": 5}, "years and weeks: give one of them"),
        ({"years": "long"}, "years = 'long': must be a number"),
        ({"settings": {"turnover_yearli": 0.1}}, "did you mean 'turnover_yearly'"),
        ({"settings": {"support.telephon.intensity": 1}}, "'support.telephone.intensity'"),
        ({"roster": "nowhere.csv"}, "nowhere.csv"),
        ({"roster": 3}, "roster = 3: must be a name, a file or a Roster"),
        ({"scenarios": [3]}, "scenario = 3: must be a name, a file or a Scenario"),
        ({"draws": []}, "draws: must be a number, or sets of parameter values by name"),
        ({"draws": 2.5}, "draws = 2.5: must be a whole number"),
        ({"engine": "fast"}, "unknown engine 'fast'"),
        ({"scenarios": []}, "scenarios: name at least one"),
        ({"scenarios": "usual-car"}, "did you mean 'usual-care'"),
    ],
)
def test_a_wrong_argument_is_named(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as told:
        sim.run(**{"scenarios": "usual-care", **wrong})  # type: ignore[arg-type]
    assert "\n" not in str(told.value)


def test_the_same_seed_gives_the_same_and_another_does_not(roster: Roster) -> None:
    def end(seed: int) -> float:
        few = sim.run("usual-care", roster=roster, draws=0, replications=1, weeks=4, seed=seed)
        return float(few.weekly("behaviour").loc[4, "usual-care"])

    assert end(3) == end(3)
    assert not np.isclose(end(3), end(4), rtol=0, atol=1e-12)
