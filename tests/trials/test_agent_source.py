"""Trials of agents: their teams, the people who are asked, rows and true effects.

Nothing here simulates a service; rows of assessments are made up.
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.scenarios.library import load_scenario
from sim.trials.data.agent_teams import (
    AskedPeople,
    allocation,
    design_strata,
    generations,
    randomised,
    roster_for,
    shared_places,
    team_sizes,
    team_types,
)
from sim.trials.data.agents import AgentSource, post_of, scenario_for, trial_data, workers_of
from sim.trials.data.counterfactual import (
    AgentTwins,
    agent_truth,
)
from sim.trials.designs.design import (
    Design,
    ReadinessEntry,
    parallel,
    stepped_wedge,
)
from sim.trials.designs.readiness_entry import Entered
from tests.trials.schedules import RUN_IN, C, T


def test_places_are_shared_in_proportion() -> None:
    assert shared_places(np.array([6, 3]), 6, np.random.default_rng(1)).tolist() == [4, 2]
    assert shared_places(np.array([60, 30]), 99, np.random.default_rng(1)).tolist() == [60, 30]
    # 4.67 and 2.33: the larger fraction has the place that is left.
    assert shared_places(np.array([6, 3]), 7, np.random.default_rng(1)).tolist() == [5, 2]
    ends = {tuple(shared_places(np.array([3, 3]), 3, np.random.default_rng(i))) for i in range(20)}
    assert ends == {(1, 2), (2, 1)}


def test_strata_types_and_sizes_of_teams() -> None:
    design = parallel(4, 4.2, strata=3)
    assert design_strata(design, 7).tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert team_sizes(design, 3).tolist() == [5, 5, 5]
    varied = team_sizes(replace(design, size=40.0, size_variation=0.5), 9)
    wanted = stats.gamma.ppf((np.arange(9) + 0.5) / 9, 4.0, scale=10.0)
    assert sorted(varied) == np.rint(wanted).astype(int).tolist()
    assert sorted(varied) != varied.tolist()
    assert team_sizes(replace(design, size=1.0, size_variation=2.0), 9).min() == 1
    # The trial's 27 teams, dealt anew: 13 of recovery, 4 of psychosis, ...
    types = team_types(27, np.random.default_rng(1))
    assert [types.count(one) for one in ("recovery", "psychosis", "low support")] == [13, 4, 1]
    assert types != sorted(types)


def test_who_is_asked_in_a_period() -> None:
    wedge = stepped_wedge(2, 1, 3)
    assert generations(wedge, np.array([3, 2]), np.random.default_rng(1))[1, 1].tolist() == [
        0,
        1,
        2,
    ]
    closed = replace(wedge, sampling="closed cohort")
    assert generations(closed, np.array([3, 2]), np.random.default_rng(1)).shape == (2, 3, 3)
    assert not generations(closed, np.array([3, 2]), np.random.default_rng(1)).any()
    opened = replace(wedge, sampling="open cohort", churn=0.3)
    drawn = generations(opened, np.full(400, 3), np.random.default_rng(1))
    assert not drawn[:, :, 0].any()
    steps = np.diff(drawn, axis=2)
    assert set(np.unique(steps)) == {0, 1}
    assert steps.mean() == pytest.approx(0.3, abs=0.03)
    people = made_people(wedge, [0, 1], [3, 2])
    team, place = np.array([0, 0, 0, 1, 1, 1]), np.array([2, 3, 5, 1, 2, 4])
    assert people.asked(team, place, 0).tolist() == [True, False, False, True, False, False]
    assert people.asked(team, place, 1).tolist() == [False, True, True, False, True, False]
    assert people.asked(team, place, 2).tolist() == [False] * 5 + [True]


def made_people(design: Design, sequence: list[int], sizes: list[int]) -> AskedPeople:
    """Return people of a trial with two teams in each trust."""
    rows = np.array(sequence), np.array(sizes)
    roster = roster_for(design, 2, *rows, ["recovery"] * len(sizes))
    return AskedPeople(roster, *rows, generations(design, rows[1], np.random.default_rng(1)))


def test_the_roster_of_a_trial() -> None:
    design = stepped_wedge(2, 2, 100, weeks=10)
    rows = made_people(design, [1, 0, 1], [100, 70, 80]).roster.rows
    assert [one.team for one in rows] == ["team-0001", "team-0002", "team-0003"]
    assert [one.trust for one in rows] == ["trust-001", "trust-001", "trust-002"]
    assert [one.start_week for one in rows] == [10, 0, 10]
    # Each of three periods asks people of its own, all of them on the team's list.
    assert [one.sampled for one in rows] == [300, 210, 240]
    assert [one.caseload for one in rows] == [300, 225, 240]
    two = parallel(2, 100, baseline="change")
    rows = made_people(two, [0, 1], [100, 100]).roster.rows
    assert [(one.arm, one.sampled) for one in rows] == [("intervention", 100), ("control", 100)]


def test_the_method_of_allocation() -> None:
    trust, kind = np.repeat([0, 1], 4), np.tile([0, 1], 4)
    stratum, sizes = np.array([0, 1, 1, 0, 0, 1, 1, 0]), np.array([2, 2, 2, 2, 9, 9, 9, 9])

    def arms(method: str) -> np.ndarray:
        return np.array(
            [
                allocation(method, (4, 4), trust, kind, stratum, sizes, np.random.default_rng(i))
                for i in range(30)
            ]
        )

    def unbalanced(found: np.ndarray, by: np.ndarray) -> float:
        return float(np.abs(found[:, by == 0].sum(axis=1) - 2).mean())

    drawn = arms("simple")
    assert (drawn.sum(axis=1) == 4).all()
    assert all(unbalanced(drawn, by) > 0.2 for by in (trust, kind, stratum))
    drawn = arms("stratified")
    assert unbalanced(drawn, stratum) == 0.0
    assert unbalanced(drawn, trust) > 0.2
    # By chance alone it is (32 x 1 + 2 x 2) / 70 = .51 on average.
    for method, most in (("minimised", 0.35), ("restricted", 0.2)):
        drawn = arms(method)
        assert np.mean([unbalanced(drawn, by) for by in (trust, kind, stratum)]) < most, method


def test_teams_that_did_not_enter_share_what_is_left() -> None:
    design = parallel(2, 3, readiness=ReadinessEntry(strata=2, screened_per_team=2))
    people = made_people(design, [0, 0, 0, 0, 1, 1, 1, 1], [3] * 8)
    teams, stratum = np.array([1, 2, 4, 7]), np.array([0, 0, 0, 0, 1, 1, 1, 1])
    for number in range(10):
        own = replace(people, replication=number)
        got = randomised(own, design, 2, teams, stratum, 1)
        assert np.bincount(got.sequence).tolist() == [4, 4]
        # Within strata of readiness: 1 and 2 are of one, 4 and 7 of the other.
        assert sorted(got.sequence[[1, 2]]) == sorted(got.sequence[[4, 7]]) == [0, 1]
        begins = [one.arm == "intervention" for one in got.roster.rows]
        assert begins == (got.sequence == 0).tolist()


KIND = [
    ("week", int),
    ("team", int),
    ("place", int),
    ("in_research", int),
    ("worker", int),
    ("worker_generation", int),
    ("qpr15", float),
]


def assessed(*rows: tuple[float, ...]) -> np.ndarray:
    """Return rows of assessments: week, team, place, in research, worker, generation, score."""
    return np.array(list(rows), dtype=KIND)


def test_key_workers_have_numbers_of_their_own() -> None:
    rows = assessed((0, 2, 0, 1, 3, 4, 0.0), (0, 2, 1, 1, 3, 5, 0.0), (0, 2, 2, 1, -1, 0, 0.0))
    numbers = workers_of(rows, np.array([200_000, 200_001, 200_002]))
    assert len(set(numbers)) == 3
    assert numbers[2] == -200_003
    assert np.array(post_of(numbers[:2])).T.tolist() == [[2, 3, 4], [2, 3, 5]]
    assert workers_of(rows[2:], np.array([0])).tolist() == [-1]
    first = assessed((0, 0, 0, 1, 0, 0, 0.0), (0, 1, 0, 1, 0, 0, 0.0))
    assert np.array(post_of(workers_of(first, np.array([5, 6])))).T.tolist() == [
        *([0, 0, 0], [1, 0, 0])
    ]


def test_a_scenario_has_the_calendar_of_the_design() -> None:
    design = stepped_wedge(2, 2, 5, weeks=10)
    programme, usual = load_scenario("refocus-full"), load_scenario("usual-care")
    got = scenario_for(programme, design)
    assert list(got.assessment.weeks) == [0, 10, 20]
    assert got.who.teams == "intervention-arm"
    assert got.readiness == programme.readiness
    assert scenario_for(usual, design).who.teams == "none"
    for weeks in (1, 8):
        entry = ReadinessEntry(run_in_weeks=weeks, run_in_intensity=0.5)
        got = scenario_for(programme, replace(design, readiness=entry))
        assert list(got.assessment.weeks) == [0, 10 + weeks, 20 + weeks]
        assert got.readiness.preparation_weeks == weeks
        assert got.readiness.preparation_intensity == 0.5


def test_what_a_trial_asks_of_the_model() -> None:
    source = AgentSource(load_scenario("refocus-full"))
    design = stepped_wedge(2, 2, 5, weeks=10)
    people, entered = source.recruit(design, source.scenario, 7, 1)
    assert entered.teams.tolist() == [0, 1, 2, 3]
    assert {one.trust for one in people.roster.rows} == {"trust-001"}
    asked = source.request(design, [scenario_for(source.scenario, design)], people, 1)
    assert (asked.weeks, asked.replications, asked.first_run, asked.own_chance) == (20, 1, 7, True)
    short = source.request(design, [source.scenario], people, 1, weeks=3)
    assert short.weeks == 3
    with pytest.raises(InputError, match="measure"):
        AgentSource(source.scenario, "qpr16")


def test_rows_of_a_trial_with_loss() -> None:
    """Two teams of two in a cohort; a third that did not enter. Who left is lost."""
    design = parallel(2, 2, baseline="change", weeks=10)
    people = made_people(design, [0, 1, 0, 1], [2] * 4)
    entered = Entered(np.array([0, 1]), np.array([0, 1, 0, 1]))
    rows = assessed(
        *((week, team, place, 1, 0, 0, 10 * team + place + week)
          for week in (0, 10) for team in range(3) for place in range(3)),
    )  # fmt: skip
    rows["in_research"][(rows["week"] == 10) & (rows["team"] == 1) & (rows["place"] == 1)] = 0
    got = trial_data(design, rows, people, entered, "qpr15").frame()
    assert got["cluster"].tolist() == [0, 0, 1, 1] * 2
    assert got["period"].tolist() == [0] * 4 + [1] * 4
    assert got["person"].tolist() == [0, 1, 100_000, 100_001] * 2
    assert got["treatment"].tolist() == [0, 0, 0, 0, 1, 1, 0, 0]
    assert got["arm"].tolist() == [1, 1, 0, 0] * 2
    assert got["stratum"].tolist() == [0, 0, 1, 1] * 2
    assert got["outcome"].fillna(-1).tolist() == [0, 1, 10, 11, 10, 11, 20, -1]


def test_a_newcomer_who_is_not_in_research_was_never_there_to_be_lost() -> None:
    design = replace(
        stepped_wedge(2, 1, 1, weeks=10), sampling="open cohort", churn=0.5, clusters=(1, 1)
    )
    people = made_people(design, [0, 1], [1, 1])
    people = replace(people, generation=np.array([[[0, 1, 1]], [[0, 0, 0]]]))
    rows = assessed(
        *((week, team, place, 1, 0, 0, week + place)
          for week in (0, 10, 20) for team in (0, 1) for place in (0, 1)),
    )  # fmt: skip
    entered = Entered(np.array([0, 1]), np.zeros(2, int))

    def outcomes(*gone: tuple[int, int, int]) -> list[float]:
        own = rows.copy()
        for week, team, place in gone:
            at = (own["week"] == week) & (own["team"] == team) & (own["place"] == place)
            own["in_research"][at] = 0
        found = trial_data(design, own, people, entered, "qpr15").outcome
        return np.nan_to_num(found, nan=-1.0).tolist()

    # The place of team 0 is filled anew in the second period, by the next on its list.
    assert outcomes() == [0, 0, 11, 10, 21, 20]
    assert outcomes((20, 0, 1)) == [0, 0, 11, 10, -1, 20]
    assert outcomes((10, 0, 1), (20, 0, 1)) == [0, 0, 11, 10, 21, 20]
    assert outcomes((20, 1, 0)) == [0, 0, 11, 10, 21, -1]
    assert outcomes((0, 0, 0)) == [-1, 0, 11, 10, 21, 20]


def test_true_effects_of_agents() -> None:
    """A wedge of two steps: team 0 gains 1 and 3 (two people), team 1 gains 5 (one person)."""
    design = replace(stepped_wedge(2, 1, 2, weeks=10), sampling="closed cohort")
    people = made_people(design, [0, 1], [2, 1])
    rows = assessed(
        *((week, team, place, 1, 0, 0, 0.0)
          for week in (0, 10, 20) for team in (0, 1) for place in (0, 1)),
    )  # fmt: skip
    gains = np.zeros(len(rows))
    for week, team, gain in ((10, 0, 1.0), (20, 0, 3.0), (20, 1, 5.0), (0, 0, 99.0), (10, 1, 99.0)):
        gains[(rows["week"] == week) & (rows["team"] == team)] = gain
    everybody = Entered(np.array([0, 1]), np.zeros(2, int))
    got = agent_truth(design, rows, gains, people, everybody)
    # People: 1, 1, 3, 3, 5; cells 1, 3, 5; exposure 1: 1, 1, 5; exposure 2: 3, 3.
    assert got.participant_average == pytest.approx(13 / 5)
    assert got.cluster_average == pytest.approx(3.0)
    assert got.all_screened == pytest.approx(13 / 5)
    assert got.by_exposure == pytest.approx((7 / 3, 3.0))
    first = agent_truth(design, rows, gains, people, Entered(np.array([0]), np.zeros(2, int)))
    assert first.participant_average == pytest.approx(2.0)
    assert first.all_screened == pytest.approx(13 / 5)
    assert first.by_exposure == pytest.approx((1.0, 3.0))
    nobody = agent_truth(design, rows, gains, people, Entered(np.zeros(0, int), np.zeros(2, int)))
    assert isnan(nobody.participant_average)
    assert isnan(nobody.cluster_average)
    assert nobody.all_screened == pytest.approx(13 / 5)
    assert [isnan(one) for one in nobody.by_exposure] == [True, True]
    gains[(rows["week"] == 20) & (rows["team"] == 1)] = np.nan
    some = agent_truth(design, rows, gains, people, everybody)
    assert (some.participant_average, some.by_exposure) == (2.0, pytest.approx((1.0, 3.0)))


def test_a_parallel_trial_counts_its_last_period() -> None:
    rows = np.array([[C, T, T], [C, C, C]])
    design = Design(
        "d", rows, (2, 2), 1, sampling="closed cohort", baseline="ancova", period_weeks=10
    )
    people = made_people(design, [0, 1, 0, 1], [1] * 4)
    table = assessed(*((week, team, 0, 1, 0, 0, 0.0) for week in (0, 10, 20) for team in range(4)))
    everybody = Entered(np.arange(4), np.zeros(4, int))
    got = agent_truth(design, table, table["week"] + 0.0, people, everybody)
    assert got.participant_average == 20.0
    assert isnan(got.by_exposure[0])
    assert got.by_exposure[1] == 20.0


def test_twins_of_two_programmes() -> None:
    """Teams of the control arm get the other programme, in a world where everybody does."""
    design = parallel(2, 1, baseline="change", weeks=10)
    people = made_people(design, [0, 1, 0, 1], [1] * 4)
    everybody = Entered(np.arange(4), np.zeros(4, int))
    treated = assessed(*((week, team, 0, 1, 0, 0, 7.0) for week in (0, 10) for team in range(4)))
    without = treated.copy()
    without["qpr15"] = 2.0
    source = AgentSource(load_scenario("refocus-full"))

    def outcomes(twins: AgentTwins) -> tuple[list[float], list[float]]:
        own, untreated = twins.both_data(design, treated, without, people, everybody)
        return own.outcome.tolist(), untreated.outcome.tolist()

    assert outcomes(AgentTwins(source)) == ([7.0] * 8, [2.0] * 8)
    usual = AgentTwins(source, load_scenario("usual-care"))
    assert outcomes(usual) == ([7.0] * 8, [2.0] * 8)
    other = AgentTwins(source, load_scenario("refocus-full"))
    assert outcomes(other) == ([7.0, 2.0] * 4, [2.0] * 8)
    added = AgentTwins(source, added_effect=0.5)
    assert outcomes(added) == ([7.0] * 4 + [7.5, 7.0] * 2, [2.0] * 8)
    later = replace(design, schedule=np.array([[C, RUN_IN, T], [C, C, C]]), size=1)
    for twins, teams in ((usual, "none"), (other, "all")):
        programme, control = twins.scenarios(later)
        assert (programme.name, control.name) == ("treated", "without")
        assert (programme.who.teams, control.who.teams) == ("intervention-arm", teams)
    assert control.timing.start_week == 0
    wedge = replace(
        stepped_wedge(2, 2, 1, weeks=10), schedule=np.array([[C, C, T, T], [C, C, C, T]])
    )
    assert other.scenarios(wedge)[1].timing.start_week == 10
