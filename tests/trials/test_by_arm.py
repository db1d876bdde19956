"""Arms with variances of their own, perhaps one not in clusters: Welch, Moerbeek and Wong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from sim.errors import InputError
from sim.trials.analyses.analysed_trial import AnalysedTrial, Answer
from sim.trials.analyses.methods import by_arm
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import parallel
from sim.trials.designs.design_file import design_from_table
from sim.trials.fits.cell_sums import RandomEffect
from sim.trials.fits.mixed_model import fit_mixed_model
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.formula_power import FormulaPower
from sim.trials.power.power_study import simulate_power, study_of

NESTED = {"type": "parallel", "clusters_by_sequence": [10, 100], "unclustered": "control"}
ARMS = {"type": "parallel", "clusters_by_sequence": [8, 12], "size": 20}


def formula(design: dict[str, Any], outcome: dict[str, Any], **analysis: Any) -> FormulaPower:
    table = {"design": design, "statistical": outcome, "analysis": analysis}
    return formula_answer(study_of(design_from_table(table))).formula


def answered(clusters: np.ndarray, arm: np.ndarray, y: np.ndarray) -> Answer:
    x = np.column_stack([np.ones(arm.size), arm])
    found = by_arm.test(AnalysedTrial(x, y, 1, clusters, [RandomEffect("cluster", clusters)]))
    assert found is not None
    return found


def test_equal_clusters_give_welch_on_their_means_and_people_alone_too() -> None:
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(13), 6)
    arm = (clusters >= 6).astype(float)
    spread = np.where(np.arange(13) < 6, 1.0, 3.0)
    y = rng.standard_normal(78) + (spread * rng.standard_normal(13))[clusters] + arm
    found = answered(clusters, arm, y)
    means = y.reshape(13, 6).mean(axis=1)
    welch = stats.ttest_ind(means[6:], means[:6], equal_var=False)
    assert found.estimate == pytest.approx(means[6:].mean() - means[:6].mean(), rel=1e-9)
    assert found.estimate / found.se == pytest.approx(welch.statistic, rel=1e-6)
    assert found.df == pytest.approx(welch.df, rel=1e-5)
    alone = answered(np.arange(78), arm, y)
    welch = stats.ttest_ind(y[arm == 1.0], y[arm == 0.0], equal_var=False)
    assert (alone.estimate / alone.se, alone.df) == pytest.approx((welch.statistic, welch.df))


def test_unequal_clusters_are_two_mixed_models() -> None:
    rng = np.random.default_rng(6)
    clusters = np.repeat(np.arange(12), rng.integers(3, 15, 12))
    arm = (clusters % 2).astype(float)
    y = rng.standard_normal(arm.size) + 0.6 * rng.standard_normal(12)[clusters] + 5.0
    found = answered(clusters, arm, y)
    arms = []
    for one in (0.0, 1.0):
        codes = np.unique(clusters[arm == one], return_inverse=True)[1]
        own = y[arm == one]
        arms.append(fit_mixed_model(np.ones((own.size, 1)), own, [RandomEffect("c", codes)]))
    v0, v1 = (one.inference[0].kenward_roger_se ** 2 for one in arms)
    d0, d1 = (one.inference[0].kenward_roger_df for one in arms)
    assert found.estimate == pytest.approx(arms[1].coefficients[0] - arms[0].coefficients[0])
    assert found.se == pytest.approx(np.sqrt(v0 + v1), rel=1e-6)
    assert found.df == pytest.approx((v0 + v1) ** 2 / (v0**2 / d0 + v1**2 / d1), rel=1e-5)


def arms_trial(
    clusters: np.ndarray, arm: np.ndarray, y: np.ndarray, *effects: RandomEffect, **given: Any
) -> Answer | None:
    x = np.column_stack([np.ones(arm.size), arm, *given.pop("more", ())])
    used = effects or (RandomEffect("cluster", clusters),)
    return by_arm.test(AnalysedTrial(x, y, 1, clusters, used, **given))


FIVE = np.repeat(np.arange(5), 4)
IN_ARM = (FIVE >= 2).astype(float)
# Two clusters that lie apart and three that do not.
APART = np.tile([1.0, 2.0, 4.0, 5.0], 5) + np.array([0.0, 10.0, 3.0, 4.0, 9.5])[FIVE]


def by_variance(y: np.ndarray) -> tuple[float, float]:
    """Return the variance between clusters of four and within them, by analysis of variance."""
    within = float(y.reshape(-1, 4).var(axis=1, ddof=1).mean())
    return float(y.reshape(-1, 4).mean(axis=1).var(ddof=1)) - within / 4.0, within


def test_variances_are_the_mean_of_those_of_the_arms_and_effects_by_unit() -> None:
    found = arms_trial(FIVE, IN_ARM, APART)
    assert found is not None
    (b0, w0), (b1, w1) = by_variance(APART[:8]), by_variance(APART[8:])
    assert (found.between, found.residual) == pytest.approx(
        ((b0 + b1) / 2.0, (w0 + w1) / 2.0), rel=1e-6
    )
    assert not found.singular
    half = arms_trial(FIVE, 1.0 + 2.0 * IN_ARM, APART)
    assert half is not None
    assert (half.estimate, half.se) == pytest.approx((found.estimate / 2.0, found.se / 2.0))
    assert half.df == pytest.approx(found.df)
    # One arm whose clusters are alike makes the whole singular.
    like = np.where(IN_ARM == 1.0, np.tile([1.0, 2.0, 4.0, 5.0], 5), APART)
    flat = arms_trial(FIVE, IN_ARM, like)
    assert flat is not None
    assert flat.singular


def test_people_alone_have_one_variance() -> None:
    """Effects of clusters in the treated arm alone: Welch's test of its means against people."""
    found = arms_trial(FIVE, IN_ARM, APART, RandomEffect("cluster.arm", FIVE, IN_ARM))
    assert found is not None
    between, within = by_variance(APART[8:])
    alone = APART[:8]
    means = APART[8:].reshape(3, 4).mean(axis=1)
    assert found.se == pytest.approx(np.sqrt(alone.var(ddof=1) / 8.0 + means.var(ddof=1) / 3.0))
    assert found.between == pytest.approx(between / 2.0, rel=1e-6)
    assert found.residual == pytest.approx((alone.var(ddof=1) + within) / 2.0, rel=1e-6)
    single = arms_trial(np.arange(20), IN_ARM, APART)
    assert single is not None
    assert single.between == 0.0
    # A slope of a small unit is one of the arm all the same; that of the other arm is not.
    small = arms_trial(FIVE, IN_ARM, APART, RandomEffect("s", FIVE, 0.01 * IN_ARM))
    assert small == found
    assert arms_trial(FIVE, IN_ARM, APART, RandomEffect("s", FIVE, 1.0 - IN_ARM)) is None
    assert arms_trial(FIVE, IN_ARM, APART, RandomEffect("s", FIVE, np.ones(20))) is None


def test_only_two_arms_of_whole_clusters_are_taken_by_themselves() -> None:
    cluster = RandomEffect("cluster", FIVE)
    structure: Any = object()
    assert arms_trial(FIVE, IN_ARM, APART, structure=structure) is None
    assert arms_trial(FIVE, IN_ARM, APART, more=(np.arange(20.0),)) is None
    assert arms_trial(FIVE, IN_ARM, APART, cluster, RandomEffect("id", np.arange(20))) is None
    assert arms_trial(FIVE, (FIVE % 3).astype(float), APART) is None
    assert arms_trial(FIVE, (np.arange(20) % 2).astype(float), APART) is None, "within clusters"
    assert arms_trial(FIVE, (FIVE >= 1).astype(float), APART) is None, "one cluster"


def test_the_standard_error_is_that_of_moerbeek_and_wong() -> None:
    outcome = {"effect": 4.0, "sd": 10.0, "icc": 0.05, "treated_sd": 10.5}
    found = formula({**NESTED, "size": 10}, outcome)
    # Moerbeek and Wong 2008: 10 groups of 10, and 100 people on their own.
    by_hand = np.sqrt(110.25 * (10.0 * 0.05 + 0.95) / 100.0 + 100.0 / 100.0)
    assert found.se == pytest.approx(by_hand, rel=1e-12)


def test_power_by_formula_is_that_of_drawn_variances() -> None:
    """Against 400,000 draws of Welch's test with 8 and 12 clusters, where no variance is zero."""
    outcome = {"effect": 10.0, "sd": 10.0, "icc": 0.6, "treated_sd": 15.0}
    found = formula(ARMS, outcome)
    each = [100.0 * (0.6 + 0.4 / 20.0) / 12.0, 225.0 * (0.6 + 0.4 / 20.0) / 8.0]
    rng = np.random.default_rng(7)
    v0, v1 = (v * rng.chisquare(k, 400_000) / k for v, k in zip(each, (11, 7), strict=True))
    df = (v0 + v1) ** 2 / (v0**2 / 11.0 + v1**2 / 7.0)
    t = (10.0 + np.sqrt(sum(each)) * rng.standard_normal(400_000)) / np.sqrt(v0 + v1)
    drawn = float((np.abs(t) > stats.t.ppf(0.975, df)).mean())
    assert found.power == pytest.approx(drawn, abs=0.003)
    one_sided = formula(ARMS, outcome, hypothesis="superiority", alpha=0.025)
    assert one_sided.power == pytest.approx(found.power, abs=1e-3)


def test_data_have_the_variances_and_the_arm_without_clusters() -> None:
    source = StatisticalSource(0.0, 10.0, Correlations(0.0), 0.0, treated_sd=20.0, treated_icc=0.4)
    data = source.simulate(parallel(100, 30), 1, 0)
    treated = data.arm == 1
    assert data.outcome[~treated].std() == pytest.approx(10.0, rel=0.05)
    assert data.outcome[treated].std() == pytest.approx(20.0, rel=0.1)
    file = design_from_table(
        {"design": {**NESTED, "size": 10}, "statistical": {"effect": 4.0, "icc": 0.05}}
    )
    study = study_of(file)
    assert study.plan.test == "by-arm", "what the design calls for"
    result = simulate_power(study, 100, seed=2, workers=1)
    assert result.people[0]["clusters"] == 100.0
    assert result.people[0]["asked"] == 100.0
    assert result.people[1]["asked"] == 100.0, "10 groups of 10"
    assert result.formula is not None
    assert result.performance.power.value == pytest.approx(result.formula.power, abs=0.16)


@pytest.mark.parametrize(
    ("design", "analysis", "problem"),
    [
        ({**ARMS, "baseline": "ancova"}, {"test": "by-arm"}, "takes each arm by itself"),
        (
            {**ARMS, "clusters_by_sequence": None, "clusters": 20, "unclustered": "control"},
            {},
            "people in that arm",
        ),
        (ARMS, {"test": "kenward-roger"}, "formula: none where arms differ"),
    ],
)
def test_what_has_no_answer_is_refused_in_one_line(
    design: dict[str, Any], analysis: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InputError, match=problem) as raised:
        formula(design, {"effect": 4.0, "treated_sd": 14.0}, **analysis)
    assert "\n" not in str(raised.value)
