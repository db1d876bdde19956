"""Trials of a statistical source: outcomes, sizes, losses and true effects, worked by hand."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, log
from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.data.counterfactual import (
    StatisticalTwins,
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
    crossover,
    parallel,
    sized,
    stepped_wedge,
)
from tests.trials.schedules import NONE, RUN_IN, THREE_ARMS, C, T

ALIKE = Correlations(0.2, 0.5, 0.25)
EXACT = StatisticalSource(50.0, 1e-9, ALIKE, 3.0)
"""Everybody is the mean of their cluster and period."""


def chance() -> np.random.Generator:
    return np.random.default_rng(1)


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
    for outcome, mean, effect, periods, told in (
        ("binary", 0.9, 0.2, (), r"mean \+ effect = 1\.1: the probability"),
        ("binary", 1.0, 0.0, (), "mean = 1: the probability"),
        ("binary", 0.5, 0.3, (0.0, 0.25), r"mean \+ effect = 1\.05: the probability"),
        ("count", 1.0, -1.0, (), r"mean \+ effect = 0: the mean of a count"),
    ):
        with pytest.raises(InputError, match=told):
            StatisticalSource(
                mean, 1.0, Correlations(0.0), effect, kind=outcome, period_effects=periods
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
    got = replace(EXACT, effects=(3.0, 5.0)).simulate(THREE_ARMS, 1, 0).frame()
    by_arm = got.groupby("arm")["outcome"].mean().round(6).to_dict()
    assert by_arm == {0: 50.0, 1: 53.0, 2: 55.0}
    same = EXACT.simulate(THREE_ARMS, 1, 0).frame()
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
    found = next(several_arms.twins(THREE_ARMS, 0, 1, 1))
    assert found.untreated.outcome == pytest.approx([50.0] * 18)
