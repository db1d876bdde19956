"""Where trials come from, worked by hand: statistical outcomes, teams of agents, and true effects.

Nothing here simulates a service; rows of assessments are made up.
"""

from __future__ import annotations

from dataclasses import replace
from math import isnan, log, sqrt
from typing import Any

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
    StatisticalTwins,
    agent_truth,
    exposure_number,
    statistical_truth,
)
from sim.trials.data.statistical import (
    Correlations,
    StatisticalSource,
    cluster_sizes,
    decaying,
    effect_of_size,
    exposure_shares,
    loss,
    loss_intercept,
    mixed,
    sizes_of_all,
    varied_sizes,
)
from sim.trials.designs.design import (
    Attrition,
    Design,
    ReadinessEntry,
    crossover,
    parallel,
    sized,
    stepped_wedge,
)
from sim.trials.designs.design_file import design_from_table
from sim.trials.designs.design_schema import DesignFile
from sim.trials.designs.readiness_entry import Entered
from sim.trials.designs.second_outcome import (
    largest,
    second_file,
    share_of,
    shared_draws,
    shared_of_outcomes,
)

C, T, RUN_IN, NONE = 0, 1, 2, 3
ALIKE = Correlations(0.2, 0.5, 0.25)
EXACT = StatisticalSource(50.0, 1e-9, ALIKE, 3.0)
"""Everybody is the mean of their cluster and period."""


def chance() -> np.random.Generator:
    return np.random.default_rng(1)


# -- Statistical outcomes ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["icc", "cac", "iac", "cluster_decay"])
def test_correlations_are_from_0_to_1(name: str) -> None:
    given: dict[str, Any] = {"icc": 0.1}
    for value in (0.0, 0.99 if name == "icc" else 1.0):
        assert getattr(Correlations(**{**given, name: value}), name) == value
    for value in (-0.01, 1.01):
        with pytest.raises(InputError, match=f"{name} = {value}"):
            Correlations(**{**given, name: value})
    with pytest.raises(InputError, match="below 1"):
        Correlations(1.0)


def test_limits_of_a_source() -> None:
    for wrong in ({"sd": 0.0}, {"effect_sd": -0.1}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            replace(EXACT, **wrong)
    for outcome, mean, effect in (("binary", 0.9, 0.2), ("binary", 1.0, 0.0), ("count", 1.0, -1.0)):
        with pytest.raises(InputError):
            StatisticalSource(mean, 1.0, Correlations(0.0), effect, kind=outcome)
    with pytest.raises(InputError):
        StatisticalSource(
            0.5, 1.0, Correlations(0.0), 0.3, kind="binary", period_effects=(0.0, 0.25)
        )


def test_components_of_the_variance() -> None:
    """4: .2 of it of clusters, half lasting; of the rest a quarter is the person's."""
    got = np.square(StatisticalSource(0.0, 2.0, ALIKE, 0.0).components)
    assert got == pytest.approx([0.4, 0.4, 0.8, 2.4])
    other = StatisticalSource(0.0, 2.0, ALIKE, 0.0, treated_sd=4.0, treated_icc=0.5)
    got = np.square(other.under_treatment.components)
    assert got == pytest.approx([4.0, 4.0, 2.0, 6.0])
    assert EXACT.under_treatment == EXACT


def test_outcomes_are_mean_period_and_share_of_the_effect() -> None:
    source = replace(EXACT, period_effects=(1.0, 2.0, 4.0, 8.0), exposure=(0.5, 1.0))
    design = stepped_wedge(3, 1, 2)
    got = source.simulate(design, 1, 0).frame()
    rows = []
    for _, own in got.groupby("cluster"):
        assert (own.groupby("period").size() == 2).all()
        rows.append(own.groupby("period")["outcome"].mean().round(6).tolist())
    assert sorted(rows) == [
        [51.0, 52.0, 54.0, 59.5],
        [51.0, 52.0, 55.5, 61.0],
        [51.0, 53.5, 57.0, 61.0],
    ]
    assert got["person"].nunique() == len(got) == 24
    assert (got["arm"] == 1).all()
    assert got["treatment"].sum() == 2 * (3 + 2 + 1)
    # Fewer effects than periods: none in the others; more are left off.
    short = replace(EXACT, period_effects=(1.0,)).simulate(design, 1, 0).frame()
    assert set(short["outcome"].round(6)) == {51.0, 50.0, 53.0}
    long = replace(EXACT, period_effects=(1.0,) * 9).simulate(design, 1, 0).frame()
    assert set(long["outcome"].round(6)) == {51.0, 54.0}


@pytest.mark.parametrize(("kind", "factor"), [("binary", 1.0), ("count", 10.0)])
def test_risks_and_rates_are_those_of_period_and_treatment(kind: str, factor: float) -> None:
    source = StatisticalSource(
        0.3 * factor, 1.0, Correlations(0.0), 0.1 * factor, 0.0, (0.0, 0.2 * factor), kind=kind
    )
    got = source.simulate(crossover(20, 100), 1, 0).frame()
    means = got.groupby(["period", "treatment"])["outcome"].mean() / factor
    # 2,000 people each: errors of about .011 of risks, .005 of rates.
    assert means.tolist() == pytest.approx([0.3, 0.4, 0.5, 0.6], abs=0.035)
    assert set(got["outcome"]) <= set(range(2 if kind == "binary" else 40))


def test_arms_with_effects_of_their_own() -> None:
    rows = np.array([[T], [T], [C]])
    design = Design("three arms", rows, (2, 2, 2), 3, treated_arms=2)
    got = replace(EXACT, effects=(3.0, 5.0)).simulate(design, 1, 0).frame()
    by_arm = got.groupby("arm")["outcome"].mean().round(6).to_dict()
    assert by_arm == {0: 50.0, 1: 53.0, 2: 55.0}
    same = EXACT.simulate(design, 1, 0).frame()
    assert same.groupby("arm")["outcome"].mean().round(6).tolist() == [50.0, 53.0, 53.0]


def test_larger_clusters_gain_more() -> None:
    design = sized(parallel(2, 5), [10, 30, 10, 30])
    assert effect_of_size(design, 3.0, np.array([10, 20, 30])).tolist() == [-1.5, 0.0, 1.5]
    assert effect_of_size(parallel(2, 5), 3.0, np.array([10])).tolist() == [3.0]
    got = replace(EXACT, effect_by_size=2.0).simulate(design, 1, 0).frame()
    treated = got[got["treatment"] == 1].groupby("cluster")["outcome"].agg(["size", "mean"])
    for size, mean in treated.itertuples(index=False):
        assert mean == pytest.approx({10: 52.0, 30: 54.0}[size], abs=1e-6)
    truth = statistical_truth(replace(EXACT, effect_by_size=2.0), design)
    # People: (10 x 2 + 30 x 4) / 40; clusters: 3.
    assert truth.participant_average == pytest.approx(3.5)
    assert truth.cluster_average == pytest.approx(3.0)
    assert truth.all_screened == pytest.approx(3.5)


def test_a_clusters_effect_goes_with_its_level() -> None:
    """Correlation -1 and the same spread: treated clusters are all alike."""
    apart = StatisticalSource(0.0, 1.0, Correlations(1.0 - 1e-12), 2.0, 1.0, effect_correlation=-1)
    got = apart.simulate(parallel(6, 2), 1, 0).frame()
    means = got.groupby(["treatment", "cluster"])["outcome"].mean()
    assert means[1].to_numpy() == pytest.approx([2.0] * 6, abs=1e-4)
    assert means[0].std() > 0.2


def test_who_is_the_same_person_in_another_period() -> None:
    def people(sampling: str, churn: float = 0.0) -> tuple[int, int]:
        design = stepped_wedge(2, 1, 50, sampling=sampling, churn=churn)
        got = EXACT.simulate(design, 1, 0).frame()
        first, last = (set(got.loc[got["period"] == one, "person"]) for one in (0, 2))
        return got["person"].nunique(), len(first & last)

    assert people("cross-sectional") == (300, 0)
    assert people("closed cohort") == (100, 100)
    assert people("open cohort", 1.0) == (300, 0)
    assert people("open cohort", 0.0) == (100, 100)


def test_transition_and_what_is_not_measured_give_no_rows() -> None:
    rows = np.array([[C, RUN_IN, T], [C, C, NONE], [C, NONE, C]])
    got = EXACT.simulate(Design("d", rows, (2, 2, 2), 2), 1, 0).frame()
    assert got.groupby("period").size().tolist() == [12, 4, 8]


def test_unclustered_people_are_clusters_of_one() -> None:
    design = Design("d", np.array([[T], [C]]), (3, 9), 4, unclustered=1)
    got = EXACT.simulate(design, 1, 0).frame()
    sizes = got.groupby(["arm", "cluster"]).size()
    assert (sizes[0].tolist(), sizes[1].tolist()) == ([1] * 9, [4] * 3)


def test_draws_that_go_together() -> None:
    first, own = np.array([1.0, -2.0]), np.array([3.0, 5.0])
    assert mixed(first, own, 0.6) == pytest.approx([3.0, 2.8])
    assert mixed(first, own, 1.0).tolist() == first.tolist()
    lasting = decaying(first, 3, 1.0, chance())
    assert lasting.tolist() == [[1.0] * 3, [-2.0] * 3]
    many = decaying(chance().standard_normal(40_000), 3, 0.8, np.random.default_rng(2))
    wanted = [[1.0, 0.8, 0.64], [0.8, 1.0, 0.8], [0.64, 0.8, 1.0]]
    assert np.cov(many.T) == pytest.approx(np.array(wanted), abs=0.02)


def test_exposure_counts_from_the_first_period_of_transition_or_treatment() -> None:
    rows = np.array([[C, RUN_IN, T, T], [T, C, T, T], [NONE, T, NONE, T], [C, C, C, T]])
    got = exposure_shares(rows, (0.2, 0.6, 1.0))
    assert got.tolist() == [
        [0.0, 0.2, 0.6, 1.0],
        [0.2, 0.0, 0.2, 0.6],
        [0.0, 0.2, 0.6, 1.0],
        [0.0, 0.0, 0.0, 0.2],
    ]
    assert exposure_shares(rows, (0.5,))[0].tolist() == [0.0, 0.5, 0.5, 0.5]
    assert exposure_shares(rows, ()).tolist() == np.ones((4, 4)).tolist()
    assert exposure_number(rows).tolist() == [
        [0, 1, 2, 3],
        [1, 0, 1, 2],
        [0, 1, 2, 3],
        [0, 0, 0, 1],
    ]


def test_sizes_of_clusters() -> None:
    assert set(varied_sizes(50, 4.0, 0.0, chance())) == {4}
    assert set(varied_sizes(50, 4.5, 0.0, chance())) == {4, 5}
    assert varied_sizes(4000, 4.25, 0.0, chance()).mean() == pytest.approx(4.25, abs=0.04)
    drawn = varied_sizes(20_000, 40.0, 0.5, chance())
    assert drawn.mean() == pytest.approx(40.0, rel=0.02)
    assert drawn.std() / drawn.mean() == pytest.approx(0.5, rel=0.03)
    assert varied_sizes(500, 1.0, 2.0, chance()).min() == 1
    listed = sized(parallel(2, 5), [1, 2, 3, 4])
    assert cluster_sizes(listed, chance()).tolist() == [1, 2, 3, 4]
    assert sizes_of_all(listed).tolist() == [1.0, 2.0, 3.0, 4.0]
    every = sizes_of_all(parallel(2, 40, size_variation=0.5))
    # Gamma with shape 4 and mean 40.
    assert np.quantile(every, [0.1, 0.5, 0.9]) == pytest.approx(
        stats.gamma.ppf([0.1, 0.5, 0.9], 4.0, scale=10.0), abs=0.51
    )
    assert (every.size, every.mean()) == (10_000, pytest.approx(40.0, rel=1e-3))
    assert sizes_of_all(parallel(2, 1, size_variation=2.0)).min() == 1.0


def test_who_is_lost() -> None:
    """logit = log(1/3) + 2 z + arm difference: a quarter at z = 0."""
    attrition = Attrition(0.25, "not at random", 2.0, log(3.0))
    design = parallel(2, 5, baseline="change", attrition=attrition)
    intercept = log(1.0 / 3.0)
    driver, treated = np.array([0.0, 0.0, 0.0, 1.0]), np.array([False, False, True, False])
    edge = 1.0 / (1.0 + 3.0 * np.exp(-2.0))
    below = np.array([0.249, 0.251, 0.499, edge - 1e-6])
    got = loss(design, intercept, driver, treated, below, 1)
    assert got.tolist() == [True, False, True, True]
    above = np.array([0.0, 0.0, 0.501, edge + 1e-6])
    assert loss(design, intercept, driver, treated, above, 1).tolist() == [True, True, False, False]
    # The people of a cohort are there at first; those of a cross-section may not answer.
    assert not loss(design, intercept, driver, treated, below * 0, 0).any()
    once = parallel(2, 5, attrition=attrition)
    assert loss(once, intercept, driver, treated, below * 0, 0).all()
    wedge = stepped_wedge(2, 2, 5, attrition=attrition)
    assert loss(wedge, intercept, driver, treated, below * 0, 0).all()
    nobody = replace(design, attrition=Attrition())
    assert not loss(nobody, intercept, driver, treated, below * 0, 1).any()


def test_the_intercept_makes_the_mean_loss() -> None:
    def of(design: Design, source: StatisticalSource = EXACT) -> float:
        return loss_intercept(design, source)

    plain = parallel(2, 5, baseline="change")
    assert of(plain) == -np.inf
    assert of(replace(plain, attrition=Attrition(0.2))) == pytest.approx(log(0.25))
    # Arms alone: (p + 3p / (1 + 2p)) / 2 = 1/3 where the odds of the treated are three times.
    arms = replace(plain, attrition=Attrition(0.35, "completely at random", 0.0, log(3.0)))
    p = stats.logistic.cdf(of(arms))
    assert (p + 3.0 * p / (1.0 + 2.0 * p)) / 2.0 == pytest.approx(0.35)
    uneven = replace(arms, clusters=(6, 2))
    p = stats.logistic.cdf(of(uneven))
    assert (p + 3.0 * 3.0 * p / (1.0 + 2.0 * p)) / 4.0 == pytest.approx(0.35)


@pytest.mark.parametrize("mechanism", ["at random", "not at random"])
@pytest.mark.parametrize("churn", [0.0, 0.7])
def test_the_share_that_is_lost_is_the_declared_one(mechanism: str, churn: float) -> None:
    source = StatisticalSource(
        10.0, 2.0, Correlations(0.05, 0.8, 0.5), 3.0, 1.0, (0.0, 1.0, 2.0), exposure=(0.5, 1.0)
    )
    loss = Attrition(0.25, mechanism, 3.0, -2.0)
    design = stepped_wedge(2, 3000, 5, sampling="open cohort", churn=churn, attrition=loss)
    got = source.simulate(design, 3, 0).frame()
    later = got[got["period"] > 0]["outcome"].isna()
    # 60,000 outcomes of 30,000 places, which go together within teams: an error of about .004.
    assert later.mean() == pytest.approx(0.25, abs=0.01)
    assert not got.loc[got["period"] == 0, "outcome"].isna().any()


def test_true_effects_of_a_statistical_source() -> None:
    """Exposures 1, 2, 3 of a wedge of three steps: shares .2, .6, 1 in 3, 2 and 1 periods."""
    source = replace(EXACT, exposure=(0.2, 0.6, 1.0))
    got = statistical_truth(source, stepped_wedge(3, 2, 5))
    assert got.participant_average == pytest.approx(3.0 * (3 * 0.2 + 2 * 0.6 + 1.0) / 6)
    assert got.cluster_average == got.all_screened == got.participant_average
    assert got.by_exposure == pytest.approx((0.6, 1.8, 3.0))
    # A parallel trial counts its last period.
    rows = np.array([[C, T, T], [C, C, C]])
    last = Design("d", rows, (2, 2), 5, sampling="closed cohort", baseline="ancova")
    got = statistical_truth(replace(EXACT, exposure=(0.2, 0.6)), last)
    assert got.participant_average == pytest.approx(1.8)
    assert isnan(got.by_exposure[0])
    assert got.by_exposure[1] == pytest.approx(1.8)


def test_twins_take_sources_and_losses_in_turn() -> None:
    both = replace(EXACT, mean=10.0), replace(EXACT, mean=20.0, effect_by_size=1.0)
    twins = StatisticalTwins(EXACT, both, (0.0, 0.9, 0.0))
    found = list(twins.twins(sized(parallel(2, 5), [10, 30, 10, 30]), 1, 3, 1))
    assert [round(float(np.nanmean(one.untreated.outcome)), 4) for one in found] == [20, 10, 20]
    lost = [np.isnan(one.data.outcome).mean() for one in found]
    assert [share > 0.5 for share in lost] == [True, False, False]
    # People: (10 x -.5 + 30 x .5) / 40 more where larger clusters gain more.
    assert [one.truth.participant_average for one in found] == pytest.approx([3.25, 3.0, 3.25])
    several_arms = StatisticalTwins(replace(EXACT, effects=(3.0, 5.0)))
    rows = np.array([[T], [T], [C]])
    design = Design("three arms", rows, (2, 2, 2), 3, treated_arms=2)
    assert next(several_arms.twins(design, 0, 1, 1)).untreated.outcome == pytest.approx([50.0] * 18)


# -- Teams and people of agents ------------------------------------------------------------------


def test_places_are_shared_in_proportion() -> None:
    assert shared_places(np.array([6, 3]), 6, chance()).tolist() == [4, 2]
    assert shared_places(np.array([60, 30]), 99, chance()).tolist() == [60, 30]
    # 4.67 and 2.33: the larger fraction has the place that is left.
    assert shared_places(np.array([6, 3]), 7, chance()).tolist() == [5, 2]
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
    types = team_types(27, chance())
    assert [types.count(one) for one in ("recovery", "psychosis", "low support")] == [13, 4, 1]
    assert types != sorted(types)


def test_who_is_asked_in_a_period() -> None:
    wedge = stepped_wedge(2, 1, 3)
    assert generations(wedge, np.array([3, 2]), chance())[1, 1].tolist() == [0, 1, 2]
    closed = replace(wedge, sampling="closed cohort")
    assert generations(closed, np.array([3, 2]), chance()).shape == (2, 3, 3)
    assert not generations(closed, np.array([3, 2]), chance()).any()
    opened = replace(wedge, sampling="open cohort", churn=0.3)
    drawn = generations(opened, np.full(400, 3), chance())
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
    return AskedPeople(roster, *rows, generations(design, rows[1], chance()))


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
    # By chance alone it is .43 on average.
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


# -- Two outcomes --------------------------------------------------------------------------------


def test_the_largest_covariance_of_two_outcomes() -> None:
    """Lasting parts go with lasting ones: sqrt(.04 x .09) times sqrt(.5 x .5) twice is .06."""
    assert largest((0.04, 0.5, 0.0), (0.09, 0.5, 0.0)) == pytest.approx(
        (0.06, sqrt(0.96 * 0.91)), rel=1e-12
    )
    # All lasting in one, nothing in the other: no covariance at all.
    assert largest((0.04, 1.0, 1.0), (0.09, 0.0, 0.0)) == pytest.approx((0.0, 0.0))
    assert largest((0.5, 0.8, 0.2), (0.5, 0.2, 0.8)) == pytest.approx((0.4, 0.4))
    assert [share_of(*one) for one in ((0.3, 0.6), (0.9, 0.6), (-0.9, 0.6), (0.1, 0.0))] == [
        0.5,
        1.0,
        -1.0,
        0.0,
    ]


def test_a_second_outcome_s_draws() -> None:
    """ICC .1 both: of teams .06 / .1, of people (.46 - .06) / .9; not beyond .1 and .9."""

    def file(within: float, between: float) -> DesignFile:
        second = {"effect": 2.0, "sd": 4.0, "icc": 0.1, "within": within, "between": between}
        own = {"icc": 0.1, "period_effects": [0.0, 1.0, 2.0, 3.0, 4.0]}
        design = {"type": "stepped wedge", "clusters": 12}
        return design_from_table({"design": design, "statistical": own, "co_primary": second})

    for of in (shared_draws, shared_of_outcomes):
        assert of(file(0.46, 0.06)) == pytest.approx((0.6, 0.4 / 0.9))
        assert of(file(1.0, 0.1)) == pytest.approx((1.0, 1.0))
    with pytest.raises(InputError, match="no two outcomes"):
        file(0.5, 0.105)
    other = second_file(file(0.46, 0.06)).statistical
    assert other is not None
    assert (other.effect, other.sd, other.icc) == (2.0, 4.0, 0.1)
    assert other.period_effects == (0.0, 1.0, 2.0, 3.0, 4.0)
