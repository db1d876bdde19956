"""Claims about the short forms for notebooks: no second way of running, and honest differences."""

from __future__ import annotations

import numpy as np
import pytest

from sim.agents import Staff
from sim.errors import InputError
from sim.inputs.roster import Roster, described_roster
from sim.posterior.choose import chosen_draws
from sim.quick import differences, run, weekly
from sim.runs.request import build_request
from sim.runs.results import Results
from sim.runs.simulate import simulate
from sim.scenarios.library import load_scenario

PAIR = ["usual-care", "refocus-full"]


@pytest.fixture(scope="module")
def roster() -> Roster:
    return described_roster(trusts=1, teams_per_trust=4)


@pytest.fixture(scope="module")
def results(roster: Roster) -> Results:
    return run(PAIR, roster=roster, draws=2, replications=2, weeks=52)


def test_a_short_run_is_the_long_one(results: Results, roster: Roster) -> None:
    request = build_request(
        [load_scenario(name) for name in PAIR],
        roster,
        draws=chosen_draws(2).draws,
        replications=2,
        weeks=52,
    )
    for name, array in simulate(request).arrays.items():
        assert array.tobytes() == results.arrays[name].tobytes()


def test_a_difference_is_taken_within_a_world(results: Results) -> None:
    found = differences(results, "inspire_support")
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
    assert (differences(results, week=0) == 0.0).all(axis=None)


def test_weekly_is_the_mean_over_worlds(results: Results) -> None:
    found = weekly(results, "fidelity")
    assert list(found.columns) == PAIR
    assert list(found.index) == list(range(53))
    table = results.table("trajectories")
    chosen = table[(table["arm"] == "intervention") & (table["week"] == 52)]
    mean = chosen[chosen["scenario"] == "refocus-full"]["fidelity"].astype(float).mean()
    assert found.loc[52, "refocus-full"] == pytest.approx(mean, abs=1e-12)


def test_control_teams_are_apart_and_all_teams_between(results: Results) -> None:
    ends = {
        arm: weekly(results, "fidelity", arm=arm).loc[52, "refocus-full"]
        for arm in ("control", "all teams", "intervention")
    }
    assert ends["control"] < ends["all teams"] < ends["intervention"]


def test_own_agents_run_and_matter(roster: Roster) -> None:
    class Idle(Staff):
        def learn(self) -> None:
            pass

    def skill(kind: type[Staff]) -> float:
        one = run(
            "refocus-full", roster=roster, replications=1, weeks=6, agent_classes={"staff": kind}
        )
        return float(weekly(one, "skill").loc[6, "refocus-full"])

    compiled = run("refocus-full", roster=roster, replications=1, weeks=6)
    assert skill(Staff) == pytest.approx(float(weekly(compiled, "skill").iloc[6, 0]), abs=1e-9)
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
        differences(results, **wrong)  # type: ignore[arg-type]


def test_a_wrong_variable_is_named(results: Results) -> None:
    with pytest.raises(InputError, match="unknown variable 'fidelty'; did you mean 'fidelity'"):
        weekly(results, "fidelty")


def test_the_same_seed_gives_the_same_and_another_does_not(roster: Roster) -> None:
    def end(seed: int) -> float:
        one = run("usual-care", roster=roster, replications=1, weeks=4, seed=seed)
        return float(weekly(one, "behaviour").loc[4, "usual-care"])

    assert end(3) == end(3)
    assert not np.isclose(end(3), end(4), rtol=0, atol=1e-12)
